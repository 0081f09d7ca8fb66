//! What an experiment leaves behind: `records.jsonl`, append-only, one JSON object a line.

use crate::plan::Plan;
use ielade_core::{
    LayoutId, Split,
    worker_protocol::{BatchOrigin, CacheState, Consumer, Done, EpochReport, Ready},
};
use serde::{Deserialize, Serialize};

/// One line of `records.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "record")]
pub enum Record {
    /// First line: what the experiment is.
    Experiment(Box<ExperimentRecord>),
    /// The experiment was started or continued.
    Session(SessionRecord),
    /// One run has ended, well or badly.
    Run(Box<RunRecord>),
}

/// What the experiment is: plan, contestants, machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExperimentRecord {
    /// Version of the record format; 1.
    pub format_version: u32,
    /// Name and version of the program.
    pub program: String,
    /// Time of creation in UTC, RFC 3339.
    pub created: String,
    /// The plan as it was understood.
    pub plan: Plan,
    /// All configurations; a run names one by its place here.
    pub configurations: Vec<Configuration>,
    /// The data set.
    pub data_set: DataSetSummary,
    /// Every store that takes part.
    pub stores: Vec<StoreSummary>,
    /// The machine.
    pub environment: Environment,
}

/// One contestant: a layout with a consumer and a state of the page cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Unique name, `npy/u8 · cnn`, or `npy/u8 · cnn · cold` where the plan has several states of
    /// the cache.
    pub name: String,
    /// Container and encoding.
    pub layout: LayoutId,
    /// Who takes the batches.
    pub consumer: Consumer,
    /// Epochs of a run.
    pub epochs: u32,
    /// State of the page cache that the epochs begin in. In records of earlier versions it stands
    /// in the plan alone; [`records`](crate::records) fills it in when reading.
    #[serde(default)]
    pub cache: CacheState,
    /// Where the batches come from; batches from memory give the time of the consumer alone.
    #[serde(default, skip_serializing_if = "BatchOrigin::is_store")]
    pub origin: BatchOrigin,
    /// True for the baseline once more under another name (A/A): whatever differs between the two
    /// is chance.
    #[serde(default, skip_serializing_if = "is_false")]
    pub control: bool,
}

impl Configuration {
    /// True for a contestant proper: neither the control nor batches from memory.
    pub const fn is_contestant(&self) -> bool {
        self.origin.is_store() && !self.control
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks
const fn is_false(value: &bool) -> bool {
    !*value
}

/// What the images are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataSetSummary {
    /// Name of the data set.
    pub name: String,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Samples to train on.
    pub train_samples: u64,
    /// Samples to evaluate on.
    pub test_samples: u64,
    /// Image size as text, `32×32×3` or `varies, resized to 224×224×3`.
    pub image: String,
}

/// One store of the experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoreSummary {
    /// Container and encoding.
    pub layout: LayoutId,
    /// Part of the data set.
    pub split: Split,
    /// Folder.
    pub path: String,
    /// Samples.
    pub count: u32,
    /// Bytes of all data files.
    pub bytes: u64,
    /// Seconds that writing it took.
    pub prepare_seconds: f64,
    /// BLAKE3 of the manifest, to notice a store that was made again.
    pub manifest_digest: String,
}

/// The machine and its software, as far as it can be read without privileges.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Host's operating system and kernel.
    pub kernel: String,
    /// Processor model.
    pub cpu: String,
    /// Processors that this process may use.
    pub cpus: u32,
    /// Frequency governor, where it can be read.
    pub governor: Option<String>,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Memory limit of the control group in bytes, where there is one.
    pub memory_limit_bytes: Option<u64>,
    /// File system of the stores and its mount options.
    pub file_system: Option<String>,
    /// Name of the graphics processor, where there is one.
    pub gpu: Option<String>,
    /// Load average of one minute at the start.
    pub load: Option<f64>,
}

