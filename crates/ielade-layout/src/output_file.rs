//! Files of a store on their way: written front to back, with a digest that is computed meanwhile.
//!
//! BLAKE3 is a tree of hashes: pieces of the file are hashed by themselves, each while a thread of the
//! file's own hands it to the system, and put together at the end
//! (<https://github.com/BLAKE3-team/BLAKE3-specs>, section 2.1). A piece that is changed later, or
//! that was written before a store was broken off, is read again then.

mod behind;

use crate::LayoutError;
use behind::{Part, WriteBehind};
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use ielade_core::manifest::DataFile;
use rayon::prelude::*;
use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes that are collected, hashed and handed to the system together: a power of two, so that a
/// piece is a subtree.
pub(crate) const PIECE_BYTES: usize = 1 << 20;

/// A file being written.
pub(crate) struct OutputFile {
    path: PathBuf,
    file: Arc<File>,
    /// Whole pieces on their way to the system; from the first one on.
    behind: Option<WriteBehind>,
    /// What follows the last whole piece.
    piece: Vec<u8>,
    /// How much of it the file has already.
    flushed: usize,
    /// Of whole pieces; `None` of those that have to be read again.
    digests: Vec<Option<ChainingValue>>,
}

impl OutputFile {
    /// An empty file.
    pub(crate) fn create(path: &Path) -> Result<Self, LayoutError> {
        Self::open(path, 0)
    }

    /// Keeps the first `kept` bytes and cuts off what follows them; 0 starts anew.
    ///
    /// # Errors
    /// Where the file is shorter than that, or the disk refuses.
    pub(crate) fn open(path: &Path, kept: u64) -> Result<Self, LayoutError> {
        let file = OpenOptions::new()
            .create(kept == 0)
            .truncate(kept == 0)
            .read(true)
            .write(true)
            .open(path)
            .map_err(LayoutError::io("open", path))?;
        let found = file
            .metadata()
            .map_err(LayoutError::io("read", path))?
            .len();
        if found < kept {
            return Err(LayoutError::FileSize {
                path: path.to_owned(),
                expected: kept,
                found,
            });
        }
        file.set_len(kept).map_err(LayoutError::io("cut", path))?;
        let pieces = kept / PIECE_BYTES as u64;
        let mut piece = Vec::with_capacity(PIECE_BYTES);
        piece.resize((kept % PIECE_BYTES as u64) as usize, 0);
        file.read_exact_at(&mut piece, pieces * PIECE_BYTES as u64)
            .map_err(LayoutError::io("read", path))?;
        Ok(Self {
            path: path.to_owned(),
            file: Arc::new(file),
            behind: None,
            flushed: piece.len(),
            piece,
            digests: vec![None; pieces as usize],
        })
    }

    /// The file's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written so far.
    pub(crate) fn position(&self) -> u64 {
        self.piece_start() + self.piece.len() as u64
    }

    fn piece_start(&self) -> u64 {
        (self.digests.len() * PIECE_BYTES) as u64
    }

