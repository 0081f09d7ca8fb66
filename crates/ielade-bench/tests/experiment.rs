//! Experiments from beginning to end, killed, stopped and continued.

mod faults;
mod programs;
#[path = "programs/store.rs"]
mod store;

use ielade_bench::{
    analysis::{Metric, analyse},
    busy::Unwatched,
    experiment::{
        Experiment, ExperimentError, Progress, RunPlace, SessionEnd, Setup, Silent, Standing,
    },
    plan::{ConsumerPlan, DataPlan, Plan},
    record::{DataSetSummary, Outcome, Record, RunRecord, StoreSummary},
    records::{RECORDS_FILE, read},
    schedule::block_order,
    worker::WorkerCommand,
};
use ielade_core::{
    LayoutId, Split,
    training::{ModelName, TrainingSettings},
    worker_protocol::{Consumer, Event},
};
use programs::example;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};
use store::Store;

/// An experiment of two blocks, without a consumer and with a model; `stores` gives each layout
/// the behaviour of its worker, or the folder that is named after it.
fn setup(stores: &[(&str, &Path)]) -> Setup {
    let layouts: Vec<LayoutId> = stores
        .iter()
        .map(|(layout, _)| layout.parse().unwrap())
        .collect();
    let consumers = vec![
        ConsumerPlan::of(Consumer::None),
        ConsumerPlan::of(Consumer::Model(TrainingSettings::of(ModelName::Cnn))),
    ];
    let plan = Plan {
        blocks: 2,
        control: false,
        ..Plan::new("fake", DataPlan::of("demo"), layouts, consumers).unwrap()
    };
    let train = stores
        .iter()
        .map(|(layout, path)| store(layout, Split::Train, path));
    let test = stores
        .iter()
        .map(|(layout, _)| store(layout, Split::Val, Path::new("test")));
    Setup {
        program: "test 1".to_owned(),
        plan,
        data_set: DataSetSummary {
            name: "demo".to_owned(),
            classes: vec!["a".to_owned(), "b".to_owned()],
            train_samples: 100,
            test_samples: 10,
            image: "32×32×3".to_owned(),
            ..DataSetSummary::default()
        },
        stores: train.chain(test).collect(),
        worker: WorkerCommand::new(example("fake_worker")),
    }
}

fn store(layout: &str, split: Split, path: &Path) -> StoreSummary {
    StoreSummary {
        layout: layout.parse().unwrap(),
        split,
        path: path.display().to_string(),
        count: 100,
        bytes: 1000,
        prepare_seconds: 1.0,
        manifest_digest: format!("digest of {layout}"),
    }
}

fn well_behaved() -> Setup {
    setup(&[("npy/u8", Path::new("ok")), ("npy/f32", Path::new("ok"))])
}

/// An experiment on a machine that counts as quiet, whatever else it does.
fn open(folder: &Path, setup: Setup) -> Experiment {
    let experiment = Experiment::create_or_continue(folder, setup).unwrap();
    experiment.watched_by(Box::new(Unwatched))
}

fn go(folder: &Path, setup: Setup) -> SessionEnd {
    let mut experiment = open(folder, setup);
    let end = experiment.run(&mut Silent, &AtomicBool::new(false));
    end.unwrap()
}

fn runs(folder: &Path) -> Vec<RunRecord> {
    let records = read(folder).unwrap().records;
    let runs = records.into_iter().filter_map(|record| match record {
        Record::Run(run) => Some(*run),
        Record::Experiment(_) | Record::Session(_) => None,
    });
    runs.collect()
}

/// How often each (block, configuration) has completed.
fn completed(folder: &Path) -> BTreeMap<(u32, u32), u32> {
    let mut counts = BTreeMap::new();
    for run in runs(folder) {
        if run.outcome == Outcome::Completed {
            *counts.entry((run.block, run.configuration)).or_default() += 1;
        }
    }
    counts
}

fn assert_each_once(folder: &Path, blocks: u32, configurations: u32) {
    let all = (0..blocks).flat_map(|block| (0..configurations).map(move |one| (block, one)));
    let expected: BTreeMap<(u32, u32), u32> = all.map(|run| (run, 1)).collect();
    assert_eq!(completed(folder), expected);
}

