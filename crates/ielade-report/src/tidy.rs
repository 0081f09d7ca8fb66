//! The raw figures as tidy tables: one row a run, one row an epoch; every column with its unit and
//! its meaning. [`csv`](crate::csv) and [`parquet`](crate::parquet) write them down.

mod epochs;
mod runs;

use ielade_bench::{
    analysis::{Analysis, LeftOutReason},
    record::{Configuration, Record, RunMark, RunRecord},
};
use ielade_core::worker_protocol::BatchOrigin;
use std::collections::BTreeMap;

pub(crate) use epochs::epochs;
pub(crate) use runs::runs;

/// A table of columns of one length.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TidyTable {
    /// Name of the table and of its file, without ending.
    pub(crate) name: &'static str,
    /// What one row is.
    pub(crate) row: &'static str,
    pub(crate) columns: Vec<TidyColumn>,
}

/// A column with what a reader must know of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TidyColumn {
    pub(crate) name: &'static str,
    /// Unit of the values; empty for words and plain numbers.
    pub(crate) unit: &'static str,
    pub(crate) meaning: String,
    pub(crate) values: Values,
}

/// The values of a column; `None` for what was not measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Text(Vec<Option<String>>),
    Whole(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Truth(Vec<Option<bool>>),
}

impl Values {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Truth(values) => values.len(),
        }
    }

    /// What the values are, for a dictionary of the columns.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Whole(_) => "whole number",
            Self::Real(_) => "number",
            Self::Truth(_) => "true or false",
        }
    }

    /// The value of a row as plain text with a decimal point; empty for none.
    pub(crate) fn text(&self, row: usize) -> String {
        match self {
            Self::Text(values) => values.get(row).cloned().flatten(),
            Self::Whole(values) => shown(values, row),
            Self::Real(values) => shown(values, row),
            Self::Truth(values) => shown(values, row),
        }
        .unwrap_or_default()
    }
}

fn shown<T: ToString>(values: &[Option<T>], row: usize) -> Option<String> {
    values.get(row)?.as_ref().map(ToString::to_string)
}

impl TidyTable {
    pub(crate) fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }
}

/// How a column is read from rows of one kind.
#[derive(Clone, Copy)]
enum Read<R: ?Sized> {
    Text(fn(&R) -> Option<String>),
    Whole(fn(&R) -> Option<u64>),
    Real(fn(&R) -> Option<f64>),
    Truth(fn(&R) -> bool),
}