    /// Appends bytes.
    #[inline]
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        self.append(bytes)
            .map_err(|error| LayoutError::io("write", &self.path)(error))
    }

    #[inline]
    fn append(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            let room = PIECE_BYTES - self.piece.len();
            if bytes.len() < room {
                self.piece.extend_from_slice(bytes);
                return Ok(());
            }
            let (now, later) = bytes.split_at(room);
            self.piece.extend_from_slice(now);
            self.end_piece()?;
            bytes = later;
        }
    }

    /// Appends zeros.
    pub(crate) fn zeros(&mut self, mut count: u64) -> Result<(), LayoutError> {
        const ZEROS: [u8; 4096] = [0; 4096];
        while count > 0 {
            let now = count.min(ZEROS.len() as u64);
            self.write(&ZEROS[..now as usize])?;
            count -= now;
        }
        Ok(())
    }

    /// Appends zeros up to a place, if it is not behind that already.
    pub(crate) fn fill_to(&mut self, position: u64) -> Result<(), LayoutError> {
        self.zeros(position.saturating_sub(self.position()))
    }

    /// Sets bytes that were written before.
    pub(crate) fn set(&mut self, position: u64, bytes: &[u8]) -> Result<(), LayoutError> {
        let start = self.piece_start();
        let before = start.saturating_sub(position).min(bytes.len() as u64) as usize;
        let (settled, open) = bytes.split_at(before);
        if !settled.is_empty() {
            self.catch_up()
                .and_then(|()| self.file.write_all_at(settled, position))
                .map_err(LayoutError::io("write", &self.path))?;
            let last = position + settled.len() as u64 - 1;
            let touched = position / PIECE_BYTES as u64..=last / PIECE_BYTES as u64;
            for piece in touched {
                self.digests[piece as usize] = None;
            }
        }
        if !open.is_empty() {
            let at = (position.max(start) - start) as usize;
            self.piece[at..at + open.len()].copy_from_slice(open);
            self.flushed = self.flushed.min(at);
        }
        Ok(())
    }

    /// Sends a whole piece on its way to the system, and hashes it meanwhile.
    fn end_piece(&mut self) -> io::Result<()> {
        let start = self.piece_start();
        let behind = match &mut self.behind {
            Some(behind) => behind,
            None => self
                .behind
                .insert(WriteBehind::start(Arc::clone(&self.file))?),
        };
        let piece = behind.send(Part {
            piece: Arc::new(std::mem::take(&mut self.piece)),
            from: self.flushed,
            offset: start + self.flushed as u64,
        })?;
        self.flushed = 0;
        self.digests.push(Some(subtree(&piece, start)));
        drop(piece);
        self.piece = behind.room(PIECE_BYTES)?;
        Ok(())
    }

    /// Waits until the system has all whole pieces.
    fn catch_up(&mut self) -> io::Result<()> {
        self.behind.as_mut().map_or(Ok(()), WriteBehind::catch_up)
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.catch_up()?;
        let start = self.piece_start() + self.flushed as u64;
        self.file.write_all_at(&self.piece[self.flushed..], start)?;
        self.flushed = self.piece.len();
        Ok(())
    }

    /// Hands everything so far to the system.
    pub(crate) fn flush(&mut self) -> Result<(), LayoutError> {
        self.hand_over()
            .map_err(|error| LayoutError::io("write", &self.path)(error))
    }

    /// Brings everything so far onto the disk.
    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.flush()?;
        self.file
            .sync_data()
            .map_err(LayoutError::io("sync", &self.path))
    }

    /// Brings everything onto the disk; size and digest of the file, which a manifest will call
    /// `name`.
    pub(crate) fn finish(mut self, name: &str) -> Result<DataFile, LayoutError> {
        self.sync()?;
        self.end(name)
    }

    /// As [`OutputFile::finish`], but somebody else must bring it onto the disk.
    pub(crate) fn end(mut self, name: &str) -> Result<DataFile, LayoutError> {
        self.flush()?;
        Ok(DataFile {
            path: name.to_owned(),
            bytes: self.position(),
            blake3: self.digest()?.to_hex().to_string(),
        })
    }

    fn digest(&mut self) -> Result<blake3::Hash, LayoutError> {
        if self.position() <= PIECE_BYTES as u64 {
            // The only piece of a tree is hashed as its root.
            let only = match self.digests.is_empty() {
                true => std::mem::take(&mut self.piece),
                false => read_piece(&self.file, &self.path, 0)?,
            };
            return Ok(blake3::hash(&only));
        }
        let (file, path) = (&*self.file, &*self.path);
        let mut digests = self
            .digests
            .par_iter()
            .enumerate()
            .map(|(piece, digest)| match digest {
                Some(digest) => Ok(*digest),
                None => Ok(subtree(
                    &read_piece(file, path, piece)?,
                    (piece * PIECE_BYTES) as u64,
                )),
            })
            .collect::<Result<Vec<_>, LayoutError>>()?;
        if !self.piece.is_empty() {
            digests.push(subtree(&self.piece, self.piece_start()));
        }
        let (left, right) = halves(&digests);
        Ok(merge_subtrees_root(&merge(left), &merge(right), Mode::Hash))
    }
}

fn read_piece(file: &File, path: &Path, piece: usize) -> Result<Vec<u8>, LayoutError> {
    let mut bytes = vec![0; PIECE_BYTES];
    file.read_exact_at(&mut bytes, (piece * PIECE_BYTES) as u64)
        .map_err(LayoutError::io("read", path))?;
    Ok(bytes)
}

