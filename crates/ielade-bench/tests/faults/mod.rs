//! What an experiment survives: disturbed runs, workers that are killed, a full disk, lost stores.

use super::{
    Harness, Store, assert_each_once, completed, example, go, open, read, runs, setup, well_behaved,
};
use ielade_bench::{
    analysis::{Metric, analyse},
    busy::Watch,
    experiment::{Experiment, Progress, RunPlace, SessionEnd, Silent, Standing},
    record::{Outcome, ProbeSummary, RunMark, RunRecord},
    records::RECORDS_FILE,
};
use ielade_core::worker_protocol::Event;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::AtomicBool,
};

/// Says of the runs, counted from 0, which were disturbed.
#[derive(Debug)]
struct Script {
    next: u32,
    busy: BTreeSet<u32>,
}

impl Script {
    fn busy_at(runs: impl IntoIterator<Item = u32>) -> Self {
        Self {
            next: 0,
            busy: runs.into_iter().collect(),
        }
    }
}

impl Watch for Script {
    fn before(&mut self, _stop: &AtomicBool) -> Option<String> {
        None
    }

    fn after(&mut self, _configuration: u32, _seen: &ProbeSummary) -> Option<String> {
        self.next += 1;
        self.busy
            .contains(&(self.next - 1))
            .then(|| "somebody compiles".to_owned())
    }
}

/// Eight runs of which these were disturbed, with at most so many repeats.
fn disturbed(folder: &Path, busy: &[u32], most_repeats: u32) -> Vec<RunRecord> {
    let mut setup = well_behaved();
    setup.plan.most_repeats = most_repeats;
    let experiment = Experiment::create_or_continue(folder, setup).unwrap();
    let mut experiment = experiment.watched_by(Box::new(Script::busy_at(busy.iter().copied())));
    let end = experiment
        .run(&mut Silent, &AtomicBool::new(false))
        .unwrap();
    let SessionEnd::Finished(standing) = end else {
        panic!("{end:?}")
    };
    assert_eq!((standing.completed, standing.total), (8, 8));
    runs(folder)
}

fn place(run: &RunRecord) -> (u32, u32) {
    (run.block, run.configuration)
}

#[test]
fn a_disturbed_run_is_marked_and_repeated_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let runs = disturbed(folder.path(), &[2], 1);
    assert_eq!(runs.len(), 9);
    let what = "somebody compiles".to_owned();
    assert_eq!(runs[2].marks, [RunMark::BusyMachine { what }]);
    assert_eq!(place(&runs[8]), place(&runs[2]));
    assert_eq!((runs[2].attempt, runs[8].attempt), (0, 1));
    assert_eq!(runs[8].position, runs[2].position);
    assert!(!runs[8].is_busy());
}

#[test]
fn repeats_end_at_their_limit_and_no_run_is_repeated_in_vain() {
    let always = || (0..100).collect::<Vec<u32>>();
    for (most, expected) in [(0, 8), (1, 16), (2, 24)] {
        let folder = tempfile::tempdir().unwrap();
        let runs = disturbed(folder.path(), &always(), most);
        assert_eq!(runs.len(), expected, "{most} repeats");
        // A finished experiment does not begin again.
        assert_eq!(disturbed(folder.path(), &always(), most).len(), expected);
    }
    let folder = tempfile::tempdir().unwrap();
    // The repeat of run 0 is run 8; it was undisturbed and is the last.
    assert_eq!(disturbed(folder.path(), &[0], 5).len(), 9);
}

#[test]
fn of_a_repeated_run_the_undisturbed_attempt_counts_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    disturbed(folder.path(), &[0, 1, 9], 1);
    let records = read(folder.path()).unwrap().records;
    let analysis = analyse(&records).unwrap();
    let summaries = analysis.groups.iter().flat_map(|group| &group.summaries);
    assert_eq!(summaries.clone().map(|one| one.completed).sum::<u32>(), 8);
    let estimate = |metric| {
        summaries
            .clone()
            .filter_map(move |one| one.estimate(metric))
    };
    assert!(estimate(Metric::MeanEpochSeconds).all(|one| one.runs == 2));
    // Of run 0 its repeat counts, and of run 1 too: both attempts were disturbed alike.
    let places: BTreeSet<u32> = summaries
        .flat_map(|one| one.points.iter().map(|point| point.sequence))
        .collect();
    assert_eq!(places, (2..10).collect());
    let told = |what: &str| {
        analysis
            .warnings
            .iter()
            .any(|one| one.to_string().contains(what))
    };
    assert!(told("2 runs were repeated"), "{:?}", analysis.warnings);
    assert!(told("1 run counts all the same"), "{:?}", analysis.warnings);
}

/// Keeps warnings.
#[derive(Default)]
struct Warnings(Vec<String>);

impl Progress for Warnings {
    fn warning(&mut self, message: &str) {
        self.0.push(message.to_owned());
    }
}

#[test]
fn a_busy_machine_is_told_once_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = Experiment::create_or_continue(folder.path(), well_behaved()).unwrap();
    let mut experiment = experiment.watched_by(Box::new(Script::busy_at(0..3)));
    let mut told = Warnings::default();
    experiment.run(&mut told, &AtomicBool::new(false)).unwrap();
    assert_eq!(told.0.len(), 1, "{:?}", told.0);
    assert!(told.0[0].contains("somebody compiles"), "{:?}", told.0);
}

