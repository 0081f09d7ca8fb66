//! Notes beside an unfinished store: what its files do not tell of how far it has come.
//!
//! `zarr-COUNT.progress`, after COUNT samples: bytes of the images' file that grows; number of its
//! complete chunks, and first byte and length of each; the samples that wait to be packed; BLAKE3 of
//! all before. Numbers are `u64`, little-endian. The last two notes are kept: a process may be killed
//! between leaving a note and telling that it was left.

use crate::{LayoutError, disk, zarr::shard_index::Entry};
use std::path::{Path, PathBuf};

const DIGEST_BYTES: usize = 32;

/// What is noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes of the file that grows.
    pub(super) file_bytes: u64,
    /// Its complete chunks, where it is a shard.
    pub(super) index: Vec<Entry>,
    /// Samples that wait to be packed.
    pub(super) pending: Vec<u8>,
}

impl Progress {
    fn decode(note: &[u8]) -> Option<Self> {
        let (content, digest) = note.split_at_checked(note.len().checked_sub(DIGEST_BYTES)?)?;
        if blake3::hash(content).as_bytes() != digest {
            return None;
        }
        let (numbers, _) = content.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
        let file_bytes = numbers.next()?;
        let chunks = numbers.next()?;
        let mut index = Vec::new();
        for _ in 0..chunks {
            index.push(Entry {
                offset: numbers.next()?,
                bytes: numbers.next()?,
            });
        }
        Some(Self {
            file_bytes,
            pending: content.get(16 + 16 * index.len()..)?.to_vec(),
            index,
        })
    }
}

/// The notes in a store's folder.
pub(super) struct Notes {
    folder: PathBuf,
    /// Counts of samples of the notes that are there, the oldest first.
    left: Vec<u32>,
}

impl Notes {
    /// The notes of a store of which `written` samples are kept; all others are removed.
    pub(super) fn open(folder: &Path, written: u32) -> Result<Self, LayoutError> {
        let mut this = Self {
            folder: folder.to_owned(),
            left: Vec::new(),
        };
        let failed = |error| LayoutError::io("list", folder)(error);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let count = name
                .to_str()
                .and_then(|name| name.strip_prefix("zarr-")?.strip_suffix(".progress"));
            if let Some(count) = count.and_then(|count| count.parse().ok()) {
                this.left.push(count);
            }
        }
        let others = |count: &u32| *count != written || written == 0;
        for count in this.left.extract_if(.., |count| others(count)) {
            remove(&path(folder, count))?;
        }
        Ok(this)
    }

    /// What is noted of the first `written` samples.
    pub(super) fn find(&self, written: u32) -> Result<Progress, LayoutError> {
        if written == 0 {
            return Ok(Progress::default());
        }
        let path = path(&self.folder, written);
        let note = std::fs::read(&path).map_err(LayoutError::io("read", &path))?;
        Progress::decode(&note)
            .ok_or_else(|| LayoutError::container(&path, 0, "the note is damaged"))
    }

    /// Leaves a note.
    pub(super) fn leave(
        &mut self,
        written: u32,
        file_bytes: u64,
        index: &[Entry],
        pending: &[u8],
    ) -> Result<(), LayoutError> {
        let mut note = Vec::with_capacity(16 + 16 * index.len() + pending.len() + DIGEST_BYTES);
        note.extend_from_slice(&file_bytes.to_le_bytes());
        note.extend_from_slice(&(index.len() as u64).to_le_bytes());
        for entry in index {
            note.extend_from_slice(&entry.offset.to_le_bytes());
            note.extend_from_slice(&entry.bytes.to_le_bytes());
        }
        note.extend_from_slice(pending);
        let digest = blake3::hash(&note);
        note.extend_from_slice(digest.as_bytes());
        disk::write_atomically(&path(&self.folder, written), &note)?;
        if !self.left.contains(&written) {
            self.left.push(written);
        }
        while self.left.len() > 2 {
            remove(&path(&self.folder, self.left.remove(0)))?;
        }
        Ok(())
    }

    /// Removes all notes.
    pub(super) fn remove(&mut self) -> Result<(), LayoutError> {
        self.left
            .drain(..)
            .try_for_each(|count| remove(&path(&self.folder, count)))
    }
}

fn path(folder: &Path, count: u32) -> PathBuf {
    folder.join(format!("zarr-{count}.progress"))
}

fn remove(path: &Path) -> Result<(), LayoutError> {
    std::fs::remove_file(path).map_err(LayoutError::io("remove", path))
}

#[cfg(test)]
mod tests {
    use super::Notes;
    use crate::zarr::shard_index::Entry;

    #[test]
    fn the_last_two_notes_are_kept_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let index = [Entry {
            offset: 3,
            bytes: 4,
        }];
        let mut notes = Notes::open(folder.path(), 0).unwrap();
        for written in [5, 9, 12] {
            notes.leave(written, 7, &index, b"rest").unwrap();
        }
        assert!(notes.find(5).is_err());
        let found = notes.find(9).unwrap();
        assert_eq!((found.file_bytes, &found.index[..]), (7, &index[..]));
        assert_eq!(found.pending, b"rest");

        let note = folder.path().join("zarr-9.progress");
        let mut content = std::fs::read(&note).unwrap();
        content[20] ^= 1;
        std::fs::write(&note, content).unwrap();
        let mut notes = Notes::open(folder.path(), 9).unwrap();
        assert!(notes.find(9).unwrap_err().to_string().contains("damaged"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        notes.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
