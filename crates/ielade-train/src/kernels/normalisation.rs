//! Batch normalisation over channels, with or without a rectifier behind it, and its gradients
//! (Ioffe, Szegedy, 2015).

use rayon::prelude::*;

/// Values that are added up side by side; a processor's vector registers hold so many.
const LANES: usize = 16;

/// What follows the normalisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    /// Nothing.
    Identity,
    /// `max(0, x)`.
    Rectifier,
}

/// Where the values of each channel lie: `[images, channels, plane]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planes {
    pub(crate) channels: usize,
    /// Values of one channel of one image.
    pub(crate) plane: usize,
}

impl Planes {
    /// The planes of one channel, image by image.
    fn of<'a>(&self, values: &'a [f32], channel: usize) -> impl Iterator<Item = &'a [f32]> {
        values
            .chunks_exact(self.plane)
            .skip(channel)
            .step_by(self.channels)
    }

    /// Values of each channel.
    const fn values_per_channel(&self, values: &[f32]) -> usize {
        values.len() / self.channels
    }
}

/// Mean and biased variance of each channel of a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statistics {
    pub(crate) mean: Vec<f32>,
    pub(crate) variance: Vec<f32>,
}

/// Mean and biased variance of each channel, by two passes.
pub(crate) fn statistics(planes: Planes, input: &[f32]) -> Statistics {
    let count = planes.values_per_channel(input) as f64;
    let (mean, variance) = (0..planes.channels)
        .into_par_iter()
        .map(|channel| {
            let total: f64 = planes
                .of(input, channel)
                .map(|plane| sum(plane, |x| x))
                .sum();
            let mean = (total / count) as f32;
            let squares: f64 = planes
                .of(input, channel)
                .map(|plane| sum(plane, |x| (x - mean) * (x - mean)))
                .sum();
            (mean, (squares / count) as f32)
        })
        .unzip();
    Statistics { mean, variance }
}

/// Sum of a function of each value: in single precision within a plane, in lanes of fixed
/// number, so that it is fast and always the same.
fn sum(plane: &[f32], value: impl Fn(f32) -> f32) -> f64 {
    let (chunks, rest) = plane.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += value(*x);
        }
    }
    for (lane, x) in lanes.iter_mut().zip(rest) {
        *lane += value(*x);
    }
    lanes.iter().map(|lane| f64::from(*lane)).sum()
}

/// `input × scale + shift` of one channel is its normalised value.
#[derive(Debug, Clone, Copy)]
struct Line {
    scale: f32,
    shift: f32,
}

/// Scale and shift of each channel.
fn lines(statistics: &Statistics, weight: &[f32], bias: &[f32], epsilon: f64) -> Vec<Line> {
    (0..weight.len())
        .map(|channel| {
            let scale = weight[channel] * inverse_deviation(statistics.variance[channel], epsilon);
            Line {
                scale,
                shift: bias[channel] - statistics.mean[channel] * scale,
            }
        })
        .collect()
}

fn inverse_deviation(variance: f32, epsilon: f64) -> f32 {
    (1.0 / (f64::from(variance) + epsilon).sqrt()) as f32
}

/// The batch normalised by these statistics, scaled, shifted and activated.
pub(crate) fn forward(
    planes: Planes,
    input: &[f32],
    statistics: &Statistics,
    affine: &Affine<'_>,
) -> Vec<f32> {
    let lines = lines(statistics, affine.weight, affine.bias, affine.epsilon);
    let mut output = vec![0.0; input.len()];
    output
        .par_chunks_mut(planes.plane)
        .zip(input.par_chunks(planes.plane))
        .enumerate()
        .for_each(|(place, (output, input))| {
            let Line { scale, shift } = lines[place % planes.channels];
            match affine.activation {
                Activation::Identity => map(input, output, |x| x * scale + shift),
                Activation::Rectifier => map(input, output, |x| (x * scale + shift).max(0.0)),
            }
        });
    output
}

fn map(input: &[f32], output: &mut [f32], value: impl Fn(f32) -> f32) {
    for (output, input) in output.iter_mut().zip(input) {
        *output = value(*input);
    }
}

/// What is learnt of a normalisation, and what follows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Affine<'a> {
    pub(crate) weight: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) epsilon: f64,
    pub(crate) activation: Activation,
}

/// Gradients of input, weight and bias.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gradients {
    pub(crate) input: Vec<f32>,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Gradients, given that of the output, where the statistics are the batch's own.
