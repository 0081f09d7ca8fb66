//! Image data sets as their authors publish them.
//!
//! - [`DataSet::open`] recognises CIFAR-10's binary and Python archives, Tiny ImageNet's tree and
//!   any folder of class folders; [`DataSet::demo`] makes one up.
//! - [`SplitSamples::read`] gives a sample as it is published: nothing is decoded or changed.
//! - [`inspect`](fn@inspect) says what is in a data set: counts, sizes, formats, and broken files
//!   by name.
//! - [`survey`](fn@survey) looks at the headers of some images, [`thumbnails`](fn@thumbnails) makes
//!   a few of them small: for a report.
//! - [`fetch`] downloads the known sets from their authors' addresses.

mod cifar;
mod class_folders;
mod data_set;
mod demo;
mod error;
pub mod fetch;
mod folder;
pub mod inspect;
mod pickle;
mod planar_records;
pub mod provided;
mod samples;
mod survey;
mod thumbnails;
mod tiny_imagenet;

pub use data_set::{DataSet, OpenOptions, SourceKind};
pub use demo::DemoOptions;
pub use error::DataSetError;
pub use inspect::{InspectOptions, Inspection, inspect};
pub use pickle::PickleError;
pub use samples::{SampleBuffer, SplitSamples};
pub use survey::survey;
pub use thumbnails::thumbnails;
