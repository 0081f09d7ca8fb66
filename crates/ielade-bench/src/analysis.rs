//! From records to answers: one summary a configuration, ratios to the baseline, warnings.
//!
//! The unit of observation is a run: epochs of one run are not independent, so a run gives one
//! value of each [`Metric`], and spreads and intervals are over runs. A run that failed does not
//! count and is named; a slow run counts like any other.

mod metrics;
mod summary;
mod warnings;

use crate::{
    experiment::RECORD_FORMAT_VERSION,
    record::{Configuration, ExperimentRecord, Outcome, Record, RunRecord, SessionRecord},
};
use ielade_core::LayoutId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is measured of a run.
///
/// Every time is wall-clock time in the worker. Evaluation on the test split is part of no metric
/// but the accuracy and the memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mean over the run's epochs of the epoch time, in seconds: from asking for the first batch
    /// to the end of the last step.
    MeanEpochSeconds,
    /// Total training time, in seconds: from the job's arrival in the worker to the end of the last
    /// step, less evaluation and less warming or dropping the cache.
    TrainingSeconds,
    /// Time to the first batch of the first epoch, in seconds: opening the store and building the
    /// model ([`ielade_core::worker_protocol::Ready::setup_seconds`]), and from then waiting for
    /// that batch.
    FirstBatchSeconds,
    /// Images a second: images of all epochs divided by the time of all epochs.
    ImagesPerSecond,
    /// Share of the time of all epochs in which the consumer waited for data, 0..1.
    WaitShare,
    /// Processor seconds (user and kernel, whole worker, epochs only) for 1,000 images.
    CpuSecondsPer1000,
    /// Processors in use on average during the epochs: processor seconds divided by wall-clock
    /// seconds; 2.0 is two processors without a pause.
    CpuUtilisation,
    /// Highest resident set, in bytes, as the kernel kept it; mapped files that are in the page
    /// cache count.
    PeakRssBytes,
    /// Highest anonymous memory (what only this process needs), in bytes, of ten samples a second.
    PeakAnonymousBytes,
    /// Accuracy on the test split after the last epoch, 0..1.
    TestTop1,
}

/// Mean of a metric over the runs of a configuration, with its spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Runs.
    pub runs: u32,
    /// Arithmetic mean.
    pub mean: f64,
    /// Median.
    pub median: f64,
    /// Standard deviation of the runs (n − 1); 0 for one run.
    pub standard_deviation: f64,
    /// 95 % confidence interval of the mean (`BCa` bootstrap); `None` below 3 runs.
    pub interval: Option<Interval>,
}

/// A 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Ratio of a configuration's mean to the baseline's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ratio {
    /// Mean of the configuration divided by mean of the baseline.
    pub ratio: f64,
    /// 95 % confidence interval; `None` below 3 runs on either side.
    pub interval: Option<Interval>,
}

/// One metric's value of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunPoint {
    /// Block of the run.
    pub block: u32,
    /// Place of the run in the whole experiment, from 0.
    pub sequence: u32,
    /// The metrics that the run has.
    pub values: Vec<(Metric, f64)>,
    /// Seconds of each epoch.
    pub epoch_seconds: Vec<f64>,
}

/// All that is known of one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigurationSummary {
    /// The configuration.
    pub configuration: Configuration,
    /// Runs that count.
    pub completed: u32,
    /// Runs that failed, with their reasons.
    pub failures: Vec<String>,
    /// Mean and interval of every metric that the runs have.
    pub estimates: Vec<(Metric, Estimate)>,
    /// Ratio to the baseline of the same consumer, of the time metrics; empty for the baseline
    /// itself and where the baseline has no runs.
    pub ratios: Vec<(Metric, Ratio)>,
    /// Every run that counts, in the order in which they ran.
    pub points: Vec<RunPoint>,
    /// Samples that could not be delivered, over all runs, each named once.
    pub bad_samples: Vec<String>,
}

/// The configurations of one consumer, which can be compared with each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumerGroup {
    /// Name of the consumer, `none`, `fixed 5 ms`, `cnn`.
    pub consumer: String,
    /// In the order of the plan.
    pub summaries: Vec<ConfigurationSummary>,
}

/// The whole experiment, summed up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// What the experiment is.
    pub experiment: ExperimentRecord,
    /// Blocks that are complete.
    pub complete_blocks: u32,
    /// The layout that others are compared with.
    pub baseline: LayoutId,
    /// One group a consumer, in the order of the plan.
    pub groups: Vec<ConsumerGroup>,
    /// What a reader must know before believing the figures.
    pub warnings: Vec<String>,
}

/// Why records cannot be analysed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalysisError {
    /// The first record is not the experiment.
    #[error("the records do not begin with the experiment; was the first line removed?")]
    NoExperiment,
    /// There is more than one experiment in the records.
    #[error("record {0} begins a second experiment; keep one experiment in one folder")]
    SecondExperiment(usize),
    /// The records are of another version.
    #[error(
        "the records are of format {0}, this program reads format {RECORD_FORMAT_VERSION}; use \
         the version that wrote them"
    )]
    Version(u32),
    /// A run names a configuration that is not there.
    #[error("record {record} names configuration {configuration}, and there are {configurations}")]
    Configuration {
        /// Number of the record, from 1.
        record: usize,
        /// The configuration that it names.
        configuration: u32,
        /// How many there are.
        configurations: usize,
    },
}

