//! The words of the facts on the page: data, plan, loading, machine, watching.

use super::plural::Plural;

/// What was measured on what.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(test, derive(serde::Serialize))]
pub(crate) struct FactWords {
    // Groups.
    pub(crate) data: &'static str,
    pub(crate) plan: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) machine: &'static str,
    pub(crate) watching: &'static str,

    // Data.
    pub(crate) data_set: &'static str,
    pub(crate) image_size: &'static str,
    pub(crate) to_train: &'static str,
    pub(crate) to_test: &'static str,
    pub(crate) classes: &'static str,
    pub(crate) source: &'static str,
    pub(crate) stored_as: &'static str,
    pub(crate) orientation: &'static str,
    pub(crate) ignored: &'static str,
    pub(crate) count_images: Plural,
    /// `{height}`, `{width}`.
    pub(crate) pixels: &'static str,

    // Plan.
    pub(crate) experiment: &'static str,
    pub(crate) layouts: &'static str,
    pub(crate) baseline: &'static str,
    pub(crate) consumers: &'static str,
    pub(crate) blocks: &'static str,
    /// `{complete}`, `{planned}`.
    pub(crate) blocks_complete: &'static str,
    pub(crate) cache: &'static str,
    pub(crate) seed: &'static str,
    pub(crate) control: &'static str,
    /// `{baseline}`.
    pub(crate) control_text: &'static str,
    pub(crate) split: &'static str,
    pub(crate) split_text: &'static str,
    pub(crate) precision: &'static str,
    /// `{target}`, `{blocks}`.
    pub(crate) precision_text: &'static str,
    pub(crate) memory_limit: &'static str,
    pub(crate) busy_machine: &'static str,
    pub(crate) repeated_once: &'static str,
    /// `{n}`.
    pub(crate) repeated_often: &'static str,
    pub(crate) no_consumer: &'static str,
    /// `{step}`.
    pub(crate) step_of: &'static str,
    /// `{model}`, `{optimiser}`, `{rate}`.
    pub(crate) model: &'static str,
    /// `{what}`, `{epochs}`.
    pub(crate) consumer_epochs: &'static str,
    pub(crate) count_epochs: Plural,
    pub(crate) warm: &'static str,
    pub(crate) cold: &'static str,
    pub(crate) cold_first: &'static str,
    pub(crate) as_is: &'static str,

    // Loading.
    pub(crate) batch: &'static str,
    pub(crate) threads: &'static str,
    pub(crate) one_a_processor: &'static str,
    pub(crate) or: &'static str,
    pub(crate) delivered_as: &'static str,
    /// `{element}`.
    pub(crate) channels_first: &'static str,
    pub(crate) order: &'static str,
    pub(crate) shuffled: &'static str,
    pub(crate) as_stored: &'static str,
    /// `{buffer}`.
    pub(crate) shuffled_chunks: &'static str,
    pub(crate) augmentation: &'static str,
    /// `{padding}`.
    pub(crate) random_crop: &'static str,
    pub(crate) random_mirroring: &'static str,
    pub(crate) none: &'static str,
    pub(crate) last_batch: &'static str,
    pub(crate) last_kept: &'static str,
    pub(crate) last_dropped: &'static str,
    pub(crate) bad_sample: &'static str,
    pub(crate) bad_fails: &'static str,
    pub(crate) bad_skipped: &'static str,
    pub(crate) bad_replaced: &'static str,
    pub(crate) resized_to: &'static str,

    // Machine.
    pub(crate) not_known: &'static str,
    pub(crate) processor: &'static str,
    pub(crate) processors_usable: &'static str,
    pub(crate) memory: &'static str,
    /// `{all}`, `{limit}`.
    pub(crate) limited_memory: &'static str,
    pub(crate) graphics_processor: &'static str,
    pub(crate) kernel: &'static str,
    pub(crate) file_system: &'static str,
    pub(crate) read_ahead: &'static str,
    pub(crate) governor: &'static str,
    pub(crate) control_group: &'static str,
    /// `{n}`.
    pub(crate) some_processors: &'static str,
    /// `{set}`.
    pub(crate) processor_set: &'static str,
    /// `{limit}`.
    pub(crate) swap: &'static str,
    pub(crate) load: &'static str,

    // Watching.
    pub(crate) samples: &'static str,
    pub(crate) own_cost: &'static str,
    /// `{share}`.
    pub(crate) cost_share: &'static str,
    /// `{reason}`.
    pub(crate) not_seen: &'static str,
}
