//! What the value of `__meta__` says of a file's samples.

use ielade_core::{Encoding, ImageShape, ImageSpec};
use serde::{Deserialize, Serialize};

/// The value of `__meta__`, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub(super) encoding: Encoding,
    /// Height, width and channels of raw images.
    pub(super) shape: Option<[u32; 3]>,
    pub(super) classes: Vec<String>,
}

impl Meta {
    pub(super) fn new(encoding: Encoding, shape: ImageShape, classes: &[String]) -> Self {
        let raw = shape.fixed().filter(|_| !encoding.is_compressed_image());
        Self {
            encoding,
            shape: raw.map(|spec| [spec.height, spec.width, spec.channels]),
            classes: classes.to_vec(),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Plain data always has a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The size of raw images.
    pub(super) fn spec(&self) -> Option<ImageSpec> {
        let [height, width, channels] = self.shape?;
        let pixels = u64::from(height) * u64::from(width);
        let spec = ImageSpec::rgb(height, width);
        (channels == spec.channels && (1..=ielade_codec::MAX_PIXELS).contains(&pixels))
            .then_some(spec)
    }
}
