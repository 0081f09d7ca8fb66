//! 2-D convolution as matrix products (im2col; Chellapilla, Puri, Simard, 2006).
//!
//! The windows of a few images are spelt out as the columns of a matrix that fits into the
//! cache, `[channels_in × kernel, positions]`; then
//!
//! - output = weights × columns,
//! - gradient of the columns = weightsᵀ × gradient of the output, added back into the image,
//! - gradient of the weights = gradient of the output × columnsᵀ, summed over all images.

use super::window::{Tap, Window};
use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};
use rayon::prelude::*;

/// Columns of a matrix product at least, unless there are too few images.
const LEAST_COLUMNS: usize = 512;

/// Values of the partial sums of a weight gradient together, at most (32 MiB).
const MOST_PARTIAL_VALUES: usize = 8 << 20;

/// Partial sums of a weight gradient at least.
const LEAST_PARTS: usize = 4;

/// Partial sums of a weight gradient at most.
const MOST_PARTS: usize = 32;

/// Shapes of one convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) images: usize,
    pub(crate) channels_in: usize,
    pub(crate) channels_out: usize,
    pub(crate) window: Window,
}

impl Geometry {
    /// Values of one input image.
    const fn image_in(&self) -> usize {
        self.channels_in * self.window.pixels()
    }

    /// Values of one output image.
    const fn image_out(&self) -> usize {
        self.channels_out * self.window.positions()
    }

    /// Values that one output value is summed over.
    const fn fan_in(&self) -> usize {
        self.channels_in * self.window.kernel[0] * self.window.kernel[1]
    }

    /// Images whose columns are multiplied at once.
    const fn group(&self) -> usize {
        LEAST_COLUMNS.div_ceil(self.window.positions())
    }

    /// Images of each partial sum of the weight gradient: a function of the shapes alone, so
    /// that the order of additions is too.
    fn images_per_part(&self) -> usize {
        let values = self.channels_out * self.fan_in();
        let parts = (MOST_PARTIAL_VALUES / values.max(1)).clamp(LEAST_PARTS, MOST_PARTS);
        self.images.div_ceil(parts).max(1)
    }
}

/// Memory that one thread uses again and again.
#[derive(Debug, Default)]
struct Scratch {
    columns: Vec<f32>,
    pixels: Vec<f32>,
}

/// The first `len` values, whatever they are.
fn sized(values: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if values.len() < len {
        values.resize(len, 0.0);
    }
    &mut values[..len]
}

/// `output = weights × input`, without bias: `[images, channels_out, height, width]`.
pub(crate) fn forward(geometry: &Geometry, input: &[f32], weights: &[f32]) -> Vec<f32> {
    let (group, fan_in, out) = (geometry.group(), geometry.fan_in(), geometry.channels_out);
    let mut output = vec![0.0; geometry.images * geometry.image_out()];
    output
        .par_chunks_mut(group * geometry.image_out())
        .zip(input.par_chunks(group * geometry.image_in()))
        .for_each_init(Scratch::default, |scratch, (output, input)| {
            let positions = output.len() / out;
            let columns = sized(&mut scratch.columns, fan_in * positions);
            spell_out(geometry, input, columns);
            let (left, right) = (
                matrix(weights, out, fan_in),
                matrix(columns, fan_in, positions),
            );
            if output.len() == geometry.image_out() {
                general_mat_mul(
                    1.0,
                    &left,
                    &right,
                    0.0,
                    &mut matrix_mut(output, out, positions),
                );
            } else {
                let pixels = sized(&mut scratch.pixels, out * positions);
                general_mat_mul(
                    1.0,
                    &left,
                    &right,
                    0.0,
                    &mut matrix_mut(pixels, out, positions),
                );
                to_images(geometry, pixels, output);
            }
        });
    output
}

/// Gradient of the input, given that of the output.
pub(crate) fn input_gradient(geometry: &Geometry, gradient: &[f32], weights: &[f32]) -> Vec<f32> {
    let (group, fan_in, out) = (geometry.group(), geometry.fan_in(), geometry.channels_out);
    let mut result = vec![0.0; geometry.images * geometry.image_in()];
    result
        .par_chunks_mut(group * geometry.image_in())
        .zip(gradient.par_chunks(group * geometry.image_out()))
        .for_each_init(Scratch::default, |scratch, (result, gradient)| {
            let positions = gradient.len() / out;
            let pixels = by_channel(geometry, gradient, &mut scratch.pixels);
            let columns = sized(&mut scratch.columns, fan_in * positions);
            general_mat_mul(
                1.0,
                &matrix(weights, out, fan_in).reversed_axes(),
                &matrix(pixels, out, positions),
                0.0,
                &mut matrix_mut(columns, fan_in, positions),
            );
            add_back(geometry, columns, result);
        });
    result
}

