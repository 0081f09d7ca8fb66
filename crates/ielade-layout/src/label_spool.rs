//! Labels on their way: kept in a file of their own while the images are written, for containers
//! in which all labels lie together.

use crate::LayoutError;
use std::{
    fs::{File, OpenOptions},
    io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Name of the file, which is gone when the store is complete.
const SPOOL_FILE: &str = "labels.part";

const LABEL_BYTES: u64 = size_of::<i64>() as u64;

/// The labels of the samples written so far: 8 bytes each, little-endian, -1 for none.
pub(crate) struct LabelSpool {
    path: PathBuf,
    file: BufWriter<File>,
}

impl LabelSpool {
    /// Keeps the first `written` labels of a store that was broken off; 0 starts anew.
    ///
    /// # Errors
    /// Where these are not there, or the disk refuses.
    pub(crate) fn open(folder: &Path, written: u32) -> Result<Self, LayoutError> {
        let path = folder.join(SPOOL_FILE);
        let mut file = OpenOptions::new()
            .create(written == 0)
            .truncate(written == 0)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(LayoutError::io("open", &path))?;
        let expected = u64::from(written) * LABEL_BYTES;
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
            file: BufWriter::with_capacity(64 << 10, file),
        })
    }

    pub(crate) fn push(&mut self, label: i64) -> Result<(), LayoutError> {
        self.file
            .write_all(&label.to_le_bytes())
            .map_err(LayoutError::io("write", &self.path))
    }

    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .map_err(LayoutError::io("sync", &self.path))
    }

    /// Gives every label to `visit`, in order.
    pub(crate) fn read(
        &mut self,
        mut visit: impl FnMut(i64) -> Result<(), LayoutError>,
    ) -> Result<(), LayoutError> {
        let failed = |error| LayoutError::io("read", &self.path)(error);
        self.file.flush().map_err(failed)?;
        let mut file = BufReader::new(File::open(&self.path).map_err(failed)?);
        let mut label = [0; LABEL_BYTES as usize];
        loop {
            match file.read_exact(&mut label) {
                Ok(()) => visit(i64::from_le_bytes(label))?,
                Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Removes the file: its labels lie where they belong.
    pub(crate) fn remove(self) -> Result<(), LayoutError> {
        std::fs::remove_file(&self.path).map_err(LayoutError::io("remove", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::LabelSpool;

    fn labels(spool: &mut LabelSpool) -> Vec<i64> {
        let mut labels = Vec::new();
        spool
            .read(|label| {
                labels.push(label);
                Ok(())
            })
            .unwrap();
        labels
    }

    #[test]
    fn labels_are_kept_cut_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = LabelSpool::open(folder.path(), 0).unwrap();
        for label in [3, -1, 5] {
            spool.push(label).unwrap();
        }
        assert_eq!(labels(&mut spool), [3, -1, 5]);
        drop(spool);
        assert!(LabelSpool::open(folder.path(), 4).is_err());
        let mut spool = LabelSpool::open(folder.path(), 2).unwrap();
        spool.push(7).unwrap();
        spool.sync().unwrap();
        assert_eq!(labels(&mut spool), [3, -1, 7]);
        spool.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(LabelSpool::open(folder.path(), 1).is_err());
    }
}
