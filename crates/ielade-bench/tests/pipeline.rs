//! The whole way from records to verdicts, on experiments whose truth is known: how often it finds
//! what is not there, and how often it misses what is.

#[path = "simulated/machine.rs"]
mod machine;
mod simulated;

use ielade_bench::{
    analysis::{Analysis, Comparison, Test, Verdict, analyse_with},
    plan::{Plan, TestKind},
    record::{Configuration, Record},
    statistics::{Bootstrap, PairedDesign, sign_flip_test},
};
use ielade_core::{
    random::KeyedRandom,
    worker_protocol::{CacheState, Consumer},
};
use machine::{Machine, normal};
use simulated::{epoch, plan, records};

const LAYOUTS: [&str; 8] = [
    "npy/u8",
    "npy/f32",
    "files/png",
    "hdf5/u8",
    "tfrecord/u8",
    "tar/png",
    "lmdb/png",
    "zarr/u8",
];

/// The layout that is slower than the others where one is.
const SLOW: &str = "hdf5/u8";

/// Records of a machine where every configuration takes 10 s but for what `factor` says.
fn experiment(plan: &Plan, seed: u64, factor: impl Fn(&Configuration) -> f64) -> Vec<Record> {
    let mut machine = Machine::new(seed);
    records(plan, |configuration, block| {
        let seconds = machine.time(10.0 * factor(configuration), block);
        vec![epoch(0, seconds, 0.1)]
    })
}

fn analysis(records: &[Record], resamples: u32) -> Analysis {
    let bootstrap = Bootstrap {
        resamples,
        ..Bootstrap::default()
    };
    analyse_with(records, bootstrap).unwrap()
}

fn comparisons(analysis: &Analysis) -> impl Iterator<Item = &Comparison> {
    analysis.groups.iter().flat_map(|group| &group.comparisons)
}

fn finds_a_difference(analysis: &Analysis) -> bool {
    comparisons(analysis).any(Comparison::is_told_apart)
}

/// `factor` for the slow layout, 1 for the others.
fn planted(factor: f64) -> impl Fn(&Configuration) -> f64 {
    move |configuration| {
        if configuration.layout.to_string() == SLOW {
            factor
        } else {
            1.0
        }
    }
}

/// All warnings, in English.
fn told(analysis: &Analysis) -> String {
    let warnings = analysis.warnings.iter();
    let told: Vec<String> = warnings.map(ToString::to_string).collect();
    told.join("\n")
}

#[test]
fn an_a_a_experiment_finds_no_difference_in_at_least_95_of_100_analyses() {
    // Ten times a hundred, so that luck decides less.
    let plan = plan(&LAYOUTS, vec![Consumer::None]);
    let mut found = 0;
    let mut alarms = 0;
    for seed in 0..1000 {
        let analysis = analysis(&experiment(&plan, seed, |_| 1.0), 1);
        assert_eq!(comparisons(&analysis).count(), 7);
        assert_eq!(analysis.family.test, Test::SignFlip);
        found += u32::from(finds_a_difference(&analysis));
        let control = analysis.groups[0].control.as_ref().unwrap();
        alarms += u32::from(control.comparison.is_told_apart());
    }
    println!("differences found in {found} of 1000, alarms of the control in {alarms}");
    assert!(found <= 50, "{found}");
    // A control has a family of its own, and at most 5 % of false alarms; three standard
    // deviations of such a share are 2 %.
    assert!(alarms <= 70, "{alarms}");
}

#[test]
fn with_more_comparisons_than_the_exact_test_can_serve_false_findings_stay_as_rare() {
    let steps = (1..=4).map(|step| Consumer::fixed_step(f64::from(step)));
    let plan = plan(&LAYOUTS, steps.collect());
    let found = (1000..1300).filter(|seed| {
        let analysis = analysis(&experiment(&plan, *seed, |_| 1.0), 1);
        assert_eq!(analysis.family.test, Test::PairedT);
        finds_a_difference(&analysis)
    });
    let share = found.count() as f64 / 300.0;
    println!("false findings in {:.1} %", 100.0 * share);
    // 5 %, whatever luck 300 have.
    assert!(share <= 0.05, "{share}");
}

