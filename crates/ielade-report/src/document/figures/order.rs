//! The order of the runs, and whether times drifted meanwhile.

use super::first_groups;
use crate::{
    chart::{Chart, Drawn, LinePoint, Lines, Series},
    document::{Block, Figure, results::group_title},
    language::{self, Language, fill},
};
use ielade_bench::analysis::{Analysis, ConsumerGroup, Metric};

/// What all runs of a layout are measured by, in per cent of its mean.
const LEVEL: f64 = 100.0;

/// Mean epoch time of each run as a share of its layout's mean, in the order of the runs; and the
/// drift in a sentence. Of the consumer whose answer comes first.
pub(super) fn section(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let figures: Vec<Block> = first_groups(analysis)
        .filter_map(|(place, group)| figure(group, place, language))
        .map(Block::Figure)
        .collect();
    if figures.is_empty() {
        return Vec::new();
    }
    let drift = analysis.drift.as_ref();
    let drift = drift.map_or_else(String::new, |drift| {
        format!(" {}", language::drift(language, drift))
    });
    let mut blocks = vec![
        Block::heading(2, words.order_of_runs),
        Block::text(format!("{}{drift}", words.order_of_runs_text)),
    ];
    blocks.extend(figures);
    blocks
}

fn figure(group: &ConsumerGroup, place: usize, language: Language) -> Option<Figure> {
    let words = language.words();
    let metric = Metric::MeanEpochSeconds;
    let series: Vec<Series> = (group.summaries.iter())
        .filter_map(|summary| {
            let mean = summary.estimate(metric)?.mean;
            let points = summary.points.iter().filter_map(|run| {
                Some(LinePoint {
                    x: f64::from(run.sequence + 1),
                    y: LEVEL * run.value(metric)? / mean,
                    interval: None,
                })
            });
            (mean > 0.0).then(|| Series {
                label: summary.configuration.layout.to_string(),
                points: points.collect(),
            })
        })
        .collect();
    (!series.is_empty()).then(|| Figure {
        key: format!("order-{}", place + 1),
        caption: fill(
            words.order_caption,
            &[("group", &group_title(group, language))],
        ),
        chart: Chart::Lines(Lines {
            x: words.run.to_owned(),
            y: words.share_of_mean.to_owned(),
            series,
            drawn: Drawn::About(LEVEL),
        }),
    })
}
