//! JPEG and PNG to 8-bit RGB.
//!
//! Every colour mode has one defined treatment: grey becomes three equal channels, a palette is
//! looked up, alpha is dropped (as Pillow's `convert("RGB")` does), 16 bits become the upper 8,
//! four inks are converted by the JPEG decoder.

use crate::{CHANNELS, CodecError, FileFormat, orientation};
use ielade_core::{Encoding, ImageSpec, OrientationRule};
use std::io::Cursor;
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::{ImageInfo, JpegDecoder, errors::DecodeErrors};

/// Names of the decoders in use, for manifests: pixels of a lossy format depend on them.
pub const DECODER: &str = "zune-jpeg 0.5, png 0.18";

/// Longest side of a JPEG, in pixels; the format's own bound.
const MAX_SIDE: usize = 65_535;

/// Decodes images into memory that it keeps and uses again.
///
/// ```
/// use ielade_codec::{Decoder, encode_png};
/// use ielade_core::{Encoding, ImageSpec, OrientationRule};
///
/// let mut png = Vec::new();
/// encode_png(&[10, 20, 30], ImageSpec::rgb(1, 1), &mut png).unwrap();
/// let mut decoder = Decoder::new(OrientationRule::Apply);
/// let (pixels, spec) = decoder.decode(Encoding::Png, &png).unwrap();
/// assert_eq!((pixels, spec), (&[10, 20, 30][..], ImageSpec::rgb(1, 1)));
/// ```
#[derive(Debug, Default)]
pub struct Decoder {
    rule: OrientationRule,
    pixels: Vec<u8>,
    upright: Vec<u8>,
}

impl Decoder {
    /// A decoder that treats EXIF orientations by `rule`.
    pub const fn new(rule: OrientationRule) -> Self {
        Self {
            rule,
            pixels: Vec::new(),
            upright: Vec::new(),
        }
    }

    /// Decodes one image: `height × width × 3` values, and the size. Valid until the next call.
    ///
    /// # Errors
    /// Where the bytes are not a whole, sound image of this encoding.
    pub fn decode(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
    ) -> Result<(&[u8], ImageSpec), CodecError> {
        let format = FileFormat::recognise(bytes)?;
        if format.encoding() != Some(encoding) {
            return Err(CodecError::WrongFormat {
                expected: encoding,
                found: format,
            });
        }
        self.decode_format(format, bytes)
    }

    /// As [`Decoder::decode`], for bytes whose format is told by their start.
    ///
    /// # Errors
    /// Where the bytes are not a whole, sound image of a format that is decoded.
    pub fn decode_any(&mut self, bytes: &[u8]) -> Result<(&[u8], ImageSpec), CodecError> {
        self.decode_format(FileFormat::recognise(bytes)?, bytes)
    }

    fn decode_format(
        &mut self,
        format: FileFormat,
        bytes: &[u8],
    ) -> Result<(&[u8], ImageSpec), CodecError> {
        let (spec, orientation) = match format {
            FileFormat::Jpeg => decode_jpeg(bytes, &mut self.pixels)?,
            FileFormat::Png => decode_png(bytes, &mut self.pixels)?,
            other => return Err(CodecError::UnsupportedFormat(other)),
        };
        if orientation == 1 || self.rule == OrientationRule::Ignore {
            return Ok((&self.pixels, spec));
        }
        let spec = orientation::upright(&self.pixels, spec, orientation, &mut self.upright);
        Ok((&self.upright, spec))
    }
}

pub(crate) fn jpeg_decoder(bytes: &[u8]) -> JpegDecoder<ZCursor<&[u8]>> {
    // Strict: without it a truncated image would come out half grey, without a word.
    let options = DecoderOptions::default()
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE);
    JpegDecoder::new_with_options(ZCursor::new(bytes), options)
}

