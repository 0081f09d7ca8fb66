//! Summaries of configurations, and ratios of two of them.

use super::{
    ConfigurationSummary, Estimate, Evidence, FailedRun, JUDGED, LeftOutReason, LeftOutRun, Metric,
    Outlier, Ratio, RunPoint, epochs,
    metrics::{epoch_seconds, stall},
};
use crate::{
    record::{Configuration, Outcome, RunRecord},
    statistics::{
        Bootstrap, OUTLIER_SCORE, mean, median, modified_z_scores, paired_ratio_interval,
        standard_deviation,
    },
};
use ielade_core::worker_protocol::CacheState;

/// Common blocks from which two configurations are compared block by block.
pub(super) const FEWEST_PAIRS: usize = 2;

/// One summary a configuration, in the order of the records; without ratios.
pub(super) fn all(evidence: &Evidence<'_>, bootstrap: Bootstrap) -> Vec<ConfigurationSummary> {
    (0..)
        .zip(&evidence.experiment.configurations)
        .map(|(index, configuration)| {
            let of_configuration = OfConfiguration {
                evidence,
                index,
                configuration,
            };
            of_configuration.summary(bootstrap)
        })
        .collect()
}

/// The runs of one configuration.
struct OfConfiguration<'a, 'b> {
    evidence: &'b Evidence<'a>,
    index: u32,
    configuration: &'b Configuration,
}

impl<'a> OfConfiguration<'a, '_> {
    fn summary(&self, bootstrap: Bootstrap) -> ConfigurationSummary {
        let counted: Vec<(u32, &RunRecord)> = self.own(self.evidence.counted()).collect();
        let points: Vec<RunPoint> = counted
            .iter()
            .map(|(sequence, run)| point(*sequence, run))
            .collect();
        let runs: Vec<&RunRecord> = counted.iter().map(|(_, run)| *run).collect();
        ConfigurationSummary {
            configuration: self.configuration.clone(),
            completed: points.len() as u32,
            failures: self.all().filter_map(failure).collect(),
            estimates: Metric::ALL
                .into_iter()
                .filter_map(|metric| Some((metric, estimate(&values(&points, metric), bootstrap)?)))
                .collect(),
            ratios: Vec::new(),
            bad_samples: bad_samples(self.all()),
            outliers: outliers(&points),
            left_out: self.left_out(),
            epochs: epochs::of_runs(&runs, bootstrap),
            first_to_later: epochs::first_to_later(&points),
            points,
        }
    }

    fn all(&self) -> impl Iterator<Item = &'a RunRecord> {
        let runs = self.evidence.runs.iter().copied();
        runs.filter(|run| run.configuration == self.index)
    }

    fn own(
        &self,
        runs: impl Iterator<Item = (u32, &'a RunRecord)>,
    ) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        runs.filter(|(_, run)| run.configuration == self.index)
    }

    fn left_out(&self) -> Vec<LeftOutRun> {
        let wrong_cache = self.own(self.evidence.left_out()).map(|(sequence, run)| {
            let (epoch, residency) = self.evidence.unestablished(run).unwrap_or_default();
            LeftOutRun {
                reason: LeftOutReason::CacheNotAsAsked {
                    asked: asked(self.configuration),
                    residency,
                    epoch,
                },
                point: point(sequence, run),
            }
        });
        let repeated = self
            .own(self.evidence.repeated())
            .map(|(sequence, run)| LeftOutRun {
                reason: LeftOutReason::Repeated,
                point: point(sequence, run),
            });
        let mut all: Vec<LeftOutRun> = wrong_cache.chain(repeated).collect();
        all.sort_by_key(|run| run.point.sequence);
        all
    }
}

/// What the cache was to be, warm or cold.
pub(super) fn asked(configuration: &Configuration) -> CacheState {
    if configuration.cache.drops_before(0) {
        CacheState::Cold
    } else {
        CacheState::Warm
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
        stall: stall(run),
    }
}

/// Runs whose total training time stands apart.
fn outliers(points: &[RunPoint]) -> Vec<Outlier> {
    let timed: Vec<&RunPoint> = points
        .iter()
        .filter(|point| point.value(JUDGED).is_some())
        .collect();
    let scores = modified_z_scores(&values(points, JUDGED));
    let marked = timed.into_iter().zip(scores);
    marked
        .filter(|(_, score)| score.abs() >= OUTLIER_SCORE)
        .map(|(point, score)| Outlier {
            block: point.block,
            sequence: point.sequence,
            score,
        })
        .collect()
}

fn failure(run: &RunRecord) -> Option<FailedRun> {
    match &run.outcome {
        Outcome::Completed => None,
        Outcome::Failed { message, .. } => Some(FailedRun {
            block: run.block,
            message: message.clone(),
        }),
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

/// The values of a metric, in the order of the runs.
pub(super) fn values(points: &[RunPoint], metric: Metric) -> Vec<f64> {
    points
        .iter()
        .filter_map(|point| point.value(metric))
        .collect()
}

/// Mean and interval; `None` of nothing.
pub(super) fn estimate(values: &[f64], bootstrap: Bootstrap) -> Option<Estimate> {
    Some(Estimate {
        runs: values.len() as u32,
        mean: mean(values)?,
        median: median(values)?,
        standard_deviation: standard_deviation(values)?,
        interval: bootstrap.mean_interval(values),
    })
}

/// Ratio of the means over the common blocks; over all runs where there are none to speak of.
pub(super) fn ratio(
    points: &[RunPoint],
    base: &[RunPoint],
    metric: Metric,
    bootstrap: Bootstrap,
) -> Option<Ratio> {
    let pairs = pairs(points, base, metric);
    let paired = pairs.len() >= FEWEST_PAIRS;
    let (above, below) = if paired {
        pairs.iter().copied().unzip()
    } else {
        (values(points, metric), values(base, metric))
    };
    let ratio = mean(&above)? / mean(&below)?;
    if !ratio.is_finite() {
        return None;
    }
    let interval = if paired {
        paired_ratio_interval(&pairs, bootstrap.confidence.0)
    } else {
        bootstrap.independent_ratio_interval(&above, &below)
    };
    Some(Ratio { ratio, interval })
}

/// The values of both, block by block, of the blocks that both have.
pub(super) fn pairs(points: &[RunPoint], base: &[RunPoint], metric: Metric) -> Vec<(f64, f64)> {
    let below = by_block(base, metric);
    by_block(points, metric)
        .into_iter()
        .filter_map(|(block, above)| {
            let place = below
                .binary_search_by_key(&block, |(theirs, _)| *theirs)
                .ok()?;
            Some((above, below[place].1))
        })
        .collect()
}

/// The values of a metric with their blocks, in the order of the blocks.
pub(super) fn by_block(points: &[RunPoint], metric: Metric) -> Vec<(u32, f64)> {
    let mut values: Vec<(u32, f64)> = points
        .iter()
        .filter_map(|point| Some((point.block, point.value(metric)?)))
        .collect();
    values.sort_by_key(|(block, _)| *block);
    values
}
