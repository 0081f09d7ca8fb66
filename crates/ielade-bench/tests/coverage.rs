//! How often the 95 % intervals of ten runs hold the truth, by simulation.

use ielade_bench::statistics::{Bootstrap, paired_ratio_interval};
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

/// The delay of a run: the sum of two exponential ones.
fn delay(random: &mut KeyedRandom) -> f64 {
    -(1.0 - random.unit()).ln() - (1.0 - random.unit()).ln()
}

/// Share of repeats in which the interval holds `truth`.
fn coverage(truth: f64, interval: impl Fn(&mut KeyedRandom, Bootstrap) -> (f64, f64)) -> f64 {
    let held = (0..REPEATS).filter(|repeat| {
        // Fewer resamples than in an analysis: their noise averages out over the repeats.
        let bootstrap = Bootstrap {
            resamples: 1000,
            seed: *repeat,
            ..Bootstrap::default()
        };
        let (low, high) = interval(&mut KeyedRandom::new(&[11, *repeat]), bootstrap);
        (low..=high).contains(&truth)
    });
    let share = held.count() as f64 / REPEATS as f64;
    println!("coverage {share:.3}");
    share
}

fn of_mean(truth: f64, draw: impl Fn(&mut KeyedRandom) -> f64) -> f64 {
    coverage(truth, |random, bootstrap| {
        let values: [f64; RUNS] = std::array::from_fn(|_| draw(random));
        let interval = bootstrap.mean_interval(&values).unwrap();
        (interval.low, interval.high)
    })
}

// With 10,000 repeats the shares are those that `statistics` states. The bounds are four standard
// deviations of such a share in 2,000 repeats (0.02) to either side.

#[test]
fn the_interval_of_ten_normal_runs_holds_the_mean_as_often_as_it_says() {
    let share = of_mean(10.0, |random| 10.0 + normal(random));
    assert!((0.925..0.965).contains(&share), "{share}");
}

#[test]
fn the_interval_of_ten_log_normal_runs_holds_the_mean_nearly_as_often() {
    let sigma = 0.3_f64;
    // Mean of a log-normal distribution: exp(σ² / 2).
    let share = of_mean((sigma * sigma / 2.0).exp(), |random| {
        (sigma * normal(random)).exp()
    });
    assert!((0.91..0.955).contains(&share), "{share}");
}

#[test]
fn the_interval_of_ten_delayed_runs_holds_the_mean_nearly_as_often() {
    let share = of_mean(1.1, |random| 1.0 + 0.05 * delay(random));
    assert!((0.90..0.95).contains(&share), "{share}");
}

/// Runs whose blocks differ by 5 %, and whose delay is drawn; the first is 5 % longer.
fn of_ratio(delay: impl Fn(&mut KeyedRandom) -> f64) -> f64 {
    coverage(1.05, |random, _| {
        let pairs: [(f64, f64); RUNS] = std::array::from_fn(|_| {
            let mood = (0.05 * normal(random)).exp();
            let run = |random: &mut KeyedRandom| mood * (1.0 + delay(random));
            (1.05 * run(random), run(random))
        });
        let interval = paired_ratio_interval(&pairs, 0.95).unwrap();
        (interval.low, interval.high)
    })
}

#[test]
fn the_interval_of_a_ratio_within_ten_blocks_holds_it_as_often_as_it_says() {
    let normal = of_ratio(|random| 0.01 * normal(random));
    assert!((0.93..0.97).contains(&normal), "{normal}");
    let delayed = of_ratio(|random| 0.01 * delay(random));
    assert!((0.93..0.97).contains(&delayed), "{delayed}");
    let now_and_then = of_ratio(|random| {
        let slow = if random.below(50) == 0 { 0.06 } else { 0.0 };
        slow + 0.007 * delay(random)
    });
    assert!((0.94..0.985).contains(&now_and_then), "{now_and_then}");
}

#[test]
fn the_interval_of_a_ratio_of_independent_runs_holds_it_as_often_as_it_says() {
    let share = coverage(1.2, |random, bootstrap| {
        let above: [f64; RUNS] = std::array::from_fn(|_| 12.0 + 0.6 * normal(random));
        let below: [f64; RUNS - 3] = std::array::from_fn(|_| 10.0 + 0.2 * normal(random));
        let interval = bootstrap
            .independent_ratio_interval(&above, &below)
            .unwrap();
        (interval.low, interval.high)
    });
    assert!((0.925..0.97).contains(&share), "{share}");
}
