//! The reversible colour and wavelet transforms of JPEG 2000 (ITU-T T.800, annexes G and F).

use crate::CHANNELS;

/// A rectangle of one component's values, row after row.
#[derive(Debug, Clone, Default)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<i32>,
}

/// The tile's pixels, as rows of interleaved RGB, as luma and two differences of colour.
pub(super) fn colour_planes<'a>(
    width: usize,
    height: usize,
    rows: impl Iterator<Item = &'a [u8]>,
) -> [Plane; CHANNELS] {
    let mut planes: [Plane; CHANNELS] = std::array::from_fn(|_| Plane {
        width,
        height,
        values: Vec::with_capacity(width * height),
    });
    let [luma, blue_difference, red_difference] = planes.each_mut();
    for row in rows {
        for pixel in row.as_chunks::<CHANNELS>().0 {
            let [red, green, blue] = pixel.map(|value| i32::from(value) - 128);
            luma.values.push((red + 2 * green + blue) >> 2);
            blue_difference.values.push(blue - green);
            red_difference.values.push(red - green);
        }
    }
    planes
}

/// Length of the low and of the high half of a line that starts at an even place.
pub(super) const fn halves(length: usize) -> (usize, usize) {
    (length.div_ceil(2), length / 2)
}

/// Splits a plane `levels` times, in place: of each level the low half of both directions lies at
/// the upper left, to be split again.
pub(super) fn split(plane: &mut Plane, levels: u8) {
    let (mut width, mut height) = (plane.width, plane.height);
    let mut room = Vec::new();
    for _ in 0..levels {
        // The order matters, since each step rounds: a decoder undoes rows first.
        split_columns(plane, width, height, &mut room);
        for row in plane.values.chunks_exact_mut(plane.width).take(height) {
            split_row(&mut row[..width], &mut room);
        }
        (width, height) = (halves(width).0, halves(height).0);
    }
}

/// What an odd value keeps: its difference from the mean of its neighbours.
const fn high(value: i32, before: i32, behind: i32) -> i32 {
    value - ((before + behind) >> 1)
}

/// What an even value becomes: a mean that takes its neighbours' differences in.
const fn low(value: i32, before: i32, behind: i32) -> i32 {
    value + ((before + behind + 2) >> 2)
}

/// The place that stands in for `place` behind the end of a line: mirrored at the last.
const fn mirrored(place: usize, length: usize) -> usize {
    if place < length {
        place
    } else {
        2 * length - 2 - place
    }
}

fn split_row(row: &mut [i32], room: &mut Vec<i32>) {
    let length = row.len();
    if length < 2 {
        return;
    }
    for at in (1..length).step_by(2) {
        row[at] = high(row[at], row[at - 1], row[mirrored(at + 1, length)]);
    }
    for at in (0..length).step_by(2) {
        let before = if at == 0 { 1 } else { at - 1 };
        row[at] = low(row[at], row[before], row[mirrored(at + 1, length)]);
    }
    room.clear();
    room.extend(row.iter().step_by(2));
    room.extend(row.iter().skip(1).step_by(2));
    row.copy_from_slice(room);
}

fn split_columns(plane: &mut Plane, width: usize, height: usize, room: &mut Vec<i32>) {
    if height < 2 {
        return;
    }
    let stride = plane.width;
    for at in (1..height).step_by(2) {
        let neighbours = [at - 1, mirrored(at + 1, height)];
        lift(&mut plane.values, stride, width, at, neighbours, high);
    }
    for at in (0..height).step_by(2) {
        let before = if at == 0 { 1 } else { at - 1 };
        let neighbours = [before, mirrored(at + 1, height)];
        lift(&mut plane.values, stride, width, at, neighbours, low);
    }
    room.clear();
    let rows = (0..height).step_by(2).chain((1..height).step_by(2));
    for at in rows {
        room.extend_from_slice(&plane.values[at * stride..][..width]);
    }
    let targets = plane.values.chunks_exact_mut(stride);
    for (target, row) in targets.zip(room.chunks_exact(width)) {
        target[..width].copy_from_slice(row);
    }
}

