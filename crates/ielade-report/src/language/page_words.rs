//! The words of the page, of which each language fills every one.

use super::plural::Plural;
use ielade_core::Split;
use serde::Serialize;

/// Every word of the page that is not a name; the facts and the words of the charts apart.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PageWords {
    /// What the page is.
    pub(crate) report: &'static str,
    pub(crate) no_configurations: &'static str,
    /// The state of an experiment: `{completed}`, `{failures}`, `{blocks}`.
    pub(crate) standing: &'static str,
    /// `{n}`.
    pub(crate) standing_failures: &'static str,
    /// `{planned}`.
    pub(crate) all_blocks: &'static str,
    /// `{complete}`, `{planned}`.
    pub(crate) some_blocks: &'static str,
    pub(crate) count_warnings: Plural,
    pub(crate) count_marks: Plural,
    pub(crate) count_failed: Plural,
    pub(crate) count_bad_samples: Plural,
    pub(crate) count_raw: Plural,

    // Buttons, choices and what a screen reader says of them.
    pub(crate) copy_table: &'static str,
    pub(crate) more_columns: &'static str,
    pub(crate) other_consumers: &'static str,
    pub(crate) shown: &'static str,
    pub(crate) all: &'static str,
    pub(crate) show_all: &'static str,

    // Groups: `{consumer}`, `{group}`, `{cache}`.
    pub(crate) loader_alone: &'static str,
    pub(crate) step_of: &'static str,
    pub(crate) training: &'static str,
    pub(crate) with_cache: &'static str,
    /// Behind a layout.
    pub(crate) control: &'static str,

    // Headings of sections.
    pub(crate) charts: &'static str,
    pub(crate) results: &'static str,
    pub(crate) break_even_steps: &'static str,
    pub(crate) comparisons: &'static str,
    pub(crate) measured: &'static str,
    pub(crate) method: &'static str,
    pub(crate) warnings: &'static str,
    pub(crate) marked_runs: &'static str,
    pub(crate) failed_runs: &'static str,
    pub(crate) bad_samples: &'static str,
    pub(crate) stores: &'static str,
    pub(crate) all_runs: &'static str,

    // What stands below them. The name of a file or a layout stands between two parts.
    pub(crate) no_script: [&'static str; 2],
    pub(crate) results_lead: [&'static str; 2],
    pub(crate) break_even_lead: &'static str,
    pub(crate) profiles_lead: &'static str,
    pub(crate) marks_lead: &'static str,
    pub(crate) failed_lead: &'static str,
    pub(crate) last_lines: &'static str,
    pub(crate) bad_samples_lead: &'static str,
    /// `{program}`, then a file, then the rest.
    pub(crate) footer: [&'static str; 2],
    /// A term and its explanation, as HTML.
    pub(crate) method_paragraphs: &'static [[&'static str; 2]],

    // Headings of columns.
    pub(crate) layout: &'static str,
    pub(crate) layouts: &'static str,
    pub(crate) consumer: &'static str,
    pub(crate) cache: &'static str,
    pub(crate) break_even_step: &'static str,
    /// `{step}`.
    pub(crate) stall_at: &'static str,
    pub(crate) against: &'static str,
    pub(crate) verdict: &'static str,
    pub(crate) ratio: &'static str,
    pub(crate) ratio_meaning: &'static str,
    /// `{baseline}`.
    pub(crate) ratio_column_meaning: &'static str,
    pub(crate) cliffs_delta: &'static str,
    pub(crate) delta_meaning: &'static str,
    pub(crate) p_holm: &'static str,
    pub(crate) holm_meaning: &'static str,
    pub(crate) p_equivalence: &'static str,
    pub(crate) equivalence_meaning: &'static str,
    pub(crate) equivalence_name: &'static str,
    pub(crate) blocks: &'static str,
    pub(crate) run: &'static str,
    pub(crate) block: &'static str,
    /// A block in a sentence.
    pub(crate) in_block: &'static str,
    pub(crate) configuration: &'static str,
    pub(crate) what: &'static str,
    pub(crate) counts: &'static str,
    pub(crate) yes: &'static str,
    pub(crate) no: &'static str,
    pub(crate) sample: &'static str,
    pub(crate) met_by: &'static str,
    pub(crate) split: &'static str,
    pub(crate) images: &'static str,
    pub(crate) size: &'static str,
    pub(crate) bytes_an_image: &'static str,
    pub(crate) time_to_write: &'static str,
    pub(crate) folder: &'static str,
    /// Splits: to train on, to validate with, to test on.
    pub(crate) splits: [&'static str; 3],

    // Notes on a table: what the consumer does.
    pub(crate) note_load: &'static str,
    pub(crate) note_feed: &'static str,
    pub(crate) note_train: &'static str,

    // Marks and verdicts.
    pub(crate) fastest: &'static str,
    pub(crate) shortest_mean: &'static str,
    pub(crate) baseline: &'static str,
    pub(crate) not_told_apart_from_it: &'static str,
    pub(crate) faster: &'static str,
    pub(crate) slower: &'static str,
    pub(crate) equivalent: &'static str,
    pub(crate) not_told_apart: &'static str,

    // Statistics in sentences.
    pub(crate) no_comparison: &'static str,
    pub(crate) count_comparisons: Plural,
    /// `{comparisons}`, `{test}`, `{alpha}`, `{band}`.
    pub(crate) family: &'static str,
    pub(crate) sign_flip: &'static str,
    pub(crate) paired_t: &'static str,
    pub(crate) block_model: &'static str,
    pub(crate) unpaired: &'static str,
    /// `{group}`, `{blocks}`, `{chi}`, `{p}`.
    pub(crate) friedman: &'static str,
    /// `{runs}`, `{change}`, `{tau}`, `{p}`.
    pub(crate) drift_told: &'static str,
    pub(crate) drift_not_told: &'static str,

    // Runs.
    /// Headings of the raw figures, in the order of the table.
    #[serde(skip)]
    pub(crate) run_columns: [&'static str; 38],
    pub(crate) completed: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) unknown: &'static str,
    /// `{asked}`, `{share}`, `{epoch}`.
    pub(crate) mark_cache: &'static str,
    /// `{what}`.
    pub(crate) mark_busy: &'static str,
    /// `{what}`, in a table of its own.
    pub(crate) machine_was_busy: &'static str,
    /// `{n}`.
    pub(crate) repetition: &'static str,
    /// `{score}`.
    pub(crate) outlier: &'static str,
    /// `{score}`, in the tip of a point.
    pub(crate) outlier_tip: &'static str,
    /// `{reason}`.
    pub(crate) does_not_count: &'static str,

    // Steps.
    pub(crate) needs_two_steps: &'static str,
    /// `{step}`.
    pub(crate) below_step: &'static str,
    /// `{step}`.
    pub(crate) above_step: &'static str,
    pub(crate) unknown_profile: &'static str,
    /// `{images}`.
    pub(crate) profile_speed: &'static str,
}

impl PageWords {
    /// What a split is called.
    pub(crate) const fn split(&self, split: Split) -> &'static str {
        let [train, val, test] = self.splits;
        match split {
            Split::Train => train,
            Split::Val => val,
            Split::Test => test,
        }
    }
}
