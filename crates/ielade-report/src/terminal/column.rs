//! One column of a block: its heading and its cells, aligned at the decimal point.

use super::text::{Style, display_width, pad_left, pad_right};
use crate::{
    figures::{Figure, MISSING, Quantity, Scale},
    metric_words::words,
};
use ielade_bench::analysis::{ConfigurationSummary, ConsumerGroup, Metric};
use ielade_core::LayoutId;

/// Where the interval of a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Behind it, both ends: `12.3 (12.1–12.5)`.
    Range,
    /// Behind it, half the width: `12.3 ±0.2`.
    Beside,
    /// In the line below, half the width.
    Below,
}

/// One column of a block.
#[derive(Debug)]
pub(super) struct Column {
    name: &'static str,
    unit: &'static str,
    values: Vec<String>,
    spreads: Vec<String>,
    spread: Spread,
}

/// The value of a cell, with its interval where that stands behind it.
pub(super) struct Value {
    value: String,
    behind: String,
}

impl Value {
    pub(super) fn written(&self, style: Style) -> String {
        format!("{}{}", self.value, style.dim(&self.behind))
    }
}

impl Column {
    /// The column of a metric; `None` where no run of the group has it.
    pub(super) fn of_metric(group: &ConsumerGroup, metric: Metric, spread: Spread) -> Option<Self> {
        let estimates: Vec<_> = group
            .summaries
            .iter()
            .map(|summary| summary.estimate(metric))
            .collect();
        let means = estimates.iter().flatten().map(|estimate| estimate.mean);
        let words = words(metric);
        let scale = Scale::fitting(words.quantity, means);
        let figures: Vec<Option<Figure>> = estimates
            .iter()
            .map(|estimate| estimate.map(|one| scale.figure(one.mean, one.interval)))
            .collect();
        let unit = match words.quantity {
            Quantity::Rate => "/s",
            _ => scale.symbol,
        };
        estimates
            .iter()
            .any(Option::is_some)
            .then(|| Self::of_figures(words.short, unit, &figures, spread))
    }

    /// The column of the ratios of the total time; `None` where there is none.
    pub(super) fn of_ratio(
        group: &ConsumerGroup,
        baseline: &LayoutId,
        spread: Spread,
    ) -> Option<Self> {
        let figures: Vec<Option<Figure>> = group
            .summaries
            .iter()
            .map(|summary| ratio_figure(summary, baseline))
            .collect();
        let has_ratio =
            |summary: &ConfigurationSummary| summary.ratio(Metric::TrainingSeconds).is_some();
        group
            .summaries
            .iter()
            .any(has_ratio)
            .then(|| Self::of_figures("ratio", "×", &figures, spread))
    }

    fn of_figures(
        name: &'static str,
        unit: &'static str,
        figures: &[Option<Figure>],
        spread: Spread,
    ) -> Self {
        let value = |figure: &Option<Figure>| {
            figure
                .as_ref()
                .map_or_else(|| MISSING.to_owned(), |figure| figure.value.clone())
        };
        let spread_of = |figure: &Option<Figure>| {
            figure
                .as_ref()
                .and_then(|figure| spread_text(figure, spread))
                .unwrap_or_default()
        };
        let values: Vec<String> = figures.iter().map(value).collect();
        let spreads: Vec<String> = figures.iter().map(spread_of).collect();
        let (values, spreads) = match spread {
            Spread::Below => aligned_together(&values, &spreads),
            Spread::Range | Spread::Beside => (aligned(&values), left_aligned(&spreads)),
        };
        Self {
            name,
            unit,
            values,
            spreads,
            spread,
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) const fn unit(&self) -> &'static str {
        self.unit
    }

    /// Columns of the terminal that the column takes.
    pub(super) fn width(&self) -> usize {
        let headings = [self.name, self.unit].into_iter().map(display_width);
        headings.max().unwrap_or(0).max(self.body_width())
    }

