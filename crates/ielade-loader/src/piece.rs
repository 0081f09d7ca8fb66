//! A batch that several threads fill at once, each its own piece.
//!
//! This is one of the two places with `unsafe`: persistent threads write into one batch at the
//! same time, each into places of its own, which the borrow checker cannot see. What goes out of
//! this module is safe: pieces never overlap, and the batch cannot be reached, moved out or freed
//! before every piece came back.
#![allow(unsafe_code)]

use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline};
use ielade_core::Batch;
use std::{mem::ManuallyDrop, ops::Range};

/// A batch under way, whose places are handed out piece by piece.
#[derive(Debug)]
pub(crate) struct SharedBatch {
    /// Reached only while no piece is out, but for the pointers into its heap memory.
    batch: ManuallyDrop<Batch>,
    /// The first place that was not yet handed out.
    next: usize,
    /// Pieces that are out.
    out: usize,
}

impl SharedBatch {
    pub(crate) const fn new(batch: Batch) -> Self {
        Self {
            batch: ManuallyDrop::new(batch),
            next: 0,
            out: 0,
        }
    }

    /// Hands out the next `len` places.
    pub(crate) fn claim(&mut self, len: usize) -> Piece {
        let places = self.next..self.next + len;
        self.next = places.end;
        self.out += 1;
        Piece::of(&mut self.batch, places)
    }

    /// Takes a piece back: by value, so that nobody can write through it any more.
    #[allow(clippy::needless_pass_by_value)]
    pub(crate) fn give_back(&mut self, piece: Piece) {
        assert_eq!(
            piece.batch,
            self.batch.labels.as_ptr(),
            "a piece goes back to the batch it came from"
        );
        self.out -= 1;
    }

    /// The batch, once all pieces are back.
    pub(crate) fn into_batch(mut self) -> Batch {
        assert_eq!(self.out, 0, "no piece may be out any more");
        // SAFETY: the batch is taken once, here; `forget` keeps `drop` from doing it again.
        let batch = unsafe { ManuallyDrop::take(&mut self.batch) };
        std::mem::forget(self);
        batch
    }
}

impl Drop for SharedBatch {
    fn drop(&mut self) {
        // With a piece still out, its memory is given up rather than freed under its feet.
        if self.out == 0 {
            // SAFETY: dropped once, here; nobody can reach it afterwards.
            unsafe { ManuallyDrop::drop(&mut self.batch) };
        }
    }
}

/// Some places of one batch, to be filled by whoever holds the piece.
#[derive(Debug)]
pub(crate) struct Piece {
    images: *mut u8,
    image_bytes: usize,
    labels: *mut i64,
    sample_indices: *mut u32,
    len: usize,
    /// Which batch it came from: the address of its labels. Never read through.
    batch: *const i64,
}

// SAFETY: a piece is the only access to its places until it is given back, so it may move to, and
// be used from, any one thread.
unsafe impl Send for Piece {}

impl Piece {
    /// The pointers stay good when the `Batch` itself is moved: they point into its heap memory.
    fn of(batch: &mut Batch, places: Range<usize>) -> Self {
        let image_bytes = batch.output.image_bytes();
        // Checked slicing: places outside the batch must panic, not point astray.
        let images =
            &mut batch.images.as_bytes_mut()[places.start * image_bytes..places.end * image_bytes];
        Self {
            images: images.as_mut_ptr(),
            image_bytes: images.len(),
            labels: batch.labels[places.clone()].as_mut_ptr(),
            sample_indices: batch.sample_indices[places.clone()].as_mut_ptr(),
            len: places.len(),
            batch: batch.labels.as_ptr(),
        }
    }

    /// The places as a slot that a layout can write to.
    pub(crate) fn slot<'a>(
        &'a mut self,
        pipeline: &'a PixelPipeline,
        augmentation: AugmentationKey,
    ) -> BatchSlot<'a> {
        // SAFETY: pointers and lengths come from checked slices of a batch that `SharedBatch`
        // keeps alive and untouched while this piece is out; no other piece has these places;
        // `&mut self` makes this the only slot of the piece.
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

#[cfg(test)]
mod tests {
    use super::SharedBatch;
    use ielade_codec::{AugmentationKey, PixelPipeline, PixelScratch, SampleHead};
    use ielade_core::{
        Augmentation, Batch, Element, ImageSpec, Normalisation, OrientationRule, OutputSpec,
        Payload,
    };

    const IMAGE: ImageSpec = ImageSpec::rgb(1, 1);
    const OUTPUT: OutputSpec = OutputSpec {
        element: Element::U8,
        image: IMAGE,
    };

    #[test]
    fn pieces_filled_by_several_threads_make_up_the_batch() {
        let pipeline =
            PixelPipeline::new(OUTPUT, &Normalisation::identity(3), OrientationRule::Apply);
        let key = AugmentationKey {
            augmentation: Augmentation::NONE,
            seed: 0,
            epoch: 0,
        };
        let mut shared = SharedBatch::new(Batch::with_capacity(OUTPUT, 6));
        let pieces: Vec<_> = (0..3).map(|_| shared.claim(2)).collect();
        let filled: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0_u32..)
                .zip(pieces)
                .map(|(number, mut piece)| {
                    let pipeline = &pipeline;
                    scope.spawn(move || {
                        for place in 0..2_u32 {
                            let index = number * 2 + place;
                            let payload = Payload::PixelsU8 {
                                spec: IMAGE,
                                values: &[index as u8; 3],
                            };
                            let head = SampleHead {
                                index,
                                label: Some(index),
                            };
                            piece
                                .slot(pipeline, key)
                                .put(place as usize, head, payload, &mut PixelScratch::default())
                                .unwrap();
                        }
                        piece
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for piece in filled {
            shared.give_back(piece);
        }
        let batch = shared.into_batch();
        assert_eq!(batch.labels, [0, 1, 2, 3, 4, 5]);
        assert_eq!(batch.images.as_bytes()[9..12], [3, 3, 3]);
    }

    #[test]
    #[should_panic(expected = "no piece may be out")]
    fn a_batch_with_a_piece_out_cannot_be_taken() {
        let mut shared = SharedBatch::new(Batch::with_capacity(OUTPUT, 6));
        let _out = shared.claim(2);
        let _ = shared.into_batch();
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn places_beyond_the_batch_are_not_handed_out() {
        let mut shared = SharedBatch::new(Batch::with_capacity(OUTPUT, 3));
        let _first = shared.claim(2);
        let _beyond = shared.claim(2);
    }

    #[test]
    #[should_panic(expected = "goes back to the batch")]
    fn a_piece_of_another_batch_is_not_taken_back() {
        let mut one = SharedBatch::new(Batch::with_capacity(OUTPUT, 2));
        let mut other = SharedBatch::new(Batch::with_capacity(OUTPUT, 2));
        let (piece, _kept) = (one.claim(2), other.claim(2));
        other.give_back(piece);
    }
}
