//! Windows bitmaps to 8-bit RGB: palettes of 1, 4 and 8 bits, and 16, 24 and 32 bits a pixel,
//! uncompressed, from the header of OS/2 1 (12 bytes) to that of version 5 (124 bytes)
//! (<https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types>).

use crate::{CHANNELS, CodecError, ColourMode, FileFormat};
use ielade_core::ImageSpec;

const FORMAT: FileFormat = FileFormat::Bmp;

/// Bytes of the header in front of the image's own.
const FILE_HEADER: usize = 14;

/// Bytes of the image header of OS/2 1, and of the plainest of Windows.
const CORE_HEADER: usize = 12;
const INFO_HEADER: usize = 40;

/// The longest image header, that of version 5.
const MAX_HEADER: usize = 124;

/// What a bitmap's headers tell; its pixels are all there.
#[derive(Debug)]
pub(crate) struct BmpStructure<'a> {
    pub(crate) spec: ImageSpec,
    pub(crate) colour: ColourMode,
    pub(crate) bit_depth: u8,
    format: PixelFormat<'a>,
    is_top_down: bool,
    /// Bytes from one row to the next.
    stride: usize,
    data: &'a [u8],
}

#[derive(Debug)]
enum PixelFormat<'a> {
    /// Numbers of so many bits into a palette of so many bytes a colour.
    Palette(u8, &'a [u8], usize),
    /// Blue, green, red.
    Bgr,
    /// Blue, green, red and a byte of no meaning or of alpha.
    Bgrx,
    /// Bits of a little-endian number of so many bytes.
    Masks(usize, [Mask; CHANNELS]),
}

/// A channel's bits within a number.
#[derive(Debug, Clone, Copy)]
struct Mask {
    shift: u32,
    bits: u32,
}

impl Mask {
    /// `None` where the bits are not side by side.
    const fn new(mask: u32) -> Option<Self> {
        if mask == 0 {
            return Some(Self { shift: 0, bits: 0 });
        }
        let shift = mask.trailing_zeros();
        let bits = mask.count_ones();
        if (mask >> shift).trailing_ones() == bits {
            Some(Self { shift, bits })
        } else {
            None
        }
    }

    /// The channel's value, of 8 bits: the upper ones of more, fewer stretched to 0 to 255.
    const fn value(self, number: u32) -> u8 {
        if self.bits == 0 {
            return 0;
        }
        let most = u32::MAX >> (32 - self.bits);
        let value = number >> self.shift & most;
        if self.bits > 8 {
            (value >> (self.bits - 8)) as u8
        } else {
            (value * 255 / most) as u8
        }
    }
}

/// Little-endian numbers at places of a file.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> Result<u16, CodecError> {
        let bytes = self.0.get(at..at + 2).and_then(|it| it.try_into().ok());
        let bytes = bytes.ok_or(CodecError::Truncated(FORMAT))?;
        Ok(u16::from_le_bytes(bytes))
    }

    fn u32(&self, at: usize) -> Result<u32, CodecError> {
        let bytes = self.0.get(at..at + 4).and_then(|it| it.try_into().ok());
        let bytes = bytes.ok_or(CodecError::Truncated(FORMAT))?;
        Ok(u32::from_le_bytes(bytes))
    }
}

fn corrupt(reason: String) -> CodecError {
    CodecError::Corrupt {
        format: FORMAT,
        reason,
    }
}

fn unsupported(feature: &str) -> CodecError {
    CodecError::UnsupportedFeature {
        format: FORMAT,
        feature: feature.to_owned(),
    }
}

/// How the values of a pixel are written.
#[derive(Clone, Copy)]
enum Compression {
    None,
    Masks,
}

/// The numbers of an image header.
struct ImageHeader {
    /// Bytes of it.
    length: usize,
    width: u32,
    height: i32,
    bits: u16,
    compression: Compression,
    /// Colours in the palette; 0 for all that there can be.
    colours: u32,
}

