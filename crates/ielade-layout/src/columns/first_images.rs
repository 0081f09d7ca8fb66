//! What the encoded images of a foreign table are, by looking at some of them.

use crate::{
    LayoutError,
    stored::{FetchScratch, StoredSamples},
};
use ielade_codec::FileFormat;
use ielade_core::{Encoding, ImageShape, ImageSpec};
use std::path::Path;

/// Images that are looked at.
const LOOKED_AT: u32 = 128;

/// The encoding and size of encoded images, by the headers of some of them, spread evenly.
///
/// # Errors
/// Where the first of them are no images, or of a format that is not read.
pub(crate) fn describe(
    samples: &dyn StoredSamples,
    count: u32,
    path: &Path,
    guesses: &mut Vec<String>,
) -> Result<(Encoding, ImageShape), LayoutError> {
    let mut scratch = FetchScratch::default();
    let looked_at = count.min(LOOKED_AT);
    let (mut encoding, mut fault) = (None, None);
    let mut sizes = Vec::new();
    for number in 0..looked_at {
        let index = (u64::from(number) * u64::from(count) / u64::from(looked_at)) as u32;
        // A bad sample among good ones is told when it is loaded.
        let bytes = match samples.fetch(index, &mut scratch) {
            Ok(bytes) => bytes,
            Err(reason) => {
                fault.get_or_insert((index, reason));
                continue;
            }
        };
        if bytes.is_empty() {
            continue;
        }
        if encoding.is_none() {
            encoding = Some(encoding_of(bytes, index, path)?);
        }
        sizes.push(size_of(bytes));
    }
    let encoding = encoding.ok_or_else(|| match fault {
        Some((index, reason)) => LayoutError::BadSample {
            place: 0,
            index,
            path: samples.path(index),
            reason,
        },
        None => no_images(looked_at, path),
    })?;
    let shape = match sizes.as_slice() {
        [Some(first), rest @ ..] if rest.iter().all(|size| *size == Some(*first)) => {
            guesses.push(format!(
                "all images are {}×{} {encoding}, by {} of them",
                first.height,
                first.width,
                sizes.len()
            ));
            ImageShape::Fixed(*first)
        }
        _ => {
            guesses.push(format!("the images are {encoding} of several sizes"));
            ImageShape::Varies
        }
    };
    Ok((encoding, shape))
}

fn no_images(looked_at: u32, path: &Path) -> LayoutError {
    LayoutError::Foreign {
        path: path.to_owned(),
        reason: format!("none of {looked_at} samples has an image"),
        hint: "name the images with --images; where it holds only paths of images, put the images \
               into it (datasets: save_to_disk does so)"
            .to_owned(),
    }
}

fn encoding_of(bytes: &[u8], index: u32, path: &Path) -> Result<Encoding, LayoutError> {
    let fault = |reason: String| LayoutError::Foreign {
        path: path.to_owned(),
        reason: format!("sample {index}: {reason}"),
        hint: "name the images with --images".to_owned(),
    };
    let format = FileFormat::recognise(bytes).map_err(|error| fault(error.to_string()))?;
    format
        .encoding()
        .ok_or_else(|| fault(format!("{format} images are not read")))
}

/// The size when upright.
fn size_of(bytes: &[u8]) -> Option<ImageSpec> {
    let header = ielade_codec::read_header(bytes).ok()?;
    Some(match header.orientation {
        5..=8 => ImageSpec::rgb(header.width, header.height),
        _ => ImageSpec::rgb(header.height, header.width),
    })
}
