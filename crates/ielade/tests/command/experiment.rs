//! The whole experiment: run, killed, continued, reported.

use crate::{ending::Left, photos::photos, shared::Ielade};
use ielade::bench::{
    record::{Outcome, Record, RunRecord},
    records,
};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

const PLAN: &str = r#"
name = "small"
blocks = 4
epochs = 2
most_repeats = 0
layouts = ["files/jpeg", "npy/u8", "npy/f32"]

[data]
source = "photos"

[loader]
batch_size = 8
threads = 2

[[consumers]]
kind = "none"

[[consumers]]
kind = "fixed-step"
milliseconds = 1

[[consumers]]
kind = "model"
model = "linear"
"#;

/// Four blocks of three layouts and the control, each with three consumers.
const RUNS: usize = 4 * (3 + 1) * 3;

fn runs(results: &Path) -> Vec<RunRecord> {
    let Ok(found) = records::read(results) else {
        return Vec::new();
    };
    found
        .records
        .into_iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some(*run),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .collect()
}

fn ready() -> Ielade {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 40, |_| 24);
    fs::write(ielade.path("plan.toml"), PLAN).unwrap();
    ielade
}

fn check_complete(ielade: &Ielade) {
    let runs = runs(&ielade.path("results/small"));
    assert_eq!(runs.len(), RUNS);
    assert!(runs.iter().all(|run| run.outcome == Outcome::Completed));
    let places: BTreeSet<_> = runs
        .iter()
        .map(|run| (run.block, run.configuration))
        .collect();
    assert_eq!(places.len(), RUNS, "a run was lost or doubled");
}

#[test]
fn two_states_of_the_cache_a_control_and_the_split_are_all_run_and_recorded() {
    let ielade = ready();
    let said = ielade.run(&[
        "bench",
        "plan.toml",
        "--blocks",
        "3",
        "--cache",
        "warm",
        "--cache",
        "cold",
        "--split",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.contains("for 3 blocks of runs"),
        "{}",
        said.stderr
    );
    let results = ielade.path("results/small");
    let found = records::read(&results).unwrap().records;
    let Some(Record::Experiment(experiment)) = found.first() else {
        panic!("no experiment")
    };
    let names: BTreeSet<&str> = experiment
        .configurations
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    // Three consumers in two states with three layouts and a control, and the model from memory.
    assert_eq!(names.len(), 3 * 2 * 4 + 1);
    for name in [
        "npy/u8 · linear · cold",
        "files/jpeg (control) · none · warm",
        "memory · linear",
    ] {
        assert!(names.contains(name), "{names:?}");
    }
    let runs = runs(&results);
    assert_eq!(runs.len(), 3 * names.len());
    for run in &runs {
        let configuration = &experiment.configurations[run.configuration as usize];
        let has_proof = run.ready.as_ref().unwrap().residency.is_some();
        assert_eq!(
            has_proof,
            configuration.origin.is_store(),
            "{}",
            configuration.name
        );
        assert!(run.epochs.iter().all(|epoch| epoch.step.is_some()));
    }
    // The records are the pilot of the next experiment.
    let said = ielade.run(&[
        "bench",
        "plan.toml",
        "--blocks",
        "1",
        "--pilot",
        "results/small",
        "--out",
        "next",
    ]);
    assert!(
        said.stderr.contains("for 1 block of runs"),
        "{}",
        said.stderr
    );
}

#[test]
fn an_experiment_ends_in_a_table_and_a_page_that_needs_no_network() {
    let ielade = ready();
    let table = ielade.done(&["bench", "plan.toml"]);
    for expected in ["files/jpeg", "npy/u8", "npy/f32", "report.html"] {
        assert!(table.contains(expected), "{table}");
    }
    check_complete(&ielade);
    let page = fs::read_to_string(ielade.path("results/small/report.html")).unwrap();
    assert!(page.contains("npy/u8") && !page.contains("src=\"http"));
    // Every layout delivered the same samples in the same order, in every block.
    let digests: BTreeSet<_> = runs(&ielade.path("results/small"))
        .into_iter()
        .map(|run| (run.block, run.done.unwrap().order_digest))
        .collect();
    assert_eq!(digests.len(), 4);
    // Run again, nothing is left to do; the report can be made from the records alone.
    ielade.done(&["bench", "plan.toml"]);
    check_complete(&ielade);
    check_images(&ielade, &page);
    fs::remove_dir_all(ielade.path("stores")).unwrap();
    assert_eq!(ielade.done(&["report", "results/small"]), table);
}

/// The page shows a few images, until somebody wants none.
fn check_images(ielade: &Ielade, page: &str) {
    let results = ielade.path("results/small");
    let found = records::read(&results).unwrap().records;
    let Some(Record::Experiment(experiment)) = found.first() else {
        panic!("no experiment")
    };
    let data_set = &experiment.data_set;
    let composition = data_set.composition.as_ref().unwrap();
    assert_eq!((composition.images, composition.looked_at), (80, 80));
    assert_eq!(composition.classes.len(), data_set.classes.len());
    assert!(!data_set.thumbnails.is_empty());
    let shown = |page: &str| page.matches("<img src=").count();
    assert_eq!(shown(page), data_set.thumbnails.len());
    ielade.done(&["bench", "plan.toml", "--no-thumbnails"]);
    assert!(!results.join("thumbnails.json").exists());
    let page = fs::read_to_string(results.join("report.html")).unwrap();
    assert_eq!(shown(&page), 0);
}

#[test]
fn killed_in_the_middle_an_experiment_goes_on_and_loses_nothing() {
    let ielade = ready();
    let results = ielade.path("results/small");
    for enough in [3, 20] {
        let mut child = ielade
            .command(&["bench", "plan.toml"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_mins(2);
        while runs(&results).len() < enough && Instant::now() < deadline {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!((enough..RUNS).contains(&runs(&results).len()));
    }
    ielade.done(&["bench", "plan.toml"]);
    check_complete(&ielade);
}

#[test]
fn interrupted_an_experiment_says_how_to_go_on() {
    let ielade = ready();
    let results = ielade.path("results/small");
    let child = ielade
        .command(&["bench", "plan.toml"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_mins(2);
    while runs(&results).is_empty() && Instant::now() < deadline {
        std::thread::yield_now();
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    let left = Left::of(&child.wait_with_output().unwrap());
    assert_eq!(left.code, Some(130), "{}", left.stderr);
    assert!(left.stderr.contains("same command"), "{}", left.stderr);
    ielade.done(&["bench", "plan.toml"]);
    check_complete(&ielade);
}

#[test]
fn a_store_that_does_not_deliver_its_source_is_not_timed() {
    let ielade = ready();
    ielade.done(&["prepare", "photos", "--layout", "npy/u8"]);
    let images = ielade.path("stores/photos-train/npy-u8/images.npy");
    let mut bytes = fs::read(&images).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&images, bytes).unwrap();
    let error = ielade.fails(&["bench", "plan.toml"]);
    assert!(error.contains("npy-u8"), "{error}");
    assert!(runs(&ielade.path("results/small")).is_empty());
}

#[test]
fn own_images_get_a_plan_with_its_time_and_disk_shown_first() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 20, |number| 30 + u32::from(number));
    let left = ielade.run(&[
        "bench",
        "--data",
        "photos",
        "--blocks",
        "1",
        "--most-repeats",
        "0",
        "--yes",
    ]);
    assert_eq!(left.code, Some(0), "{}{}", left.stdout, left.stderr);
    assert!(left.stderr.contains("of disk"), "{}", left.stderr);
    assert!(left.stdout.contains("npy/u8"), "{}", left.stdout);
}
