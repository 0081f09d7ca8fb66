//! `linear`: one fully connected layer, softmax regression.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor},
};
use ielade_core::ImageSpec;

/// Softmax regression on the pixels.
#[derive(Module, Debug)]
pub(crate) struct SoftmaxRegression {
    fc: Linear,
}

impl SoftmaxRegression {
    pub(crate) fn new(image: ImageSpec, classes: usize, device: &Device) -> Self {
        Self {
            fc: LinearConfig::new(image.values(), classes).init(device),
        }
    }

    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.fc.forward(images.flatten(1, 3))
    }
}
