//! The kernels as differentiable operations on Burn's tensors.
//!
//! [`Kernels`] holds each operation and its gradients for one backend: the processor backend
//! (`Flex`) runs the kernels of this folder, every other one Burn's own operations, which are
//! the trait's default bodies. [`TrainingOps`] makes Burn's dispatch know the operations, and
//! `Autodiff` records them.

use super::{
    convolution::{self, Geometry},
    normalisation::{self, Activation, Affine, Planes, Statistics},
    pooling,
    window::Window,
};
use burn::{
    backend::{
        Autodiff, AutodiffBackend as _, Backend, Dispatch, Flex, TensorMetadata as _,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        backend_extension,
        flex::FlexTensor,
        tensor::FloatTensor,
    },
    tensor::{IntDType, Tensor, TensorData, ops::ConvOptions},
};

/// Stride and padding of a convolution, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) stride: usize,
    pub(crate) padding: usize,
}

impl Steps {
    fn options(self) -> ConvOptions<2> {
        ConvOptions::new([self.stride; 2], [self.padding; 2], [1; 2], 1)
    }
}

/// A max-pooling; stride and padding are the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pool {
    kernel: [usize; 2],
    stride: usize,
    padding: usize,
}

/// What a normalisation does besides its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rule {
    /// Added to the variance.
    pub(crate) epsilon: f64,
    /// What follows.
    pub(crate) activation: Activation,
}

/// A batch normalised by its own statistics, which come along.
pub(crate) struct Normalised {
    /// The normalised and activated batch.
    pub(crate) output: Tensor<4>,
    /// Mean of each channel; no gradient flows back through it.
    pub(crate) mean: Tensor<1>,
    /// Biased variance of each channel; no gradient flows back through it.
    pub(crate) variance: Tensor<1>,
}

/// 2-D convolution without bias.
pub(crate) fn convolve(input: Tensor<4>, weights: Tensor<4>, steps: Steps) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as TrainingOps>::convolution(
        input.into_dispatch(),
        weights.into_dispatch(),
        steps,
    ))
}

/// Batch normalisation over the channels with the batch's own statistics.
pub(crate) fn normalise(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    rule: Rule,
) -> Normalised {
    let (output, mean, variance) = <Dispatch as TrainingOps>::normalisation(
        input.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        rule,
    );
    Normalised {
        output: Tensor::from_dispatch(output),
        mean: Tensor::from_dispatch(mean),
        variance: Tensor::from_dispatch(variance),
    }
}

/// 2×2 max-pooling with stride 2; a side of one pixel is kept.
pub(crate) fn halve(input: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    pool(
        input,
        Pool {
            kernel: [height.min(2), width.min(2)],
            stride: 2,
            padding: 0,
        },
    )
}

/// 3×3 max-pooling with stride 1; the image keeps its size.
pub(crate) fn pool_neighbourhood(input: Tensor<4>) -> Tensor<4> {
    pool(
        input,
        Pool {
            kernel: [3; 2],
            stride: 1,
            padding: 1,
        },
    )
}

fn pool(input: Tensor<4>, pool: Pool) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as TrainingOps>::max_pool(
        input.into_dispatch(),
        pool,
    ))
}

/// Three tensors of one backend.
type Three<B> = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>);

/// Input and weights of a convolution.
#[derive(Debug, Clone)]
pub(crate) struct ConvolutionInputs<B: Backend> {
    input: FloatTensor<B>,
    weights: FloatTensor<B>,
    steps: Steps,
}

/// Input, weights and statistics of a normalisation.
#[derive(Debug, Clone)]
pub(crate) struct NormalisationInputs<B: Backend> {
    input: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    rule: Rule,
}

/// Input and output of a max-pooling.
#[derive(Debug, Clone)]
pub(crate) struct PoolInputs<B: Backend> {
    input: FloatTensor<B>,
    output: FloatTensor<B>,
    pool: Pool,
}

/// The operations and their gradients on one backend; by default with Burn's own means.
pub(crate) trait Kernels: Backend {
    /// `[images, channels_out, height, width]`.
    fn convolution_forward(inputs: ConvolutionInputs<Self>) -> FloatTensor<Self> {
        let ConvolutionInputs {
            input,
            weights,
            steps,
        } = inputs;
        Self::conv2d(input, weights, None, steps.options())
    }

