//! What happens to a sample that cannot be read or decoded.

use serde::{Deserialize, Serialize};

/// What the loader does with a sample that cannot be read or decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadSamplePolicy {
    /// The epoch ends with an error that names the sample.
    #[default]
    Fail,
    /// The sample is left out; its batch is one shorter.
    Skip,
    /// Another sample, drawn by (seed, epoch, sample), takes its place.
    Replace,
}

/// A sample that could not be delivered, as it appears in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadSample {
    /// Position of the sample in the store.
    pub index: u32,
    /// The sample's name within its data set.
    pub key: String,
    /// Why it could not be delivered.
    pub reason: String,
    /// The sample that took its place, under [`BadSamplePolicy::Replace`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<u32>,
}
