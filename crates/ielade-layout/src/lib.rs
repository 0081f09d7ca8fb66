//! Storage layouts: one module a container, one trait to write and one to read.
//!
//! A store is a directory: `manifest.json` beside the container's own files, which the
//! container's usual library reads with no help from us. A new layout is one new module, one
//! line in the [`registry`], and the conformance suite in `tests/conformance.rs`.

mod error;
pub mod reader;
pub mod writer;

pub use error::LayoutError;
pub use reader::{LayoutReader, RawRegion};
pub use writer::LayoutWriter;
