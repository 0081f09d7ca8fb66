//! The words of the charts, of which each language fills every one.

use super::plural::Plural;
use ielade_core::worker_protocol::CacheState;
use serde::Serialize;

/// The words that the page's script writes into charts, filter and tables.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ChartWords {
    pub(crate) run: &'static str,
    pub(crate) block: &'static str,
    pub(crate) epoch: &'static str,
    pub(crate) step: &'static str,
    pub(crate) mean_of_one: &'static str,
    pub(crate) mean_of: Plural,
    pub(crate) interval: &'static str,
    pub(crate) images_per_second: &'static str,
    pub(crate) training_store: &'static str,
    pub(crate) test_accuracy: &'static str,
    pub(crate) training_loss: &'static str,
    pub(crate) test_loss: &'static str,
    pub(crate) all_layouts: &'static str,
    /// `{n}` stands for a number, here and below.
    pub(crate) some_layouts: &'static str,
    pub(crate) of_mean: &'static str,
    pub(crate) in_cache: &'static str,
    pub(crate) compute: &'static str,
    pub(crate) preparation: &'static str,
    pub(crate) fetch: &'static str,
    pub(crate) stall: &'static str,
    pub(crate) starved: &'static str,
    pub(crate) break_even: &'static str,
    pub(crate) cache: &'static str,
    pub(crate) caches: CacheWords,
    pub(crate) memory: &'static str,
    pub(crate) processors: &'static str,
    pub(crate) reading: &'static str,
    pub(crate) page_cache: &'static str,
    pub(crate) seconds_since_start: &'static str,
    pub(crate) columns: ColumnWords,
    pub(crate) theme: &'static str,
    pub(crate) themes: [&'static str; 3],
    pub(crate) copied: &'static str,
    pub(crate) low: &'static str,
    pub(crate) high: &'static str,
    pub(crate) shown_all: &'static str,
    pub(crate) shown_some: &'static str,
    pub(crate) nothing_left: &'static str,
    pub(crate) more: &'static str,
}

/// The states of the page cache, by the names that plans and records have for them.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CacheWords {
    pub(crate) warm: &'static str,
    pub(crate) cold: &'static str,
    pub(crate) cold_first: &'static str,
    pub(crate) as_is: &'static str,
}

impl CacheWords {
    /// What a state is called.
    pub(crate) const fn of(&self, state: CacheState) -> &'static str {
        match state {
            CacheState::Warm => self.warm,
            CacheState::Cold => self.cold,
            CacheState::ColdFirst => self.cold_first,
            CacheState::AsIs => self.as_is,
        }
    }
}

/// The lines of the chart of one run, by the name of their column.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct ColumnWords {
    pub(crate) rss_bytes: &'static str,
    pub(crate) pss_bytes: &'static str,
    pub(crate) anonymous_bytes: &'static str,
    pub(crate) page_cache_bytes: &'static str,
    pub(crate) gpu_memory_bytes: &'static str,
    pub(crate) cpu_user: &'static str,
    pub(crate) cpu_system: &'static str,
    pub(crate) machine_cpu: &'static str,
    pub(crate) io_wait: &'static str,
    pub(crate) gpu_utilisation: &'static str,
    pub(crate) read_bytes: &'static str,
}

impl ColumnWords {
    /// What a column is called; its own name where it is not drawn.
    pub(crate) fn of(&self, column: &'static str) -> &'static str {
        match column {
            "rss_bytes" => self.rss_bytes,
            "pss_bytes" => self.pss_bytes,
            "anonymous_bytes" => self.anonymous_bytes,
            "page_cache_bytes" => self.page_cache_bytes,
            "gpu_memory_bytes" => self.gpu_memory_bytes,
            "cpu_user" => self.cpu_user,
            "cpu_system" => self.cpu_system,
            "machine_cpu" => self.machine_cpu,
            "io_wait" => self.io_wait,
            "gpu_utilisation" => self.gpu_utilisation,
            "read_bytes" => self.read_bytes,
            other => other,
        }
    }
}

/// Heading and caption of a figure of the page.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct FigureWords {
    /// By which the script knows it.
    pub(crate) kind: &'static str,
    pub(crate) title: &'static str,
    pub(crate) caption: &'static str,
    /// Label of a switch that fits the axis to the points; empty for none.
    pub(crate) zoom: &'static str,
}
