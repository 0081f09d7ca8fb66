//! How often the 95 % interval of ten runs holds the true mean.

use ielade_bench::statistics::Bootstrap;
use ielade_core::random::KeyedRandom;
use statrs::distribution::{ContinuousCDF, Normal};

const REPEATS: u64 = 2_000;
const RUNS: usize = 10;

/// A value of the standard normal distribution, by inversion.
fn normal(random: &mut KeyedRandom) -> f64 {
    // Half a step away from 0, whose inverse is infinite.
    let unit = random.unit() + 0.5 / (1_u64 << 53) as f64;
    Normal::standard().inverse_cdf(unit)
}

/// Share of repeats in which the interval holds `truth`.
fn coverage(truth: f64, draw: impl Fn(&mut KeyedRandom) -> f64) -> f64 {
    let held = (0..REPEATS).filter(|repeat| {
        let mut random = KeyedRandom::new(&[11, *repeat]);
        let values: [f64; RUNS] = std::array::from_fn(|_| draw(&mut random));
        // Fewer resamples than in an analysis: their noise averages out over the repeats.
        let bootstrap = Bootstrap {
            resamples: 1000,
            seed: *repeat,
            ..Bootstrap::default()
        };
        let interval = bootstrap.mean_interval(&values).unwrap();
        (interval.low..=interval.high).contains(&truth)
    });
    let share = held.count() as f64 / REPEATS as f64;
    println!("coverage {share:.3}");
    share
}

// With 20,000 repeats the shares are 0.89 and 0.90. The bounds are five standard deviations of such
// a share in 2,000 repeats (0.034) to either side.

#[test]
fn the_interval_of_ten_normal_runs_holds_the_mean_nine_times_in_ten() {
    let share = coverage(10.0, |random| 10.0 + normal(random));
    assert!((0.86..0.93).contains(&share), "{share}");
}

#[test]
fn the_interval_of_ten_skewed_runs_holds_the_mean_nine_times_in_ten() {
    let sigma = 0.3_f64;
    // Mean of a log-normal distribution: exp(σ² / 2).
    let share = coverage((sigma * sigma / 2.0).exp(), |random| {
        (sigma * normal(random)).exp()
    });
    assert!((0.86..0.93).contains(&share), "{share}");
}