/// Changes a row by two others.
fn lift(
    values: &mut [i32],
    stride: usize,
    width: usize,
    row: usize,
    [before, behind]: [usize; 2],
    step: impl Fn(i32, i32, i32) -> i32,
) {
    for x in 0..width {
        let at = row * stride + x;
        values[at] = step(
            values[at],
            values[before * stride + x],
            values[behind * stride + x],
        );
    }
}

/// How much an error of one step in a value costs in pixels: the squared norms of the synthesis
/// filters. `low[n]` of a low half split `n` times in one direction, `high[n]` of the high half
/// of the `n`-th split; those of two directions are multiplied.
#[derive(Debug)]
pub(super) struct Energies {
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

/// What an error of one step costs in the three colour planes together (equation G-8 inverted).
pub(super) const COLOUR_ENERGIES: [f64; CHANNELS] = [3.0, 11.0 / 16.0, 11.0 / 16.0];

impl Energies {
    pub(super) fn new(levels: u8) -> Self {
        const LOW: [f64; 3] = [0.5, 1.0, 0.5];
        const HIGH: [f64; 5] = [-0.125, -0.25, 0.75, -0.25, -0.125];
        let energy = |filter: &[f64]| filter.iter().map(|tap| tap * tap).sum();
        let (mut low_filter, mut high_filter) = (vec![1.0], HIGH.to_vec());
        let (mut low, mut high) = (vec![1.0], vec![1.0]);
        for _ in 0..levels {
            low_filter = widened(&low_filter, &LOW);
            low.push(energy(&low_filter));
            high.push(energy(&high_filter));
            high_filter = widened(&high_filter, &LOW);
        }
        Self { low, high }
    }
}

/// A filter after one more step of synthesis: its taps spread out, and smoothed by `by`.
fn widened(filter: &[f64], by: &[f64]) -> Vec<f64> {
    let mut wide = vec![0.0; 2 * filter.len() + by.len() - 2];
    for (place, tap) in filter.iter().enumerate() {
        for (offset, weight) in by.iter().enumerate() {
            wide[2 * place + offset] += tap * weight;
        }
    }
    wide
}

#[cfg(test)]
mod tests {
    use super::{Energies, Plane, split, split_row};

    #[test]
    fn a_constant_has_no_differences_and_a_slope_none_but_at_its_end() {
        let mut row = [7; 9];
        split_row(&mut row, &mut Vec::new());
        assert_eq!(row, [7, 7, 7, 7, 7, 0, 0, 0, 0]);
        let mut row = [0, 2, 4, 6, 8, 10];
        split_row(&mut row, &mut Vec::new());
        assert_eq!(row, [0, 4, 9, 0, 0, 2]);
    }

    #[test]
    fn a_plane_is_split_in_both_directions() {
        let mut plane = Plane {
            width: 3,
            height: 3,
            values: vec![5; 9],
        };
        split(&mut plane, 1);
        assert_eq!(plane.values, [5, 5, 0, 5, 5, 0, 0, 0, 0]);
        let mut point = Plane {
            width: 1,
            height: 1,
            values: vec![-3],
        };
        split(&mut point, 0);
        assert_eq!(point.values, [-3]);
    }

    #[test]
    fn energies_are_those_of_the_literature() {
        // Norms of two directions, as published with the standard's reference software.
        let energies = Energies::new(3);
        let near = |energy: f64, norm: f64| (energy.sqrt() - norm).abs() < 0.005 * norm;
        for (level, norm) in [(1, 1.5), (2, 2.75), (3, 5.375)] {
            assert!(near(energies.low[level] * energies.low[level], norm));
        }
        for (level, both, one) in [(1, 0.7186, 1.038), (2, 0.9218, 1.592), (3, 1.586, 2.919)] {
            assert!(near(energies.high[level] * energies.high[level], both));
            assert!(near(energies.high[level] * energies.low[level], one));
        }
    }
}
