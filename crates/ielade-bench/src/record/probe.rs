//! What was seen of a worker from outside, as it is recorded.
//!
//! A field that a system does not tell is `None` or empty, never zero.

use serde::{Deserialize, Serialize};

/// A run as it was seen from outside: the worker with all its descendants, and the machine
/// meanwhile.
///
/// Counters hold the whole life of the processes; peaks depend on ten samples a second, but for
/// the resident set of each process, of which the kernel keeps the peak itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeSummary {
    /// Samples taken.
    pub samples: u32,
    /// Highest resident set, in bytes (mapped files count): the highest sum over all processes
    /// that was seen, or of one process as the kernel kept it, whichever is more. A page that two
    /// processes share counts twice; see `peak_pss_bytes`.
    pub peak_rss_bytes: u64,
    /// Highest anonymous (not file-backed) memory seen, in bytes.
    pub peak_anonymous_bytes: u64,
    /// Highest proportional set size seen, in bytes: a page that several processes map is divided
    /// among them.
    pub peak_pss_bytes: Option<u64>,
    /// Most processes seen at once.
    pub peak_processes: u32,
    /// Processor seconds in user mode.
    pub cpu_user_seconds: f64,
    /// Processor seconds in the kernel.
    pub cpu_system_seconds: f64,
    /// Seconds in which a thread waited for a device, summed over threads; only where the kernel
    /// counts them (`kernel.task_delayacct`).
    pub io_wait_seconds: Option<f64>,
    /// Major page faults: a page had to be read.
    pub major_faults: u64,
    /// Minor page faults: a page was in memory and had to be mapped.
    pub minor_faults: u64,
    /// Bytes read from a device on behalf of the processes.
    pub read_bytes: u64,
    /// Bytes written, or to be written, to a device on behalf of the processes.
    pub write_bytes: u64,
    /// Read calls (`read`, `pread` and the like), of files in memory too.
    pub read_calls: u64,
    /// How often a thread gave its processor up to wait, as far as it was seen: threads are
    /// looked at about once a second.
    pub voluntary_switches: Option<u64>,
    /// How often a thread was put off its processor, as far as it was seen.
    pub involuntary_switches: Option<u64>,
    /// What happened between one word of the worker and the next.
    pub intervals: Vec<ProbeInterval>,
    /// The whole machine meanwhile.
    pub machine: Option<MachineUse>,
    /// Graphics processors.
    pub gpu: GpuReport,
    /// What watching cost.
    pub cost: ProbeCost,
}

/// What happened between two words of the worker, for example during one epoch (with the
/// evaluation after it).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeInterval {
    /// The word that ended it: `ready`, `epoch`, `done` or `failed`.
    pub until: String,
    /// When it ended, in seconds since the start of the process.
    pub end_seconds: f64,
    /// Processor seconds in user mode.
    pub cpu_user_seconds: f64,
    /// Processor seconds in the kernel.
    pub cpu_system_seconds: f64,
    /// Major page faults.
    pub major_faults: u64,
    /// Minor page faults.
    pub minor_faults: u64,
    /// Bytes read from a device on behalf of the processes.
    pub read_bytes: u64,
    /// Read calls.
    pub read_calls: u64,
    /// Read operations that the store's device completed, of whoever asked for them.
    pub device_reads: Option<u64>,
    /// Resident set of all processes at its end, in bytes.
    pub rss_bytes: u64,
    /// Share of the store's bytes in the page cache at its end, 0..1, as the worker told it.
    pub residency: Option<f64>,
}

/// The whole machine during a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MachineUse {
    /// Seconds that were watched.
    pub seconds: f64,
    /// Processors that the machine has.
    pub processors: u32,
    /// Processor seconds in user mode, of all processes.
    pub user_seconds: f64,
    /// Processor seconds in the kernel, interrupts included.
    pub system_seconds: f64,
    /// Processor seconds in which nothing ran while something waited for a device.
    pub io_wait_seconds: f64,
    /// Processor seconds that a hypervisor gave to others.
    pub steal_seconds: f64,
    /// Processor seconds of everything that is neither the worker nor this program.
    pub foreign_seconds: f64,
    /// Stalls (PSI), where the kernel counts them.
    pub pressure: Option<Pressure>,
    /// The device that holds the store, where it is one.
    pub device: Option<DeviceUse>,
    /// Frequency of the processors, where it can be read.
    pub frequency: Option<Frequency>,
    /// Seconds in which the control group's processor limit held its threads up.
    pub throttled_seconds: Option<f64>,
    /// Highest load average of one minute that was seen.
    pub highest_load: Option<f64>,
}

