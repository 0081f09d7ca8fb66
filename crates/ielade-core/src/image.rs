//! Sizes of images.

use serde::{Deserialize, Serialize};

/// Height, width and channels of one image, in pixels and values a pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageSpec {
    /// Rows.
    pub height: u32,
    /// Columns.
    pub width: u32,
    /// Values a pixel; 3 for RGB.
    pub channels: u32,
}

impl ImageSpec {
    /// An RGB image of the given size in pixels.
    pub const fn rgb(height: u32, width: u32) -> Self {
        Self {
            height,
            width,
            channels: 3,
        }
    }

    /// Pixels of the image: height × width.
    pub const fn pixels(self) -> usize {
        self.height as usize * self.width as usize
    }

    /// Values of the image: height × width × channels.
    pub const fn values(self) -> usize {
        self.pixels() * self.channels as usize
    }
}

impl std::fmt::Display for ImageSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}×{}", self.height, self.width, self.channels)
    }
}

/// The image size of a whole store: one for all, or one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImageShape {
    /// Every image has this size.
    Fixed(ImageSpec),
    /// Sizes differ from image to image; the loader resizes.
    Varies,
}

impl ImageShape {
    /// The common size, where there is one.
    pub const fn fixed(self) -> Option<ImageSpec> {
        match self {
            Self::Fixed(spec) => Some(spec),
            Self::Varies => None,
        }
    }
}

impl std::fmt::Display for ImageShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(spec) => spec.fmt(f),
            Self::Varies => f.write_str("varies"),
        }
    }
}
