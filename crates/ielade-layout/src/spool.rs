//! Records on their way: kept in a file of their own while others are written, for what lies
//! behind or in front of them in the end.

use crate::LayoutError;
use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system.
const BUFFER_BYTES: usize = 64 << 10;

/// A file of records of `N` bytes, which is gone when the store is complete.
pub(crate) struct Spool<const N: usize> {
    path: PathBuf,
    file: BufWriter<File>,
}

impl<const N: usize> Spool<N> {
    /// Keeps the first `records` of a store that was broken off; 0 starts anew.
    ///
    /// # Errors
    /// Where these are not there, or the disk refuses.
    pub(crate) fn open(path: PathBuf, records: u32) -> Result<Self, LayoutError> {
        let mut file = OpenOptions::new()
            .create(records == 0)
            .truncate(records == 0)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(LayoutError::io("open", &path))?;
        let expected = u64::from(records) * N as u64;
        let found = file.metadata().map_err(LayoutError::io("read", &path))?;
        if found.len() < expected {
            return Err(LayoutError::FileSize {
                path,
                expected,
                found: found.len(),
            });
        }
        file.set_len(expected)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(LayoutError::io("cut", &path))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
        })
    }

    pub(crate) fn push(&mut self, record: [u8; N]) -> Result<(), LayoutError> {
        self.file
            .write_all(&record)
            .map_err(LayoutError::io("write", &self.path))
    }

    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .map_err(LayoutError::io("sync", &self.path))
    }

    /// All records, in order.
    pub(crate) fn records(&mut self) -> Result<Records<'_, N>, LayoutError> {
        let failed = |error| LayoutError::io("read", &self.path)(error);
        self.file.flush().map_err(failed)?;
        Ok(Records {
            path: &self.path,
            file: BufReader::with_capacity(BUFFER_BYTES, File::open(&self.path).map_err(failed)?),
        })
    }

    /// Removes the file: its records lie where they belong.
    pub(crate) fn remove(self) -> Result<(), LayoutError> {
        std::fs::remove_file(&self.path).map_err(LayoutError::io("remove", &self.path))
    }

    /// Where the records are kept in a store's folder.
    pub(crate) fn path_in(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!("{name}.part"))
    }
}

/// The records of a spool, read from its start.
pub(crate) struct Records<'a, const N: usize> {
    path: &'a Path,
    file: BufReader<File>,
}

impl<const N: usize> Iterator for Records<'_, N> {
    type Item = Result<[u8; N], LayoutError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut record = [0; N];
        match self.file.read_exact(&mut record) {
            Ok(()) => Some(Ok(record)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(LayoutError::io("read", self.path)(error))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Spool;

    fn records(spool: &mut Spool<2>) -> Vec<[u8; 2]> {
        spool.records().unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn records_are_kept_cut_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let open = |records| Spool::<2>::open(Spool::<2>::path_in(folder.path(), "pairs"), records);
        let mut spool = open(0).unwrap();
        for record in [*b"ab", *b"cd", *b"ef"] {
            spool.push(record).unwrap();
        }
        assert_eq!(records(&mut spool), [*b"ab", *b"cd", *b"ef"]);
        drop(spool);
        assert!(open(4).is_err());
        let mut spool = open(2).unwrap();
        spool.push(*b"gh").unwrap();
        spool.sync().unwrap();
        assert_eq!(records(&mut spool), [*b"ab", *b"cd", *b"gh"]);
        spool.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(open(1).is_err());
    }
}
