use super::{
    IMAGES_FOLDER, TABLE_COLUMNS, TABLE_FILE, UNLABELLED_FOLDER,
    names::{FileNames, class_folders},
};
use crate::{
    LayoutError, LayoutWriter, digest, disk,
    registry::StorePlan,
    table::{self, TableWriter},
};
use ielade_core::{Encoding, Payload, Sample, manifest::DataFile};
use rustix::fs::{Mode, OFlags};
use std::{
    fs::File,
    io::Write,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// Opens a folder to write `images/CLASS/NAME` and `files.csv`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let images = plan.folder.join(IMAGES_FOLDER);
    std::fs::create_dir_all(&images).map_err(LayoutError::io("create", &images))?;
    let mut folders = class_folders(plan.classes);
    folders.push(UNLABELLED_FOLDER.to_owned());
    let table_path = plan.folder.join(TABLE_FILE);
    let table = TableWriter::continue_after(&table_path, &TABLE_COLUMNS, plan.written)?;
    let names = taken_names(&table_path, plan.written, &folders)?;
    Ok(Box::new(FilesWriter {
        store: plan.folder.to_owned(),
        encoding: plan.encoding,
        folders: folders
            .into_iter()
            .map(|name| ClassFolder { name, handle: None })
            .collect(),
        images,
        names,
        table,
    }))
}

/// The names that the first `written` samples have.
fn taken_names(table: &Path, written: u32, folders: &[String]) -> Result<FileNames, LayoutError> {
    let mut names = FileNames::default();
    if written == 0 {
        return Ok(names);
    }
    table::read(table, &TABLE_COLUMNS, written, |_, row| {
        let (folder, name) = row
            .text(0)?
            .split_once('/')
            .ok_or_else(|| row.error("a path without a class folder"))?;
        let folder = folders
            .iter()
            .position(|known| known == folder)
            .ok_or_else(|| row.error(format!("{folder:?} is no class folder")))?;
        names.take(folder as u32, name);
        Ok(())
    })?;
    Ok(names)
}

struct ClassFolder {
    name: String,
    handle: Option<OwnedFd>,
}

struct FilesWriter {
    store: PathBuf,
    images: PathBuf,
    encoding: Encoding,
    /// One a label, the last one for samples without.
    folders: Vec<ClassFolder>,
    names: FileNames,
    table: TableWriter,
}

impl FilesWriter {
    fn write(&mut self, folder: usize, name: &str, bytes: &[u8]) -> Result<(), LayoutError> {
        let folder = &mut self.folders[folder];
        let folder_path = self.images.join(&folder.name);
        let handle = match &folder.handle {
            Some(handle) => handle,
            None => folder.handle.insert(open_folder(&folder_path)?),
        };
        let path = || folder_path.join(name);
        let file = rustix::fs::openat(
            handle,
            name,
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o666),
        );
        match file.map(File::from) {
            Ok(mut file) => file
                .write_all(bytes)
                .map_err(|error| LayoutError::io("write", &path())(error)),
            Err(errno) => Err(LayoutError::errno("create", &path())(errno)),
        }
    }
}

fn open_folder(path: &Path) -> Result<OwnedFd, LayoutError> {
    std::fs::create_dir_all(path).map_err(LayoutError::io("create", path))?;
    rustix::fs::open(
        path,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .map_err(LayoutError::errno("open", path))
}

impl LayoutWriter for FilesWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let bytes = match sample.payload {
            Payload::Encoded { encoding, bytes } if encoding == self.encoding => bytes,
            other => {
                return Err(LayoutError::WrongPayload {
                    key: sample.key.to_owned(),
                    expected: self.encoding.to_string(),
                    found: other.encoding().to_string(),
                });
            }
        };
        let unlabelled = self.folders.len() - 1;
        let folder = sample.label.map_or(unlabelled, |label| label as usize);
        if sample.label.is_some() && folder >= unlabelled {
            return Err(LayoutError::LabelOutOfRange {
                key: sample.key.to_owned(),
                label: folder as u32,
                classes: unlabelled,
            });
        }
        let name = self
            .names
            .unique(folder as u32, sample.key, self.encoding)?;
        self.write(folder, &name, bytes)?;
        let path = format!("{}/{name}", self.folders[folder].name);
        let label = sample
            .label
            .map_or_else(String::new, |label| label.to_string());
        self.table
            .push(&[path.as_str(), &bytes.len().to_string(), &label])
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.table.flush()?;
        disk::sync_file_system(&self.store)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.checkpoint()?;
        [IMAGES_FOLDER, TABLE_FILE]
            .into_iter()
            .map(|name| digest::data_file(&self.store, name))
            .collect()
    }
}
