//! A sidecar index: where the samples of a sequential container lie.
//!
//! A tar or TFRecord file must be read from its start to find a sample. This is done once; what was
//! found is kept in a small file, in a store as one of its own files, for a foreign file beside it
//! (`FILE.ielade-index`), or in the user's cache folder where that cannot be written. An index
//! names the size and time of the file that it is of, and is made anew where these have changed.
//!
//! The format: `IELADEIX`, version, number of files, and for each its size and modification time
//! (nanoseconds since 1970); number of samples, and for each file number (`u32`), length (`u32`),
//! offset (`u64`) and label (`i64`); length of the notes and the notes, which are the container's;
//! BLAKE3 of all before. All numbers little-endian, `u64` unless said otherwise.

use crate::{LayoutError, disk, stored::mapped::Place};
use std::{
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

const MAGIC: &[u8; 8] = b"IELADEIX";
const VERSION: u64 = 1;
const DIGEST_BYTES: usize = 32;
const SAMPLE_BYTES: usize = 24;

/// Name of the index within a store.
pub(crate) const INDEX_FILE: &str = "samples.index";

/// Where the samples of some files lie, and their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SampleIndex {
    pub(crate) places: Vec<Place>,
    /// One a sample.
    pub(crate) labels: Vec<i64>,
    /// What else the container wants to keep, for example what the samples are.
    pub(crate) notes: Vec<u8>,
}

/// Size and time by which a changed file is told from the one that was indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: u64,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self, LayoutError> {
        let metadata = path.metadata().map_err(LayoutError::io("read", path))?;
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_nanos() as u64);
        Ok(Self {
            bytes: metadata.len(),
            modified,
        })
    }
}

impl SampleIndex {
    /// The bytes of an index of these files.
    fn encode(&self, stamps: &[Stamp]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut number = |value: u64| bytes.extend_from_slice(&value.to_le_bytes());
        number(VERSION);
        number(stamps.len() as u64);
        for stamp in stamps {
            number(stamp.bytes);
            number(stamp.modified);
        }
        number(self.places.len() as u64);
        bytes.reserve(self.places.len() * SAMPLE_BYTES + self.notes.len() + 64);
        for (place, label) in self.places.iter().zip(&self.labels) {
            bytes.extend_from_slice(&place.file.to_le_bytes());
            bytes.extend_from_slice(&place.len.to_le_bytes());
            bytes.extend_from_slice(&place.offset.to_le_bytes());
            bytes.extend_from_slice(&label.to_le_bytes());
        }
        bytes.extend_from_slice(&(self.notes.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.notes);
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
        bytes
    }

    /// The index in these bytes, if it is whole and of files with these stamps. Times do not count
    /// within a store, which may have been copied.
    fn decode(bytes: &[u8], stamps: &[Stamp], is_store: bool) -> Option<Self> {
        let (content, digest) = bytes.split_at_checked(bytes.len().checked_sub(DIGEST_BYTES)?)?;
        if blake3::hash(content).as_bytes() != digest {
            return None;
        }
        let mut rest = content.strip_prefix(MAGIC)?;
        let mut number = || {
            let (first, others) = rest.split_first_chunk()?;
            rest = others;
            Some(u64::from_le_bytes(*first))
        };
        if number()? != VERSION || number()? != stamps.len() as u64 {
            return None;
        }
        for stamp in stamps {
            let (bytes, modified) = (number()?, number()?);
            if bytes != stamp.bytes || (modified != stamp.modified && !is_store) {
                return None;
            }
        }
        let count = usize::try_from(number()?).ok()?;
        let (samples, rest) = rest.split_at_checked(count.checked_mul(SAMPLE_BYTES)?)?;
        let (length, notes) = rest.split_first_chunk()?;
        if u64::from_le_bytes(*length) != notes.len() as u64 {
            return None;
        }
        let mut index = Self {
            notes: notes.to_vec(),
            ..Self::default()
        };
        for sample in samples.chunks_exact(SAMPLE_BYTES) {
            let (file, sample) = sample.split_first_chunk()?;
            let (len, sample) = sample.split_first_chunk()?;
            let (offset, label) = sample.split_first_chunk()?;
            index.places.push(Place {
                file: u32::from_le_bytes(*file),
                len: u32::from_le_bytes(*len),
                offset: u64::from_le_bytes(*offset),
            });
            index
                .labels
                .push(i64::from_le_bytes(label.try_into().ok()?));
        }
        Some(index)
    }

    /// Writes the index of a store that is being made; `files` are its data files, complete.
    pub(crate) fn write_into_store(
        &self,
        folder: &Path,
        files: &[PathBuf],
    ) -> Result<(), LayoutError> {
        disk::write_atomically(&folder.join(INDEX_FILE), &self.encode_for_store(files)?)
    }

    fn encode_for_store(&self, files: &[PathBuf]) -> Result<Vec<u8>, LayoutError> {
        // Without times, so that the same samples give the same bytes.
        let stamps: Vec<Stamp> = files
            .iter()
            .map(|path| {
                Ok(Stamp {
                    modified: 0,
                    ..Stamp::of(path)?
                })
            })
            .collect::<Result<_, LayoutError>>()?;
        Ok(self.encode(&stamps))
    }

    /// The index of a store.
    ///
    /// # Errors
    /// Where it is damaged, or of other files.
    pub(crate) fn read_of_store(folder: &Path, files: &[PathBuf]) -> Result<Self, LayoutError> {
        let path = folder.join(INDEX_FILE);
        let bytes = std::fs::read(&path).map_err(LayoutError::io("read", &path))?;
        let stamps: Vec<Stamp> = files
            .iter()
            .map(|p| Stamp::of(p))
            .collect::<Result<_, _>>()?;
        Self::decode(&bytes, &stamps, true).ok_or_else(|| LayoutError::Mismatch {
            path,
            reason: "it is damaged, or not of these files".to_owned(),
        })
    }

    /// The index of foreign files: the one kept beside them or in the cache folder, or made anew by
    /// `build` and kept.
    pub(crate) fn of_foreign(
        path: &Path,
        files: &[PathBuf],
        build: impl FnOnce() -> Result<Self, LayoutError>,
    ) -> Result<Self, LayoutError> {
        Self::of_foreign_if(path, files, |_| true, build)
    }

    /// As [`SampleIndex::of_foreign`]; an index that is kept is taken only where its notes fit.
    pub(crate) fn of_foreign_if(
        path: &Path,
        files: &[PathBuf],
        notes_fit: impl Fn(&[u8]) -> bool,
        build: impl FnOnce() -> Result<Self, LayoutError>,
    ) -> Result<Self, LayoutError> {
        let stamps: Vec<Stamp> = files
            .iter()
            .map(|p| Stamp::of(p))
            .collect::<Result<_, _>>()?;
        let kept_at = sidecars(path, INDEX_ENDING);
        for kept in &kept_at {
            let index = std::fs::read(kept)
                .ok()
                .and_then(|bytes| Self::decode(&bytes, &stamps, false))
                .filter(|index| notes_fit(&index.notes));
            if let Some(index) = index {
                return Ok(index);
            }
        }
        let index = build()?;
        let bytes = index.encode(&stamps);
        // Without a place to keep it, it is made anew next time.
        for kept in &kept_at {
            if disk::write_atomically(kept, &bytes).is_ok() {
                break;
            }
        }
        Ok(index)
    }
}

/// Ending of the name under which a foreign file's index is kept.
const INDEX_ENDING: &str = "ielade-index";

/// Where something that was made of a foreign file may be kept, the best place first: beside it,
/// and in the user's cache folder.
pub(crate) fn sidecars(path: &Path, ending: &str) -> Vec<PathBuf> {
    let in_cache = in_cache_folder(path, ending);
    std::iter::once(beside(path, ending))
        .chain(in_cache)
        .collect()
}

/// `FILE.ENDING`, beside a file or folder.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// A place in the user's cache folder, by the file's whole path; `None` where there is none.
fn in_cache_folder(path: &Path, ending: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) if Path::new(&folder).is_absolute() => PathBuf::from(folder),
        _ => PathBuf::from(std::env::var_os("HOME")?).join(".cache"),
    };
    let folder = folder.join("ielade");
    std::fs::create_dir_all(&folder).ok()?;
    let whole = path.canonicalize().ok()?;
    let name = blake3::hash(whole.as_os_str().as_encoded_bytes()).to_hex();
    Some(folder.join(format!("{}.{ending}", &name[..32])))
}

