//! Files that a usual library wrote, opened without a manifest.

use crate::stores::{output, read};
use ielade_core::{ForeignNames, ImageSpec};
use ielade_layout::{LayoutError, open_any};
use std::path::Path;

/// Everything in such a file.
pub(crate) struct Opened {
    /// Planes of all images, u8 or f32.
    pub(crate) pixels: Vec<u8>,
    pub(crate) labels: Vec<i64>,
    pub(crate) classes: Vec<String>,
    /// What was guessed.
    pub(crate) guesses: String,
}

/// Opens a file, with images and labels of these names, if any, and reads all of it. Images of no
/// fixed size are taken to be of the size given.
pub(crate) fn open(
    path: &Path,
    (images, labels): (Option<&str>, Option<&str>),
    size: ImageSpec,
) -> Result<Opened, LayoutError> {
    let names = ForeignNames {
        images: images.map(str::to_owned),
        labels: labels.map(str::to_owned),
    };
    let opened = open_any(path, &names)?;
    let manifest = opened.reader.manifest();
    let output = output(&manifest.layout, manifest.shape.fixed().unwrap_or(size));
    // Backwards, so that the order of the file is not what makes it right.
    let indices: Vec<u32> = (0..manifest.count).rev().collect();
    let batch = read(opened.reader.as_ref(), &indices, output)?;
    let images = batch.image_bytes().chunks(output.image_bytes()).rev();
    Ok(Opened {
        pixels: images.flatten().copied().collect(),
        labels: batch.labels().iter().rev().copied().collect(),
        classes: manifest.classes.clone(),
        guesses: opened.guesses.join("\n"),
    })
}

/// What becomes of a file that cannot be opened.
pub(crate) fn refusal(path: &Path, names: (Option<&str>, Option<&str>)) -> String {
    let opened = open(path, names, ImageSpec::rgb(1, 1));
    let error = opened.err().map(|error| error.to_string());
    error.unwrap_or_else(|| panic!("{} is opened", path.display()))
}
