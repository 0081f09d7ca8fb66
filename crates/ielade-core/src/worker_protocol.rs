//! What a worker is asked (one job, JSON on standard input) and what it answers (events, JSON
//! lines on standard output).
//!
//! A worker is a process that runs one job. Any program in any language that reads a [`Job`] and
//! writes [`Event`]s can take part in an experiment. A worker writes `ready`, then one `epoch`
//! for each epoch, then `done`; or `failed` at any point, as its last event. Everything on
//! standard error is kept as the worker's log.

use crate::{
    bad_sample::{BadSample, BadSamplePolicy},
    element::Element,
    foreign_names::ForeignNames,
    histogram::Histogram,
    output::Augmentation,
    shuffle::Shuffle,
    training::{Evaluation, Metrics, TrainingSettings},
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Version of the protocol; a worker refuses a job of another one.
pub const PROTOCOL_VERSION: u32 = 1;

/// One job: which store to load how, for whom, how often.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// [`PROTOCOL_VERSION`] of whoever asks.
    pub protocol: u32,
    /// Folder of the store to train from.
    pub train_store: PathBuf,
    /// Folder of the store to evaluate on after every epoch; only for a model.
    #[serde(default)]
    pub test_store: Option<PathBuf>,
    /// Which parts of the stores are images and labels, where these are files that others made.
    #[serde(default)]
    pub names: ForeignNames,
    /// How the store is loaded.
    pub loader: LoaderSettings,
    /// Who takes the batches.
    pub consumer: Consumer,
    /// Epochs to run.
    pub epochs: u32,
    /// Seed of order, augmentation and initial weights.
    pub seed: u64,
    /// State of the page cache that the epochs begin in.
    pub cache: CacheState,
    /// Where the batches come from.
    #[serde(default, skip_serializing_if = "BatchOrigin::is_store")]
    pub batches: BatchOrigin,
    /// Bytes of memory that the harness lets this process use, the page cache that it fills
    /// included; `None` without a limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Where to save the trained weights, as safetensors; `None` for nowhere.
    #[serde(default)]
    pub save_weights: Option<PathBuf>,
}

/// How a store is loaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoaderSettings {
    /// Images a batch.
    pub batch_size: u32,
    /// Loader threads; 0 takes one for each core the process may use.
    pub threads: u32,
    /// Batches that may be ready or under way at once; 0 takes threads + 2.
    pub prefetch: u32,
    /// Numeric type of the delivered images.
    pub element: Element,
    /// Size (height, width) that every image is resized to; needed where sizes vary.
    pub resize: Option<(u32, u32)>,
    /// Random changes to the images.
    pub augmentation: Augmentation,
    /// How the samples of each epoch are put in order.
    pub shuffle: Shuffle,
    /// What happens to a last batch that is not full.
    pub last_batch: LastBatch,
    /// What happens to a sample that cannot be read.
    pub on_bad_sample: BadSamplePolicy,
}

impl Default for LoaderSettings {
    fn default() -> Self {
        Self {
            batch_size: 128,
            threads: 0,
            prefetch: 0,
            element: Element::F32,
            resize: None,
            augmentation: Augmentation::NONE,
            shuffle: Shuffle::Global,
            last_batch: LastBatch::Keep,
            on_bad_sample: BadSamplePolicy::Fail,
        }
    }
}

/// What happens to a last batch that is not full.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LastBatch {
    /// It is delivered, shorter than the others.
    #[default]
    Keep,
    /// It is left out.
    Drop,
}

/// Who takes the batches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", deny_unknown_fields)]
pub enum Consumer {
    /// Nobody: each batch goes straight back. Measures the loader alone.
    None,
    /// A step of fixed length, as a GPU would take; the processor sleeps meanwhile.
    FixedStep {
        /// Length of a step in milliseconds.
        milliseconds: f64,
        /// Name of the [step profile](crate::step_profiles) that the length comes from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        profile: Option<String>,
    },
    /// A model that is trained.
    Model(TrainingSettings),
}

impl Consumer {
    /// A step of so many milliseconds, of no profile.
    pub const fn fixed_step(milliseconds: f64) -> Self {
        Self::FixedStep {
            milliseconds,
            profile: None,
        }
    }

    /// A short name for tables: `none`, `fixed 5 ms`, `cnn`, or the name of a step profile.
    pub fn label(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::FixedStep {
                profile: Some(profile),
                ..
            } => profile.clone(),
            Self::FixedStep { milliseconds, .. } => format!("fixed {milliseconds} ms"),
            Self::Model(settings) => settings.model.name().to_owned(),
        }
    }
}

