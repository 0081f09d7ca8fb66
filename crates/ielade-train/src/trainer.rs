//! The training step and the evaluation.

use crate::{
    device::DeviceChoice,
    error::TrainError,
    initial_weights,
    metrics::{TOP, Tally, rank},
    models::Model,
    optimiser::optimiser,
    weights::{Tensors, count_parameters},
};
use burn::{
    module::Module as _,
    optim::{GradientsParams, ModuleOptimizer},
    tensor::{Device, Int, Tensor, TensorData, Transaction, activation::log_softmax},
};
use ielade_core::{
    Batch, BatchSource, ImageSpec,
    training::{Evaluation, TrainingSettings},
};
use std::{collections::BTreeMap, path::Path};

/// What a [`Trainer`] is built from.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerOptions {
    /// Model, optimiser, learning rate, schedule, weight decay.
    pub settings: TrainingSettings,
    /// Number of classes; labels are below it.
    pub classes: usize,
    /// Size of every image of every batch.
    pub image: ImageSpec,
    /// Seed of the initial weights.
    pub seed: u64,
    /// Steps of an epoch, for the schedule.
    pub steps_per_epoch: u64,
    /// Epochs of the run, for the schedule.
    pub epochs: u32,
    /// Where the arithmetic runs.
    pub device: DeviceChoice,
}

/// What came out of one training step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepResult {
    /// Mean cross-entropy of the batch in nats, before the weights were changed.
    pub loss: f32,
    /// Images whose most likely class was the right one.
    pub top1: u32,
    /// Images with the right class among the five most likely.
    pub top5: u32,
    /// Images of the batch.
    pub images: u32,
}

/// A model in training.
///
/// One [`step`](Self::step) a batch: forward, loss, backward, update, and the result fetched, so
/// that its duration on the clock is the step's whole duration.
///
/// ```
/// use ielade_core::{Batch, Element, ImageSpec, OutputSpec, training::{ModelName, TrainingSettings}};
/// use ielade_train::{DeviceChoice, Trainer, TrainerOptions};
///
/// let image = ImageSpec::rgb(8, 8);
/// let mut trainer = Trainer::new(TrainerOptions {
///     settings: TrainingSettings::of(ModelName::Linear),
///     classes: 2,
///     image,
///     seed: 0,
///     steps_per_epoch: 1,
///     epochs: 1,
///     device: DeviceChoice::Cpu,
/// })?;
/// let mut batch = Batch::with_capacity(OutputSpec { element: Element::F32, image }, 4);
/// batch.len = 4;
/// let result = trainer.step(&batch)?;
/// assert_eq!(result.images, 4);
/// # Ok::<(), ielade_train::TrainError>(())
/// ```
pub struct Trainer {
    options: TrainerOptions,
    device: Device,
    /// `None` only while a step changes the weights.
    model: Option<Model>,
    optimiser: ModuleOptimizer,
    parameters: u64,
    steps: u64,
}

impl std::fmt::Debug for Trainer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trainer")
            .field("options", &self.options)
            .field("parameters", &self.parameters)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

impl Trainer {
    /// A model with initial weights, ready for its first step.
    ///
    /// # Errors
    /// Where the model cannot be built for such images and classes, or a setting is not usable.
    pub fn new(options: TrainerOptions) -> Result<Self, TrainError> {
        check_setting("the learning rate", options.settings.base_rate())?;
        check_setting("the weight decay", options.settings.weight_decay)?;
        let device = options.device.training_device();
        let name = options.settings.model;
        let model = Model::new(name, options.image, options.classes, &device)?;
        let model = initial_weights::draw(model, options.seed, &device);
        Ok(Self {
            parameters: count_parameters(&model),
            optimiser: optimiser(options.settings.optimiser, options.settings.weight_decay),
            model: Some(model),
            steps: 0,
            options,
            device,
        })
    }