    fn body_width(&self) -> usize {
        let widest = |texts: &[String]| texts.iter().map(|text| display_width(text)).max();
        let values = widest(&self.values).unwrap_or(0);
        let spreads = widest(&self.spreads).unwrap_or(0);
        match self.spread {
            Spread::Below => values.max(spreads),
            Spread::Range | Spread::Beside => values + spreads,
        }
    }

    /// A heading, above the right end of the values.
    pub(super) fn align_heading(&self, text: &str) -> String {
        match self.spread {
            Spread::Below => pad_left(text, self.width()),
            Spread::Range | Spread::Beside => {
                let behind = self.spreads.first().map_or(0, |text| display_width(text));
                let before = self.width().saturating_sub(behind);
                pad_right(&pad_left(text, before), self.width())
            }
        }
    }

    /// The cell of a row: its value, and what stands below it.
    pub(super) fn cell(&self, place: usize) -> (Value, String) {
        let value = self.values.get(place).cloned().unwrap_or_default();
        let spread = self.spreads.get(place).cloned().unwrap_or_default();
        match self.spread {
            Spread::Below => {
                let value = pad_left(&value, self.width());
                let behind = String::new();
                (Value { value, behind }, pad_left(&spread, self.width()))
            }
            Spread::Range | Spread::Beside => {
                let room = self.width().saturating_sub(display_width(&spread));
                let value = pad_left(&value, room);
                let behind = spread;
                (Value { value, behind }, String::new())
            }
        }
    }

    /// True where the row's figure has an interval.
    pub(super) fn has_spread(&self, place: usize) -> bool {
        let spread = self.spreads.get(place);
        spread.is_some_and(|text| !text.trim().is_empty())
    }
}

fn ratio_figure(summary: &ConfigurationSummary, baseline: &LayoutId) -> Option<Figure> {
    if summary.configuration.layout == *baseline && summary.completed > 0 {
        return Some(Figure {
            value: "base".to_owned(),
            range: None,
            half_width: None,
        });
    }
    let ratio = summary.ratio(Metric::TrainingSeconds)?;
    let scale = Scale::fitting(Quantity::Ratio, [ratio.ratio]);
    Some(scale.figure(ratio.ratio, ratio.interval))
}

fn spread_text(figure: &Figure, spread: Spread) -> Option<String> {
    match spread {
        Spread::Range => figure.range.as_ref().map(|range| format!(" ({range})")),
        Spread::Beside => figure.half_width.as_ref().map(|half| format!(" ±{half}")),
        Spread::Below => figure.half_width.as_ref().map(|half| format!("±{half}")),
    }
}

/// The texts, filled up so that their decimal points stand in one column.
fn aligned(texts: &[String]) -> Vec<String> {
    let widest = texts.iter().map(|text| fraction_width(text)).max();
    let widest = widest.unwrap_or(0);
    let padded: Vec<String> = texts
        .iter()
        .map(|text| {
            let is_number = text.contains(|c: char| c.is_ascii_digit());
            let missing = if is_number {
                widest - fraction_width(text)
            } else {
                0
            };
            format!("{text}{}", " ".repeat(missing))
        })
        .collect();
    let width = padded.iter().map(|text| display_width(text)).max();
    let width = width.unwrap_or(0);
    padded.iter().map(|text| pad_left(text, width)).collect()
}

/// Values and what stands below them, with all decimal points in one column.
fn aligned_together(values: &[String], spreads: &[String]) -> (Vec<String>, Vec<String>) {
    let all = aligned(&[values, spreads].concat());
    let (values, spreads) = all.split_at(values.len());
    (values.to_vec(), spreads.to_vec())
}

fn left_aligned(texts: &[String]) -> Vec<String> {
    let width = texts.iter().map(|text| display_width(text)).max();
    let width = width.unwrap_or(0);
    texts.iter().map(|text| pad_right(text, width)).collect()
}

/// Columns from the decimal point to the end.
fn fraction_width(text: &str) -> usize {
    text.find('.').map_or(0, |point| text.len() - point)
}
