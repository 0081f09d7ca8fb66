//! One run of each configuration over time, as it was seen from outside.

use super::{place_of, short};
use crate::course;
use ielade_bench::{
    analysis::Analysis,
    record::{Configuration, ProbeSeries, Record, RunRecord},
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
            let run = course::middle_run(index, records)?;
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
        let columns = course::columns(series).map(|one| Column {
            name: one.name,
            values: thinned(one.values, points, step),
        });
        let mut columns: Vec<Column> = columns.into_iter().collect();
        columns.retain(|column| column.values.iter().any(Option::is_some));
        Self {
            name: named.configuration.name.clone(),
            layout: named.layout,
            consumer: named.consumer.clone(),
            cache: named.configuration.cache.name(),
            block: run.block,
            epoch_ends: course::epoch_ends(run).map(short).collect(),
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

/// Every `step`-th value; empty where the column is not as long as the times are.
fn thinned(values: &[Option<f64>], points: usize, step: usize) -> Vec<Option<f64>> {
    if values.len() != points {
        return Vec::new();
    }
    let taken = values.iter().step_by(step);
    taken.map(|value| value.map(short)).collect()
}
