//! PNG to 8-bit RGB.

use super::rgb::to_rgb;
use crate::{CodecError, FileFormat, orientation};
use ielade_core::ImageSpec;
use std::io::Cursor;

/// Colours of the largest palette.
const MAX_COLOURS: usize = 256;

/// A reader whose header was read and whose size is within bounds.
pub(crate) fn reader(
    bytes: &[u8],
    transformations: png::Transformations,
) -> Result<png::Reader<Cursor<&[u8]>>, CodecError> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(transformations);
    let info = decoder.read_header_info().map_err(|error| failed(&error))?;
    CodecError::check_size(FileFormat::Png, info.width.into(), info.height.into())?;
    let reader = decoder.read_info().map_err(|error| failed(&error))?;
    check_palette(reader.info())?;
    Ok(reader)
}

/// The decoder takes whole colours for granted: a palette cut within one would make it panic.
fn check_palette(info: &png::Info<'_>) -> Result<(), CodecError> {
    let bytes = info.palette.as_ref().map_or(0, |palette| palette.len());
    if bytes.is_multiple_of(3) && bytes <= 3 * MAX_COLOURS {
        return Ok(());
    }
    Err(CodecError::Corrupt {
        format: FileFormat::Png,
        reason: format!("a palette of {bytes} bytes; 3 a colour belong there"),
    })
}

fn failed(error: &png::DecodingError) -> CodecError {
    match error {
        png::DecodingError::IoError(io) if io.kind() == std::io::ErrorKind::UnexpectedEof => {
            CodecError::Truncated(FileFormat::Png)
        }
        other => CodecError::Corrupt {
            format: FileFormat::Png,
            reason: other.to_string(),
        },
    }
}

/// Decodes into the first values of `pixels`; returns the size and the EXIF orientation.
pub(super) fn decode(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let transformations = png::Transformations::EXPAND | png::Transformations::STRIP_16;
    let mut reader = reader(bytes, transformations)?;
    let size = reader
        .output_buffer_size()
        .ok_or(CodecError::Truncated(FileFormat::Png))?;
    pixels.resize(size, 0);
    let frame = reader.next_frame(pixels).map_err(|error| failed(&error))?;
    // The end of the file belongs to it: a cut after the last row is still a cut.
    reader.finish().map_err(|error| failed(&error))?;
    let orientation = reader
        .info()
        .exif_metadata
        .as_ref()
        .map_or(1, |exif| orientation::of_exif(exif));
    let count = frame.width as usize * frame.height as usize;
    to_rgb(pixels, frame.color_type.samples(), count);
    Ok((ImageSpec::rgb(frame.height, frame.width), orientation))
}
