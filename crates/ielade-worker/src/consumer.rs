//! Who takes the batches: nobody, a step of fixed length, or a model.

use crate::WorkerError;
use ielade_core::{
    Batch, BatchSource,
    training::{Evaluation, Metrics},
    worker_protocol::{Consumer, Job},
};
use ielade_loader::Loader;
use ielade_train::{DeviceChoice, StepResult, Trainer, TrainerOptions};
use std::time::{Duration, Instant};

/// A consumer at work.
pub(crate) enum Consuming {
    Nobody,
    FixedStep(Duration),
    Model(Box<Learning>),
}

/// A model with what it has seen of the current epoch.
pub(crate) struct Learning {
    trainer: Trainer,
    sums: EpochSums,
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct EpochSums {
    loss: f64,
    top1: u64,
    top5: u64,
    images: u64,
    step_losses: Vec<f32>,
}

impl Consuming {
    /// The consumer that a job asks for, built for what the loader delivers.
    pub(crate) fn of(job: &Job, loader: &Loader) -> Result<Self, WorkerError> {
        Ok(match &job.consumer {
            Consumer::None => Self::Nobody,
            Consumer::FixedStep { milliseconds, .. } => {
                // A negative or absurd length is caught where plans are read; here it is bounded.
                let seconds = (milliseconds / 1e3).clamp(0.0, 3600.0);
                Self::FixedStep(Duration::from_secs_f64(seconds))
            }
            Consumer::Model(settings) => {
                let trainer = Trainer::new(TrainerOptions {
                    settings: settings.clone(),
                    classes: loader.manifest().classes.len(),
                    image: loader.output().image,
                    seed: job.seed,
                    steps_per_epoch: loader.batches_per_epoch().into(),
                    epochs: job.epochs,
                    device: DeviceChoice::default(),
                })?;
                Self::Model(Box::new(Learning {
                    trainer,
                    sums: EpochSums::default(),
                }))
            }
        })
    }

    pub(crate) fn trainer(&self) -> Option<&Trainer> {
        match self {
            Self::Model(learning) => Some(&learning.trainer),
            Self::Nobody | Self::FixedStep(_) => None,
        }
    }

    /// Takes one batch; gives the loss of the step, where there is one.
    pub(crate) fn step(&mut self, batch: &Batch) -> Result<Option<f32>, WorkerError> {
        match self {
            Self::Nobody => Ok(None),
            Self::FixedStep(length) => {
                let end = Instant::now() + *length;
                std::thread::sleep(end.saturating_duration_since(Instant::now()));
                Ok(None)
            }
            Self::Model(learning) => {
                let result = learning.trainer.step(batch)?;
                learning.sums.add(&result);
                Ok(Some(result.loss))
            }
        }
    }

    /// Loss and accuracy over the epoch's steps, and every step's loss; begins a new epoch.
    pub(crate) fn end_epoch(&mut self) -> Option<(Metrics, Vec<f32>)> {
        match self {
            Self::Model(learning) => Some(std::mem::take(&mut learning.sums).finish()),
            Self::Nobody | Self::FixedStep(_) => None,
        }
    }

    /// The model's evaluation on a whole split.
    pub(crate) fn evaluate<S: BatchSource>(
        &self,
        batches: &mut S,
    ) -> Result<Option<Evaluation>, WorkerError> {
        self.trainer()
            .map(|trainer| trainer.evaluate(batches))
            .transpose()
            .map_err(WorkerError::from)
    }
}

impl EpochSums {
    fn add(&mut self, step: &StepResult) {
        self.loss += f64::from(step.loss) * f64::from(step.images);
        self.top1 += u64::from(step.top1);
        self.top5 += u64::from(step.top5);
        self.images += u64::from(step.images);
        self.step_losses.push(step.loss);
    }

    fn finish(self) -> (Metrics, Vec<f32>) {
        let images = self.images.max(1) as f64;
        let metrics = Metrics {
            loss: self.loss / images,
            top1: self.top1 as f64 / images,
            top5: self.top5 as f64 / images,
            images: self.images,
        };
        (metrics, self.step_losses)
    }
}