pub(crate) fn backward(
    planes: Planes,
    input: &[f32],
    gradient: &[f32],
    statistics: &Statistics,
    affine: &Affine<'_>,
) -> Gradients {
    let lines = lines(statistics, affine.weight, affine.bias, affine.epsilon);
    let channels: Vec<Channel> = (0..planes.channels)
        .map(|channel| Channel {
            line: lines[channel],
            mean: statistics.mean[channel],
            inverse: inverse_deviation(statistics.variance[channel], affine.epsilon),
            activation: affine.activation,
        })
        .collect();
    let (bias, weight): (Vec<f32>, Vec<f32>) = channels
        .par_iter()
        .enumerate()
        .map(|(place, channel)| {
            let pairs = planes.of(input, place).zip(planes.of(gradient, place));
            let sums = pairs.map(|(input, gradient)| channel.sums(input, gradient));
            let [sum, product] = sums.fold([0.0; 2], |[a, b], [c, d]| [a + c, b + d]);
            (sum as f32, product as f32)
        })
        .unzip();
    let count = planes.values_per_channel(input) as f32;
    let mut result = vec![0.0; input.len()];
    result
        .par_chunks_mut(planes.plane)
        .zip(
            input
                .par_chunks(planes.plane)
                .zip(gradient.par_chunks(planes.plane)),
        )
        .enumerate()
        .for_each(|(place, (result, (input, gradient)))| {
            let place = place % planes.channels;
            let means = [bias[place] / count, weight[place] / count];
            channels[place].input_gradient(input, gradient, means, result);
        });
    Gradients {
        input: result,
        weight,
        bias,
    }
}

/// What the gradients of one channel need.
#[derive(Debug, Clone, Copy)]
struct Channel {
    line: Line,
    mean: f32,
    /// One over the standard deviation.
    inverse: f32,
    activation: Activation,
}

impl Channel {
    /// Gradient in front of the activation.
    #[inline]
    fn before_activation(&self, input: f32, gradient: f32) -> f32 {
        match self.activation {
            Activation::Identity => gradient,
            // The same arithmetic as forward, so that both see the same sign.
            Activation::Rectifier if input * self.line.scale + self.line.shift > 0.0 => gradient,
            Activation::Rectifier => 0.0,
        }
    }

    #[inline]
    fn normalised(&self, input: f32) -> f32 {
        (input - self.mean) * self.inverse
    }

    /// Sums over one plane of the gradient, and of the gradient times the normalised input.
    fn sums(&self, input: &[f32], gradient: &[f32]) -> [f64; 2] {
        let (inputs, input_rest) = input.as_chunks::<LANES>();
        let (gradients, gradient_rest) = gradient.as_chunks::<LANES>();
        let mut sum = [0.0_f32; LANES];
        let mut product = [0.0_f32; LANES];
        for (input, gradient) in inputs.iter().zip(gradients) {
            for lane in 0..LANES {
                let value = self.before_activation(input[lane], gradient[lane]);
                sum[lane] += value;
                product[lane] += value * self.normalised(input[lane]);
            }
        }
        for (lane, (input, gradient)) in input_rest.iter().zip(gradient_rest).enumerate() {
            let value = self.before_activation(*input, *gradient);
            sum[lane] += value;
            product[lane] += value * self.normalised(*input);
        }
        [sum, product].map(|lanes| lanes.iter().map(|lane| f64::from(*lane)).sum())
    }

    /// `scale × (g − mean g − x̂ × mean (g × x̂))`.
    fn input_gradient(
        &self,
        input: &[f32],
        gradient: &[f32],
        [mean, mean_product]: [f32; 2],
        result: &mut [f32],
    ) {
        for ((result, input), gradient) in result.iter_mut().zip(input).zip(gradient) {
            let value = self.before_activation(*input, *gradient);
            let centred = value - mean - self.normalised(*input) * mean_product;
            *result = self.line.scale * centred;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Activation, Affine, Planes, Statistics, backward, forward, statistics};
    use ielade_core::random::KeyedRandom;

    const PLANES: Planes = Planes {
        channels: 3,
        plane: 21,
    };
    const IMAGES: usize = 4;

    fn noise(seed: u64, len: usize) -> Vec<f32> {
        let mut random = KeyedRandom::new(&[seed]);
        (0..len)
            .map(|_| (random.unit() * 2.0 - 0.7) as f32)
            .collect()
    }

    fn affine(activation: Activation) -> Affine<'static> {
        Affine {
            weight: &[1.0, 0.5, -2.0],
            bias: &[0.1, -0.2, 0.3],
            epsilon: 1e-5,
            activation,
        }
    }

