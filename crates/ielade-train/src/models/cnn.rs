//! `cnn`: three blocks of convolution, pooling, normalisation and rectifier, and a linear head.

use super::layers::ConvBlock;
use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor, module::adaptive_avg_pool2d},
};

/// Channels behind each block.
const CHANNELS: [usize; 3] = [32, 64, 128];

/// Rows and columns that the head sees, whatever the image's size.
const HEAD: usize = 2;

/// A small convolutional network, made to learn much in little time on a processor.
#[derive(Module, Debug)]
pub(crate) struct Cnn {
    block1: ConvBlock,
    block2: ConvBlock,
    block3: ConvBlock,
    fc: Linear,
}

impl Cnn {
    pub(crate) fn new(channels: usize, classes: usize, device: &Device) -> Self {
        let [first, second, third] = CHANNELS;
        Self {
            block1: ConvBlock::new([channels, first], 3, device),
            block2: ConvBlock::new([first, second], 3, device),
            block3: ConvBlock::new([second, third], 3, device),
            fc: LinearConfig::new(third * HEAD * HEAD, classes).init(device),
        }
    }

    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let features = self.block1.forward_pooled(images);
        let features = self.block2.forward_pooled(features);
        let features = self.block3.forward_pooled(features);
        self.fc
            .forward(adaptive_avg_pool2d(features, [HEAD; 2]).flatten(1, 3))
    }
}
