//! The tables of results: one a consumer, and the stores.

use crate::{
    answer::{self, Answer, Leaders, Work},
    figures::{self, Figure, MISSING, Quantity, Scale},
    language::{Language, PageWords, fill, metric_meaning, metric_name},
    metric_words,
};
use ielade_bench::{
    analysis::{Analysis, ConfigurationSummary, ConsumerGroup, Interval, Metric},
    record::{ExperimentRecord, StoreSummary},
};
use serde::Serialize;

/// The results with one consumer.
#[derive(Debug, Serialize)]
pub(super) struct ConsumerTable {
    title: String,
    consumer: String,
    cache: &'static str,
    note: String,
    columns: Vec<Heading>,
    rows: Vec<Row>,
}

/// Heading of a column of figures.
#[derive(Debug, Serialize)]
struct Heading {
    name: &'static str,
    unit: &'static str,
    meaning: String,
    /// True for a column that is shown when it is asked for.
    is_extra: bool,
}

/// One layout.
#[derive(Debug, Serialize)]
struct Row {
    layout: String,
    /// Place among all layouts, which decides its colour.
    place: usize,
    mark: &'static str,
    is_ahead: bool,
    cells: Vec<Cell>,
}

/// One figure with its interval, as text and as numbers for sorting and copying.
#[derive(Debug, Serialize)]
struct Cell {
    text: String,
    range: Option<String>,
    /// Digits by which the figure is moved to the left, so that the decimal points of its column
    /// stand below each other.
    indent: f64,
    value: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// One store.
#[derive(Debug, Serialize)]
pub(super) struct StoreRow {
    layout: String,
    split: &'static str,
    count: String,
    count_exact: u32,
    bytes: String,
    bytes_exact: u64,
    bytes_per_image: String,
    bytes_per_image_exact: f64,
    prepare: String,
    prepare_seconds: f64,
    path: String,
}

/// Groups up to which all of them are shown at once.
pub(super) const FEW_GROUPS: usize = 3;

/// The columns behind the total time and its ratio.
const FURTHER: [Metric; 9] = [
    Metric::MeanEpochSeconds,
    Metric::FirstBatchSeconds,
    Metric::ImagesPerSecond,
    Metric::WaitShare,
    Metric::CpuUtilisation,
    Metric::CpuSecondsPer1000,
    Metric::PeakRssBytes,
    Metric::PeakAnonymousBytes,
    Metric::TestTop1,
];

/// The columns that are shown when they are asked for.
const EXTRA: [Metric; 4] = [
    Metric::WaitP95Seconds,
    Metric::StepP95Seconds,
    Metric::ReadBytes,
    Metric::MajorFaults,
];

/// True for a group that is shown at once: of few all, of many those of the consumer whose answer
/// comes first.
pub(super) fn is_shown_at_once(analysis: &Analysis, group: &ConsumerGroup) -> bool {
    let first = answer::headline_place(analysis).map(|place| &analysis.groups[place].consumer);
    analysis.groups.len() <= FEW_GROUPS || Some(&group.consumer) == first
}

/// One table a group: those that are shown at once, and the others.
pub(super) fn consumer_tables(
    analysis: &Analysis,
    language: Language,
) -> (Vec<ConsumerTable>, Vec<ConsumerTable>) {
    let (at_once, later): (Vec<&ConsumerGroup>, Vec<&ConsumerGroup>) =
        (analysis.groups.iter()).partition(|group| is_shown_at_once(analysis, group));
    let tables = |groups: Vec<&ConsumerGroup>| -> Vec<ConsumerTable> {
        let groups = groups.into_iter();
        groups
            .map(|group| consumer_table(analysis, group, language))
            .collect()
    };
    (tables(at_once), tables(later))
}

/// What a group is called in headings: its consumer, and its cache where the plan has several.
pub(super) fn group_title(group: &ConsumerGroup, language: Language) -> String {
    let words = &language.words().page;
    let template = match answer::work_of(group) {
        Work::Load => words.loader_alone,
        Work::Feed => words.step_of,
        Work::Train => words.training,
    };
    let consumer = fill(template, &[("consumer", &language.step(&group.consumer))]);
    if group.name == group.consumer {
        consumer
    } else {
        let cache = language.words().charts.caches.of(group.cache);
        fill(words.with_cache, &[("group", &consumer), ("cache", cache)])
    }
}

fn consumer_table(analysis: &Analysis, group: &ConsumerGroup, language: Language) -> ConsumerTable {
    let words = &language.words().page;
    let mut columns: Vec<Column> = Vec::new();
    columns.extend(metric_column(group, Metric::TrainingSeconds, language));
    columns.extend(ratio_column(analysis, group, language));
    let further = FURTHER.iter().chain(&EXTRA);
    columns.extend(further.filter_map(|metric| metric_column(group, *metric, language)));
    let leaders = answer::leaders(&Answer::of_group(group, &analysis.baseline));
    let names = super::chart_data::layout_names(analysis);
    let mut cells: Vec<std::vec::IntoIter<Cell>> = Vec::new();
    let mut headings = Vec::new();
    for column in columns {
        headings.push(column.heading);
        cells.push(column.cells.into_iter());
    }
    let rows = group.summaries.iter().map(|summary| {
        let layout = summary.configuration.layout.to_string();
        Row {
            place: names.iter().position(|name| *name == layout).unwrap_or(0),
            is_ahead: leaders.fastest.as_ref() == Some(&summary.configuration.layout),
            mark: mark(analysis, group, (&leaders, words), summary),
            cells: cells.iter_mut().filter_map(Iterator::next).collect(),
            layout,
        }
    });
    ConsumerTable {
        title: group_title(group, language),
        consumer: group.consumer.clone(),
        cache: group.cache.name(),
        note: note(group, language),
        rows: rows.collect(),
        columns: headings,
    }
}

fn note(group: &ConsumerGroup, language: Language) -> String {
    let words = &language.words().page;
    let what = match answer::work_of(group) {
        Work::Load => words.note_load,
        Work::Feed => words.note_feed,
        Work::Train => words.note_train,
    };
    format!("{what}; {}", language.runs_and_epochs(group))
}

/// What is said of a layout in a word or two: its place at the head, else its verdict against the
/// baseline.
fn mark(
    analysis: &Analysis,
    group: &ConsumerGroup,
    (leaders, words): (&Leaders, &PageWords),
    summary: &ConfigurationSummary,
) -> &'static str {
    let layout = &summary.configuration.layout;
    let verdict = group.comparison(layout, &analysis.baseline);
    if leaders.fastest.as_ref() == Some(layout) {
        if leaders.not_told_apart.is_empty() {
            words.fastest
        } else {
            words.shortest_mean
        }
    } else if *layout == analysis.baseline {
        words.baseline
    } else if leaders.fastest.is_some() && leaders.not_told_apart.contains(layout) {
        words.not_told_apart_from_it
    } else {
        verdict.map_or("", |found| {
            super::comparisons::verdict_text(answer::judgement_of(found, layout), words)
        })
    }
}

