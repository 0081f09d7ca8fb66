//! Distributions of durations, small enough for a record and exact enough for a p99.
//!
//! Buckets grow by a constant factor γ: bucket *i* holds the values in (γ^(i−1), γ^i], and stands
//! for 2γ^i / (γ + 1), which is off by at most (γ − 1) / (γ + 1) of the true value. This is the
//! sketch of C. Masson, J. E. Rim and H. K. Lee, "`DDSketch`: a fast and fully-mergeable quantile
//! sketch with relative-error guarantees", PVLDB 12 (2019), with a relative error of 2 %.

use serde::{Deserialize, Serialize};

/// Largest relative error of a quantile.
pub const RELATIVE_ERROR: f64 = 0.02;

/// γ, the factor between the borders of neighbouring buckets.
const GROWTH: f64 = (1.0 + RELATIVE_ERROR) / (1.0 - RELATIVE_ERROR);

/// The upper border of the first bucket, in seconds; what is shorter counts as this.
const SHORTEST: f64 = 1e-9;

/// Buckets: the last one ends beyond a week.
const BUCKETS: usize = 860;

/// A distribution of durations in seconds.
///
/// ```
/// use ielade_core::histogram::Histogram;
/// let mut waits = Histogram::default();
/// for milliseconds in 1..=100 {
///     waits.record(f64::from(milliseconds) / 1e3);
/// }
/// let p95 = waits.quantile(0.95).unwrap();
/// assert!((p95 / 0.095 - 1.0).abs() < 0.0201);
/// assert_eq!((waits.count(), waits.max()), (100, Some(0.1)));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Sparse", into = "Sparse")]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    max: f64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; BUCKETS],
            count: 0,
            max: 0.0,
        }
    }
}

impl Histogram {
    /// Counts a duration; what is not a number or below zero counts as zero.
    pub fn record(&mut self, seconds: f64) {
        self.counts[bucket_of(seconds)] += 1;
        self.count += 1;
        self.max = self.max.max(seconds);
    }

    /// Adds all durations of another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count = count.saturating_add(*more);
        }
        self.count = self.count.saturating_add(other.count);
        self.max = self.max.max(other.max);
    }

    /// Durations counted.
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The longest duration, exactly; `None` without any.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max)
    }

    /// The duration that a share `q` of all (0..1) does not exceed, within [`RELATIVE_ERROR`];
    /// `None` without any. The rank is rounded up: the least duration at or below which lie at
    /// least q · count of them.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * self.count as f64).ceil().max(1.0);
        let mut below = 0;
        let reached = self.counts.iter().position(|count| {
            below += count;
            below as f64 >= rank
        });
        reached.map(|bucket| middle(bucket).min(self.max))
    }

    /// Middle and count of every bucket that is not empty, the shortest durations first; for
    /// charts.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let counts = self.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(bucket, count)| (middle(bucket), *count))
    }
}

fn bucket_of(seconds: f64) -> usize {
    if seconds.is_nan() || seconds <= SHORTEST {
        return 0;
    }
    let bucket = ((seconds / SHORTEST).ln() / GROWTH.ln()).ceil();
    (bucket as usize).min(BUCKETS - 1)
}

/// The value that a bucket stands for.
fn middle(bucket: usize) -> f64 {
    SHORTEST * 2.0 * GROWTH.powf(bucket as f64) / (GROWTH + 1.0)
}

/// A histogram as it is written: only what is not empty.
#[derive(Serialize, Deserialize)]
struct Sparse {
    max: f64,
    /// Number and count of each bucket.
    buckets: Vec<(u32, u64)>,
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        let counts = (0..).zip(histogram.counts);
        Self {
            max: histogram.max,
            buckets: counts.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

impl TryFrom<Sparse> for Histogram {
    type Error = String;

    fn try_from(sparse: Sparse) -> Result<Self, String> {
        let mut histogram = Self {
            max: sparse.max,
            ..Self::default()
        };
        if !(sparse.max.is_finite() && sparse.max >= 0.0) {
            return Err(format!("a histogram's longest duration is {}", sparse.max));
        }
        for (bucket, count) in sparse.buckets {
            let Some(place) = histogram.counts.get_mut(bucket as usize) else {
                return Err(format!("a histogram names bucket {bucket} of {BUCKETS}"));
            };
            *place = place.saturating_add(count);
            histogram.count = histogram.count.saturating_add(count);
        }
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::{Histogram, RELATIVE_ERROR};
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Histogram {
        let mut histogram = Histogram::default();
        for value in values {
            histogram.record(*value);
        }
        histogram
    }

    proptest! {
        #[test]
        fn quantiles_are_those_of_the_sorted_values_within_the_error(
            mut values in prop::collection::vec(1e-8_f64..1e5, 1..300),
            q in 0.0_f64..=1.0,
        ) {
            let found = of(&values).quantile(q).unwrap();
            values.sort_by(f64::total_cmp);
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1];
            // A hair more than the error: borders are rounded.
            prop_assert!((found / exact - 1.0).abs() <= RELATIVE_ERROR * 1.001, "{found} {exact}");
        }

        #[test]
        fn what_is_written_is_read_again(values in prop::collection::vec(0.0_f64..10.0, 0..50)) {
            let histogram = of(&values);
            let json = serde_json::to_string(&histogram).unwrap();
            prop_assert_eq!(serde_json::from_str::<Histogram>(&json).unwrap(), histogram);
        }

        #[test]
        fn merging_counts_all(
            one in prop::collection::vec(0.0_f64..10.0, 0..50),
            other in prop::collection::vec(0.0_f64..10.0, 0..50),
        ) {
            let mut merged = of(&one);
            merged.merge(&of(&other));
            prop_assert_eq!(merged, of(&[one, other].concat()));
        }
    }

    #[test]
    fn values_that_are_no_durations_do_no_harm() {
        let odd = of(&[f64::NAN, -1.0, 0.0, f64::MIN_POSITIVE, 1e300]);
        assert_eq!(odd.count(), 5);
        assert!(odd.quantile(0.5).unwrap() < 1.1e-9);
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram::default().max(), None);
    }

    #[test]
    fn what_was_changed_by_hand_is_refused() {
        for json in [
            r#"{"max":1,"buckets":[[99999,1]]}"#,
            r#"{"max":-1,"buckets":[]}"#,
            r#"{"max":1,"buckets":[[-1,1]]}"#,
        ] {
            assert!(serde_json::from_str::<Histogram>(json).is_err(), "{json}");
        }
    }
}