impl ImageHeader {
    fn read(bytes: &[u8]) -> Result<Self, CodecError> {
        let fields = Fields(bytes);
        let length = fields.u32(FILE_HEADER)? as usize;
        if length == CORE_HEADER {
            return Ok(Self {
                length,
                width: fields.u16(18)?.into(),
                height: fields.u16(20)?.into(),
                bits: fields.u16(24)?,
                compression: Compression::None,
                colours: 0,
            });
        }
        if !(INFO_HEADER..=MAX_HEADER).contains(&length) {
            return Err(corrupt(format!("a header of {length} bytes")));
        }
        let width = fields.u32(18)?;
        if width > i32::MAX as u32 {
            return Err(corrupt("a width below zero".to_owned()));
        }
        Ok(Self {
            length,
            width,
            height: fields.u32(22)? as i32,
            bits: fields.u16(28)?,
            compression: match fields.u32(30)? {
                0 => Compression::None,
                3 | 6 => Compression::Masks,
                1 | 2 => return Err(unsupported("run lengths")),
                4 | 5 => return Err(unsupported("an image of another format inside")),
                other => return Err(corrupt(format!("compression number {other}"))),
            },
            colours: fields.u32(46)?,
        })
    }
}

impl<'a> BmpStructure<'a> {
    /// Reads the headers and checks that all pixels are there.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let header = ImageHeader::read(bytes)?;
        let (width, height) = (header.width, header.height.unsigned_abs());
        CodecError::check_size(FORMAT, width.into(), height.into())?;
        let format = pixel_format(bytes, &header)?;
        let row_bits = u64::from(width) * u64::from(header.bits);
        let stride = (row_bits.div_ceil(32) * 4) as usize;
        // The last row may lack what fills it up.
        let length = stride * (height as usize - 1) + row_bits.div_ceil(8) as usize;
        let start = Fields(bytes).u32(10)? as usize;
        let data = bytes.get(start..).and_then(|data| data.get(..length));
        let has_alpha = header.length >= 56 && Fields(bytes).u32(66)? != 0;
        Ok(Self {
            spec: ImageSpec::rgb(height, width),
            colour: match format {
                PixelFormat::Palette(..) => ColourMode::Palette,
                PixelFormat::Bgrx | PixelFormat::Masks(..) if has_alpha => ColourMode::Rgba,
                _ => ColourMode::Rgb,
            },
            bit_depth: match &format {
                PixelFormat::Palette(bits, ..) => *bits,
                PixelFormat::Masks(_, [red, ..]) => red.bits as u8,
                _ => 8,
            },
            format,
            is_top_down: header.height < 0,
            stride,
            data: data.ok_or(CodecError::Truncated(FORMAT))?,
        })
    }

    /// Decodes into `pixels`, which is emptied first.
    pub(super) fn decode(&self, pixels: &mut Vec<u8>) -> Result<(), CodecError> {
        pixels.clear();
        pixels.reserve(self.spec.values());
        let rows = self.data.chunks(self.stride);
        if self.is_top_down {
            rows.for_each(|row| self.decode_row(row, pixels));
        } else {
            rows.rev().for_each(|row| self.decode_row(row, pixels));
        }
        if pixels.len() == self.spec.values() {
            return Ok(());
        }
        Err(corrupt("a colour that is not in the palette".to_owned()))
    }

    fn decode_row(&self, row: &[u8], pixels: &mut Vec<u8>) {
        let width = self.spec.width as usize;
        match &self.format {
            PixelFormat::Bgr => {
                let row = row.as_chunks::<3>().0.iter().take(width);
                pixels.extend(row.flat_map(|[blue, green, red]| [*red, *green, *blue]));
            }
            PixelFormat::Bgrx => {
                let row = row.as_chunks::<4>().0.iter().take(width);
                pixels.extend(row.flat_map(|[blue, green, red, _]| [*red, *green, *blue]));
            }
            PixelFormat::Masks(bytes, masks) => {
                let numbers = row.chunks_exact(*bytes).take(width).map(|bytes| {
                    let high_first = bytes.iter().rev();
                    high_first.fold(0, |number, byte| number << 8 | u32::from(*byte))
                });
                pixels.extend(numbers.flat_map(|number| masks.map(|mask| mask.value(number))));
            }
            PixelFormat::Palette(bits, palette, colour) => {
                let in_byte = usize::from(8 / bits);
                let most = 0xff_u8 >> (8 - bits);
                let numbers = (0..width).map(|x| {
                    let shift = 8 - usize::from(*bits) * (x % in_byte + 1);
                    usize::from(row[x / in_byte] >> shift & most)
                });
                let colours = numbers.filter_map(|number| palette.get(number * colour..)?.get(..3));
                pixels.extend(colours.flat_map(|bgr| [bgr[2], bgr[1], bgr[0]]));
            }
        }
    }
}

