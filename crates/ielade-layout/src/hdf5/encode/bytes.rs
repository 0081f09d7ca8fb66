//! Bytes in the order in which they will lie in the file.

use super::ALIGNMENT;

/// Bytes that grow by little-endian numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::hdf5) struct Bytes(Vec<u8>);

impl Bytes {
    pub(in crate::hdf5) fn u8(&mut self, value: u8) -> &mut Self {
        self.put(&[value])
    }

    pub(in crate::hdf5) fn u16(&mut self, value: u16) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    pub(in crate::hdf5) fn u32(&mut self, value: u32) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    pub(in crate::hdf5) fn u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    pub(in crate::hdf5) fn put(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Zeros.
    pub(in crate::hdf5) fn zeros(&mut self, count: usize) -> &mut Self {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// Zeros up to the next place where a part can start.
    pub(in crate::hdf5) fn align(&mut self) -> &mut Self {
        self.0.resize(self.0.len().next_multiple_of(ALIGNMENT), 0);
        self
    }

    pub(in crate::hdf5) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in crate::hdf5) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// None left, but the room for as many.
    pub(in crate::hdf5) fn clear(&mut self) {
        self.0.clear();
    }

    /// The bytes, and none left.
    pub(in crate::hdf5) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}