#[test]
fn an_experiment_runs_every_configuration_once_a_block_in_the_drawn_order() {
    let folder = tempfile::tempdir().unwrap();
    let end = go(folder.path(), well_behaved());
    let SessionEnd::Finished(standing) = end else {
        panic!("{end:?}")
    };
    assert_eq!(
        (standing.completed, standing.failed, standing.total),
        (8, 0, 8)
    );
    assert_eq!(standing.seconds_left, Some(0.0));
    assert_each_once(folder.path(), 2, 4);
    let runs = runs(folder.path());
    for block in 0..2 {
        let order: Vec<u32> = runs
            .iter()
            .filter(|run| run.block == block)
            .map(|run| run.configuration)
            .collect();
        assert_eq!(order, block_order(1, block, 4));
    }
    let positions: Vec<u32> = runs.iter().map(|run| run.position).collect();
    assert_eq!(positions, [0, 1, 2, 3, 0, 1, 2, 3]);
}

#[test]
fn all_runs_of_a_block_share_a_seed_and_only_models_are_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    go(folder.path(), well_behaved());
    for run in runs(folder.path()) {
        let done = run.done.unwrap();
        let seed = u64::from(run.block) + 1;
        assert_eq!(done.order_digest, Some(format!("order of seed {seed}")));
        assert_eq!(done.evaluation.is_some(), run.configuration >= 2);
    }
}

#[test]
fn a_finished_experiment_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    go(folder.path(), well_behaved());
    let before = fs::read(folder.path().join(RECORDS_FILE)).unwrap();
    assert!(matches!(
        go(folder.path(), well_behaved()),
        SessionEnd::Finished(_)
    ));
    assert_eq!(fs::read(folder.path().join(RECORDS_FILE)).unwrap(), before);
}

#[test]
fn a_failed_run_is_recorded_and_tried_again_by_the_next_session() {
    let folder = tempfile::tempdir().unwrap();
    let broken = setup(&[("npy/u8", Path::new("ok")), ("npy/f32", Path::new("crash"))]);
    let SessionEnd::Finished(standing) = go(folder.path(), broken) else {
        panic!("interrupted")
    };
    assert_eq!((standing.completed, standing.failed), (4, 4));
    let failed: Vec<RunRecord> = runs(folder.path())
        .into_iter()
        .filter(|run| run.outcome != Outcome::Completed)
        .collect();
    assert!(failed.iter().all(|run| run.configuration % 2 == 1));
    assert!(matches!(&failed[0].outcome, Outcome::Failed { log, .. } if log.contains("crashes")));

    go(folder.path(), well_behaved());
    assert_each_once(folder.path(), 2, 4);
    assert_eq!(
        runs(folder.path()).len(),
        12,
        "failures stay in the records"
    );
    let analysis = analyse(&read(folder.path()).unwrap().records).unwrap();
    assert_eq!(analysis.complete_blocks, 2);
    assert_eq!(analysis.groups[1].summaries[1].failures.len(), 2);
    let accuracy = analysis.groups[1].summaries[0].estimate(Metric::TestTop1);
    assert!((accuracy.unwrap().mean - 0.75).abs() < 1e-12);
}

/// Keeps what it is told.
#[derive(Default)]
struct Diary {
    warnings: Vec<String>,
    ended: u32,
}

impl Progress for Diary {
    fn run_ended(&mut self, _run: &RunPlace<'_>, _record: &RunRecord, _standing: &Standing) {
        self.ended += 1;
    }

    fn warning(&mut self, message: &str) {
        self.warnings.push(message.to_owned());
    }
}

#[test]
fn a_configuration_that_keeps_failing_is_named_once_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = setup(&[("npy/u8", Path::new("ok")), ("npy/f32", Path::new("fail"))]);
    setup.plan.blocks = 5;
    setup.plan.consumers.truncate(1);
    let mut experiment = open(folder.path(), setup);
    let mut diary = Diary::default();
    experiment.run(&mut diary, &AtomicBool::new(false)).unwrap();
    assert_eq!(diary.ended, 10);
    assert_eq!(
        diary.warnings,
        ["npy/f32 · none failed 3 times in a row; the others go on"]
    );
}

#[test]
fn another_plan_in_the_same_folder_is_refused_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    go(folder.path(), well_behaved());
    let refused = |change: &dyn Fn(&mut Setup)| {
        let mut setup = well_behaved();
        change(&mut setup);
        let error = Experiment::create_or_continue(folder.path(), setup).unwrap_err();
        assert!(
            matches!(error, ExperimentError::Different { .. }),
            "{error}"
        );
        error.to_string()
    };
    let message = refused(&|setup| {
        setup.plan.blocks = 9;
        setup.plan.loader.threads = 7;
    });
    assert!(message.contains("`blocks` was 2 and is 9 now"), "{message}");
    assert!(
        message.contains("`loader.threads` was 0 and is 7 now"),
        "{message}"
    );
    assert!(message.contains("--out"), "{message}");
    let message = refused(&|setup| setup.stores[0].manifest_digest = "other".to_owned());
    assert!(
        message.contains("store npy/u8 (train) has been made again"),
        "{message}"
    );
    let message = refused(&|setup| setup.program = "test 2".to_owned());
    assert!(
        message.contains("begun by test 1 and this is test 2"),
        "{message}"
    );
}

