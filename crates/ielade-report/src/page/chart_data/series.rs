//! One run of each configuration over time, as it was seen from outside.

use super::{place_of, short};
use ielade_bench::{
    analysis::Analysis,
    record::{Configuration, Outcome, ProbeSeries, Record, RunRecord},
};
use serde::Serialize;

/// Most runs that are shown, so that the page stays small.
const MOST_RUNS: usize = 60;

/// Most points of a run: what a chart can show.
const MOST_POINTS: usize = 150;

/// One run over time.
#[derive(Debug, Serialize)]
pub(in crate::page) struct RunSeries {
    name: String,
    layout: usize,
    consumer: String,
    cache: &'static str,
    block: u32,
    /// Where epochs ended, in seconds.
    epoch_ends: Vec<f64>,
    seconds: Vec<f64>,
    columns: Vec<Column>,
}

/// One thing over time.
#[derive(Debug, Serialize)]
struct Column {
    name: &'static str,
    values: Vec<Option<f64>>,
}

impl RunSeries {
    /// The run in the middle of each configuration, by total time.
    pub(super) fn all(analysis: &Analysis, names: &[String], records: &[Record]) -> Vec<Self> {
        let configurations = &analysis.experiment.configurations;
        let first = crate::answer::headline_place(analysis)
            .map(|place| analysis.groups[place].consumer.as_str());
        let chosen = (0_u32..).zip(configurations).filter_map(|(index, one)| {
            let run = middle_run(index, records)?;
            let series = run.series.as_ref()?;
            let layout = place_of(names, &one.layout);
            let group = analysis.groups.iter().find(|group| {
                let mut summaries = group.summaries.iter();
                summaries.any(|summary| summary.configuration.consumer == one.consumer)
            });
            let consumer = group.map_or_else(|| one.consumer.label(), |it| it.consumer.clone());
            Some(Self::of(
                run,
                series,
                &Named {
                    configuration: one,
                    layout,
                    consumer,
                },
            ))
        });
        let mut chosen: Vec<Self> = chosen.collect();
        chosen.sort_by_key(|run| Some(run.consumer.as_str()) != first);
        chosen.truncate(MOST_RUNS);
        chosen
    }

    fn of(run: &RunRecord, series: &ProbeSeries, named: &Named<'_>) -> Self {
        let points = series.seconds.len();
        let step = points.div_ceil(MOST_POINTS).max(1);
        let ends = run.probe.intervals.iter();
        let columns = columns(series).map(|(name, values)| Column {
            name,
            values: thinned(values, points, step),
        });
        let mut columns: Vec<Column> = columns.into_iter().collect();
        columns.retain(|column| column.values.iter().any(Option::is_some));
        Self {
            name: named.configuration.name.clone(),
            layout: named.layout,
            consumer: named.consumer.clone(),
            cache: named.configuration.cache.name(),
            block: run.block,
            epoch_ends: ends
                .filter(|interval| interval.until == "epoch")
                .map(|interval| short(interval.end_seconds))
                .collect(),
            seconds: series
                .seconds
                .iter()
                .copied()
                .step_by(step)
                .map(short)
                .collect(),
            columns,
        }
    }
}

/// A configuration as the charts name it.
struct Named<'a> {
    configuration: &'a Configuration,
    layout: usize,
    consumer: String,
}

/// The completed run with a series whose total time is in the middle.
fn middle_run(configuration: u32, records: &[Record]) -> Option<&RunRecord> {
    let mut runs: Vec<(f64, &RunRecord)> = records
        .iter()
        .filter_map(|record| match record {
            Record::Run(run) => Some(run.as_ref()),
            Record::Experiment(_) | Record::Session(_) => None,
        })
        .filter(|run| run.configuration == configuration && run.outcome == Outcome::Completed)
        .filter(|run| run.marks.is_empty())
        .filter(|run| run.series.as_ref().is_some_and(|one| one.seconds.len() > 1))
        .filter_map(|run| Some((run.done.as_ref()?.training_seconds, run)))
        .collect();
    runs.sort_by(|one, other| one.0.total_cmp(&other.0));
    runs.get(runs.len() / 2).map(|(_, run)| *run)
}

/// The columns that are drawn, by the names that the script knows.
fn columns(series: &ProbeSeries) -> [(&'static str, &[Option<f64>]); 11] {
    [
        ("rss_bytes", &series.rss_bytes),
        ("pss_bytes", &series.pss_bytes),
        ("anonymous_bytes", &series.anonymous_bytes),
        ("page_cache_bytes", &series.page_cache_bytes),
        ("gpu_memory_bytes", &series.gpu_memory_bytes),
        ("cpu_user", &series.cpu_user),
        ("cpu_system", &series.cpu_system),
        ("machine_cpu", &series.machine_cpu),
        ("io_wait", &series.io_wait),
        ("gpu_utilisation", &series.gpu_utilisation),
        ("read_bytes", &series.read_bytes),
    ]
}

/// Every `step`-th value; empty where the column is not as long as the times are.
fn thinned(values: &[Option<f64>], points: usize, step: usize) -> Vec<Option<f64>> {
    if values.len() != points {
        return Vec::new();
    }
    let taken = values.iter().step_by(step);
    taken.map(|value| value.map(short)).collect()
}
