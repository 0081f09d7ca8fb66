//! What the images of a data set are like: sizes, formats, classes; and a few of them to look at.

use crate::Encoding;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the images of a data set are like, as far as headers tell.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Composition {
    /// All images of the splits that take part.
    pub images: u64,
    /// Images whose header was read, evenly spread over all; everything below but
    /// [`Composition::classes`] is about these.
    pub looked_at: u64,
    /// Those of them that could not be read.
    pub unreadable: u64,
    /// Columns, as a viewer shows the image: with its EXIF orientation.
    pub width: Option<Spread>,
    /// Rows, likewise.
    pub height: Option<Spread>,
    /// Bytes of an image as published.
    pub bytes: Option<Spread>,
    /// How many images have which size; each image is in one cell. At most
    /// [`SIZE_CELLS`](Self::SIZE_CELLS) cells, the fullest first.
    pub sizes: Vec<SizeCell>,
    /// Images of each file format; `raw` for pixels without one.
    pub formats: BTreeMap<String, u64>,
    /// Images of each colour mode.
    pub colour_modes: BTreeMap<String, u64>,
    /// Images that their EXIF orientation turns or mirrors.
    pub turned: u64,
    /// Samples of each class, counted in full, in the order of the classes.
    pub classes: Vec<ClassCount>,
}

impl Composition {
    /// The most cells of [`Composition::sizes`].
    pub const SIZE_CELLS: usize = 64;
}

/// Extremes and middle of many numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Smallest.
    pub min: u64,
    /// Half are below, half above; the mean of the middle two where their number is even.
    pub median: f64,
    /// Largest.
    pub max: u64,
}

/// Images whose sizes lie in a range: of one size where the ends of both ranges are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeCell {
    /// Smallest and largest width in pixels, both within.
    pub width: [u32; 2],
    /// Smallest and largest height in pixels, both within.
    pub height: [u32; 2],
    /// Images.
    pub count: u64,
}

/// Samples of a class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// To train on.
    pub train: u64,
    /// To evaluate on.
    pub test: u64,
}

/// An image of a data set, made small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// What its class is called, in words where the data set says so; `None` without a label.
    pub class: Option<String>,
    /// JPEG or PNG.
    pub encoding: Encoding,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The image file.
    pub bytes: Vec<u8>,
}
