//! The tables of results: times and resources with each consumer, and the runs that do not count.

use super::{Block, Column, Inline, Table};
use crate::{
    answer::{self, Work},
    figures::{MISSING, Quantity, Scale},
    language::{self, Language, Words, fill, metric_name},
    metric_words,
};
use ielade_bench::analysis::{
    Analysis, Comparison, ConfigurationSummary, ConsumerGroup, Metric, Verdict,
};
use ielade_core::worker_protocol::CacheState;

/// The times beside the total time.
const TIMES: [Metric; 3] = [
    Metric::MeanEpochSeconds,
    Metric::FirstBatchSeconds,
    Metric::ImagesPerSecond,
];

/// What a layout uses, as far as it was measured.
const RESOURCES: [Metric; 6] = [
    Metric::WaitShare,
    Metric::CpuSecondsPer1000,
    Metric::PeakRssBytes,
    Metric::PeakAnonymousBytes,
    Metric::ReadBytes,
    Metric::TestTop1,
];

/// The chapter of results: a section a group.
pub(super) fn section(analysis: &Analysis, language: Language) -> Vec<Block> {
    let mut blocks = vec![Block::heading(1, language.words().results)];
    for (place, group) in analysis.groups.iter().enumerate() {
        blocks.push(Block::heading(2, group_title(group, language)));
        blocks.push(Block::Paragraph(where_to_look(place, language)));
        blocks.push(Block::Table(times(analysis, group, place, language)));
        blocks.extend(super::figures::total_times(group, place, language).map(Block::Figure));
        blocks.extend(resources(group, place, language).map(Block::Table));
        blocks.extend(judged(group, language));
    }
    blocks
}

/// The sentence that leads to the table and the figure of a group.
pub(super) fn where_to_look(place: usize, language: Language) -> Vec<Inline> {
    let [before, between, after] = language.words().where_to_look;
    vec![
        Inline::Text(before.to_owned()),
        Inline::TableNumber(times_key(place)),
        Inline::Text(between.to_owned()),
        Inline::FigureNumber(super::figures::total_key(place)),
        Inline::Text(after.to_owned()),
    ]
}

fn times_key(place: usize) -> String {
    format!("times-{}", place + 1)
}

/// What a group is called in headings and captions.
pub(super) fn group_title(group: &ConsumerGroup, language: Language) -> String {
    let words = language.words();
    let template = match answer::work_of(group) {
        Work::Load => words.loader_alone,
        Work::Feed => words.fixed_step,
        Work::Train => words.training_model,
    };
    let consumer = fill(template, &[("consumer", &language.step(&group.consumer))]);
    if group.name == group.consumer {
        consumer
    } else {
        format!("{consumer}, {}", cache_name(group.cache, words))
    }
}

/// A state of the cache in words.
pub(super) const fn cache_name(cache: CacheState, words: &Words) -> &'static str {
    words.cache(cache)
}

fn times(analysis: &Analysis, group: &ConsumerGroup, place: usize, language: Language) -> Table {
    let words = language.words();
    let mut cells = vec![metric_cells(group, Metric::TrainingSeconds, language)];
    cells.push(Some(ratio_cells(analysis, group, language)));
    cells.push(Some(verdict_cells(analysis, group, language)));
    cells.extend(TIMES.map(|metric| metric_cells(group, metric, language)));
    let caption = fill(
        words.times_caption,
        &[("group", &group_title(group, language))],
    );
    let note = fill(
        words.times_note,
        &[
            ("runs", &runs_text(group, language)),
            ("baseline", &analysis.baseline.to_string()),
        ],
    );
    Table {
        note: Some(note),
        ..table(times_key(place), caption, group, cells, language)
    }
}

fn resources(group: &ConsumerGroup, place: usize, language: Language) -> Option<Table> {
    let cells = RESOURCES.map(|metric| metric_cells(group, metric, language));
    let caption = fill(
        language.words().resources_caption,
        &[("group", &group_title(group, language))],
    );
    let key = format!("resources-{}", place + 1);
    let is_empty = cells.iter().all(Option::is_none);
    (!is_empty).then(|| table(key, caption, group, cells.to_vec(), language))
}

/// A column with its cells, one a layout of the group.
type Cells = Option<(Column, Vec<String>)>;

fn table(
    key: String,
    caption: String,
    group: &ConsumerGroup,
    cells: Vec<Cells>,
    language: Language,
) -> Table {
    let mut columns = vec![Column::left(language.words().layout)];
    let names = group.summaries.iter();
    let mut rows: Vec<Vec<String>> = names
        .map(|summary| vec![summary.configuration.layout.to_string()])
        .collect();
    for (column, cells) in cells.into_iter().flatten() {
        columns.push(column);
        for (row, cell) in rows.iter_mut().zip(cells) {
            row.push(cell);
        }
    }
    Table {
        key,
        caption,
        columns,
        rows,
        note: None,
    }
}

fn metric_cells(group: &ConsumerGroup, metric: Metric, language: Language) -> Cells {
    let estimates: Vec<_> = (group.summaries.iter())
        .map(|summary| summary.estimate(metric))
        .collect();
    let means = estimates.iter().flatten().map(|estimate| estimate.mean);
    let scale = Scale::fitting(metric_words::words(metric).quantity, means);
    let cells = estimates.iter().map(|estimate| {
        estimate.map_or_else(
            || MISSING.to_owned(),
            |estimate| language.figure(scale, estimate.mean, estimate.interval),
        )
    });
    let heading = match (metric, scale.symbol) {
        (Metric::ImagesPerSecond, _) | (_, "") => metric_name(language, metric).to_owned(),
        (_, symbol) => format!("{}, {symbol}", metric_name(language, metric)),
    };
    estimates
        .iter()
        .any(Option::is_some)
        .then(|| (Column::right(heading), cells.collect()))
}