struct Column {
    heading: Heading,
    cells: Vec<Cell>,
}

fn metric_column(group: &ConsumerGroup, metric: Metric, language: Language) -> Option<Column> {
    let estimates: Vec<_> = group
        .summaries
        .iter()
        .map(|summary| summary.estimate(metric))
        .collect();
    let quantity = metric_words::words(metric).quantity;
    let means = estimates.iter().flatten().map(|estimate| estimate.mean);
    let scale = Scale::fitting(quantity, means);
    let unit = match quantity {
        // The name of the column says it already.
        Quantity::Rate => "",
        _ => scale.symbol,
    };
    let cells = estimates.iter().map(|estimate| {
        estimate.map_or_else(empty_cell, |estimate| {
            cell(scale, estimate.mean, estimate.interval)
        })
    });
    estimates.iter().any(Option::is_some).then(|| Column {
        heading: Heading {
            name: metric_name(language, metric),
            unit,
            meaning: metric_meaning(language, metric).to_owned(),
            is_extra: EXTRA.contains(&metric),
        },
        cells: aligned(cells.collect(), language),
    })
}

fn ratio_column(analysis: &Analysis, group: &ConsumerGroup, language: Language) -> Option<Column> {
    let words = &language.words().page;
    let scale = Scale::fitting(Quantity::Ratio, [1.0]);
    let of = |summary: &ConfigurationSummary| summary.ratio(Metric::TrainingSeconds);
    let is_baseline =
        |summary: &ConfigurationSummary| summary.configuration.layout == analysis.baseline;
    let cells = group.summaries.iter().map(|summary| match of(summary) {
        Some(ratio) => cell(scale, ratio.ratio, ratio.interval),
        None if is_baseline(summary) && summary.completed > 0 => Cell {
            text: "1".to_owned(),
            value: Some(1.0),
            ..empty_cell()
        },
        None => empty_cell(),
    });
    let has_ratio = group.summaries.iter().any(|summary| of(summary).is_some());
    has_ratio.then(|| Column {
        heading: Heading {
            name: words.ratio,
            unit: "×",
            meaning: fill(
                words.ratio_column_meaning,
                &[("baseline", &analysis.baseline.to_string())],
            ),
            is_extra: false,
        },
        cells: aligned(cells.collect(), language),
    })
}