    /// Gradient of the convolution's input.
    fn convolution_input_gradient(
        inputs: ConvolutionInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let options = inputs.steps.options();
        Self::conv2d_x_backward(inputs.input, inputs.weights, gradient, options)
    }

    /// Gradient of the convolution's weights.
    fn convolution_weight_gradient(
        inputs: ConvolutionInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let options = inputs.steps.options();
        Self::conv2d_weight_backward(inputs.input, inputs.weights, gradient, options)
    }

    /// Output, mean and variance.
    fn normalisation_forward(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        rule: Rule,
    ) -> Three<Self> {
        let result = Self::batch_norm_train(input, weight, bias, rule.epsilon);
        let output = match rule.activation {
            Activation::Identity => result.output,
            Activation::Rectifier => Self::relu(result.output),
        };
        (output, result.mean, result.variance)
    }

    /// Gradients of input, weight and bias.
    fn normalisation_gradients(
        inputs: NormalisationInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> Three<Self> {
        let NormalisationInputs {
            input,
            weight,
            bias,
            mean,
            variance,
            rule,
        } = inputs;
        let gradient = match rule.activation {
            Activation::Identity => gradient,
            Activation::Rectifier => {
                let output = Self::batch_norm(
                    input.clone(),
                    weight.clone(),
                    bias,
                    mean.clone(),
                    variance.clone(),
                    rule.epsilon,
                );
                Self::relu_backward(output, gradient)
            }
        };
        let result =
            Self::batch_norm_train_backward(input, weight, mean, variance, rule.epsilon, gradient);
        (result.x_grad, result.gamma_grad, result.beta_grad)
    }

    /// The highest value of each window.
    fn max_pool_forward(input: FloatTensor<Self>, pool: Pool) -> FloatTensor<Self> {
        let (stride, padding) = ([pool.stride; 2], [pool.padding; 2]);
        Self::max_pool2d(input, pool.kernel, stride, padding, [1; 2], false)
    }

    /// Gradient of the pooling's input.
    fn max_pool_gradient(
        inputs: PoolInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let PoolInputs { input, pool, .. } = inputs;
        let (kernel, stride, padding) = (pool.kernel, [pool.stride; 2], [pool.padding; 2]);
        let found = Self::max_pool2d_with_indices(
            input.clone(),
            kernel,
            stride,
            padding,
            [1; 2],
            false,
            IntDType::I32,
        );
        Self::max_pool2d_with_indices_backward(
            input,
            kernel,
            stride,
            padding,
            [1; 2],
            false,
            gradient,
            found.indices,
        )
        .x_grad
    }
}

impl Kernels for Flex {
    fn convolution_forward(inputs: ConvolutionInputs<Self>) -> FloatTensor<Self> {
        let geometry = geometry(&inputs);
        let [height, width] = geometry.window.output();
        let (input, weights) = (Values::of(&inputs.input), Values::of(&inputs.weights));
        let output = convolution::forward(&geometry, input.get(), weights.get());
        let shape = [geometry.images, geometry.channels_out, height, width];
        flex_tensor(output, shape)
    }

    fn convolution_input_gradient(
        inputs: ConvolutionInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (gradient, weights) = (Values::of(&gradient), Values::of(&inputs.weights));
        let result = convolution::input_gradient(&geometry(&inputs), gradient.get(), weights.get());
        flex_tensor(result, inputs.input.shape().dims::<4>())
    }

    fn convolution_weight_gradient(
        inputs: ConvolutionInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (input, gradient) = (Values::of(&inputs.input), Values::of(&gradient));
        let result = convolution::weight_gradient(&geometry(&inputs), input.get(), gradient.get());
        flex_tensor(result, inputs.weights.shape().dims::<4>())
    }

