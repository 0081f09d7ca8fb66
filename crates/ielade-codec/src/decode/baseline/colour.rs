//! From planes of luma and chroma to interleaved RGB.
//!
//! Chroma that was stored at half the resolution is brought back by a triangle filter, and
//! converted by the formula of JFIF (ITU-R BT.601, full range) in 16-bit fixed point; both round
//! as libjpeg does.

use super::Plane;
use crate::CHANNELS;

/// How chroma is stored relative to luma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subsampling {
    /// 4:4:4, one for each pixel.
    None,
    /// 4:2:2, half the columns.
    Horizontal,
    /// 4:2:0, half the columns and half the rows.
    Both,
}

/// How the three components are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColourModel {
    /// Luma, blue difference, red difference.
    YCbCr,
    /// Red, green, blue as they are.
    Rgb,
}

/// One row's chroma at full resolution, and what is needed on the way there.
#[derive(Debug, Default)]
pub(super) struct RowScratch {
    blue: Vec<u8>,
    red: Vec<u8>,
    sums: Vec<u16>,
}

/// Three planes of an image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Planes<'a> {
    pub(super) luma: &'a Plane,
    pub(super) blue: &'a Plane,
    pub(super) red: &'a Plane,
    pub(super) subsampling: Subsampling,
    pub(super) model: ColourModel,
}

/// One component for all three colours.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn write_gray(luma: &Plane, width: usize, pixels: &mut [u8]) {
    for (y, row) in pixels.chunks_exact_mut(width * CHANNELS).enumerate() {
        let pixels = row.as_chunks_mut::<CHANNELS>().0;
        for (pixel, value) in pixels.iter_mut().zip(luma.row(y)) {
            *pixel = [*value; CHANNELS];
        }
    }
}

/// Interleaved RGB of three planes.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn write_rgb(
    planes: Planes<'_>,
    width: usize,
    scratch: &mut RowScratch,
    pixels: &mut [u8],
) {
    scratch.blue.resize(width + 1, 0);
    scratch.red.resize(width + 1, 0);
    for (y, row) in pixels.chunks_exact_mut(width * CHANNELS).enumerate() {
        let luma = &planes.luma.row(y)[..width];
        let RowScratch { blue, red, sums } = scratch;
        let blue = chroma_row(planes.blue, planes.subsampling, y, (blue, sums));
        let red = chroma_row(planes.red, planes.subsampling, y, (red, sums));
        let colours = luma.iter().zip(&blue[..width]).zip(&red[..width]);
        let pixels = row.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(colours);
        match planes.model {
            ColourModel::YCbCr => {
                pixels.for_each(|(pixel, ((y, blue), red))| *pixel = rgb(*y, *blue, *red));
            }
            ColourModel::Rgb => {
                pixels.for_each(|(pixel, ((red, green), blue))| *pixel = [*red, *green, *blue]);
            }
        }
    }
}

/// A factor in 16-bit fixed point.
const fn factor(value: f64) -> i32 {
    (value * 65_536.0 + 0.5) as i32
}

const HALF: i32 = 1 << 15;

#[allow(clippy::inline_always)]
#[inline(always)]
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; CHANNELS] {
    let (luma, blue, red) = (i32::from(luma), i32::from(blue) - 128, i32::from(red) - 128);
    let green = HALF - factor(0.344_14) * blue - factor(0.714_14) * red;
    [
        luma + ((factor(1.402) * red + HALF) >> 16),
        luma + (green >> 16),
        luma + ((factor(1.772) * blue + HALF) >> 16),
    ]
    .map(|value| value.clamp(0, 255) as u8)
}

/// The chroma of row `y` at full resolution; one value more than the width may be valid.
#[allow(clippy::inline_always)]
#[inline(always)]
fn chroma_row<'a>(
    plane: &'a Plane,
    subsampling: Subsampling,
    y: usize,
    (out, sums): (&'a mut Vec<u8>, &mut Vec<u16>),
) -> &'a [u8] {
    match subsampling {
        Subsampling::None => return plane.row(y),
        Subsampling::Horizontal => widen(plane.row(y), out),
        Subsampling::Both => {
            let nearest = plane.row(y / 2);
            let other = if y.is_multiple_of(2) {
                plane.row((y / 2).saturating_sub(1))
            } else {
                plane.row((y / 2 + 1).min(plane.height - 1))
            };
            widen_between(nearest, other, sums, out);
        }
    }
    out
}

/// Twice as many values: each three quarters of the nearest and one of the next.
#[allow(clippy::inline_always)]
#[inline(always)]
fn widen(row: &[u8], out: &mut [u8]) {
    let last = row.len() - 1;
    if last < 2 {
        return repeat(row, out);
    }
    let out = out.as_chunks_mut::<2>().0;
    let near = |a: u8, b: u8, round: u16| ((u16::from(a) * 3 + u16::from(b) + round) >> 2) as u8;
    for (pair, of) in out[1..].iter_mut().zip(row.windows(3)) {
        *pair = [near(of[1], of[0], 1), near(of[1], of[2], 2)];
    }
    out[0] = [row[0], near(row[0], row[1], 2)];
    if let Some(pair) = out.get_mut(last) {
        *pair = [near(row[last], row[last - 1], 1), row[last]];
    }
}

/// As [`widen`], of a row that lies a quarter of the way from one row to another.
#[allow(clippy::inline_always)]
#[inline(always)]
fn widen_between(nearest: &[u8], other: &[u8], sums: &mut Vec<u16>, out: &mut [u8]) {
    let last = nearest.len() - 1;
    if last < 2 {
        return repeat(nearest, out);
    }
    sums.resize(nearest.len(), 0);
    for (sum, (nearest, other)) in sums.iter_mut().zip(nearest.iter().zip(other)) {
        *sum = u16::from(*nearest) * 3 + u16::from(*other);
    }
    let out = out.as_chunks_mut::<2>().0;
    let near = |a: u16, b: u16, round: u16| ((a * 3 + b + round) >> 4) as u8;
    for (pair, of) in out[1..].iter_mut().zip(sums.windows(3)) {
        *pair = [near(of[1], of[0], 8), near(of[1], of[2], 7)];
    }
    out[0] = [near(sums[0], sums[0], 8), near(sums[0], sums[1], 7)];
    if let Some(pair) = out.get_mut(last) {
        *pair = [
            near(sums[last], sums[last - 1], 8),
            near(sums[last], sums[last], 7),
        ];
    }
}

/// Rows of one or two values are repeated, not filtered.
fn repeat(row: &[u8], out: &mut [u8]) {
    for (pair, value) in out.as_chunks_mut::<2>().0.iter_mut().zip(row) {
        *pair = [*value; 2];
    }
}