#[cfg(test)]
mod tests {
    use super::{INDEX_ENDING, SampleIndex, beside};
    use crate::{LayoutError, stored::mapped::Place};
    use std::cell::Cell;

    fn index() -> SampleIndex {
        let place = |len| Place {
            file: 0,
            len,
            offset: u64::from(len) << 33,
        };
        SampleIndex {
            places: (0..5).map(place).collect(),
            labels: vec![0, -1, 2, 3, i64::MAX],
            notes: b"what it holds".to_vec(),
        }
    }

    #[test]
    fn an_index_is_built_once_and_again_when_the_file_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tar");
        std::fs::write(&file, b"one").unwrap();
        let built = Cell::new(0);
        let open = || {
            SampleIndex::of_foreign(&file, std::slice::from_ref(&file), || {
                built.set(built.get() + 1);
                Ok(index())
            })
            .unwrap()
        };
        assert_eq!(open(), index());
        assert_eq!(open(), index());
        assert_eq!(built.get(), 1);
        std::fs::write(&file, b"other").unwrap();
        assert_eq!(open(), index());
        assert_eq!(built.get(), 2);
    }

    #[test]
    fn a_damaged_index_is_built_again_and_an_error_is_passed_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.tar");
        std::fs::write(&file, b"one").unwrap();
        let files = [file.clone()];
        SampleIndex::of_foreign(&file, &files, || Ok(index())).unwrap();
        let kept = beside(&file, INDEX_ENDING);
        let content = std::fs::read(&kept).unwrap();
        for at in 0..content.len() {
            let mut changed = content.clone();
            changed[at] ^= 1;
            std::fs::write(&kept, &changed[..content.len() - at % 2]).unwrap();
            let failed = SampleIndex::of_foreign(&file, &files, || {
                Err(LayoutError::NotAStore { path: file.clone() })
            });
            assert!(failed.is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_stores_index_survives_copying_and_refuses_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data");
        std::fs::write(&file, b"one").unwrap();
        let files = [file.clone()];
        index().write_into_store(folder.path(), &files).unwrap();
        std::fs::write(&file, b"two").unwrap();
        let found = SampleIndex::read_of_store(folder.path(), &files).unwrap();
        assert_eq!(found, index());
        std::fs::write(&file, b"three").unwrap();
        assert!(SampleIndex::read_of_store(folder.path(), &files).is_err());
    }
}
