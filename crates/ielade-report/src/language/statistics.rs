//! What the statistics over a whole group or experiment say, in a sentence.

use super::{Language, fill};
use crate::figures::{self, fixed};
use ielade_bench::analysis::Drift;

/// A p-value with two significant digits, `< 0.0001` below that.
pub(crate) fn p_value(language: Language, p: f64) -> String {
    language.number(&english_p_value(p))
}

fn english_p_value(p: f64) -> String {
    if !p.is_finite() {
        return figures::MISSING.to_owned();
    }
    if p < 0.0001 {
        return "< 0.0001".to_owned();
    }
    let places = (1.0 - p.log10().floor()).clamp(2.0, 4.0) as i32;
    fixed(p, places)
}

/// `= 0.03` or `< 0.0001`.
pub(crate) fn p_equals(language: Language, p: f64) -> String {
    let value = p_value(language, p);
    if value.starts_with('<') {
        value
    } else {
        format!("= {value}")
    }
}

/// How times changed over the whole experiment.
pub(crate) fn drift(language: Language, drift: &Drift) -> String {
    let words = &language.words().page;
    let template = if drift.is_told() {
        words.drift_told
    } else {
        words.drift_not_told
    };
    let change = figures::ratio(drift.change.ratio, drift.change.interval);
    fill(
        template,
        &[
            ("runs", &drift.runs.to_string()),
            ("change", &language.number(&change)),
            ("tau", &language.number(&fixed(drift.trend.tau, 2))),
            ("p", &p_equals(language, drift.trend.p_value)),
        ],
    )
}