/// Gradient of the weights, given that of the output: `[channels_out, channels_in, kernel]`.
pub(crate) fn weight_gradient(geometry: &Geometry, input: &[f32], gradient: &[f32]) -> Vec<f32> {
    let per_part = geometry.images_per_part();
    let parts: Vec<Vec<f32>> = input
        .par_chunks(per_part * geometry.image_in())
        .zip(gradient.par_chunks(per_part * geometry.image_out()))
        .map_init(Scratch::default, |scratch, (input, gradient)| {
            partial_weight_gradient(geometry, input, gradient, scratch)
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut sum = parts
        .next()
        .unwrap_or_else(|| vec![0.0; geometry.channels_out * geometry.fan_in()]);
    for part in parts {
        for (sum, part) in sum.iter_mut().zip(part) {
            *sum += part;
        }
    }
    sum
}

/// The weight gradient of some of the images, one group after the other.
fn partial_weight_gradient(
    geometry: &Geometry,
    input: &[f32],
    gradient: &[f32],
    scratch: &mut Scratch,
) -> Vec<f32> {
    let (group, fan_in, out) = (geometry.group(), geometry.fan_in(), geometry.channels_out);
    let mut sum = vec![0.0; out * fan_in];
    let inputs = input.chunks(group * geometry.image_in());
    let gradients = gradient.chunks(group * geometry.image_out());
    for (input, gradient) in inputs.zip(gradients) {
        let positions = gradient.len() / out;
        let columns = sized(&mut scratch.columns, fan_in * positions);
        spell_out(geometry, input, columns);
        let pixels = by_channel(geometry, gradient, &mut scratch.pixels);
        general_mat_mul(
            1.0,
            &matrix(pixels, out, positions),
            &matrix(columns, fan_in, positions).reversed_axes(),
            1.0,
            &mut matrix_mut(&mut sum, out, fan_in),
        );
    }
    sum
}

/// A row-major matrix over the values.
fn matrix(values: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    ArrayView2::from_shape((rows, columns), values).expect("the caller sized the values")
}

/// A row-major matrix over the values, to be written.
fn matrix_mut(values: &mut [f32], rows: usize, columns: usize) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from_shape((rows, columns), values).expect("the caller sized the values")
}

/// Images `[image, channel, position]` as `[channel, image, position]`; one image as it is.
fn by_channel<'a>(geometry: &Geometry, images: &'a [f32], scratch: &'a mut Vec<f32>) -> &'a [f32] {
    if images.len() == geometry.image_out() {
        return images;
    }
    let positions = geometry.window.positions();
    let count = images.len() / geometry.image_out();
    let result = sized(scratch, images.len());
    for (channel, rows) in result.chunks_exact_mut(count * positions).enumerate() {
        for (image, row) in rows.chunks_exact_mut(positions).enumerate() {
            let start = (image * geometry.channels_out + channel) * positions;
            row.copy_from_slice(&images[start..start + positions]);
        }
    }
    result
}

/// `[channel, image, position]` as images `[image, channel, position]`.
fn to_images(geometry: &Geometry, by_channel: &[f32], images: &mut [f32]) {
    let positions = geometry.window.positions();
    let count = images.len() / geometry.image_out();
    for (image, planes) in images.chunks_exact_mut(geometry.image_out()).enumerate() {
        for (channel, plane) in planes.chunks_exact_mut(positions).enumerate() {
            let start = (channel * count + image) * positions;
            plane.copy_from_slice(&by_channel[start..start + positions]);
        }
    }
}

/// Input channel and place within the window of each row of the column matrix.
fn rows(geometry: &Geometry) -> impl Iterator<Item = (usize, Tap)> {
    let window = geometry.window;
    (0..geometry.channels_in).flat_map(move |channel| window.taps().map(move |tap| (channel, tap)))
}

/// Writes the windows of the images as columns: `[fan_in, image, position]`.
fn spell_out(geometry: &Geometry, images: &[f32], columns: &mut [f32]) {
    let (positions, pixels) = (geometry.window.positions(), geometry.window.pixels());
    let count = images.len() / geometry.image_in();
    let row_values = columns.chunks_exact_mut(count * positions);
    for ((channel, tap), row) in rows(geometry).zip(row_values) {
        for (image, row) in row.chunks_exact_mut(positions).enumerate() {
            let start = (image * geometry.channels_in + channel) * pixels;
            let source = &images[start..start + pixels];
            // The padding stays zero.
            row.fill(0.0);
            for (places, first) in tap.rows() {
                let target = &mut row[places];
                if geometry.window.stride == 1 {
                    target.copy_from_slice(&source[first..first + target.len()]);
                } else {
                    let values = source[first..].iter().step_by(geometry.window.stride);
                    for (target, value) in target.iter_mut().zip(values) {
                        *target = *value;
                    }
                }
            }
        }
    }
}

/// Adds the gradient of the columns `[fan_in, image, position]` to that of the images.
fn add_back(geometry: &Geometry, columns: &[f32], images: &mut [f32]) {
    let (positions, pixels) = (geometry.window.positions(), geometry.window.pixels());
    let count = images.len() / geometry.image_in();
    let row_values = columns.chunks_exact(count * positions);
    for ((channel, tap), row) in rows(geometry).zip(row_values) {
        for (image, row) in row.chunks_exact(positions).enumerate() {
            let start = (image * geometry.channels_in + channel) * pixels;
            let target = &mut images[start..start + pixels];
            for (places, first) in tap.rows() {
                let (target, values) = (&mut target[first..], &row[places]);
                if geometry.window.stride == 1 {
                    for (target, value) in target.iter_mut().zip(values) {
                        *target += value;
                    }
                } else {
                    let target = target.iter_mut().step_by(geometry.window.stride);
                    for (target, value) in target.zip(values) {
                        *target += value;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Geometry, Window, forward, input_gradient, weight_gradient};
    use ielade_core::random::KeyedRandom;
    use proptest::prelude::*;

    /// A 3×3 kernel over 16×16 pixels that keeps their number.
    const SQUARE: Window = Window {
        height: 16,
        width: 16,
        kernel: [3, 3],
        stride: 1,
        padding: 1,
    };

    fn noise(seed: u64, len: usize) -> Vec<f32> {
        let mut random = KeyedRandom::new(&[seed]);
        (0..len)
            .map(|_| (random.unit() * 2.0 - 1.0) as f32)
            .collect()
    }

    /// Calls `visit(input index, weight index, output index)` for every product of the
    /// definition of a convolution.
    fn each_product(geometry: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
        let Window {
            height,
            width,
            kernel,
            stride,
            padding,
        } = geometry.window;
        let [out_height, out_width] = geometry.window.output();
        for output in 0..geometry.images * geometry.image_out() {
            let (y, x) = (output / out_width % out_height, output % out_width);
            let channel_out = output / (out_height * out_width) % geometry.channels_out;
            let image = output / geometry.image_out();
            for tap in 0..geometry.fan_in() {
                let channel = tap / (kernel[0] * kernel[1]);
                let row = (y * stride + tap / kernel[1] % kernel[0]).wrapping_sub(padding);
                let column = (x * stride + tap % kernel[1]).wrapping_sub(padding);
                if row < height && column < width {
                    let plane = image * geometry.channels_in + channel;
                    visit(
                        (plane * height + row) * width + column,
                        channel_out * geometry.fan_in() + tap,
                        output,
                    );
                }
            }
        }
    }

    fn assert_close(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            let error = (f64::from(*found) - expected).abs();
            assert!(
                error < 1e-3 * expected.abs().max(1.0),
                "{found} for {expected}"
            );
        }
    }

    fn compare_with_definition(geometry: &Geometry) {
        let input = noise(1, geometry.images * geometry.image_in());
        let weights = noise(2, geometry.channels_out * geometry.fan_in());
        let gradient = noise(3, geometry.images * geometry.image_out());
        let mut output = vec![0.0; gradient.len()];
        let mut by_input = vec![0.0; input.len()];
        let mut by_weight = vec![0.0; weights.len()];
        each_product(geometry, |i, w, o| {
            output[o] += f64::from(input[i]) * f64::from(weights[w]);
            by_input[i] += f64::from(gradient[o]) * f64::from(weights[w]);
            by_weight[w] += f64::from(gradient[o]) * f64::from(input[i]);
        });
        assert_close(&forward(geometry, &input, &weights), &output);
        assert_close(&input_gradient(geometry, &gradient, &weights), &by_input);
        assert_close(&weight_gradient(geometry, &input, &gradient), &by_weight);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn convolution_and_gradients_follow_the_definition(
            images in 1_usize..6,
            channels_in in 1_usize..4,
            height in 1_usize..9,
            width in 1_usize..9,
            channels_out in 1_usize..4,
            kernel in prop::sample::select(vec![[1, 1], [3, 3], [5, 5], [3, 1]]),
            stride in 1_usize..3,
        ) {
            let padding = kernel[1] / 2;
            prop_assume!(height + 2 * padding >= kernel[0]);
            compare_with_definition(&Geometry {
                images,
                channels_in,
                channels_out,
                window: Window { height, width, kernel, stride, padding },
            });
        }
    }

    #[test]
    fn images_above_and_below_the_group_size_give_the_same() {
        // 24×24 positions: one image a product; 3×3: many.
        for side in [24, 3] {
            compare_with_definition(&Geometry {
                images: 3,
                channels_in: 2,
                channels_out: 3,
                window: Window {
                    height: side,
                    width: side,
                    ..SQUARE
                },
            });
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let geometry = Geometry {
            images: 37,
            channels_in: 3,
            channels_out: 8,
            window: SQUARE,
        };
        let (input, weights) = (noise(1, 37 * 3 * 256), noise(2, 8 * 27));
        let gradient = noise(3, 37 * 8 * 256);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                [
                    forward(&geometry, &input, &weights),
                    input_gradient(&geometry, &gradient, &weights),
                    weight_gradient(&geometry, &input, &gradient),
                ]
            })
        };
        assert_eq!(run(1), run(3));
    }
}
