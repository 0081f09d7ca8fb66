use crate::{
    memory_group::MemoryGroupError, plan::PlanError, records::RecordsError, worker::WorkerError,
};
use ielade_core::LayoutId;
use std::path::PathBuf;

/// Why an experiment cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The plan breaks a rule.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Records cannot be read or written.
    #[error(transparent)]
    Records(#[from] RecordsError),
    /// The worker cannot be started.
    #[error(transparent)]
    Worker(#[from] WorkerError),
    /// The memory of workers cannot be limited as the plan asks.
    #[error(transparent)]
    Memory(#[from] MemoryGroupError),
    /// The folder holds another experiment.
    #[error(
        "{} holds another experiment: {differences}; name another folder for this one \
         (--out FOLDER), or continue the old one with its own plan",
        folder.display()
    )]
    Different {
        /// The folder.
        folder: PathBuf,
        /// What differs, in words.
        differences: String,
    },
    /// The log does not begin with the experiment, or is of a newer version.
    #[error("the records in {} cannot be continued: {reason}", folder.display())]
    Unusable {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A layout has no store to train from.
    #[error("no store of {layout} to train from; prepare it first")]
    NoStore {
        /// The layout.
        layout: LayoutId,
    },
    /// A layout has two stores of one use, so that it is open which one is meant.
    #[error("layout {layout} has more than one store to {purpose}: give one only")]
    ManyStores {
        /// The layout.
        layout: LayoutId,
        /// `train from` or `evaluate on`.
        purpose: &'static str,
    },
}
