//! The operations that take a convolutional network's time on a processor, and their gradients.
//!
//! Burn's processor backend computes the gradient of a convolution's weights as a convolution
//! with a kernel as large as the image, and normalises in some twenty passes on one core; a step
//! of `resnet18` then takes several times as long as it must. These kernels work on plain
//! slices, on all cores:
//!
//! | module | holds |
//! |---|---|
//! | [`convolution`] | 2-D convolution as matrix products, and both gradients |
//! | [`normalisation`] | batch normalisation with or without a rectifier, and its gradients |
//! | [`pooling`] | max-pooling and its gradient |
//! | [`window`] | where a window that slides over an image reads and writes |
//! | [`operations`] | the same as differentiable operations on Burn's tensors |
//!
//! **Results do not depend on the number of threads.** Work is cut by the shapes alone, each
//! piece is computed on one thread, and partial sums are added in a fixed order.

pub(crate) mod convolution;
pub(crate) mod normalisation;
pub(crate) mod operations;
pub(crate) mod pooling;
pub(crate) mod window;
