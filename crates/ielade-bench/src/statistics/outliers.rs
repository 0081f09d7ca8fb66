//! Runs that stand apart from the others. They are marked and kept: a slow run is a result.

use super::{mean, median};

/// Modified z-score beyond which a run is marked.
pub const OUTLIER_SCORE: f64 = 3.5;

/// Modified z-score of each value: its distance from the median in robust standard deviations,
/// 0.6745 · (value − median) / MAD; 3.5 or more stands out ([`OUTLIER_SCORE`]).
///
/// See B. Iglewicz, D. C. Hoaglin, *How to Detect and Handle Outliers* (1993), page 11. Where more
/// than half of the values are equal, the median of the absolute deviations (MAD) is 0, and their
/// mean times 1.2533 takes the place of MAD / 0.6745. Equal values have the score 0.
///
/// ```
/// use ielade_bench::statistics::{OUTLIER_SCORE, modified_z_scores};
/// let scores = modified_z_scores(&[3.0, 3.1, 2.9, 3.0, 3.2, 6.0]);
/// assert!(scores[5] > OUTLIER_SCORE);
/// assert!(scores[..5].iter().all(|score| score.abs() < OUTLIER_SCORE));
/// ```
pub fn modified_z_scores(values: &[f64]) -> Vec<f64> {
    let Some(centre) = median(values) else {
        return Vec::new();
    };
    let deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let mad = median(&deviations).unwrap_or(0.0);
    let scale = if mad > 0.0 {
        mad / 0.6745
    } else {
        1.253_314 * mean(&deviations).unwrap_or(0.0)
    };
    let score = |value: &f64| {
        if scale > 0.0 {
            (value - centre) / scale
        } else {
            0.0
        }
    };
    values.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::modified_z_scores;
    use proptest::prelude::*;

    #[test]
    fn equal_values_do_not_stand_out() {
        assert_eq!(modified_z_scores(&[2.0; 3]), [0.0; 3]);
        assert!(modified_z_scores(&[]).is_empty());
    }

    #[test]
    fn one_value_among_equal_ones_stands_out() {
        let scores = modified_z_scores(&[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]);
        assert!(scores[9] > 7.9 && scores[0].abs() < 1e-12, "{scores:?}");
    }

    proptest! {
        #[test]
        fn another_unit_gives_the_same_scores(
            values in prop::collection::vec(0.1_f64..10.0, 1..20),
            factor in 0.001_f64..1000.0,
        ) {
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            let pairs = modified_z_scores(&values).into_iter().zip(modified_z_scores(&scaled));
            for (one, other) in pairs {
                prop_assert!((one - other).abs() <= 1e-6 * one.abs().max(1.0));
            }
        }
    }
}
