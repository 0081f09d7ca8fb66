//! Looking through folders for images.

use crate::{DataSetError, samples::FileSample};
use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs, io,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

/// Endings by which a file is taken for an image, in any case.
const IMAGE_ENDINGS: [&str; 14] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "bmp", "tif", "tiff", "jp2", "j2k", "jpf",
    "jpx",
];

/// Folders within folders beyond this are not followed.
const MAX_DEPTH: usize = 32;

/// More folders than this are not looked through: links between folders can multiply them.
const MAX_FOLDERS: usize = 1_000_000;

/// Names of skipped files that a note shows.
const NAMES_SHOWN: usize = 5;

/// The visible members of a folder, each list sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) folders: Vec<OsString>,
    pub(crate) images: Vec<OsString>,
    pub(crate) others: Vec<OsString>,
}

impl Listing {
    /// Lists a folder; hidden members and what macOS adds to archives are left out.
    pub(crate) fn of(folder: &Path) -> Result<Self, DataSetError> {
        let mut listing = Self::default();
        let members = fs::read_dir(folder).map_err(DataSetError::io("list the folder", folder))?;
        for member in members {
            let member = member.map_err(DataSetError::io("list the folder", folder))?;
            let name = member.file_name();
            if name.as_bytes().starts_with(b".") || name == "__MACOSX" {
                continue;
            }
            let mut kind = member
                .file_type()
                .map_err(DataSetError::io("look at", &member.path()))?;
            if kind.is_symlink() {
                match fs::metadata(member.path()) {
                    Ok(target) => kind = target.file_type(),
                    // Listed all the same: it is reported as a bad sample when it is read.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(DataSetError::io("look at", &member.path())(error)),
                }
            }
            let list = if kind.is_dir() {
                &mut listing.folders
            } else if is_image_name(&name) && (kind.is_file() || kind.is_symlink()) {
                &mut listing.images
            } else {
                &mut listing.others
            };
            list.push(name);
        }
        listing.folders.sort_unstable();
        listing.images.sort_unstable();
        listing.others.sort_unstable();
        Ok(listing)
    }

    /// Names of all files that are UTF-8, images or not.
    pub(crate) fn file_names(&self) -> Vec<String> {
        let files = self.images.iter().chain(&self.others);
        files
            .filter_map(|name| name.to_str().map(str::to_owned))
            .collect()
    }

    pub(crate) fn has_folder(&self, name: &str) -> bool {
        self.folders.iter().any(|folder| folder == name)
    }
}

fn is_image_name(name: &OsStr) -> bool {
    Path::new(name)
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(|ending| {
            IMAGE_ENDINGS
                .iter()
                .any(|known| ending.eq_ignore_ascii_case(known))
        })
}

/// Collects images beneath folders of one root, and remembers what it passed by.
#[derive(Debug)]
pub(crate) struct Collector<'a> {
    root: &'a Path,
    /// The root without links; empty where it cannot be had.
    real_root: PathBuf,
    skipped: Skipped,
    visited: usize,
    /// Folders that are being looked through, to notice a link back to one of them.
    open: Vec<PathBuf>,
}

/// Files that are no images.
#[derive(Debug, Default)]
struct Skipped {
    count: usize,
    first: Vec<String>,
    loops: Vec<String>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(root: &'a Path) -> Self {
        Self {
            root,
            real_root: root.canonicalize().unwrap_or_default(),
            skipped: Skipped::default(),
            visited: 0,
            open: Vec::new(),
        }
    }

    /// All images in `folder` (relative to the root) and in the folders within it.
    pub(crate) fn beneath(
        &mut self,
        folder: &Path,
        label: Option<u32>,
    ) -> Result<Vec<FileSample>, DataSetError> {
        let mut found = Vec::new();
        self.walk(folder, label, &mut found)?;
        Ok(found)
    }

