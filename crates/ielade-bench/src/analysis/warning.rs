//! What a reader must know before believing the figures, as facts that any language can tell.
//!
//! [`Display`](std::fmt::Display) tells them in English; a report in another language matches on
//! them, so that a warning it has no words for does not compile.

mod text;

use crate::statistics::Feasibility;
use ielade_core::{LayoutId, worker_protocol::CacheState};
use serde::{Deserialize, Serialize};

/// Something that a reader must know before believing the figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Warning {
    /// Layouts did not deliver the same samples and labels.
    DifferentData {
        /// Blocks in which they did not.
        blocks: usize,
        /// The first of them.
        block: u32,
        /// Configurations that agree with each other, a group each.
        groups: Vec<Vec<String>>,
    },
    /// Layouts that keep every pixel trained to different accuracies from the same seed.
    DifferentAccuracy {
        /// The model.
        consumer: String,
        /// Blocks in which they did.
        blocks: usize,
    },
    /// The control differs from the baseline, which it is.
    ControlDiffers {
        /// The group of configurations.
        group: String,
        /// The layout of both.
        layout: LayoutId,
        /// Mean of the control divided by that of the baseline.
        ratio: f64,
        /// The corrected p-value.
        p: f64,
    },
    /// With so many comparisons no difference could ever be found.
    NothingToFind(Feasibility),
    /// Runs of one configuration failed.
    FailedRuns {
        /// The configuration.
        configuration: String,
        /// How many.
        runs: usize,
        /// What the last one said.
        last: String,
    },
    /// Samples could not be delivered.
    BadSamples {
        /// How many.
        samples: usize,
        /// The layouts that met them.
        layouts: Vec<String>,
        /// The key of one.
        example: String,
    },
    /// Runs do not count since the page cache was not in the state asked for.
    CacheNotAsAsked {
        /// [`CacheState::Warm`] or [`CacheState::Cold`].
        asked: CacheState,
        /// How many.
        runs: usize,
        /// Which.
        named: Vec<NamedRuns>,
        /// Share of the store in the page cache before the first of them, 0..1.
        residency: f64,
    },
    /// What was in the page cache could not be read.
    UnknownResidency {
        /// Of how many runs.
        runs: usize,
    },
    /// There are too few blocks for good intervals.
    FewBlocks {
        /// Complete blocks.
        complete: u32,
        /// Planned ones.
        planned: u32,
        /// Runs from which on intervals are good.
        enough: u32,
    },
    /// The load average was high before runs.
    ForeignLoad {
        /// Of how many.
        runs: usize,
        /// Highest load beyond our own.
        highest: f64,
    },
    /// The machine did other work during runs.
    BusyMachine {
        /// Runs that were repeated.
        repeated: usize,
        /// Those that count for want of a quieter repetition.
        counting: Option<BusyRuns>,
    },
    /// Times changed over the experiment.
    Drift {
        /// The last block's time divided by the first one's.
        ratio: f64,
        /// Of the trend.
        p: f64,
    },
    /// Runs stand apart from the others of their configuration, and count.
    Outliers {
        /// How many.
        runs: usize,
        /// Which.
        named: Vec<NamedRuns>,
    },
    /// The experiment ran in several sessions.
    Sessions {
        /// When each began.
        starts: Vec<String>,
    },
    /// Sessions ran on another machine or kernel than the first.
    ChangedSurroundings {
        /// What changed.
        changed: Vec<Surrounding>,
    },
}

/// Runs of one configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRuns {
    /// The configuration.
    pub configuration: String,
    /// The blocks of its runs, as the records number them.
    pub blocks: Vec<u32>,
}

/// Runs that count although the machine was busy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusyRuns {
    /// How many.
    pub runs: usize,
    /// The configuration of the first.
    pub configuration: String,
    /// Its block, as the records number it.
    pub block: u32,
    /// What else the machine did then, as the record says it; see
    /// [`Disturbance`](crate::busy::Disturbance).
    pub what: String,
}

/// Something about a machine that may change between sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Surrounding {
    /// The frequency governor.
    Governor,
    /// The processor.
    Processor,
    /// How many processors may be used.
    Processors,
    /// The kernel.
    Kernel,
    /// The memory.
    Memory,
    /// The memory limit.
    MemoryLimit,
    /// The file system of the stores.
    FileSystem,
    /// The graphics processor.
    Gpu,
}

/// Why a completed run does not count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum LeftOutReason {
    /// The page cache was not in the state asked for.
    CacheNotAsAsked {
        /// [`CacheState::Warm`] or [`CacheState::Cold`].
        asked: CacheState,
        /// Share of the store in the page cache, 0..1.
        residency: f64,
        /// Before this epoch, from 0.
        epoch: u32,
    },
    /// The run was repeated, and the repetition counts.
    Repeated,
}
