//! What the page cache holds of a store, and bringing it to a known state.

use crate::{
    LayoutError, digest, foreign,
    mapped::{self, Residency},
    read_manifest,
    store::{MANIFEST_FILE, SAMPLES_FILE},
};
use rayon::prelude::*;
use rustix::fs::Advice;
use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes that one thread reads of a file before it takes the next piece.
const PIECE_BYTES: u64 = 16 << 20;

/// Bytes of one read call.
const READ_BYTES: usize = 256 << 10;

/// The files that loading a store reads: all that the manifest lists but `samples.csv`. Of a
/// foreign file or folder, all of it.
fn data_files(store: &Path) -> Result<Vec<PathBuf>, LayoutError> {
    if !store.join(MANIFEST_FILE).is_file() {
        return foreign::files_of(store);
    }
    let mut files = Vec::new();
    for file in &read_manifest(store)?.files {
        if file.path == SAMPLES_FILE {
            continue;
        }
        let path = store.join(&file.path);
        if path.is_dir() {
            files.append(&mut digest::files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// How much of a store's data files the page cache holds.
///
/// # Errors
/// Where the store cannot be read, or the system does not tell.
pub fn store_residency(store: &Path) -> Result<Residency, LayoutError> {
    data_files(store)?
        .par_iter()
        .map(|path| mapped::residency(path))
        .try_reduce(Residency::default, |a, b| Ok(a + b))
}

/// Reads every data file of a store once, so that the page cache holds it.
///
/// # Errors
/// Where a file cannot be read.
pub fn warm(store: &Path) -> Result<(), LayoutError> {
    let mut pieces = Vec::new();
    for path in data_files(store)? {
        let bytes = path
            .metadata()
            .map_err(LayoutError::io("read", &path))?
            .len();
        let mut offset = 0;
        while offset < bytes {
            pieces.push((path.clone(), offset));
            offset += PIECE_BYTES;
        }
    }
    pieces.par_iter().try_for_each_init(
        || vec![0; READ_BYTES],
        |buffer, (path, offset)| {
            read_piece(path, *offset, buffer).map_err(LayoutError::io("read", path))
        },
    )
}

fn read_piece(path: &Path, start: u64, buffer: &mut [u8]) -> std::io::Result<()> {
    let file = File::open(path)?;
    let mut offset = start;
    while offset < start + PIECE_BYTES {
        let read = file.read_at(buffer, offset)?;
        if read == 0 {
            break;
        }
        offset += read as u64;
    }
    Ok(())
}

/// Drops every data file of a store from the page cache, as far as the kernel agrees: pages that
/// another process, or a library within this one, has mapped stay. This crate's own maps let go of
/// theirs. [`store_residency`] tells what was achieved.
///
/// # Errors
/// Where a file cannot be opened or brought onto the disk first.
pub fn drop_cache(store: &Path) -> Result<(), LayoutError> {
    let files = data_files(store)?;
    // Only what is on the disk can be dropped.
    crate::disk::sync_file_system(store)?;
    mapped::release_pages();
    files.par_iter().try_for_each(|path| {
        let file = File::open(path).map_err(LayoutError::io("open", path))?;
        rustix::fs::fadvise(&file, 0, None, Advice::DontNeed)
            .map_err(LayoutError::errno("drop from the cache", path))
    })
}

#[cfg(test)]
mod tests {
    use super::{drop_cache, store_residency, warm};
    use crate::store::write_manifest;
    use ielade_core::{
        ImageShape, Manifest, Normalisation, OrientationRule, Split,
        manifest::{DataFile, FORMAT_VERSION, Provenance},
    };
    use std::path::Path;

    /// A store with a folder of files and a file larger than a piece, and a table beside them.
    fn store(folder: &Path) {
        std::fs::create_dir(folder.join("images")).unwrap();
        for name in 0..20 {
            std::fs::write(folder.join(format!("images/{name}")), vec![1; 5000]).unwrap();
        }
        std::fs::write(folder.join("large"), vec![2; 17 << 20]).unwrap();
        std::fs::write(folder.join("samples.csv"), vec![3; 100]).unwrap();
        let files = ["images", "large", "samples.csv"].map(|path| DataFile {
            path: path.to_owned(),
            bytes: 0,
            blake3: String::new(),
        });
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            data_set: String::new(),
            split: Split::Train,
            layout: "files/jpeg".parse().unwrap(),
            shape: ImageShape::Varies,
            count: 0,
            classes: vec![],
            normalisation: Normalisation::identity(3),
            resized_to: None,
            orientation: OrientationRule::Apply,
            decoder: String::new(),
            source_digest: String::new(),
            files: files.to_vec(),
            made: Provenance {
                program: String::new(),
                at: String::new(),
                seconds: 0.0,
                source: String::new(),
            },
        };
        write_manifest(folder, &manifest).unwrap();
    }

    #[test]
    fn a_warmed_store_is_resident_and_a_dropped_one_can_be_warmed_again() {
        /// `TMPFS_MAGIC` of `linux/magic.h`: a file system in memory, where nothing is dropped.
        const TMPFS: i64 = 0x0102_1994;
        let folder = tempfile::tempdir().unwrap();
        store(folder.path());
        let share = || store_residency(folder.path()).unwrap();
        assert_eq!(share().total_bytes, 20 * 5000 + (17 << 20));
        drop_cache(folder.path()).unwrap();
        let dropped = share().share();
        warm(folder.path()).unwrap();
        assert!(share().share() > 0.99, "{:?}", share());
        let kind = rustix::fs::statfs(folder.path()).unwrap().f_type;
        assert!(dropped < 0.5 || kind as i64 == TMPFS, "{dropped}");
    }
}
