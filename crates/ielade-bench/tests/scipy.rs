//! The routines against results of SciPy and statsmodels (`fixtures/bootstrap_scipy.py`,
//! `fixtures/make_fixtures.py`).

use ielade_bench::{
    analysis::Interval,
    statistics::{
        Arrangements, BlockModel, Bootstrap, EquivalenceBand, PairedDesign, Percentiles,
        cliffs_delta, equivalence_test, friedman_test, holm, modified_z_scores,
        paired_ratio_interval, paired_t_test, sign_flip_test, trend, unpaired_test,
    },
};
use serde::Deserialize;

#[derive(Deserialize)]
struct BootstrapFixtures {
    cases: Vec<BootstrapCase>,
}

#[derive(Deserialize)]
struct BootstrapCase {
    name: String,
    kind: String,
    samples: Vec<Vec<f64>>,
    interval: (f64, f64),
    expanded: (f64, f64),
}

fn bootstrap_fixtures() -> BootstrapFixtures {
    serde_json::from_str(include_str!("fixtures/bootstrap_scipy.json")).unwrap()
}

fn interval(case: &BootstrapCase, bootstrap: Bootstrap) -> Interval {
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
fn assert_close(resamples: u32, percentiles: Percentiles, tolerance: f64) {
    for case in bootstrap_fixtures().cases {
        let bootstrap = Bootstrap {
            resamples,
            percentiles,
            ..Bootstrap::default()
        };
        let ours = interval(&case, bootstrap);
        let (low, high) = match percentiles {
            Percentiles::Nominal => case.interval,
            Percentiles::Expanded => case.expanded,
        };
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
// too. Expanded, an end is the 0.9 % quantile: 4.0 / √B standard deviations, with the bias 4.7 / √B,
// of a width of 4.77: 0.99 / √B of the width, 0.22 %, and SciPy's own million adds a tenth of it.

#[test]
fn ten_thousand_resamples_come_close_to_scipy() {
    assert_close(10_000, Percentiles::Nominal, 0.056);
}

#[test]
fn many_resamples_come_closer_to_scipy() {
    assert_close(200_000, Percentiles::Nominal, 0.0125);
}

#[test]
fn expanded_intervals_come_close_to_scipy_at_the_expanded_level() {
    assert_close(200_000, Percentiles::Expanded, 0.0145);
}

#[derive(Deserialize)]
struct Fixtures {
    two_samples: Vec<TwoSamples>,
    blocks: Vec<Blocks>,
    trends: Vec<TrendCase>,
    holm: Vec<HolmCase>,
    outliers: OutlierCase,
    power: Vec<PowerCase>,
}

#[derive(Deserialize)]
struct TwoSamples {
    name: String,
    first: Vec<f64>,
    second: Vec<f64>,
    sign_flip: f64,
    unpaired: f64,
    unequal: f64,
    t_test: TTestCase,
    equivalence: f64,
    fieller_plus_10: (f64, f64),
    cliff: CliffCase,
}

#[derive(Deserialize)]
struct TTestCase {
    p: f64,
    interval90: (f64, f64),
}

#[derive(Deserialize)]
struct CliffCase {
    delta: f64,
    interval: (f64, f64),
}

#[derive(Deserialize)]
struct Blocks {
    name: String,
    rows: Vec<Vec<f64>>,
    model: ModelCase,
    friedman: FriedmanCase,
}

#[derive(Deserialize)]
struct ModelCase {
    residual_variance: f64,
    degrees: f64,
    differences: Vec<f64>,
    p: Vec<f64>,
}

#[derive(Deserialize)]
struct FriedmanCase {
    chi_squared: f64,
    chi_squared_p: f64,
    f: f64,
    p: f64,
}

#[derive(Deserialize)]
struct TrendCase {
    name: String,
    values: Vec<f64>,
    tau: f64,
    p: f64,
    slope: f64,
    interval: (f64, f64),
}

#[derive(Deserialize)]
struct HolmCase {
    p: Vec<f64>,
    adjusted: Vec<f64>,
}

#[derive(Deserialize)]
struct OutlierCase {
    values: Vec<f64>,
    scores: Vec<f64>,
}

#[derive(Deserialize)]
struct PowerCase {
    blocks: u32,
    alpha: f64,
    effect: f64,
    power: f64,
}

fn fixtures() -> Fixtures {
    serde_json::from_str(include_str!("fixtures/statistics.json")).unwrap()
}

/// Equal to a billionth, of 1 or of the expected value, whichever is larger.
fn assert_near(value: f64, expected: f64, what: &str) {
    let off = (value - expected).abs() / expected.abs().max(1.0);
    assert!(off < 1e-9, "{what}: {value}, not {expected}");
}

fn assert_interval(interval: Interval, expected: (f64, f64), what: &str) {
    assert_near(interval.low, expected.0, what);
    assert_near(interval.high, expected.1, what);
}

fn differences(case: &TwoSamples) -> Vec<f64> {
    let pairs = case.first.iter().zip(&case.second);
    pairs.map(|(one, other)| one - other).collect()
}

#[test]
fn permutation_tests_are_those_of_scipy() {
    for case in fixtures().two_samples {
        let paired = sign_flip_test(&differences(&case), 0).unwrap();
        assert!(matches!(paired.arrangements, Arrangements::All(_)));
        assert_near(paired.p_value, case.sign_flip, &case.name);
        let shorter = &case.first[..case.first.len() - 2];
        let unequal = unpaired_test(shorter, &case.second, 0).unwrap();
        assert_near(unequal.p_value, case.unequal, &case.name);
        let unpaired = unpaired_test(&case.first, &case.second, 0).unwrap();
        match unpaired.arrangements {
            Arrangements::All(_) => assert_near(unpaired.p_value, case.unpaired, &case.name),
            // Five standard deviations of a share in 99,999 draws.
            Arrangements::Drawn(_) => {
                let allowed = 5.0 * (case.unpaired * (1.0 - case.unpaired) / 99_999.0).sqrt();
                assert!((unpaired.p_value - case.unpaired).abs() < allowed);
            }
        }
    }
}

#[test]
fn paired_t_and_equivalence_tests_are_those_of_scipy_and_statsmodels() {
    for case in fixtures().two_samples {
        let test = paired_t_test(&differences(&case)).unwrap();
        assert_near(test.p_value, case.t_test.p, &case.name);
        // Small p-values to their own size, too.
        assert!((test.p_value / case.t_test.p - 1.0).abs() < 1e-6);
        assert_interval(test.interval(0.9), case.t_test.interval90, &case.name);
        let band = EquivalenceBand { width: 0.05 };
        let equivalence = equivalence_test(&differences(&case), band).unwrap();
        assert_near(equivalence, case.equivalence, &case.name);
    }
}

#[test]
fn ratios_within_blocks_have_the_interval_that_scipys_t_test_does_not_reject() {
    for case in fixtures().two_samples {
        let pairs = case.first.iter().zip(&case.second);
        let pairs: Vec<(f64, f64)> = pairs
            .map(|(one, other)| (one + 10.0, other + 10.0))
            .collect();
        let found = paired_ratio_interval(&pairs, 0.95).unwrap();
        assert_interval(found, case.fieller_plus_10, &case.name);
    }
}

#[test]
fn cliffs_delta_is_that_of_scipys_u_with_the_interval_of_its_definition() {
    for case in fixtures().two_samples {
        let found = cliffs_delta(&case.first, &case.second).unwrap();
        assert_near(found.delta, case.cliff.delta, &case.name);
        assert_interval(found.interval.unwrap(), case.cliff.interval, &case.name);
    }
}

#[test]
fn the_model_of_blocks_is_that_of_statsmodels() {
    for case in fixtures().blocks {
        let model = BlockModel::fit(&case.rows).unwrap();
        assert_near(
            model.residual_variance(),
            case.model.residual_variance,
            &case.name,
        );
        assert_near(model.degrees(), case.model.degrees, &case.name);
        let expected = case.model.differences.iter().zip(&case.model.p);
        for (layout, (difference, p)) in (1..).zip(expected) {
            let test = model.compare(layout, 0).unwrap();
            assert_near(test.difference, *difference, &case.name);
            assert_near(test.p_value, *p, &case.name);
        }
    }
}

#[test]
fn friedmans_test_is_that_of_scipy_with_iman_and_davenports_f() {
    for case in fixtures().blocks {
        let found = friedman_test(&case.rows).unwrap();
        assert_near(found.chi_squared, case.friedman.chi_squared, &case.name);
        assert_near(found.chi_squared_p, case.friedman.chi_squared_p, &case.name);
        assert_near(found.f.unwrap(), case.friedman.f, &case.name);
        assert_near(found.p_value, case.friedman.p, &case.name);
    }
}

#[test]
fn trends_are_those_of_scipy() {
    for case in fixtures().trends {
        let found = trend(&case.values).unwrap();
        assert_near(found.tau, case.tau, &case.name);
        assert_near(found.p_value, case.p, &case.name);
        assert_near(found.slope, case.slope, &case.name);
        assert_interval(found.slope_interval, case.interval, &case.name);
    }
}

#[test]
fn adjusted_p_values_are_those_of_statsmodels() {
    for case in fixtures().holm {
        for (adjusted, expected) in holm(&case.p).into_iter().zip(&case.adjusted) {
            assert_near(adjusted, *expected, "holm");
        }
    }
}

#[test]
fn modified_z_scores_are_made_of_statsmodels_median_deviation() {
    let case = fixtures().outliers;
    for (score, expected) in modified_z_scores(&case.values)
        .into_iter()
        .zip(&case.scores)
    {
        assert_near(score, *expected, "score");
    }
}

#[test]
fn power_is_that_of_statsmodels() {
    for case in fixtures().power {
        let design = PairedDesign {
            blocks: case.blocks,
            comparisons: 1,
            alpha: case.alpha,
        };
        // A log ratio of `effect` where log ratios scatter by 1.
        let power = design.power(case.effect.exp(), 1.0).unwrap();
        let what = format!(
            "{} blocks, α {}, effect {}",
            case.blocks, case.alpha, case.effect
        );
        assert!(
            (power - case.power).abs() < 1e-7,
            "{what}: {power}, not {}",
            case.power
        );
    }
}
