//! The seam through which the loader reads: batches out of one store.

use crate::LayoutError;
use ielade_codec::{BatchSlot, ThreadContext};
use ielade_core::{Manifest, Payload};

/// Reads batches out of one store. Opened once, shared by all threads.
pub trait LayoutReader: Send + Sync {
    /// What the store says of itself.
    fn manifest(&self) -> &Manifest;

    /// Tells what will be asked for next, so that the layout can read ahead. May do nothing.
    fn hint(&self, _upcoming: &[u32]) {}

    /// Puts sample `indices[k]` into place `k` of the slot. Any thread, any order, no lock on
    /// the way; `slot` has at least `indices.len()` places.
    ///
    /// # Errors
    /// [`LayoutError::BadSample`] names the first sample that could not be read or decoded and
    /// its place; the places before it are filled, so the caller can go on behind it. Any other
    /// error means that the store itself cannot be read.
    fn read_batch(
        &self,
        indices: &[u32],
        slot: &mut BatchSlot<'_>,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError>;

    /// A sample as it is stored: the bytes of a compressed image, or raw values.
    ///
    /// # Errors
    /// Where the sample cannot be read.
    fn sample<'a>(
        &'a self,
        index: u32,
        context: &'a mut ThreadContext,
    ) -> Result<StoredSample<'a>, LayoutError>;

    /// The name of a sample within its data set, for messages and records.
    fn key(&self, index: u32) -> String;

    /// The mapped bytes of a raw, uncompressed layout, for zero-copy and device upload.
    fn contiguous(&self) -> Option<RawRegion<'_>> {
        None
    }

    /// Samples that the layout packs into one chunk, from the first on; whoever reads one of them
    /// reads all. 1 where each sample stands alone.
    fn samples_per_chunk(&self) -> u32 {
        1
    }
}

/// A sample as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct StoredSample<'a> {
    /// Index into the class names, if any.
    pub label: Option<u32>,
    /// The image.
    pub payload: Payload<'a>,
}

/// The mapped bytes of a raw, uncompressed layout: all images, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct RawRegion<'a> {
    /// `count × height × width × channels` values of the store's element type.
    pub bytes: &'a [u8],
}
