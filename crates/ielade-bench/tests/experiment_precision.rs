//! Blocks that are added until intervals are narrow, states of the cache that were not established,
//! what the first blocks tell of the others, and memory that is limited.

mod programs;

use ielade_bench::{
    busy::Unwatched,
    experiment::{Experiment, ExperimentError, Progress, SessionEnd, Setup},
    memory_group::MemoryGroups,
    pilot::{Forecast, Pilot},
    plan::{ConsumerPlan, DataPlan, Plan},
    precision::Widest,
    record::{DataSetSummary, Outcome, Record, RunMark, RunRecord, StoreSummary},
    records::read,
    worker::WorkerCommand,
};
use ielade_core::{
    LayoutId, Split,
    worker_protocol::{CacheState, Consumer},
};
use programs::example;
use std::{path::Path, sync::atomic::AtomicBool};

/// Three blocks of a quiet baseline and a layout whose worker behaves so.
fn setup(behaviour: &str) -> Setup {
    let layouts: [LayoutId; 2] = ["npy/u8", "npy/f32"].map(|name| name.parse().unwrap());
    let consumers = vec![ConsumerPlan::of(Consumer::None)];
    let plan = Plan {
        blocks: 3,
        ..Plan::new("fake", DataPlan::of("demo"), layouts.to_vec(), consumers).unwrap()
    };
    let stores = layouts.iter().zip(["ok", behaviour]);
    Setup {
        program: "test 1".to_owned(),
        plan,
        data_set: DataSetSummary {
            name: "demo".to_owned(),
            classes: vec!["a".to_owned(), "b".to_owned()],
            train_samples: 100,
            test_samples: 0,
            image: "32×32×3".to_owned(),
            ..DataSetSummary::default()
        },
        stores: stores
            .map(|(layout, path)| StoreSummary {
                layout: layout.clone(),
                split: Split::Train,
                path: path.to_owned(),
                count: 100,
                bytes: 1000,
                prepare_seconds: 1.0,
                manifest_digest: format!("digest of {layout}"),
            })
            .collect(),
        worker: WorkerCommand::new(example("fake_worker")),
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Diary {
    forecasts: Vec<Forecast>,
    precisions: Vec<(u32, Widest)>,
    warnings: Vec<String>,
}

impl Progress for Diary {
    fn forecast(&mut self, forecast: &Forecast) {
        self.forecasts.push(forecast.clone());
    }

    fn precision(&mut self, blocks: u32, widest: &Widest) {
        self.precisions.push((blocks, widest.clone()));
    }

    fn warning(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
}

fn go(folder: &Path, setup: Setup) -> Diary {
    let experiment = Experiment::create_or_continue(folder, setup).unwrap();
    let mut experiment = experiment.watched_by(Box::new(Unwatched));
    let mut diary = Diary::default();
    let end = experiment.run(&mut diary, &AtomicBool::new(false)).unwrap();
    assert!(matches!(end, SessionEnd::Finished(_)), "{end:?}");
    diary
}

fn runs(folder: &Path) -> Vec<RunRecord> {
    let records = read(folder).unwrap().records;
    let runs = records.into_iter().filter_map(|record| match record {
        Record::Run(run) => Some(*run),
        Record::Experiment(_) | Record::Session(_) => None,
    });
    runs.collect()
}

#[test]
fn blocks_are_added_until_the_interval_is_as_narrow_as_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup("noisy");
    setup.plan.target_ci = Some(0.01);
    setup.plan.most_blocks = Some(60);
    let diary = go(folder.path(), setup.clone());
    let (blocks, widest) = diary.precisions.last().unwrap();
    assert!(widest.half_width <= 0.01, "{widest:?}");
    assert_eq!(widest.configuration, "npy/f32 · none");
    assert!(*blocks > 3 && *blocks < 60, "{blocks}");
    let wider = &diary.precisions[..diary.precisions.len() - 1];
    assert!(wider.iter().all(|(_, widest)| widest.half_width > 0.01));
    // A baseline, a layout and the control, each once a block.
    assert_eq!(runs(folder.path()).len() as u32, 3 * blocks);
    // The records alone say that it is finished.
    let before = std::fs::read(folder.path().join("records.jsonl")).unwrap();
    assert!(go(folder.path(), setup).precisions.is_empty());
    assert_eq!(
        std::fs::read(folder.path().join("records.jsonl")).unwrap(),
        before
    );
}

#[test]
fn a_precision_that_cannot_be_reached_ends_at_the_most_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup("noisy");
    setup.plan.target_ci = Some(0.0001);
    setup.plan.most_blocks = Some(5);
    let diary = go(folder.path(), setup);
    let blocks: Vec<u32> = diary.precisions.iter().map(|(blocks, _)| *blocks).collect();
    assert_eq!(blocks, [3, 4, 5]);
    assert_eq!(runs(folder.path()).len(), 15);
}

#[test]
fn an_experiment_that_was_cut_off_while_adding_blocks_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup("noisy");
    setup.plan.target_ci = Some(0.0001);
    setup.plan.most_blocks = Some(6);
    go(folder.path(), setup.clone());
    let path = folder.path().join("records.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    // Experiment, session and 13 runs: in the middle of the fifth block.
    let cut: String = whole.split_inclusive('\n').take(15).collect();
    std::fs::write(&path, cut).unwrap();
    go(folder.path(), setup);
    let places: std::collections::BTreeSet<(u32, u32)> = runs(folder.path())
        .iter()
        .map(|run| (run.block, run.configuration))
        .collect();
    assert_eq!((places.len(), runs(folder.path()).len()), (18, 18));
}

#[test]
fn two_blocks_tell_how_long_the_rest_takes_and_what_it_can_find() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup("noisy");
    let plan = setup.plan.clone();
    let diary = go(folder.path(), setup.clone());
    let [forecast] = diary.forecasts.as_slice() else {
        panic!("{:?}", diary.forecasts)
    };
    assert_eq!((forecast.pilot_blocks, forecast.comparisons), (2, 1));
    assert!(forecast.seconds > 0.0);
    assert_eq!(forecast.groups.len(), 1);
    assert!(forecast.groups[0].deviation > 0.0);

    // The same runs as the pilot of an experiment of twice as many blocks.
    let pilot = Pilot::of(&read(folder.path()).unwrap().records).unwrap();
    let now = pilot.forecast(&plan).unwrap();
    setup.plan.blocks = 2 * plan.blocks;
    let later = pilot.forecast(&setup.plan).unwrap();
    assert!((later.seconds / now.seconds - 2.0).abs() < 1e-9);
    let detectable = |forecast: &Forecast| forecast.groups[0].detectable_ratio.unwrap();
    assert!(detectable(&later) < detectable(&now));
}

