//! Trend over the order of runs: whether the machine became slower or faster meanwhile.

use super::{
    distributions::{normal_cdf, normal_quantile},
    median,
};
use crate::analysis::Interval;
use serde::{Deserialize, Serialize};

/// Values beyond which only every second, third … one is taken, since all pairs are looked at.
const MOST_VALUES: usize = 2_000;

/// A trend over equally spaced values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Kendall's τ-b of value and order: −1 (falls throughout) to 1 (rises throughout).
    pub tau: f64,
    /// Probability of a τ this far from 0 where order means nothing (Mann–Kendall, normal
    /// approximation with ties, two-sided).
    pub p_value: f64,
    /// Median of the slopes of all pairs (Theil–Sen), a value.
    pub slope: f64,
    /// 95 % confidence interval of the slope (Sen).
    pub slope_interval: Interval,
}

/// The trend over values in the order in which they came.
///
/// See H. B. Mann, *Nonparametric tests against trend* (1945), M. G. Kendall, *Rank Correlation
/// Methods* (1975), and P. K. Sen, *Estimates of the regression coefficient based on Kendall's tau*
/// (1968). It takes values for independent but for the trend; slow ups and downs of a machine make
/// its p-value too small. Of more than 2,000 values, evenly spaced ones are taken. `None` below four
/// values, where all are equal, or where one is not finite.
///
/// ```
/// use ielade_bench::statistics::trend;
/// let rising = trend(&[1.0, 1.2, 1.1, 1.3, 1.5, 1.4, 1.7, 1.6]).unwrap();
/// assert!(rising.p_value < 0.01 && rising.slope > 0.05);
/// ```
pub fn trend(values: &[f64]) -> Option<Trend> {
    let step = values.len().div_ceil(MOST_VALUES).max(1);
    let taken: Vec<f64> = values.iter().copied().step_by(step).collect();
    if taken.len() < 4 || taken.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let n = taken.len() as f64;
    let pairs = n * (n - 1.0) / 2.0;
    let ties = Ties::of(&taken);
    if ties.pairs >= pairs {
        return None;
    }
    let score = score(&taken);
    let variance = ties.score_variance(n);
    let z = score / variance.sqrt();
    let mut slopes = slopes(&taken, step as f64);
    slopes.sort_unstable_by(f64::total_cmp);
    Some(Trend {
        tau: score / (pairs * (pairs - ties.pairs)).sqrt(),
        p_value: (2.0 * normal_cdf(-z.abs())).min(1.0),
        slope: median(&slopes)?,
        slope_interval: slope_interval(&slopes, variance)?,
    })
}

/// Rising pairs less falling ones.
fn score(values: &[f64]) -> f64 {
    let mut score = 0_i64;
    for (place, earlier) in values.iter().enumerate() {
        for later in &values[place + 1..] {
            score += i64::from(later > earlier) - i64::from(later < earlier);
        }
    }
    score as f64
}

fn slopes(values: &[f64], step: f64) -> Vec<f64> {
    let mut slopes = Vec::with_capacity(values.len() * (values.len() - 1) / 2);
    for (place, earlier) in values.iter().enumerate() {
        let later = values[place + 1..].iter().zip(1_u32..);
        slopes.extend(later.map(|(value, apart)| (value - earlier) / (f64::from(apart) * step)));
    }
    slopes
}

/// Interval of the median slope, by how far the score scatters (Sen, 1968, section 6).
fn slope_interval(sorted: &[f64], variance: f64) -> Option<Interval> {
    let reach = normal_quantile(0.975) * variance.sqrt();
    let count = sorted.len() as f64;
    let low = f64::midpoint(count, -reach).round_ties_even() - 1.0;
    let high = f64::midpoint(count, reach).round_ties_even();
    let last = count - 1.0;
    Some(Interval {
        low: *sorted.get(low.clamp(0.0, last) as usize)?,
        high: *sorted.get(high.clamp(0.0, last) as usize)?,
    })
}

/// Equal values, which say nothing about a trend.
struct Ties {
    /// Pairs of equal values.
    pairs: f64,
    /// Σ t(t − 1)(2t + 5) over groups of t equal values.
    weight: f64,
}

impl Ties {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        // In this order, not below the next one means equal to it.
        let groups = sorted.chunk_by(|a, b| a >= b);
        let mut ties = Self {
            pairs: 0.0,
            weight: 0.0,
        };
        for group in groups {
            let t = group.len() as f64;
            ties.pairs += t * (t - 1.0) / 2.0;
            ties.weight += t * (t - 1.0) * (2.0 * t + 5.0);
        }
        ties
    }

    /// Variance of the score where there is no trend (Kendall, 1975, chapter 4).
    fn score_variance(&self, n: f64) -> f64 {
        (n * (n - 1.0) * (2.0 * n + 5.0) - self.weight) / 18.0
    }
}

#[cfg(test)]
mod tests {
    use super::trend;
    use proptest::prelude::*;

    #[test]
    fn too_few_or_equal_values_have_no_trend() {
        assert_eq!(trend(&[1.0, 2.0, 3.0]), None);
        assert_eq!(trend(&[1.0; 9]), None);
        assert_eq!(trend(&[1.0, 2.0, 3.0, f64::NAN]), None);
    }

    #[test]
    fn a_straight_line_has_its_slope() {
        let line: Vec<f64> = (0..12).map(|place| 3.0 - 0.5 * f64::from(place)).collect();
        let found = trend(&line).unwrap();
        assert!((found.tau + 1.0).abs() < 1e-12 && (found.slope + 0.5).abs() < 1e-12);
        assert!(found.p_value < 1e-4);
    }

    #[test]
    fn very_many_values_are_thinned_and_keep_their_slope() {
        let line: Vec<f64> = (0..9_001).map(|place| 0.001 * f64::from(place)).collect();
        let found = trend(&line).unwrap();
        assert!((found.slope - 0.001).abs() < 1e-9, "{found:?}");
    }

    proptest! {
        #[test]
        fn the_other_way_round_it_falls_as_it_rose(
            values in prop::collection::vec(0_u8..50, 4..30),
        ) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let back: Vec<f64> = values.iter().rev().copied().collect();
            match (trend(&values), trend(&back)) {
                (Some(there), Some(back)) => {
                    prop_assert!((there.tau + back.tau).abs() < 1e-12);
                    prop_assert!((there.slope + back.slope).abs() < 1e-9);
                    prop_assert!((there.p_value - back.p_value).abs() < 1e-12);
                    prop_assert!(there.slope_interval.low <= there.slope);
                    prop_assert!(there.slope <= there.slope_interval.high);
                }
                (there, back) => prop_assert_eq!(there, back),
            }
        }
    }
}
