//! Every way in which a worker can end, well or badly.

mod programs;
#[path = "programs/store.rs"]
mod store;

use ielade_bench::record::ProbeSummary;
use ielade_bench::worker::{Ending, Limits, WorkerCommand, WorkerError, WorkerRun, run_worker};
use ielade_core::{
    ForeignNames,
    worker_protocol::{
        BatchOrigin, CacheState, Consumer, Event, Job, LoaderSettings, PROTOCOL_VERSION,
    },
};
use programs::example;
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};
use store::Store;

fn job(store: &Path) -> Job {
    Job {
        protocol: PROTOCOL_VERSION,
        train_store: store.to_owned(),
        test_store: None,
        names: ForeignNames::default(),
        loader: LoaderSettings::default(),
        consumer: Consumer::None,
        epochs: 2,
        seed: 1,
        cache: CacheState::AsIs,
        batches: BatchOrigin::Store,
        memory_limit: None,
        save_weights: None,
    }
}

/// A run that nobody stops, with these limits.
fn run_with(store: &Path, timeout: Duration, grace: Duration) -> WorkerRun {
    let stop = AtomicBool::new(false);
    let limits = Limits {
        grace,
        ..Limits::new(timeout, &stop)
    };
    let command = WorkerCommand::new(example("fake_worker"));
    run_worker(&command, &job(store), limits, &mut |_| {}).unwrap()
}

fn run(behaviour: &str) -> WorkerRun {
    run_with(Path::new(behaviour), LONG, LONG)
}

/// Longer than any worker here takes, unless it waits for ever.
const LONG: Duration = Duration::from_mins(1);
/// Long enough for a worker to start on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

