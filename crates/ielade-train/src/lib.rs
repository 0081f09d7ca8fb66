//! Image classifiers, optimisers, metrics and the training loop of Ielāde, on Burn.
//!
//! A [`Trainer`] is built once from [`TrainerOptions`], takes one [`ielade_core::Batch`] a
//! [`Trainer::step`], and evaluates on any [`ielade_core::BatchSource`]. Burn is used here and
//! nowhere else, and does not show.
//!
//! | module | holds |
//! |---|---|
//! | [`device`] | where the arithmetic runs |
//! | [`metrics`] | loss, accuracy, precision, recall, F1 and the confusion matrix, from logits |
//! | [`trainer`] | the training step and the evaluation |
//! | `models` | `linear`, `mlp`, `cnn`, `resnet18`, `inception` |
//! | `initial_weights` | the weights before the first step: a function of seed and name |
//! | `kernels` | convolution, normalisation and pooling on all cores |
//! | `optimiser` | SGD, momentum, Nesterov, `RMSProp`, `AdaGrad`, Adam, `AdamW` |
//! | `weights` | safetensors files |
//!
//! # The same seed, the same curve
//!
//! On the CPU a run is a pure function of the settings, the seed and the batches: losses and
//! weights are the same bit for bit in every process and for any number of threads, on machines
//! with the same processor features and with the same version of this crate. Nothing draws from
//! a global random generator, and no sum depends on the order in which threads finish.

pub mod device;
mod error;
mod initial_weights;
mod kernels;
pub mod metrics;
mod models;
mod optimiser;
pub mod trainer;
mod weights;

pub use device::DeviceChoice;
pub use error::TrainError;
pub use metrics::Tally;
pub use trainer::{StepResult, Trainer, TrainerOptions};
