//! Permutation tests: how often chance alone would give a difference as large as the one found.

use super::mean;
use ielade_core::random::KeyedRandom;
use serde::{Deserialize, Serialize};

/// Keeps the draws apart from other uses of random numbers.
const PERMUTATION_DOMAIN: u64 = u64::from_be_bytes(*b"ielpermu");

/// Up to so many arrangements all are gone through; beyond, some are drawn.
const MOST_ARRANGEMENTS: u64 = 1 << 20;

/// Arrangements that are drawn where there are too many. With the observed one they are 100,000.
const DRAWN: u64 = 99_999;

/// The arrangements that a test has looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrangements {
    /// All there are; the p-value is exact.
    All(u64),
    /// So many, drawn by chance from a fixed seed.
    Drawn(u64),
}

/// What a permutation test found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PermutationTest {
    /// Share of the arrangements with a difference at least as large, in either direction; the
    /// observed arrangement is one of them, so that it is never 0.
    pub p_value: f64,
    /// The arrangements that were looked at.
    pub arrangements: Arrangements,
}

/// Paired permutation test within blocks: which of the two runs of a block is the first is left to
/// chance, so that each difference takes either sign; the statistic is their mean.
///
/// Given differences of log times, it asks whether the ratio within a block is 1. All 2ⁿ signs of up
/// to 20 blocks are gone through; beyond, 99,999 are drawn (B. Phipson, G. K. Smyth, *Permutation
/// p-values should never be zero*, 2010). `None` of no differences or where one is not finite.
///
/// ```
/// use ielade_bench::statistics::sign_flip_test;
/// // All ten blocks agree: 2 of 1,024 arrangements are as far from 0.
/// let test = sign_flip_test(&[0.05, 0.04, 0.06, 0.05, 0.03, 0.05, 0.07, 0.05, 0.04, 0.05], 0);
/// assert_eq!(test.unwrap().p_value, 2.0 / 1024.0);
/// ```
pub fn sign_flip_test(differences: &[f64], seed: u64) -> Option<PermutationTest> {
    if differences.is_empty() || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let threshold = threshold(differences.iter().sum(), differences);
    Some(if differences.len() <= MOST_ARRANGEMENTS.ilog2() as usize {
        // Turning all signs round changes nothing, so the first one stays as it is.
        let reached = signs_reaching(&differences[1..], differences[0], threshold);
        exact(2 * reached, 1 << differences.len())
    } else {
        let mut random = KeyedRandom::new(&[PERMUTATION_DOMAIN, seed]);
        drawn(|| {
            let signed = |value: &f64| if random.coin() { *value } else { -value };
            differences.iter().map(signed).sum::<f64>().abs() >= threshold
        })
    })
}

/// Permutation test of two samples that have nothing in common: which runs belong to which sample
/// is left to chance; the statistic is the difference of the means.
///
/// Up to 2²⁰ ways are all gone through (two samples of ten have 184,756); beyond, 99,999 are drawn.
/// `None` where a sample is empty or a value is not finite.
///
/// ```
/// use ielade_bench::statistics::unpaired_test;
/// let test = unpaired_test(&[3.0, 3.1, 3.2], &[2.0, 2.1, 2.2], 0).unwrap();
/// // Of 20 ways, this one and its mirror image are as far apart.
/// assert_eq!(test.p_value, 0.1);
/// ```
pub fn unpaired_test(first: &[f64], second: &[f64], seed: u64) -> Option<PermutationTest> {
    let mut all = [first, second].concat();
    if first.is_empty() || second.is_empty() || all.iter().any(|value| !value.is_finite()) {
        return None;
    }
    // The rest follows from the sum over the first: with all values centred on their mean, the
    // difference of the means is that sum times a constant.
    let centre = mean(&all)?;
    for value in &mut all {
        *value -= centre;
    }
    let threshold = threshold(all[..first.len()].iter().sum(), &all);
    let ways = ways(all.len(), first.len());
    Some(if let Some(ways) = ways {
        exact(choices_reaching(&all, first.len(), 0.0, threshold), ways)
    } else {
        let mut random = KeyedRandom::new(&[PERMUTATION_DOMAIN, seed]);
        drawn(|| {
            random.shuffle(&mut all);
            all[..first.len()].iter().sum::<f64>().abs() >= threshold
        })
    })
}

