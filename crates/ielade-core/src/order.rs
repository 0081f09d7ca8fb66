//! The order of an epoch: a pure function of (seed, epoch).

use crate::{random::KeyedRandom, shuffle::Shuffle};

/// Keeps orders apart from other uses of the same seed.
const ORDER_DOMAIN: u64 = u64::from_be_bytes(*b"ielorder");

/// Which samples come when: a pure function of (samples, shuffle, seed, epoch), the same for any
/// number of threads, ranks and restarts. State to resume is (seed, epoch, position).
///
/// ```
/// use ielade_core::Order;
/// let order = Order::shuffled(1000, 7);
/// let first = order.epoch(0);
/// assert_eq!(first, order.epoch(0));
/// assert_ne!(first, order.epoch(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    samples: u32,
    shuffle: Shuffle,
    /// Samples of each chunk of the store; the last one may have fewer.
    chunk: u32,
    seed: u64,
}

impl Order {
    /// An order of `samples` that lie in the store in chunks of `samples_per_chunk`; 1 where it
    /// has no chunks.
    pub fn new(shuffle: Shuffle, samples: u32, samples_per_chunk: u32, seed: u64) -> Self {
        Self {
            samples,
            shuffle,
            chunk: samples_per_chunk.max(1),
            seed,
        }
    }

    /// A global shuffle, another one each epoch.
    pub const fn shuffled(samples: u32, seed: u64) -> Self {
        Self {
            samples,
            shuffle: Shuffle::Global,
            chunk: 1,
            seed,
        }
    }

    /// The order in which the store holds the samples, every epoch.
    pub const fn sequential(samples: u32) -> Self {
        Self {
            samples,
            shuffle: Shuffle::None,
            chunk: 1,
            seed: 0,
        }
    }

    /// The shuffle.
    pub const fn shuffle(&self) -> Shuffle {
        self.shuffle
    }

    /// Number of samples in an epoch.
    pub const fn samples(&self) -> u32 {
        self.samples
    }

    /// The sample indices of an epoch, each of `0..samples` exactly once.
    pub fn epoch(&self, epoch: u64) -> Vec<u32> {
        let mut indices = Vec::new();
        self.write_epoch(epoch, &mut indices);
        indices
    }

    /// As [`Order::epoch`], into a buffer that is used again.
    pub fn write_epoch(&self, epoch: u64, indices: &mut Vec<u32>) {
        indices.clear();
        let mut random = KeyedRandom::new(&[ORDER_DOMAIN, self.seed, epoch]);
        match self.shuffle {
            Shuffle::None => indices.extend(0..self.samples),
            Shuffle::Chunks { buffer } if self.chunk > 1 => {
                self.write_chunks(buffer, &mut random, indices);
            }
            Shuffle::Global | Shuffle::Chunks { .. } => {
                indices.extend(0..self.samples);
                random.shuffle(indices);
            }
        }
    }

    fn write_chunks(&self, buffer: u32, random: &mut KeyedRandom, indices: &mut Vec<u32>) {
        let mut chunks: Vec<u32> = (0..self.samples.div_ceil(self.chunk)).collect();
        random.shuffle(&mut chunks);
        for group in chunks.chunks(buffer.max(1) as usize) {
            let start = indices.len();
            for chunk in group {
                let first = chunk * self.chunk;
                indices.extend(first..self.samples.min(first.saturating_add(self.chunk)));
            }
            random.shuffle(&mut indices[start..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use crate::shuffle::Shuffle;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_epoch_holds_every_sample_once(samples in 0_u32..3000, seed: u64, epoch: u64) {
            let mut indices = Order::shuffled(samples, seed).epoch(epoch);
            indices.sort_unstable();
            prop_assert!(indices.into_iter().eq(0..samples));
        }
    }

    proptest! {
        #[test]
        fn chunks_come_whole_and_no_more_at_once_than_the_buffer_holds(
            samples in 0_u32..3000, chunk in 1_u32..200, buffer in 1_u32..9, seed: u64,
        ) {
            let shuffle = Shuffle::Chunks { buffer };
            let order = Order::new(shuffle, samples, chunk, seed).epoch(3);
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..samples));
            if chunk > 1 {
                // A chunk is begun, used and done: at most `buffer` are open at any place.
                let mut left = std::collections::HashMap::new();
                for index in &order {
                    let of = index / chunk;
                    let size = chunk.min(samples - of * chunk);
                    let open = left.entry(of).or_insert(size);
                    *open -= 1;
                    if *open == 0 {
                        left.remove(&of);
                    }
                    prop_assert!(left.len() <= buffer as usize);
                }
            }
        }
    }

    #[test]
    fn without_chunks_a_shuffle_of_chunks_is_the_global_one() {
        let chunks = Order::new(Shuffle::Chunks { buffer: 4 }, 500, 1, 3);
        assert_eq!(chunks.epoch(2), Order::shuffled(500, 3).epoch(2));
    }

    #[test]
    fn every_place_is_equally_likely_for_a_sample() {
        let mut counts = [0_u32; 5];
        for epoch in 0..10_000 {
            let order = Order::shuffled(5, 3).epoch(epoch);
            counts[order.iter().position(|index| *index == 2).unwrap()] += 1;
        }
        let chi: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - 2000.0).powi(2) / 2000.0)
            .sum();
        assert!(chi < 18.5, "{counts:?}");
    }

    #[test]
    fn the_shuffle_of_a_seed_never_changes_between_versions() {
        assert_eq!(Order::shuffled(8, 1).epoch(0), GOLDEN);
    }

    const GOLDEN: [u32; 8] = [5, 6, 2, 1, 4, 3, 7, 0];

    #[test]
    fn without_a_seed_the_order_is_the_stores_own() {
        assert_eq!(Order::sequential(4).epoch(9), [0, 1, 2, 3]);
    }
}
