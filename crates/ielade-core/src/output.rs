//! What a batch shall look like.

use crate::{element::Element, image::ImageSpec};
use serde::{Deserialize, Serialize};

/// Whether an EXIF orientation in the image file is applied to its pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrientationRule {
    /// Turn and mirror the pixels as the EXIF orientation says, as a photo viewer does.
    #[default]
    Apply,
    /// Keep the pixels as they are stored, as Pillow and torchvision do unless told otherwise.
    Ignore,
}

/// Random changes to a training image, keyed by (seed, epoch, sample).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Black pixels added on every side before a window of the original size is cut out at a
    /// random place; 0 switches the crop off. CIFAR-10 is usually trained with 4.
    pub crop_padding: u32,
    /// Mirror every second image, left to right, at random.
    pub horizontal_flip: bool,
}

impl Augmentation {
    /// No change at all.
    pub const NONE: Self = Self {
        crop_padding: 0,
        horizontal_flip: false,
    };

    /// True where images are delivered as they are.
    pub const fn is_none(self) -> bool {
        self.crop_padding == 0 && !self.horizontal_flip
    }
}

/// The images of a batch: element type and size; always channels × height × width.
///
/// `f32` and `f16` are normalised, `u8` is as decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputSpec {
    /// Numeric type of the delivered values: `F32`, `F16` or `U8`.
    pub element: Element,
    /// Size of every image.
    pub image: ImageSpec,
}

impl OutputSpec {
    /// Bytes of one image.
    pub const fn image_bytes(&self) -> usize {
        self.image.values() * self.element.size()
    }
}