fn pixel_format<'a>(bytes: &'a [u8], header: &ImageHeader) -> Result<PixelFormat<'a>, CodecError> {
    let behind = FILE_HEADER + header.length;
    match (header.bits, header.compression) {
        (1 | 4 | 8, Compression::None) => {
            let colour = if header.length == CORE_HEADER { 3 } else { 4 };
            let most = 1 << header.bits;
            let count = match header.colours {
                0 => most,
                count => most.min(count as usize),
            };
            // A palette may be cut short by the pixels; a colour that it lacks is found out then.
            let palette = bytes.get(behind..).unwrap_or_default();
            let palette = &palette[..palette.len().min(count * colour)];
            Ok(PixelFormat::Palette(header.bits as u8, palette, colour))
        }
        (24, Compression::None) => Ok(PixelFormat::Bgr),
        (32, Compression::None) => Ok(PixelFormat::Bgrx),
        (16, Compression::None) => masks(2, [0x7c00, 0x03e0, 0x001f]),
        (bits @ (16 | 32), Compression::Masks) => {
            // In the header itself or, where it is too short, right behind it.
            let fields = Fields(bytes);
            let at = FILE_HEADER + INFO_HEADER;
            let found = [fields.u32(at)?, fields.u32(at + 4)?, fields.u32(at + 8)?];
            match (bits, found) {
                (32, [0x00ff_0000, 0x0000_ff00, 0x0000_00ff]) => Ok(PixelFormat::Bgrx),
                _ => masks(usize::from(bits / 8), found),
            }
        }
        (bits, _) => Err(corrupt(format!("{bits} bits a pixel"))),
    }
}

fn masks<'a>(bytes: usize, found: [u32; CHANNELS]) -> Result<PixelFormat<'a>, CodecError> {
    let [Some(red), Some(green), Some(blue)] = found.map(Mask::new) else {
        return Err(corrupt(format!("channels of bits {found:x?}")));
    };
    Ok(PixelFormat::Masks(bytes, [red, green, blue]))
}

/// Decodes into the first values of `pixels`.
pub(super) fn decode(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let structure = BmpStructure::read(bytes)?;
    structure.decode(pixels)?;
    Ok((structure.spec, 1))
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn bits_of_a_channel_are_stretched_or_cut_to_eight() {
        let five = Mask::new(0x7c00).unwrap();
        assert_eq!(five.value(0x7fff), 255);
        assert_eq!(five.value(0x0400), 8);
        let ten = Mask::new(0x3ff0_0000).unwrap();
        assert_eq!(ten.value(0x3ff0_0000), 255);
        assert_eq!(ten.value(0x0030_0000), 0);
        let all = Mask::new(u32::MAX).unwrap();
        assert_eq!(all.value(0x1234_5678), 0x12);
        assert_eq!(Mask::new(0).unwrap().value(0xffff), 0);
        assert!(Mask::new(0b101).is_none());
    }
}