/// Name, unit, meaning, and how a value is read from a row.
type Specification<R> = (&'static str, &'static str, &'static str, Read<R>);

fn column<R>(specification: &Specification<R>, rows: &[R]) -> TidyColumn {
    let (name, unit, meaning, read) = specification;
    let rows = rows.iter();
    TidyColumn {
        name,
        unit,
        meaning: (*meaning).to_owned(),
        values: match read {
            Read::Text(of) => Values::Text(rows.map(of).collect()),
            Read::Whole(of) => Values::Whole(rows.map(|row| whole(of(row)?)).collect()),
            Read::Real(of) => Values::Real(rows.map(|row| finite(of(row)?)).collect()),
            Read::Truth(of) => Values::Truth(rows.map(|row| Some(of(row))).collect()),
        },
    }
}

fn whole(value: u64) -> Option<i64> {
    i64::try_from(value).ok()
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// A run with all that a row needs to know of it.
struct Run<'a> {
    experiment: &'a str,
    data_set: &'a str,
    /// Place in the whole experiment, from 0.
    sequence: u32,
    record: &'a RunRecord,
    configuration: Option<&'a Configuration>,
    consumer: String,
    /// Why a completed run does not count.
    left_out: Option<LeftOutReason>,
    counts: bool,
}

/// All runs of the records, in the order in which they ran.
fn all_runs<'a>(analysis: &'a Analysis, records: &'a [Record]) -> Vec<Run<'a>> {
    let experiment = &analysis.experiment;
    let left_out = left_out(analysis);
    let runs = records.iter().filter_map(|record| match record {
        Record::Run(run) => Some(run.as_ref()),
        Record::Experiment(_) | Record::Session(_) => None,
    });
    (0..)
        .zip(runs)
        .map(|(sequence, record)| {
            let configuration = experiment.configurations.get(record.configuration as usize);
            let reason = left_out.get(&sequence).copied();
            Run {
                experiment: &experiment.plan.name,
                data_set: &experiment.data_set.name,
                sequence,
                record,
                configuration,
                consumer: configuration.map_or_else(String::new, |one| label(analysis, one)),
                left_out: reason,
                counts: reason.is_none() && completed(record),
            }
        })
        .collect()
}

/// The runs that completed and do not count, by their place in the experiment, and why.
fn left_out(analysis: &Analysis) -> BTreeMap<u32, LeftOutReason> {
    let controls = analysis
        .groups
        .iter()
        .filter_map(|one| one.control.as_ref());
    let summaries = (analysis.groups.iter().flat_map(|group| &group.summaries))
        .chain(controls.map(|control| &control.summary));
    let runs = summaries.flat_map(|summary| &summary.left_out);
    runs.map(|run| (run.point.sequence, run.reason)).collect()
}

fn completed(run: &RunRecord) -> bool {
    matches!(run.outcome, ielade_bench::record::Outcome::Completed)
}

/// The name that the plan gives the consumer.
fn label(analysis: &Analysis, configuration: &Configuration) -> String {
    let plan = &analysis.experiment.plan;
    let mut planned = plan.consumers.iter().zip(plan.consumer_labels());
    let found = planned.find(|(planned, _)| planned.consumer == configuration.consumer);
    found.map_or_else(|| configuration.consumer.label(), |(_, label)| label)
}

/// The columns that say which run a row is about; `$run` gives the run of a row.
macro_rules! names_of_run {
    ($run:expr) => {
        [
            ("experiment", "", "Name of the experiment.", Read::Text(|row| Some($run(row).experiment.to_owned()))),
            ("data_set", "", "Name of the data set.", Read::Text(|row| Some($run(row).data_set.to_owned()))),
            ("run", "", "Place of the run in the whole experiment, from 1, failed runs included.", Read::Whole(|row| Some(u64::from($run(row).sequence) + 1))),
            ("block", "", "Block of the run, from 1; every configuration runs once a block.", Read::Whole(|row| Some(u64::from($run(row).record.block) + 1))),
            ("configuration", "", "Name of the configuration.", Read::Text(|row| Some($run(row).configuration?.name.clone()))),
            ("layout", "", "Layout: container and encoding.", Read::Text(|row| Some($run(row).configuration?.layout.to_string()))),
            ("consumer", "", "Who takes the batches.", Read::Text(|row| Some($run(row).consumer.clone()))),
            ("cache", "", "State of the page cache asked for: warm, cold, cold-first, as-is; none for batches from memory.", Read::Text(|row| cache($run(row)))),
            ("origin", "", "Where the batches come from: store or memory.", Read::Text(|row| origin($run(row)))),
            ("is_control", "", "Whether it is the baseline once more under another name (A/A).", Read::Truth(|row| $run(row).configuration.is_some_and(|one| one.control))),
            ("counts", "", "Whether the run counts in summaries and comparisons.", Read::Truth(|row| $run(row).counts)),
        ]
    };
}
use names_of_run;

fn cache(run: &Run<'_>) -> Option<String> {
    let configuration = run.configuration?;
    let has_cache = configuration.origin == BatchOrigin::Store;
    has_cache.then(|| configuration.cache.name().to_owned())
}

fn origin(run: &Run<'_>) -> Option<String> {
    let name = match run.configuration?.origin {
        BatchOrigin::Store => "store",
        BatchOrigin::Memory => "memory",
    };
    Some(name.to_owned())
}

/// What a reader must know of a run, in words.
fn marks(run: &RunRecord) -> Option<String> {
    let texts = run.marks.iter().map(|mark| match mark {
        RunMark::CacheNotEstablished {
            asked,
            epoch,
            residency,
        } => format!(
            "cache not {asked}: {residency} cached before epoch {}",
            epoch + 1
        ),
        RunMark::BusyMachine { what } => format!("busy machine: {what}"),
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}
