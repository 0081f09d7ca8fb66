//! Max-pooling and its gradient. The gradient goes to the first of several highest values.

use super::window::Window;
use rayon::prelude::*;

/// The highest value of each window; windows begin in the padding, but the padding never wins. A
/// value that is not a number is passed on.
pub(crate) fn forward(window: &Window, input: &[f32]) -> Vec<f32> {
    let positions = window.positions();
    let mut output = vec![f32::NEG_INFINITY; input.len() / window.pixels() * positions];
    output
        .par_chunks_mut(positions)
        .zip(input.par_chunks(window.pixels()))
        .for_each(|(output, input)| highest(window, input, output));
    output
}

/// Raises each output value to the highest of its window.
fn highest(window: &Window, input: &[f32], output: &mut [f32]) {
    for tap in window.taps() {
        for (places, first) in tap.rows() {
            let raise = |(output, input): (&mut f32, &f32)| {
                *output = if *input > *output || input.is_nan() {
                    *input
                } else {
                    *output
                };
            };
            let (output, input) = (output[places].iter_mut(), &input[first..]);
            if window.stride == 1 {
                output.zip(input).for_each(raise);
            } else {
                output
                    .zip(input.iter().step_by(window.stride))
                    .for_each(raise);
            }
        }
    }
}

/// Gradient of the input, given the output and its gradient.
pub(crate) fn backward(
    window: &Window,
    input: &[f32],
    output: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    let positions = window.positions();
    let mut result = vec![0.0; input.len()];
    result
        .par_chunks_mut(window.pixels())
        .zip(input.par_chunks(window.pixels()))
        .zip(
            output
                .par_chunks(positions)
                .zip(gradient.par_chunks(positions)),
        )
        .for_each_init(Vec::new, |left, ((result, input), (output, gradient))| {
            left.clear();
            left.extend_from_slice(gradient);
            hand_back(window, [input, output], left, result);
        });
    result
}

/// Gives what is `left` of the gradient of each output to the inputs that are equal to it, the
/// first one first; nothing is then left for others.
fn hand_back(window: &Window, [input, output]: [&[f32]; 2], left: &mut [f32], result: &mut [f32]) {
    for tap in window.taps() {
        for (places, first) in tap.rows() {
            let give = |(((result, input), output), left): (((&mut f32, &f32), &f32), &mut f32)| {
                // No input of the window is above its output, so this is equality.
                let given = if *input >= *output { *left } else { 0.0 };
                *result += given;
                *left -= given;
            };
            let (outputs, left) = (&output[places.clone()], &mut left[places]);
            let (results, inputs) = (&mut result[first..], &input[first..]);
            if window.stride == 1 {
                results
                    .iter_mut()
                    .zip(inputs)
                    .zip(outputs)
                    .zip(left)
                    .for_each(give);
            } else {
                let results = results.iter_mut().step_by(window.stride);
                let inputs = inputs.iter().step_by(window.stride);
                results.zip(inputs).zip(outputs).zip(left).for_each(give);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{backward, forward};
    use crate::kernels::window::Window;

    /// 2×2 windows side by side; a side of one pixel is kept.
    fn halving(height: usize, width: usize) -> Window {
        Window {
            height,
            width,
            kernel: [height.min(2), width.min(2)],
            stride: 2,
            padding: 0,
        }
    }

    /// Gradient of the input for a known gradient of the output.
    fn gradient(window: &Window, input: &[f32], gradient: &[f32]) -> Vec<f32> {
        backward(window, input, &forward(window, input), gradient)
    }

    #[test]
    fn each_window_gives_its_highest_value_and_takes_its_gradient() {
        let window = halving(2, 4);
        let input = [1.0, 5.0, 2.0, 2.0, 3.0, 4.0, 2.0, 1.0];
        assert_eq!(forward(&window, &input), [5.0, 2.0]);
        let expected = [0.0, 10.0, 20.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(gradient(&window, &input, &[10.0, 20.0]), expected);
    }

    #[test]
    fn an_odd_last_row_and_column_are_left_out() {
        let window = halving(3, 3);
        let input = [1.0, 2.0, 9.0, 4.0, 3.0, 9.0, 9.0, 9.0, 9.0];
        assert_eq!(forward(&window, &input), [4.0]);
        let expected = [0.0, 0.0, 0.0, 7.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        assert_eq!(gradient(&window, &input, &[7.0]), expected);
    }

    #[test]
    fn a_side_of_one_pixel_is_kept() {
        let window = halving(1, 4);
        assert_eq!(forward(&window, &[1.0, 3.0, 5.0, 2.0]), [3.0, 5.0]);
        let window = halving(1, 1);
        assert_eq!(forward(&window, &[1.0, 3.0]), [1.0, 3.0]);
        assert_eq!(gradient(&window, &[1.0, 3.0], &[5.0, 6.0]), [5.0, 6.0]);
    }

    #[test]
    fn overlapping_windows_add_up_their_gradients_and_the_padding_never_wins() {
        let window = Window {
            height: 2,
            width: 3,
            kernel: [3, 3],
            stride: 1,
            padding: 1,
        };
        let input = [-9.0, -2.0, -3.0, -4.0, -5.0, -1.0];
        assert_eq!(
            forward(&window, &input),
            [-2.0, -1.0, -1.0, -2.0, -1.0, -1.0]
        );
        let expected = [0.0, 5.0, 0.0, 0.0, 0.0, 2.0 + 3.0 + 5.0 + 6.0];
        let found = gradient(&window, &input, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert_eq!(found, expected);
    }

    #[test]
    fn a_value_that_is_not_a_number_is_passed_on() {
        assert!(forward(&halving(2, 2), &[1.0, f32::NAN, 3.0, 4.0])[0].is_nan());
    }
}