/// The smallest p-value that [`sign_flip_test`] can give: 2 / 2ⁿ.
///
/// ```
/// use ielade_bench::statistics::smallest_sign_flip_p;
/// assert_eq!(smallest_sign_flip_p(10), 1.0 / 512.0);
/// ```
pub fn smallest_sign_flip_p(blocks: u32) -> f64 {
    if u64::from(blocks) <= u64::from(MOST_ARRANGEMENTS.ilog2()) {
        0.5_f64.powi(blocks as i32 - 1).min(1.0)
    } else {
        1.0 / (DRAWN + 1) as f64
    }
}

/// The smallest p-value that [`unpaired_test`] can give for samples of these sizes.
///
/// ```
/// use ielade_bench::statistics::smallest_unpaired_p;
/// assert_eq!(smallest_unpaired_p(10, 10), 2.0 / 184_756.0);
/// ```
pub fn smallest_unpaired_p(first: u32, second: u32) -> f64 {
    // Where the sizes differ, the mirror image is not among the ways.
    let extremes = if first == second { 2.0 } else { 1.0 };
    let ways = ways(
        (first as usize).saturating_add(second as usize),
        first as usize,
    );
    ways.map_or(1.0 / (DRAWN + 1) as f64, |ways| {
        (extremes / ways as f64).min(1.0)
    })
}

/// What a sum must reach: the observed one, less what rounding may have taken from an equal one.
fn threshold(observed: f64, values: &[f64]) -> f64 {
    let size: f64 = values.iter().map(|value| value.abs()).sum();
    observed.abs() - 1e-12 * size
}

/// In how many ways of choosing the signs of `rest` its sum with `sum` reaches the threshold.
fn signs_reaching(rest: &[f64], sum: f64, threshold: f64) -> u64 {
    match rest {
        [] => u64::from(sum.abs() >= threshold),
        [next, rest @ ..] => {
            signs_reaching(rest, sum + next, threshold)
                + signs_reaching(rest, sum - next, threshold)
        }
    }
}

/// In how many ways of choosing `count` of `values` their sum with `sum` reaches the threshold.
fn choices_reaching(values: &[f64], count: usize, sum: f64, threshold: f64) -> u64 {
    match values {
        _ if count == 0 => u64::from(sum.abs() >= threshold),
        [next, rest @ ..] if values.len() >= count => {
            choices_reaching(rest, count - 1, sum + next, threshold)
                + choices_reaching(rest, count, sum, threshold)
        }
        _ => 0,
    }
}

/// Ways of choosing `chosen` of `all`; `None` where they are more than are gone through.
fn ways(all: usize, chosen: usize) -> Option<u64> {
    let fewer = chosen.min(all.checked_sub(chosen)?);
    (0..fewer as u64).try_fold(1_u64, |ways, step| {
        let next = ways.checked_mul(all as u64 - step)? / (step + 1);
        (next <= MOST_ARRANGEMENTS).then_some(next)
    })
}

fn exact(reached: u64, all: u64) -> PermutationTest {
    PermutationTest {
        p_value: reached as f64 / all as f64,
        arrangements: Arrangements::All(all),
    }
}