#[test]
fn stores_that_have_only_moved_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    go(folder.path(), well_behaved());
    let mut moved = well_behaved();
    moved.stores[0].path = "elsewhere/ok".to_owned();
    Experiment::create_or_continue(folder.path(), moved).unwrap();
}

#[test]
fn a_layout_without_its_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut setup = well_behaved();
    setup.stores.remove(1);
    let error = Experiment::create_or_continue(folder.path(), setup).unwrap_err();
    assert!(error.to_string().contains("no store of npy/f32"), "{error}");
    let mut setup = well_behaved();
    setup
        .stores
        .push(store("npy/f32", Split::Test, Path::new("ok")));
    let error = Experiment::create_or_continue(folder.path(), setup).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("more than one store to evaluate on"),
        "{error}"
    );
}

/// Asks for a stop as soon as a worker of this layout is ready.
struct StopAt<'a> {
    layout: LayoutId,
    stop: &'a AtomicBool,
}

impl Progress for StopAt<'_> {
    fn event(&mut self, run: &RunPlace<'_>, _event: &Event) {
        if run.configuration.layout == self.layout {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_stopped_experiment_leaves_whole_records_and_continues() {
    let folder = tempfile::tempdir().unwrap();
    let hanging = Store::named("hang");
    let waiting = setup(&[("npy/u8", Path::new("ok")), ("npy/f32", hanging.path())]);
    let stop = AtomicBool::new(false);
    let mut stopper = StopAt {
        layout: "npy/f32".parse().unwrap(),
        stop: &stop,
    };
    let mut experiment = open(folder.path(), waiting);
    let end = experiment.run(&mut stopper, &stop).unwrap();
    drop(experiment);
    let SessionEnd::Interrupted(standing) = end else {
        panic!("{end:?}")
    };
    hanging.assert_left_alone();
    assert_eq!(runs(folder.path()).len() as u32, standing.completed);
    assert_eq!(read(folder.path()).unwrap().torn, None);

    go(folder.path(), well_behaved());
    assert_each_once(folder.path(), 2, 4);
}

/// A harness in a process of its own, with what it says.
struct Harness {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Harness {
    fn start(folder: &Path, stores: &[&Path]) -> Self {
        Self::start_by(&mut Command::new(example("fake_harness")), folder, stores)
    }

    /// Three blocks of these stores, started by a command that takes the harness's arguments.
    fn start_by(command: &mut Command, folder: &Path, stores: &[&Path]) -> Self {
        let mut child = command
            .arg(folder)
            .arg("3")
            .args(stores)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        Self {
            child,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// Waits until so many lines have begun with `word`, then kills with signal 9.
    fn kill_at(mut self, word: &str, count: usize) {
        let mut heard = 0;
        while heard < count {
            let line = self.lines.next().expect("the harness ended early").unwrap();
            heard += usize::from(line.starts_with(word));
        }
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn finish(mut self) {
        let last = self.lines.by_ref().map(Result::unwrap).last();
        assert!(last.unwrap().starts_with("Finished"));
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn a_harness_killed_at_any_moment_loses_and_doubles_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(RECORDS_FILE);
    let stores = [Path::new("ok"); 3];
    let mut before = Vec::new();
    for (word, count) in [("started", 1), ("epoch", 4), ("done", 2), ("ended", 2)] {
        Harness::start(folder.path(), &stores).kill_at(word, count);
        let now = fs::read(&log).unwrap();
        let found = read(folder.path()).unwrap();
        let whole = now.len() - found.torn.map_or(0, |torn| torn.content.len());
        assert!(
            now.starts_with(&before),
            "earlier records are never touched"
        );
        before = now[..whole].to_vec();
    }
    Harness::start(folder.path(), &stores).finish();
    assert_each_once(folder.path(), 3, 3);
    assert!(fs::read(&log).unwrap().starts_with(&before));
}

#[test]
fn a_worker_dies_with_its_harness() {
    let folder = tempfile::tempdir().unwrap();
    let hanging = Store::named("hang");
    let harness = Harness::start(folder.path(), &[Path::new("ok"), hanging.path()]);
    let child = harness.child.id();
    harness.kill_at("ready npy/u8", 1);
    hanging.assert_left_alone();
    assert!(!Path::new(&format!("/proc/{child}")).exists());
}
