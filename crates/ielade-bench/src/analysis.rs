//! From records to answers: one summary a configuration, comparisons, warnings.
//!
//! The unit of observation is a run: epochs of one run are not independent, so a run gives one
//! value of each [`Metric`], and spreads and intervals are over runs. A slow run counts like any
//! other, and is marked where it stands out. Three kinds of runs do not count, and are named: those
//! that failed; those whose epochs did not begin in the state of the page cache that was asked
//! for; and those on a busy machine that were repeated.
//!
//! Configurations are compared within groups of one consumer and one state of the page cache. The
//! control (the baseline once more under another name) and batches from memory are no contestants;
//! they stand beside them.

mod comparison;
mod drift;
mod epochs;
mod evidence;
mod groups;
mod metrics;
mod split;
mod stall;
mod summary;
mod warning;
mod warnings;

use crate::{
    experiment::RECORD_FORMAT_VERSION,
    record::{Configuration, ExperimentRecord, Record},
    statistics::{Bootstrap, Friedman},
};
use evidence::Evidence;
use ielade_core::{LayoutId, worker_protocol::CacheState};
use serde::{Deserialize, Serialize};

pub use comparison::{ALPHA, Comparison, Family, JUDGED, Test, Verdict};
pub use drift::Drift;
pub use epochs::EpochEstimate;
pub use split::{ConsumerSplit, LayoutSplit};
pub use stall::{BreakEven, STARVED, StallCurve, StallPoint};
pub use warning::{BusyRuns, LeftOutReason, NamedRuns, Surrounding, Warning};

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
    /// Highest proportional set of all processes of the worker, in bytes: a page that several of
    /// them map is divided among them.
    PeakPssBytes,
    /// Bytes read from a device on behalf of the worker, over its whole life.
    ReadBytes,
    /// Major page faults (a page had to be read from a device), over its whole life.
    MajorFaults,
    /// Processors of the machine that stood still for want of a device, on average over the run.
    IoWait,
    /// Share of the run in which a kernel ran on the graphics processor, 0..1; the mean over all.
    GpuUtilisation,
    /// Most memory in use on graphics processors, in bytes, summed over all.
    PeakGpuMemoryBytes,
    /// Time that 95 % of all steps did not wait longer for their batch, in seconds, over all
    /// epochs; within 1 % (histogram).
    WaitP95Seconds,
    /// Time that 95 % of all steps did not take longer in the consumer, in seconds, over all
    /// epochs; within 1 % (histogram).
    StepP95Seconds,
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
    /// 95 % confidence interval of the mean (expanded `BCa` bootstrap, see
    /// [`statistics`](crate::statistics)); `None` below 3 runs.
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
    /// Mean of the configuration divided by mean of the baseline, over the blocks that both have;
    /// over all runs where they share fewer than two.
    pub ratio: f64,
    /// 95 % confidence interval, by Fieller's theorem; of independent runs by the bootstrap. `None`
    /// below 3 blocks, or 3 runs on either side.
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
    /// Share of the time of all epochs in which the consumer waited, the first batch of each epoch
    /// aside, 0..1.
    pub stall: Option<f64>,
}

/// A run that stands apart from the others of its configuration. It counts all the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// Block of the run.
    pub block: u32,
    /// Place of the run in the whole experiment, from 0.
    pub sequence: u32,
    /// Modified z-score of its total training time, 3.5 or more to either side.
    pub score: f64,
}

/// A run that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRun {
    /// Block of the run, from 0.
    pub block: u32,
    /// What the worker said, or how it died.
    pub message: String,
}

/// A completed run that does not count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeftOutRun {
    /// Why.
    pub reason: LeftOutReason,
    /// What it measured.
    pub point: RunPoint,
}

/// All that is known of one configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfigurationSummary {
    /// The configuration.
    pub configuration: Configuration,
    /// Runs that count.
    pub completed: u32,
    /// Runs that failed, with their reasons.
    pub failures: Vec<FailedRun>,
    /// Mean and interval of every metric that the runs have.
    pub estimates: Vec<(Metric, Estimate)>,
    /// Ratio to the baseline of the same consumer, of the time metrics; empty for the baseline
    /// itself and where the baseline has no runs.
    pub ratios: Vec<(Metric, Ratio)>,
    /// Every run that counts, in the order in which they ran.
    pub points: Vec<RunPoint>,
    /// Runs that count and stand apart from the others.
    pub outliers: Vec<Outlier>,
    /// Runs that completed and do not count.
    pub left_out: Vec<LeftOutRun>,
    /// Every epoch over all runs.
    pub epochs: Vec<EpochEstimate>,
    /// Time of the first epoch divided by the mean of the later ones; `None` for runs of one epoch.
    pub first_to_later: Option<Ratio>,
    /// Samples that could not be delivered, over all runs, each named once.
    pub bad_samples: Vec<String>,
}