/// Seconds in which tasks of the machine (the worker's too) waited for a resource: *some* as soon
/// as one waits, *full* where none of them runs meanwhile. See the kernel's
/// `Documentation/accounting/psi.rst`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pressure {
    /// Some task waited for a processor.
    pub cpu_some_seconds: f64,
    /// Some task waited for memory.
    pub memory_some_seconds: f64,
    /// All tasks waited for memory.
    pub memory_full_seconds: f64,
    /// Some task waited for a device.
    pub io_some_seconds: f64,
    /// All tasks waited for a device.
    pub io_full_seconds: f64,
}

/// What a device did, for whoever asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DeviceUse {
    /// Name of the device, `nvme0n1p2`.
    pub name: String,
    /// Read operations completed.
    pub reads: u64,
    /// Bytes read.
    pub read_bytes: u64,
    /// Write operations completed.
    pub writes: u64,
    /// Bytes written.
    pub write_bytes: u64,
    /// Seconds in which at least one operation was under way.
    pub busy_seconds: f64,
}

/// Frequency of the processors, about once a second, mean over up to 16 of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frequency {
    /// Mean over the run in MHz.
    pub mean_mhz: f64,
    /// Lowest in MHz.
    pub lowest_mhz: f64,
}

/// Graphics processors, or why there is nothing to tell of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
pub enum GpuReport {
    /// Nothing was seen; the reason.
    Absent {
        /// Why.
        reason: String,
    },
    /// Seen through NVML.
    Seen {
        /// One entry a card.
        cards: Vec<GpuUse>,
    },
}

impl Default for GpuReport {
    fn default() -> Self {
        Self::Absent {
            reason: "not looked for".to_owned(),
        }
    }
}

/// One graphics processor during a run, for whoever used it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GpuUse {
    /// Model.
    pub name: String,
    /// Memory in bytes.
    pub memory_bytes: u64,
    /// Memory in use at the first sample, in bytes.
    pub memory_used_before_bytes: u64,
    /// Most memory in use, in bytes.
    pub peak_memory_used_bytes: u64,
    /// Samples of the utilisation; 0 where the card does not tell it.
    pub samples: u32,
    /// Mean utilisation, 0..1: share of time in which a kernel ran.
    pub utilisation: f64,
    /// Share of samples in which nothing ran, 0..1: how often the card starved.
    pub zero_share: f64,
}

/// What watching a run cost: it is part of no time of the worker's, but takes a processor from it
/// where there is none to spare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeCost {
    /// Processor seconds of all samples.
    pub cpu_seconds: f64,
    /// Wall-clock seconds of all samples.
    pub seconds: f64,
    /// Longest sample in seconds.
    pub longest_seconds: f64,
    /// Samples that also looked at threads, frequency and proportional set size.
    pub thorough_samples: u32,
    /// Wall-clock seconds of these additional looks, part of `seconds`.
    pub thorough_seconds: f64,
}

/// What was seen of a worker's process tree and of the machine over time: columns of equal length,
/// 300 points at most. A column that was not measured is empty; a point at which it could not be
/// read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProbeSeries {
    /// Seconds since the process was started.
    pub seconds: Vec<f64>,
    /// Resident set of all processes in bytes, the highest since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rss_bytes: Vec<Option<f64>>,
    /// Proportional set of all processes in bytes, as it was last looked at: shared pages count by
    /// their share.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pss_bytes: Vec<Option<f64>>,
    /// Anonymous memory of all processes in bytes, the highest since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anonymous_bytes: Vec<Option<f64>>,
    /// Processors in use by the processes in user mode since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_user: Vec<Option<f64>>,
    /// Processors in use by the processes in the kernel since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cpu_system: Vec<Option<f64>>,
    /// Major page faults of the processes so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub major_faults: Vec<Option<f64>>,
    /// Bytes read from a device on behalf of the processes so far.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_bytes: Vec<Option<f64>>,
    /// Processors in use on the whole machine since the point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub machine_cpu: Vec<Option<f64>>,
    /// Processors of the machine that were idle while something waited for a device, since the
    /// point before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub io_wait: Vec<Option<f64>>,
    /// Share of the time since the point before in which some task waited for a device, 0..1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub io_pressure: Vec<Option<f64>>,
    /// Page cache of the whole machine in bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub page_cache_bytes: Vec<Option<f64>>,
    /// Read operations that the store's device completed since the run began.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_reads: Vec<Option<f64>>,
    /// Utilisation of the graphics processors, 0..1, mean over the cards.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpu_utilisation: Vec<Option<f64>>,
    /// Memory in use on all graphics processors in bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gpu_memory_bytes: Vec<Option<f64>>,
}
