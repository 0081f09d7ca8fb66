//! Every comparison that the plan declares, with its test, and what else the statistics say.

use crate::{
    figures::{self, fixed},
    language::{self, Language, PageWords, fill},
};
use ielade_bench::analysis::{
    Analysis, Comparison, ConsumerGroup, Family, Interval, Ratio, Test, Verdict,
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
    pub(super) fn of(analysis: &Analysis, language: Language) -> Self {
        let rows = analysis.groups.iter().flat_map(|group| {
            let planned = group.comparisons.iter().map(|one| (one, false));
            let control = group.control.iter().map(|one| (&one.comparison, true));
            planned
                .chain(control)
                .map(move |(comparison, is_control)| row(group, comparison, is_control, language))
        });
        Self {
            rows: rows.collect(),
            family: family(&analysis.family, language),
            findings: findings(analysis, language),
        }
    }
}

fn row(
    group: &ConsumerGroup,
    comparison: &Comparison,
    is_control: bool,
    language: Language,
) -> ComparisonRow {
    let words = &language.words().page;
    let number = |text: &str| language.number(text);
    let p_text = |p: f64| language::p_value(language, p);
    let Ratio { ratio, interval } = comparison.ratio;
    let (text, range) = ratio_text(ratio, interval);
    let layout = &comparison.layout;
    let delta = comparison.cliffs_delta.map(|found| found.delta);
    ComparisonRow {
        group: super::tables::group_title(group, language),
        consumer: group.consumer.clone(),
        cache: group.cache.name(),
        layout: if is_control {
            format!("{layout}{}", words.control)
        } else {
            layout.to_string()
        },
        filter_layout: layout.to_string(),
        against: comparison.against.to_string(),
        blocks: comparison.blocks,
        ratio: number(&text),
        range: range.map(|range| number(&range)),
        ratio_value: ratio,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        delta: delta.map_or_else(String::new, |delta| number(&fixed(delta, 2))),
        delta_value: delta,
        p: p_text(comparison.p_value),
        p_value: comparison.p_value,
        adjusted_p: p_text(comparison.adjusted_p),
        adjusted_p_value: comparison.adjusted_p,
        equivalence_p: comparison.equivalence_p.map_or_else(String::new, p_text),
        equivalence_p_value: comparison.equivalence_p,
        verdict: verdict_text(comparison.verdict, words),
    }
}

fn ratio_text(ratio: f64, interval: Option<Interval>) -> (String, Option<String>) {
    let scale = figures::Scale::fitting(figures::Quantity::Ratio, [ratio]);
    let figure = scale.figure(ratio, interval);
    (figure.value, figure.range)
}

/// What a verdict is called.
pub(super) const fn verdict_text(verdict: Verdict, words: &PageWords) -> &'static str {
    match verdict {
        Verdict::Faster => words.faster,
        Verdict::Slower => words.slower,
        Verdict::Equivalent => words.equivalent,
        Verdict::NotToldApart => words.not_told_apart,
    }
}

const fn test_text(test: Test, words: &PageWords) -> &'static str {
    match test {
        Test::SignFlip => words.sign_flip,
        Test::PairedT => words.paired_t,
        Test::BlockModel => words.block_model,
        Test::Unpaired => words.unpaired,
    }
}

fn family(family: &Family, language: Language) -> String {
    let words = &language.words().page;
    if family.comparisons == 0 {
        return words.no_comparison.to_owned();
    }
    let count = family.comparisons as usize;
    let trap = family.trap.as_ref().map_or_else(String::new, |trap| {
        format!(" {}.", language::nothing_to_find(language, trap))
    });
    let told = fill(
        words.family,
        &[
            ("comparisons", &words.count_comparisons.of(language, count)),
            ("test", test_text(family.test, words)),
            ("alpha", &per_cent(family.alpha, language)),
            ("band", &per_cent(family.band, language)),
        ],
    );
    told + &trap
}

/// A share that somebody chose, without the digits of a measured one.
fn per_cent(share: f64, language: Language) -> String {
    language.number(&((share * 1000.0).round() / 10.0).to_string())
}

fn findings(analysis: &Analysis, language: Language) -> Vec<String> {
    let friedman = analysis.groups.iter().filter_map(|group| {
        let found = group.friedman.as_ref()?;
        let number = |text: &str| language.number(text);
        Some(fill(
            language.words().page.friedman,
            &[
                ("group", &super::tables::group_title(group, language)),
                ("blocks", &found.blocks.to_string()),
                ("chi", &number(&fixed(found.chi_squared, 1))),
                ("p", &language::p_equals(language, found.p_value)),
            ],
        ))
    });
    let drift = analysis.drift.as_ref();
    friedman
        .chain(drift.map(|drift| language::drift(language, drift)))
        .collect()
}
