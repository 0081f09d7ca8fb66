//! What an experiment is asked to do: `experiment.toml`.
//!
//! ```toml
//! name = "cifar10"
//! seed = 1
//! blocks = 10
//! epochs = 3
//! baseline = "files/jpeg"
//! cache = "warm"
//! layouts = ["files/jpeg", "npy/u8"]
//!
//! [data]
//! source = "data/cifar10"
//!
//! [loader]
//! batch_size = 128
//! threads = 2
//!
//! [[consumers]]
//! kind = "none"
//!
//! [[consumers]]
//! kind = "fixed-step"
//! milliseconds = 5
//!
//! [[consumers]]
//! kind = "model"
//! model = "cnn"
//! epochs = 2
//! ```
//!
//! Relative paths in the file are relative to the current directory, not to the file: what the
//! plan names is what the same words would name in the shell.

mod reader;
mod section;

use crate::record::Configuration;
use ielade_core::{
    LayoutId, OrientationRule,
    training::Schedule,
    worker_protocol::{CacheState, Consumer, LoaderSettings},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// What an experiment is asked to do.
///
/// ```
/// use ielade_bench::plan::Plan;
/// let text = r#"
///     name = "small"
///     layouts = ["files/png", "npy/u8"]
///     [data]
///     source = "demo"
///     [[consumers]]
///     kind = "none"
/// "#;
/// let plan = Plan::from_toml(text, "small.toml".as_ref()).unwrap();
/// assert_eq!(plan.blocks, 10);
/// assert_eq!(plan.baseline.to_string(), "files/png");
/// assert_eq!(plan.configurations()[1].name, "npy/u8 · none");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Name of the experiment, for headings and file names.
    pub name: String,
    /// Seed of the order of the runs; a run's own seed is this plus the number of its block.
    pub seed: u64,
    /// How often every configuration runs.
    pub blocks: u32,
    /// Epochs of a run, where the consumer does not say otherwise.
    pub epochs: u32,
    /// The layout that the others are compared with; one of `layouts`.
    pub baseline: LayoutId,
    /// State of the page cache before the first epoch of a run.
    pub cache: CacheState,
    /// The layouts that take part.
    pub layouts: Vec<LayoutId>,
    /// Seconds after which a run is ended as failed.
    pub timeout_seconds: u64,
    /// The images.
    pub data: DataPlan,
    /// How every store is loaded.
    pub loader: LoaderSettings,
    /// Who takes the batches; every layout runs with every consumer.
    pub consumers: Vec<ConsumerPlan>,
}

/// The source of images that is made on the spot.
pub const DEMO_SOURCE: &str = "demo";

/// The most blocks of a plan: far more than anybody waits for.
const MOST_BLOCKS: u32 = 10_000;

/// The images of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataPlan {
    /// Folder or archive of the images, or [`DEMO_SOURCE`].
    pub source: String,
    /// Folder in which the stores are kept.
    pub stores: PathBuf,
    /// Size (height, width) to which images are resized before they are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<(u32, u32)>,
    /// What is done with EXIF orientations.
    #[serde(default)]
    pub orientation: OrientationRule,
    /// Share of the images to keep for testing, where the source has no split of its own;
    /// above 0 and below 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_share: Option<f64>,
    /// Data set, array, column or key of the images, where the source is a file that others made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<String>,
    /// Data set, array, column or key of the labels, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
}

impl DataPlan {
    /// Images of `source`, as they are, with the stores in the folder `stores`.
    pub fn of(source: &str) -> Self {
        Self {
            source: source.to_owned(),
            stores: PathBuf::from("stores"),
            resize: None,
            orientation: OrientationRule::default(),
            test_share: None,
            images: None,
            labels: None,
        }
    }

    /// True where the images are made on the spot.
    pub fn is_demo(&self) -> bool {
        self.source == DEMO_SOURCE
    }
}

/// A consumer and how long it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumerPlan {
    /// Who takes the batches.
    #[serde(flatten)]
    pub consumer: Consumer,
    /// Epochs of a run with this consumer; `None` takes the plan's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<u32>,
}

impl ConsumerPlan {
    /// A consumer that runs as many epochs as the plan says.
    pub const fn of(consumer: Consumer) -> Self {
        Self {
            consumer,
            epochs: None,
        }
    }
}

/// Why a plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The file is not TOML, or a key or value in it is not understood.
    #[error("{}:{line}: {message}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, with a hint.
        message: String,
    },
    /// The plan can be read and makes no sense.
    #[error("plan {name:?}: {message}")]
    Invalid {
        /// Name of the plan.
        name: String,
        /// What is wrong, with a hint.
        message: String,
    },
    /// The plan cannot be written as TOML.
    #[error("plan cannot be written as TOML: {0}")]
    Unwritable(String),
}

/// A table of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Data,
    Loader,
    Consumer(usize),
}

/// A rule that a plan breaks, and the key it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Objection {
    place: Place,
    key: &'static str,
    message: String,
}

