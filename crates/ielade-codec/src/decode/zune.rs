//! JPEG to RGB with `zune-jpeg`.

use crate::{CHANNELS, CodecError, FileFormat};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

/// Longest side of a JPEG, in pixels; the format's own bound.
const MAX_SIDE: usize = 65_535;

/// Values a pixel of a four-ink image.
const INKS: usize = 4;

/// Decodes a whole JPEG into `pixels`, which has the image's size.
pub(super) fn decode_rgb(bytes: &[u8], pixels: &mut [u8]) -> Result<(), CodecError> {
    decode_as(ColorSpace::RGB, bytes, pixels)
}

/// Decodes a whole JPEG of four inks that carries no Adobe segment.
///
/// With such a segment the inks are stored inverted, and the decoder takes all files to be so.
pub(super) fn decode_plain_inks(bytes: &[u8], pixels: &mut [u8]) -> Result<(), CodecError> {
    let mut inks = vec![0; pixels.len() / CHANNELS * INKS];
    decode_as(ColorSpace::CMYK, bytes, &mut inks)?;
    for (pixel, ink) in pixels
        .as_chunks_mut::<CHANNELS>()
        .0
        .iter_mut()
        .zip(inks.as_chunks::<INKS>().0)
    {
        let [colours @ .., black] = ink;
        for (value, colour) in pixel.iter_mut().zip(colours) {
            *value = product(255 - colour, 255 - black);
        }
    }
    Ok(())
}

/// The product of two values that stand for 0..1, rounded to the nearest.
fn product(a: u8, b: u8) -> u8 {
    ((u32::from(a) * u32::from(b) + 127) / 255) as u8
}

fn decode_as(colour: ColorSpace, bytes: &[u8], pixels: &mut [u8]) -> Result<(), CodecError> {
    // Strict: without it damaged data would come out half grey, without a word.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(colour)
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_into(pixels).map_err(|error| failed(&error))
}

fn failed(error: &DecodeErrors) -> CodecError {
    let reason = format!("{error:?}");
    CodecError::Corrupt {
        format: FileFormat::Jpeg,
        reason: reason.trim_matches('"').to_owned(),
    }
}
