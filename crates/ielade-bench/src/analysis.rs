//! From records to answers: one summary a configuration, ratios to the baseline, warnings.

use crate::record::{Configuration, ExperimentRecord};
use ielade_core::LayoutId;
use serde::{Deserialize, Serialize};

/// What is measured of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Mean over the run's epochs of the epoch time, in seconds.
    MeanEpochSeconds,
    /// Total training time, in seconds.
    TrainingSeconds,
    /// Time to the first batch of the first epoch, in seconds, opening included.
    FirstBatchSeconds,
    /// Images a second over all epochs.
    ImagesPerSecond,
    /// Share of the epoch time in which the consumer waited for data, 0..1.
    WaitShare,
    /// Processor seconds for 1,000 images.
    CpuSecondsPer1000,
    /// Processors in use on average during the epochs.
    CpuUtilisation,
    /// Highest resident set, in bytes.
    PeakRssBytes,
    /// Highest anonymous memory, in bytes.
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
    /// 95 % confidence interval of the mean (BCa bootstrap); `None` below 3 runs.
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
