//! The file, written front to back but for its first bytes.

use crate::{LayoutError, hdf5::encode::ALIGNMENT, output_file::OutputFile};
use ielade_core::manifest::DataFile as StoredFile;
use std::path::Path;

/// A file that grows.
pub(super) struct DataFile(OutputFile);

impl DataFile {
    /// Starts a file, its first `end` bytes zeros; or goes on behind `end` bytes where `samples`
    /// are there already.
    pub(super) fn open(path: &Path, samples: u32, end: u64) -> Result<Self, LayoutError> {
        if samples > 0 {
            return OutputFile::open(path, end).map(Self);
        }
        let mut file = OutputFile::create(path)?;
        file.zeros(end)?;
        Ok(Self(file))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the next byte will lie.
    pub(super) fn position(&self) -> u64 {
        self.0.position()
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        self.0.write(bytes)
    }

    /// Appends zeros.
    pub(super) fn zeros(&mut self, count: u64) -> Result<(), LayoutError> {
        self.0.zeros(count)
    }

    /// Appends zeros up to where a part can start; its address.
    pub(super) fn align(&mut self) -> Result<u64, LayoutError> {
        let address = self.position().next_multiple_of(ALIGNMENT as u64);
        self.0.fill_to(address)?;
        Ok(address)
    }

    /// Appends a part; its address.
    pub(super) fn put(&mut self, part: &[u8]) -> Result<u64, LayoutError> {
        let address = self.align()?;
        self.write(part)?;
        Ok(address)
    }

    /// Sets bytes that were written before.
    pub(super) fn set(&mut self, position: u64, bytes: &[u8]) -> Result<(), LayoutError> {
        self.0.set(position, bytes)
    }

    /// Brings everything so far onto the disk.
    pub(super) fn sync(&mut self) -> Result<(), LayoutError> {
        self.0.sync()
    }

    /// Brings everything onto the disk; size and digest of the file called `name`.
    pub(super) fn finish(self, name: &str) -> Result<StoredFile, LayoutError> {
        self.0.finish(name)
    }
}

#[cfg(test)]
mod tests {
    use super::DataFile;
    use crate::output_file::PIECE_BYTES as BUFFER_BYTES;

    #[test]
    fn bytes_lie_where_they_were_said_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut file = DataFile::open(&path, 0, 6).unwrap();
        assert_eq!(file.put(b"abc").unwrap(), 8);
        assert_eq!(file.put(&vec![1; 2 * BUFFER_BYTES]).unwrap(), 16);
        assert_eq!(file.align().unwrap(), 16 + 2 * BUFFER_BYTES as u64);
        file.write(&vec![2; BUFFER_BYTES]).unwrap();
        file.write(b"end").unwrap();
        file.set(0, b"start").unwrap();
        let file = file.finish("name").unwrap();
        let mut expected = b"start\0\0\0abc\0\0\0\0\0".to_vec();
        expected.resize(16 + 2 * BUFFER_BYTES, 1);
        expected.resize(16 + 3 * BUFFER_BYTES, 2);
        let kept = expected.len();
        expected.extend(b"end");
        assert!(std::fs::read(&path).unwrap() == expected);
        assert_eq!(file.blake3, blake3::hash(&expected).to_hex().as_str());
        assert!(DataFile::open(&path, 1, kept as u64 + 4).is_err());

        let mut file = DataFile::open(&path, 1, kept as u64).unwrap();
        file.write(b"END").unwrap();
        file.sync().unwrap();
        expected.truncate(kept);
        expected.extend(b"END");
        assert!(std::fs::read(&path).unwrap() == expected);
    }
}
