//! Student's t for differences within blocks.

use super::{
    distributions::{t_quantile, t_two_sided},
    mean, standard_deviation,
};
use crate::analysis::Interval;
use serde::{Deserialize, Serialize};

/// A difference with its standard error, judged by Student's t.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TTest {
    /// The difference; of logarithms, the logarithm of a ratio.
    pub difference: f64,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Degrees of freedom of the standard error.
    pub degrees: f64,
    /// Probability of a difference at least this large, in either direction, where there is none.
    pub p_value: f64,
}

impl TTest {
    /// Judges a difference by its standard error.
    pub(super) fn of(difference: f64, standard_error: f64, degrees: f64) -> Self {
        let p_value = if standard_error > 0.0 {
            t_two_sided(degrees, difference / standard_error)
        } else if difference == 0.0 {
            1.0
        } else {
            0.0
        };
        Self {
            difference,
            standard_error,
            degrees,
            p_value,
        }
    }

    /// Interval of the difference; `confidence` 0.95 for 95 %.
    pub fn interval(&self, confidence: f64) -> Interval {
        let reach = self.standard_error * t_quantile(self.degrees, f64::midpoint(1.0, confidence));
        Interval {
            low: self.difference - reach,
            high: self.difference + reach,
        }
    }
}

/// Paired t-test: whether the mean of the differences within blocks is 0.
///
/// It takes the differences for normal, and has no smallest p-value, so that it can decide where
/// there are too few blocks for [`sign_flip_test`](super::sign_flip_test). Unlike
/// [`BlockModel`](super::BlockModel), it lets every pair of layouts have a spread of its own.
/// `None` below two differences or where one is not finite.
///
/// ```
/// use ielade_bench::statistics::paired_t_test;
/// let test = paired_t_test(&[0.11, 0.09, 0.10, 0.12]).unwrap();
/// assert!((test.difference - 0.105).abs() < 1e-12);
/// assert!(test.p_value < 0.001);
/// ```
pub fn paired_t_test(differences: &[f64]) -> Option<TTest> {
    if differences.len() < 2 || differences.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let count = differences.len() as f64;
    let error = standard_deviation(differences)? / count.sqrt();
    Some(TTest::of(mean(differences)?, error, count - 1.0))
}

#[cfg(test)]
mod tests {
    use super::paired_t_test;

    #[test]
    fn one_difference_is_no_test() {
        assert_eq!(paired_t_test(&[1.0]), None);
        assert_eq!(paired_t_test(&[1.0, f64::INFINITY]), None);
    }

    #[test]
    fn differences_without_spread_decide_at_once() {
        assert_eq!(
            paired_t_test(&[0.0; 3]).unwrap().p_value.to_bits(),
            1.0_f64.to_bits()
        );
        assert_eq!(
            paired_t_test(&[0.5; 3]).unwrap().p_value.to_bits(),
            0.0_f64.to_bits()
        );
    }

    #[test]
    fn the_interval_leaves_out_zero_exactly_where_the_test_finds_a_difference() {
        for shift in [0.0, 0.05, 0.08, 0.2] {
            let differences = [0.1, -0.1, 0.05, 0.0, -0.04].map(|one| one + shift);
            let test = paired_t_test(&differences).unwrap();
            let interval = test.interval(0.95);
            assert_eq!(interval.low > 0.0, test.p_value < 0.05, "{shift}");
        }
    }
}
