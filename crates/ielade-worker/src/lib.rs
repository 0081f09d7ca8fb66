//! One worker: a process that runs one job.
//!
//! It opens a store, drives the loader, hands the batches to a consumer and says what happened,
//! in the words of [`ielade_core::worker_protocol`]. The harness starts it anew for every run;
//! `ielade load` and `ielade train` run the same code in their own process.

mod cache_state;
mod clock;
mod consumer;
mod cpu_time;
mod error;
mod feed;
mod job;
mod memory_batches;
mod order_digest;
mod process;
mod stores;
mod tally;

pub use error::WorkerError;
pub use job::{Observer, run_job};
pub use process::{EXIT_FAILED, EXIT_NO_JOB, serve};
