//! Who runs when: randomised complete blocks.
//!
//! A block holds every configuration once, in an order of its own. Whatever drifts over the hours
//! of an experiment (temperature, other users) then hits all configurations alike, and runs of one
//! block can be compared in pairs. See D. C. Montgomery, *Design and Analysis of Experiments*,
//! chapter 4.

use ielade_core::random::KeyedRandom;

/// Keeps block orders apart from other uses of the same seed.
const BLOCK_DOMAIN: u64 = u64::from_be_bytes(*b"ielblock");

/// The order in which the configurations of a block run: each of `0..configurations` once, as a
/// pure function of (seed, block).
///
/// ```
/// use ielade_bench::schedule::block_order;
/// let order = block_order(1, 0, 4);
/// assert_eq!(order, block_order(1, 0, 4));
/// assert_eq!(order.len(), 4);
/// ```
pub fn block_order(seed: u64, block: u32, configurations: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..configurations).collect();
    KeyedRandom::new(&[BLOCK_DOMAIN, seed, u64::from(block)]).shuffle(&mut order);
    order
}

/// The seed of every run of a block: of the order of its images, its augmentation and its first
/// weights.
///
/// All configurations of a block share it, so that accuracies and loss curves of two layouts can
/// be compared; blocks differ, so that the spread over runs includes that of the seeds.
pub const fn run_seed(seed: u64, block: u32) -> u64 {
    seed.wrapping_add(block as u64)
}

#[cfg(test)]
mod tests {
    use super::block_order;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_block_holds_every_configuration_once(
            seed: u64,
            block: u32,
            configurations in 0_u32..200,
        ) {
            let mut order = block_order(seed, block, configurations);
            order.sort_unstable();
            prop_assert!(order.into_iter().eq(0..configurations));
        }

        #[test]
        fn neighbouring_blocks_and_seeds_differ(seed in 0_u64..u64::MAX, block in 0_u32..u32::MAX) {
            // 30! orders: two equal ones do not happen by chance.
            prop_assert_ne!(block_order(seed, block, 30), block_order(seed, block + 1, 30));
            prop_assert_ne!(block_order(seed, block, 30), block_order(seed + 1, block, 30));
        }
    }

    #[test]
    fn every_configuration_comes_first_equally_often() {
        let mut counts = [0_u32; 6];
        for block in 0..6000 {
            counts[block_order(1, block, 6)[0] as usize] += 1;
        }
        // Chi-squared with 5 degrees of freedom: 20.5 is exceeded once in a thousand.
        let chi: f64 = counts
            .iter()
            .map(|count| (f64::from(*count) - 1000.0).powi(2) / 1000.0)
            .sum();
        assert!(chi < 20.5, "{counts:?}");
    }

    #[test]
    fn the_order_of_a_block_never_changes_between_versions() {
        // Written down once; an interrupted experiment continues by it.
        assert_eq!(block_order(1, 0, 8), GOLDEN);
    }

    const GOLDEN: [u32; 8] = [1, 2, 6, 4, 3, 5, 0, 7];
}
