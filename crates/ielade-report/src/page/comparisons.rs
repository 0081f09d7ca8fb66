//! Every comparison that the plan declares, with its test, and what else the statistics say.

use crate::figures::{self, fixed};
use ielade_bench::analysis::{
    Analysis, Comparison, ConsumerGroup, Drift, Family, Interval, Ratio, Test, Verdict,
};
use serde::Serialize;

/// All comparisons, and what they are judged by.
#[derive(Debug, Serialize)]
pub(super) struct Comparisons {
    /// The family and its correction, in sentences.
    family: String,
    rows: Vec<ComparisonRow>,
    /// Friedman's test, drift: a sentence each.
    findings: Vec<String>,
}

/// One comparison.
#[derive(Debug, Serialize)]
struct ComparisonRow {
    group: String,
    consumer: String,
    cache: &'static str,
    layout: String,
    /// The layout without remark, for the filter.
    filter_layout: String,
    against: String,
    blocks: u32,
    ratio: String,
    range: Option<String>,
    ratio_value: f64,
    low: Option<f64>,
    high: Option<f64>,
    delta: String,
    delta_value: Option<f64>,
    p: String,
    p_value: f64,
    adjusted_p: String,
    adjusted_p_value: f64,
    equivalence_p: String,
    equivalence_p_value: Option<f64>,
    verdict: &'static str,
}

impl Comparisons {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let rows = analysis.groups.iter().flat_map(|group| {
            let planned = group.comparisons.iter().map(|one| (one, false));
            let control = group.control.iter().map(|one| (&one.comparison, true));
            planned
                .chain(control)
                .map(|(comparison, is_control)| row(group, comparison, is_control))
        });
        Self {
            rows: rows.collect(),
            family: family(&analysis.family),
            findings: findings(analysis),
        }
    }
}

fn row(group: &ConsumerGroup, comparison: &Comparison, is_control: bool) -> ComparisonRow {
    let Ratio { ratio, interval } = comparison.ratio;
    let (text, range) = ratio_text(ratio, interval);
    let layout = &comparison.layout;
    let delta = comparison.cliffs_delta.map(|found| found.delta);
    ComparisonRow {
        group: super::tables::group_title(group),
        consumer: group.consumer.clone(),
        cache: group.cache.name(),
        layout: if is_control {
            format!("{layout} (control)")
        } else {
            layout.to_string()
        },
        filter_layout: layout.to_string(),
        against: comparison.against.to_string(),
        blocks: comparison.blocks,
        ratio: text,
        range,
        ratio_value: ratio,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        delta: delta.map_or_else(String::new, |delta| fixed(delta, 2)),
        delta_value: delta,
        p: p_text(comparison.p_value),
        p_value: comparison.p_value,
        adjusted_p: p_text(comparison.adjusted_p),
        adjusted_p_value: comparison.adjusted_p,
        equivalence_p: comparison.equivalence_p.map_or_else(String::new, p_text),
        equivalence_p_value: comparison.equivalence_p,
        verdict: verdict_text(comparison.verdict),
    }
}

fn ratio_text(ratio: f64, interval: Option<Interval>) -> (String, Option<String>) {
    let scale = figures::Scale::fitting(figures::Quantity::Ratio, [ratio]);
    let figure = scale.figure(ratio, interval);
    (figure.value, figure.range)
}

/// Two significant digits, `< 0.0001` below that.
pub(super) fn p_text(p: f64) -> String {
    if !p.is_finite() {
        return figures::MISSING.to_owned();
    }
    if p < 0.0001 {
        return "< 0.0001".to_owned();
    }
    let places = (1.0 - p.log10().floor()).clamp(2.0, 4.0) as i32;
    fixed(p, places)
}

/// What a verdict is called.
pub(super) const fn verdict_text(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Faster => "faster",
        Verdict::Slower => "slower",
        Verdict::Equivalent => "no difference shown",
        Verdict::NotToldApart => "not told apart",
    }
}

const fn test_text(test: Test) -> &'static str {
    match test {
        Test::SignFlip => "a permutation test within blocks",
        Test::PairedT => "a paired t-test of log ratios",
        Test::BlockModel => "an additive model of blocks and layouts on log times",
        Test::Unpaired => "a permutation test of two independent samples of log times",
    }
}

fn family(family: &Family) -> String {
    if family.comparisons == 0 {
        return "The plan declares no comparison.".to_owned();
    }
    let comparisons = if family.comparisons == 1 {
        "One comparison".to_owned()
    } else {
        format!("{} comparisons", family.comparisons)
    };
    let trap = family
        .trap
        .as_ref()
        .map_or_else(String::new, |trap| format!(" {trap}."));
    format!(
        "{comparisons} of total time, judged by {}, corrected together by Holm's method at {} %. \
         Equivalence: two one-sided tests at a band of {} %.{trap}",
        test_text(family.test),
        per_cent(family.alpha),
        per_cent(family.band)
    )
}

/// A share that somebody chose, without the digits of a measured one.
fn per_cent(share: f64) -> f64 {
    (share * 1000.0).round() / 10.0
}

fn findings(analysis: &Analysis) -> Vec<String> {
    let friedman = analysis.groups.iter().filter_map(|group| {
        let found = group.friedman.as_ref()?;
        Some(format!(
            "{}: Friedman's test over all layouts, {} blocks, χ² = {}, p {}.",
            super::tables::group_title(group),
            found.blocks,
            fixed(found.chi_squared, 1),
            equals(&p_text(found.p_value))
        ))
    });
    let drift = analysis.drift.as_ref().map(drift_text);
    friedman.chain(drift).collect()
}

/// `= 0.03` or `< 0.0001`.
fn equals(p: &str) -> String {
    if p.starts_with('<') {
        p.to_owned()
    } else {
        format!("= {p}")
    }
}

/// A drift in one sentence.
pub(super) fn drift_text(drift: &Drift) -> String {
    let change = figures::ratio(drift.change.ratio, drift.change.interval);
    let told = if drift.is_told() {
        "Times drifted"
    } else {
        "No drift is told"
    };
    format!(
        "{told} over {} runs: the last block took {change} the time of the first \
         (Mann–Kendall τ = {}, p {}).",
        drift.runs,
        fixed(drift.trend.tau, 2),
        equals(&p_text(drift.trend.p_value))
    )
}
