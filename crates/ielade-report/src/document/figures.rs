//! The figures of the document.

mod order;
mod over_time;

use super::{Block, Column, Figure, Table, results::group_title};
use crate::{
    answer,
    chart::{Chart, Drawn, LinePoint, Lines, Scatter, Series, Stacks, Strip, Strips},
    figures::{MISSING, Quantity, Scale},
    language::{Language, fill, metric_name},
};
use ielade_bench::{
    analysis::{Analysis, BreakEven, ConsumerGroup, ConsumerSplit, Interval, Metric, StallCurve},
    record::{Outcome, Record, RunRecord},
};
use ielade_core::{LayoutId, Split, worker_protocol::Consumer};
use std::collections::BTreeMap;

pub(super) fn total_key(place: usize) -> String {
    format!("total-{}", place + 1)
}

/// Total training time by layout, every run a point.
pub(super) fn total_times(
    group: &ConsumerGroup,
    place: usize,
    language: Language,
) -> Option<Figure> {
    strips(group, Metric::TrainingSeconds, language).map(|chart| Figure {
        key: total_key(place),
        caption: fill(
            language.words().total_caption,
            &[("group", &group_title(group, language))],
        ),
        chart,
    })
}

fn strips(group: &ConsumerGroup, metric: Metric, language: Language) -> Option<Chart> {
    let means = (group.summaries.iter()).filter_map(|one| Some(one.estimate(metric)?.mean));
    let scale = Scale::fitting(Quantity::Time, means);
    let rows: Vec<Strip> = (group.summaries.iter())
        .filter_map(|summary| {
            let estimate = summary.estimate(metric)?;
            let values = summary.points.iter().filter_map(|run| run.value(metric));
            Some(Strip {
                label: summary.configuration.layout.to_string(),
                points: values.map(|value| value * scale.factor).collect(),
                mean: estimate.mean * scale.factor,
                interval: scaled(estimate.interval, scale),
            })
        })
        .collect();
    let axis = format!("{}, {}", metric_name(language, metric), scale.symbol);
    (!rows.is_empty()).then_some(Chart::Strips(Strips { axis, rows }))
}

fn scaled(interval: Option<Interval>, scale: Scale) -> Option<Interval> {
    interval.map(|interval| Interval {
        low: interval.low * scale.factor,
        high: interval.high * scale.factor,
    })
}

/// The chapter of what the tables do not show.
pub(super) fn section(analysis: &Analysis, records: &[Record], language: Language) -> Vec<Block> {
    let words = language.words();
    let mut blocks = Vec::new();
    let epochs: Vec<Block> = first_groups(analysis)
        .filter_map(|(place, group)| epoch_by_epoch(group, place, language))
        .map(Block::Figure)
        .collect();
    if !epochs.is_empty() {
        blocks.push(Block::heading(2, words.epoch_by_epoch));
        blocks.push(Block::text(words.epoch_by_epoch_text));
        blocks.extend(epochs);
    }
    for (place, split) in analysis.splits.iter().enumerate() {
        blocks.push(Block::heading(2, words.split));
        blocks.push(Block::text(words.split_text));
        blocks.push(Block::Figure(split_figure(split, place, language)));
    }
    blocks.extend(stalls(analysis, language));
    if let Some(figure) = size_and_speed(analysis, language) {
        blocks.push(Block::heading(2, words.size_and_speed));
        blocks.push(Block::Figure(figure));
    }
    if let Some(figure) = accuracy(records, language) {
        blocks.push(Block::heading(2, words.accuracy));
        blocks.push(Block::text(words.accuracy_text));
        blocks.push(Block::Figure(figure));
    }
    blocks.extend(over_time::section(analysis, records, language));
    blocks.extend(order::section(analysis, language));
    blocks
}

/// The groups of the consumer whose answer comes first, with their places.
fn first_groups(analysis: &Analysis) -> impl Iterator<Item = (usize, &ConsumerGroup)> {
    let first = answer::headline_place(analysis).and_then(|place| analysis.groups.get(place));
    let groups = analysis.groups.iter().enumerate();
    groups.filter(move |(_, group)| first.is_some_and(|first| first.consumer == group.consumer))
}

