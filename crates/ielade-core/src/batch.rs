//! A batch: images and labels in one piece of memory each.

use crate::{element::Element, output::OutputSpec};

/// One cache line; the unit of a batch's memory, so that it starts at a multiple of 64 bytes.
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct CacheLine([u8; 64]);

/// Bytes that start at a multiple of 64, as SIMD code and device upload like it.
#[derive(Debug, Clone, Default)]
pub struct AlignedBytes {
    lines: Vec<CacheLine>,
    len: usize,
}

impl AlignedBytes {
    /// `len` zero bytes.
    pub fn zeroed(len: usize) -> Self {
        Self {
            lines: vec![CacheLine([0; 64]); len.div_ceil(64)],
            len,
        }
    }

    /// Changes the number of bytes; new ones are zero, memory is kept.
    pub fn resize(&mut self, len: usize) {
        self.lines.resize(len.div_ceil(64), CacheLine([0; 64]));
        self.len = len;
    }

    /// Number of bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// True without any byte.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }

    /// The bytes, to be written.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}

/// Images and labels of one step, ready to train on.
///
/// The memory belongs to the loader's pool and comes back to it: keep a copy of what you need
/// beyond the step.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Epoch the batch belongs to.
    pub epoch: u64,
    /// Number of the batch within its epoch, from 0.
    pub index: u32,
    /// Images that are filled; below the batch size in a kept last batch, or where bad samples
    /// were skipped.
    pub len: usize,
    /// Element type and size of the images.
    pub output: OutputSpec,
    /// `capacity × channels × height × width` values, of which the first `len` images count.
    pub images: AlignedBytes,
    /// Label of each image; [`crate::sample::NO_LABEL`] where there is none.
    pub labels: Vec<i64>,
    /// Position of each sample in the store.
    pub sample_indices: Vec<u32>,
}

impl Batch {
    /// An empty batch with room for `capacity` images.
    pub fn with_capacity(output: OutputSpec, capacity: usize) -> Self {
        Self {
            epoch: 0,
            index: 0,
            len: 0,
            output,
            images: AlignedBytes::zeroed(capacity * output.image_bytes()),
            labels: vec![0; capacity],
            sample_indices: vec![0; capacity],
        }
    }

    /// Images that fit.
    pub fn capacity(&self) -> usize {
        self.labels.len()
    }

    /// Labels of the filled images.
    pub fn labels(&self) -> &[i64] {
        &self.labels[..self.len]
    }

    /// Store positions of the filled images.
    pub fn sample_indices(&self) -> &[u32] {
        &self.sample_indices[..self.len]
    }

    /// Bytes of the filled images.
    pub fn image_bytes(&self) -> &[u8] {
        &self.images.as_bytes()[..self.len * self.output.image_bytes()]
    }

    /// The filled images as `f32`, `len × channels × height × width`; `None` for another element.
    pub fn images_f32(&self) -> Option<&[f32]> {
        (self.output.element == Element::F32).then(|| bytemuck::cast_slice(self.image_bytes()))
    }

    /// The filled images as `f16`; `None` for another element.
    pub fn images_f16(&self) -> Option<&[half::f16]> {
        (self.output.element == Element::F16).then(|| bytemuck::cast_slice(self.image_bytes()))
    }

    /// The filled images as `u8`; `None` for another element.
    pub fn images_u8(&self) -> Option<&[u8]> {
        (self.output.element == Element::U8).then(|| self.image_bytes())
    }
}

/// Gives the batches of one epoch, in order, one at a time.
///
/// The trainer takes its data through this seam and knows no loader.
pub trait BatchSource {
    /// Why a batch could not be delivered.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The next batch of the epoch, `None` at its end. The batch before it goes back to the pool.
    ///
    /// # Errors
    /// Where a batch could not be read; the epoch cannot go on.
    fn next_batch(&mut self) -> Result<Option<&Batch>, Self::Error>;
}

#[cfg(test)]
mod tests {
    use super::AlignedBytes;

    #[test]
    fn bytes_start_at_a_cache_line() {
        for len in [0, 1, 63, 64, 1000] {
            let bytes = AlignedBytes::zeroed(len);
            assert_eq!(bytes.as_bytes().len(), len);
            assert_eq!(bytes.as_bytes().as_ptr() as usize % 64, 0);
        }
    }
}
