//! The order of an epoch: a pure function of (seed, epoch).

use crate::random::KeyedRandom;

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
    seed: Option<u64>,
}

impl Order {
    /// A global shuffle, another one each epoch.
    pub const fn shuffled(samples: u32, seed: u64) -> Self {
        Self {
            samples,
            seed: Some(seed),
        }
    }

    /// The order in which the store holds the samples, every epoch.
    pub const fn sequential(samples: u32) -> Self {
        Self {
            samples,
            seed: None,
        }
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
        indices.extend(0..self.samples);
        if let Some(seed) = self.seed {
            KeyedRandom::new(&[ORDER_DOMAIN, seed, epoch]).shuffle(indices);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Order;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_epoch_holds_every_sample_once(samples in 0_u32..3000, seed: u64, epoch: u64) {
            let mut indices = Order::shuffled(samples, seed).epoch(epoch);
            indices.sort_unstable();
            prop_assert!(indices.into_iter().eq(0..samples));
        }
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
