//! Summaries of configurations, and their ratios to the baseline.

use super::{
    ConfigurationSummary, ConsumerGroup, Estimate, Evidence, Metric, Ratio, RunPoint,
    metrics::epoch_seconds,
};
use crate::{
    record::{Configuration, Outcome, RunRecord},
    statistics::{Bootstrap, mean, median, standard_deviation},
};
use ielade_core::{LayoutId, worker_protocol::Consumer};

/// One group a consumer, in the order of the plan.
pub(super) fn groups(evidence: &Evidence<'_>) -> Vec<ConsumerGroup> {
    let baseline = &evidence.experiment.plan.baseline;
    consumers(evidence)
        .into_iter()
        .map(|(consumer, label)| {
            let mut summaries: Vec<ConfigurationSummary> = (0..)
                .zip(&evidence.experiment.configurations)
                .filter(|(_, configuration)| {
                    configuration.is_contestant() && configuration.consumer == *consumer
                })
                .map(|(index, configuration)| summarise(evidence, index, configuration))
                .collect();
            compare_with(baseline, &mut summaries);
            ConsumerGroup {
                consumer: label,
                summaries,
            }
        })
        .collect()
}

/// The consumers of the configurations, each once, with their labels.
fn consumers<'a>(evidence: &Evidence<'a>) -> Vec<(&'a Consumer, String)> {
    let plan = &evidence.experiment.plan;
    let labels = plan.consumer_labels();
    let mut found: Vec<(&Consumer, String)> = Vec::new();
    for configuration in &evidence.experiment.configurations {
        let consumer = &configuration.consumer;
        if found.iter().any(|(known, _)| *known == consumer) {
            continue;
        }
        let place = plan
            .consumers
            .iter()
            .position(|planned| planned.consumer == *consumer);
        let label = place.map_or_else(|| consumer.label(), |place| labels[place].clone());
        found.push((consumer, label));
    }
    found
}

fn summarise(
    evidence: &Evidence<'_>,
    index: u32,
    configuration: &Configuration,
) -> ConfigurationSummary {
    let points: Vec<RunPoint> = evidence
        .completed()
        .filter(|(_, run)| run.configuration == index)
        .map(|(sequence, run)| point(sequence, run))
        .collect();
    let of_configuration = || {
        let runs = evidence.runs.iter().copied();
        runs.filter(|run| run.configuration == index)
    };
    ConfigurationSummary {
        configuration: configuration.clone(),
        completed: points.len() as u32,
        failures: of_configuration().filter_map(failure).collect(),
        estimates: Metric::ALL
            .into_iter()
            .filter_map(|metric| Some((metric, estimate(&values(&points, metric))?)))
            .collect(),
        ratios: Vec::new(),
        bad_samples: bad_samples(of_configuration()),
        points,
    }
}

fn point(sequence: u32, run: &RunRecord) -> RunPoint {
    RunPoint {
        block: run.block,
        sequence,
        values: Metric::ALL
            .into_iter()
            .filter_map(|metric| Some((metric, metric.of_run(run)?)))
            .collect(),
        epoch_seconds: epoch_seconds(run),
    }
}

fn failure(run: &RunRecord) -> Option<String> {
    match &run.outcome {
        Outcome::Completed => None,
        Outcome::Failed { message, .. } => Some(format!("block {}: {message}", run.block)),
    }
}

/// Samples that could not be delivered, each named once.
fn bad_samples<'a>(runs: impl Iterator<Item = &'a RunRecord>) -> Vec<String> {
    let mut names: Vec<String> = runs
        .flat_map(|run| &run.epochs)
        .flat_map(|epoch| &epoch.bad_samples)
        .map(|sample| format!("{}: {}", sample.key, sample.reason))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn values(points: &[RunPoint], metric: Metric) -> Vec<f64> {
    points
        .iter()
        .filter_map(|point| point.value(metric))
        .collect()
}

fn estimate(values: &[f64]) -> Option<Estimate> {
    Some(Estimate {
        runs: values.len() as u32,
        mean: mean(values)?,
        median: median(values)?,
        standard_deviation: standard_deviation(values)?,
        interval: Bootstrap::default().mean_interval(values),
    })
}

/// Fills in the ratios of all others to the baseline.
fn compare_with(baseline: &LayoutId, summaries: &mut [ConfigurationSummary]) {
    let Some(base) = summaries
        .iter()
        .find(|summary| summary.configuration.layout == *baseline)
        .map(|summary| summary.points.clone())
    else {
        return;
    };
    for summary in summaries {
        if summary.configuration.layout != *baseline {
            summary.ratios = Metric::ALL
                .into_iter()
                .filter(|metric| metric.is_compared())
                .filter_map(|metric| Some((metric, ratio(&summary.points, &base, metric)?)))
                .collect();
        }
    }
}

fn ratio(points: &[RunPoint], base: &[RunPoint], metric: Metric) -> Option<Ratio> {
    let (above, below) = (values(points, metric), values(base, metric));
    let ratio = mean(&above)? / mean(&below)?;
    if !ratio.is_finite() {
        return None;
    }
    let bootstrap = Bootstrap::default();
    let interval = match pairs(points, base, metric) {
        Some(pairs) => bootstrap.paired_ratio_interval(&pairs),
        None => bootstrap.independent_ratio_interval(&above, &below),
    };
    Some(Ratio { ratio, interval })
}

/// The values of both, block by block; `None` where they did not run in the same blocks.
fn pairs(points: &[RunPoint], base: &[RunPoint], metric: Metric) -> Option<Vec<(f64, f64)>> {
    let (above, below) = (by_block(points, metric), by_block(base, metric));
    let blocks =
        |values: &[(u32, f64)]| -> Vec<u32> { values.iter().map(|(block, _)| *block).collect() };
    (blocks(&above) == blocks(&below)).then(|| {
        let below = below.iter().map(|(_, value)| *value);
        above.iter().map(|(_, value)| *value).zip(below).collect()
    })
}

fn by_block(points: &[RunPoint], metric: Metric) -> Vec<(u32, f64)> {
    let mut values: Vec<(u32, f64)> = points
        .iter()
        .filter_map(|point| Some((point.block, point.value(metric)?)))
        .collect();
    values.sort_by_key(|(block, _)| *block);
    values
}
