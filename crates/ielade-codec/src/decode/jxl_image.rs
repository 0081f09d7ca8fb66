//! JPEG XL to 8-bit RGB.

use super::rgb::to_rgb;
use crate::{CodecError, ColourMode, FileFormat, MAX_PIXELS};
use ielade_core::ImageSpec;
use jxl::api::{
    Endianness, Event, ExtraChannel, JxlBitDepth, JxlColorType, JxlDataFormat, JxlDecoder,
    JxlDecoderOptions, JxlOutputBuffer, JxlPixelFormat,
};

const FORMAT: FileFormat = FileFormat::Jxl;

/// Values a pixel that may be decoded: four of colour and as many of other kinds.
const MAX_CHANNELS: usize = 8;

/// A decoder that is made at its first use and kept, with its memory.
#[derive(Default)]
pub(crate) struct JxlEngine {
    decoder: Option<Box<JxlDecoder>>,
    /// Pixels of 16 bits.
    wide: Vec<u8>,
}

impl std::fmt::Debug for JxlEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JxlEngine").finish_non_exhaustive()
    }
}

/// What a file says of its image.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JxlHeader {
    pub(crate) spec: ImageSpec,
    pub(crate) colour: ColourMode,
    pub(crate) bit_depth: u8,
    pub(crate) orientation: u8,
    /// Channels beside those of colour, alpha among them.
    extra_channels: usize,
    /// Whether values have more than 8 bits, all of them whole numbers.
    is_wide: bool,
}

impl JxlHeader {
    const fn is_grey(&self) -> bool {
        matches!(self.colour, ColourMode::Gray | ColourMode::GrayAlpha)
    }

    /// What the decoder is asked for: colour without alpha.
    fn pixel_format(&self) -> JxlPixelFormat {
        JxlPixelFormat {
            color_type: if self.is_grey() {
                JxlColorType::Grayscale
            } else {
                JxlColorType::Rgb
            },
            color_data_format: Some(if self.is_wide {
                JxlDataFormat::U16 {
                    endianness: Endianness::BigEndian,
                    bit_depth: 16,
                }
            } else {
                JxlDataFormat::U8 { bit_depth: 8 }
            }),
            extra_channel_format: vec![None; self.extra_channels],
        }
    }
}

fn failed(error: &jxl::error::Error) -> CodecError {
    CodecError::Corrupt {
        format: FORMAT,
        reason: error.to_string(),
    }
}

fn unsupported(feature: &str) -> CodecError {
    CodecError::UnsupportedFeature {
        format: FORMAT,
        feature: feature.to_owned(),
    }
}

fn options() -> JxlDecoderOptions {
    let mut options = JxlDecoderOptions::default();
    options.adjust_orientation = false;
    options.sample_limit = Some(MAX_PIXELS as usize * MAX_CHANNELS);
    options
}

impl JxlEngine {
    /// Reads the header; what is left of `bytes` is the image.
    pub(crate) fn header(&mut self, bytes: &mut &[u8]) -> Result<JxlHeader, CodecError> {
        let decoder = self
            .decoder
            .get_or_insert_with(|| Box::new(JxlDecoder::new(options())));
        decoder.reset();
        loop {
            let event = decoder.process(bytes, None, None);
            match event.map_err(|error| failed(&error))? {
                Event::BasicInfo => return header_of(decoder),
                Event::NeedMoreInput { .. } | Event::Complete => {
                    return Err(CodecError::Truncated(FORMAT));
                }
                _ => {}
            }
        }
    }

    /// Decodes into the first values of `pixels`; returns the size and the orientation.
    pub(super) fn decode(
        &mut self,
        mut bytes: &[u8],
        pixels: &mut Vec<u8>,
    ) -> Result<(ImageSpec, u8), CodecError> {
        let result = self.decode_whole(&mut bytes, pixels);
        if result.is_err() {
            // Whatever state it was left in is not worth keeping.
            self.decoder = None;
        }
        result
    }

    fn decode_whole(
        &mut self,
        bytes: &mut &[u8],
        pixels: &mut Vec<u8>,
    ) -> Result<(ImageSpec, u8), CodecError> {
        let header = self.header(bytes)?;
        let count = header.spec.pixels();
        let channels = if header.is_grey() { 1 } else { 3 };
        if header.is_wide {
            let mut wide = std::mem::take(&mut self.wide);
            wide.resize(count * channels * 2, 0);
            self.decode_into(&header, bytes, &mut wide)?;
            pixels.clear();
            // 16 bits come high byte first: of each the upper 8 are kept.
            pixels.extend(wide.iter().step_by(2));
            self.wide = wide;
        } else {
            pixels.resize(count * channels, 0);
            self.decode_into(&header, bytes, pixels)?;
        }
        to_rgb(pixels, channels, count);
        Ok((header.spec, header.orientation))
    }

    fn decode_into(
        &mut self,
        header: &JxlHeader,
        bytes: &mut &[u8],
        out: &mut [u8],
    ) -> Result<(), CodecError> {
        let Some(decoder) = &mut self.decoder else {
            return Ok(());
        };
        let rows = header.spec.height as usize;
        let row = out.len() / rows;
        decoder
            .set_pixel_format(header.pixel_format())
            .map_err(|error| failed(&error))?;
        loop {
            let mut buffers = [JxlOutputBuffer::new(out, rows, row)];
            let event = decoder.process(bytes, Some(&mut buffers), None);
            match event.map_err(|error| failed(&error))? {
                Event::Complete => return Ok(()),
                Event::NeedMoreInput { .. } => return Err(CodecError::Truncated(FORMAT)),
                _ => {}
            }
        }
    }
}

fn header_of(decoder: &JxlDecoder) -> Result<JxlHeader, CodecError> {
    let (Some(info), Some(format)) = (decoder.basic_info(), decoder.current_pixel_format()) else {
        return Err(CodecError::Truncated(FORMAT));
    };
    let (width, height) = info.size;
    CodecError::check_size(FORMAT, width as u64, height as u64)?;
    if info.animation.is_some() {
        return Err(unsupported("more than one frame"));
    }
    let has = |kind| info.extra_channels.iter().any(|it| it.ec_type == kind);
    if has(ExtraChannel::Black) {
        return Err(unsupported("four inks"));
    }
    let is_grey = format.color_type.is_grayscale();
    let colour = match (is_grey, has(ExtraChannel::Alpha)) {
        (true, false) => ColourMode::Gray,
        (true, true) => ColourMode::GrayAlpha,
        (false, false) => ColourMode::Rgb,
        (false, true) => ColourMode::Rgba,
    };
    let bit_depth = info.bit_depth.bits_per_sample() as u8;
    Ok(JxlHeader {
        spec: ImageSpec::rgb(height as u32, width as u32),
        colour,
        bit_depth,
        orientation: info.orientation as u8,
        extra_channels: info.extra_channels.len(),
        is_wide: bit_depth > 8 && matches!(info.bit_depth, JxlBitDepth::Int { .. }),
    })
}
