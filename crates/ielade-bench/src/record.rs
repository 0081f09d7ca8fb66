//! What an experiment leaves behind: `records.jsonl`, append-only, one JSON object a line.

mod probe;

use crate::plan::Plan;
use ielade_core::{
    Composition, LayoutId, Split, Thumbnail,
    worker_protocol::{BatchOrigin, CacheState, Consumer, Done, EpochReport, Ready},
};
pub use probe::{
    DeviceUse, Frequency, GpuReport, GpuUse, MachineUse, Pressure, ProbeCost, ProbeInterval,
    ProbeSeries, ProbeSummary,
};
use serde::{Deserialize, Serialize};

/// One line of `records.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "record")]
pub enum Record {
    /// First line: what the experiment is.
    Experiment(Box<ExperimentRecord>),
    /// The experiment was started or continued.
    Session(Box<SessionRecord>),
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
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
    /// Sizes, formats and classes as published; `None` in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub composition: Option<Box<Composition>>,
    /// A few of the images. They stand in a file of their own, see
    /// [`thumbnails`](crate::thumbnails); [`records`](crate::records) fills them in when reading.
    #[serde(skip)]
    pub thumbnails: Vec<Thumbnail>,
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
    /// All limits of the control groups, where there are some.
    pub control_group: Option<Box<ControlGroup>>,
    /// File system of the stores and its mount options.
    pub file_system: Option<String>,
    /// Bytes that the kernel reads ahead from the device of the stores, where it is one.
    pub read_ahead_bytes: Option<u64>,
    /// Name of the graphics processor, where there is one.
    pub gpu: Option<String>,
    /// Load average of one minute at the start.
    pub load: Option<f64>,
}

/// What the control groups around this program allow it; of groups within groups the tightest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ControlGroup {
    /// Memory in bytes, page cache included.
    pub memory_bytes: Option<u64>,
    /// Memory in bytes beyond which the group is slowed down.
    pub memory_high_bytes: Option<u64>,
    /// Swap in bytes.
    pub swap_bytes: Option<u64>,
    /// Processors that may be used at once on average.
    pub processors: Option<f64>,
    /// Processors that may be used at all, `0-3,8`.
    pub processor_set: Option<String>,
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

impl RunRecord {
    /// True where the machine did other work meanwhile.
    pub fn is_busy(&self) -> bool {
        self.marks.iter().any(|mark| mark.busy().is_some())
    }
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

    /// What else the machine did, where that is what the mark says.
    pub fn busy(&self) -> Option<&str> {
        match self {
            Self::BusyMachine { what } => Some(what),
            Self::CacheNotEstablished { .. } => None,
        }
    }
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
