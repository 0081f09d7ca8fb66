//! **Ielāde** tells you how to store and load an image data set so that training on your machine
//! is fastest, proves it with statistics, and then is that loader.
//!
//! This crate is the façade: the rooms under one roof, and the command `ielade`.
//!
//! ```
//! use ielade::core::{LayoutId, Order};
//!
//! let layout: LayoutId = "npy/u8".parse().unwrap();
//! assert!(ielade::layout::registry::check(&layout).is_ok());
//! assert_eq!(Order::shuffled(3, 1).epoch(0).len(), 3);
//! ```

pub use ielade_bench as bench;
pub use ielade_codec as codec;
pub use ielade_core as core;
pub use ielade_dataset as dataset;
pub use ielade_layout as layout;
pub use ielade_loader as loader;
pub use ielade_report as report;
pub use ielade_train as train;
pub use ielade_worker as worker;

/// The examples of the README run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
