//! Experiments: plans, randomised complete blocks, worker processes, probes, statistics and
//! records.
//!
//! This crate starts workers and watches them from outside. It knows nothing of formats or
//! models: a worker is any program that speaks [`ielade_core::worker_protocol`].
//!
//! ```text
//! plan ──► schedule ──► experiment ──► worker process, probe ──► records ──► analysis
//! ```
//!
//! | module | what it does |
//! |---|---|
//! | [`plan`] | `experiment.toml`: what is to be run |
//! | [`schedule`] | the order of the runs: randomised complete blocks |
//! | [`experiment`] | runs what is missing, from the first run or from an interruption |
//! | [`worker`], [`probe`] | one run in a process of its own, and what it used |
//! | [`pilot`], [`precision`] | what runs so far tell of those to come, and when there are enough |
//! | [`memory_group`] | control groups that limit a worker's memory |
//! | [`record`], [`records`] | what a run leaves, and the file that keeps it |
//! | [`thumbnails`] | a few images of the data set beside it |
//! | [`environment`] | the machine |
//! | [`busy`] | whether it does other work meanwhile |
//! | [`statistics`], [`analysis`] | from records to means, intervals, ratios and warnings |

pub mod analysis;
pub mod busy;
pub mod environment;
pub mod experiment;
pub mod memory_group;
pub mod pilot;
pub mod plan;
pub mod precision;
pub mod probe;
pub mod record;
pub mod records;
pub mod schedule;
pub mod statistics;
pub mod thumbnails;
pub mod worker;