/// The configurations of one consumer and one state of the page cache, which can be compared with
/// each other.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConsumerGroup {
    /// Name of the group: `cnn`, or `cnn · cold` where the plan has several states of the cache.
    pub name: String,
    /// Name of the consumer, `none`, `fixed 5 ms`, `cnn`.
    pub consumer: String,
    /// State of the page cache that the epochs begin in.
    pub cache: CacheState,
    /// The contestants, in the order of the plan.
    pub summaries: Vec<ConfigurationSummary>,
    /// The comparisons that the plan declares, by total training time.
    pub comparisons: Vec<Comparison>,
    /// Whether any contestant differs, by ranks of total training times within complete blocks;
    /// `None` below three contestants or two such blocks.
    pub friedman: Option<Friedman>,
    /// The baseline against itself; `None` where the plan has no control or it has no runs.
    pub control: Option<Control>,
    /// How times changed over the order of the runs.
    pub drift: Option<Drift>,
}

/// The baseline once more under another name: any difference between the two is chance, or a flaw
/// of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// The runs under the other name.
    pub summary: ConfigurationSummary,
    /// The control compared with the baseline, corrected for the number of controls.
    pub comparison: Comparison,
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
    /// One group a consumer and state of the cache, in the order of the plan.
    pub groups: Vec<ConsumerGroup>,
    /// The comparisons of all groups as one family.
    pub family: Family,
    /// Where an epoch's time goes, a consumer each that also ran on batches from memory.
    pub splits: Vec<ConsumerSplit>,
    /// Stall against step time, a layout and state of the cache each, where there are consumers of
    /// a fixed step.
    pub stalls: Vec<StallCurve>,
    /// How times changed over the whole experiment.
    pub drift: Option<Drift>,
    /// What a reader must know before believing the figures.
    pub warnings: Vec<Warning>,
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

/// Sums an experiment up, whether or not it has ended.
///
/// The same records give the same analysis, to the last bit.
///
/// # Errors
/// Where the records do not begin with the experiment, hold two, or name a configuration that is
/// not there.
pub fn analyse(records: &[Record]) -> Result<Analysis, AnalysisError> {
    analyse_with(records, Bootstrap::default())
}

/// The same with other settings of the intervals, for example fewer resamples.
///
/// # Errors
/// As for [`analyse`].
pub fn analyse_with(records: &[Record], bootstrap: Bootstrap) -> Result<Analysis, AnalysisError> {
    let evidence = Evidence::of(records)?;
    let summaries = summary::all(&evidence, bootstrap);
    let (groups, family) = groups::of(&evidence, &summaries, bootstrap);
    let contestants = || {
        let all = summaries.iter();
        all.filter(|summary| summary.configuration.is_contestant())
    };
    let drift = Drift::of(&summaries.iter().collect::<Vec<_>>());
    Ok(Analysis {
        experiment: evidence.experiment.clone(),
        complete_blocks: evidence.complete_blocks(),
        baseline: evidence.experiment.plan.baseline.clone(),
        splits: groups::splits(&evidence, &summaries, bootstrap),
        stalls: stall::curves(contestants(), bootstrap),
        warnings: warnings::of(
            &evidence,
            &warnings::Findings {
                groups: &groups,
                family: &family,
                drift: drift.as_ref(),
            },
        ),
        groups,
        family,
        drift,
    })
}

impl ConsumerGroup {
    /// The comparison of two layouts, whichever comes first in it.
    pub fn comparison(&self, one: &LayoutId, other: &LayoutId) -> Option<&Comparison> {
        let mut comparisons = self.comparisons.iter();
        comparisons.find(|comparison| {
            let both = (&comparison.layout, &comparison.against);
            both == (one, other) || both == (other, one)
        })
    }

    /// Total training time of a layout divided by that of another, over their common blocks; `None`
    /// where one of them has no run that counts.
    pub fn ratio(&self, layout: &LayoutId, against: &LayoutId) -> Option<Ratio> {
        let points = |wanted: &LayoutId| {
            let mut summaries = self.summaries.iter();
            let found = summaries.find(|one| one.configuration.layout == *wanted)?;
            Some(found.points.as_slice())
        };
        summary::ratio(
            points(layout)?,
            points(against)?,
            JUDGED,
            Bootstrap::default(),
        )
    }
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
