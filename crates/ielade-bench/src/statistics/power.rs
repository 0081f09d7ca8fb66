//! What an experiment can find before it is run: power, detectable ratio, blocks that are needed.

use super::distributions::{normal_cdf, t_quantile};
use statrs::function::gamma::ln_gamma;

/// Intervals of Simpson's rule, for each part of the integrand.
const PIECES: u32 = 400;

/// The most blocks that are looked for.
const MOST_BLOCKS: u32 = 10_000;

/// An experiment in which two layouts are compared block by block.
///
/// The spread that counts is that of the *log ratio* within a block: the standard deviation of
/// ln(time of one) − ln(time of the other). Where runs of a block have nothing in common, it is √2
/// times a layout's coefficient of variation.
///
/// The figures are those of the paired t-test; the exact test of the same blocks finds nearly as
/// much wherever it can find anything ([`family_is_feasible`](super::family_is_feasible)). Of several
/// comparisons each is given its share of α, which is what Holm's method asks of the clearest one.
///
/// ```
/// use ielade_bench::statistics::PairedDesign;
/// let design = PairedDesign { blocks: 10, comparisons: 1, alpha: 0.05 };
/// // Times that scatter by 2 % within a block: 2 % is found in about eight of ten experiments.
/// let ratio = design.detectable_ratio(0.02, 0.8).unwrap();
/// assert!(ratio > 1.019 && ratio < 1.021);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDesign {
    /// Blocks, and so runs of each layout.
    pub blocks: u32,
    /// Comparisons of the family.
    pub comparisons: u32,
    /// Probability of any false finding that is allowed in the family.
    pub alpha: f64,
}

impl PairedDesign {
    /// Probability of finding a difference where the true ratio is `ratio` and its logarithm
    /// scatters by `deviation` within blocks. `None` below two blocks and for values that make no
    /// sense.
    pub fn power(&self, ratio: f64, deviation: f64) -> Option<f64> {
        let shift = ratio.ln().abs();
        let alpha = self.alpha / f64::from(self.comparisons.max(1));
        let sound = shift.is_finite() && deviation > 0.0 && alpha > 0.0 && alpha < 1.0;
        if self.blocks < 2 || !sound {
            return None;
        }
        let degrees = f64::from(self.blocks) - 1.0;
        let critical = t_quantile(degrees, 1.0 - alpha / 2.0);
        let shift = shift / deviation * f64::from(self.blocks).sqrt();
        Some(two_sided_power(shift, critical, degrees))
    }

    /// The smallest ratio above 1 that is found with this probability; its inverse is found as
    /// often. `None` as for [`PairedDesign::power`], and where no ratio up to 1,000 is.
    pub fn detectable_ratio(&self, deviation: f64, power: f64) -> Option<f64> {
        let reaches = |log_ratio: f64| Some(self.power(log_ratio.exp(), deviation)? >= power);
        let mut bounds = (0.0, 1000.0_f64.ln());
        if !reaches(bounds.1)? {
            return None;
        }
        for _ in 0..50 {
            let middle = f64::midpoint(bounds.0, bounds.1);
            if reaches(middle)? {
                bounds.1 = middle;
            } else {
                bounds.0 = middle;
            }
        }
        Some(bounds.1.exp())
    }

    /// The fewest blocks with which a ratio is found with this probability, whatever `self.blocks`
    /// is; `None` where 10,000 are too few.
    pub fn blocks_to_detect(&self, ratio: f64, deviation: f64, power: f64) -> Option<u32> {
        fewest_blocks(|blocks| {
            let design = Self { blocks, ..*self };
            design
                .power(ratio, deviation)
                .is_some_and(|found| found >= power)
        })
    }

    /// How far the 95 % interval of a ratio is expected to reach beyond it, 0.02 for 2 %.
    pub fn half_width(&self, deviation: f64) -> Option<f64> {
        if self.blocks < 2 || !deviation.is_finite() || deviation < 0.0 {
            return None;
        }
        let blocks = f64::from(self.blocks);
        Some((t_quantile(blocks - 1.0, 0.975) * deviation / blocks.sqrt()).exp_m1())
    }

    /// The fewest blocks with which the 95 % interval of a ratio is expected to reach no further
    /// than `target` (0.02 for 2 %) beyond it, whatever `self.blocks` is; `None` where 10,000 are
    /// too few.
    ///
    /// ```
    /// use ielade_bench::statistics::PairedDesign;
    /// let design = PairedDesign { blocks: 10, comparisons: 1, alpha: 0.05 };
    /// assert_eq!(design.blocks_for_half_width(0.02, 0.03), Some(12));
    /// ```
    pub fn blocks_for_half_width(&self, target: f64, deviation: f64) -> Option<u32> {
        fewest_blocks(|blocks| {
            let design = Self { blocks, ..*self };
            design
                .half_width(deviation)
                .is_some_and(|reach| reach <= target)
        })
    }
}