    /// Weights and biases that are trained.
    pub const fn parameters(&self) -> u64 {
        self.parameters
    }

    /// Name of the device, for records.
    pub fn device_name(&self) -> String {
        self.options.device.name().to_owned()
    }

    /// Steps made so far.
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// Learning rate of the next step.
    pub fn rate(&self) -> f64 {
        let TrainerOptions {
            settings,
            steps_per_epoch,
            epochs,
            ..
        } = &self.options;
        let total = steps_per_epoch.saturating_mul(u64::from(*epochs));
        settings
            .schedule
            .rate(settings.base_rate(), self.steps, *steps_per_epoch, total)
    }

    /// Trains on one batch: forward, cross-entropy, backward, update; the result is fetched from
    /// the device before the call returns.
    ///
    /// # Errors
    /// Where the batch does not fit the model, holds no image or unlabelled ones, or the loss is
    /// not finite any more.
    pub fn step(&mut self, batch: &Batch) -> Result<StepResult, TrainError> {
        let labels = self.check(batch)?;
        let images = images(batch, &self.device)?;
        let rate = self.rate();
        let model = self.take_model()?;

        let logits = model.forward(images);
        let loss = cross_entropy(logits.clone(), labels, &self.device);
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        self.model = Some(self.optimiser.step(rate, model, gradients));
        let step = self.steps;
        self.steps += 1;

        let (loss, logits) = fetch(loss, logits)?;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { step, loss, rate });
        }
        Ok(self.result(loss, &logits, labels))
    }

    /// Loss, accuracy, per-class figures and confusion matrix over all batches of the source. The
    /// weights and the running statistics stay as they are.
    ///
    /// # Errors
    /// Where a batch cannot be read, does not fit the model or holds unlabelled images, or the
    /// loss is not finite.
    pub fn evaluate<S: BatchSource>(&self, batches: &mut S) -> Result<Evaluation, TrainError> {
        let model = self.model()?.valid();
        let device = self.device.clone().without_autodiff();
        let mut tally = Tally::new(self.options.classes);
        while let Some(batch) = batches
            .next_batch()
            .map_err(|error| TrainError::Batch(Box::new(error)))?
        {
            let labels = self.check(batch)?;
            let logits = values(model.forward(images(batch, &device)?).try_into_data())?;
            for (logits, label) in logits.chunks(self.options.classes).zip(labels) {
                tally.add(logits, *label as usize);
            }
        }
        let evaluation = tally.evaluation();
        let loss = evaluation.metrics.loss;
        if loss.is_finite() {
            Ok(evaluation)
        } else {
            Err(TrainError::EvaluationDiverged { loss })
        }
    }

    /// Saves weights and running statistics as a safetensors file with PyTorch's names and
    /// shapes. The file appears whole or not at all; the same weights give the same bytes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn save_weights(&self, path: &Path) -> Result<(), TrainError> {
        let metadata = BTreeMap::from([
            ("format", "pt".to_owned()),
            ("model", self.options.settings.model.to_string()),
            ("classes", self.options.classes.to_string()),
            ("image", self.options.image.to_string()),
        ]);
        Tensors::of(self.model()?)?.save(path, &metadata)
    }

    /// Replaces weights and running statistics by those of a file that
    /// [`save_weights`](Self::save_weights) or PyTorch wrote. Nothing changes where it fails. The
    /// optimiser's state stays.
    ///
    /// # Errors
    /// Where the file cannot be read or belongs to another model; the first tensor that does not
    /// fit is named.
    pub fn load_weights(&mut self, path: &Path) -> Result<(), TrainError> {
        let tensors = Tensors::of(self.model()?)?.load(path)?;
        let model = self.take_model()?;
        self.model = Some(tensors.put_into(model, &self.device));
        Ok(())
    }

    fn model(&self) -> Result<&Model, TrainError> {
        self.model.as_ref().ok_or_else(interrupted)
    }

    fn take_model(&mut self) -> Result<Model, TrainError> {
        self.model.take().ok_or_else(interrupted)
    }

    /// The batch's labels, if the batch can be trained on.
    fn check<'a>(&self, batch: &'a Batch) -> Result<&'a [i64], TrainError> {
        let (given, expected) = (batch.output.image, self.options.image);
        if given != expected {
            return Err(TrainError::ImageSize { given, expected });
        }
        if batch.len == 0 {
            return Err(TrainError::EmptyBatch {
                epoch: batch.epoch,
                index: batch.index,
            });
        }
        let classes = self.options.classes;
        for (label, sample) in batch.labels().iter().zip(batch.sample_indices()) {
            let (label, sample) = (*label, *sample);
            if label < 0 {
                return Err(TrainError::NoLabel { sample });
            }
            if label as usize >= classes {
                return Err(TrainError::LabelOutOfRange {
                    sample,
                    label,
                    classes,
                });
            }
        }
        Ok(batch.labels())
    }

    fn result(&self, loss: f32, logits: &[f32], labels: &[i64]) -> StepResult {
        let ranks = || {
            logits
                .chunks(self.options.classes)
                .zip(labels)
                .filter_map(|(logits, label)| rank(logits, *label as usize))
        };
        StepResult {
            loss,
            top1: ranks().filter(|rank| *rank == 0).count() as u32,
            top5: ranks().filter(|rank| *rank < TOP).count() as u32,
            images: labels.len() as u32,
        }
    }
}

