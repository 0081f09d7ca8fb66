//! A file that is written front to back and whose earlier bytes can still be set.
//!
//! A page's header tells its size, so it is known only when the page is complete; leaving room for
//! it saves holding the page in memory.

use crate::LayoutError;
use std::{
    fs::File,
    io::Write,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system.
const BUFFER_BYTES: usize = 1 << 20;

/// A file being written.
pub(crate) struct Output {
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    /// Place of the buffer's first byte in the file.
    buffer_start: u64,
}

impl Output {
    /// An empty file.
    pub(crate) fn create(path: &Path) -> Result<Self, LayoutError> {
        Ok(Self {
            path: path.to_owned(),
            file: File::create(path).map_err(LayoutError::io("create", path))?,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            buffer_start: 0,
        })
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes written so far.
    pub(crate) fn position(&self) -> u64 {
        self.buffer_start + self.buffer.len() as u64
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
            if bytes.len() >= BUFFER_BYTES {
                let written = self.file.write_all(bytes);
                written.map_err(LayoutError::io("write", &self.path))?;
                self.buffer_start += bytes.len() as u64;
                return Ok(());
            }
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Appends zeros up to a place.
    pub(crate) fn fill_to(&mut self, position: u64) -> Result<(), LayoutError> {
        const ZEROS: [u8; 4096] = [0; 4096];
        while self.position() < position {
            let missing = (position - self.position()).min(ZEROS.len() as u64);
            self.write(&ZEROS[..missing as usize])?;
        }
        Ok(())
    }

    /// Sets bytes that were written before.
    pub(crate) fn set(&mut self, position: u64, bytes: &[u8]) -> Result<(), LayoutError> {
        if position < self.buffer_start {
            self.flush()?;
            return self
                .file
                .write_all_at(bytes, position)
                .map_err(LayoutError::io("write", &self.path));
        }
        let start = (position - self.buffer_start) as usize;
        self.buffer[start..start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LayoutError> {
        self.file
            .write_all(&self.buffer)
            .map_err(LayoutError::io("write", &self.path))?;
        self.buffer_start += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Brings everything so far onto the disk.
    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.flush()?;
        self.file
            .sync_data()
            .map_err(LayoutError::io("sync", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER_BYTES, Output};

    #[test]
    fn bytes_can_be_set_before_and_after_they_left_the_buffer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut output = Output::create(&path).unwrap();
        output.write(b"start").unwrap();
        output.fill_to(10_000).unwrap();
        output.set(9_998, b"ab").unwrap();
        output.write(&vec![1; BUFFER_BYTES]).unwrap();
        output.write(&vec![2; BUFFER_BYTES - 1]).unwrap();
        output.write(&[3, 3]).unwrap();
        output.set(4, b"T!").unwrap();
        output.fill_to(0).unwrap();
        assert_eq!(output.position(), 10_000 + 2 * BUFFER_BYTES as u64 + 1);
        output.sync().unwrap();
        let mut expected = vec![0; 10_000];
        expected[..6].copy_from_slice(b"starT!");
        expected[9_998..].copy_from_slice(b"ab");
        expected.resize(10_000 + BUFFER_BYTES, 1);
        expected.resize(10_000 + 2 * BUFFER_BYTES - 1, 2);
        expected.extend([3, 3]);
        assert!(std::fs::read(&path).unwrap() == expected);
    }
}
