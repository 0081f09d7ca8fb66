//! Interval of a ratio of means of paired values, by Fieller's theorem.

use super::{distributions::t_quantile, mean};
use crate::analysis::Interval;

/// Interval of the mean of the firsts divided by the mean of the seconds, where each pair is one
/// block: the ratios that a paired t-test of `first − ratio · second` does not reject.
///
/// See E. C. Fieller, *Some problems in interval estimation*, Journal of the Royal Statistical
/// Society B 16 (1954). `confidence` is 0.95 for 95 %. `None` below three pairs, where a value is
/// not finite, and where the mean of the seconds is not told apart from 0.
///
/// ```
/// use ielade_bench::statistics::paired_ratio_interval;
/// let blocks = [(2.1, 1.0), (2.2, 1.1), (1.9, 1.0), (2.5, 1.2)];
/// let interval = paired_ratio_interval(&blocks, 0.95).unwrap();
/// assert!(interval.low > 1.8 && interval.high < 2.3);
/// ```
pub fn paired_ratio_interval(pairs: &[(f64, f64)], confidence: f64) -> Option<Interval> {
    if pairs.len() < 3 {
        return None;
    }
    let count = pairs.len() as f64;
    let (above, below): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (above, below) = (mean(&above)?, mean(&below)?);
    let ratio = above / below;
    // (variance of the mean of first − ratio · second, its covariance with the mean of the
    // seconds, their variance); around the ratio found, so that nothing cancels.
    let mut spread = (0.0, 0.0, 0.0);
    for (first, second) in pairs {
        let rest = first - ratio * second;
        let second = second - below;
        spread.0 += rest * rest;
        spread.1 += rest * second;
        spread.2 += second * second;
    }
    let t = t_quantile(count - 1.0, f64::midpoint(1.0, confidence));
    let scale = t * t / (count * (count - 1.0));
    let (variance, covariance) = (scale * spread.0, scale * spread.1);
    let lead = below * below - scale * spread.2;
    let root = (covariance * covariance + lead * variance).sqrt();
    let interval = Interval {
        low: ratio - (covariance + root) / lead,
        high: ratio - (covariance - root) / lead,
    };
    let sound = lead > 0.0 && interval.low.is_finite() && interval.high.is_finite();
    sound.then_some(interval)
}

#[cfg(test)]
mod tests {
    use super::paired_ratio_interval;
    use proptest::prelude::*;

    #[test]
    fn what_has_no_ratio_has_no_interval() {
        assert_eq!(paired_ratio_interval(&[(1.0, 2.0); 2], 0.95), None);
        assert_eq!(paired_ratio_interval(&[(1.0, 0.0); 4], 0.95), None);
        let around_zero = [(1.0, 1.0), (1.0, -1.0), (2.0, 0.5)];
        assert_eq!(paired_ratio_interval(&around_zero, 0.95), None);
        let infinite = [(1.0, 1.0), (f64::INFINITY, 1.0), (2.0, 0.5)];
        assert_eq!(paired_ratio_interval(&infinite, 0.95), None);
    }

    proptest! {
        #[test]
        fn turned_round_the_ends_change_places(
            pairs in prop::collection::vec((9.0_f64..11.0, 4.0_f64..6.0), 3..12),
        ) {
            let turned: Vec<(f64, f64)> = pairs.iter().map(|(a, b)| (*b, *a)).collect();
            let there = paired_ratio_interval(&pairs, 0.95);
            let back = paired_ratio_interval(&turned, 0.95);
            // Three pairs may scatter too much for either.
            prop_assume!(there.is_some() && back.is_some());
            let (there, back) = (there.unwrap(), back.unwrap());
            prop_assert!((there.low * back.high - 1.0).abs() < 1e-9);
            prop_assert!((there.high * back.low - 1.0).abs() < 1e-9);
        }

        #[test]
        fn pairs_that_move_together_have_a_ratio_without_spread(
            seconds in prop::collection::vec(1.0_f64..9.0, 10),
        ) {
            let pairs: Vec<(f64, f64)> = seconds.iter().map(|one| (one * 3.0, *one)).collect();
            let interval = paired_ratio_interval(&pairs, 0.95);
            prop_assume!(interval.is_some());
            let interval = interval.unwrap();
            prop_assert!((interval.low - 3.0).abs() < 1e-9 && (interval.high - 3.0).abs() < 1e-9);
        }
    }
}
