//! Which parts of a file that others made are images and labels.

use serde::{Deserialize, Serialize};

/// Which of a file's parts are the images and the labels, where the user says so. What is not
/// said is guessed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForeignNames {
    /// Data set, array, column or key of the images.
    pub images: Option<String>,
    /// Data set, array, column, key or file of the labels.
    pub labels: Option<String>,
}