    fn normalisation_forward(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        rule: Rule,
    ) -> Three<Self> {
        let shape = input.shape().dims::<4>();
        let planes = planes(shape);
        let (input, weight, bias) = (Values::of(&input), Values::of(&weight), Values::of(&bias));
        let statistics = normalisation::statistics(planes, input.get());
        let affine = affine(&weight, &bias, rule);
        let output = normalisation::forward(planes, input.get(), &statistics, &affine);
        (
            flex_tensor(output, shape),
            flex_tensor(statistics.mean, [planes.channels]),
            flex_tensor(statistics.variance, [planes.channels]),
        )
    }

    fn normalisation_gradients(
        inputs: NormalisationInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> Three<Self> {
        let shape = inputs.input.shape().dims::<4>();
        let planes = planes(shape);
        let statistics = Statistics {
            mean: Values::of(&inputs.mean).get().to_vec(),
            variance: Values::of(&inputs.variance).get().to_vec(),
        };
        let (weight, bias) = (Values::of(&inputs.weight), Values::of(&inputs.bias));
        let gradients = normalisation::backward(
            planes,
            Values::of(&inputs.input).get(),
            Values::of(&gradient).get(),
            &statistics,
            &affine(&weight, &bias, inputs.rule),
        );
        (
            flex_tensor(gradients.input, shape),
            flex_tensor(gradients.weight, [planes.channels]),
            flex_tensor(gradients.bias, [planes.channels]),
        )
    }

    fn max_pool_forward(input: FloatTensor<Self>, pool: Pool) -> FloatTensor<Self> {
        let shape @ [images, channels, _, _] = input.shape().dims();
        let window = pool_window(shape, pool);
        let [rows, columns] = window.output();
        let output = pooling::forward(&window, Values::of(&input).get());
        flex_tensor(output, [images, channels, rows, columns])
    }

    fn max_pool_gradient(
        inputs: PoolInputs<Self>,
        gradient: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let shape = inputs.input.shape().dims();
        let (input, output) = (Values::of(&inputs.input), Values::of(&inputs.output));
        let result = pooling::backward(
            &pool_window(shape, inputs.pool),
            input.get(),
            output.get(),
            Values::of(&gradient).get(),
        );
        flex_tensor(result, shape)
    }
}

#[cfg(feature = "vulkan")]
impl Kernels for burn::backend::Cube {}

/// A tensor's values in one piece.
struct Values(FlexTensor);

impl Values {
    fn of(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    fn get(&self) -> &[f32] {
        self.0
            .as_slice()
            .expect("training runs in single precision")
    }
}

/// A tensor of these values.
fn flex_tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape))
}

fn geometry(inputs: &ConvolutionInputs<Flex>) -> Geometry {
    let [images, channels_in, height, width] = inputs.input.shape().dims();
    let [channels_out, _, kernel_height, kernel_width] = inputs.weights.shape().dims();
    Geometry {
        images,
        channels_in,
        channels_out,
        window: Window {
            height,
            width,
            kernel: [kernel_height, kernel_width],
            stride: inputs.steps.stride,
            padding: inputs.steps.padding,
        },
    }
}

fn pool_window([_, _, height, width]: [usize; 4], pool: Pool) -> Window {
    Window {
        height,
        width,
        kernel: pool.kernel,
        stride: pool.stride,
        padding: pool.padding,
    }
}

fn planes([_, channels, height, width]: [usize; 4]) -> Planes {
    Planes {
        channels,
        plane: height * width,
    }
}

fn affine<'a>(weight: &'a Values, bias: &'a Values, rule: Rule) -> Affine<'a> {
    Affine {
        weight: weight.get(),
        bias: bias.get(),
        epsilon: rule.epsilon,
        activation: rule.activation,
    }
}

/// The operations as Burn's dispatch sees them.
#[backend_extension(Flex, Autodiff, Cube: cfg(feature = "vulkan"))]
pub(crate) trait TrainingOps: Backend {
    /// 2-D convolution.
    fn convolution(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        steps: Steps,
    ) -> FloatTensor<Self>;