    /// Normalisation by the definition, in double precision.
    fn defined(input: &[f64], affine: &Affine<'_>) -> Vec<f64> {
        let mut output = vec![0.0; input.len()];
        for channel in 0..PLANES.channels {
            let places: Vec<usize> = (0..input.len())
                .filter(|place| place / PLANES.plane % PLANES.channels == channel)
                .collect();
            let count = places.len() as f64;
            let mean = places.iter().map(|place| input[*place]).sum::<f64>() / count;
            let variance = places
                .iter()
                .map(|place| (input[*place] - mean).powi(2))
                .sum::<f64>()
                / count;
            for place in places {
                let normalised = (input[place] - mean) / (variance + affine.epsilon).sqrt();
                let value = normalised * f64::from(affine.weight[channel])
                    + f64::from(affine.bias[channel]);
                output[place] = match affine.activation {
                    Activation::Identity => value,
                    Activation::Rectifier => value.max(0.0),
                };
            }
        }
        output
    }

    #[test]
    fn statistics_of_known_values_are_known() {
        let planes = Planes {
            channels: 2,
            plane: 2,
        };
        let found = statistics(planes, &[1.0, 3.0, 5.0, 5.0, 5.0, 7.0, 5.0, 5.0]);
        let expected = Statistics {
            mean: vec![4.0, 5.0],
            variance: vec![5.0, 0.0],
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn the_output_follows_the_definition() {
        let input = noise(1, IMAGES * PLANES.channels * PLANES.plane);
        let wide: Vec<f64> = input.iter().copied().map(f64::from).collect();
        for activation in [Activation::Identity, Activation::Rectifier] {
            let affine = affine(activation);
            let found = forward(PLANES, &input, &statistics(PLANES, &input), &affine);
            for (found, expected) in found.iter().zip(defined(&wide, &affine)) {
                assert!((f64::from(*found) - expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn the_input_gradient_follows_the_differences_of_the_definition() {
        let input = noise(1, IMAGES * PLANES.channels * PLANES.plane);
        let gradient = noise(2, input.len());
        let wide: Vec<f64> = input.iter().copied().map(f64::from).collect();
        for activation in [Activation::Identity, Activation::Rectifier] {
            let affine = affine(activation);
            let loss = |input: &[f64]| -> f64 {
                defined(input, &affine)
                    .iter()
                    .zip(&gradient)
                    .map(|(y, g)| y * f64::from(*g))
                    .sum()
            };
            let found = backward(
                PLANES,
                &input,
                &gradient,
                &statistics(PLANES, &input),
                &affine,
            );
            for place in 0..input.len() {
                let mut moved = wide.clone();
                moved[place] += 1e-6;
                let above = loss(&moved);
                moved[place] -= 2e-6;
                let difference = (above - loss(&moved)) / 2e-6;
                assert!(
                    (f64::from(found.input[place]) - difference).abs() < 1e-3,
                    "{place}"
                );
            }
        }
    }

    #[test]
    fn weight_and_bias_gradients_follow_the_differences_of_the_definition() {
        let input = noise(1, IMAGES * PLANES.channels * PLANES.plane);
        let gradient = noise(2, input.len());
        let wide: Vec<f64> = input.iter().copied().map(f64::from).collect();
        let affine = affine(Activation::Rectifier);
        let found = backward(
            PLANES,
            &input,
            &gradient,
            &statistics(PLANES, &input),
            &affine,
        );
        let step = 1e-3_f32;
        for channel in 0..PLANES.channels {
            let loss = |weight: f32, bias: f32| -> f64 {
                let (mut weights, mut biases) = (affine.weight.to_vec(), affine.bias.to_vec());
                weights[channel] += weight;
                biases[channel] += bias;
                let moved = Affine {
                    weight: &weights,
                    bias: &biases,
                    ..affine
                };
                defined(&wide, &moved)
                    .iter()
                    .zip(&gradient)
                    .map(|(y, g)| y * f64::from(*g))
                    .sum()
            };
            let width = 2.0 * f64::from(step);
            let weight = (loss(step, 0.0) - loss(-step, 0.0)) / width;
            let bias = (loss(0.0, step) - loss(0.0, -step)) / width;
            assert!((f64::from(found.weight[channel]) - weight).abs() < 2e-2);
            assert!((f64::from(found.bias[channel]) - bias).abs() < 2e-2);
        }
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let input = noise(1, 9 * PLANES.channels * PLANES.plane);
        let gradient = noise(2, input.len());
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let statistics = statistics(PLANES, &input);
                let affine = affine(Activation::Rectifier);
                let output = forward(PLANES, &input, &statistics, &affine);
                (
                    output,
                    backward(PLANES, &input, &gradient, &statistics, &affine),
                )
            })
        };
        assert_eq!(run(1), run(3));
    }
}