/// The experiment was started or continued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Time in UTC, RFC 3339.
    pub at: String,
    /// Runs that were already complete.
    pub runs_before: u32,
    /// The machine at that time.
    pub environment: Environment,
}

/// One run, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Place of the configuration in [`ExperimentRecord::configurations`].
    pub configuration: u32,
    /// Block, from 0.
    pub block: u32,
    /// Place within the block, from 0.
    pub position: u32,
    /// Start in UTC, RFC 3339.
    pub started: String,
    /// Seconds from starting the process to its end.
    pub process_seconds: f64,
    /// Load average of one minute just before.
    pub load_before: Option<f64>,
    /// How it ended.
    pub outcome: Outcome,
    /// The worker's first word.
    pub ready: Option<Ready>,
    /// One entry an epoch.
    pub epochs: Vec<EpochReport>,
    /// The worker's last word.
    pub done: Option<Done>,
    /// What was seen from outside.
    pub probe: ProbeSummary,
    /// What was seen from outside, over time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<ProbeSeries>,
    /// What a reader must know of this run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<RunMark>,
    /// How often the same run had ended before, because it failed or was repeated; from 0.
    #[serde(default)]
    pub attempt: u32,
}

/// What a reader must know of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "mark")]
pub enum RunMark {
    /// An epoch did not begin in the state of the page cache that was asked for; the run is left
    /// out of comparisons.
    CacheNotEstablished {
        /// The state.
        asked: CacheState,
        /// The first such epoch, from 0.
        epoch: u32,
        /// Share of the store's bytes in the page cache before it, 0..1.
        residency: f64,
    },
    /// The machine did other work before or during the run; the run is repeated at the end.
    BusyMachine {
        /// What was noticed, in words.
        what: String,
    },
}

impl RunMark {
    /// True where a run with this mark is left out of comparisons.
    pub const fn leaves_out(&self) -> bool {
        matches!(self, Self::CacheNotEstablished { .. })
    }
}

/// What was seen of a worker's process tree over time: columns of equal length, 600 points at
/// most. A column that was not measured is empty; a point at which it could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeSeries {
    /// Seconds since the process was started.
    pub seconds: Vec<f64>,
    /// Resident set in bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rss_bytes: Vec<Option<f64>>,
    /// Proportional set in bytes: shared pages count by their share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pss_bytes: Vec<Option<f64>>,
    /// Anonymous memory in bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anonymous_bytes: Vec<Option<f64>>,
    /// Processors in use in user mode since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_user: Vec<Option<f64>>,
    /// Processors in use in the kernel since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_system: Vec<Option<f64>>,
    /// Processors of the machine that waited for a device since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub io_wait: Vec<Option<f64>>,
    /// Share of the store's bytes in the page cache, 0..1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub residency: Vec<Option<f64>>,
    /// Bytes read from a device so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_bytes: Vec<Option<f64>>,
    /// Utilisation of the graphics processor, 0..1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpu_utilisation: Vec<Option<f64>>,
    /// Memory in use on the graphics processor in bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpu_memory_bytes: Vec<Option<f64>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum Outcome {
    /// All epochs ran; the run counts.
    Completed,
    /// The run does not count.
    Failed {
        /// What the worker said, or how it died.
        message: String,
        /// The last lines of its standard error.
        log: String,
    },
}

/// What was seen of a worker from outside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeSummary {
    /// Samples taken of the process.
    pub samples: u32,
    /// Highest resident set of the process in bytes, as the kernel kept it (mapped files count).
    pub peak_rss_bytes: u64,
    /// Highest anonymous (not file-backed) memory seen, in bytes.
    pub peak_anonymous_bytes: u64,
    /// Processor seconds in user mode, whole life of the process.
    pub cpu_user_seconds: f64,
    /// Processor seconds in the kernel, whole life of the process.
    pub cpu_system_seconds: f64,
    /// Major page faults.
    pub major_faults: u64,
    /// Bytes read from a device on behalf of the process.
    pub read_bytes: u64,
}
