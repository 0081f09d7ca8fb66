//! QOI to 8-bit RGB.

use super::rgb::to_rgb;
use crate::{CodecError, FileFormat};
use ielade_core::ImageSpec;

/// The header of a file whose size is within bounds.
pub(crate) fn header(bytes: &[u8]) -> Result<qoi::Header, CodecError> {
    let header = qoi::decode_header(bytes).map_err(|error| failed(&error))?;
    CodecError::check_size(FileFormat::Qoi, header.width.into(), header.height.into())?;
    Ok(header)
}

fn failed(error: &qoi::Error) -> CodecError {
    match error {
        qoi::Error::UnexpectedBufferEnd => CodecError::Truncated(FileFormat::Qoi),
        other => CodecError::Corrupt {
            format: FileFormat::Qoi,
            reason: other.to_string(),
        },
    }
}

/// Decodes into the first values of `pixels`.
pub(super) fn decode(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let header = header(bytes)?;
    // In all the channels that it has: without alpha the decoder would lose its place in the
    // table of colours.
    pixels.resize(header.n_bytes(), 0);
    qoi::decode_to_buf(&mut pixels[..], bytes).map_err(|error| failed(&error))?;
    to_rgb(pixels, header.channels.as_u8().into(), header.n_pixels());
    Ok((ImageSpec::rgb(header.height, header.width), 1))
}
