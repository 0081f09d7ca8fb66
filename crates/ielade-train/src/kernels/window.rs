//! Where a window that slides over an image reads and writes.

use std::ops::Range;

/// An image and the window that slides over it. Padding and stride are the same in both
/// directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Rows of the image.
    pub(crate) height: usize,
    /// Columns of the image.
    pub(crate) width: usize,
    /// Rows and columns of the window.
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Window {
    /// Rows and columns of the places that the window takes.
    pub(crate) const fn output(&self) -> [usize; 2] {
        [
            (self.height + 2 * self.padding - self.kernel[0]) / self.stride + 1,
            (self.width + 2 * self.padding - self.kernel[1]) / self.stride + 1,
        ]
    }

    /// Places that the window takes.
    pub(crate) const fn positions(&self) -> usize {
        let [height, width] = self.output();
        height * width
    }

    /// Pixels of the image.
    pub(crate) const fn pixels(&self) -> usize {
        self.height * self.width
    }

    /// All places within the window, row by row.
    pub(crate) fn taps(&self) -> impl Iterator<Item = Tap> + use<> {
        let window = *self;
        let [rows, columns] = self.kernel;
        (0..rows).flat_map(move |row| (0..columns).map(move |column| window.tap(row, column)))
    }

    fn tap(&self, row: usize, column: usize) -> Tap {
        let [_, out_width] = self.output();
        let first = self.padding.saturating_sub(column).div_ceil(self.stride);
        let end = (self.width + self.padding)
            .saturating_sub(column)
            .div_ceil(self.stride)
            .min(out_width);
        Tap {
            window: *self,
            row,
            column,
            inside: first.min(end)..end,
        }
    }
}

/// One place within the window.
#[derive(Debug, Clone)]
pub(crate) struct Tap {
    window: Window,
    row: usize,
    column: usize,
    /// Output columns whose input column lies within the image.
    pub(crate) inside: Range<usize>,
}

impl Tap {
    /// For every output row where this place lies within the image: its output values, as a
    /// range, and the first of its input values; further ones follow at the window's stride.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
        let [rows, out_width] = self.window.output();
        let Window {
            width,
            stride,
            padding,
            ..
        } = self.window;
        let rows = if self.inside.is_empty() { 0 } else { rows };
        (0..rows).filter_map(move |out_row| {
            let row = self.input_row(out_row)?;
            let out = out_row * out_width;
            let first = row * width + self.inside.start * stride + self.column - padding;
            Some((out + self.inside.start..out + self.inside.end, first))
        })
    }

    /// Input row behind an output row; `None` in the padding.
    fn input_row(&self, out_row: usize) -> Option<usize> {
        (out_row * self.window.stride + self.row)
            .checked_sub(self.window.padding)
            .filter(|row| *row < self.window.height)
    }
}

#[cfg(test)]
mod tests {
    use super::Window;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn taps_meet_exactly_the_pixels_inside(
            height in 1_usize..7,
            width in 1_usize..7,
            kernel in prop::sample::select(vec![[1, 1], [2, 2], [3, 3], [5, 5], [2, 1], [1, 2]]),
            stride in 1_usize..4,
            padding in 0_usize..3,
        ) {
            prop_assume!(height + 2 * padding >= kernel[0] && width + 2 * padding >= kernel[1]);
            let window = Window { height, width, kernel, stride, padding };
            let mut found = Vec::new();
            for (number, tap) in window.taps().enumerate() {
                for (outputs, first) in tap.rows() {
                    let inputs = (0..outputs.len()).map(|step| first + step * stride);
                    found.extend(outputs.clone().zip(inputs).map(|(o, i)| (o, number, i)));
                }
            }
            let [rows, columns] = window.output();
            let mut expected = Vec::new();
            for output in 0..rows * columns {
                for number in 0..kernel[0] * kernel[1] {
                    let row = (output / columns * stride + number / kernel[1]).checked_sub(padding);
                    let column = (output % columns * stride + number % kernel[1]).checked_sub(padding);
                    if let (Some(row), Some(column)) = (row, column)
                        && row < height
                        && column < width
                    {
                        expected.push((output, number, row * width + column));
                    }
                }
            }
            found.sort_unstable();
            prop_assert_eq!(found, expected);
        }
    }
}
