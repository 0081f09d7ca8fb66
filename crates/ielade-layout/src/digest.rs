//! BLAKE3 digests of a store's data files and of what they were made from.

use crate::LayoutError;
use ielade_core::manifest::DataFile;
use rayon::prelude::*;
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Files up to this size are read into memory, larger ones are mapped: mapping costs more than
/// reading a few pages.
const SMALL_FILE: u64 = 1 << 20;

/// Size and digest of a file, or of a folder with everything in it, below `store`.
///
/// The digest of a folder is that of the path (from the folder on), size and digest of every file,
/// ordered by path; sizes as 8 bytes, little-endian, each path preceded by its length likewise.
pub(crate) fn data_file(store: &Path, path: &str) -> Result<DataFile, LayoutError> {
    let full = store.join(path);
    let (bytes, hash) = if full.is_dir() {
        folder(&full)?
    } else {
        file(&full)?
    };
    Ok(DataFile {
        path: path.to_owned(),
        bytes,
        blake3: hash.to_hex().to_string(),
    })
}

/// Size and digest of a file that a store calls `path`, whose bytes are mapped already.
pub(crate) fn data_bytes(path: &str, bytes: &[u8]) -> DataFile {
    let hash = blake3::Hasher::new().update_rayon(bytes).finalize();
    DataFile {
        path: path.to_owned(),
        bytes: bytes.len() as u64,
        blake3: hash.to_hex().to_string(),
    }
}

fn file(path: &Path) -> Result<(u64, blake3::Hash), LayoutError> {
    let failed = |error| LayoutError::io("read", path)(error);
    let mut opened = File::open(path).map_err(failed)?;
    let bytes = opened.metadata().map_err(failed)?.len();
    let mut hasher = blake3::Hasher::new();
    if bytes > SMALL_FILE {
        drop(opened);
        hasher.update_mmap_rayon(path).map_err(failed)?;
        return Ok((bytes, hasher.finalize()));
    }
    let mut content = Vec::with_capacity(bytes as usize + 1);
    opened.read_to_end(&mut content).map_err(failed)?;
    hasher.update(&content);
    Ok((content.len() as u64, hasher.finalize()))
}

fn folder(folder: &Path) -> Result<(u64, blake3::Hash), LayoutError> {
    let files = files_below(folder)?;
    let digests: Vec<(u64, blake3::Hash)> = files
        .par_iter()
        .map(|path| file(path))
        .collect::<Result<_, _>>()?;
    let mut hasher = blake3::Hasher::new();
    let mut total = 0;
    for (path, (bytes, hash)) in files.iter().zip(&digests) {
        let name = path.strip_prefix(folder).unwrap_or(path);
        let name = name.as_os_str().as_encoded_bytes();
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name);
        hasher.update(&bytes.to_le_bytes());
        hasher.update(hash.as_bytes());
        total += bytes;
    }
    Ok((total, hasher.finalize()))
}

/// All files below a folder, ordered by path.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>, LayoutError> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(LayoutError::io("list", &folder))?;
        for entry in entries {
            let entry = entry.map_err(LayoutError::io("list", &folder))?;
            let kind = entry
                .file_type()
                .map_err(LayoutError::io("list", &folder))?;
            // A link is taken for a file and not followed, so that no cycle can be built.
            if kind.is_dir() {
                folders.push(entry.path());
            } else {
                files.push(entry.path());
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Digest over (key, label, digest of the bytes as published) of all samples of a store, in order.
#[derive(Debug, Default)]
pub(crate) struct SourceDigest(blake3::Hasher);

impl SourceDigest {
    pub(crate) fn update(&mut self, key: &str, label: Option<u32>, published: &[u8; 32]) {
        let label = label.map_or(ielade_core::sample::NO_LABEL, i64::from);
        self.0.update(&(key.len() as u64).to_le_bytes());
        self.0.update(key.as_bytes());
        self.0.update(&label.to_le_bytes());
        self.0.update(published);
    }

    pub(crate) fn finish(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{data_bytes, data_file};
    use std::fs;

    #[test]
    fn the_digest_of_a_folder_covers_names_contents_and_further_files() {
        let store = tempfile::tempdir().unwrap();
        let images = store.path().join("images");
        fs::create_dir_all(images.join("cat")).unwrap();
        fs::write(images.join("cat/1.jpg"), b"one").unwrap();
        let digest = || data_file(store.path(), "images").unwrap();
        let first = digest();
        assert_eq!((first.bytes, first.path.as_str()), (3, "images"));
        assert_eq!(digest(), first);

        fs::write(images.join("cat/1.jpg"), b"two").unwrap();
        let changed = digest();
        fs::rename(images.join("cat/1.jpg"), images.join("cat/2.jpg")).unwrap();
        let renamed = digest();
        fs::write(images.join("stray"), b"").unwrap();
        let stray = digest();
        let all = [&first, &changed, &renamed, &stray].map(|file| &file.blake3);
        for (at, digest) in all.iter().enumerate() {
            assert!(!all[..at].contains(digest));
        }
    }

    #[test]
    fn a_large_file_has_the_digest_of_its_bytes() {
        let store = tempfile::tempdir().unwrap();
        let content = vec![7; 3 << 20];
        fs::write(store.path().join("large"), &content).unwrap();
        let file = data_file(store.path(), "large").unwrap();
        assert_eq!(file.bytes, 3 << 20);
        assert_eq!(file.blake3, blake3::hash(&content).to_hex().as_str());
        assert_eq!(data_bytes("large", &content), file);
    }
}