    /// Output, mean and variance.
    fn normalisation(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        rule: Rule,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// Max-pooling.
    fn max_pool(input: FloatTensor<Self>, pool: Pool) -> FloatTensor<Self>;
}

/// Makes a backend's kernels known to Burn's dispatch.
macro_rules! training_ops {
    ($backend:ty) => {
        impl TrainingOps for $backend {
            fn convolution(
                input: FloatTensor<Self>,
                weights: FloatTensor<Self>,
                steps: Steps,
            ) -> FloatTensor<Self> {
                Self::convolution_forward(ConvolutionInputs {
                    input,
                    weights,
                    steps,
                })
            }

            fn normalisation(
                input: FloatTensor<Self>,
                weight: FloatTensor<Self>,
                bias: FloatTensor<Self>,
                rule: Rule,
            ) -> Three<Self> {
                Self::normalisation_forward(input, weight, bias, rule)
            }

            fn max_pool(input: FloatTensor<Self>, pool: Pool) -> FloatTensor<Self> {
                Self::max_pool_forward(input, pool)
            }
        }
    };
}

training_ops!(Flex);
#[cfg(feature = "vulkan")]
training_ops!(burn::backend::Cube);

impl<B: Kernels, C: CheckpointStrategy> TrainingOps for Autodiff<B, C> {
    fn convolution(
        input: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        steps: Steps,
    ) -> FloatTensor<Self> {
        let prepared = ConvolutionBackward
            .prepare::<C>([input.node(), weights.node()])
            .compute_bound()
            .stateful();
        let inputs = ConvolutionInputs {
            input: input.into_primitive(),
            weights: weights.into_primitive(),
            steps,
        };
        match prepared {
            OpsKind::Tracked(prepared) => {
                let output = B::convolution_forward(inputs.clone());
                prepared.finish(inputs, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::convolution_forward(inputs)),
        }
    }

    fn normalisation(
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        rule: Rule,
    ) -> Three<Self> {
        let prepared = NormalisationBackward
            .prepare::<C>([input.node(), weight.node(), bias.node()])
            .compute_bound()
            .stateful();
        let (input, weight, bias) = (
            input.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        let (output, mean, variance) =
            B::normalisation_forward(input.clone(), weight.clone(), bias.clone(), rule);
        let statistics = [mean.clone(), variance.clone()].map(Self::from_inner);
        let output = match prepared {
            OpsKind::Tracked(prepared) => {
                let inputs = NormalisationInputs {
                    input,
                    weight,
                    bias,
                    mean,
                    variance,
                    rule,
                };
                prepared.finish(inputs, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        };
        let [mean, variance] = statistics;
        (output, mean, variance)
    }

    fn max_pool(input: FloatTensor<Self>, pool: Pool) -> FloatTensor<Self> {
        let prepared = MaxPoolBackward
            .prepare::<C>([input.node()])
            .compute_bound()
            .stateful();
        let input = input.into_primitive();
        let output = B::max_pool_forward(input.clone(), pool);
        match prepared {
            OpsKind::Tracked(prepared) => {
                let inputs = PoolInputs {
                    input,
                    output: output.clone(),
                    pool,
                };
                prepared.finish(inputs, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct ConvolutionBackward;

impl<B: Kernels> Backward<B, 2> for ConvolutionBackward {
    type State = ConvolutionInputs<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [input, weights] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = input {
            let result = B::convolution_input_gradient(ops.state.clone(), gradient.clone());
            grads.register::<B>(node.id, result);
        }
        if let Some(node) = weights {
            let result = B::convolution_weight_gradient(ops.state, gradient);
            grads.register::<B>(node.id, result);
        }
    }
}

#[derive(Debug)]
struct NormalisationBackward;

impl<B: Kernels> Backward<B, 3> for NormalisationBackward {
    type State = NormalisationInputs<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let gradient = grads.consume::<B>(&ops.node);
        let (input, weight, bias) = B::normalisation_gradients(ops.state, gradient);
        for (node, gradient) in ops.parents.into_iter().zip([input, weight, bias]) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct MaxPoolBackward;

impl<B: Kernels> Backward<B, 1> for MaxPoolBackward {
    type State = PoolInputs<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let [input] = ops.parents;
        let gradient = grads.consume::<B>(&ops.node);
        if let Some(node) = input {
            let result = B::max_pool_gradient(ops.state, gradient);
            grads.register::<B>(node.id, result);
        }
    }
}
