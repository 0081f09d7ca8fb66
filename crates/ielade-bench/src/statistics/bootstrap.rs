//! The bias-corrected and accelerated bootstrap (Efron, 1987), with percentiles expanded for small
//! samples (Hesterberg, 2015).

use super::{
    distributions::{normal_cdf, normal_quantile, t_quantile},
    mean,
};
use crate::analysis::Interval;
use ielade_core::random::KeyedRandom;

/// Keeps resampling apart from other uses of random numbers.
const BOOTSTRAP_DOMAIN: u64 = u64::from_be_bytes(*b"ielboots");

/// The fewest values from which an interval is made; below, resampling has nothing to choose from.
const FEWEST: usize = 3;

/// How sure an interval is to hold the true value, 0..1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence(pub f64);

impl Confidence {
    /// 95 %.
    pub const P95: Self = Self(0.95);
}

/// Which percentiles of the drawn values `BCa` starts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Percentiles {
    /// Expanded for small samples: the normal quantile z becomes √(n / (n − 1)) · t with n − 1
    /// degrees of freedom (Hesterberg, 2015, section 4.1). Of several samples, each adds to factor
    /// and degrees of freedom by its share of the variance (Welch, Satterthwaite).
    #[default]
    Expanded,
    /// As Efron gave them, and as SciPy's `bootstrap` takes them; too narrow below some 30 runs.
    Nominal,
}

/// Makes `BCa` bootstrap intervals; the same settings and values give the same interval.
///
/// ```
/// use ielade_bench::statistics::Bootstrap;
/// let seconds = [3.1, 3.0, 3.2, 3.1, 3.9, 3.0];
/// let interval = Bootstrap::default().mean_interval(&seconds).unwrap();
/// assert!(interval.low > 3.0 && interval.low < 3.2167);
/// assert!(interval.high > 3.2167 && interval.high < 3.9);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often the sample is drawn again; 10,000 leave the interval's ends uncertain by about
    /// 1 % of its width.
    pub resamples: u32,
    /// How sure the interval is to hold the true value.
    pub confidence: Confidence,
    /// Seed of the resampling.
    pub seed: u64,
    /// The correction for few runs.
    pub percentiles: Percentiles,
}

impl Default for Bootstrap {
    /// 10,000 resamples, 95 %, seed 0, expanded percentiles.
    fn default() -> Self {
        Self {
            resamples: 10_000,
            confidence: Confidence::P95,
            seed: 0,
            percentiles: Percentiles::Expanded,
        }
    }
}

impl Bootstrap {
    /// Interval of the mean; `None` below three values or where one is not finite.
    ///
    /// Equal values give an interval without width.
    pub fn mean_interval(&self, values: &[f64]) -> Option<Interval> {
        self.interval(&[values.len()], |places| {
            let drawn = places[0].iter().map(|place| values[*place]);
            drawn.sum::<f64>() / places[0].len() as f64
        })
    }

    /// Interval of the mean of the firsts divided by the mean of the seconds, where each pair is
    /// one block: blocks are drawn, so that what the runs of a block share cancels out.
    ///
    /// `None` below three pairs or where the ratio is not finite.
    pub fn paired_ratio_interval(&self, pairs: &[(f64, f64)]) -> Option<Interval> {
        self.interval(&[pairs.len()], |places| {
            let drawn = places[0].iter().map(|place| pairs[*place]);
            let (above, below) =
                drawn.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
            above / below
        })
    }

    /// Interval of the ratio of the means of two samples that have nothing in common; each is
    /// drawn on its own.
    ///
    /// `None` below three values on either side or where the ratio is not finite.
    pub fn independent_ratio_interval(&self, above: &[f64], below: &[f64]) -> Option<Interval> {
        let mean_of = |values: &[f64], places: &[usize]| {
            places.iter().map(|place| values[*place]).sum::<f64>() / places.len() as f64
        };
        self.interval(&[above.len(), below.len()], |places| {
            mean_of(above, &places[0]) / mean_of(below, &places[1])
        })
    }

