//! What a JPEG 2000 file (ITU-T T.800, annex I) or bare code stream (annex A) tells of itself:
//! size, channels, colours, and whether it is whole.
//!
//! Read before any decoding, so that a decoder never meets an image that is too large, cut short,
//! or split into so many parts that only keeping count of them would fill the memory.

use crate::{CodecError, ColourMode, FileFormat};

const FORMAT: FileFormat = FileFormat::Jpeg2000;

/// Channels that are decoded at most: four inks and alpha.
const MAX_COMPONENTS: usize = 5;

/// Parts (precincts, or blocks of coefficients) that any image may have; larger files may have
/// one for each byte.
const MAX_PRECINCTS: u64 = 1 << 18;
const MAX_BLOCKS: u64 = 1 << 21;

const START_OF_IMAGE: u16 = 0xff4f;
const SIZE: u16 = 0xff51;
const CODING_STYLE: u16 = 0xff52;
const COMPONENT_CODING_STYLE: u16 = 0xff53;
const START_OF_TILE: u16 = 0xff90;
const START_OF_DATA: u16 = 0xff93;
const END_OF_IMAGE: u16 = 0xffd9;

/// What a file tells of its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Jpeg2000Structure {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) colour: ColourMode,
    pub(crate) bit_depth: u8,
}

fn corrupt(reason: impl Into<String>) -> CodecError {
    CodecError::Corrupt {
        format: FORMAT,
        reason: reason.into(),
    }
}

fn unsupported(feature: impl Into<String>) -> CodecError {
    CodecError::UnsupportedFeature {
        format: FORMAT,
        feature: feature.into(),
    }
}

impl Jpeg2000Structure {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let (boxes, codestream) = if bytes.starts_with(&START_OF_IMAGE.to_be_bytes()) {
            (Boxes::default(), bytes)
        } else {
            Boxes::read(bytes)?
        };
        let size = ImageSize::read(codestream)?;
        walk(codestream, &size)?;
        Ok(Self {
            width: size.image.0,
            height: size.image.1,
            colour: boxes.colour(size.components)?,
            bit_depth: boxes.palette_depth.unwrap_or(size.depth),
        })
    }
}

/// Big-endian numbers of a file, one after the other.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(length)
            .ok_or(CodecError::Truncated(FORMAT))?;
        self.bytes = rest;
        Ok(taken)
    }

    fn number(&mut self, length: usize) -> Result<u64, CodecError> {
        let bytes = self.take(length)?.iter();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn u8(&mut self) -> Result<u8, CodecError> {
        self.number(1).map(|number| number as u8)
    }

    fn u16(&mut self) -> Result<u16, CodecError> {
        self.number(2).map(|number| number as u16)
    }

    fn u32(&mut self) -> Result<u32, CodecError> {
        self.number(4).map(|number| number as u32)
    }

    fn pair(&mut self) -> Result<(u32, u32), CodecError> {
        Ok((self.u32()?, self.u32()?))
    }

    /// The next box: its type and content.
    fn next_box(&mut self) -> Result<([u8; 4], &'a [u8]), CodecError> {
        let length = self.u32()?;
        let kind = self.take(4)?;
        let content = match length {
            0 => self.bytes.len(),
            1 => usize::try_from(self.number(8)?.saturating_sub(16)).unwrap_or(usize::MAX),
            2..8 => return Err(corrupt(format!("a box of {length} bytes"))),
            length => length as usize - 8,
        };
        let kind = [kind[0], kind[1], kind[2], kind[3]];
        Ok((kind, self.take(content)?))
    }

    /// What a marker segment holds behind its length.
    fn segment(&mut self) -> Result<Self, CodecError> {
        let length = usize::from(self.u16()?)
            .checked_sub(2)
            .ok_or_else(|| corrupt("a marker segment of less than no bytes"))?;
        Ok(Self {
            bytes: self.take(length)?,
        })
    }
}

