//! Size, colour mode and orientation of an image, without decoding its pixels.

use crate::{
    CodecError, FileFormat,
    decode::{
        bmp::BmpStructure, jpeg_structure::JpegStructure, jpeg2000_structure::Jpeg2000Structure,
        jxl_image::JxlEngine, png_image, qoi_image, webp,
    },
    orientation,
};

/// How a file stores colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColourMode {
    /// One channel of brightness.
    Gray,
    /// Brightness and alpha.
    GrayAlpha,
    /// Red, green, blue (or a luma-chroma form of it).
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
    /// Indices into a table of colours.
    Palette,
    /// Four inks.
    Cmyk,
}

impl ColourMode {
    /// The name used in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::GrayAlpha => "gray+alpha",
            Self::Rgb => "rgb",
            Self::Rgba => "rgba",
            Self::Palette => "palette",
            Self::Cmyk => "cmyk",
        }
    }
}

impl std::fmt::Display for ColourMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What an image file says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// File format.
    pub format: FileFormat,
    /// Columns as stored, before any orientation.
    pub width: u32,
    /// Rows as stored, before any orientation.
    pub height: u32,
    /// How colour is stored.
    pub colour: ColourMode,
    /// Bits of one value.
    pub bit_depth: u8,
    /// Orientation as EXIF counts it, 1 to 8; 1 is upright.
    pub orientation: u8,
}

/// Reads size, colour mode and orientation of an image.
///
/// # Errors
/// Where the bytes are no image, of a format that is not decoded, or their header is corrupt.
pub fn read_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    match FileFormat::recognise(bytes)? {
        FileFormat::Jpeg => jpeg_header(bytes),
        FileFormat::Png => png_header(bytes),
        FileFormat::Jpeg2000 => jpeg2000_header(bytes),
        FileFormat::Webp => webp_header(bytes),
        FileFormat::Qoi => qoi_header(bytes),
        FileFormat::Jxl => jxl_header(bytes),
        FileFormat::Bmp => bmp_header(bytes),
        other => Err(CodecError::UnsupportedFormat(other)),
    }
}

fn jpeg_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let structure = JpegStructure::read(bytes)?;
    let frame = structure.frame;
    Ok(ImageHeader {
        format: FileFormat::Jpeg,
        width: frame.width.into(),
        height: frame.height.into(),
        colour: match frame.components {
            1 => ColourMode::Gray,
            4 => ColourMode::Cmyk,
            _ => ColourMode::Rgb,
        },
        bit_depth: 8,
        orientation: structure.exif.map_or(1, orientation::of_exif),
    })
}

fn png_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let reader = png_image::reader(bytes, png::Transformations::IDENTITY)?;
    let info = reader.info();
    Ok(ImageHeader {
        format: FileFormat::Png,
        width: info.width,
        height: info.height,
        colour: match info.color_type {
            png::ColorType::Grayscale => ColourMode::Gray,
            png::ColorType::GrayscaleAlpha => ColourMode::GrayAlpha,
            png::ColorType::Rgb => ColourMode::Rgb,
            png::ColorType::Rgba => ColourMode::Rgba,
            png::ColorType::Indexed => ColourMode::Palette,
        },
        bit_depth: info.bit_depth as u8,
        orientation: info
            .exif_metadata
            .as_ref()
            .map_or(1, |exif| orientation::of_exif(exif)),
    })
}

fn jpeg2000_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let structure = Jpeg2000Structure::read(bytes)?;
    Ok(ImageHeader {
        format: FileFormat::Jpeg2000,
        width: structure.width,
        height: structure.height,
        colour: structure.colour,
        bit_depth: structure.bit_depth,
        orientation: 1,
    })
}

fn webp_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let mut reader = webp::reader(bytes)?;
    let (width, height) = reader.dimensions();
    Ok(ImageHeader {
        format: FileFormat::Webp,
        width,
        height,
        colour: if reader.has_alpha() {
            ColourMode::Rgba
        } else {
            ColourMode::Rgb
        },
        bit_depth: 8,
        orientation: webp::orientation_of(&mut reader),
    })
}

fn qoi_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let header = qoi_image::header(bytes)?;
    Ok(ImageHeader {
        format: FileFormat::Qoi,
        width: header.width,
        height: header.height,
        colour: if header.channels.is_rgba() {
            ColourMode::Rgba
        } else {
            ColourMode::Rgb
        },
        bit_depth: 8,
        orientation: 1,
    })
}

fn jxl_header(mut bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let header = JxlEngine::default().header(&mut bytes)?;
    Ok(ImageHeader {
        format: FileFormat::Jxl,
        width: header.spec.width,
        height: header.spec.height,
        colour: header.colour,
        bit_depth: header.bit_depth,
        orientation: header.orientation,
    })
}

fn bmp_header(bytes: &[u8]) -> Result<ImageHeader, CodecError> {
    let structure = BmpStructure::read(bytes)?;
    Ok(ImageHeader {
        format: FileFormat::Bmp,
        width: structure.spec.width,
        height: structure.spec.height,
        colour: structure.colour,
        bit_depth: structure.bit_depth,
        orientation: 1,
    })
}
