//! `resnet18`: ResNet-18 with the stem for small images.

use super::layers::{BatchNorm2d, Channels, Convolution, global_average};
use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor, activation::relu},
};

/// Blocks of each stage.
const BLOCKS: usize = 2;

/// ResNet-18 (He, Zhang, Ren, Sun, 2015) with the stem used for CIFAR: a 3×3 convolution of
/// stride 1 and no pooling. Tensors are named as in torchvision.
#[derive(Module, Debug)]
pub(crate) struct Resnet18 {
    conv1: Convolution,
    bn1: BatchNorm2d,
    layer1: Vec<BasicBlock>,
    layer2: Vec<BasicBlock>,
    layer3: Vec<BasicBlock>,
    layer4: Vec<BasicBlock>,
    fc: Linear,
}

impl Resnet18 {
    pub(crate) fn new(channels: usize, classes: usize, device: &Device) -> Self {
        Self {
            conv1: Convolution::new([channels, 64], 3, device),
            bn1: BatchNorm2d::new(64, device),
            layer1: stage([64, 64], 1, device),
            layer2: stage([64, 128], 2, device),
            layer3: stage([128, 256], 2, device),
            layer4: stage([256, 512], 2, device),
            fc: LinearConfig::new(512, classes).init(device),
        }
    }

    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let stem = self.bn1.forward_rectified(self.conv1.forward(images));
        let features = [&self.layer1, &self.layer2, &self.layer3, &self.layer4]
            .into_iter()
            .flatten()
            .fold(stem, |features, block| block.forward(features));
        self.fc.forward(global_average(features))
    }
}

/// Two blocks, of which the first changes the number of channels and the size.
fn stage(channels: Channels, stride: usize, device: &Device) -> Vec<BasicBlock> {
    let [_, out] = channels;
    (0..BLOCKS)
        .map(|block| match block {
            0 => BasicBlock::new(channels, stride, device),
            _ => BasicBlock::new([out, out], 1, device),
        })
        .collect()
}

/// Two 3×3 convolutions whose result is added to the block's input.
#[derive(Module, Debug)]
struct BasicBlock {
    conv1: Convolution,
    bn1: BatchNorm2d,
    conv2: Convolution,
    bn2: BatchNorm2d,
    downsample: Option<Downsample>,
}

impl BasicBlock {
    fn new(channels: Channels, stride: usize, device: &Device) -> Self {
        let [input, out] = channels;
        let changes = stride != 1 || input != out;
        Self {
            conv1: Convolution::new(channels, 3, device).with_stride(stride),
            bn1: BatchNorm2d::new(out, device),
            conv2: Convolution::new([out, out], 3, device),
            bn2: BatchNorm2d::new(out, device),
            downsample: changes.then(|| Downsample::new(channels, stride, device)),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let shortcut = match &self.downsample {
            Some(downsample) => downsample.forward(input.clone()),
            None => input.clone(),
        };
        let inner = self.bn1.forward_rectified(self.conv1.forward(input));
        let outer = self.bn2.forward(self.conv2.forward(inner));
        relu(outer + shortcut)
    }
}

/// Brings the block's input to the shape of its output. In torchvision a sequence of two, so
/// its tensors are saved as `downsample.0` and `downsample.1`.
#[derive(Module, Debug)]
struct Downsample {
    conv: Convolution,
    bn: BatchNorm2d,
}

impl Downsample {
    fn new(channels: Channels, stride: usize, device: &Device) -> Self {
        Self {
            conv: Convolution::new(channels, 1, device).with_stride(stride),
            bn: BatchNorm2d::new(channels[1], device),
        }
    }

    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        self.bn.forward(self.conv.forward(input))
    }
}
