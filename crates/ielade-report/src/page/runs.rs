//! Every run with its raw figures, and the runs that failed.

use crate::{
    figures::fixed,
    language::{self, Language, PageWords, fill},
};
use ielade_bench::record::{
    Configuration, ExperimentRecord, GpuReport, Outcome, RunMark, RunRecord,
};
use ielade_core::{
    histogram::Histogram,
    worker_protocol::{BatchOrigin, EpochReport},
};
use serde::Serialize;

/// All runs, one row each.
#[derive(Debug, Serialize)]
pub(super) struct RunsTable {
    columns: Vec<Heading>,
    rows: Vec<Row>,
}

/// Heading of a column.
#[derive(Debug, Serialize)]
struct Heading {
    name: &'static str,
    /// True for words, which stand at the left.
    is_text: bool,
}

/// One run, with what it can be filtered by.
#[derive(Debug, Serialize)]
struct Row {
    layout: String,
    consumer: String,
    cache: &'static str,
    cells: Vec<String>,
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

/// A cell of a run, one of words or one of a number; its heading stands in the table of words.
enum Column {
    Words(fn(&Run<'_>) -> String),
    Number(fn(&Run<'_>) -> String),
}

impl Column {
    fn cell(&self, run: &Run<'_>) -> String {
        let (Self::Words(cell) | Self::Number(cell)) = self;
        cell(run)
    }
}

/// A run and its place in the whole experiment.
struct Run<'a> {
    sequence: usize,
    configuration: &'a str,
    record: &'a RunRecord,
    language: Language,
}

const COLUMNS: [Column; 38] = [
    Column::Number(|run| (run.sequence + 1).to_string()),
    Column::Number(|run| (run.record.block + 1).to_string()),
    Column::Number(|run| (run.record.position + 1).to_string()),
    Column::Words(|run| run.configuration.to_owned()),
    Column::Words(|run| run.record.started.clone()),
    Column::Words(|run| outcome(run).to_owned()),
    Column::Number(|run| number(run.record.done.as_ref().map(|done| done.training_seconds))),
    Column::Number(|run| number(run.record.ready.as_ref().map(|ready| ready.setup_seconds))),
    Column::Number(|run| {
        number(
            run.record
                .epochs
                .first()
                .map(|epoch| epoch.first_batch_seconds),
        )
    }),
    Column::Words(epochs),
    Column::Number(|run| {
        run.record
            .epochs
            .iter()
            .map(|epoch| epoch.images)
            .sum::<u64>()
            .to_string()
    }),
    Column::Number(|run| number(summed(run.record, |epoch| epoch.wait_seconds))),
    Column::Number(|run| number(summed(run.record, |epoch| epoch.cpu_user_seconds))),
    Column::Number(|run| number(summed(run.record, |epoch| epoch.cpu_system_seconds))),
    Column::Number(|run| run.record.probe.peak_rss_bytes.to_string()),
    Column::Number(|run| run.record.probe.peak_anonymous_bytes.to_string()),
    Column::Number(|run| run.record.probe.read_bytes.to_string()),
    Column::Number(|run| run.record.probe.major_faults.to_string()),
    Column::Number(|run| run.record.probe.minor_faults.to_string()),
    Column::Number(|run| run.record.probe.read_calls.to_string()),
    Column::Number(|run| quantile(run.record, wait, 0.5)),
    Column::Number(|run| quantile(run.record, wait, 0.95)),
    Column::Number(|run| quantile(run.record, wait, 0.99)),
    Column::Number(|run| quantile(run.record, step, 0.5)),
    Column::Number(|run| quantile(run.record, step, 0.95)),
    Column::Number(|run| quantile(run.record, step, 0.99)),
    Column::Number(|run| {
        let epochs = run.record.epochs.iter();
        let all: Vec<u64> = epochs
            .filter_map(|epoch| epoch.buffer_allocations)
            .collect();
        whole((!all.is_empty()).then(|| all.iter().sum()))
    }),
    Column::Number(|run| whole(run.record.probe.peak_pss_bytes)),
    Column::Number(|run| number(run.record.probe.io_wait_seconds)),
    Column::Number(|run| {
        let machine = run.record.probe.machine.as_ref();
        number(machine.map(|machine| machine.foreign_seconds))
    }),
    Column::Number(|run| {
        let machine = run.record.probe.machine.as_ref();
        let pressure = machine.and_then(|machine| machine.pressure);
        number(pressure.map(|pressure| pressure.io_some_seconds))
    }),
    Column::Number(|run| {
        let machine = run.record.probe.machine.as_ref();
        let frequency = machine.and_then(|machine| machine.frequency);
        number(frequency.map(|frequency| frequency.mean_mhz))
    }),
    Column::Number(|run| match &run.record.probe.gpu {
        GpuReport::Absent { .. } => String::new(),
        GpuReport::Seen { cards } => {
            let shares: Vec<String> = cards
                .iter()
                .map(|card| number(Some(card.utilisation)))
                .collect();
            shares.join(" ")
        }
    }),
    Column::Number(|run| number(Some(run.record.probe.cost.cpu_seconds))),
    Column::Words(|run| residencies(run.record)),
    Column::Number(|run| number(run.record.load_before)),
    Column::Number(|run| {
        let last = run.record.epochs.last();
        let test = last.and_then(|epoch| epoch.test.as_ref());
        number(test.map(|metrics| metrics.top1))
    }),
    Column::Words(marks),
];

impl RunsTable {
    pub(super) fn new(
        experiment: &ExperimentRecord,
        runs: &[&RunRecord],
        language: Language,
    ) -> Self {
        let rows: Vec<Row> = runs
            .iter()
            .enumerate()
            .map(|(sequence, record)| {
                let configuration = configuration_name(experiment, record, &language.words().page);
                let run = Run {
                    sequence,
                    configuration,
                    record,
                    language,
                };
                Row::new(experiment, &run)
            })
            .collect();
        // What no run has is no column.
        let is_told =
            |place: &usize| rows.is_empty() || rows.iter().any(|row| !row.cells[*place].is_empty());
        let told: Vec<usize> = (0..COLUMNS.len()).filter(is_told).collect();
        let columns = told.iter().map(|place| Heading {
            name: language.words().page.run_columns[*place],
            is_text: matches!(COLUMNS[*place], Column::Words(_)),
        });
        Self {
            columns: columns.collect(),
            rows: rows.into_iter().map(|row| row.with_only(&told)).collect(),
        }
    }
}

impl Row {
    fn new(experiment: &ExperimentRecord, run: &Run<'_>) -> Self {
        let place = run.record.configuration as usize;
        let configuration = experiment.configurations.get(place);
        Self {
            layout: configuration.map_or_else(String::new, |one| one.layout.to_string()),
            consumer: configuration.map_or_else(String::new, |one| label(experiment, one)),
            cache: configuration.map_or("", |one| match one.origin {
                BatchOrigin::Store => one.cache.name(),
                // Batches from memory have no cache.
                BatchOrigin::Memory => "",
            }),
            cells: COLUMNS.iter().map(|column| column.cell(run)).collect(),
        }
    }

    fn with_only(self, columns: &[usize]) -> Self {
        let cells = columns.iter().map(|place| self.cells[*place].clone());
        Self {
            cells: cells.collect(),
            ..self
        }
    }
}

/// The name that the plan gives the consumer.
fn label(experiment: &ExperimentRecord, configuration: &Configuration) -> String {
    let plan = &experiment.plan;
    let mut planned = plan.consumers.iter().zip(plan.consumer_labels());
    let found = planned.find(|(planned, _)| planned.consumer == configuration.consumer);
    found.map_or_else(|| configuration.consumer.label(), |(_, label)| label)
}

impl FailedRun {
    pub(super) fn all(
        experiment: &ExperimentRecord,
        runs: &[&RunRecord],
        words: &'static PageWords,
    ) -> Vec<Self> {
        let failed = runs.iter().filter_map(|run| match &run.outcome {
            Outcome::Failed { message, log } => Some(Self {
                configuration: configuration_name(experiment, run, words).to_owned(),
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

pub(super) fn configuration_name<'a>(
    experiment: &'a ExperimentRecord,
    run: &RunRecord,
    words: &PageWords,
) -> &'a str {
    let configuration = experiment.configurations.get(run.configuration as usize);
    configuration.map_or(words.unknown, |configuration| configuration.name.as_str())
}

const fn outcome(run: &Run<'_>) -> &'static str {
    let words = &run.language.words().page;
    match run.record.outcome {
        Outcome::Completed => words.completed,
        Outcome::Failed { .. } => words.failed,
    }
}

fn epochs(run: &Run<'_>) -> String {
    let epochs = run.record.epochs.iter();
    let seconds: Vec<String> = epochs.map(|epoch| number(Some(epoch.seconds))).collect();
    seconds.join(" ")
}

const fn wait(epoch: &EpochReport) -> Option<&Histogram> {
    epoch.wait.as_ref()
}

const fn step(epoch: &EpochReport) -> Option<&Histogram> {
    epoch.step.as_ref()
}

/// A quantile over all epochs.
fn quantile(run: &RunRecord, of: fn(&EpochReport) -> Option<&Histogram>, q: f64) -> String {
    let mut all: Option<Histogram> = None;
    for histogram in run.epochs.iter().filter_map(of) {
        match &mut all {
            Some(all) => all.merge(histogram),
            None => all = Some(histogram.clone()),
        }
    }
    number(all.and_then(|all| all.quantile(q)))
}

/// Share of the store in the page cache before each epoch; before the run, in older records.
fn residencies(run: &RunRecord) -> String {
    let epochs = run.epochs.iter().filter_map(|epoch| epoch.residency_before);
    let before: Vec<String> = epochs.map(|share| number(Some(share))).collect();
    if before.is_empty() {
        number(run.ready.as_ref().and_then(|ready| ready.residency))
    } else {
        before.join(" ")
    }
}

fn marks(run: &Run<'_>) -> String {
    let language = run.language;
    let words = &language.words().page;
    let marks = run.record.marks.iter().map(|mark| match mark {
        RunMark::CacheNotEstablished {
            asked,
            epoch,
            residency,
        } => fill(
            words.mark_cache,
            &[
                ("asked", language.words().charts.caches.of(*asked)),
                ("share", &language.number(&fixed(residency * 100.0, 1))),
                ("epoch", &(epoch + 1).to_string()),
            ],
        ),
        RunMark::BusyMachine { what } => {
            let what = language::disturbances(language, what);
            fill(words.mark_busy, &[("what", &what)])
        }
    });
    let repetition = run.record.attempt;
    let repeated =
        (repetition > 0).then(|| fill(words.repetition, &[("n", &repetition.to_string())]));
    repeated
        .into_iter()
        .chain(marks)
        .collect::<Vec<_>>()
        .join("; ")
}

fn whole(value: Option<u64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn summed(run: &RunRecord, value: fn(&EpochReport) -> f64) -> Option<f64> {
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
