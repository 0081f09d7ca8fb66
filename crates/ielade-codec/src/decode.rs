//! Image formats to 8-bit RGB.
//!
//! Every colour mode has one defined treatment: grey becomes three equal channels, a palette is
//! looked up, alpha is dropped (as Pillow's `convert("RGB")` does), 16 bits become the upper 8,
//! four inks become what they leave of white light, `ink × black / 255`, where the values are
//! taken to be inverted, as all common programs write and read them.
//!
//! The commonest JPEGs are decoded here, to the pixels of libjpeg-turbo and faster than by it;
//! rare kinds (progressive, four inks, odd sampling) by `zune-jpeg`, whose pixels differ by a few
//! levels. With the cargo feature `turbojpeg` (which needs cmake and nasm to build) libjpeg-turbo
//! decodes all but four inks. Whether a JPEG is whole is found out before, from its markers; bytes
//! behind the end of the image are ignored.

mod baseline;
pub(crate) mod bmp;
mod jpeg2000;
pub(crate) mod jpeg2000_structure;
pub(crate) mod jpeg_structure;
pub(crate) mod jxl_image;
pub(crate) mod png_image;
pub(crate) mod qoi_image;
mod rgb;
#[cfg(feature = "turbojpeg")]
mod turbo;
pub(crate) mod webp;
mod zune;

use crate::{CodecError, FileFormat, orientation};
use baseline::{Attempt, BaselineDecoder};
use ielade_core::{Encoding, ImageSpec, OrientationRule};
use jpeg_structure::JpegStructure;
use jxl_image::JxlEngine;

/// Names of the decoders in use, for manifests: pixels of a lossy format depend on them.
#[cfg(not(feature = "turbojpeg"))]
pub const DECODER: &str = "ielade-jpeg 1, zune-jpeg 0.5, png 0.18, hayro-jpeg2000 0.5, \
    image-webp 0.2, qoi 0.4, jxl 0.8, ielade-bmp 1";
/// Names of the decoders in use, for manifests: pixels of a lossy format depend on them.
#[cfg(feature = "turbojpeg")]
pub const DECODER: &str = "libjpeg-turbo (turbojpeg 1.5), png 0.18, hayro-jpeg2000 0.5, \
    image-webp 0.2, qoi 0.4, jxl 0.8, ielade-bmp 1";

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
    jpeg: JpegEngine,
    jxl: JxlEngine,
    pixels: Vec<u8>,
    upright: Vec<u8>,
}

impl Decoder {
    /// A decoder that treats EXIF orientations by `rule`.
    pub fn new(rule: OrientationRule) -> Self {
        Self {
            rule,
            ..Self::default()
        }
    }

    /// A decoder that decodes JPEGs as a build without libjpeg-turbo does, for comparison.
    #[cfg(feature = "turbojpeg")]
    pub fn without_libjpeg_turbo(rule: OrientationRule) -> Self {
        let mut decoder = Self::new(rule);
        decoder.jpeg.turbo = None;
        decoder
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
            FileFormat::Jpeg => self.jpeg.decode(bytes, &mut self.pixels)?,
            FileFormat::Png => png_image::decode(bytes, &mut self.pixels)?,
            FileFormat::Jpeg2000 => jpeg2000::decode(bytes, &mut self.pixels)?,
            FileFormat::Webp => webp::decode(bytes, &mut self.pixels)?,
            FileFormat::Qoi => qoi_image::decode(bytes, &mut self.pixels)?,
            FileFormat::Jxl => self.jxl.decode(bytes, &mut self.pixels)?,
            FileFormat::Bmp => bmp::decode(bytes, &mut self.pixels)?,
            other => return Err(CodecError::UnsupportedFormat(other)),
        };
        let pixels = &self.pixels[..spec.values()];
        if orientation == 1 || self.rule == OrientationRule::Ignore {
            return Ok((pixels, spec));
        }
        let spec = orientation::upright(pixels, spec, orientation, &mut self.upright);
        Ok((&self.upright, spec))
    }
}

/// The decoders of JPEGs that this build has.
#[derive(Debug)]
#[cfg_attr(not(feature = "turbojpeg"), derive(Default))]
struct JpegEngine {
    baseline: BaselineDecoder,
    #[cfg(feature = "turbojpeg")]
    turbo: Option<turbo::Turbo>,
}

#[cfg(feature = "turbojpeg")]
impl Default for JpegEngine {
    fn default() -> Self {
        Self {
            baseline: BaselineDecoder::default(),
            turbo: Some(turbo::Turbo::default()),
        }
    }
}

impl JpegEngine {
    /// Decodes into `pixels`, which grows where it must; returns size and EXIF orientation.
    fn decode(
        &mut self,
        bytes: &[u8],
        pixels: &mut Vec<u8>,
    ) -> Result<(ImageSpec, u8), CodecError> {
        let structure = JpegStructure::read(bytes)?;
        let frame = structure.frame;
        let spec = ImageSpec::rgb(frame.height.into(), frame.width.into());
        if pixels.len() < spec.values() {
            pixels.resize(spec.values(), 0);
        }
        self.decode_rgb(&structure, spec, &mut pixels[..spec.values()])?;
        Ok((spec, structure.exif.map_or(1, orientation::of_exif)))
    }

    #[cfg(feature = "turbojpeg")]
    fn decode_rgb(
        &mut self,
        structure: &JpegStructure<'_>,
        spec: ImageSpec,
        pixels: &mut [u8],
    ) -> Result<(), CodecError> {
        match &mut self.turbo {
            Some(turbo) if structure.frame.components != 4 => {
                turbo.decode_rgb(&structure.whole()?, spec, pixels)
            }
            _ => self.decode_rgb_here(structure, pixels),
        }
    }

    #[cfg(not(feature = "turbojpeg"))]
    fn decode_rgb(
        &mut self,
        structure: &JpegStructure<'_>,
        _spec: ImageSpec,
        pixels: &mut [u8],
    ) -> Result<(), CodecError> {
        self.decode_rgb_here(structure, pixels)
    }

    fn decode_rgb_here(
        &mut self,
        structure: &JpegStructure<'_>,
        pixels: &mut [u8],
    ) -> Result<(), CodecError> {
        match self.baseline.decode(structure, pixels)? {
            Attempt::Done => Ok(()),
            Attempt::AnotherKind => zune::decode_rgb(&structure.whole()?, pixels),
        }
    }
}
