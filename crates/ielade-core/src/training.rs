//! What a training run is asked to do: model, optimiser, schedule. Words only; the trainer
//! gives them meaning.

use crate::element::UnknownName;
use serde::{Deserialize, Serialize};

/// An enum whose variants have one name each, the same in options, plans and records.
macro_rules! named {
    ($(#[$meta:meta])* $type:ident, $what:literal, $($(#[$doc:meta])* $variant:ident = $name:literal),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $type {
            $($(#[$doc])* $variant),+
        }

        impl $type {
            /// All of them, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in options, plans and records.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $type {
            type Err = UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|one| one.name() == text)
                    .ok_or_else(|| UnknownName::new($what, text, &[$($name),+]))
            }
        }
    };
}

named! {
    /// An image classifier.
    ModelName, "model",
    /// One fully connected layer: softmax regression.
    Linear = "linear",
    /// Two fully connected layers with a rectifier between them.
    Mlp = "mlp",
    /// A small convolutional network.
    Cnn = "cnn",
    /// ResNet-18 with the stem for small images (3×3, no pooling).
    Resnet18 = "resnet18",
    /// Blocks of parallel paths, joined by concatenation.
    Inception = "inception",
}

named! {
    /// A rule by which gradients change the weights.
    OptimiserName, "optimiser",
    /// Stochastic gradient descent.
    Sgd = "sgd",
    /// Stochastic gradient descent with momentum 0.9.
    Momentum = "momentum",
    /// Nesterov's accelerated gradient, momentum 0.9.
    Nesterov = "nesterov",
    /// `RMSProp`.
    Rmsprop = "rmsprop",
    /// `AdaGrad`.
    Adagrad = "adagrad",
    /// Adam.
    Adam = "adam",
    /// Adam with decoupled weight decay.
    Adamw = "adamw",
}

/// How the learning rate changes over the steps of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind", deny_unknown_fields)]
pub enum Schedule {
    /// The same rate throughout.
    #[default]
    Constant,
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// Epochs between two changes.
        epochs: u32,
        /// Factor of each change, below 1.
        factor: f64,
    },
    /// From the full rate to zero along half a cosine, over all steps of the run.
    Cosine,
}

impl Schedule {
    /// The learning rate of a step, given the base rate, the steps of an epoch and of the run.
    ///
    /// ```
    /// use ielade_core::training::Schedule;
    /// assert_eq!(Schedule::Constant.rate(0.1, 5, 10, 100), 0.1);
    /// let step = Schedule::Step { epochs: 1, factor: 0.5 };
    /// assert_eq!(step.rate(0.1, 10, 10, 100), 0.05);
    /// assert!(Schedule::Cosine.rate(0.1, 100, 10, 100) < 1e-12);
    /// ```
    pub fn rate(self, base: f64, step: u64, steps_per_epoch: u64, total_steps: u64) -> f64 {
        match self {
            Self::Constant => base,
            Self::Step { epochs, factor } => {
                let epoch = step / steps_per_epoch.max(1);
                base * factor.powi((epoch / u64::from(epochs.max(1))) as i32)
            }
            Self::Cosine => {
                let progress = (step as f64 / total_steps.max(1) as f64).min(1.0);
                base * 0.5 * (1.0 + (std::f64::consts::PI * progress).cos())
            }
        }
    }
}

/// Everything that defines a training run besides its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingSettings {
    /// The classifier.
    pub model: ModelName,
    /// The rule by which weights change.
    #[serde(default = "default_optimiser")]
    pub optimiser: OptimiserName,
    /// Learning rate at the start; `None` takes the optimiser's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// How the rate changes.
    #[serde(default)]
    pub schedule: Schedule,
    /// Weight decay; 0 for none.
    #[serde(default)]
    pub weight_decay: f64,
}

const fn default_optimiser() -> OptimiserName {
    OptimiserName::Adam
}

impl TrainingSettings {
    /// A model with the usual settings: Adam, constant rate, no weight decay.
    pub const fn of(model: ModelName) -> Self {
        Self {
            model,
            optimiser: OptimiserName::Adam,
            learning_rate: None,
            schedule: Schedule::Constant,
            weight_decay: 0.0,
        }
    }

    /// The learning rate at the start: as set, or the optimiser's usual one.
    pub fn base_rate(&self) -> f64 {
        self.learning_rate.unwrap_or(match self.optimiser {
            OptimiserName::Sgd => 0.05,
            OptimiserName::Momentum | OptimiserName::Nesterov | OptimiserName::Adagrad => 0.01,
            OptimiserName::Rmsprop | OptimiserName::Adam | OptimiserName::Adamw => 0.001,
        })
    }
}

/// How well a model did on a split, or on the batches of a training epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    /// Share of images whose most likely class is the right one.
    pub top1: f64,
    /// Share of images with the right class among the five most likely.
    pub top5: f64,
    /// Images that were counted.
    pub images: u64,
}

/// Precision, recall and F1 of one class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// Of the images called this class, the share that is; 0 where none was called it.
    pub precision: f64,
    /// Of the images of this class, the share that was called it; 0 where there are none.
    pub recall: f64,
    /// Harmonic mean of precision and recall; 0 where both are.
    pub f1: f64,
    /// Images of this class.
    pub support: u64,
}

/// The full evaluation of a model on a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Loss and accuracy.
    pub metrics: Metrics,
    /// One entry a class, in label order.
    pub classes: Vec<ClassMetrics>,
    /// `confusion[actual][predicted]`, counts.
    pub confusion: Vec<Vec<u64>>,
}
