//! What a store says of itself: `manifest.json`.

use crate::{
    encoding::Encoding, image::ImageShape, layout_id::LayoutId, normalisation::Normalisation,
    output::OrientationRule, split::Split,
};
use serde::{Deserialize, Serialize};

/// The manifest format that this version writes and reads.
pub const FORMAT_VERSION: u32 = 1;

/// What a store says of itself; `manifest.json` beside the container's own files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of the writer.
    pub format_version: u32,
    /// Name of the data set, for example `cifar10`.
    pub data_set: String,
    /// The part of the data set.
    pub split: Split,
    /// Container and encoding.
    pub layout: LayoutId,
    /// Image size, or that it varies.
    pub shape: ImageShape,
    /// Number of samples.
    pub count: u32,
    /// Names of the classes; a label is an index into them.
    pub classes: Vec<String>,
    /// Channel statistics of the training split: applied to stored `f16`, `bf16` and `f32`, to be applied
    /// by the loader to everything else.
    pub normalisation: Normalisation,
    /// The size to which images were resized before they were written.
    pub resized_to: Option<(u32, u32)>,
    /// What was, or is to be, done with EXIF orientations.
    pub orientation: OrientationRule,
    /// Name and version of the decoder that made the pixels, or is meant to.
    pub decoder: String,
    /// BLAKE3 of (key, label, bytes as published) of all samples, in order.
    pub source_digest: String,
    /// The data files, relative to the store.
    pub files: Vec<DataFile>,
    /// How the store was made.
    pub made: Provenance,
}

/// One file of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path within the store, with `/` between parts.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 of the content, in hexadecimal. A folder of many small files has one entry in whose
    /// digest every file's path, size and content enter.
    pub blake3: String,
}

/// How a store was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Program and version.
    pub program: String,
    /// Time in UTC, RFC 3339.
    pub at: String,
    /// Seconds that writing took, continued runs added up.
    pub seconds: f64,
    /// The source as given by the user.
    pub source: String,
}

impl Manifest {
    /// The encoding of every sample.
    pub const fn encoding(&self) -> Encoding {
        self.layout.encoding
    }

    /// Bytes of all data files.
    pub fn bytes_on_disk(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}
