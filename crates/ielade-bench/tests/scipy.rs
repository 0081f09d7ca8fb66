//! The intervals against those of SciPy (`fixtures/bootstrap_scipy.py`).

use ielade_bench::{analysis::Interval, statistics::Bootstrap};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixtures {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    samples: Vec<Vec<f64>>,
    interval: (f64, f64),
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/bootstrap_scipy.json")).unwrap()
}

fn interval(case: &Case, resamples: u32) -> Interval {
    let bootstrap = Bootstrap {
        resamples,
        ..Bootstrap::default()
    };
    let interval = match (case.kind.as_str(), case.samples.as_slice()) {
        ("mean", [values]) => bootstrap.mean_interval(values),
        ("paired ratio", [above, below]) => {
            let pairs: Vec<(f64, f64)> = above.iter().copied().zip(below.iter().copied()).collect();
            bootstrap.paired_ratio_interval(&pairs)
        }
        ("independent ratio", [above, below]) => bootstrap.independent_ratio_interval(above, below),
        other => panic!("{other:?}"),
    };
    interval.unwrap()
}

/// Both ends within `tolerance` times the width of SciPy's interval.
fn assert_close(resamples: u32, tolerance: f64) {
    for case in fixtures().cases {
        let ours = interval(&case, resamples);
        let (low, high) = case.interval;
        let off = (ours.low - low).abs().max((ours.high - high).abs()) / (high - low);
        println!("{}: {off:.4} of the width", case.name);
        assert!(
            off < tolerance,
            "{}: {ours:?}, not {low}..{high}",
            case.name
        );
    }
}

// An end is the 2.5 % quantile of B draws, moved by a bias that is estimated from the same draws.
// The quantile's level has standard deviation √(0.025 · 0.975 / B), which is 2.7 / √B standard
// deviations of the mean; the bias, entering twice, adds 2 · 1.25 / √B. Together 3.7 / √B of a
// standard deviation, or 0.94 / √B of the width (3.92 standard deviations): 0.94 % for B = 10,000
// and 0.21 % for B = 200,000. Four of these are allowed, and half as much again for skewed
// samples, whose longer tail is thinner than the normal one. "One slow run" and "two values" have
// few distinct means, so that an end may also jump to a neighbour; the tolerance holds for them
// too.

#[test]
fn ten_thousand_resamples_come_close_to_scipy() {
    assert_close(10_000, 0.056);
}

#[test]
fn many_resamples_come_closer_to_scipy() {
    assert_close(200_000, 0.0125);
}