impl Place {
    fn objection(self, key: &'static str, message: impl Into<String>) -> Objection {
        Objection {
            place: self,
            key,
            message: message.into(),
        }
    }
}

impl Plan {
    /// A plan with the usual settings: seed 1, ten blocks, three epochs, a warm cache; the first
    /// layout is the baseline.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] where the plan breaks a rule, see [`Plan::validate`].
    pub fn new(
        name: &str,
        data: DataPlan,
        layouts: Vec<LayoutId>,
        consumers: Vec<ConsumerPlan>,
    ) -> Result<Self, PlanError> {
        let baseline = layouts.first().cloned().ok_or_else(|| PlanError::Invalid {
            name: name.to_owned(),
            message: "`layouts` is empty; name at least one, for example \"npy/u8\"".to_owned(),
        })?;
        let plan = Self {
            name: name.to_owned(),
            seed: defaults::SEED,
            blocks: defaults::BLOCKS,
            epochs: defaults::EPOCHS,
            baseline,
            cache: CacheState::default(),
            layouts,
            timeout_seconds: defaults::TIMEOUT_SECONDS,
            data,
            loader: LoaderSettings::default(),
            consumers,
        };
        plan.validate()?;
        Ok(plan)
    }

    /// Reads a plan; `path` is where the text came from, for messages.
    ///
    /// # Errors
    /// [`PlanError::Text`] with the line and the nearest right name, where the text is not TOML,
    /// has a misspelt key or value, or breaks a rule of [`Plan::validate`].
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, PlanError> {
        reader::read(text, path)
    }

    /// The plan as TOML; [`Plan::from_toml`] reads the same plan from it.
    ///
    /// # Errors
    /// [`PlanError::Unwritable`] where a number does not fit into TOML (a seed above 2⁶³ − 1).
    pub fn to_toml(&self) -> Result<String, PlanError> {
        toml::to_string(self).map_err(|error| PlanError::Unwritable(error.to_string()))
    }