#[test]
fn the_forecast_is_told_by_the_session_that_completes_the_second_block_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    go(folder.path(), setup("noisy"));
    let path = folder.path().join("records.jsonl");
    let whole = std::fs::read_to_string(&path).unwrap();
    // Experiment, session, and three runs a block.
    for (lines, told) in [(2 + 5, 1), (2 + 6, 0), (2 + 7, 0)] {
        let cut: String = whole.split_inclusive('\n').take(lines).collect();
        std::fs::write(&path, cut).unwrap();
        let diary = go(folder.path(), setup("noisy"));
        assert_eq!(diary.forecasts.len(), told, "after {lines} lines");
    }
}

#[test]
fn a_run_whose_cache_was_not_as_asked_is_marked_and_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let diary = go(folder.path(), setup("lukewarm"));
    let marked: Vec<RunRecord> = runs(folder.path())
        .into_iter()
        .filter(|run| !run.marks.is_empty())
        .collect();
    assert_eq!(marked.len(), 3);
    for run in &marked {
        assert_eq!((run.configuration, &run.outcome), (1, &Outcome::Completed));
        assert_eq!(
            run.marks,
            [RunMark::CacheNotEstablished {
                asked: CacheState::Warm,
                epoch: 0,
                residency: 0.5,
            }]
        );
    }
    assert_eq!(diary.warnings.len(), 1, "{:?}", diary.warnings);
    assert!(
        diary.warnings[0].contains("npy/f32 · none"),
        "{:?}",
        diary.warnings
    );
    let pilot = Pilot::of(&read(folder.path()).unwrap().records).unwrap();
    assert!(pilot.runs.iter().all(|run| run.configuration != 1));
}

#[test]
fn a_worker_that_needs_more_memory_than_allowed_fails_for_that_reason() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup("greedy");
    setup.plan.memory_limit = Some("32MiB".parse().unwrap());
    if let Err(refusal) = MemoryGroups::of(32 << 20) {
        let error = Experiment::create_or_continue(folder.path(), setup).unwrap_err();
        assert!(matches!(error, ExperimentError::Memory(_)), "{error}");
        assert!(
            error.to_string().contains("systemd-run"),
            "{error} {refusal}"
        );
        return;
    }
    go(folder.path(), setup);
    for run in runs(folder.path()) {
        match &run.outcome {
            Outcome::Completed => assert_ne!(run.configuration, 1, "it had 64 MiB"),
            Outcome::Failed { message, .. } => {
                assert_eq!(run.configuration, 1);
                assert!(message.contains("`memory_limit` is too low"), "{message}");
            }
        }
    }
}
