//! Samples that are compressed several together.

use super::{FetchScratch, StoredSamples};
use crate::error::BadSampleReason;
use std::path::PathBuf;

/// Bytes of unpacked chunks that a thread keeps, at most; at least one chunk is kept.
const KEPT_BYTES: usize = 32 << 20;

/// Chunks that a thread keeps, at most: beyond that, looking for one costs more than unpacking.
const KEPT_CHUNKS: usize = 64;

/// A container that packs the same number of samples, all of one size, into each chunk; the last
/// one may be shorter.
pub(crate) trait Chunks: Send + Sync {
    /// Unpacks a chunk into `samples`, which is empty: samples of [`ChunkShape::sample_bytes`]
    /// one after the other. `packed` is room for bytes that must be read first.
    fn unpack(
        &self,
        chunk: u32,
        packed: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), BadSampleReason>;

    /// The sample at a place of an unpacked chunk, of samples of `bytes` bytes; `None` where the
    /// chunk ends before it. Chunks of samples of several sizes have their own way of finding it.
    fn sample<'a>(&self, unpacked: &'a [u8], place: u32, bytes: usize) -> Option<&'a [u8]> {
        let start = (place as usize).checked_mul(bytes)?;
        unpacked.get(start..)?.get(..bytes)
    }

    /// The file that a chunk lies in, for messages.
    fn path(&self, chunk: u32) -> PathBuf;
}

/// How many samples of which size a chunk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkShape {
    /// Samples of a chunk; not 0.
    pub(crate) samples: u32,
    /// Bytes of a sample; not 0.
    pub(crate) sample_bytes: usize,
}

/// Samples in chunks. Each thread unpacks for itself and keeps what it unpacked last, so that no
/// lock is needed and an order that stays within a few chunks unpacks each of them once.
pub(crate) struct ChunkedSamples<C> {
    chunks: C,
    shape: ChunkShape,
    kept_chunks: usize,
}

/// Chunks that a thread unpacked.
#[derive(Default)]
struct Unpacked {
    packed: Vec<u8>,
    /// The most recently used last.
    kept: Vec<(u32, Vec<u8>)>,
}

impl<C: Chunks> ChunkedSamples<C> {
    pub(crate) fn new(chunks: C, shape: ChunkShape) -> Self {
        let chunk_bytes = shape.samples as usize * shape.sample_bytes;
        Self {
            chunks,
            shape,
            kept_chunks: (KEPT_BYTES / chunk_bytes.max(1)).clamp(1, KEPT_CHUNKS),
        }
    }

    /// The unpacked chunk, the last in `unpacked.kept`.
    fn unpack<'a>(
        &self,
        chunk: u32,
        unpacked: &'a mut Unpacked,
    ) -> Result<&'a [u8], BadSampleReason> {
        let Unpacked { packed, kept } = unpacked;
        match kept.iter().rposition(|(known, _)| *known == chunk) {
            // The order of use matters only for what goes first.
            Some(at) if at + 1 == kept.len() => {}
            Some(at) => kept[at..].rotate_left(1),
            None => {
                let mut room = match kept.len() {
                    len if len < self.kept_chunks => Vec::new(),
                    _ => kept.remove(0).1,
                };
                room.clear();
                self.chunks.unpack(chunk, packed, &mut room)?;
                kept.push((chunk, room));
            }
        }
        Ok(kept.last().map_or(&[], |(_, samples)| samples))
    }
}

impl<C: Chunks> StoredSamples for ChunkedSamples<C> {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let (chunk, place) = (index / self.shape.samples, index % self.shape.samples);
        let samples = self.unpack(chunk, scratch.state(Unpacked::default))?;
        let bytes = self.shape.sample_bytes;
        self.chunks
            .sample(samples, place, bytes)
            .ok_or(BadSampleReason::SampleSize {
                expected: ((place as usize + 1) * bytes) as u64,
                found: samples.len() as u64,
            })
    }

    fn path(&self, index: u32) -> PathBuf {
        self.chunks.path(index / self.shape.samples)
    }

    fn samples_per_chunk(&self) -> u32 {
        self.shape.samples
    }
}

#[cfg(test)]
mod tests {
    use super::{ChunkShape, ChunkedSamples, Chunks};
    use crate::{
        error::BadSampleReason,
        stored::{FetchScratch, StoredSamples},
    };
    use std::{
        path::PathBuf,
        sync::atomic::{AtomicU32, Ordering},
    };

    /// Ten samples of two bytes, three a chunk.
    #[derive(Default)]
    struct Counting(AtomicU32);

    impl Chunks for Counting {
        fn unpack(
            &self,
            chunk: u32,
            _packed: &mut Vec<u8>,
            samples: &mut Vec<u8>,
        ) -> Result<(), BadSampleReason> {
            assert!(samples.is_empty());
            self.0.fetch_add(1, Ordering::Relaxed);
            for index in (chunk * 3)..(chunk * 3 + 3).min(10) {
                samples.extend([index as u8, index as u8 + 100]);
            }
            Ok(())
        }

        fn path(&self, chunk: u32) -> PathBuf {
            PathBuf::from(chunk.to_string())
        }
    }

    #[test]
    fn every_sample_is_found_and_a_chunk_in_use_is_unpacked_once() {
        let shape = ChunkShape {
            samples: 3,
            sample_bytes: 2,
        };
        let samples = ChunkedSamples::new(Counting::default(), shape);
        let mut scratch = FetchScratch::default();
        for index in [9, 0, 5, 1, 9, 2, 3, 4, 6, 7, 8] {
            let found = samples.fetch(index, &mut scratch).unwrap();
            assert_eq!(found, [index as u8, index as u8 + 100]);
        }
        assert_eq!(samples.chunks.0.load(Ordering::Relaxed), 4);
        assert!(samples.fetch(10, &mut scratch).is_err());
        assert_eq!(samples.path(9), PathBuf::from("3"));
    }

    #[test]
    fn a_thread_keeps_a_bounded_number_of_chunks() {
        let shape = ChunkShape {
            samples: 3,
            sample_bytes: 2,
        };
        let mut samples = ChunkedSamples::new(Counting::default(), shape);
        samples.kept_chunks = 2;
        let mut scratch = FetchScratch::default();
        let unpacked = |scratch: &mut FetchScratch, index: u32| {
            let before = samples.chunks.0.load(Ordering::Relaxed);
            samples.fetch(index, scratch).unwrap();
            samples.chunks.0.load(Ordering::Relaxed) > before
        };
        let seen = [0, 3, 1, 6, 2, 4].map(|index| unpacked(&mut scratch, index));
        // Chunk 1 goes when chunk 2 comes, since chunk 0 was used after it.
        assert_eq!(seen, [true, true, false, true, false, true]);
    }
}
