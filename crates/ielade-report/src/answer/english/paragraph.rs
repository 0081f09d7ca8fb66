//! The paragraph that a report begins with.

use super::{consumer, interval_text, list, ratio_text, sentence, verb};
use crate::{
    answer::{Answer, Compared, Verdict},
    figures::{Quantity, Scale},
};
use ielade_bench::analysis::{self, Interval, Ratio};
use ielade_core::LayoutId;

/// Who is fastest at what, and how every other layout compares with the baseline.
pub(in crate::answer) fn paragraph(answer: &Answer, data_set: &str, band: f64) -> String {
    let first = match &answer.verdict {
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => fastest_sentences(answer, data_set, fastest, not_told_apart),
        Verdict::BaselineFastest { .. } => format!(
            "On this machine {} {} {data_set} fastest ({}).",
            answer.baseline,
            verb(answer.work),
            consumer(answer)
        ),
        _ => sentence(answer),
    };
    let further = others(answer, band);
    [first, further]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn fastest_sentences(
    answer: &Answer,
    data_set: &str,
    fastest: &Compared,
    not_told_apart: &[LayoutId],
) -> String {
    let first = format!(
        "On this machine {} {} {data_set} fastest ({}): {}, the baseline, takes {}.",
        fastest.layout,
        verb(answer.work),
        consumer(answer),
        answer.baseline,
        ratio_text(&inverse(&fastest.ratio), " as long")
    );
    match not_told_apart {
        [] => first,
        [one] => format!("{first} {one} is not told apart from it."),
        several => format!("{first} {} are not told apart from it.", list(several)),
    }
}

/// The ratio the other way round; Fieller's interval turns round with it exactly.
fn inverse(ratio: &Ratio) -> Ratio {
    Ratio {
        ratio: 1.0 / ratio.ratio,
        interval: ratio.interval.map(|interval| Interval {
            low: 1.0 / interval.high,
            high: 1.0 / interval.low,
        }),
    }
}

/// How the layouts compare with the baseline that the first sentences have not told of.
fn others(answer: &Answer, band: f64) -> String {
    let is_told = |one: &&Compared| match &answer.verdict {
        Verdict::Fastest { fastest, .. } => one.layout == fastest.layout,
        Verdict::BaselineFastest { .. } => false,
        Verdict::NoDifference { alike, .. } => {
            // An equivalence is more than was told.
            alike.iter().any(|told| told.layout == one.layout)
                && one.judgement != Some(analysis::Verdict::Equivalent)
        }
        _ => true,
    };
    let untold = || answer.compared.iter().filter(|one| !is_told(one));
    let is = |one: &Compared, judgement| one.judgement == Some(judgement);
    let equivalent: Vec<String> = untold()
        .filter(|one| is(one, analysis::Verdict::Equivalent))
        .map(with_ratio)
        .collect();
    let open: Vec<String> = untold()
        .filter(|one| is(one, analysis::Verdict::NotToldApart))
        .map(with_ratio)
        .collect();
    let different: Vec<String> = untold()
        .filter(|one| {
            !is(one, analysis::Verdict::Equivalent) && !is(one, analysis::Verdict::NotToldApart)
        })
        .map(with_ratio)
        .collect();
    let baseline = &answer.baseline;
    let mut parts = Vec::new();
    if !different.is_empty() {
        parts.push(format!(
            "Time as a multiple of {baseline}: {}.",
            different.join(", ")
        ));
    }
    if !equivalent.is_empty() {
        let verb = if equivalent.len() == 1 {
            "shows"
        } else {
            "show"
        };
        parts.push(format!(
            "{} {verb} no difference to {baseline}: one beyond {} % is ruled out.",
            equivalent.join(", "),
            // 5, not 5.0: the plan's own figure, not a measured one.
            (band * 1000.0).round() / 10.0
        ));
    }
    if !open.is_empty() {
        parts.push(format!(
            "Not told apart from {baseline}: {}.",
            open.join(", ")
        ));
    }
    parts.join(" ")
}

/// `npy/u8 0.53× (0.51 to 0.55)`.
fn with_ratio(one: &Compared) -> String {
    let scale = Scale::fitting(Quantity::Ratio, [one.ratio.ratio]);
    let figure = scale.figure(one.ratio.ratio, one.ratio.interval);
    let interval = interval_text(&figure, "").replace("95 % interval ", "");
    format!("{} {}×{interval}", one.layout, figure.value)
}