fn cell(scale: Scale, value: f64, interval: Option<Interval>) -> Cell {
    let Figure {
        value: text, range, ..
    } = scale.figure(value, interval);
    let scaled = |value: f64| {
        let scaled = value * scale.factor;
        scaled.is_finite().then_some(scaled)
    };
    Cell {
        text,
        range,
        indent: 0.0,
        value: scaled(value),
        low: interval.and_then(|interval| scaled(interval.low)),
        high: interval.and_then(|interval| scaled(interval.high)),
    }
}

fn empty_cell() -> Cell {
    Cell {
        text: MISSING.to_owned(),
        range: None,
        indent: 0.0,
        value: None,
        low: None,
        high: None,
    }
}

/// A decimal point, measured in digits.
const POINT: f64 = 0.5;

/// The cells, moved so that the decimal points stand in one column, and written as the language
/// writes numbers.
fn aligned(mut cells: Vec<Cell>, language: Language) -> Vec<Cell> {
    let fraction = |text: &str| text.find('.').map_or(0, |point| text.len() - point);
    let width = |text: &str| match fraction(text) {
        0 => 0.0,
        with_point => with_point as f64 - 1.0 + POINT,
    };
    let widest = cells
        .iter()
        .map(|cell| width(&cell.text))
        .fold(0.0, f64::max);
    for cell in &mut cells {
        cell.indent = widest - width(&cell.text);
        cell.text = language.number(&cell.text);
        cell.range = cell.range.take().map(|range| language.number(&range));
    }
    cells
}

/// All stores, in the order of the records.
pub(super) fn store_rows(experiment: &ExperimentRecord, language: Language) -> Vec<StoreRow> {
    let stores = experiment.stores.iter();
    stores.map(|store| store_row(store, language)).collect()
}

fn store_row(store: &StoreSummary, language: Language) -> StoreRow {
    let each = store.bytes as f64 / f64::from(store.count.max(1));
    StoreRow {
        layout: store.layout.to_string(),
        split: language.words().page.split(store.split),
        count: language.number(&figures::count(u64::from(store.count))),
        count_exact: store.count,
        bytes: language.number(&figures::bytes(store.bytes)),
        bytes_exact: store.bytes,
        bytes_per_image: language.number(&figures::count(each.round() as u64)),
        bytes_per_image_exact: each,
        prepare: language.number(&figures::seconds(store.prepare_seconds)),
        prepare_seconds: store.prepare_seconds,
        path: store.path.clone(),
    }
}