#[test]
fn a_harness_killed_while_it_repeats_doubles_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [Path::new("ok"); 3];
    let busy = || {
        let mut command = Command::new(example("fake_harness"));
        command.env("FAKE_HARNESS_BUSY", "1");
        Harness::start_by(&mut command, folder.path(), &stores)
    };
    // Nine runs, then their repeats: killed in the first of them, and between two later ones.
    busy().kill_at("started", 10);
    let before = fs::read(folder.path().join(RECORDS_FILE)).unwrap();
    busy().kill_at("ended", 2);
    busy().finish();
    let after = fs::read(folder.path().join(RECORDS_FILE)).unwrap();
    assert!(after.starts_with(&before));
    let runs = runs(folder.path());
    let attempts: BTreeSet<_> = runs
        .iter()
        .map(|run| (run.block, run.configuration, run.attempt))
        .collect();
    assert_eq!((runs.len(), attempts.len()), (18, 18));
    assert!(attempts.iter().all(|(_, _, attempt)| *attempt < 2));
}

/// Kills the worker of the first run on this store as soon as it is ready.
struct KillOnce {
    store: PathBuf,
    done: bool,
}

impl Progress for KillOnce {
    fn event(&mut self, _run: &RunPlace<'_>, event: &Event) {
        // Written by the worker before its first word.
        let Ok(pid) = fs::read_to_string(self.store.join("locked")) else {
            return;
        };
        if matches!(event, Event::Ready(_)) && !self.done {
            let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
            kill_process(pid, Signal::KILL).unwrap();
            self.done = true;
        }
    }
}

#[test]
fn a_worker_killed_with_signal_9_fails_its_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let hanging = Store::named("hang");
    let mut setup = setup(&[("npy/u8", Path::new("ok")), ("npy/f32", hanging.path())]);
    setup.plan.consumers.truncate(1);
    setup.plan.blocks = 1;
    let mut experiment = open(folder.path(), setup.clone());
    let mut killer = KillOnce {
        store: hanging.path().to_owned(),
        done: false,
    };
    experiment
        .run(&mut killer, &AtomicBool::new(false))
        .unwrap();
    drop(experiment);
    let failed: Vec<RunRecord> = runs(folder.path())
        .into_iter()
        .filter(|run| run.outcome != Outcome::Completed)
        .collect();
    assert_eq!(failed.len(), 1);
    let Outcome::Failed { message, .. } = &failed[0].outcome else {
        panic!("{failed:?}")
    };
    assert!(message.contains("killed by signal 9"), "{message}");
    assert_eq!(completed(folder.path()).len(), 1);

    setup.stores[1].path = "ok".to_owned();
    go(folder.path(), setup);
    assert_each_once(folder.path(), 1, 2);
}

#[test]
fn a_disk_that_fills_up_in_the_middle_of_a_record_loses_and_doubles_no_run() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join(RECORDS_FILE);
    let stores = [Path::new("ok"); 3];
    Harness::start(folder.path(), &stores).kill_at("ended", 2);
    let before = fs::read(&log).unwrap();
    let whole = completed(folder.path()).len();
    // The shell's limit of a file's size stands for the end of the disk: as there, a write first
    // does a part and then fails. Its unit is 512 bytes.
    let mut limited = Command::new("sh");
    let room = before.len() / 512 + 2;
    let script = format!("trap '' XFSZ; ulimit -f {room}; exec \"$0\" \"$@\"");
    limited
        .args(["-c", &script])
        .arg(example("fake_harness"))
        .stderr(Stdio::null());
    let mut harness = Harness::start_by(&mut limited, folder.path(), &stores);
    let said: Vec<String> = harness.lines.by_ref().map(Result::unwrap).collect();
    let status = harness.child.wait().unwrap();
    assert!(!status.success(), "{said:?}");
    assert!(completed(folder.path()).len() >= whole);
    assert_eq!(
        read(folder.path()).unwrap().torn,
        None,
        "what was begun is taken back"
    );
    assert!(fs::read(&log).unwrap().starts_with(&before));

    Harness::start(folder.path(), &stores).finish();
    assert_each_once(folder.path(), 3, 3);
    assert!(fs::read(&log).unwrap().starts_with(&before));
}

/// Takes a store away after the first run on it.
struct LoseStore {
    store: PathBuf,
}

impl Progress for LoseStore {
    fn run_ended(&mut self, run: &RunPlace<'_>, _record: &RunRecord, _standing: &Standing) {
        if run.configuration.layout.to_string() == "npy/f32" && self.store.is_dir() {
            fs::remove_dir_all(&self.store).unwrap();
        }
    }
}

#[test]
fn a_store_lost_in_the_middle_fails_its_own_runs_until_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::named("ok");
    let setup = setup(&[("npy/u8", Path::new("ok")), ("npy/f32", store.path())]);
    let mut experiment = open(folder.path(), setup.clone());
    let mut thief = LoseStore {
        store: store.path().to_owned(),
    };
    let end = experiment.run(&mut thief, &AtomicBool::new(false)).unwrap();
    drop(experiment);
    let SessionEnd::Finished(standing) = end else {
        panic!("{end:?}")
    };
    assert_eq!((standing.completed, standing.failed), (5, 3));
    for run in runs(folder.path()) {
        if let Outcome::Failed { message, .. } = &run.outcome {
            assert!(message.contains("no such store"), "{message}");
        }
    }
    fs::create_dir(store.path()).unwrap();
    go(folder.path(), setup);
    assert_each_once(folder.path(), 2, 4);
    assert_eq!(runs(folder.path()).len(), 11);
}
