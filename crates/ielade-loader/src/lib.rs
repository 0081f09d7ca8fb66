//! A shuffling, prefetching batch loader over Ielāde stores.
//!
//! Persistent threads fill batches out of one [`LayoutReader`](ielade_layout::LayoutReader); the
//! consumer takes them in order. The order is a pure function of (seed, epoch), and so are the
//! random changes to each sample, so that one thread and many give the same batches, byte for
//! byte. Memory is bounded: `prefetch` batches ready or under way, plus the one that the consumer
//! holds, all from a pool; nothing is allocated for a batch once the pool is warm.
//!
//! A consumer that asks for the next batch at once, where none is ready, fills in the place of one
//! of the threads rather than sleep: as many fill as there are threads, and the waiting time that
//! the consumer sees is the same or less.
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
mod seats;
mod window;
mod worker_thread;

pub use epoch::Epoch;
pub use error::LoadError;
pub use loader::Loader;