/// The message of a run that failed.
fn failure(run: &WorkerRun) -> &str {
    match &run.ending {
        Ending::Failed(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_worker_that_works_leaves_all_it_said() {
    let stop = AtomicBool::new(false);
    let mut heard = Vec::new();
    let run = run_worker(
        &WorkerCommand::new(example("fake_worker")),
        &job(Path::new("ok")),
        Limits::new(Duration::from_mins(1), &stop),
        &mut |event| heard.push(event.clone()),
    )
    .unwrap();
    assert_eq!(run.ending, Ending::Completed);
    assert_eq!(run.ready.unwrap().worker, "fake 1");
    assert_eq!(run.epochs.len(), 2);
    assert!(run.done.is_some() && run.process_seconds > 0.0);
    assert!(matches!(
        heard.as_slice(),
        [
            Event::Ready(_),
            Event::Epoch(_),
            Event::Epoch(_),
            Event::Done(_)
        ]
    ));
}

#[test]
fn memory_and_processor_time_of_the_worker_are_seen() {
    let probe = run("work").probe;
    assert!(probe.samples >= 4, "{probe:?}");
    assert!(probe.peak_rss_bytes > 64 << 20, "{probe:?}");
    assert!(
        probe.cpu_user_seconds + probe.cpu_system_seconds >= 0.03,
        "{probe:?}"
    );
}

#[test]
fn what_a_worker_has_its_children_do_counts_once() {
    let alone = run("work").probe;
    let family = run("family").probe;
    let cpu = |probe: &ProbeSummary| probe.cpu_user_seconds + probe.cpu_system_seconds;
    assert!(cpu(&family) >= 0.03, "{family:?}");
    assert!(
        cpu(&family) < 1.8 * cpu(&alone) + 0.1,
        "{family:?} {alone:?}"
    );
}

#[test]
fn what_happened_is_told_from_one_word_to_the_next_and_over_time() {
    let run = run("work");
    let words: Vec<&str> = run
        .probe
        .intervals
        .iter()
        .map(|interval| interval.until.as_str())
        .collect();
    assert_eq!(words, ["ready", "epoch", "epoch", "done"]);
    let ends = run.probe.intervals.windows(2);
    assert!(
        ends.into_iter()
            .all(|pair| pair[0].end_seconds <= pair[1].end_seconds)
    );
    let epochs: f64 = run.probe.intervals[1..3]
        .iter()
        .map(|interval| interval.cpu_user_seconds + interval.cpu_system_seconds)
        .sum();
    assert!(epochs >= 0.03, "{:?}", run.probe.intervals);
    assert_eq!(run.probe.intervals[1].residency, Some(1.0));
    let series = &run.series;
    assert!(!series.seconds.is_empty());
    for column in [&series.rss_bytes, &series.cpu_user, &series.read_bytes] {
        assert!(
            column.is_empty() || column.len() == series.seconds.len(),
            "{series:?}"
        );
    }
    assert!(run.probe.machine.unwrap().processors > 0);
    assert!(run.probe.cost.seconds > 0.0);
}

#[test]
fn a_crash_is_reported_with_the_end_of_the_log() {
    let run = run("crash");
    assert!(failure(&run).contains("code 101"), "{run:?}");
    assert!(run.log.contains("the fake worker crashes"), "{run:?}");
    assert_eq!(run.epochs.len(), 1, "what came before is kept");
}

#[test]
fn a_long_log_is_kept_by_its_end() {
    let run = run("chatter");
    assert!(run.log.len() <= 16 << 10 && run.log.contains("the end of the log"));
}

#[test]
fn a_death_by_signal_is_named() {
    assert!(failure(&run("abort")).contains("signal 6"));
}

#[test]
fn an_end_without_a_last_word_is_a_failure() {
    let message = failure(&run("quit")).to_owned();
    assert!(message.contains("before it was done") && message.contains("code 0"));
}

#[test]
fn what_the_worker_says_of_its_failure_is_kept() {
    assert_eq!(failure(&run("fail")), "no such store; prepare it first");
}

#[test]
fn rubbish_on_standard_output_is_shown() {
    assert!(failure(&run("rubbish")).contains("Loading: 10 %"));
    assert!(failure(&run("binary")).contains("not UTF-8"));
}

#[test]
fn a_wrong_number_of_epochs_is_a_failure() {
    assert!(failure(&run("early")).contains("after 1 of 2 epochs"));
}

#[test]
fn after_done_a_worker_must_end_quietly_and_well() {
    assert!(failure(&run("stray")).contains("after its last event"));
    assert!(failure(&run("code")).contains("code 3"));
    let deaf = run_with(Path::new("deaf"), LONG, Duration::from_millis(100));
    assert!(failure(&deaf).contains("did not exit"));
}

#[test]
fn a_worker_that_hangs_is_ended_at_the_timeout() {
    let store = Store::named("hang");
    let run = run_with(store.path(), SHORT, LONG);
    assert!(failure(&run).contains("timeout_seconds"), "{run:?}");
    store.assert_left_alone();
}

#[test]
fn a_worker_that_hangs_and_does_not_listen_is_ended_at_the_timeout() {
    let store = Store::named("deaf-hang");
    let run = run_with(store.path(), SHORT, LONG);
    assert!(failure(&run).contains("timeout_seconds"), "{run:?}");
    store.assert_left_alone();
}

#[test]
fn a_child_that_a_worker_leaves_behind_is_ended() {
    let store = Store::named("orphan");
    let run = run_with(store.path(), LONG, LONG);
    assert!(failure(&run).contains("before it was done"), "{run:?}");
    store.assert_left_alone();
}

#[test]
fn a_stop_ends_the_worker_at_once_and_leaves_no_outcome() {
    let store = Store::named("hang");
    let stop = AtomicBool::new(false);
    let started = Instant::now();
    let run = run_worker(
        &WorkerCommand::new(example("fake_worker")),
        &job(store.path()),
        Limits::new(Duration::from_hours(1), &stop),
        &mut |_| stop.store(true, Ordering::Relaxed),
    )
    .unwrap();
    assert_eq!(
        (run.ending.clone(), run.outcome()),
        (Ending::Interrupted, None)
    );
    assert!(started.elapsed() < Duration::from_mins(1));
    store.assert_left_alone();
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let stop = AtomicBool::new(false);
    let limits = Limits::new(Duration::from_secs(1), &stop);
    let command = WorkerCommand::new("/no/such/worker");
    let error = run_worker(&command, &job(Path::new("ok")), limits, &mut |_| {}).unwrap_err();
    assert!(matches!(error, WorkerError::Start { .. }));
    assert!(error.to_string().contains("/no/such/worker"), "{error}");
}
