//! Times as a machine gives them that is never quite still.

use ielade_core::random::KeyedRandom;
use statrs::distribution::{ContinuousCDF, Normal};

/// A machine as one is met: blocks in different moods (3 %), every run delayed by a little (1.4 %
/// on average, skewed), and now and then one by much (6 %, one in fifty).
pub(crate) struct Machine {
    seed: u64,
    random: KeyedRandom,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            random: KeyedRandom::new(&[23, seed]),
        }
    }

    /// The time of a run that takes `seconds` on a machine that nothing disturbs.
    pub(crate) fn time(&mut self, seconds: f64, block: u32) -> f64 {
        let mut mood = KeyedRandom::new(&[29, self.seed, u64::from(block)]);
        let mut factor = (0.03 * normal(&mut mood)).exp();
        let exponential = |random: &mut KeyedRandom| -(1.0 - random.unit()).ln();
        factor *= 1.0 + 0.007 * (exponential(&mut self.random) + exponential(&mut self.random));
        if self.random.below(50) == 0 {
            factor *= 1.06;
        }
        seconds * factor
    }
}

/// A value of the standard normal distribution, by inversion.
pub(crate) fn normal(random: &mut KeyedRandom) -> f64 {
    // Half a step away from 0, whose inverse is infinite.
    let unit = random.unit() + 0.5 / (1_u64 << 53) as f64;
    Normal::standard().inverse_cdf(unit)
}
