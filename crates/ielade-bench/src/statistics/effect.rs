//! Cliff's delta: how often a run of one kind is longer than a run of the other.

use super::distributions::t_quantile;
use crate::analysis::Interval;
use serde::{Deserialize, Serialize};

/// How often a value of one sample exceeds one of another, less how often it falls short.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CliffsDelta {
    /// −1 (every first value is below every second) to 1 (every first value is above).
    pub delta: f64,
    /// 95 % confidence interval; `None` below two values on either side.
    pub interval: Option<Interval>,
}

/// Cliff's delta of `first` against `second`: P(first > second) − P(first < second) over all pairs
/// of values.
///
/// The interval is the asymmetric one of D. Feng and N. Cliff, *Monte Carlo evaluation of ordinal d
/// with improved confidence interval*, Journal of Modern Applied Statistical Methods 3 (2004), with
/// the consistent variance of N. Cliff, *Dominance statistics*, Psychological Bulletin 114 (1993).
/// `None` where a sample is empty or a value is not a number.
///
/// ```
/// use ielade_bench::statistics::cliffs_delta;
/// let delta = cliffs_delta(&[3.0, 4.0, 5.0], &[1.0, 2.0, 3.0]).unwrap();
/// // Of nine pairs eight are greater and one is equal.
/// assert!((delta.delta - 8.0 / 9.0).abs() < 1e-12);
/// ```
pub fn cliffs_delta(first: &[f64], second: &[f64]) -> Option<CliffsDelta> {
    let has_nan = first.iter().chain(second).any(|value| value.is_nan());
    if first.is_empty() || second.is_empty() || has_nan {
        return None;
    }
    let pairs = (first.len() * second.len()) as f64;
    let all = first
        .iter()
        .flat_map(|a| second.iter().map(|b| sign(*a, *b)));
    let delta = all.sum::<f64>() / pairs;
    Some(CliffsDelta {
        delta,
        interval: interval(first, second, delta),
    })
}

/// 1, 0 or −1 for above, equal, below.
fn sign(a: f64, b: f64) -> f64 {
    f64::from(i8::from(a > b) - i8::from(a < b))
}

fn interval(first: &[f64], second: &[f64], delta: f64) -> Option<Interval> {
    let (m, n) = (first.len() as f64, second.len() as f64);
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let t = t_quantile(m + n - 2.0, 0.975);
    if delta.abs() >= 1.0 {
        // No variance is left; the bound of a proportion of 1 (Feng and Cliff, 2004, page 324).
        let fewer = m.min(n);
        let near = (fewer - t * t) / (fewer + t * t);
        return Some(if delta > 0.0 {
            Interval {
                low: near,
                high: 1.0,
            }
        } else {
            Interval {
                low: -1.0,
                high: -near,
            }
        });
    }
    let square = variance(first, second, delta);
    let centre = delta - delta.powi(3);
    let reach = t * (square * ((1.0 - delta * delta).powi(2) + t * t * square)).sqrt();
    let scale = 1.0 - delta * delta + t * t * square;
    Some(Interval {
        low: ((centre - reach) / scale).max(-1.0),
        high: ((centre + reach) / scale).min(1.0),
    })
}

/// The consistent estimate of delta's variance (Cliff, 1993, equation 6), not below the smallest
/// one that the pairs allow.
fn variance(first: &[f64], second: &[f64], delta: f64) -> f64 {
    let (m, n) = (first.len() as f64, second.len() as f64);
    let share = |one: f64, others: &[f64], count: f64| {
        others.iter().map(|other| sign(one, *other)).sum::<f64>() / count
    };
    let rows: f64 = first
        .iter()
        .map(|a| (share(*a, second, n) - delta).powi(2))
        .sum();
    // The sign is turned round, as the second sample stands in front.
    let columns: f64 = second
        .iter()
        .map(|b| (share(*b, first, m) + delta).powi(2))
        .sum();
    let cells: f64 = first
        .iter()
        .flat_map(|a| second.iter().map(move |b| (sign(*a, *b) - delta).powi(2)))
        .sum();
    let estimate = (n * n * rows + m * m * columns - cells) / (m * n * (m - 1.0) * (n - 1.0));
    estimate.max((1.0 - delta * delta) / (m * n - 1.0))
}

#[cfg(test)]
mod tests {
    use super::cliffs_delta;
    use proptest::prelude::*;

    #[test]
    fn nothing_and_not_a_number_have_no_delta() {
        assert_eq!(cliffs_delta(&[], &[1.0]), None);
        assert_eq!(cliffs_delta(&[f64::NAN], &[1.0]), None);
    }

    #[test]
    fn one_value_has_a_delta_and_no_interval() {
        let delta = cliffs_delta(&[2.0], &[1.0, 3.0]).unwrap();
        assert!(delta.delta.abs() < 1e-12);
        assert_eq!(delta.interval, None);
    }

    proptest! {
        #[test]
        fn turned_round_it_changes_its_sign_alone(
            first in prop::collection::vec(0.0_f64..4.0, 2..12),
            second in prop::collection::vec(0.0_f64..4.0, 2..12),
        ) {
            let there = cliffs_delta(&first, &second).unwrap();
            let back = cliffs_delta(&second, &first).unwrap();
            prop_assert!((there.delta + back.delta).abs() < 1e-12);
            let (there, back) = (there.interval.unwrap(), back.interval.unwrap());
            prop_assert!((there.low + back.high).abs() < 1e-9);
            prop_assert!((there.high + back.low).abs() < 1e-9);
        }

        #[test]
        fn it_lies_within_its_interval_and_that_within_one(
            first in prop::collection::vec(0_u8..6, 2..12),
            second in prop::collection::vec(0_u8..6, 2..12),
        ) {
            let first: Vec<f64> = first.into_iter().map(f64::from).collect();
            let second: Vec<f64> = second.into_iter().map(f64::from).collect();
            let found = cliffs_delta(&first, &second).unwrap();
            let interval = found.interval.unwrap();
            prop_assert!(interval.low >= -1.0 && interval.high <= 1.0);
            prop_assert!(interval.low <= found.delta + 1e-12);
            prop_assert!(found.delta <= interval.high + 1e-12);
        }
    }
}
