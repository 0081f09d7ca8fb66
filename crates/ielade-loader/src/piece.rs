//! A piece of a batch under way: memory that one thread fills while others fill its neighbours.
//!
//! This is one of the two places with `unsafe`: several threads write into one batch at once,
//! each into places of its own, which the borrow checker cannot see across persistent threads.
#![allow(unsafe_code)]

use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline};
use ielade_core::Batch;
use std::ops::Range;

/// Some places of one batch, to be filled by whoever holds the piece.
///
/// The [`crate::window::Window`] that owns the batch hands out pieces that do not overlap, and
/// neither touches, moves out nor frees the batch's memory before every piece came back. The
/// pointers stay good when the `Batch` itself is moved: they point into its heap memory.
#[derive(Debug)]
pub(crate) struct Piece {
    images: *mut u8,
    image_bytes: usize,
    labels: *mut i64,
    sample_indices: *mut u32,
    len: usize,
}

// SAFETY: a piece is the only access to its places until it is given back (see above), so it may
// move to, and be used from, any one thread.
unsafe impl Send for Piece {}

impl Piece {
    /// The piece of `batch` at `places`.
    ///
    /// # Safety
    /// Until the piece is dropped, the batch's memory must stay allocated, and nobody may access
    /// these places of it in any other way.
    pub(crate) unsafe fn of(batch: &mut Batch, places: Range<usize>) -> Self {
        let image_bytes = batch.output.image_bytes();
        // Checked slicing first: a range outside the batch must panic, not point astray.
        let images =
            &mut batch.images.as_bytes_mut()[places.start * image_bytes..places.end * image_bytes];
        Self {
            images: images.as_mut_ptr(),
            image_bytes: images.len(),
            labels: batch.labels[places.clone()].as_mut_ptr(),
            sample_indices: batch.sample_indices[places.clone()].as_mut_ptr(),
            len: places.len(),
        }
    }

    /// The places as a slot that a layout can write to.
    pub(crate) fn slot<'a>(
        &'a mut self,
        pipeline: &'a PixelPipeline,
        augmentation: AugmentationKey,
    ) -> BatchSlot<'a> {
        // SAFETY: the pointers and lengths come from checked slices in `of`, whose caller keeps
        // the memory alive and unaliased; `&mut self` makes this the only slot of the piece.
        let (images, labels, sample_indices) = unsafe {
            (
                std::slice::from_raw_parts_mut(self.images, self.image_bytes),
                std::slice::from_raw_parts_mut(self.labels, self.len),
                std::slice::from_raw_parts_mut(self.sample_indices, self.len),
            )
        };
        BatchSlot::new(pipeline, augmentation, images, labels, sample_indices)
    }
}
