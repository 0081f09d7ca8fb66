//! Two one-sided tests: that a difference is too small to matter.

use super::{distributions::t_upper_tail, paired_t_test};

/// Ratios that count as no difference: `1 / (1 + width)` to `1 + width`.
///
/// The two ends are equally far from 1 as factors, so that it does not matter which of two layouts
/// is called the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EquivalenceBand {
    /// 0.05 for 5 %.
    pub width: f64,
}

impl EquivalenceBand {
    /// Logarithm of the band's upper end; its negative is that of the lower end.
    pub fn log_limit(self) -> f64 {
        self.width.max(0.0).ln_1p()
    }

    /// Whether a ratio lies within the band.
    ///
    /// ```
    /// use ielade_bench::statistics::EquivalenceBand;
    /// let band = EquivalenceBand { width: 0.05 };
    /// assert!(band.holds(0.96) && band.holds(1.05) && !band.holds(0.95));
    /// ```
    pub fn holds(self, ratio: f64) -> bool {
        // A few units in the last place, so that the ends themselves belong to it.
        ratio.ln().abs() <= self.log_limit() * (1.0 + 1e-12)
    }
}

/// Equivalence by two one-sided tests of log ratios within blocks: the probability of differences
/// this close to 0, where the true ratio lies outside the band or on its edge.
///
/// A small value says that the two are equivalent within the band; a large one says nothing, not
/// that they differ. See D. J. Schuirmann, *A comparison of the two one-sided tests procedure and
/// the power approach for assessing the equivalence of average bioavailability*, Journal of
/// Pharmacokinetics and Biopharmaceutics 15 (1987). `None` below two differences or where one is
/// not finite.
///
/// ```
/// use ielade_bench::statistics::{EquivalenceBand, equivalence_test};
/// let band = EquivalenceBand { width: 0.05 };
/// assert!(equivalence_test(&[0.001, -0.002, 0.003, 0.0], band).unwrap() < 0.001);
/// assert!(equivalence_test(&[0.1, -0.1, 0.08, -0.07], band).unwrap() > 0.05);
/// ```
pub fn equivalence_test(log_ratios: &[f64], band: EquivalenceBand) -> Option<f64> {
    let test = paired_t_test(log_ratios)?;
    // The side that the difference is nearer to has the larger probability of the two.
    let room = band.log_limit() - test.difference.abs();
    Some(if test.standard_error > 0.0 {
        t_upper_tail(test.degrees, room / test.standard_error)
    } else if room > 0.0 {
        0.0
    } else {
        1.0
    })
}

#[cfg(test)]
mod tests {
    use super::{EquivalenceBand, equivalence_test};
    use crate::statistics::paired_t_test;
    use proptest::prelude::*;

    #[test]
    fn without_spread_the_band_alone_decides() {
        let band = EquivalenceBand { width: 0.05 };
        assert_eq!(equivalence_test(&[0.0; 4], band), Some(0.0));
        assert_eq!(equivalence_test(&[0.1; 4], band), Some(1.0));
        assert_eq!(equivalence_test(&[0.0], band), None);
    }

    proptest! {
        #[test]
        fn it_holds_exactly_where_the_90_percent_interval_lies_within_the_band(
            log_ratios in prop::collection::vec(-0.1_f64..0.1, 3..15),
            width in 0.01_f64..0.2,
        ) {
            let band = EquivalenceBand { width };
            let interval = paired_t_test(&log_ratios).unwrap().interval(0.9);
            let within = interval.low > -band.log_limit() && interval.high < band.log_limit();
            let p = equivalence_test(&log_ratios, band).unwrap();
            // Away from the edge, where rounding decides.
            prop_assume!((p - 0.05).abs() > 1e-9);
            prop_assert_eq!(p < 0.05, within);
        }
    }
}