impl io::Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over()
    }
}

/// The hash of a piece that starts at byte `start` of a file of more than one piece.
fn subtree(piece: &[u8], start: u64) -> ChainingValue {
    blake3::Hasher::new()
        .set_input_offset(start)
        .update(piece)
        .finalize_non_root()
}

/// More than one piece, as the tree divides them: the left half is as large a power of two as leaves
/// something on the right.
fn halves(pieces: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    pieces.split_at(pieces.len().next_power_of_two() / 2)
}

fn merge(pieces: &[ChainingValue]) -> ChainingValue {
    if let [only] = pieces {
        return *only;
    }
    let (left, right) = halves(pieces);
    merge_subtrees_non_root(&merge(left), &merge(right), Mode::Hash)
}

#[cfg(test)]
mod tests {
    use super::{OutputFile, PIECE_BYTES};
    use proptest::prelude::*;
    use std::path::Path;

    /// Checks file and digest against what they must be.
    fn finish(output: OutputFile, path: &Path, expected: &[u8]) {
        let file = output.finish("name").unwrap();
        assert_eq!(
            (file.path.as_str(), file.bytes),
            ("name", expected.len() as u64)
        );
        assert!(std::fs::read(path).unwrap() == expected);
        assert_eq!(file.blake3, blake3::hash(expected).to_hex().as_str());
    }

    fn bytes(count: usize) -> Vec<u8> {
        (0..count as u32)
            .map(|at| (at.wrapping_mul(0x9e37_79b9) >> 13) as u8)
            .collect()
    }

    #[test]
    fn a_file_of_any_size_has_the_digest_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let piece = PIECE_BYTES;
        for size in [
            0,
            1,
            piece - 1,
            piece,
            piece + 1,
            2 * piece,
            3 * piece,
            5 * piece + 7,
        ] {
            let content = bytes(size);
            let mut output = OutputFile::create(&path).unwrap();
            for part in content.chunks(piece / 3) {
                output.write(part).unwrap();
            }
            assert_eq!(output.position(), size as u64);
            finish(output, &path, &content);
        }
    }

    #[test]
    fn a_file_too_short_to_be_continued_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, b"123").unwrap();
        assert!(OutputFile::open(&path, 4).is_err());
        let mut output = OutputFile::open(&path, 2).unwrap();
        output.write(b"x").unwrap();
        output.fill_to(5).unwrap();
        output.fill_to(0).unwrap();
        finish(output, &path, b"12x\0\0");
    }

    /// What may happen to a file, with numbers to choose places and sizes by.
    #[derive(Debug, Clone)]
    enum Step {
        Write(usize),
        Set(usize, usize),
        Flush,
        Continue(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let size = 0..2 * PIECE_BYTES;
        let step = prop_oneof![
            size.clone().prop_map(Step::Write),
            (0..usize::MAX, size).prop_map(|(at, size)| Step::Set(at, size)),
            Just(Step::Flush),
            (0..usize::MAX).prop_map(Step::Continue),
        ];
        prop::collection::vec(step, 0..8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn changes_and_interruptions_leave_the_right_bytes_and_digest(steps in steps()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("f");
            let mut output = OutputFile::create(&path).unwrap();
            let mut expected: Vec<u8> = Vec::new();
            for step in steps {
                match step {
                    Step::Write(size) => {
                        let new = bytes(size);
                        output.write(&new).unwrap();
                        expected.extend(new);
                    }
                    Step::Set(at, size) => {
                        let at = at % (expected.len() + 1);
                        let new = bytes(size.min(expected.len() - at));
                        output.set(at as u64, &new).unwrap();
                        expected[at..at + new.len()].copy_from_slice(&new);
                    }
                    Step::Flush => OutputFile::flush(&mut output).unwrap(),
                    Step::Continue(kept) => {
                        output.sync().unwrap();
                        drop(output);
                        expected.truncate(kept % (expected.len() + 1));
                        output = OutputFile::open(&path, expected.len() as u64).unwrap();
                    }
                }
            }
            finish(output, &path, &expected);
        }
    }
}
