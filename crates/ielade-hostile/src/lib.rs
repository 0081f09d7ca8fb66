//! What the readers do with bytes that were made to do harm: one driver for fuzzing and for tests.
//!
//! A [`Target`] is a reader that bytes are given to: each container's without a manifest
//! (`open-npy`) and with one (`store-npy`), both taken from the registry, each image decoder
//! (`image-png`), and what else reads files (`manifest`, `pickle` and others). The fuzzer
//! (`fuzz/`), the replay of its corpus and the sweeps over damaged stores (`tests/`) all call
//! [`Target::run`].
//!
//! What must hold: an answer or an error that names the file. Whoever calls it bounds memory and
//! time.

pub mod input;
mod mending;
mod reading;
pub mod seeds;
mod target;

pub use target::{Target, targets};