/// The records by their kind.
#[derive(Debug)]
struct Evidence<'a> {
    experiment: &'a ExperimentRecord,
    sessions: Vec<&'a SessionRecord>,
    /// All runs, in the order in which they ran.
    runs: Vec<&'a RunRecord>,
    /// For each run, the session that it belongs to, from 0.
    session_of_run: Vec<usize>,
    /// For each run, whether it counts.
    counts: Vec<bool>,
}

impl<'a> Evidence<'a> {
    fn of(records: &'a [Record]) -> Result<Self, AnalysisError> {
        let Some((Record::Experiment(experiment), rest)) = records.split_first() else {
            return Err(AnalysisError::NoExperiment);
        };
        if experiment.format_version != RECORD_FORMAT_VERSION {
            return Err(AnalysisError::Version(experiment.format_version));
        }
        let mut evidence = Self {
            experiment,
            sessions: Vec::new(),
            runs: Vec::new(),
            session_of_run: Vec::new(),
            counts: Vec::new(),
        };
        for (record, number) in rest.iter().zip(2..) {
            evidence.add(record, number)?;
        }
        evidence.counts = counts(&evidence.runs);
        Ok(evidence)
    }

    fn add(&mut self, record: &'a Record, number: usize) -> Result<(), AnalysisError> {
        match record {
            Record::Experiment(_) => return Err(AnalysisError::SecondExperiment(number)),
            Record::Session(session) => self.sessions.push(session),
            Record::Run(run) => {
                let configurations = self.experiment.configurations.len();
                if run.configuration as usize >= configurations {
                    return Err(AnalysisError::Configuration {
                        record: number,
                        configuration: run.configuration,
                        configurations,
                    });
                }
                self.runs.push(run);
                self.session_of_run
                    .push(self.sessions.len().saturating_sub(1));
            }
        }
        Ok(())
    }

    /// The runs that count, with their places in the whole experiment.
    fn completed(&self) -> impl Iterator<Item = (u32, &'a RunRecord)> {
        let numbered = (0..).zip(self.runs.iter().copied());
        let counted = numbered.zip(&self.counts).filter(|(_, counts)| **counts);
        counted.map(|(run, _)| run)
    }

    fn configuration(&self, run: &RunRecord) -> &'a Configuration {
        &self.experiment.configurations[run.configuration as usize]
    }

    /// Blocks in which every configuration has a run that counts.
    fn complete_blocks(&self) -> u32 {
        let done: BTreeSet<(u32, u32)> = self
            .completed()
            .map(|(_, run)| (run.block, run.configuration))
            .collect();
        let blocks: BTreeSet<u32> = done.iter().map(|(block, _)| *block).collect();
        let configurations = self.experiment.configurations.len() as u32;
        let whole = blocks.into_iter().filter(|block| {
            (0..configurations).all(|configuration| done.contains(&(*block, configuration)))
        });
        whole.count() as u32
    }
}

/// Which runs count. Of a run that was repeated, one attempt does: the first that completed
/// without a mark, or else the first that completed. How long it took plays no part.
fn counts(runs: &[&RunRecord]) -> Vec<bool> {
    let mut chosen: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (place, run) in runs.iter().enumerate() {
        if run.outcome != Outcome::Completed {
            continue;
        }
        let first = *chosen
            .entry((run.block, run.configuration))
            .or_insert(place);
        if run.marks.is_empty() && !runs[first].marks.is_empty() {
            chosen.insert((run.block, run.configuration), place);
        }
    }
    let chosen: BTreeSet<usize> = chosen.into_values().collect();
    (0..runs.len())
        .map(|place| chosen.contains(&place))
        .collect()
}

/// Sums an experiment up, whether or not it has ended.
///
/// The same records give the same analysis, to the last bit.
///
/// # Errors
/// Where the records do not begin with the experiment, hold two, or name a configuration that is
/// not there.
pub fn analyse(records: &[Record]) -> Result<Analysis, AnalysisError> {
    let evidence = Evidence::of(records)?;
    Ok(Analysis {
        experiment: evidence.experiment.clone(),
        complete_blocks: evidence.complete_blocks(),
        baseline: evidence.experiment.plan.baseline.clone(),
        groups: summary::groups(&evidence),
        warnings: warnings::of(&evidence),
    })
}

impl ConfigurationSummary {
    /// Mean and interval of a metric; `None` where no run has it.
    pub fn estimate(&self, metric: Metric) -> Option<Estimate> {
        find(&self.estimates, metric)
    }

    /// Ratio of a metric to the baseline; `None` for the baseline itself, where either side has no
    /// runs, and for metrics that are not compared ([`Metric::is_compared`]).
    pub fn ratio(&self, metric: Metric) -> Option<Ratio> {
        find(&self.ratios, metric)
    }
}

impl RunPoint {
    /// The value of a metric; `None` where the run does not have it.
    pub fn value(&self, metric: Metric) -> Option<f64> {
        find(&self.values, metric)
    }
}

fn find<T: Copy>(entries: &[(Metric, T)], metric: Metric) -> Option<T> {
    let mut entries = entries.iter();
    entries.find_map(|(one, value)| (*one == metric).then_some(*value))
}
