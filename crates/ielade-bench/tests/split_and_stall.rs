//! Where the time goes, and at which step time a layout begins to keep up: on made-up records
//! whose answer can be worked out by hand.

mod simulated;

use ielade_bench::analysis::{Analysis, BreakEven, Estimate, analyse};
use ielade_core::{
    training::{ModelName, TrainingSettings},
    worker_protocol::{CacheState, Consumer, EpochReport},
};
use simulated::{epoch, plan, records};

fn assert_near(value: f64, expected: f64) {
    assert!((value - expected).abs() < 1e-9, "{value}, not {expected}");
}

/// Batches from memory take 4 s an epoch; warm `npy/u8` 5 s, `files/png` 7 s; cold ones 1 s more,
/// or 3 s; whatever a block adds, it adds to all. Later epochs of `cold-first` are warm.
fn split(cold: CacheState) -> Analysis {
    let model = Consumer::Model(TrainingSettings::of(ModelName::Cnn));
    let mut plan = plan(&["npy/u8", "files/png"], vec![model, Consumer::None]);
    plan.cache = vec![CacheState::Warm, cold];
    plan.split = true;
    let records = records(&plan, |configuration, block| {
        let png = configuration.layout.to_string() == "files/png";
        let mood = f64::from(block * 7 % 10) / 10.0;
        let seconds = |number: u32| {
            if !configuration.origin.is_store() {
                return 4.0 + mood;
            }
            let fetch = if png { 3.0 } else { 1.0 };
            let warm = if png { 7.0 } else { 5.0 };
            let cold = configuration.cache.drops_before(number);
            mood + warm + if cold { fetch } else { 0.0 }
        };
        (0..2)
            .map(|number| epoch(number, seconds(number), 0.0))
            .collect()
    });
    analyse(&records).unwrap()
}

#[test]
fn an_epoch_is_split_into_computing_preparing_and_fetching() {
    for state in [CacheState::Cold, CacheState::ColdFirst] {
        let analysis = split(state);
        let [split] = analysis.splits.as_slice() else {
            panic!("one model")
        };
        assert_eq!(split.consumer, "cnn");
        assert_near(split.compute.mean, 4.45);
        let found: Vec<(String, f64, f64)> = split
            .layouts
            .iter()
            .map(|one| {
                let (preparation, fetch) = (one.preparation.unwrap(), one.fetch.unwrap());
                // What a block adds to all cancels out.
                assert_near(fetch.standard_deviation, 0.0);
                (one.layout.to_string(), preparation.mean, fetch.mean)
            })
            .collect();
        assert_eq!(found.len(), 2);
        for (one, expected) in found
            .iter()
            .zip([("npy/u8", 1.0, 1.0), ("files/png", 3.0, 3.0)])
        {
            assert_eq!(one.0, expected.0);
            assert_near(one.1, expected.1);
            assert_near(one.2, expected.2);
        }
    }
}

#[test]
fn the_first_epoch_of_a_cache_that_is_dropped_once_stands_out() {
    let analysis = split(CacheState::ColdFirst);
    let group = analysis
        .groups
        .iter()
        .find(|one| one.name == "cnn · cold-first");
    let png = &group.unwrap().summaries[1];
    assert_near(png.epochs[0].seconds.mean, 10.45);
    assert_near(png.epochs[1].seconds.mean, 7.45);
    assert_near(png.first_to_later.unwrap().ratio, 10.45 / 7.45);
}

/// A layout's loader takes so many milliseconds a batch; the share waited at a step is what is
/// left of them.
fn stalls(steps: &[f64]) -> Analysis {
    let consumers = steps.iter().map(|one| Consumer::fixed_step(*one)).collect();
    let plan = plan(&["npy/u8", "files/png", "tar/png"], consumers);
    let records = records(&plan, |configuration, block| {
        let Consumer::FixedStep { milliseconds, .. } = configuration.consumer else {
            panic!("no step")
        };
        let loader = match configuration.layout.to_string().as_str() {
            "npy/u8" => 1.0,
            "files/png" => 20.0 + f64::from(block) * 0.2,
            _ => 500.0,
        };
        let share = (1.0 - milliseconds / loader).max(0.0);
        let of_epoch = |number| EpochReport {
            // The first batch takes long and does not count.
            first_batch_seconds: 2.0,
            seconds: 12.0,
            wait_seconds: 2.0 + 10.0 * share,
            ..epoch(number, 12.0, 0.0)
        };
        vec![of_epoch(0), of_epoch(1)]
    });
    analyse(&records).unwrap()
}

fn at(break_even: Option<BreakEven>) -> Estimate {
    match break_even {
        Some(BreakEven::At(estimate)) => estimate,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_break_even_step_is_where_the_consumer_stops_waiting() {
    // Not in order: the curve is.
    let analysis = stalls(&[40.0, 5.0, 10.0, 18.0]);
    let [fast, middle, slow] = analysis.stalls.as_slice() else {
        panic!("three layouts")
    };
    assert_eq!(fast.break_even, Some(BreakEven::Below(5.0)));
    assert_eq!(slow.break_even, Some(BreakEven::Above(40.0)));
    let steps: Vec<f64> = middle.points.iter().map(|one| one.milliseconds).collect();
    assert_eq!(steps, [5.0, 10.0, 18.0, 40.0]);
    // In block 0 the loader takes 20 ms: 75 % at 5 ms, 50 % at 10, 10 % at 18, nothing at 40. The
    // line from 10 % to 0 is at 5 % half-way, at 29 ms.
    let first = 18.0 + 22.0 * (0.1 - 0.05) / 0.1;
    assert_near(first, 29.0);
    let of_block = |block: u32| {
        let share = 1.0 - 18.0 / (20.0 + f64::from(block) * 0.2);
        18.0 + 22.0 * (share - 0.05) / share
    };
    let expected = (0..10).map(of_block).sum::<f64>() / 10.0;
    let found = at(middle.break_even);
    assert_near(found.mean, expected);
    assert_eq!(found.runs, 10);
    assert!(found.interval.is_some());
}

#[test]
fn one_step_time_is_a_point_and_no_curve() {
    let analysis = stalls(&[10.0]);
    assert_eq!(analysis.stalls[1].points.len(), 1);
    assert_eq!(analysis.stalls[1].break_even, None);
}
