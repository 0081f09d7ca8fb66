//! Samples one after the other in several files, the shards: what `tfrecord` and `webdataset`
//! share.
//!
//! A shard is only ever appended to, so that a store that was broken off is continued: the shards
//! are walked up to the last sample that is kept, and whatever follows it is cut off. Where the
//! samples lie is kept in the store's [index](crate::index), so that reading one is a slice of a
//! mapped file.

pub(crate) mod foreign;
pub(crate) mod names;
pub(crate) mod reader;
#[cfg(test)]
mod tests;
pub(crate) mod writer;

use crate::{LayoutError, stored::array::image_shape};
use ielade_core::{Element, ImageSpec};
use std::path::Path;

/// Most files of one store or data set: each is mapped, and the system's bound is 65,530 mappings.
pub(crate) const MAX_SHARDS: usize = 16_384;

/// What is wrong at a byte of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) offset: u64,
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(offset: u64, reason: impl Into<String>) -> Self {
        Self {
            offset,
            reason: reason.into(),
        }
    }

    /// The error that names the file.
    pub(crate) fn of_file(self, path: &Path) -> LayoutError {
        LayoutError::container(path, self.offset, self.reason)
    }
}

/// One kind of shard: how it is named, ended, and walked.
#[derive(Clone, Copy)]
pub(crate) struct ShardFormat {
    /// Ending of the files' names, with the dot.
    pub(crate) extension: &'static str,
    /// Name of a shard as long as it is not known how many there will be.
    pub(crate) unfinished_name: fn(shard: u32) -> String,
    /// Name of a shard, and of how many.
    pub(crate) name: fn(shard: u32, of: u32) -> String,
    /// What stands behind the last sample of a shard.
    pub(crate) end: &'static [u8],
    /// Finds the first `most` samples of a shard that a store's writer made. Looks at nothing
    /// behind them.
    pub(crate) scan: fn(shard: &[u8], most: u32) -> Result<Vec<ScannedSample>, Fault>,
}

/// A sample that was found in a store's shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ScannedSample {
    /// First byte of the image.
    pub(crate) offset: u64,
    /// Bytes of the image.
    pub(crate) len: u32,
    /// -1 for none.
    pub(crate) label: i64,
    /// The byte behind the sample and all that belongs to it.
    pub(crate) end: u64,
    /// What the shard says of a raw array.
    pub(crate) array: Option<ArrayType>,
}

/// Element type and dimensions of one image, the slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArrayType {
    pub(crate) element: Element,
    pub(crate) dimensions: [u64; 3],
}

impl ArrayType {
    /// As stores hold images of this size: integers height × width × channels, floats channels ×
    /// height × width.
    pub(crate) fn of_stores(element: Element, spec: ImageSpec) -> Self {
        Self {
            element,
            dimensions: image_shape(element, spec).map(u64::from),
        }
    }
}