/// State of the page cache that a run asks for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum CacheState {
    /// The store's files are read once before the first epoch.
    #[default]
    Warm,
    /// The store's files are dropped from the cache before every epoch.
    Cold,
    /// The store's files are dropped from the cache before the first epoch only: what later epochs
    /// find is what the first one left.
    ColdFirst,
    /// Nothing is done.
    AsIs,
}

impl CacheState {
    /// All states, in the order of a table.
    pub const ALL: [Self; 4] = [Self::Warm, Self::Cold, Self::ColdFirst, Self::AsIs];

    /// The name in plans, records and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::ColdFirst => "cold-first",
            Self::AsIs => "as-is",
        }
    }

    /// True where the store's files are dropped before the epoch of this number, from 0.
    pub const fn drops_before(self, epoch: u32) -> bool {
        match self {
            Self::Cold => true,
            Self::ColdFirst => epoch == 0,
            Self::Warm | Self::AsIs => false,
        }
    }

    /// Whether an epoch began in this state, by the share of the store's bytes that the page cache
    /// held before it: at least 99 % for a warm one, at most 1 % for a cold one. Epochs after the
    /// first are only held to it where the state is established before each of them.
    pub fn is_established(self, epoch: u32, residency: f64) -> bool {
        match self {
            Self::Warm if epoch == 0 => residency >= WARM_RESIDENCY,
            Self::Cold | Self::ColdFirst if self.drops_before(epoch) => residency <= COLD_RESIDENCY,
            Self::Warm | Self::Cold | Self::ColdFirst | Self::AsIs => true,
        }
    }
}

impl std::fmt::Display for CacheState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Least share of a store's bytes in the page cache before the first epoch of a warm run.
pub const WARM_RESIDENCY: f64 = 0.99;

/// Largest share of a store's bytes in the page cache before a cold epoch.
pub const COLD_RESIDENCY: f64 = 0.01;

/// Where the batches of a job come from.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum BatchOrigin {
    /// They are loaded from the store.
    #[default]
    Store,
    /// They have the store's shape and labels of its classes, are made once in memory, and are
    /// handed over again and again: what the consumer takes alone, without any loading.
    Memory,
}

impl BatchOrigin {
    /// True where batches are loaded.
    pub const fn is_store(&self) -> bool {
        matches!(self, Self::Store)
    }
}

/// One line that a worker writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "event")]
pub enum Event {
    /// The store is open and the model is built.
    Ready(Ready),
    /// An epoch has ended.
    Epoch(EpochReport),
    /// All epochs have ended.
    Done(Done),
    /// The job cannot go on.
    Failed(Failure),
}

/// What the worker is about to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ready {
    /// [`PROTOCOL_VERSION`] of the worker.
    pub protocol: u32,
    /// Name and version of the worker.
    pub worker: String,
    /// Device of the model, or `cpu` without one.
    pub device: String,
    /// Loader threads in use.
    pub threads: u32,
    /// Samples in the training store.
    pub samples: u32,
    /// Seconds from the job's arrival until the stores were open and the model built; warming
    /// or dropping the cache is not part of it.
    pub setup_seconds: f64,
    /// Seconds that establishing the cache state took.
    pub cache_seconds: f64,
    /// Share of the training store's bytes in the page cache after that and before the store was
    /// opened, 0..1: the proof of the state. `None` where the system does not tell.
    #[serde(default)]
    pub residency: Option<f64>,
    /// Weights and biases of the model.
    #[serde(default)]
    pub parameters: Option<u64>,
    /// How the epochs are ordered.
    #[serde(default)]
    pub order: Option<OrderReport>,
    /// What was guessed of a file that others made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guesses: Vec<String>,
}

/// How a worker orders its epochs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrderReport {
    /// The shuffle.
    pub shuffle: Shuffle,
    /// Samples that the store packs into one chunk; 1 where each stands alone.
    pub samples_per_chunk: u32,
    /// [`shuffle::score`](crate::shuffle::score) of the first epoch's order, 0..1.
    pub score: f64,
}