/// The fewest blocks, from 2, with which `is_enough` holds, given that it goes on holding.
fn fewest_blocks(is_enough: impl Fn(u32) -> bool) -> Option<u32> {
    if !is_enough(MOST_BLOCKS) {
        return None;
    }
    let (mut too_few, mut enough) = (1, MOST_BLOCKS);
    while enough - too_few > 1 {
        let middle = u32::midpoint(too_few, enough);
        if is_enough(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Some(enough)
}

/// P(|T| > critical) of the noncentral t distribution with this shift.
///
/// T is (Z + shift) / S, where Z is standard normal and S² is χ² divided by its degrees of freedom;
/// the normal tail is averaged over S by Simpson's rule.
fn two_sided_power(shift: f64, critical: f64, degrees: f64) -> f64 {
    let found = |s: f64| {
        let tails = normal_cdf(shift - critical * s) + normal_cdf(-shift - critical * s);
        tails * spread_density(s, degrees)
    };
    // S is 1 ± 1 / √(2 · degrees), with a tail like a normal one's; and the normal tail falls from
    // 1 to 0 around shift / critical, which is near 0 for two blocks.
    let reach = 7.0 / degrees.sqrt();
    let (low, high) = ((1.0 - reach).max(0.0), 1.0 + reach);
    let falls = [shift - 8.0, shift + 8.0].map(|edge| (edge / critical).clamp(low, high));
    let pieces = [(low, falls[0]), (falls[0], falls[1]), (falls[1], high)];
    let sum: f64 = pieces
        .into_iter()
        .map(|(from, to)| simpson(from, to, found))
        .sum();
    sum.clamp(0.0, 1.0)
}

/// Integral by Simpson's rule.
fn simpson(from: f64, to: f64, of: impl Fn(f64) -> f64) -> f64 {
    let width = (to - from) / f64::from(PIECES);
    let sum: f64 = (0..=PIECES)
        .map(|piece| {
            let weight = match piece {
                0 | PIECES => 1.0,
                odd if odd % 2 == 1 => 4.0,
                _ => 2.0,
            };
            weight * of(from + f64::from(piece) * width)
        })
        .sum();
    sum * width / 3.0
}

/// Density of √(χ² / degrees).
fn spread_density(s: f64, degrees: f64) -> f64 {
    let half = degrees / 2.0;
    let constant = std::f64::consts::LN_2 + half * half.ln() - ln_gamma(half);
    let power = if degrees > 1.0 {
        (degrees - 1.0) * s.ln()
    } else {
        // s⁰ is 1 for s = 0 too.
        0.0
    };
    (constant + power - half * s * s).exp()
}

#[cfg(test)]
mod tests {
    use super::PairedDesign;
    use proptest::prelude::*;

    const TEN: PairedDesign = PairedDesign {
        blocks: 10,
        comparisons: 1,
        alpha: 0.05,
    };

    #[test]
    fn without_a_difference_alpha_is_found() {
        for blocks in [2, 3, 10, 100, 5000] {
            let power = PairedDesign { blocks, ..TEN }.power(1.0, 0.1).unwrap();
            assert!((power - 0.05).abs() < 1e-7, "{blocks}: {power}");
        }
    }

    #[test]
    fn what_makes_no_sense_has_no_power() {
        assert_eq!(PairedDesign { blocks: 1, ..TEN }.power(1.1, 0.1), None);
        assert_eq!(TEN.power(-1.0, 0.1), None);
        assert_eq!(TEN.power(1.1, 0.0), None);
        assert_eq!(TEN.detectable_ratio(f64::NAN, 0.8), None);
        assert_eq!(TEN.half_width(f64::INFINITY), None);
        assert_eq!(TEN.blocks_to_detect(1.0, 0.1, 0.8), None);
        assert_eq!(TEN.blocks_for_half_width(0.0, 0.1), None);
    }

    proptest! {
        #[test]
        fn the_detectable_ratio_has_the_power_that_was_asked_for(
            blocks in 3_u32..60,
            comparisons in 1_u32..40,
            deviation in 0.001_f64..0.2,
            power in 0.5_f64..0.99,
        ) {
            let design = PairedDesign { blocks, comparisons, ..TEN };
            let found = design.detectable_ratio(deviation, power);
            prop_assume!(found.is_some());
            let ratio = found.unwrap();
            prop_assert!((design.power(ratio, deviation).unwrap() - power).abs() < 1e-6);
            // The same seen from the other layout.
            prop_assert!((design.power(1.0 / ratio, deviation).unwrap() - power).abs() < 1e-6);
        }

        #[test]
        fn the_blocks_needed_are_enough_and_one_fewer_is_not(
            ratio in 1.005_f64..1.5,
            deviation in 0.005_f64..0.2,
        ) {
            let blocks = TEN.blocks_to_detect(ratio, deviation, 0.8);
            prop_assume!(blocks.is_some());
            let blocks = blocks.unwrap();
            let power = |blocks| PairedDesign { blocks, ..TEN }.power(ratio, deviation);
            prop_assert!(power(blocks).unwrap() >= 0.8);
            prop_assert!(power(blocks - 1).is_none_or(|power| power < 0.8));
        }
    }
}
