//! `mlp`: two fully connected layers with a rectifier between them.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    tensor::{Device, Tensor, activation::relu},
};
use ielade_core::ImageSpec;

/// Values of the hidden layer.
pub(crate) const HIDDEN: usize = 256;

/// A perceptron with one hidden layer.
#[derive(Module, Debug)]
pub(crate) struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    pub(crate) fn new(image: ImageSpec, classes: usize, device: &Device) -> Self {
        Self {
            fc1: LinearConfig::new(image.values(), HIDDEN).init(device),
            fc2: LinearConfig::new(HIDDEN, classes).init(device),
        }
    }

    pub(crate) fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let hidden = relu(self.fc1.forward(images.flatten(1, 3)));
        self.fc2.forward(hidden)
    }
}
