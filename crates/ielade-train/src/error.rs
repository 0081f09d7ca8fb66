//! What can go wrong while a model is trained, evaluated, saved or loaded.

use ielade_core::{ImageSpec, training::ModelName};
use std::path::PathBuf;

/// Why a model could not be built, trained, evaluated, saved or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A classifier needs at least one class.
    #[error("the data set has no classes: training needs labelled images")]
    NoClasses,
    /// The image is smaller than the model can take, or has no pixels.
    #[error("{model} takes images of at least {least}×{least} pixels, not {image}: resize them")]
    ImageTooSmall {
        /// The model.
        model: ModelName,
        /// Pixels on the shorter side that the model needs.
        least: u32,
        /// The images as they come.
        image: ImageSpec,
    },
    /// The model would not fit into any memory.
    #[error(
        "{model} for {classes} classes of {image} images would have {parameters} parameters, \
         more than {most}: resize the images, or take cnn or resnet18"
    )]
    TooManyParameters {
        /// The model.
        model: ModelName,
        /// Classes asked for.
        classes: usize,
        /// Image size asked for.
        image: ImageSpec,
        /// Weights and biases that the model would have.
        parameters: u64,
        /// Weights and biases that are allowed.
        most: u64,
    },
    /// The learning rate or weight decay is not a usable number.
    #[error("{name} is {value}: it must be a finite number of at least 0")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// The batch's images have another size than the model was built for.
    #[error("the batch holds {given} images, the model was built for {expected}")]
    ImageSize {
        /// Size of the batch's images.
        given: ImageSpec,
        /// Size that the model was built for.
        expected: ImageSpec,
    },
    /// The batch's images are of a type that cannot be trained on.
    #[error("the batch holds {0} images: ask the loader for f32, f16 or u8")]
    Element(ielade_core::Element),
    /// A batch without a single image.
    #[error("batch {index} of epoch {epoch} holds no images")]
    EmptyBatch {
        /// Epoch of the batch.
        epoch: u64,
        /// Number of the batch within its epoch.
        index: u32,
    },
    /// A sample has no label.
    #[error(
        "sample {sample} has no label: the store has no labels (or not for all samples), and \
         training and evaluation need them"
    )]
    NoLabel {
        /// Position of the sample in the store.
        sample: u32,
    },
    /// A label is not below the number of classes.
    #[error("sample {sample} has label {label}, but there are {classes} classes (0 to {})", classes - 1)]
    LabelOutOfRange {
        /// Position of the sample in the store.
        sample: u32,
        /// Its label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// The loss has become infinite or not a number.
    #[error(
        "the loss is {loss} at step {step}: training has diverged; lower the learning rate \
         (it was {rate}) or check the images for values that are not finite"
    )]
    Diverged {
        /// Step, from 0.
        step: u64,
        /// The loss as computed.
        loss: f32,
        /// Learning rate of the step.
        rate: f64,
    },
    /// The loss of an evaluation is infinite or not a number.
    #[error(
        "the loss on the evaluated images is {loss}: training has diverged; lower the learning rate"
    )]
    EvaluationDiverged {
        /// The loss as computed.
        loss: f64,
    },
    /// The source of batches failed.
    #[error("the next batch could not be read")]
    Batch(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The device failed.
    #[error("the device could not compute: {0}")]
    Device(String),
    /// A weights file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A weights file is not a valid safetensors file.
    #[error("{path}: not a readable safetensors file: {reason}")]
    WeightsFormat {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A weights file lacks a tensor of the model.
    #[error("{path}: holds no tensor {tensor:?}: the file belongs to another model")]
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
    },
    /// A weights file holds a tensor that the model does not know.
    #[error("{path}: tensor {tensor:?} is unknown to the model: the file belongs to another model")]
    UnknownTensor {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor of a weights file has another shape or type than the model's.
    #[error("{path}: tensor {tensor:?} is {found}, the model needs {expected}")]
    TensorShape {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Type and shape in the file.
        found: String,
        /// Type and shape in the model.
        expected: String,
    },
}
