//! 8-bit RGB to JPEG 2000 (ITU-T T.800), reversible: the 5/3 wavelet and the reversible colour
//! transform, one quality layer. Cutting the code of blocks makes it lossy at a stated size, as
//! `OpenJPEG` and Pillow do it unless told otherwise.
//!
//! An encoder of its own, since no library in safe Rust writes JPEG 2000 soundly; the marker
//! segments are those of annex A, the boxes those of annex I.

mod arithmetic;
mod block;
mod packet;
mod truncation;
mod wavelet;

use crate::CHANNELS;
use block::{BLOCK, Band};
use ielade_core::ImageSpec;
use packet::{BandBlocks, append_packet};
use wavelet::{COLOUR_ENERGIES, Energies, Plane, halves};

/// Most times that an image is split into a low and a high half; the usual number.
const MAX_LEVELS: u32 = 5;

/// Bits of a value.
const DEPTH: u8 = 8;

/// Side of a tile: as far as one precinct of the largest size reaches. Few images have a second.
const TILE: usize = 1 << 15;

/// Bytes of the marker segment that starts a tile-part, and of the marker behind it.
const TILE_HEADER: usize = 14;

/// Appends `pixels` (interleaved RGB of the size that `spec` says, not empty) as a JP2 file. With
/// a `rate` the whole file takes at most a `rate`-th of the pixels' bytes, if it can.
pub(super) fn append_jp2(pixels: &[u8], spec: ImageSpec, rate: Option<f32>, out: &mut Vec<u8>) {
    let levels = spec.width.min(spec.height).ilog2().min(MAX_LEVELS) as u8;
    let mut tiles = coded_tiles(pixels, spec, levels);
    let guard_bits = raise_planes(&mut tiles);
    let boxes = boxes(spec);
    let header = codestream_header(spec, levels, guard_bits);
    if let Some(rate) = rate {
        let around = boxes.len() + 8 + header.len() + tiles.len() * TILE_HEADER + 2;
        let budget = (pixels.len() as f64 / f64::from(rate)) as usize;
        keep_within(&mut tiles, budget.saturating_sub(around));
    }
    out.extend_from_slice(&boxes);
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(b"jp2c");
    out.extend_from_slice(&header);
    for (number, tile) in tiles.iter().enumerate() {
        append_tile(number, tile, out);
    }
    out.extend_from_slice(&[0xff, 0xd9]);
    // A length of zero, for what is longer than 32 bits can say, means "to the end of the file".
    let length = u32::try_from(out.len() - start).unwrap_or(0);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// The packets of a tile, in the order in which they are written.
type Tile = Vec<Vec<BandBlocks>>;

fn keep_within(tiles: &mut [Tile], budget: usize) {
    let sizes: Vec<usize> = tiles.iter().map(Vec::len).collect();
    let mut packets: Tile = tiles.iter_mut().flat_map(std::mem::take).collect();
    truncation::keep_within(&mut packets, budget);
    let mut packets = packets.into_iter();
    for (tile, size) in tiles.iter_mut().zip(sizes) {
        tile.extend(packets.by_ref().take(size));
    }
}

fn coded_tiles(pixels: &[u8], spec: ImageSpec, levels: u8) -> Vec<Tile> {
    let (height, width) = (spec.height as usize, spec.width as usize);
    let energies = Energies::new(levels);
    let mut tiles = Vec::new();
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            let size = (TILE.min(height - top), TILE.min(width - left));
            let rows = pixels
                .chunks_exact(width * CHANNELS)
                .skip(top)
                .take(size.0)
                .map(|row| &row[left * CHANNELS..][..size.1 * CHANNELS]);
            let mut planes = wavelet::colour_planes(size.1, size.0, rows);
            for plane in &mut planes {
                wavelet::split(plane, levels);
            }
            tiles.push(coded_tile(&planes, levels, &energies));
        }
    }
    tiles
}

fn coded_tile(planes: &[Plane; CHANNELS], levels: u8, energies: &Energies) -> Tile {
    (0..=levels)
        .flat_map(|resolution| {
            let colours = planes.iter().zip(COLOUR_ENERGIES);
            colours.map(move |(plane, energy)| {
                let mut bands = coded_resolution(plane, levels, resolution, energies);
                for band in &mut bands {
                    band.energy *= energy;
                }
                bands
            })
        })
        .collect()
}

/// The subbands that lead to a resolution: the smallest image, or what makes the one below it
/// twice as large.
fn coded_resolution(
    plane: &Plane,
    levels: u8,
    resolution: u8,
    energies: &Energies,
) -> Vec<BandBlocks> {
    let splits = usize::from(levels - resolution.saturating_sub(1));
    let (mut width, mut height) = (plane.width, plane.height);
    let before_last = if resolution == 0 { splits } else { splits - 1 };
    for _ in 0..before_last {
        (width, height) = (halves(width).0, halves(height).0);
    }
    let (low, high) = (energies.low[splits], energies.high[splits]);
    let area = |x, y, width, height| Area {
        x,
        y,
        width,
        height,
    };
    if resolution == 0 {
        let area = area(0, 0, width, height);
        return vec![coded_band(plane, Band::LowLow, &area, low * low)];
    }
    let ((left, right), (upper, lower)) = (halves(width), halves(height));
    [
        (Band::HighLow, area(left, 0, right, upper), high * low),
        (Band::LowHigh, area(0, upper, left, lower), low * high),
        (Band::HighHigh, area(left, upper, right, lower), high * high),
    ]
    .into_iter()
    .map(|(band, area, energy)| coded_band(plane, band, &area, energy))
    .collect()
}