pub(crate) fn jpeg_info(
    decoder: &mut JpegDecoder<ZCursor<&[u8]>>,
) -> Result<ImageInfo, CodecError> {
    decoder
        .decode_headers()
        .map_err(|error| jpeg_error(&error))?;
    let info = decoder.info().ok_or_else(|| CodecError::Corrupt {
        format: FileFormat::Jpeg,
        reason: "no frame header".to_owned(),
    })?;
    CodecError::check_size(FileFormat::Jpeg, info.width.into(), info.height.into())?;
    Ok(info)
}

fn jpeg_error(error: &DecodeErrors) -> CodecError {
    let reason = format!("{error:?}");
    let ended = matches!(
        error,
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_)
    ) || reason.contains("Premature end")
        || reason.contains("No more bytes");
    if ended {
        return CodecError::Truncated(FileFormat::Jpeg);
    }
    CodecError::Corrupt {
        format: FileFormat::Jpeg,
        reason: reason.trim_matches('"').to_owned(),
    }
}

/// True where an end-of-image marker follows the image data, perhaps with a tail behind it.
fn has_end_marker(bytes: &[u8]) -> bool {
    bytes.ends_with(&[0xff, 0xd9]) || bytes.windows(2).rev().any(|pair| pair == [0xff, 0xd9])
}

fn decode_jpeg(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let mut decoder = jpeg_decoder(bytes);
    let info = jpeg_info(&mut decoder)?;
    // Entropy-coded data never holds the marker's bytes, so its absence means a cut.
    if !has_end_marker(bytes) {
        return Err(CodecError::Truncated(FileFormat::Jpeg));
    }
    let spec = ImageSpec::rgb(u32::from(info.height), u32::from(info.width));
    pixels.resize(spec.values(), 0);
    decoder
        .decode_into(pixels)
        .map_err(|error| jpeg_error(&error))?;
    let orientation = decoder.exif().map_or(1, |exif| orientation::of_exif(exif));
    Ok((spec, orientation))
}

pub(crate) fn png_reader(
    bytes: &[u8],
    transformations: png::Transformations,
) -> Result<png::Reader<Cursor<&[u8]>>, CodecError> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(transformations);
    let info = decoder
        .read_header_info()
        .map_err(|error| png_error(&error))?;
    CodecError::check_size(FileFormat::Png, info.width.into(), info.height.into())?;
    decoder.read_info().map_err(|error| png_error(&error))
}

fn png_error(error: &png::DecodingError) -> CodecError {
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

fn decode_png(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let transformations = png::Transformations::EXPAND | png::Transformations::STRIP_16;
    let mut reader = png_reader(bytes, transformations)?;
    let size = reader
        .output_buffer_size()
        .ok_or(CodecError::Truncated(FileFormat::Png))?;
    pixels.resize(size, 0);
    let frame = reader
        .next_frame(pixels)
        .map_err(|error| png_error(&error))?;
    // The end of the file belongs to it: a cut after the last row is still a cut.
    reader.finish().map_err(|error| png_error(&error))?;
    let orientation = reader
        .info()
        .exif_metadata
        .as_ref()
        .map_or(1, |exif| orientation::of_exif(exif));
    pixels.truncate(frame.buffer_size());
    let count = frame.width as usize * frame.height as usize;
    to_rgb(pixels, frame.color_type.samples(), count);
    Ok((ImageSpec::rgb(frame.height, frame.width), orientation))
}

/// Brings pixels of 1, 2, 3 or 4 channels to three, in place.
fn to_rgb(pixels: &mut Vec<u8>, channels: usize, count: usize) {
    match channels {
        CHANNELS => {}
        4 => {
            for pixel in 0..count {
                pixels.copy_within(pixel * 4..pixel * 4 + CHANNELS, pixel * CHANNELS);
            }
        }
        grey => {
            pixels.resize(count * CHANNELS.max(grey), 0);
            // From the end, so that no value is overwritten before it is read.
            for pixel in (0..count).rev() {
                let value = pixels[pixel * grey];
                pixels[pixel * CHANNELS..][..CHANNELS].fill(value);
            }
        }
    }
    pixels.truncate(count * CHANNELS);
}
