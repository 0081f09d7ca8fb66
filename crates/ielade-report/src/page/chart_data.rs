//! The figures that the charts are drawn from, as JSON.

mod group;
mod series;
mod split;
mod stall;

use crate::{
    figures::{Quantity, Scale},
    language::{ChartWords, Language},
};
use group::Group;
use ielade_bench::{
    analysis::{Analysis, Estimate},
    record::Record,
};
use ielade_core::{LayoutId, Split};
use serde::Serialize;
use series::RunSeries;
use split::SplitChart;
use stall::StallChart;
use std::collections::BTreeMap;

/// All that the charts need.
#[derive(Debug, Serialize)]
pub(super) struct ChartData {
    layouts: Vec<Layout>,
    /// The consumer whose answer comes first, where there are too many groups to show at once.
    headline: Option<String>,
    groups: Vec<Group>,
    splits: Vec<SplitChart>,
    stalls: Vec<StallChart>,
    /// Stall beyond which a consumer counts as starved, 0..1.
    starved: f64,
    series: Vec<RunSeries>,
    /// What the consumers are called, by the names that plans and records have for them.
    consumers: BTreeMap<String, String>,
    words: ChartWords,
}

#[derive(Debug, Serialize)]
struct Layout {
    name: String,
    /// Bytes of the training store; `None` where there is none in the records.
    bytes: Option<u64>,
}

/// A mean with its interval, as numbers and as text.
#[derive(Debug, Serialize)]
struct Mean {
    #[serde(rename = "mean")]
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    /// The value alone: `12.3 s`.
    text: String,
    /// The interval with its unit: `12.1–12.5 s`.
    range: Option<String>,
}

/// The names of all layouts, in the order of the plan; a layout's place here is its colour.
pub(super) fn layout_names(analysis: &Analysis) -> Vec<String> {
    let summaries = analysis.groups.iter().flat_map(|group| &group.summaries);
    let mut names: Vec<String> = Vec::new();
    for summary in summaries {
        let name = summary.configuration.layout.to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Place of a layout among all of them.
fn place_of(names: &[String], layout: &LayoutId) -> usize {
    let name = layout.to_string();
    names.iter().position(|one| *one == name).unwrap_or(0)
}

impl ChartData {
    pub(super) fn new(analysis: &Analysis, records: &[Record], language: Language) -> Self {
        let names = layout_names(analysis);
        Self {
            headline: headline(analysis),
            groups: Group::all(analysis, &names, (records, language)),
            splits: SplitChart::all(analysis, &names, language),
            stalls: StallChart::all(analysis, &names, language),
            starved: ielade_bench::analysis::STARVED,
            series: RunSeries::all(analysis, &names, records),
            consumers: (analysis.groups.iter())
                .map(|group| (group.consumer.clone(), language.consumer(group)))
                .collect(),
            words: language.words().charts,
            layouts: names
                .into_iter()
                .map(|name| Layout {
                    bytes: training_bytes(analysis, &name),
                    name,
                })
                .collect(),
        }
    }

    /// The kinds of figures that there is something to draw for.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        let rows = || self.groups.iter().flat_map(Group::rows);
        let kinds = [
            ("total", rows().any(group::Row::has_total)),
            ("epoch", rows().any(group::Row::has_epoch)),
            ("epochs", rows().any(group::Row::has_several_epochs)),
            ("split", !self.splits.is_empty()),
            ("stall", self.stalls.iter().any(StallChart::is_line)),
            ("series", !self.series.is_empty()),
            (
                "size",
                rows().any(group::Row::has_rate)
                    && self.layouts.iter().any(|layout| layout.bytes.is_some()),
            ),
            ("curves", rows().any(group::Row::has_curves)),
            ("drift", rows().any(group::Row::has_epoch)),
        ];
        let there = kinds.into_iter().filter(|(_, is_there)| *is_there);
        there.map(|(kind, _)| kind).collect()
    }
}

fn headline(analysis: &Analysis) -> Option<String> {
    let place = crate::answer::headline_place(analysis)?;
    let group = analysis.groups.get(place)?;
    (analysis.groups.len() > super::tables::FEW_GROUPS).then(|| group.consumer.clone())
}

fn training_bytes(analysis: &Analysis, layout: &str) -> Option<u64> {
    let mut stores = analysis.experiment.stores.iter();
    stores
        .find(|store| store.split == Split::Train && store.layout.to_string() == layout)
        .map(|store| store.bytes)
}

/// The mean in a unit that suits all `means` that it stands beside.
fn mean_among(
    (quantity, language): (Quantity, Language),
    own: &Estimate,
    means: impl IntoIterator<Item = f64>,
) -> Mean {
    let scale = Scale::fitting(quantity, means);
    let figure = scale.figure(own.mean, own.interval);
    let symbol = match quantity {
        Quantity::Rate => "/s",
        _ => scale.symbol,
    };
    Mean {
        value: short(own.mean),
        low: own.interval.map(|interval| short(interval.low)),
        high: own.interval.map(|interval| short(interval.high)),
        text: format!("{} {symbol}", language.number(&figure.value)),
        range: (figure.range).map(|range| format!("{} {symbol}", language.number(&range))),
    }
}

/// The number with seven significant digits, which is more than a chart shows and keeps the page
/// small.
fn short(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}
