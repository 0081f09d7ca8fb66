//! The runs with one consumer and one state of the page cache.

use super::{Mean, mean_among, place_of, short};
use crate::{
    answer::{self, Work},
    figures::fixed,
    language::{self, Language, fill},
    metric_words::words,
    page::tables::group_title,
};
use ielade_bench::{
    analysis::{
        Analysis, ConfigurationSummary, ConsumerGroup, EpochEstimate, Metric, Outlier, RunPoint,
    },
    record::{Outcome, Record, RunRecord},
};
use ielade_core::{training::Metrics, worker_protocol::EpochReport};
use serde::Serialize;

/// The runs with one consumer and one state of the page cache.
#[derive(Debug, Serialize)]
pub(in crate::page) struct Group {
    title: String,
    consumer: String,
    cache: &'static str,
    is_model: bool,
    rows: Vec<Row>,
}

/// One layout in that group, or the control.
#[derive(Debug, Serialize)]
pub(in crate::page) struct Row {
    /// Place among all layouts.
    layout: usize,
    /// What stands for the layout's name; only for the control.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    is_control: bool,
    total: Option<Mean>,
    epoch: Option<Mean>,
    rate: Option<Mean>,
    points: Vec<Point>,
    /// Runs that completed and do not count.
    left_out: Vec<Point>,
    epochs: Vec<Epoch>,
    curves: Curves,
}

/// One run.
#[derive(Debug, Serialize)]
struct Point {
    block: u32,
    sequence: u32,
    total: Option<f64>,
    epoch: Option<f64>,
    epochs: Vec<f64>,
    /// What a reader must know of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One epoch over all runs.
#[derive(Debug, Serialize)]
struct Epoch {
    time: Mean,
    /// Share of the store in the page cache before it, in words.
    residency: Option<String>,
}

/// Means over the runs, one value an epoch; empty where no run has them.
#[derive(Debug, Default, Serialize)]
struct Curves {
    test_top1: Vec<f64>,
    test_loss: Vec<f64>,
    train_loss: Vec<f64>,
}

impl Group {
    /// All groups, in the order of the plan.
    pub(super) fn all(
        analysis: &Analysis,
        names: &[String],
        (records, language): (&[Record], Language),
    ) -> Vec<Self> {
        let groups = analysis.groups.iter();
        groups
            .map(|group| Self {
                title: group_title(group, language),
                consumer: group.consumer.clone(),
                cache: group.cache.name(),
                is_model: answer::work_of(group) == Work::Train,
                rows: Maker {
                    analysis,
                    group,
                    records,
                    language,
                }
                .rows(names),
            })
            .collect()
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl Row {
    pub(super) const fn has_total(&self) -> bool {
        self.total.is_some()
    }

    pub(super) const fn has_epoch(&self) -> bool {
        self.epoch.is_some()
    }

    pub(super) const fn has_several_epochs(&self) -> bool {
        self.epochs.len() > 1
    }

    pub(super) const fn has_rate(&self) -> bool {
        self.rate.is_some()
    }

    pub(super) const fn has_curves(&self) -> bool {
        !self.curves.test_top1.is_empty()
            || !self.curves.train_loss.is_empty()
            || !self.curves.test_loss.is_empty()
    }
}

struct Maker<'a> {
    analysis: &'a Analysis,
    group: &'a ConsumerGroup,
    records: &'a [Record],
    language: Language,
}

impl Maker<'_> {
    fn rows(&self, names: &[String]) -> Vec<Row> {
        let control = self.group.control.iter().map(|control| &control.summary);
        let all = self.group.summaries.iter().chain(control);
        all.filter(|one| one.completed > 0 || !one.left_out.is_empty())
            .map(|summary| self.row(summary, place_of(names, &summary.configuration.layout)))
            .collect()
    }

    fn row(&self, summary: &ConfigurationSummary, layout: usize) -> Row {
        let configuration = &summary.configuration;
        let words = &self.language.words().page;
        let does_not_count = |reason| {
            let reason = language::left_out_reason(self.language, reason);
            fill(words.does_not_count, &[("reason", &reason)])
        };
        let points = summary.points.iter();
        Row {
            layout,
            label: configuration
                .control
                .then(|| format!("{}{}", configuration.layout, words.control)),
            is_control: configuration.control,
            total: self.mean(summary, Metric::TrainingSeconds),
            epoch: self.mean(summary, Metric::MeanEpochSeconds),
            rate: self.mean(summary, Metric::ImagesPerSecond),
            points: points
                .map(|one| point(one, self.outlier_note(&summary.outliers, one)))
                .collect(),
            left_out: summary
                .left_out
                .iter()
                .map(|run| point(&run.point, Some(does_not_count(run.reason))))
                .collect(),
            epochs: summary
                .epochs
                .iter()
                .map(|epoch| self.epoch(epoch))
                .collect(),
            curves: curves(&completed_runs(self.analysis, summary, self.records)),
        }
    }

    fn mean(&self, summary: &ConfigurationSummary, metric: Metric) -> Option<Mean> {
        let own = summary.estimate(metric)?;
        let all = self.group.summaries.iter();
        let means = all.filter_map(|one| Some(one.estimate(metric)?.mean));
        Some(mean_among(
            (words(metric).quantity, self.language),
            &own,
            means,
        ))
    }

    fn epoch(&self, epoch: &EpochEstimate) -> Epoch {
        let all = self.group.summaries.iter().flat_map(|one| &one.epochs);
        let kind = (words(Metric::MeanEpochSeconds).quantity, self.language);
        Epoch {
            time: mean_among(kind, &epoch.seconds, all.map(|one| one.seconds.mean)),
            residency: (epoch.residency_before)
                .map(|share| self.language.number(&crate::figures::percent(share))),
        }
    }

    fn outlier_note(&self, outliers: &[Outlier], point: &RunPoint) -> Option<String> {
        let mut outliers = outliers.iter();
        let outlier = outliers.find(|outlier| outlier.sequence == point.sequence)?;
        let score = self.language.number(&fixed(outlier.score, 1));
        Some(fill(
            self.language.words().page.outlier_tip,
            &[("score", &score)],
        ))
    }
}

fn point(point: &RunPoint, note: Option<String>) -> Point {
    let value = |metric: Metric| point.value(metric).map(short);
    Point {
        block: point.block,
        sequence: point.sequence,
        total: value(Metric::TrainingSeconds),
        epoch: value(Metric::MeanEpochSeconds),
        epochs: point.epoch_seconds.iter().copied().map(short).collect(),
        note,
    }
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
