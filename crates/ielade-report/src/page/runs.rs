//! Every run with its raw figures, and the runs that failed.

use crate::figures::fixed;
use ielade_bench::record::{ExperimentRecord, Outcome, RunRecord};
use serde::Serialize;

/// All runs, one row each.
#[derive(Debug, Serialize)]
pub(super) struct RunsTable {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// A run that does not count.
#[derive(Debug, Serialize)]
pub(super) struct FailedRun {
    configuration: String,
    block: u32,
    started: String,
    message: String,
    log: String,
}

/// A column of the table: its heading, and its cell of a run.
type Column = (&'static str, fn(&Run<'_>) -> String);

/// A run and its place in the whole experiment.
struct Run<'a> {
    sequence: usize,
    configuration: &'a str,
    record: &'a RunRecord,
}

const COLUMNS: [Column; 20] = [
    ("run", |run| (run.sequence + 1).to_string()),
    ("block", |run| (run.record.block + 1).to_string()),
    ("place", |run| (run.record.position + 1).to_string()),
    ("configuration", |run| run.configuration.to_owned()),
    ("started (UTC)", |run| run.record.started.clone()),
    ("outcome", |run| outcome(&run.record.outcome).to_owned()),
    ("total (s)", |run| {
        number(run.record.done.as_ref().map(|done| done.training_seconds))
    }),
    ("setup (s)", |run| {
        number(run.record.ready.as_ref().map(|ready| ready.setup_seconds))
    }),
    ("first batch (s)", |run| {
        number(
            run.record
                .epochs
                .first()
                .map(|epoch| epoch.first_batch_seconds),
        )
    }),
    ("epochs (s)", epochs),
    ("images", |run| {
        run.record
            .epochs
            .iter()
            .map(|epoch| epoch.images)
            .sum::<u64>()
            .to_string()
    }),
    ("waiting (s)", |run| {
        number(summed(run.record, |epoch| epoch.wait_seconds))
    }),
    ("CPU user (s)", |run| {
        number(summed(run.record, |epoch| epoch.cpu_user_seconds))
    }),
    ("CPU system (s)", |run| {
        number(summed(run.record, |epoch| epoch.cpu_system_seconds))
    }),
    ("peak resident (bytes)", |run| {
        run.record.probe.peak_rss_bytes.to_string()
    }),
    ("peak own (bytes)", |run| {
        run.record.probe.peak_anonymous_bytes.to_string()
    }),
    ("read from device (bytes)", |run| {
        run.record.probe.read_bytes.to_string()
    }),
    ("residency before", |run| {
        number(run.record.ready.as_ref().and_then(|ready| ready.residency))
    }),
    ("load before", |run| number(run.record.load_before)),
    ("test top-1", |run| {
        let last = run.record.epochs.last();
        let test = last.and_then(|epoch| epoch.test.as_ref());
        number(test.map(|metrics| metrics.top1))
    }),
];

impl RunsTable {
    pub(super) fn new(experiment: &ExperimentRecord, runs: &[&RunRecord]) -> Self {
        let rows = runs.iter().enumerate().map(|(sequence, record)| {
            let run = Run {
                sequence,
                configuration: configuration_name(experiment, record),
                record,
            };
            COLUMNS.iter().map(|(_, cell)| cell(&run)).collect()
        });
        Self {
            columns: COLUMNS.iter().map(|(heading, _)| *heading).collect(),
            rows: rows.collect(),
        }
    }
}

impl FailedRun {
    pub(super) fn all(experiment: &ExperimentRecord, runs: &[&RunRecord]) -> Vec<Self> {
        let failed = runs.iter().filter_map(|run| match &run.outcome {
            Outcome::Failed { message, log } => Some(Self {
                configuration: configuration_name(experiment, run).to_owned(),
                block: run.block + 1,
                started: run.started.clone(),
                message: message.clone(),
                log: log.trim().to_owned(),
            }),
            Outcome::Completed => None,
        });
        failed.collect()
    }
}

fn configuration_name<'a>(experiment: &'a ExperimentRecord, run: &RunRecord) -> &'a str {
    let configuration = experiment.configurations.get(run.configuration as usize);
    configuration.map_or("unknown", |configuration| configuration.name.as_str())
}

const fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Failed { .. } => "failed",
    }
}

fn epochs(run: &Run<'_>) -> String {
    let epochs = run.record.epochs.iter();
    let seconds: Vec<String> = epochs.map(|epoch| number(Some(epoch.seconds))).collect();
    seconds.join(" ")
}

fn summed(
    run: &RunRecord,
    value: fn(&ielade_core::worker_protocol::EpochReport) -> f64,
) -> Option<f64> {
    (!run.epochs.is_empty()).then(|| run.epochs.iter().map(value).sum())
}

/// Six significant digits, plain, as programs read them; empty for none.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| {
        let magnitude = value.abs().log10();
        let places = if magnitude.is_finite() {
            (5.0 - magnitude.floor()).clamp(0.0, 9.0) as i32
        } else {
            0
        };
        fixed(value, places).replace(',', "").replace('−', "-")
    })
}