/// One epoch as the worker saw it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EpochReport {
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Seconds from asking for the first batch to the end of the last step; evaluation is not
    /// part of it.
    pub seconds: f64,
    /// Seconds from asking for the first batch until it was there.
    pub first_batch_seconds: f64,
    /// Seconds in which the consumer waited for a batch, the first one included.
    pub wait_seconds: f64,
    /// Steps (batches).
    pub steps: u64,
    /// Images delivered.
    pub images: u64,
    /// Processor seconds in user mode, of the whole worker, during the epoch.
    pub cpu_user_seconds: f64,
    /// Processor seconds in the kernel, of the whole worker, during the epoch.
    pub cpu_system_seconds: f64,
    /// Share of the store's bytes in the page cache just before the epoch, 0..1, the store being
    /// open; `None` where the system does not tell. Before the first epoch it has what opening
    /// read, which is part of the run ([`Ready::residency`] is the proof); before later ones, where
    /// the state is established anew, what opening read was dropped again and this is the proof.
    #[serde(default)]
    pub residency_before: Option<f64>,
    /// Share of the store's bytes in the page cache after the epoch, 0..1.
    #[serde(default)]
    pub residency: Option<f64>,
    /// Seconds that dropping the store from the page cache and opening it anew took before the
    /// epoch; not part of `seconds`.
    #[serde(default)]
    pub cache_seconds: f64,
    /// Seconds that each step waited for its batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Histogram>,
    /// Seconds that the consumer took for each batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Histogram>,
    /// Batch buffers that were allocated during the epoch; 0 once the pool is filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_allocations: Option<u64>,
    /// Training loss and accuracy over the epoch's batches.
    #[serde(default)]
    pub train: Option<Metrics>,
    /// Loss and accuracy on the test store after the epoch.
    #[serde(default)]
    pub test: Option<Metrics>,
    /// Seconds that the evaluation took.
    #[serde(default)]
    pub evaluation_seconds: f64,
    /// Loss of every step, as computed, for bit-for-bit comparison; only for a model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub step_losses: Vec<f32>,
    /// Samples that could not be delivered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bad_samples: Vec<BadSample>,
}

/// The end of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// Total training time: seconds from the job's arrival to the end of the last step, less
    /// evaluation and less establishing the cache state.
    pub training_seconds: f64,
    /// Seconds of all evaluations.
    pub evaluation_seconds: f64,
    /// Digest of the batches of the first epoch (sample positions and labels, in order), to
    /// prove that every layout delivered the same.
    #[serde(default)]
    pub order_digest: Option<String>,
    /// The evaluation after the last epoch.
    #[serde(default)]
    pub evaluation: Option<Evaluation>,
}

/// Why a job cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The reason, with path and hint.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::{BatchOrigin, CacheState, Consumer, Event, Failure, Job, LoaderSettings};
    use crate::training::{ModelName, TrainingSettings};

    #[test]
    fn events_are_tagged_lines_that_any_language_reads() {
        let event = Event::Failed(Failure {
            message: "no such store".to_owned(),
        });
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(line, r#"{"event":"failed","message":"no such store"}"#);
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
    }

    #[test]
    fn a_model_consumer_lies_flat_beside_its_kind() {
        let consumer = Consumer::Model(TrainingSettings::of(ModelName::Cnn));
        let json = serde_json::to_value(&consumer).unwrap();
        assert_eq!(json["kind"], "model");
        assert_eq!(json["model"], "cnn");
        assert_eq!(serde_json::from_value::<Consumer>(json).unwrap(), consumer);
    }

    #[test]
    fn a_job_and_a_consumer_of_an_earlier_version_are_read() {
        let step = serde_json::from_str(r#"{"kind":"fixed-step","milliseconds":5}"#).unwrap();
        assert_eq!(Consumer::fixed_step(5.0), step);
        let job = r#"{"protocol":1,"train_store":"s","loader":{},"consumer":{"kind":"none"},
            "epochs":1,"seed":1,"cache":"warm"}"#;
        let job: Job = serde_json::from_str(job).unwrap();
        assert_eq!(job.batches, BatchOrigin::Store);
    }

    #[test]
    fn cache_states_are_held_to_the_epochs_that_they_are_about() {
        for state in CacheState::ALL {
            let json = serde_json::to_value(state).unwrap();
            assert_eq!(json, state.name());
        }
        assert!(CacheState::Warm.is_established(0, 1.0));
        assert!(!CacheState::Warm.is_established(0, 0.98));
        assert!(CacheState::Warm.is_established(1, 0.5));
        assert!(!CacheState::Cold.is_established(1, 0.02));
        assert!(CacheState::ColdFirst.is_established(1, 1.0));
        assert!(!CacheState::ColdFirst.is_established(0, 0.02));
        assert!(CacheState::AsIs.is_established(0, 0.5));
    }

    #[test]
    fn loader_settings_refuse_a_misspelt_key() {
        let error = serde_json::from_str::<LoaderSettings>(r#"{"bach_size": 3}"#).unwrap_err();
        assert!(error.to_string().contains("bach_size"));
    }
}