/// The error of a trainer whose step was cut short by a panic.
fn interrupted() -> TrainError {
    TrainError::Device("an earlier step was interrupted; build the trainer anew".to_owned())
}

fn check_setting(name: &'static str, value: f64) -> Result<(), TrainError> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(TrainError::Setting { name, value })
    }
}

/// The batch's images on the device: `f32` as they are, `f16` widened, `u8` divided by 255.
fn images(batch: &Batch, device: &Device) -> Result<Tensor<4>, TrainError> {
    let values = if let Some(values) = batch.images_f32() {
        values.to_vec()
    } else if let Some(values) = batch.images_f16() {
        values.iter().map(|value| value.to_f32()).collect()
    } else if let Some(values) = batch.images_u8() {
        values
            .iter()
            .map(|value| f32::from(*value) / 255.0)
            .collect()
    } else {
        return Err(TrainError::Element(batch.output.element));
    };
    let image = batch.output.image;
    let shape = [
        batch.len,
        image.channels as usize,
        image.height as usize,
        image.width as usize,
    ];
    Ok(Tensor::from_data(TensorData::new(values, shape), device))
}

/// Mean cross-entropy in nats.
fn cross_entropy(logits: Tensor<2>, labels: &[i64], device: &Device) -> Tensor<1> {
    let shape = [labels.len(), 1];
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels.to_vec(), shape), device);
    log_softmax(logits, 1).gather(1, labels).mean().neg()
}

/// Loss and logits in one exchange with the device.
fn fetch(loss: Tensor<1>, logits: Tensor<2>) -> Result<(f32, Vec<f32>), TrainError> {
    let data = Transaction::default()
        .register(loss)
        .register(logits)
        .try_execute()
        .map_err(|error| TrainError::Device(error.to_string()))?;
    let mut tensors = data.into_iter().map(|data| values(Ok(data)));
    let missing = || TrainError::Device("a result is missing".to_owned());
    let loss = tensors.next().ok_or_else(missing)??;
    let logits = tensors.next().ok_or_else(missing)??;
    Ok((*loss.first().ok_or_else(missing)?, logits))
}

/// The fetched values as `f32`.
fn values(data: Result<TensorData, burn::tensor::ExecutionError>) -> Result<Vec<f32>, TrainError> {
    data.map_err(|error| TrainError::Device(error.to_string()))?
        .try_into_vec::<f32>()
        .map_err(|error| TrainError::Device(error.to_string()))
}
