//! The file, written front to back but for its first bytes.

use crate::{LayoutError, hdf5::encode::ALIGNMENT};
use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system: few enough that they are still
/// in the processor's cache when it copies them, and enough that its calls cost little beside that.
const BUFFER_BYTES: usize = 1 << 20;

/// A file that grows.
pub(super) struct DataFile {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    /// Bytes in front of the buffer.
    written: u64,
}

impl DataFile {
    /// Starts a file, its first `end` bytes zeros; or goes on behind `end` bytes where `samples`
    /// are there already.
    pub(super) fn open(path: PathBuf, samples: u32, end: u64) -> Result<Self, LayoutError> {
        let mut file = OpenOptions::new()
            .create(samples == 0)
            .truncate(samples == 0)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(LayoutError::io("create", &path))?;
        let found = file
            .metadata()
            .map_err(LayoutError::io("read", &path))?
            .len();
        if samples > 0 && found < end {
            return Err(LayoutError::FileSize {
                path,
                expected: end,
                found,
            });
        }
        file.set_len(end)
            .and_then(|()| file.seek(SeekFrom::Start(end)))
            .map_err(LayoutError::io("cut", &path))?;
        Ok(Self {
            path,
            file,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            written: end,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the next byte will lie.
    pub(super) fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), LayoutError> {
        while !bytes.is_empty() {
            if self.buffer.is_empty() && bytes.len() >= BUFFER_BYTES {
                let result = self.file.write_all(bytes);
                self.written += bytes.len() as u64;
                return result.map_err(LayoutError::io("write", &self.path));
            }
            // Filled to the last byte, so that what is handed over is whole pages.
            let now = bytes.len().min(BUFFER_BYTES - self.buffer.len());
            let (first, rest) = bytes.split_at(now);
            self.buffer.extend_from_slice(first);
            if self.buffer.len() == BUFFER_BYTES {
                self.flush()?;
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Appends zeros.
    pub(super) fn zeros(&mut self, mut count: u64) -> Result<(), LayoutError> {
        const ZEROS: [u8; 4096] = [0; 4096];
        while count > 0 {
            let now = count.min(ZEROS.len() as u64);
            self.write(&ZEROS[..now as usize])?;
            count -= now;
        }
        Ok(())
    }

    /// Appends zeros up to where a part can start; its address.
    pub(super) fn align(&mut self) -> Result<u64, LayoutError> {
        let position = self.position();
        self.zeros(position.next_multiple_of(ALIGNMENT as u64) - position)?;
        Ok(self.position())
    }

    /// Appends a part; its address.
    pub(super) fn put(&mut self, part: &[u8]) -> Result<u64, LayoutError> {
        let address = self.align()?;
        self.write(part)?;
        Ok(address)
    }

    /// Sets bytes that were handed over before.
    pub(super) fn set(&mut self, position: u64, bytes: &[u8]) -> Result<(), LayoutError> {
        self.file
            .write_all_at(bytes, position)
            .map_err(LayoutError::io("write", &self.path))
    }

    fn flush(&mut self) -> Result<(), LayoutError> {
        self.file
            .write_all(&self.buffer)
            .map_err(LayoutError::io("write", &self.path))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Brings everything so far onto the disk.
    pub(super) fn sync(&mut self) -> Result<(), LayoutError> {
        self.flush()?;
        self.file
            .sync_data()
            .map_err(LayoutError::io("sync", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER_BYTES, DataFile};

    #[test]
    fn bytes_lie_where_they_were_said_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut file = DataFile::open(path.clone(), 0, 6).unwrap();
        assert_eq!(file.put(b"abc").unwrap(), 8);
        assert_eq!(file.put(&vec![1; 2 * BUFFER_BYTES]).unwrap(), 16);
        assert_eq!(file.align().unwrap(), 16 + 2 * BUFFER_BYTES as u64);
        file.write(&vec![2; BUFFER_BYTES]).unwrap();
        file.write(b"end").unwrap();
        file.set(0, b"start").unwrap();
        file.sync().unwrap();
        let mut expected = b"start\0\0\0abc\0\0\0\0\0".to_vec();
        expected.resize(16 + 2 * BUFFER_BYTES, 1);
        expected.resize(16 + 3 * BUFFER_BYTES, 2);
        let kept = expected.len();
        expected.extend(b"end");
        assert!(std::fs::read(&path).unwrap() == expected);
        assert!(DataFile::open(path.clone(), 1, kept as u64 + 4).is_err());

        let mut file = DataFile::open(path.clone(), 1, kept as u64).unwrap();
        file.write(b"END").unwrap();
        file.sync().unwrap();
        expected.truncate(kept);
        expected.extend(b"END");
        assert!(std::fs::read(&path).unwrap() == expected);
    }
}