fn drawn(mut reaches: impl FnMut() -> bool) -> PermutationTest {
    let reached = (0..DRAWN).filter(|_| reaches()).count();
    PermutationTest {
        p_value: (reached + 1) as f64 / (DRAWN + 1) as f64,
        arrangements: Arrangements::Drawn(DRAWN),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Arrangements, sign_flip_test, smallest_sign_flip_p, smallest_unpaired_p, unpaired_test,
        ways,
    };
    use proptest::prelude::*;

    #[test]
    fn nothing_to_permute_is_no_test() {
        assert_eq!(sign_flip_test(&[], 0), None);
        assert_eq!(sign_flip_test(&[f64::NAN], 0), None);
        assert_eq!(unpaired_test(&[], &[1.0], 0), None);
        assert_eq!(unpaired_test(&[1.0], &[f64::INFINITY], 0), None);
    }

    #[test]
    fn no_difference_at_all_is_as_likely_as_can_be() {
        let certain = |p: f64| assert!((p - 1.0).abs() < 1e-12);
        certain(sign_flip_test(&[0.0; 8], 0).unwrap().p_value);
        certain(sign_flip_test(&[0.0; 30], 0).unwrap().p_value);
        certain(unpaired_test(&[1.0; 5], &[1.0; 4], 0).unwrap().p_value);
    }

    #[test]
    fn samples_that_do_not_overlap_reach_the_smallest_p_value() {
        let low: Vec<f64> = (0..10).map(f64::from).collect();
        for size in [9, 10, 7] {
            let high: Vec<f64> = (0..size).map(|value| 100.0 + f64::from(value)).collect();
            let found = unpaired_test(&low, &high, 0).unwrap().p_value;
            let smallest = smallest_unpaired_p(10, size as u32);
            assert!(
                (found - smallest).abs() < 1e-15,
                "{size}: {found}, {smallest}"
            );
        }
    }

    #[test]
    fn many_blocks_are_drawn_and_agree_with_all_of_them() {
        // 20 blocks are exact. A 21st that adds nothing leaves the true p-value as it is.
        let differences: Vec<f64> = (0..20).map(|one| f64::from(one % 7) - 2.2).collect();
        let all = sign_flip_test(&differences, 0).unwrap();
        assert_eq!(all.arrangements, Arrangements::All(1 << 20));
        let drawn = sign_flip_test(&[differences, vec![0.0]].concat(), 0).unwrap();
        assert_eq!(drawn.arrangements, Arrangements::Drawn(99_999));
        // Five standard deviations of a share of 0.5 in 99,999 draws.
        assert!(
            (all.p_value - drawn.p_value).abs() < 0.008,
            "{all:?} {drawn:?}"
        );
        assert!(all.p_value > 0.01 && all.p_value < 0.99);
    }

    #[test]
    fn the_number_of_ways_is_right_and_bounded() {
        assert_eq!(ways(20, 10), Some(184_756));
        assert_eq!(ways(5, 0), Some(1));
        assert_eq!(ways(5, 5), Some(1));
        assert_eq!(ways(1000, 2), Some(499_500));
        assert_eq!(ways(60, 30), None);
        assert_eq!(ways(2, 3), None);
    }

    #[test]
    fn the_smallest_p_values_are_those_of_the_tests() {
        for blocks in 1..=12 {
            let smallest = sign_flip_test(&vec![1.0; blocks as usize], 0).unwrap();
            assert!((smallest.p_value - smallest_sign_flip_p(blocks)).abs() < 1e-15);
        }
        assert!((smallest_sign_flip_p(0) - 1.0).abs() < 1e-15);
        assert!((smallest_sign_flip_p(40) - 1e-5).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn a_p_value_is_a_share_and_the_sign_does_not_matter(
            differences in prop::collection::vec(-1.0_f64..1.0, 1..12),
        ) {
            let turned: Vec<f64> = differences.iter().map(|value| -value).collect();
            let p = sign_flip_test(&differences, 0).unwrap().p_value;
            prop_assert!(p > 0.0 && p <= 1.0);
            prop_assert!((p - sign_flip_test(&turned, 0).unwrap().p_value).abs() < 1e-12);
        }

        #[test]
        fn which_sample_comes_first_does_not_matter(
            first in prop::collection::vec(-1.0_f64..1.0, 1..7),
            second in prop::collection::vec(-1.0_f64..1.0, 1..7),
        ) {
            let there = unpaired_test(&first, &second, 0).unwrap().p_value;
            let back = unpaired_test(&second, &first, 0).unwrap().p_value;
            prop_assert!((there - back).abs() < 1e-12);
        }
    }
}
