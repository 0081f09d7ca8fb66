//! Storage layouts: one module a container, one trait to write and one to read.
//!
//! A store is a directory: `manifest.json` beside the container's own files, which the
//! container's usual library reads with no help from us. A new layout is one new module, one
//! line in the [`registry`], and the conformance suite in `tests/conformance`, which takes its
//! layouts from the registry.
//!
//! | module | what it does |
//! |---|---|
//! | [`reader`], [`writer`] | the two seams |
//! | [`registry`] | which containers there are and what they can hold |
//! | [`store`] | a store's folder and manifest; opening it |
//! | [`files`], [`npy`], [`zarr`], [`tfrecord`], [`webdataset`], [`parquet`], [`arrow`] and others | the containers |
//! | `columns` | what containers of columns share |
//! | [`support`], [`options`], [`encoder`] | what each container can do; how it and its images are written |
//! | `stored` | what all containers' readers share: samples in mapped files, in chunks, as arrays |
//! | [`foreign`] | files that others made, opened without a manifest |
//! | [`source`](mod@source), [`prepare`](mod@prepare) | a data set's split into a store, also after a kill |
//! | [`verify`] | a store against its digests and against its source |
//! | [`cache`], [`mapped`] | what the page cache holds of a store; mapped files |

pub mod arrow;
pub mod cache;
mod cifar_bin;
mod columns;
mod data_set_split;
mod digest;
mod disk;
pub mod encoder;
mod error;
pub mod files;
pub mod foreign;
mod hdf5;
mod index;
mod inflated;
mod label_spool;
mod lmdb;
pub mod mapped;
pub mod npy;
pub mod options;
mod output_file;
pub mod parquet;
mod payload;
pub mod prepare;
mod progress_notes;
pub mod reader;
pub mod registry;
mod safetensors;
mod samples;
mod sharded;
pub mod source;
mod spool;
mod sqlite;
pub mod store;
mod store_data_set;
mod stored;
pub mod support;
mod table;
pub mod tfrecord;
pub mod verify;
pub mod webdataset;
pub mod writer;
pub mod zarr;

pub use data_set_split::DataSetSplit;
pub use error::{BadSampleReason, LayoutError, SourceError};
pub use foreign::{ForeignStore, open_any};
pub use prepare::{PrepareRequest, Prepared, prepare};
pub use reader::{LayoutReader, RawRegion, StoredSample};
pub use source::SampleSource;
pub use store::{StoreFolder, open_store, read_manifest};
pub use store_data_set::data_set_of;
pub use verify::{Verification, verify_against, verify_any, verify_any_against, verify_store};
pub use writer::LayoutWriter;