#[test]
fn a_planted_slow_down_of_five_percent_is_found_and_its_ratio_lies_in_its_interval() {
    let plan = plan(&LAYOUTS, vec![Consumer::None]);
    let (mut found, mut held, mut others) = (0, 0, 0);
    for seed in 0..100 {
        let analysis = analysis(&experiment(&plan, seed, planted(1.05)), 1);
        let slow = comparisons(&analysis).find(|one| one.layout.to_string() == SLOW);
        let slow = slow.unwrap();
        found += u32::from(slow.verdict == Verdict::Slower);
        let interval = slow.ratio.interval.unwrap();
        held += u32::from((interval.low..=interval.high).contains(&1.05));
        let other = comparisons(&analysis).filter(|one| one.layout.to_string() != SLOW);
        others += u32::from(other.into_iter().any(Comparison::is_told_apart));
    }
    println!("found {found}, held {held} of 100; another layout {others} times");
    assert!(found >= 95, "{found}");
    // 95 % of 100 less two and a half standard deviations.
    assert!(held >= 90, "{held}");
    assert!(others <= 10, "{others}");
}

#[test]
fn with_too_many_comparisons_the_exact_test_finds_nothing_and_the_plan_is_told() {
    let steps = (1..=4).map(|step| Consumer::fixed_step(f64::from(step)));
    let mut plan = plan(&LAYOUTS, steps.collect());
    let slow = |plan: &Plan| analysis(&experiment(plan, 1, planted(1.5)), 1);
    plan.test = TestKind::Paired;
    let trapped = slow(&plan);
    assert!(!finds_a_difference(&trapped));
    let warnings = told(&trapped);
    assert!(
        warnings.contains("no difference could ever be found: run 11 blocks"),
        "{warnings}"
    );
    for kind in [TestKind::Auto, TestKind::Unpaired, TestKind::Model] {
        plan.test = kind;
        let analysis = slow(&plan);
        assert_eq!(analysis.family.trap, None);
        let told = comparisons(&analysis).filter(|one| one.is_told_apart());
        let told: Vec<String> = told.map(|one| one.layout.to_string()).collect();
        assert_eq!(told, [SLOW; 4], "{kind:?}");
    }
}

#[test]
fn layouts_that_differ_by_the_whole_band_are_hardly_ever_called_equivalent() {
    let mut plan = plan(&["npy/u8", SLOW], vec![Consumer::None]);
    plan.control = false;
    let count = |factor: f64| {
        (0..200)
            .filter(|seed| {
                let analysis = analysis(&experiment(&plan, *seed, planted(factor)), 1);
                comparisons(&analysis).all(Comparison::is_within_band)
            })
            .count()
    };
    let (on_the_edge, alike) = (count(1.05), count(1.0));
    println!("within the band: {on_the_edge} of 200 on its edge, {alike} of 200 that are alike");
    // 5 % of 200 and three standard deviations.
    assert!(on_the_edge <= 19, "{on_the_edge}");
    assert!(alike >= 190, "{alike}");
}

#[test]
fn a_control_that_differs_is_told() {
    let plan = plan(&LAYOUTS[..3], vec![Consumer::None]);
    let flawed = |configuration: &Configuration| if configuration.control { 1.2 } else { 1.0 };
    let analysis = analysis(&experiment(&plan, 3, flawed), 200);
    let control = analysis.groups[0].control.as_ref().unwrap();
    assert_eq!(control.comparison.verdict, Verdict::Slower);
    let warnings = told(&analysis);
    assert!(
        warnings.contains("the control differs from the baseline"),
        "{warnings}"
    );
    // The control is no contestant and no part of the family.
    assert_eq!(
        (
            analysis.groups[0].summaries.len(),
            analysis.family.comparisons
        ),
        (3, 2)
    );
}

#[test]
fn states_of_the_cache_are_groups_of_their_own() {
    let mut plan = plan(&LAYOUTS[..2], vec![Consumer::None]);
    plan.cache = vec![CacheState::Warm, CacheState::Cold];
    let colder = |one: &Configuration| f64::from(1 + u8::from(one.cache == CacheState::Cold));
    let analysis = analysis(&experiment(&plan, 3, colder), 1);
    let names: Vec<&str> = analysis
        .groups
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["none · warm", "none · cold"]);
    assert!(analysis.groups.iter().all(|one| one.control.is_some()));
    assert!(!finds_a_difference(&analysis));
}

#[test]
fn power_is_what_the_exact_test_finds() {
    let design = PairedDesign {
        blocks: 10,
        comparisons: 1,
        alpha: 0.05,
    };
    let shift = design.detectable_ratio(0.02, 0.8).unwrap().ln();
    let found = (0..2000).filter(|repeat| {
        let mut random = KeyedRandom::new(&[31, *repeat]);
        let differences: [f64; 10] = std::array::from_fn(|_| shift + 0.02 * normal(&mut random));
        sign_flip_test(&differences, 0).unwrap().p_value <= 0.05
    });
    let share = found.count() as f64 / 2000.0;
    println!("found in {:.1} %", 100.0 * share);
    // The t-test's power is 80 %; four standard deviations of the share are 3.6 %.
    assert!((share - 0.8).abs() < 0.04, "{share}");
}