/// Where a subband lies in a plane.
struct Area {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

fn coded_band(plane: &Plane, band: Band, area: &Area, energy: f64) -> BandBlocks {
    let (columns, rows) = (area.width.div_ceil(BLOCK), area.height.div_ceil(BLOCK));
    let mut coefficients = Vec::with_capacity(BLOCK * BLOCK);
    let mut blocks = Vec::with_capacity(columns * rows);
    for top in (0..area.height).step_by(BLOCK) {
        for left in (0..area.width).step_by(BLOCK) {
            let (width, height) = (BLOCK.min(area.width - left), BLOCK.min(area.height - top));
            coefficients.clear();
            for y in area.y + top..area.y + top + height {
                let start = y * plane.width + area.x + left;
                coefficients.extend_from_slice(&plane.values[start..][..width]);
            }
            blocks.push(block::encode(band, width, &coefficients));
        }
    }
    BandBlocks {
        columns,
        rows,
        blocks,
        planes: exponent(band) - 1,
        energy,
    }
}

/// Bits that values of a subband nominally take (table E.1).
const fn exponent(band: Band) -> u8 {
    DEPTH
        + match band {
            Band::LowLow => 0,
            Band::HighLow | Band::LowHigh => 1,
            Band::HighHigh => 2,
        }
}

/// Gives every subband as many bit planes beyond its nominal ones as the fullest needs, and
/// returns how many.
fn raise_planes(tiles: &mut [Tile]) -> u8 {
    let bands = || tiles.iter().flatten().flatten();
    let excess = |band: &BandBlocks| {
        let planes = band.blocks.iter().map(|block| block.planes).max();
        planes.unwrap_or(0).saturating_sub(band.planes)
    };
    let guard_bits = bands().map(excess).max().unwrap_or(0).max(1);
    for band in tiles.iter_mut().flatten().flatten() {
        band.planes += guard_bits;
    }
    guard_bits
}

/// The boxes of a JP2 file up to the code stream's.
fn boxes(spec: ImageSpec) -> Vec<u8> {
    let mut out = Vec::with_capacity(77);
    out.extend_from_slice(b"\0\0\0\x0cjP  \r\n\x87\n");
    out.extend_from_slice(b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 ");
    out.extend_from_slice(b"\0\0\0\x2djp2h\0\0\0\x16ihdr");
    out.extend_from_slice(&spec.height.to_be_bytes());
    out.extend_from_slice(&spec.width.to_be_bytes());
    // Components, bits less one, kind of compression, colours are known, no rights.
    out.extend_from_slice(&[0, CHANNELS as u8, DEPTH - 1, 7, 0, 0]);
    // By number, no precedence, exact; number 16 is sRGB.
    out.extend_from_slice(b"\0\0\0\x0fcolr\x01\0\0\0\0\0\x10");
    out
}

/// The marker segments from the start of the code stream to the first tile.
fn codestream_header(spec: ImageSpec, levels: u8, guard_bits: u8) -> Vec<u8> {
    let mut out = vec![0xff, 0x4f];
    // SIZ: capabilities, image, its offset, tile, its offset, components.
    out.extend_from_slice(&[0xff, 0x51, 0, 38 + 3 * CHANNELS as u8, 0, 0]);
    let tile = TILE as u32;
    let tile = (spec.width.min(tile), spec.height.min(tile));
    for number in [spec.width, spec.height, 0, 0, tile.0, tile.1, 0, 0] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&[0, CHANNELS as u8]);
    for _ in 0..CHANNELS {
        out.extend_from_slice(&[DEPTH - 1, 1, 1]);
    }
    // COD: precincts as large as can be, by layer, one layer, with the colour transform; blocks
    // of 64 × 64, no special coding, 5/3 wavelet.
    out.extend_from_slice(&[0xff, 0x52, 0, 12, 0, 0, 0, 1, 1, levels, 4, 4, 0, 1]);
    // QCD: nothing is quantised, so each subband tells its nominal bits only.
    out.extend_from_slice(&[0xff, 0x5c, 0, 4 + 3 * levels, guard_bits << 5]);
    out.push(exponent(Band::LowLow) << 3);
    for _ in 0..levels {
        out.extend([Band::HighLow, Band::LowHigh, Band::HighHigh].map(|band| exponent(band) << 3));
    }
    out
}

fn append_tile(number: usize, tile: &Tile, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0xff, 0x90, 0, 10]);
    out.extend_from_slice(&(number as u16).to_be_bytes());
    // The length is known at the end; the first tile-part of one.
    out.extend_from_slice(&[0, 0, 0, 0, 0, 1, 0xff, 0x93]);
    for packet in tile {
        append_packet(packet, out);
    }
    // Zero, for what is longer than 32 bits can say, means "to the end of the code stream".
    let length = u32::try_from(out.len() - start).unwrap_or(0);
    out[start + 6..start + 10].copy_from_slice(&length.to_be_bytes());
}
