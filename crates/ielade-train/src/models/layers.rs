//! Layers that several models are built of.

use crate::kernels::{
    normalisation::Activation,
    operations::{Rule, Steps, convolve, halve, normalise},
};
use burn::{
    module::{Module, Param, ParamId, RunningState},
    tensor::{Device, Shape, Tensor, activation::relu, module::batch_norm},
};

/// Added to the variance before its root is taken, as in PyTorch.
const EPSILON: f64 = 1e-5;

/// Weight of the newest batch in the running statistics, as in PyTorch.
const MOMENTUM: f64 = 0.1;

/// Input and output channels of a layer.
pub(crate) type Channels = [usize; 2];

/// A 2-D convolution without bias, padded so that the output is as large as the input divided by
/// the stride.
#[derive(Module, Debug)]
pub(crate) struct Convolution {
    /// `[channels_out, channels_in, height, width]`.
    weight: Param<Tensor<4>>,
    stride: usize,
}

impl Convolution {
    /// A square kernel of odd size and stride 1. The weights are zero until they are drawn.
    pub(crate) fn new([input, output]: Channels, kernel: usize, device: &Device) -> Self {
        let shape = [output, input, kernel, kernel];
        let zeros = move |device: &Device, require_grad: bool| {
            Tensor::zeros(shape, device).set_require_grad(require_grad)
        };
        Self {
            weight: Param::uninitialized(
                ParamId::new(),
                zeros,
                device.clone(),
                true,
                Shape::from(shape),
            ),
            stride: 1,
        }
    }

    /// The same with another stride.
    pub(crate) fn with_stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [_, _, kernel, _] = weight.dims();
        let steps = Steps {
            stride: self.stride,
            padding: kernel / 2,
        };
        convolve(input, weight, steps)
    }
}

/// Batch normalisation over the channels of `[batch, channels, height, width]`
/// (Ioffe, Szegedy, 2015), with PyTorch's names and constants.
///
/// While the model is in training it takes the batch's own statistics, else the running ones.
/// Burn's own layer keeps its running statistics by thread, so that a trainer that changes
/// threads would see old ones, and feeds them the biased variance; PyTorch's is unbiased.
#[derive(Module, Debug)]
pub(crate) struct BatchNorm2d {
    /// Scale of each channel.
    weight: Param<Tensor<1>>,
    /// Shift of each channel.
    bias: Param<Tensor<1>>,
    /// Mean of each channel, for evaluation.
    running_mean: RunningState<Tensor<1>>,
    /// Unbiased variance of each channel, for evaluation.
    running_var: RunningState<Tensor<1>>,
}

impl BatchNorm2d {
    /// The identity, up to the statistics.
    pub(crate) fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
        }
    }

    /// Normalises.
    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        if input.device().is_autodiff() {
            self.train(input, Activation::Identity)
        } else {
            self.evaluate(input)
        }
    }

    /// Normalises and rectifies.
    pub(crate) fn forward_rectified(&self, input: Tensor<4>) -> Tensor<4> {
        if input.device().is_autodiff() {
            self.train(input, Activation::Rectifier)
        } else {
            relu(self.evaluate(input))
        }
    }

    fn evaluate(&self, input: Tensor<4>) -> Tensor<4> {
        batch_norm(
            input,
            self.weight.val(),
            self.bias.val(),
            self.running_mean.value(),
            self.running_var.value(),
            EPSILON,
        )
    }

    fn train(&self, input: Tensor<4>, activation: Activation) -> Tensor<4> {
        let [images, _, height, width] = input.dims();
        let values = (images * height * width) as f64;
        let rule = Rule {
            epsilon: EPSILON,
            activation,
        };
        let result = normalise(input, self.weight.val(), self.bias.val(), rule);
        let unbiased = result.variance.mul_scalar(values / (values - 1.0).max(1.0));
        update(&self.running_mean, result.mean);
        update(&self.running_var, unbiased);
        result.output
    }
}

/// Mixes the newest batch's statistic into the running one.
fn update(state: &RunningState<Tensor<1>>, newest: Tensor<1>) {
    let old = state.value().mul_scalar(1.0 - MOMENTUM);
    state.update(old.add(newest.mul_scalar(MOMENTUM)).detach());
    // At once, so that nothing is left behind under this thread's name.
    state.value_sync();
}

/// Convolution, batch normalisation, rectifier.
#[derive(Module, Debug)]
pub(crate) struct ConvBlock {
    conv: Convolution,
    bn: BatchNorm2d,
}

impl ConvBlock {
    /// A block with a square kernel of odd size; the image keeps its size.
    pub(crate) fn new(channels: Channels, kernel: usize, device: &Device) -> Self {
        Self {
            conv: Convolution::new(channels, kernel, device),
            bn: BatchNorm2d::new(channels[1], device),
        }
    }

    pub(crate) fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.bn.forward_rectified(self.conv.forward(input))
    }

    /// The same with a 2×2 max-pool behind the convolution: normalisation and rectifier then
    /// touch a quarter of the values.
    pub(crate) fn forward_pooled(&self, input: Tensor<4>) -> Tensor<4> {
        self.bn.forward_rectified(halve(self.conv.forward(input)))
    }
}

/// Mean over height and width: `[batch, channels, height, width]` to `[batch, channels]`.
pub(crate) fn global_average(input: Tensor<4>) -> Tensor<2> {
    let [images, channels, height, width] = input.dims();
    input
        .reshape([images, channels, height * width])
        .mean_dim(2)
        .reshape([images, channels])
}
