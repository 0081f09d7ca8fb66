//! JPEG to RGB with `zune-jpeg`.

use crate::{CodecError, FileFormat};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{JpegDecoder, errors::DecodeErrors};

/// Longest side of a JPEG, in pixels; the format's own bound.
const MAX_SIDE: usize = 65_535;

/// Decodes a whole JPEG into `pixels`, which has the image's size.
pub(super) fn decode_rgb(bytes: &[u8], pixels: &mut [u8]) -> Result<(), CodecError> {
    // Strict: without it damaged data would come out half grey, without a word.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
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