    fn walk(
        &mut self,
        folder: &Path,
        label: Option<u32>,
        found: &mut Vec<FileSample>,
    ) -> Result<(), DataSetError> {
        let absolute = self.root.join(folder);
        let real = absolute
            .canonicalize()
            .map_err(DataSetError::io("open", &absolute))?;
        let leads_back = self.open.contains(&real) || self.real_root.starts_with(&real);
        if leads_back || self.open.len() >= MAX_DEPTH {
            self.skipped.loops.push(key_of(folder));
            return Ok(());
        }
        self.visited += 1;
        if self.visited > MAX_FOLDERS {
            let reason =
                format!("holds more than {MAX_FOLDERS} folders; do links lead in circles?");
            return Err(DataSetError::content(self.root, reason));
        }
        let listing = Listing::of(&absolute)?;
        self.skip(folder, &listing.others);
        found.extend(
            listing
                .images
                .iter()
                .map(|name| file_sample(&folder.join(name), label)),
        );
        self.open.push(real);
        for inner in &listing.folders {
            self.walk(&folder.join(inner), label, found)?;
        }
        self.open.pop();
        Ok(())
    }

    /// Remembers files that are left out.
    pub(crate) fn skip(&mut self, folder: &Path, names: &[OsString]) {
        self.skipped.count += names.len();
        let room = NAMES_SHOWN.saturating_sub(self.skipped.first.len());
        let shown = names.iter().take(room);
        self.skipped
            .first
            .extend(shown.map(|name| key_of(&folder.join(name))));
    }

    /// What was left out, in sentences for the user.
    pub(crate) fn notes(self) -> Vec<String> {
        let Skipped {
            count,
            first,
            loops,
        } = self.skipped;
        let mut notes = Vec::new();
        if count > 0 {
            let mut note = format!(
                "skipped {count} {} that {} no image by name: {}",
                if count == 1 { "file" } else { "files" },
                if count == 1 { "is" } else { "are" },
                first.join(", ")
            );
            if count > first.len() {
                note.push_str(", ...");
            }
            notes.push(note);
        }
        if !loops.is_empty() {
            let loops = loops.join(", ");
            notes.push(format!(
                "skipped folders that lead back to themselves or too deep: {loops}"
            ));
        }
        notes
    }
}

/// The file at a path relative to the root, as a sample.
pub(crate) fn file_sample(relative: &Path, label: Option<u32>) -> FileSample {
    let key = key_of(relative);
    let unusual_path = (Path::new(&key) != relative).then(|| relative.to_owned());
    FileSample {
        key,
        unusual_path,
        label,
    }
}

/// A relative path with `/` between its parts; bytes that are no UTF-8 as `%` and two digits.
pub(crate) fn key_of(relative: &Path) -> String {
    let mut key = String::new();
    for part in relative {
        if !key.is_empty() {
            key.push('/');
        }
        for chunk in part.as_bytes().utf8_chunks() {
            key.push_str(chunk.valid());
            for byte in chunk.invalid() {
                let _ = write!(key, "%{byte:02X}");
            }
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::{file_sample, is_image_name, key_of};
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

    #[test]
    fn endings_count_in_any_case() {
        for name in ["a.jpg", "a b.JPEG", "x.y.Png", "1.tif", "é.WEBP"] {
            assert!(is_image_name(OsStr::new(name)), "{name}");
        }
        for name in ["a.txt", "jpg", "a.jpg.txt", "a.jpg~"] {
            assert!(!is_image_name(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn a_name_that_is_no_utf8_is_escaped_and_its_path_kept() {
        let path = Path::new(OsStr::from_bytes(b"cat/\xff 1.jpg"));
        assert_eq!(key_of(path), "cat/%FF 1.jpg");
        assert_eq!(file_sample(path, None).unusual_path.as_deref(), Some(path));
        assert_eq!(file_sample(Path::new("cat/1.jpg"), None).unusual_path, None);
    }
}
