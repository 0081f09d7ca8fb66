use super::{IMAGES_FOLDER, TABLE_COLUMNS, TABLE_FILE};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    error::BadSampleReason,
    store::MANIFEST_FILE,
    stored::{
        FetchScratch, SampleForm, StoreReader, StoredSamples, labels::Labels, one_file::read_file,
    },
    table,
};
use ielade_core::sample::NO_LABEL;
use rustix::fs::{Mode, OFlags};
use std::{
    ffi::CStr,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::PathBuf,
};

/// Class folders that are kept open; with more of them, files are opened by the path from the
/// images' folder on, since a process may often have no more than 1,024 files open.
const MAX_OPEN_FOLDERS: usize = 256;

/// Opens a store's `files.csv` and its class folders.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let images = store.path(IMAGES_FOLDER);
    let table = FileTable::read(&store)?;
    let total: u64 = table.files.iter().map(|file| u64::from(file.bytes)).sum();
    if let Some(recorded) = store
        .manifest()
        .files
        .iter()
        .find(|file| file.path == IMAGES_FOLDER)
        && recorded.bytes != total
    {
        return Err(LayoutError::Mismatch {
            path: store.path(TABLE_FILE),
            reason: format!(
                "its files add up to {total} bytes but {MANIFEST_FILE} tells of {}",
                recorded.bytes
            ),
        });
    }
    let opened = |path: PathBuf| {
        rustix::fs::open(
            &path,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(LayoutError::errno("open", &path))
    };
    let folders = if table.folders.len() <= MAX_OPEN_FOLDERS {
        let open = |name: &String| opened(images.join(name));
        Folders::Each(table.folders.iter().map(open).collect::<Result<_, _>>()?)
    } else {
        Folders::Root(opened(images.clone())?)
    };
    let manifest = store.manifest();
    let form = SampleForm::Image(manifest.encoding());
    let labels = Labels::check(
        table.labels,
        manifest.count,
        manifest.classes.len(),
        &store.path(TABLE_FILE),
    )?;
    let samples = ImageFiles {
        paths: table.paths,
        files: table.files,
        images,
        folders,
    };
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Where a file's name starts and what is known of the file.
#[derive(Debug, Clone, Copy)]
struct FileEntry {
    /// Start of `CLASS/NAME\0` in the paths.
    path: usize,
    /// Bytes of `CLASS/`.
    folder_bytes: u16,
    folder: u32,
    bytes: u32,
}

/// `files.csv`, in a form that is read without making anything.
#[derive(Default)]
struct FileTable {
    /// All paths, each ended by a NUL, as the system wants them.
    paths: Vec<u8>,
    files: Vec<FileEntry>,
    labels: Vec<i64>,
    folders: Vec<String>,
}

impl FileTable {
    fn read(store: &StoreFolder) -> Result<Self, LayoutError> {
        let manifest = store.manifest();
        let mut this = Self::default();
        let mut numbers = std::collections::HashMap::new();
        let path = store.path(TABLE_FILE);
        table::read(&path, &TABLE_COLUMNS, manifest.count, |_, row| {
            let path = row.text(0)?;
            let (folder, _) = path
                .split_once('/')
                .filter(|(folder, name)| is_plain(folder) && is_plain(name))
                .ok_or_else(|| row.error(format!("{path:?} is not CLASS/NAME")))?;
            let bytes = row.number(1)?;
            let number = if let Some(number) = numbers.get(folder) {
                *number
            } else {
                let number = this.folders.len() as u32;
                numbers.insert(folder.to_owned(), number);
                this.folders.push(folder.to_owned());
                number
            };
            this.files.push(FileEntry {
                path: this.paths.len(),
                folder_bytes: u16::try_from(folder.len() + 1)
                    .map_err(|_| row.error("the class folder's name is too long"))?,
                folder: number,
                bytes: u32::try_from(bytes)
                    .ok()
                    .filter(|bytes| *bytes < u32::MAX)
                    .ok_or_else(|| row.error(format!("{bytes} bytes are no image file")))?,
            });
            let label = row.label(2, manifest.classes.len())?;
            this.labels.push(label.map_or(NO_LABEL, i64::from));
            this.paths.extend_from_slice(path.as_bytes());
            this.paths.push(0);
            Ok(())
        })?;
        Ok(this)
    }
}

/// True for a name that stays in its folder.
fn is_plain(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\0'])
}

/// Open folders to start a path from: the shorter the path, the sooner the file is open.
enum Folders {
    Each(Vec<OwnedFd>),
    Root(OwnedFd),
}

struct ImageFiles {
    images: PathBuf,
    folders: Folders,
    paths: Vec<u8>,
    files: Vec<FileEntry>,
}

impl ImageFiles {
    /// The folder to start from, and the path from there on.
    fn place(&self, file: &FileEntry) -> (BorrowedFd<'_>, &CStr) {
        let (folder, start) = match &self.folders {
            Folders::Each(folders) => (
                folders[file.folder as usize].as_fd(),
                file.path + usize::from(file.folder_bytes),
            ),
            Folders::Root(root) => (root.as_fd(), file.path),
        };
        let path = CStr::from_bytes_until_nul(&self.paths[start..]).unwrap_or_default();
        (folder, path)
    }

    fn path_of(&self, file: &FileEntry) -> PathBuf {
        let path = CStr::from_bytes_until_nul(&self.paths[file.path..]).unwrap_or_default();
        self.images.join(path.to_string_lossy().as_ref())
    }
}

impl StoredSamples for ImageFiles {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let file = self.files.get(index as usize);
        let file = file.ok_or(BadSampleReason::Missing)?;
        let (folder, path) = self.place(file);
        read_file(folder, path, file.bytes, &mut scratch.bytes)
    }

    fn path(&self, index: u32) -> PathBuf {
        self.files
            .get(index as usize)
            .map_or_else(|| self.images.clone(), |file| self.path_of(file))
    }
}