    /// `BCa` interval of a statistic of one or more samples. The statistic is given the places of
    /// the drawn values in each sample.
    fn interval(
        &self,
        sizes: &[usize],
        statistic: impl Fn(&[Vec<usize>]) -> f64,
    ) -> Option<Interval> {
        if self.resamples == 0 || sizes.iter().any(|size| *size < FEWEST) {
            return None;
        }
        let mut places: Vec<Vec<usize>> = sizes.iter().map(|size| (0..*size).collect()).collect();
        let observed = statistic(&places);
        let influences = Influences::of(&places, &statistic);
        let mut random = KeyedRandom::new(&[BOOTSTRAP_DOMAIN, self.seed]);
        let mut drawn: Vec<f64> = (0..self.resamples)
            .map(|_| {
                draw(&mut places, &mut random);
                statistic(&places)
            })
            .collect();
        if !observed.is_finite() || drawn.iter().any(|value| !value.is_finite()) {
            return None;
        }
        drawn.sort_unstable_by(f64::total_cmp);
        if drawn.first() == drawn.last() {
            // Nothing varies: bias and acceleration are undefined, the interval is the value.
            return Some(Interval {
                low: observed,
                high: observed,
            });
        }
        let correction = Correction {
            bias: bias(&drawn, observed),
            acceleration: influences.acceleration(),
        };
        let reach = self.reach(&influences);
        Some(Interval {
            low: quantile(&drawn, correction.level(-reach)),
            high: quantile(&drawn, correction.level(reach)),
        })
    }

    /// How far out the ends lie before they are corrected, in standard deviations.
    fn reach(&self, influences: &Influences) -> f64 {
        let level = f64::midpoint(1.0, self.confidence.0);
        match self.percentiles {
            Percentiles::Nominal => normal_quantile(level),
            Percentiles::Expanded => influences.expanded(level),
        }
    }
}

/// Draws every sample again, with replacement.
fn draw(places: &mut [Vec<usize>], random: &mut KeyedRandom) {
    for sample in places {
        let size = sample.len() as u32;
        for place in sample {
            *place = random.below(size) as usize;
        }
    }
}

/// How far the percentiles are moved.
struct Correction {
    bias: f64,
    acceleration: f64,
}

impl Correction {
    /// The corrected percentile for one that is `reach` standard deviations out (Efron and
    /// Tibshirani, equation 14.10).
    fn level(&self, reach: f64) -> f64 {
        let shifted = self.bias + reach;
        let slowed = 1.0 - self.acceleration * shifted;
        if slowed > 0.0 {
            normal_cdf(self.bias + shifted / slowed)
        } else {
            // The correction has run past infinity: the outermost value on that side.
            f64::from(shifted > 0.0)
        }
    }
}

/// Bias correction: where the observed value lies among the drawn ones, in standard deviations;
/// ties count half.
fn bias(sorted: &[f64], observed: f64) -> f64 {
    let below = sorted.partition_point(|value| *value < observed);
    let not_above = sorted.partition_point(|value| *value <= observed);
    let count = sorted.len() as f64;
    let share = (below + not_above) as f64 / (2.0 * count);
    // A share of 0 or 1 would be infinitely far out; half a draw is as far as can be told.
    normal_quantile(share.clamp(0.5 / count, 1.0 - 0.5 / count))
}

/// What each value adds to the statistic, by the jackknife; one list a sample.
struct Influences(Vec<Vec<f64>>);

impl Influences {
    fn of(places: &[Vec<usize>], statistic: &impl Fn(&[Vec<usize>]) -> f64) -> Self {
        let of_sample = |sample: usize| {
            let size = places[sample].len();
            let without: Vec<f64> = (0..size)
                .map(|left_out| {
                    let mut rest = places.to_vec();
                    rest[sample].remove(left_out);
                    statistic(&rest)
                })
                .collect();
            let centre = mean(&without).unwrap_or(f64::NAN);
            let influence = |value: f64| (size as f64 - 1.0) * (centre - value);
            without.into_iter().map(influence).collect()
        };
        Self((0..places.len()).map(of_sample).collect())
    }

    /// Acceleration: the skewness of the influences over all samples (Efron and Tibshirani,
    /// equation 14.15; several samples as in T. `DiCiccio`, B. Efron, *Bootstrap confidence
    /// intervals*, 1996).
    fn acceleration(&self) -> f64 {
        let mut cubes = 0.0;
        let mut squares = 0.0;
        for sample in &self.0 {
            let size = sample.len() as f64;
            for influence in sample {
                cubes += (influence / size).powi(3);
                squares += (influence / size).powi(2);
            }
        }
        if squares > 0.0 {
            cubes / (6.0 * squares.powf(1.5))
        } else {
            0.0
        }
    }

