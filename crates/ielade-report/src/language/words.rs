//! The table of words that each language fills.

use super::{
    chart_words::{ChartWords, FigureWords},
    fact_words::FactWords,
    page_words::PageWords,
};
use ielade_core::worker_protocol::CacheState;

/// Every word and sentence of a document that is not a name. A word in braces stands for what is
/// filled in.
#[derive(Debug)]
pub(crate) struct Words {
    /// Title of a document: `{data_set}`.
    pub(crate) title: &'static str,
    /// Below it: `{experiment}`, `{date}`, `{program}`.
    pub(crate) subtitle: &'static str,
    /// Heading of the table of contents.
    pub(crate) contents: &'static str,
    /// Heading of the bibliography.
    pub(crate) references: &'static str,
    /// Before the number of a table, and behind it, in a caption.
    pub(crate) table_caption: [&'static str; 2],
    /// Before the number of a figure, and behind it, in a caption.
    pub(crate) figure_caption: [&'static str; 2],
    /// Behind a value: `{range}`.
    pub(crate) interval_in_brackets: &'static str,
    /// Symbol of images a second.
    pub(crate) images_a_second: &'static str,
    /// Heading.
    pub(crate) answer: &'static str,
    /// Where there is no answer.
    pub(crate) no_configurations: &'static str,
    /// Before the answers of other consumers.
    pub(crate) other_consumers: &'static str,
    /// Leads to a table and a figure.
    pub(crate) where_to_look: [&'static str; 3],
    /// Heading.
    pub(crate) results: &'static str,
    /// A group: `{consumer}`.
    pub(crate) loader_alone: &'static str,
    /// A group: `{consumer}`.
    pub(crate) fixed_step: &'static str,
    /// A group: `{consumer}`.
    pub(crate) training_model: &'static str,
    /// State of the cache.
    pub(crate) warm: &'static str,
    /// State of the cache.
    pub(crate) cold: &'static str,
    /// State of the cache.
    pub(crate) cold_first: &'static str,
    /// State of the cache.
    pub(crate) as_is: &'static str,
    /// Caption: `{group}`.
    pub(crate) times_caption: &'static str,
    /// Note: `{runs}`, `{baseline}`.
    pub(crate) times_note: &'static str,
    /// `{runs}`, `{epochs}`.
    pub(crate) runs_and_epochs: &'static str,
    /// Caption: `{group}`.
    pub(crate) resources_caption: &'static str,
    /// Heading of a column.
    pub(crate) layout: &'static str,
    /// Heading of a column.
    pub(crate) ratio: &'static str,
    /// Heading of a column.
    pub(crate) verdict: &'static str,
    /// Verdict.
    pub(crate) baseline: &'static str,
    /// Verdict.
    pub(crate) faster: &'static str,
    /// Verdict.
    pub(crate) slower: &'static str,
    /// Verdict.
    pub(crate) equivalent: &'static str,
    /// Verdict.
    pub(crate) not_told_apart: &'static str,
    /// `{p}`.
    pub(crate) friedman: &'static str,
    /// `{ratio}`.
    pub(crate) control_agrees: &'static str,
    /// `{ratio}`.
    pub(crate) control_differs: &'static str,
    /// Caption: `{group}`.
    pub(crate) total_caption: &'static str,
    /// Heading.
    pub(crate) epoch_by_epoch: &'static str,
    /// Text.
    pub(crate) epoch_by_epoch_text: &'static str,
    /// Caption: `{group}`.
    pub(crate) epochs_caption: &'static str,
    /// Axis.
    pub(crate) epoch: &'static str,
    /// Axis.
    pub(crate) epoch_time: &'static str,
    /// Heading.
    pub(crate) split: &'static str,
    /// Text.
    pub(crate) split_text: &'static str,
    /// Caption: `{consumer}`.
    pub(crate) split_caption: &'static str,
    /// Part.
    pub(crate) compute: &'static str,
    /// Part.
    pub(crate) preparation: &'static str,
    /// Part.
    pub(crate) fetch: &'static str,
    /// Heading.
    pub(crate) stall: &'static str,
    /// Text.
    pub(crate) stall_text: &'static str,
    /// Caption.
    pub(crate) stall_caption: &'static str,
    /// Axis.
    pub(crate) step_time: &'static str,
    /// Axis.
    pub(crate) stall_share: &'static str,
    /// Caption.
    pub(crate) break_even_caption: &'static str,
    /// Heading of a column.
    pub(crate) break_even_column: &'static str,
    /// Heading.
    pub(crate) size_and_speed: &'static str,
    /// Caption: `{group}`.
    pub(crate) size_caption: &'static str,
    /// Axis and column.
    pub(crate) size_on_disk: &'static str,
    /// Heading.
    pub(crate) accuracy: &'static str,
    /// Text.
    pub(crate) accuracy_text: &'static str,
    /// Caption: `{consumer}`.
    pub(crate) accuracy_caption: &'static str,
    /// Axis.
    pub(crate) accuracy_axis: &'static str,
    /// Heading.
    pub(crate) over_time: &'static str,
    /// Text.
    pub(crate) over_time_text: &'static str,
    /// Caption: `{configuration}`, `{block}`.
    pub(crate) run_memory_caption: &'static str,
    /// Caption: `{configuration}`, `{block}`.
    pub(crate) run_processors_caption: &'static str,
    /// Axis.
    pub(crate) seconds_since_start: &'static str,
    /// Heading.
    pub(crate) order_of_runs: &'static str,
    /// Text, before what is said of the drift.
    pub(crate) order_of_runs_text: &'static str,
    /// Caption: `{group}`.
    pub(crate) order_caption: &'static str,
    /// Axis.
    pub(crate) run: &'static str,
    /// Axis.
    pub(crate) share_of_mean: &'static str,
    /// Heading.
    pub(crate) method: &'static str,
    /// Paragraphs with `{blocks}`, `{planned}`, `{comparisons}`, `{alpha}`, `{band}`, `{test}` and citations.
    pub(crate) method_paragraphs: &'static [&'static str],
    /// A test.
    pub(crate) sign_flip: &'static str,
    /// A test.
    pub(crate) paired_t: &'static str,
    /// A test.
    pub(crate) block_model: &'static str,
    /// A test.
    pub(crate) unpaired: &'static str,
    /// Heading.
    pub(crate) setting: &'static str,
    /// Text before citations.
    pub(crate) setting_text: &'static str,
    /// Caption.
    pub(crate) data_caption: &'static str,
    /// Caption.
    pub(crate) machine_caption: &'static str,
    /// Caption.
    pub(crate) stores_caption: &'static str,
    /// Heading of a column.
    pub(crate) fact: &'static str,
    /// Heading of a column.
    pub(crate) value: &'static str,
    /// Fact.
    pub(crate) data_set: &'static str,
    /// Fact.
    pub(crate) image_size: &'static str,
    /// Fact.
    pub(crate) training_images: &'static str,
    /// Fact.
    pub(crate) test_images: &'static str,
    /// Fact.
    pub(crate) classes: &'static str,
    /// Fact.
    pub(crate) layouts: &'static str,
    /// Fact.
    pub(crate) baseline_layout: &'static str,
    /// Fact.
    pub(crate) consumers: &'static str,
    /// Fact.
    pub(crate) cache: &'static str,
    /// Fact.
    pub(crate) blocks: &'static str,
    /// Fact.
    pub(crate) epochs: &'static str,
    /// Fact.
    pub(crate) batch_size: &'static str,
    /// Fact.
    pub(crate) threads: &'static str,
    /// Fact.
    pub(crate) one_a_processor: &'static str,
    /// Fact.
    pub(crate) element: &'static str,
    /// Fact.
    pub(crate) seed: &'static str,
    /// Fact.
    pub(crate) processor: &'static str,
    /// Fact.
    pub(crate) processors: &'static str,
    /// Fact.
    pub(crate) memory: &'static str,
    /// Fact.
    pub(crate) memory_limit: &'static str,
    /// Fact.
    pub(crate) gpu: &'static str,
    /// Fact.
    pub(crate) kernel: &'static str,
    /// Fact.
    pub(crate) file_system: &'static str,
    /// Fact.
    pub(crate) governor: &'static str,
    /// Fact.
    pub(crate) program: &'static str,
    /// Value.
    pub(crate) not_known: &'static str,
    /// Value.
    pub(crate) none: &'static str,
    /// Heading of a column.
    pub(crate) part: &'static str,
    /// Heading of a column.
    pub(crate) images: &'static str,
    /// Heading of a column.
    pub(crate) bytes_an_image: &'static str,
    /// Heading of a column.
    pub(crate) preparing: &'static str,
    /// Heading.
    pub(crate) warnings: &'static str,
    /// Text.
    pub(crate) no_warnings: &'static str,
    /// Caption.
    pub(crate) not_counted_caption: &'static str,
    /// Heading of a column.
    pub(crate) configuration: &'static str,
    /// Heading of a column.
    pub(crate) block: &'static str,
    /// Heading of a column.
    pub(crate) outcome: &'static str,
    /// Heading of a column.
    pub(crate) reason: &'static str,
    /// Outcome.
    pub(crate) failed: &'static str,
    /// Outcome.
    pub(crate) left_out: &'static str,
    /// The page, but its facts and charts.
    pub(crate) page: PageWords,
    /// What was measured on what, on the page.
    pub(crate) facts: FactWords,
    /// What the page's script writes.
    pub(crate) charts: ChartWords,
    /// Headings and captions of the page's figures, in their order.
    pub(crate) figures: [FigureWords; 9],
}

impl Words {
    /// What a state of the page cache is called.
    pub(crate) const fn cache(&self, state: CacheState) -> &'static str {
        match state {
            CacheState::Warm => self.warm,
            CacheState::Cold => self.cold,
            CacheState::ColdFirst => self.cold_first,
            CacheState::AsIs => self.as_is,
        }
    }
}

/// Puts values into the places of a template, each named in braces; what is put in is not looked
/// through again.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else {
            break;
        };
        text.push_str(before);
        let found = values.iter().find(|(known, _)| *known == name);
        text.push_str(found.map_or("", |(_, value)| *value));
        rest = behind;
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::fill;

    #[test]
    fn values_are_put_into_their_places_once() {
        let values = [("a", "{b}"), ("b", "2")];
        assert_eq!(fill("1 {a} {b}.", &values), "1 {b} 2.");
        assert_eq!(fill("open {brace", &values), "open {brace");
    }
}
