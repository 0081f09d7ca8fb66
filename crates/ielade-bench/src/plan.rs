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
//! What is compared, and how surely, is said beforehand too:
//!
//! ```toml
//! cache = ["warm", "cold"]  # every layout with every consumer in each state
//! control = true            # the baseline once more under another name (A/A)
//! split = true              # models on batches from memory too: time of the model alone
//! comparisons = "baseline"  # or "all-pairs"
//! test = "auto"             # or "paired", "unpaired"
//! equivalence = 0.05        # differences within 5 % count as none
//! target_ci = 0.02          # more blocks until intervals are that narrow,
//! most_blocks = 40          # up to so many
//! memory_limit = "512MiB"   # for every worker: data sets larger than memory
//! most_repeats = 1          # of a run on a busy machine
//!
//! [data]
//! source = "photos"
//! thumbnails = false        # a report without pictures
//! ```
//!
//! Relative paths in the file are relative to the current directory, not to the file: what the
//! plan names is what the same words would name in the shell.

mod comparison;
mod configurations;
mod memory_limit;
mod reader;
mod rules;
mod section;

use ielade_core::{
    LayoutId, OrientationRule,
    worker_protocol::{CacheState, Consumer, LoaderSettings},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::{Path, PathBuf};

pub use comparison::{Comparisons, TestKind};
pub use memory_limit::{MemoryLimit, MemoryLimitError};

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
    /// States of the page cache; every layout runs with every consumer in each.
    #[serde(deserialize_with = "one_or_many", serialize_with = "one_alone")]
    pub cache: Vec<CacheState>,
    /// Whether the baseline runs once more under another name (A/A).
    #[serde(default)]
    pub control: bool,
    /// Whether each model also runs on batches from memory, for the time that it takes alone.
    #[serde(default)]
    pub split: bool,
    /// Which configurations are compared with which.
    #[serde(default)]
    pub comparisons: Comparisons,
    /// How two configurations are compared.
    #[serde(default)]
    pub test: TestKind,
    /// Relative difference within which two configurations count as equivalent.
    #[serde(default = "defaults::equivalence")]
    pub equivalence: f64,
    /// Relative half-width that all intervals of the total training time must reach: blocks are
    /// added until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_ci: Option<f64>,
    /// The most blocks that `target_ci` may lead to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_blocks: Option<u32>,
    /// How often a run on a busy machine is repeated, at most.
    #[serde(default)]
    pub most_repeats: u32,
    /// Memory that a worker may use, with the page cache that it fills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<MemoryLimit>,
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
    /// Whether a few of the images, made small, are kept beside the records for the report.
    #[serde(default = "defaults::thumbnails", skip_serializing_if = "is_true")]
    pub thumbnails: bool,
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
            thumbnails: defaults::thumbnails(),
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
            cache: vec![CacheState::default()],
            control: true,
            split: false,
            comparisons: Comparisons::default(),
            test: TestKind::default(),
            equivalence: defaults::EQUIVALENCE,
            target_ci: None,
            most_blocks: None,
            most_repeats: defaults::MOST_REPEATS,
            memory_limit: None,
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

    /// The most blocks of the experiment: `blocks`, or where it is to reach a precision
    /// (`target_ci`), what `most_blocks` says or four times as many.
    pub fn block_limit(&self) -> u32 {
        match (self.target_ci, self.most_blocks) {
            (None, _) => self.blocks,
            (Some(_), Some(most)) => most.max(self.blocks),
            (Some(_), None) => self.blocks.saturating_mul(defaults::MOST_BLOCKS_FACTOR),
        }
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
}

/// What a plan means where it says nothing.
mod defaults {
    pub(super) const SEED: u64 = 1;
    pub(super) const BLOCKS: u32 = 10;
    pub(super) const EPOCHS: u32 = 3;
    pub(super) const TIMEOUT_SECONDS: u64 = 3600;
    pub(super) const EQUIVALENCE: f64 = 0.05;
    pub(super) const MOST_REPEATS: u32 = 1;
    /// Blocks that `target_ci` may lead to, as a multiple of `blocks`.
    pub(super) const MOST_BLOCKS_FACTOR: u32 = 4;

    /// For records of earlier versions.
    pub(super) const fn equivalence() -> f64 {
        EQUIVALENCE
    }

    pub(super) const fn thumbnails() -> bool {
        true
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde asks
const fn is_true(value: &bool) -> bool {
    *value
}

/// Reads one state, as earlier versions wrote it, or several.
fn one_or_many<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<CacheState>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(CacheState),
        Many(Vec<CacheState>),
    }
    Ok(match OneOrMany::deserialize(reader)? {
        OneOrMany::One(state) => vec![state],
        OneOrMany::Many(states) => states,
    })
}

/// Writes a single state alone, as earlier versions did.
fn one_alone<S: Serializer>(states: &[CacheState], writer: S) -> Result<S::Ok, S::Error> {
    match states {
        [only] => only.serialize(writer),
        several => several.serialize(writer),
    }
}
