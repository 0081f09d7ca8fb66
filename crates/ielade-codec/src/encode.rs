//! 8-bit RGB to image formats.

mod bmp;
mod jpeg;
mod jpeg2000;

use crate::CodecError;
use ielade_core::{Encoding, ImageSpec};

/// Rows of a JPEG XL file from which its prefix codes are made; the most that the encoder takes.
const JXL_EFFORT: u8 = 127;

/// How many chroma values a JPEG holds for each block of luma values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Subsampling {
    /// 4:4:4, one chroma value a pixel.
    #[default]
    Full,
    /// 4:2:2, one for two pixels of a row.
    Half,
    /// 4:2:0, one for two by two pixels.
    Quarter,
}

impl Subsampling {
    /// All kinds, from the finest to the coarsest.
    pub const ALL: [Self; 3] = [Self::Full, Self::Half, Self::Quarter];

    /// The name used in options and reports: `444`, `422` or `420`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "444",
            Self::Half => "422",
            Self::Quarter => "420",
        }
    }
}

/// What turns pixels into an image file, with all that may be chosen about it.
///
/// ```
/// use ielade_codec::{Decoder, ImageEncoder};
/// use ielade_core::{Encoding, ImageSpec};
///
/// let (pixels, spec) = ([10, 20, 30, 40, 50, 60], ImageSpec::rgb(1, 2));
/// let encoder = ImageEncoder::lossless(Encoding::Jp2).unwrap();
/// let mut file = Vec::new();
/// encoder.encode(&pixels, spec, &mut file).unwrap();
/// let mut decoder = Decoder::default();
/// assert_eq!(decoder.decode(Encoding::Jp2, &file).unwrap(), (&pixels[..], spec));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ImageEncoder {
    /// Baseline JPEG.
    Jpeg {
        /// 1 to 100, as libjpeg counts it.
        quality: u8,
        /// How much less chroma is kept than luma.
        subsampling: Subsampling,
    },
    /// PNG.
    Png,
    /// JPEG 2000 in its file format, with the reversible (5/3) wavelet.
    Jp2 {
        /// How many times smaller than its pixels the file shall be, 1 or more; lossless without.
        /// A file takes some 200 bytes at the least.
        rate: Option<f32>,
    },
    /// Lossless WebP; sides of 16,384 pixels at most.
    Webp,
    /// QOI.
    Qoi,
    /// Lossless JPEG XL; sides of 2 pixels at least.
    Jxl,
    /// Windows bitmap of 24 bits a pixel.
    Bmp,
}

impl ImageEncoder {
    /// The encoder that keeps the pixels of an image format; `None` for JPEG, which has none, and
    /// for raw values.
    pub const fn lossless(encoding: Encoding) -> Option<Self> {
        match encoding {
            Encoding::Png => Some(Self::Png),
            Encoding::Jp2 => Some(Self::Jp2 { rate: None }),
            Encoding::Webp => Some(Self::Webp),
            Encoding::Qoi => Some(Self::Qoi),
            Encoding::Jxl => Some(Self::Jxl),
            Encoding::Bmp => Some(Self::Bmp),
            Encoding::Jpeg | Encoding::Raw(_) => None,
        }
    }

