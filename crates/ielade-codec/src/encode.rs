//! 8-bit RGB to PNG and JPEG.

use crate::CodecError;
use ielade_core::{Encoding, ImageSpec};

fn refused(encoding: Encoding, reason: impl std::fmt::Display) -> CodecError {
    CodecError::Encode {
        encoding,
        reason: reason.to_string(),
    }
}

fn check_length(encoding: Encoding, pixels: &[u8], spec: ImageSpec) -> Result<(), CodecError> {
    if spec.channels == 3 && pixels.len() == spec.values() {
        return Ok(());
    }
    Err(refused(
        encoding,
        format_args!("{} values are no image of {spec}", pixels.len()),
    ))
}

/// Encodes interleaved RGB as a PNG; `out` is emptied first.
///
/// # Errors
/// Where the number of values is not that of the size, or the size is zero.
pub fn encode_png(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), CodecError> {
    check_length(Encoding::Png, pixels, spec)?;
    out.clear();
    let mut encoder = png::Encoder::new(out, spec.width, spec.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(pixels)?;
            writer.finish()
        })
        .map_err(|error| refused(Encoding::Png, error))
}

/// Encodes interleaved RGB as a baseline JPEG without chroma subsampling (4:4:4); `out` is
/// emptied first. `quality` is 1 to 100, as libjpeg counts it.
///
/// # Errors
/// Where the number of values is not that of the size, or the size does not fit a JPEG.
pub fn encode_jpeg(
    pixels: &[u8],
    spec: ImageSpec,
    quality: u8,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    check_length(Encoding::Jpeg, pixels, spec)?;
    let side = |length: u32| {
        u16::try_from(length).map_err(|_| refused(Encoding::Jpeg, "a side is above 65,535"))
    };
    let (width, height) = (side(spec.width)?, side(spec.height)?);
    out.clear();
    let mut encoder = jpeg_encoder::Encoder::new(out, quality.clamp(1, 100));
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_1_1);
    encoder
        .encode(pixels, width, height, jpeg_encoder::ColorType::Rgb)
        .map_err(|error| refused(Encoding::Jpeg, error))
}