    /// The expanded quantile for a level. Resampling divides by n where an unbiased variance
    /// divides by n − 1, and takes the spread for known; this makes up for both.
    fn expanded(&self, level: f64) -> f64 {
        let mut narrow = 0.0;
        let mut unbiased = 0.0;
        let mut uncertainty = 0.0;
        for sample in &self.0 {
            let size = sample.len() as f64;
            let variance = sample.iter().map(|one| (one / size).powi(2)).sum::<f64>();
            let corrected = variance * size / (size - 1.0);
            narrow += variance;
            unbiased += corrected;
            uncertainty += corrected * corrected / (size - 1.0);
        }
        if uncertainty > 0.0 {
            let degrees = unbiased * unbiased / uncertainty;
            (unbiased / narrow).sqrt() * t_quantile(degrees, level)
        } else {
            normal_quantile(level)
        }
    }
}

/// Quantile of sorted values, linear between neighbours.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let position = level.clamp(0.0, 1.0) * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let share = position - below as f64;
    sorted[below] + share * (sorted[above] - sorted[below])
}

#[cfg(test)]
mod tests {
    use super::{Bootstrap, quantile};
    use crate::analysis::Interval;

    #[test]
    fn equal_values_give_an_interval_without_width() {
        let interval = Bootstrap::default().mean_interval(&[2.5; 10]);
        let whole = Interval {
            low: 2.5,
            high: 2.5,
        };
        assert_eq!(interval, Some(whole));
    }

    #[test]
    fn fewer_than_three_values_give_none() {
        let bootstrap = Bootstrap::default();
        assert_eq!(bootstrap.mean_interval(&[]), None);
        assert_eq!(bootstrap.mean_interval(&[1.0, 2.0]), None);
        assert_eq!(bootstrap.paired_ratio_interval(&[(1.0, 2.0); 2]), None);
        assert_eq!(
            bootstrap.independent_ratio_interval(&[1.0; 5], &[1.0; 2]),
            None
        );
    }

    #[test]
    fn a_ratio_to_nothing_has_no_interval() {
        let pairs = [(1.0, 0.0), (2.0, 0.0), (3.0, 0.0)];
        assert_eq!(Bootstrap::default().paired_ratio_interval(&pairs), None);
    }

    #[test]
    fn pairs_that_move_together_have_a_ratio_without_spread() {
        // The second run of each block took exactly half as long, whatever the block's mood.
        let pairs: Vec<(f64, f64)> = [3.0, 4.0, 9.0, 5.0, 6.0]
            .iter()
            .map(|seconds| (*seconds, seconds / 2.0))
            .collect();
        let bootstrap = Bootstrap::default();
        let paired = bootstrap.paired_ratio_interval(&pairs).unwrap();
        assert!((paired.low - 2.0).abs() < 1e-12 && (paired.high - 2.0).abs() < 1e-12);
        let (above, below): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let independent = bootstrap
            .independent_ratio_interval(&above, &below)
            .unwrap();
        assert!(independent.high - independent.low > 0.5);
    }

    #[test]
    fn a_higher_confidence_gives_a_wider_interval() {
        let values = [3.0, 4.0, 9.0, 5.0, 6.0, 2.0];
        let width = |confidence: f64| {
            let bootstrap = Bootstrap {
                confidence: super::Confidence(confidence),
                ..Bootstrap::default()
            };
            let interval = bootstrap.mean_interval(&values).unwrap();
            interval.high - interval.low
        };
        assert!(width(0.99) > width(0.95) && width(0.95) > width(0.8));
    }

    #[test]
    fn quantiles_lie_on_the_line_between_neighbours() {
        let sorted = [1.0, 2.0, 4.0];
        assert!((quantile(&sorted, 0.0) - 1.0).abs() < 1e-12);
        assert!((quantile(&sorted, 0.75) - 3.0).abs() < 1e-12);
        assert!((quantile(&sorted, 1.0) - 4.0).abs() < 1e-12);
    }
}