    /// What the files are.
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::Jpeg { .. } => Encoding::Jpeg,
            Self::Png => Encoding::Png,
            Self::Jp2 { .. } => Encoding::Jp2,
            Self::Webp => Encoding::Webp,
            Self::Qoi => Encoding::Qoi,
            Self::Jxl => Encoding::Jxl,
            Self::Bmp => Encoding::Bmp,
        }
    }

    /// True where decoding gives exactly the pixels that were encoded.
    pub const fn keeps_pixels(self) -> bool {
        !matches!(self, Self::Jpeg { .. } | Self::Jp2 { rate: Some(_) })
    }

    /// Encodes interleaved RGB, `height × width × 3` values; `out` is emptied first.
    ///
    /// # Errors
    /// [`CodecError::Encode`] where the number of values is not that of the size, the size is
    /// zero or more than the format can hold, or an option is out of its range.
    pub fn encode(
        self,
        pixels: &[u8],
        spec: ImageSpec,
        out: &mut Vec<u8>,
    ) -> Result<(), CodecError> {
        out.clear();
        self.append(pixels, spec, out)
            .map_err(|reason| CodecError::Encode {
                encoding: self.encoding(),
                reason,
            })
    }

    fn append(self, pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), String> {
        if spec.channels != 3 || pixels.len() != spec.values() || pixels.is_empty() {
            return Err(format!("{} values are no image of {spec}", pixels.len()));
        }
        match self {
            Self::Jpeg {
                quality,
                subsampling,
            } => jpeg::append_jpeg(pixels, spec, (quality, subsampling), out),
            Self::Png => append_png(pixels, spec, out),
            Self::Jp2 { rate } => append_jp2(pixels, spec, rate, out),
            Self::Webp => append_webp(pixels, spec, out),
            Self::Qoi => append_qoi(pixels, spec, out),
            Self::Jxl => append_jxl(pixels, spec, out),
            Self::Bmp => bmp::append_bmp(pixels, spec, out)
                .ok_or_else(|| "the file would be longer than 4 GiB".to_owned()),
        }
    }
}

/// Encodes interleaved RGB as a PNG; `out` is emptied first.
///
/// # Errors
/// Where the number of values is not that of the size, or the size is zero.
pub fn encode_png(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), CodecError> {
    ImageEncoder::Png.encode(pixels, spec, out)
}

/// Encodes interleaved RGB as a baseline JPEG without chroma subsampling (4:4:4); `out` is
/// emptied first. `quality` is 1 to 100, as libjpeg counts it.
///
/// # Errors
/// Where the number of values is not that of the size, the size does not fit a JPEG, or the
/// quality is none.
pub fn encode_jpeg(
    pixels: &[u8],
    spec: ImageSpec,
    quality: u8,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let subsampling = Subsampling::Full;
    let encoder = ImageEncoder::Jpeg {
        quality,
        subsampling,
    };
    encoder.encode(pixels, spec, out)
}

fn append_png(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), String> {
    let mut encoder = png::Encoder::new(out, spec.width, spec.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(pixels)?;
            writer.finish()
        })
        .map_err(|error| error.to_string())
}

fn append_jp2(
    pixels: &[u8],
    spec: ImageSpec,
    rate: Option<f32>,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if let Some(rate) = rate.filter(|rate| !(1.0..).contains(rate)) {
        return Err(format!("a rate of {rate} is not 1 or more"));
    }
    jpeg2000::append_jp2(pixels, spec, rate, out);
    Ok(())
}

fn append_webp(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), String> {
    image_webp::WebPEncoder::new(out)
        .encode(pixels, spec.width, spec.height, image_webp::ColorType::Rgb8)
        .map_err(|error| error.to_string())
}

fn append_qoi(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), String> {
    qoi::Encoder::new(pixels, spec.width, spec.height)
        .and_then(|encoder| {
            out.resize(encoder.required_buf_len(), 0);
            encoder.encode_to_buf(&mut out[..])
        })
        .map(|length| out.truncate(length))
        .map_err(|error| error.to_string())
}

fn append_jxl(pixels: &[u8], spec: ImageSpec, out: &mut Vec<u8>) -> Result<(), String> {
    use zune_core::{bit_depth::BitDepth, colorspace::ColorSpace, options::EncoderOptions};

    if spec.width < 2 || spec.height < 2 {
        return Err("the encoder takes no side of a single pixel; use jp2, webp or png".to_owned());
    }
    let (width, height) = (spec.width as usize, spec.height as usize);
    let options = EncoderOptions::new(width, height, ColorSpace::RGB, BitDepth::Eight)
        .set_effort(JXL_EFFORT)
        .set_num_threads(1);
    zune_jpegxl::JxlSimpleEncoder::new(pixels, options)
        .encode(out)
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}