    /// Checks the rules: at least one layout and one consumer, none twice, the baseline among the
    /// layouts, at least one block, epoch and image a batch, finite positive times.
    ///
    /// # Errors
    /// [`PlanError::Invalid`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), PlanError> {
        self.objection().map_or(Ok(()), |objection| {
            Err(PlanError::Invalid {
                name: self.name.clone(),
                message: objection.message,
            })
        })
    }

    /// All contestants: consumers × layouts, in the order of the plan, the consumer slowest.
    pub fn configurations(&self) -> Vec<Configuration> {
        let epochs_of = |consumer: &ConsumerPlan| consumer.epochs.unwrap_or(self.epochs);
        let labels = self.consumer_labels();
        self.consumers
            .iter()
            .zip(labels)
            .flat_map(|(consumer, label)| {
                self.layouts.iter().map(move |layout| Configuration {
                    name: format!("{layout} · {label}"),
                    layout: layout.clone(),
                    consumer: consumer.consumer.clone(),
                    epochs: epochs_of(consumer),
                })
            })
            .collect()
    }

    /// One name a consumer: its label, with the optimiser or a number behind it where two
    /// consumers would share one (the same model with two optimisers).
    pub fn consumer_labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = self
            .consumers
            .iter()
            .map(|consumer| consumer.consumer.label())
            .collect();
        let shared = |labels: &[String], label: &String| {
            labels.iter().filter(|other| *other == label).count() > 1
        };
        for (place, consumer) in self.consumers.iter().enumerate() {
            if let Consumer::Model(settings) = &consumer.consumer
                && self.shares_label(place)
            {
                labels[place] = format!("{} {}", settings.model, settings.optimiser);
            }
        }
        let named = labels.clone();
        for (place, label) in named.iter().enumerate() {
            if shared(&named, label) {
                labels[place] = format!("{label} #{}", place + 1);
            }
        }
        labels
    }

    fn shares_label(&self, place: usize) -> bool {
        let label = self.consumers[place].consumer.label();
        self.consumers
            .iter()
            .enumerate()
            .any(|(other, consumer)| other != place && consumer.consumer.label() == label)
    }

    /// The first rule that the plan breaks.
    fn objection(&self) -> Option<Objection> {
        self.object_to_scope()
            .or_else(|| self.object_to_layouts())
            .or_else(|| self.object_to_data())
            .or_else(|| self.object_to_loader())
            .or_else(|| self.object_to_consumers())
    }

    fn object_to_scope(&self) -> Option<Objection> {
        if self.name.trim().is_empty() {
            return Some(Place::Top.objection("name", "`name` is empty"));
        }
        if i64::try_from(self.seed.saturating_add(u64::from(self.blocks))).is_err() {
            return Some(Place::Top.objection("seed", "`seed` plus `blocks` must stay below 2⁶³"));
        }
        if self.blocks > MOST_BLOCKS {
            let message = format!("`blocks` must be at most {MOST_BLOCKS}");
            return Some(Place::Top.objection("blocks", message));
        }
        let counts = [
            ("blocks", u64::from(self.blocks)),
            ("epochs", u64::from(self.epochs)),
            ("timeout_seconds", self.timeout_seconds),
        ];
        let zero = counts.into_iter().find(|(_, count)| *count == 0);
        zero.map(|(key, _)| Place::Top.objection(key, format!("`{key}` must be at least 1")))
    }

    fn object_to_layouts(&self) -> Option<Objection> {
        if self.layouts.is_empty() {
            return Some(Place::Top.objection(
                "layouts",
                "`layouts` is empty; name at least one, for example \"npy/u8\"",
            ));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = self.layouts.iter().find(|layout| !seen.insert(*layout)) {
            return Some(Place::Top.objection("layouts", format!("layout {twice} is named twice")));
        }
        (!self.layouts.contains(&self.baseline)).then(|| {
            Place::Top.objection(
                "baseline",
                format!(
                    "baseline {} is not among the layouts ({})",
                    self.baseline,
                    self.layouts
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", ")
                ),
            )
        })
    }

    fn object_to_data(&self) -> Option<Objection> {
        if self.data.source.is_empty() {
            return Some(Place::Data.objection(
                "source",
                "`source` is empty; name a folder of images, or \"demo\"",
            ));
        }
        if self.data.stores.as_os_str().is_empty() {
            return Some(Place::Data.objection("stores", "`stores` is empty; name a folder"));
        }
        if self.data.resize.is_some_and(is_empty_size) {
            return Some(Place::Data.objection("resize", EMPTY_SIZE));
        }
        let inside = |share: f64| share > 0.0 && share < 1.0;
        self.data
            .test_share
            .filter(|share| !inside(*share))
            .map(|_| Place::Data.objection("test_share", "`test_share` must lie between 0 and 1"))
    }

    fn object_to_loader(&self) -> Option<Objection> {
        if self.loader.batch_size == 0 {
            return Some(Place::Loader.objection("batch_size", "`batch_size` must be at least 1"));
        }
        if !self.loader.element.is_delivered() {
            let element = self.loader.element;
            return Some(Place::Loader.objection(
                "element",
                format!("batches come as u8, f16 or f32, not as {element}"),
            ));
        }
        self.loader
            .resize
            .is_some_and(is_empty_size)
            .then(|| Place::Loader.objection("resize", EMPTY_SIZE))
    }

    fn object_to_consumers(&self) -> Option<Objection> {
        if self.consumers.is_empty() {
            return Some(Place::Top.objection(
                "consumers",
                "no consumer; add [[consumers]] with kind = \"none\", \"fixed-step\" or \"model\"",
            ));
        }
        let mut places = self.consumers.iter().enumerate();
        places.find_map(|(place, plan)| {
            let twice = self.consumers[..place]
                .iter()
                .any(|earlier| earlier.consumer == plan.consumer);
            let broken = if twice {
                let label = plan.consumer.label();
                Some(("kind", format!("consumer {label} is named twice")))
            } else {
                broken_rule(plan).map(|(key, rule)| (key, format!("`{key}` must be {rule}")))
            };
            broken.map(|(key, message)| Place::Consumer(place).objection(key, message))
        })
    }
}

const EMPTY_SIZE: &str = "`resize` needs a height and a width of at least 1";

const fn is_empty_size((height, width): (u32, u32)) -> bool {
    height == 0 || width == 0
}

/// The first key of a consumer with a value that makes no sense, and what it must be.
fn broken_rule(plan: &ConsumerPlan) -> Option<(&'static str, &'static str)> {
    let settings = match &plan.consumer {
        _ if plan.epochs == Some(0) => return Some(("epochs", "at least 1")),
        Consumer::None => return None,
        Consumer::FixedStep { milliseconds } => {
            let rule = ("milliseconds", "a finite number above 0");
            return (!is_positive(*milliseconds)).then_some(rule);
        }
        Consumer::Model(settings) => settings,
    };
    if settings
        .learning_rate
        .is_some_and(|rate| !is_positive(rate))
    {
        return Some(("learning_rate", "a finite number above 0"));
    }
    if !(settings.weight_decay.is_finite() && settings.weight_decay >= 0.0) {
        return Some(("weight_decay", "a finite number, 0 or above"));
    }
    match settings.schedule {
        Schedule::Step { epochs, factor } if epochs == 0 || !is_positive(factor) => Some((
            "schedule",
            "of at least 1 epoch a step and a finite factor above 0",
        )),
        _ => None,
    }
}

fn is_positive(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

/// What a plan means where it says nothing.
mod defaults {
    pub(super) const SEED: u64 = 1;
    pub(super) const BLOCKS: u32 = 10;
    pub(super) const EPOCHS: u32 = 3;
    pub(super) const TIMEOUT_SECONDS: u64 = 3600;
}