fn epoch_by_epoch(group: &ConsumerGroup, place: usize, language: Language) -> Option<Figure> {
    let words = language.words();
    let most = (group.summaries.iter()).map(|one| one.epochs.len()).max()?;
    let means = || {
        let epochs = group.summaries.iter().flat_map(|one| &one.epochs);
        epochs.map(|epoch| epoch.seconds.mean)
    };
    let scale = Scale::fitting(Quantity::Time, means());
    let series = group.summaries.iter().map(|summary| Series {
        label: summary.configuration.layout.to_string(),
        points: (summary.epochs.iter())
            .map(|epoch| LinePoint {
                x: f64::from(epoch.epoch + 1),
                y: epoch.seconds.mean * scale.factor,
                interval: scaled(epoch.seconds.interval, scale),
            })
            .collect(),
    });
    (most > 1).then(|| Figure {
        key: format!("epochs-{}", place + 1),
        caption: fill(
            words.epochs_caption,
            &[("group", &group_title(group, language))],
        ),
        chart: Chart::Lines(Lines {
            x: words.epoch.to_owned(),
            y: format!("{}, {}", words.epoch_time, scale.symbol),
            series: series.collect(),
            drawn: Drawn::Marked,
        }),
    })
}

fn split_figure(split: &ConsumerSplit, place: usize, language: Language) -> Figure {
    let words = language.words();
    let mean = |part: Option<ielade_bench::analysis::Estimate>| part.map_or(0.0, |one| one.mean);
    let rows = split.layouts.iter().map(|layout| {
        let parts = vec![
            split.compute.mean,
            mean(layout.preparation),
            mean(layout.fetch),
        ];
        (layout.layout.to_string(), parts)
    });
    Figure {
        key: format!("split-{}", place + 1),
        caption: fill(words.split_caption, &[("consumer", &split.consumer)]),
        chart: Chart::Stacks(Stacks {
            axis: format!("{}, s", words.epoch_time),
            parts: [words.compute, words.preparation, words.fetch]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
        }),
    }
}

/// Stall against step time, and where each layout begins to keep up.
fn stalls(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let curves: Vec<&StallCurve> = (analysis.stalls.iter())
        .filter(|curve| curve.points.len() > 1)
        .collect();
    if curves.is_empty() {
        return Vec::new();
    }
    let label = |curve: &StallCurve| format!("{} · {}", curve.layout, curve.cache);
    let percent = Scale::fitting(Quantity::Share, [1.0]);
    let series = curves.iter().map(|curve| Series {
        label: label(curve),
        points: (curve.points.iter())
            .map(|point| LinePoint {
                x: point.milliseconds,
                y: point.share.mean * percent.factor,
                interval: scaled(point.share.interval, percent),
            })
            .collect(),
    });
    let chart = Chart::Lines(Lines {
        x: words.step_time.to_owned(),
        y: words.stall_share.to_owned(),
        series: series.collect(),
        drawn: Drawn::Marked,
    });
    let rows = curves
        .iter()
        .map(|curve| vec![label(curve), break_even(curve, language)]);
    vec![
        Block::heading(2, words.stall),
        Block::text(words.stall_text),
        Block::Figure(Figure {
            key: "stall".to_owned(),
            caption: words.stall_caption.to_owned(),
            chart,
        }),
        Block::Table(Table {
            key: "break-even".to_owned(),
            caption: words.break_even_caption.to_owned(),
            columns: vec![
                Column::left(words.layout),
                Column::right(words.break_even_column),
            ],
            rows: rows.collect(),
            note: None,
        }),
    ]
}

fn break_even(curve: &StallCurve, language: Language) -> String {
    let scale = Scale::fitting(Quantity::Number, [1.0]);
    let number = |value: f64| language.figure(scale, value, None);
    match curve.break_even {
        Some(BreakEven::At(estimate)) => language.figure(scale, estimate.mean, estimate.interval),
        Some(BreakEven::Below(shortest)) => format!("<\u{a0}{}", number(shortest)),
        Some(BreakEven::Above(longest)) => format!(">\u{a0}{}", number(longest)),
        None => MISSING.to_owned(),
    }
}