/// What the boxes around a code stream tell.
#[derive(Debug, Default)]
struct Boxes {
    /// Bits of the palette's colours.
    palette_depth: Option<u8>,
    palette_channels: u8,
    has_alpha: bool,
    has_inks: bool,
}

impl Boxes {
    fn read(bytes: &[u8]) -> Result<(Self, &[u8]), CodecError> {
        let mut reader = Reader { bytes };
        let mut boxes = Self::default();
        loop {
            match reader.next_box()? {
                ([b'j', b'p', b'2', b'h'], content) => boxes.read_header(content)?,
                ([b'j', b'p', b'2', b'c'], content) => return Ok((boxes, content)),
                _ => {}
            }
        }
    }

    fn read_header(&mut self, bytes: &[u8]) -> Result<(), CodecError> {
        let mut reader = Reader { bytes };
        while !reader.bytes.is_empty() {
            let (kind, content) = reader.next_box()?;
            let mut content = Reader { bytes: content };
            match &kind {
                b"pclr" => {
                    content.u16()?;
                    self.palette_channels = content.u8()?;
                    self.palette_depth = Some((content.u8()? & 0x7f) + 1);
                }
                b"cdef" => {
                    for _ in 0..content.u16()? {
                        let [_, kind, _] = [content.u16()?, content.u16()?, content.u16()?];
                        self.has_alpha |= matches!(kind, 1 | 2);
                    }
                }
                b"colr" => {
                    let method = content.u8()?;
                    content.u16()?;
                    let number = if method == 1 { content.u32()? } else { 0 };
                    // Cyan, magenta, yellow and black, or a luma-chroma form of it; CIELab.
                    self.has_inks |= matches!(number, 12 | 13);
                    if number == 14 {
                        return Err(unsupported("CIELab colours"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn colour(&self, components: usize) -> Result<ColourMode, CodecError> {
        if self.palette_depth.is_some() {
            return match self.palette_channels {
                1..=4 => Ok(ColourMode::Palette),
                channels => Err(unsupported(format!("a palette of {channels} channels"))),
            };
        }
        match components {
            1 => Ok(ColourMode::Gray),
            2 => Ok(ColourMode::GrayAlpha),
            3 => Ok(ColourMode::Rgb),
            4 if self.has_inks && !self.has_alpha => Ok(ColourMode::Cmyk),
            5 if self.has_inks => Ok(ColourMode::Cmyk),
            4 => Ok(ColourMode::Rgba),
            components => Err(unsupported(format!("{components} channels"))),
        }
    }
}

/// The marker segment SIZ.
#[derive(Debug, Clone, Copy)]
struct ImageSize {
    image: (u32, u32),
    /// Width and height of a tile, and how many there are.
    tile: (u32, u32),
    tiles: u64,
    components: usize,
    depth: u8,
}

impl ImageSize {
    fn read(codestream: &[u8]) -> Result<Self, CodecError> {
        let mut reader = Reader { bytes: codestream };
        if (reader.u16()?, reader.u16()?) != (START_OF_IMAGE, SIZE) {
            return Err(corrupt("the code stream does not start with its size"));
        }
        let mut segment = reader.segment()?;
        segment.u16()?;
        let [end, start] = [segment.pair()?, segment.pair()?];
        let [tile, first] = [segment.pair()?, segment.pair()?];
        let image = (end.0.saturating_sub(start.0), end.1.saturating_sub(start.1));
        CodecError::check_size(FORMAT, image.0.into(), image.1.into())?;
        if tile.0 == 0 || tile.1 == 0 || first.0 > start.0 || first.1 > start.1 {
            return Err(corrupt("tiles that do not cover the image"));
        }
        let tiles = u64::from((end.0 - first.0).div_ceil(tile.0))
            * u64::from((end.1 - first.1).div_ceil(tile.1));
        let components = usize::from(segment.u16()?);
        if !(1..=MAX_COMPONENTS).contains(&components) {
            return Err(unsupported(format!("{components} channels")));
        }
        let mut depth = 0;
        for _ in 0..components {
            let [kind, across, down] = [segment.u8()?, segment.u8()?, segment.u8()?];
            if kind & 0x80 != 0 {
                return Err(unsupported("values below zero"));
            }
            if across == 0 || down == 0 {
                return Err(corrupt("a channel without pixels"));
            }
            depth = depth.max(kind + 1);
        }
        Ok(Self {
            image,
            tile: (tile.0.min(image.0), tile.1.min(image.1)),
            tiles,
            components,
            depth,
        })
    }

    /// Fails where a coding style (the part of COD and COC behind the colour transform) makes
    /// more parts of the image than a file of `length` bytes can mean.
    fn check_style(&self, mut style: Reader<'_>, length: usize) -> Result<(), CodecError> {
        let levels = style.u8()?;
        let block = (style.u8()? & 0xf) + (style.u8()? & 0xf) + 4;
        if levels > 32 {
            return Err(corrupt(format!("{levels} levels of resolution")));
        }
        style.take(2)?;
        let mut precincts = 0_u64;
        for resolution in 0..=levels {
            let exponents = style.u8().unwrap_or(0xff);
            let parts = |size: u32, exponent: u8| {
                let size = u64::from(size).div_ceil(1 << (levels - resolution));
                size.div_ceil(1 << exponent)
            };
            let (across, down) = (exponents & 0xf, exponents >> 4);
            precincts += parts(self.tile.0, across) * parts(self.tile.1, down);
        }
        let images = self.tiles * self.components as u64;
        let blocks = u64::from(self.image.0) * u64::from(self.image.1) * self.components as u64;
        let most = |usual: u64| usual.max(length as u64);
        if precincts.saturating_mul(images) > most(MAX_PRECINCTS)
            || blocks >> block > most(MAX_BLOCKS)
        {
            return Err(unsupported("very many small parts"));
        }
        Ok(())
    }
}

/// Goes from marker to marker to the end of the code stream, without decoding anything.
fn walk(codestream: &[u8], size: &ImageSize) -> Result<(), CodecError> {
    let length = codestream.len();
    let mut reader = Reader {
        bytes: &codestream[2..],
    };
    loop {
        let part = reader.bytes;
        match reader.u16()? {
            END_OF_IMAGE => return Ok(()),
            START_OF_TILE => {
                let mut segment = reader.segment()?;
                segment.u16()?;
                let part_length = segment.u32()? as usize;
                let (part, rest) = if part_length == 0 {
                    // To the end: the marker that ends the image is its last bytes.
                    let end = part.len().checked_sub(2);
                    part.split_at(end.ok_or(CodecError::Truncated(FORMAT))?)
                } else {
                    part.split_at_checked(part_length)
                        .ok_or(CodecError::Truncated(FORMAT))?
                };
                walk_tile(part, size, length)?;
                reader.bytes = rest;
            }
            marker => check_segment(marker, reader.segment()?, size, length)?,
        }
    }
}

/// Goes through the marker segments of a tile-part up to its data.
fn walk_tile(part: &[u8], size: &ImageSize, length: usize) -> Result<(), CodecError> {
    let mut reader = Reader { bytes: part };
    loop {
        match reader.u16()? {
            START_OF_DATA => return Ok(()),
            marker => check_segment(marker, reader.segment()?, size, length)?,
        }
    }
}

fn check_segment(
    marker: u16,
    mut segment: Reader<'_>,
    size: &ImageSize,
    length: usize,
) -> Result<(), CodecError> {
    match marker {
        CODING_STYLE => segment.take(5)?,
        COMPONENT_CODING_STYLE => segment.take(2)?,
        0xff00.. => return Ok(()),
        other => return Err(corrupt(format!("{other:04x} where a marker belongs"))),
    };
    size.check_style(segment, length)
}
