//! The figures that the charts are drawn from, as JSON.

use super::tables::consumer_title;
use crate::{
    answer::{self, Work},
    figures::{Quantity, Scale},
    metric_words::words,
};
use ielade_bench::{
    analysis::{Analysis, ConfigurationSummary, ConsumerGroup, Metric, RunPoint},
    record::{Outcome, Record, RunRecord},
};
use ielade_core::{Split, training::Metrics, worker_protocol::EpochReport};
use serde::Serialize;

/// All that the charts need.
#[derive(Debug, Serialize)]
pub(super) struct ChartData {
    layouts: Vec<Layout>,
    groups: Vec<Group>,
}

#[derive(Debug, Serialize)]
struct Layout {
    name: String,
    /// Bytes of the training store; `None` where there is none in the records.
    bytes: Option<u64>,
}

/// The runs with one consumer.
#[derive(Debug, Serialize)]
struct Group {
    title: String,
    is_model: bool,
    rows: Vec<Row>,
}

/// One layout with that consumer.
#[derive(Debug, Serialize)]
struct Row {
    /// Place among all layouts.
    layout: usize,
    total: Option<Mean>,
    epoch: Option<Mean>,
    rate: Option<Mean>,
    points: Vec<Point>,
    curves: Curves,
}

/// A mean with its interval, as numbers and as text.
#[derive(Debug, Serialize)]
struct Mean {
    #[serde(rename = "mean")]
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// The value alone: `12.3 s`.
    text: String,
    /// The interval with its unit: `12.1–12.5 s`.
    range: Option<String>,
}

/// One run.
#[derive(Debug, Serialize)]
struct Point {
    block: u32,
    sequence: u32,
    total: Option<f64>,
    epoch: Option<f64>,
    epochs: Vec<f64>,
}

/// Means over the runs, one value an epoch; empty where no run has them.
#[derive(Debug, Default, Serialize)]
struct Curves {
    test_top1: Vec<f64>,
    test_loss: Vec<f64>,
    train_loss: Vec<f64>,
}

/// The names of all layouts, in the order of the plan; a layout's place here is its colour.
pub(super) fn layout_names(analysis: &Analysis) -> Vec<String> {
    let summaries = analysis.groups.iter().flat_map(|group| &group.summaries);
    let mut names: Vec<String> = Vec::new();
    for summary in summaries {
        let name = summary.configuration.layout.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl ChartData {
    pub(super) fn new(analysis: &Analysis, records: &[Record]) -> Self {
        let names = layout_names(analysis);
        let groups = analysis.groups.iter();
        Self {
            groups: groups
                .map(|group| Group {
                    title: consumer_title(group),
                    is_model: answer::work_of(group) == Work::Train,
                    rows: rows(analysis, group, &names, records),
                })
                .collect(),
            layouts: names
                .into_iter()
                .map(|name| Layout {
                    bytes: training_bytes(analysis, &name),
                    name,
                })
                .collect(),
        }
    }
}

fn training_bytes(analysis: &Analysis, layout: &str) -> Option<u64> {
    let mut stores = analysis.experiment.stores.iter();
    stores
        .find(|store| store.split == Split::Train && store.layout.to_string() == layout)
        .map(|store| store.bytes)
}

fn rows(
    analysis: &Analysis,
    group: &ConsumerGroup,
    names: &[String],
    records: &[Record],
) -> Vec<Row> {
    let summaries = group.summaries.iter().filter(|one| one.completed > 0);
    summaries
        .map(|summary| {
            let name = summary.configuration.layout.to_string();
            Row {
                layout: names.iter().position(|one| *one == name).unwrap_or(0),
                total: mean(group, summary, Metric::TrainingSeconds),
                epoch: mean(group, summary, Metric::MeanEpochSeconds),
                rate: mean(group, summary, Metric::ImagesPerSecond),
                points: summary.points.iter().map(point).collect(),
                curves: curves(&completed_runs(analysis, summary, records)),
            }
        })
        .collect()
}

fn mean(group: &ConsumerGroup, summary: &ConfigurationSummary, metric: Metric) -> Option<Mean> {
    let own = summary.estimate(metric)?;
    let all = group
        .summaries
        .iter()
        .filter_map(|one| one.estimate(metric));
    let scale = Scale::fitting(words(metric).quantity, all.map(|one| one.mean));
    let figure = scale.figure(own.mean, own.interval);
    let symbol = match words(metric).quantity {
        Quantity::Rate => "/s",
        _ => scale.symbol,
    };
    Some(Mean {
        value: short(own.mean),
        low: own.interval.map(|interval| short(interval.low)),
        high: own.interval.map(|interval| short(interval.high)),
        text: format!("{} {symbol}", figure.value),
        range: figure.range.map(|range| format!("{range} {symbol}")),
    })
}

fn point(point: &RunPoint) -> Point {
    let value = |metric: Metric| point.value(metric).map(short);
    Point {
        block: point.block,
        sequence: point.sequence,
        total: value(Metric::TrainingSeconds),
        epoch: value(Metric::MeanEpochSeconds),
        epochs: point.epoch_seconds.iter().copied().map(short).collect(),
    }
}

/// The number with seven significant digits, which is more than a chart shows and keeps the page
/// small.
fn short(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

fn completed_runs<'a>(
    analysis: &Analysis,
    summary: &ConfigurationSummary,
    records: &'a [Record],
) -> Vec<&'a RunRecord> {
    let mut configurations = analysis.experiment.configurations.iter();
    let place = configurations.position(|one| one.name == summary.configuration.name);
    let runs = records.iter().filter_map(|record| match record {
        Record::Run(run) if run.outcome == Outcome::Completed => Some(run.as_ref()),
        _ => None,
    });
    runs.filter(|run| Some(run.configuration as usize) == place)
        .collect()
}

fn curves(runs: &[&RunRecord]) -> Curves {
    Curves {
        test_top1: curve(runs, |epoch| epoch.test.as_ref().map(top1)),
        test_loss: curve(runs, |epoch| epoch.test.as_ref().map(loss)),
        train_loss: curve(runs, |epoch| epoch.train.as_ref().map(loss)),
    }
}

const fn top1(metrics: &Metrics) -> f64 {
    metrics.top1
}

const fn loss(metrics: &Metrics) -> f64 {
    metrics.loss
}

/// The mean over the runs of each epoch's value, as far as all runs have one.
fn curve(runs: &[&RunRecord], value: fn(&EpochReport) -> Option<f64>) -> Vec<f64> {
    let epochs = runs.iter().map(|run| run.epochs.len()).min().unwrap_or(0);
    (0..epochs)
        .map_while(|epoch| {
            let values = runs.iter().map(|run| value(&run.epochs[epoch]));
            let sum: f64 = values.sum::<Option<f64>>()?;
            Some(short(sum / runs.len() as f64))
        })
        .collect()
}
