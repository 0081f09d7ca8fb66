//! Experiments: plans, randomised complete blocks, worker processes, probes, statistics and
//! records.
//!
//! This crate starts workers and watches them from outside. It knows nothing of formats or
//! models: a worker is any program that speaks [`ielade_core::worker_protocol`].

pub mod analysis;
pub mod record;
