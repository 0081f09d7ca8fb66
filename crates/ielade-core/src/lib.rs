//! The words of Ielāde.
//!
//! Everything here is plain data or a pure function: no I/O, no threads. The other crates
//! speak to each other in these types, in one direction:
//!
//! ```text
//! dataset ──► layout ──► store ──► loader ──► batch ──► trainer ──► record ──► report
//! ```
//!
//! | module | words |
//! |---|---|
//! | [`element`], [`encoding`], [`image`] | what a sample is made of |
//! | [`sample`], [`split`], [`composition`] | what a data set gives, and what is in it |
//! | [`manifest`], [`layout_id`], [`normalisation`] | what a store says of itself |
//! | [`foreign_names`] | what a user says of a file that others made |
//! | [`order`], [`shuffle`], [`random`] | who comes when: pure functions of (seed, epoch) |
//! | [`timestamp`] | when it was made, or a run started |
//! | [`output`], [`batch`], [`bad_sample`] | what the loader hands over |
//! | [`training`], [`worker_protocol`] | what a worker is asked and what it answers |
//! | [`histogram`], [`step_profiles`] | how long steps took, and take elsewhere |

pub mod bad_sample;
pub mod batch;
pub mod composition;
pub mod element;
pub mod encoding;
pub mod foreign_names;
pub mod histogram;
pub mod image;
pub mod layout_id;
pub mod manifest;
pub mod normalisation;
pub mod order;
pub mod output;
pub mod random;
pub mod sample;
pub mod shuffle;
pub mod split;
pub mod step_profiles;
pub mod timestamp;
pub mod training;
pub mod worker_protocol;

pub use bad_sample::{BadSample, BadSamplePolicy};
pub use batch::{AlignedBytes, Batch, BatchSource};
pub use composition::{Composition, Thumbnail};
pub use element::Element;
pub use encoding::Encoding;
pub use foreign_names::ForeignNames;
pub use image::{ImageShape, ImageSpec};
pub use layout_id::{LayoutId, LayoutOptions};
pub use manifest::Manifest;
pub use normalisation::Normalisation;
pub use order::Order;
pub use output::{Augmentation, OrientationRule, OutputSpec};
pub use sample::{Payload, Sample};
pub use shuffle::Shuffle;
pub use split::Split;