fn ratio_cells(
    analysis: &Analysis,
    group: &ConsumerGroup,
    language: Language,
) -> (Column, Vec<String>) {
    let scale = Scale::fitting(Quantity::Ratio, [1.0]);
    let cells = group.summaries.iter().map(|summary| {
        let is_baseline = summary.configuration.layout == analysis.baseline;
        match summary.ratio(Metric::TrainingSeconds) {
            Some(ratio) => language.figure(scale, ratio.ratio, ratio.interval),
            None if is_baseline => "1".to_owned(),
            None => MISSING.to_owned(),
        }
    });
    (Column::right(language.words().ratio), cells.collect())
}

fn verdict_cells(
    analysis: &Analysis,
    group: &ConsumerGroup,
    language: Language,
) -> (Column, Vec<String>) {
    let words = language.words();
    let cells = group.summaries.iter().map(|summary| {
        let layout = &summary.configuration.layout;
        if *layout == analysis.baseline {
            return words.baseline.to_owned();
        }
        let found = group.comparison(layout, &analysis.baseline);
        found.map_or_else(
            || MISSING.to_owned(),
            |found| verdict_text(found, found.layout == *layout, words).to_owned(),
        )
    });
    (Column::left(words.verdict), cells.collect())
}

/// What a comparison says of its first layout, or of its second.
fn verdict_text(comparison: &Comparison, of_first: bool, words: &Words) -> &'static str {
    match (comparison.verdict, of_first) {
        (Verdict::Faster, true) | (Verdict::Slower, false) => words.faster,
        (Verdict::Slower, true) | (Verdict::Faster, false) => words.slower,
        (Verdict::Equivalent, _) => words.equivalent,
        (Verdict::NotToldApart, _) => words.not_told_apart,
    }
}

pub(crate) fn runs_text(group: &ConsumerGroup, language: Language) -> String {
    let completed = group.summaries.iter().map(|summary| summary.completed);
    let (least, most) = (
        completed.clone().min().unwrap_or(0),
        completed.max().unwrap_or(0),
    );
    let runs = if least == most {
        most.to_string()
    } else {
        format!("{least}–{most}")
    };
    let epochs = (group.summaries.first()).map_or(0, |summary| summary.configuration.epochs);
    fill(
        language.words().runs_and_epochs,
        &[("runs", &runs), ("epochs", &epochs.to_string())],
    )
}

/// What the tests over the whole group found.
fn judged(group: &ConsumerGroup, language: Language) -> Option<Block> {
    let words = language.words();
    let mut pieces = Vec::new();
    if let Some(friedman) = &group.friedman {
        let p = p_value(friedman.p_value, language);
        pieces.push(Inline::Text(fill(words.friedman, &[("p", &p)])));
        pieces.push(Inline::Text(" ".to_owned()));
        pieces.push(Inline::Cite("friedman"));
        pieces.push(Inline::Text(".".to_owned()));
    }
    if let Some(control) = &group.control {
        let ratio = control.comparison.ratio;
        let scale = Scale::fitting(Quantity::Ratio, [1.0]);
        let template = if control.comparison.is_told_apart() {
            words.control_differs
        } else {
            words.control_agrees
        };
        let ratio = language.figure(scale, ratio.ratio, ratio.interval);
        let space = if pieces.is_empty() { "" } else { " " };
        let text = fill(template, &[("ratio", &ratio)]);
        pieces.push(Inline::Text(format!("{space}{text}")));
    }
    (!pieces.is_empty()).then_some(Block::Paragraph(pieces))
}

/// A p-value with two significant digits, `< 0.001` below that.
pub(crate) fn p_value(p: f64, language: Language) -> String {
    if p < 0.001 {
        return format!("<\u{a0}{}", language.number("0.001"));
    }
    format!("=\u{a0}{}", language.number(&format!("{p:.3}")))
}

/// The runs that failed and those that were left out, by name.
pub(super) fn runs_that_do_not_count(analysis: &Analysis, language: Language) -> Option<Block> {
    let words = language.words();
    let summaries = || analysis.groups.iter().flat_map(|group| &group.summaries);
    let failed = summaries().flat_map(|summary| {
        let reasons = summary.failures.iter();
        reasons.map(|failure| {
            let block = (failure.block + 1).to_string();
            row(summary, block, words.failed, &failure.message)
        })
    });
    let left_out = summaries().flat_map(|summary| {
        summary.left_out.iter().map(|run| {
            let block = (run.point.block + 1).to_string();
            let reason = language::left_out_reason(language, run.reason);
            row(summary, block, words.left_out, &reason)
        })
    });
    let rows: Vec<Vec<String>> = failed.chain(left_out).collect();
    (!rows.is_empty()).then(|| {
        Block::Table(Table {
            key: "not-counted".to_owned(),
            caption: words.not_counted_caption.to_owned(),
            columns: [
                words.configuration,
                words.block,
                words.outcome,
                words.reason,
            ]
            .map(Column::left)
            .to_vec(),
            rows,
            note: None,
        })
    })
}

fn row(summary: &ConfigurationSummary, block: String, outcome: &str, reason: &str) -> Vec<String> {
    vec![
        summary.configuration.name.clone(),
        block,
        outcome.to_owned(),
        reason.to_owned(),
    ]
}