/// Bytes on disk against mean epoch time, with the consumer that comes first.
fn size_and_speed(analysis: &Analysis, language: Language) -> Option<Figure> {
    let words = language.words();
    let group = analysis.groups.get(answer::headline_place(analysis)?)?;
    let size = |layout: &LayoutId| {
        let mut stores = analysis.experiment.stores.iter();
        stores.find(|one| one.layout == *layout && one.split == Split::Train)
    };
    let found: Vec<(String, f64, f64)> = (group.summaries.iter())
        .filter_map(|summary| {
            let layout = &summary.configuration.layout;
            let seconds = summary.estimate(Metric::MeanEpochSeconds)?.mean;
            Some((layout.to_string(), size(layout)?.bytes as f64, seconds))
        })
        .collect();
    let sizes = Scale::fitting(Quantity::Bytes, found.iter().map(|one| one.1));
    let times = Scale::fitting(Quantity::Time, found.iter().map(|one| one.2));
    let points = found
        .into_iter()
        .map(|(label, size, time)| (label, size * sizes.factor, time * times.factor));
    let points: Vec<_> = points.collect();
    (points.len() > 1).then(|| Figure {
        key: "size".to_owned(),
        caption: fill(
            words.size_caption,
            &[("group", &group_title(group, language))],
        ),
        chart: Chart::Scatter(Scatter {
            x: format!("{}, {}", words.size_on_disk, sizes.symbol),
            y: format!(
                "{}, {}",
                metric_name(language, Metric::MeanEpochSeconds),
                times.symbol
            ),
            points,
        }),
    })
}

/// Test accuracy after each epoch, mean over the runs of a layout, of the first model.
fn accuracy(records: &[Record], language: Language) -> Option<Figure> {
    let words = language.words();
    let experiment = records.iter().find_map(|record| match record {
        Record::Experiment(experiment) => Some(experiment),
        _ => None,
    })?;
    let is_trained = |one: &&ielade_bench::record::Configuration| {
        one.is_contestant() && matches!(one.consumer, Consumer::Model(_))
    };
    let model = experiment.configurations.iter().find(is_trained)?;
    let mut curves: BTreeMap<u32, BTreeMap<u32, Vec<f64>>> = BTreeMap::new();
    for run in records.iter().filter_map(completed) {
        let Some(configuration) = experiment.configurations.get(run.configuration as usize) else {
            continue;
        };
        if configuration.consumer != model.consumer
            || configuration.cache != model.cache
            || !configuration.is_contestant()
        {
            continue;
        }
        for epoch in &run.epochs {
            let curve = curves.entry(run.configuration).or_default();
            let test = epoch.test.as_ref().map(|test| test.top1 * 100.0);
            curve.entry(epoch.epoch + 1).or_default().extend(test);
        }
    }
    let series: Vec<Series> = (curves.iter())
        .filter_map(|(configuration, curve)| {
            let found = experiment.configurations.get(*configuration as usize)?;
            Some(Series {
                label: found.layout.to_string(),
                points: curve.iter().filter_map(mean_point).collect(),
            })
        })
        .filter(|series| !series.points.is_empty())
        .collect();
    (!series.is_empty()).then(|| Figure {
        key: "accuracy".to_owned(),
        caption: fill(
            words.accuracy_caption,
            &[("consumer", &model.consumer.label())],
        ),
        chart: Chart::Lines(Lines {
            x: words.epoch.to_owned(),
            y: words.accuracy_axis.to_owned(),
            series,
            drawn: Drawn::Marked,
        }),
    })
}

fn mean_point((epoch, values): (&u32, &Vec<f64>)) -> Option<LinePoint> {
    (!values.is_empty()).then(|| LinePoint {
        x: f64::from(*epoch),
        y: values.iter().sum::<f64>() / values.len() as f64,
        interval: None,
    })
}

fn completed(record: &Record) -> Option<&RunRecord> {
    match record {
        Record::Run(run) if run.outcome == Outcome::Completed => Some(run),
        _ => None,
    }
}
