//! WebP, lossless and lossy, to 8-bit RGB.

use super::rgb::to_rgb;
use crate::{CodecError, FileFormat, orientation};
use ielade_core::ImageSpec;
use image_webp::{DecodingError, WebPDecoder};
use std::io::Cursor;

const FORMAT: FileFormat = FileFormat::Webp;

/// Bytes of "RIFF" and of the length behind it, which counts all that follows.
const RIFF_HEADER: usize = 8;

/// A decoder whose header was read, of a whole file and an image whose size is within bounds.
pub(crate) fn reader(bytes: &[u8]) -> Result<WebPDecoder<Cursor<&[u8]>>, CodecError> {
    let length = bytes.get(4..RIFF_HEADER).and_then(|it| it.try_into().ok());
    let length = length.map_or(0, u32::from_le_bytes) as usize;
    let file = length
        .checked_add(RIFF_HEADER)
        .and_then(|end| bytes.get(..end))
        .ok_or(CodecError::Truncated(FORMAT))?;
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|error| failed(&error))?;
    // No part of a file is longer than the file.
    decoder.set_memory_limit(file.len());
    let (width, height) = decoder.dimensions();
    CodecError::check_size(FORMAT, width.into(), height.into())?;
    if decoder.is_animated() {
        return Err(CodecError::UnsupportedFeature {
            format: FORMAT,
            feature: "more than one frame".to_owned(),
        });
    }
    Ok(decoder)
}

fn failed(error: &DecodingError) -> CodecError {
    match error {
        DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            CodecError::Truncated(FORMAT)
        }
        other => CodecError::Corrupt {
            format: FORMAT,
            reason: other.to_string(),
        },
    }
}

/// The EXIF orientation; 1 where none can be read.
pub(crate) fn orientation_of(decoder: &mut WebPDecoder<Cursor<&[u8]>>) -> u8 {
    let exif = decoder.exif_metadata().ok().flatten();
    // Some writers put before the block what a JPEG has before it.
    exif.map_or(1, |exif| {
        orientation::of_exif(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif))
    })
}

/// Decodes into the first values of `pixels`; returns the size and the EXIF orientation.
pub(super) fn decode(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let mut decoder = reader(bytes)?;
    let (width, height) = decoder.dimensions();
    let spec = ImageSpec::rgb(height, width);
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    pixels.resize(spec.pixels() * channels, 0);
    decoder.read_image(pixels).map_err(|error| failed(&error))?;
    to_rgb(pixels, channels, spec.pixels());
    Ok((spec, orientation_of(&mut decoder)))
}
