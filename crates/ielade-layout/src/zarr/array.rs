//! An array on disk: its folder and its metadata.

use super::{grid::Grid, metadata::ArrayMetadata};
use crate::LayoutError;
use std::path::PathBuf;

/// Bytes of a row of chunks once unpacked, at most: bounds what a file can make a thread ask for.
pub(crate) const MAX_UNPACKED: u64 = 192 << 20;

/// An array on disk.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    /// The folder from which chunks are named.
    pub(crate) folder: PathBuf,
    /// `zarr.json` or `.zarray`.
    pub(crate) metadata_path: PathBuf,
    pub(crate) metadata: ArrayMetadata,
}

impl Array {
    /// Its chunks.
    pub(crate) fn grid(&self) -> Result<Grid, LayoutError> {
        if self.metadata.shape.is_empty() {
            return Err(self.fault("an array without dimensions holds no samples"));
        }
        Grid::new(&self.metadata).map_err(|reason| self.fault(reason))
    }

    /// What is wrong with the array as its metadata describes it.
    pub(crate) fn fault(&self, reason: impl Into<String>) -> LayoutError {
        LayoutError::container(&self.metadata_path, 0, reason)
    }

    /// Whether a sample's bytes lie together, unpacked, in one chunk, in the array's order.
    pub(crate) fn lies_as_delivered(&self) -> bool {
        let metadata = &self.metadata;
        metadata.layers.packings.is_empty()
            && metadata.layers.is_in_order()
            && metadata.chunk.get(1..) == metadata.shape.get(1..)
    }

    /// Bytes of a sample, of a chunk and of a row of chunks, unpacked; 0 where they differ.
    pub(crate) fn sizes(&self) -> Result<Sizes, LayoutError> {
        let metadata = &self.metadata;
        let size = metadata.data_type.size() as u64;
        let product = |lengths: &[u64]| {
            lengths
                .iter()
                .try_fold(size, |product, length| product.checked_mul(*length))
        };
        let sample = product(metadata.shape.get(1..).unwrap_or_default());
        let chunk = product(&metadata.chunk);
        let row = sample.and_then(|sample| sample.checked_mul(*metadata.chunk.first()?));
        match (sample, chunk, row) {
            (Some(sample), Some(chunk), Some(row)) => Ok(Sizes { sample, chunk, row }),
            _ => Err(self.fault("its chunks have more bytes than can be counted")),
        }
    }
}

/// Bytes of an array's pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) sample: u64,
    /// Of a chunk; all chunks have the same.
    pub(crate) chunk: u64,
    /// Of the samples of a row of chunks.
    pub(crate) row: u64,
}
