//! A shuffling, prefetching batch loader over Ielāde stores.
//!
//! Persistent threads fill batches out of one [`LayoutReader`](ielade_layout::LayoutReader); the
//! consumer takes them in order. The order is a pure function of (seed, epoch), and so are the
//! random changes to each sample, so that one thread and many give the same batches, byte for
//! byte. Memory is bounded: `prefetch` batches ready or under way, plus the one that the consumer
//! holds, all from a pool; nothing is allocated for a batch once the pool is warm.
//!
//! ```no_run
//! use ielade_core::{BatchSource, worker_protocol::LoaderSettings};
//! use ielade_loader::Loader;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = ielade_layout::open_store("stores/cifar10-train/npy-u8".as_ref())?;
//! let mut loader = Loader::open(store.into(), &LoaderSettings::default(), 1)?;
//! let mut epoch = loader.epoch(0);
//! while let Some(batch) = epoch.next_batch()? {
//!     println!("{} images, first label {}", batch.len, batch.labels()[0]);
//! }
//! # Ok(())
//! # }
//! ```

mod epoch;
mod error;
mod fill;
mod loader;
mod piece;
mod window;
mod worker_thread;

pub use epoch::Epoch;
pub use error::LoadError;
pub use loader::Loader;
