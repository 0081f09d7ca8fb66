//! Notes beside an unfinished store: what its files do not tell of how far it has come.
//!
//! `NAME-COUNT.progress`, after COUNT samples: what the container wants to know again, and BLAKE3
//! of it. The last two notes are kept: a process may be killed between leaving a note and telling
//! that it was left.

use crate::{LayoutError, disk};
use std::path::{Path, PathBuf};

const DIGEST_BYTES: usize = 32;

/// The notes in a store's folder.
pub(crate) struct Notes {
    folder: PathBuf,
    /// The first part of the files' names.
    name: &'static str,
    /// Counts of samples of the notes that are there, the oldest first.
    left: Vec<u32>,
}

impl Notes {
    /// The notes of a store of which `written` samples are kept; all others are removed.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub(crate) fn open(
        folder: &Path,
        name: &'static str,
        written: u32,
    ) -> Result<Self, LayoutError> {
        let mut this = Self {
            folder: folder.to_owned(),
            name,
            left: Vec::new(),
        };
        let failed = |error| LayoutError::io("list", folder)(error);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?.file_name();
            let count = entry.to_str().and_then(|entry| {
                entry
                    .strip_prefix(name)?
                    .strip_prefix('-')?
                    .strip_suffix(".progress")
            });
            if let Some(count) = count.and_then(|count| count.parse().ok()) {
                this.left.push(count);
            }
        }
        let others = |count: &u32| *count != written || written == 0;
        let removed: Vec<u32> = this.left.extract_if(.., |count| others(count)).collect();
        for count in removed {
            remove(&this.path(count))?;
        }
        Ok(this)
    }

    /// What is noted of the first `written` samples, if `decode` understands it.
    ///
    /// # Errors
    /// Where there is no such note, or it is damaged.
    pub(crate) fn find<T>(
        &self,
        written: u32,
        decode: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<T, LayoutError> {
        let path = self.path(written);
        let note = std::fs::read(&path).map_err(LayoutError::io("read", &path))?;
        content_of(&note)
            .and_then(decode)
            .ok_or_else(|| LayoutError::container(&path, 0, "the note is damaged"))
    }

    /// Leaves a note.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub(crate) fn leave(&mut self, written: u32, mut content: Vec<u8>) -> Result<(), LayoutError> {
        let digest = blake3::hash(&content);
        content.extend_from_slice(digest.as_bytes());
        disk::write_atomically(&self.path(written), &content)?;
        if !self.left.contains(&written) {
            self.left.push(written);
        }
        while self.left.len() > 2 {
            let oldest = self.left.remove(0);
            remove(&self.path(oldest))?;
        }
        Ok(())
    }

    /// Removes all notes.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub(crate) fn remove(&mut self) -> Result<(), LayoutError> {
        let left = std::mem::take(&mut self.left);
        left.into_iter()
            .try_for_each(|count| remove(&self.path(count)))
    }

    fn path(&self, count: u32) -> PathBuf {
        self.folder.join(format!("{}-{count}.progress", self.name))
    }
}

/// What is before the digest, if that is right.
fn content_of(note: &[u8]) -> Option<&[u8]> {
    let (content, digest) = note.split_at_checked(note.len().checked_sub(DIGEST_BYTES)?)?;
    (blake3::hash(content).as_bytes() == digest).then_some(content)
}

fn remove(path: &Path) -> Result<(), LayoutError> {
    std::fs::remove_file(path).map_err(LayoutError::io("remove", path))
}

#[cfg(test)]
mod tests {
    use super::Notes;

    #[test]
    fn the_last_two_notes_are_kept_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut notes = Notes::open(folder.path(), "zarr", 0).unwrap();
        for written in [5, 9, 12] {
            notes
                .leave(written, format!("note {written}").into())
                .unwrap();
        }
        let whole = |content: &[u8]| Some(content.to_vec());
        assert!(notes.find(5, whole).is_err());
        assert_eq!(notes.find(9, whole).unwrap(), b"note 9");
        assert!(notes.find(9, |_| None::<()>).is_err());

        let other = Notes::open(folder.path(), "zar", 9).unwrap();
        assert!(other.left.is_empty());
        let note = folder.path().join("zarr-9.progress");
        let mut content = std::fs::read(&note).unwrap();
        content[2] ^= 1;
        std::fs::write(&note, content).unwrap();
        let mut notes = Notes::open(folder.path(), "zarr", 9).unwrap();
        let error = notes.find(9, whole).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        notes.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
