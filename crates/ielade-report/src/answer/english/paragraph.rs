//! The paragraph that a report begins with.

use super::{consumer, interval_text, list, ratio_text, sentence, verb};
use crate::{
    answer::{Answer, Compared, Verdict},
    figures::{Quantity, Scale},
};
use ielade_bench::analysis;
use ielade_core::LayoutId;

/// Who is fastest at what, and how much longer every other layout takes. Where no layout is told to
/// be fastest, how each compares with the baseline. All ratios of a paragraph are to one layout.
pub(in crate::answer) fn paragraph(answer: &Answer, data_set: &str, band: f64) -> String {
    match &answer.verdict {
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => {
            let is_slower = |one: &&Compared| !not_told_apart.contains(&one.layout);
            let (slower, others): (Vec<&Compared>, Vec<&Compared>) =
                answer.against_fastest.iter().partition(is_slower);
            let first = fastest_of_all(answer, data_set, &fastest.layout, &slower);
            [vec![first], no_difference(&fastest.layout, &others, band)]
                .concat()
                .join(" ")
        }
        Verdict::BaselineFastest { .. } => {
            let slower: Vec<&Compared> = answer.compared.iter().collect();
            fastest_of_all(answer, data_set, &answer.baseline, &slower)
        }
        Verdict::NoDifference { alike, .. } => {
            [vec![sentence(answer)], untold(answer, alike, band)]
                .concat()
                .join(" ")
        }
        _ => sentence(answer),
    }
}

/// `On this machine npy/u8 trains CIFAR-10 fastest (cnn); files/jpeg, the baseline, takes 1.90× as
/// long (95 % interval 1.86 to 1.95), npy/f32 1.21× (1.18 to 1.25).`
fn fastest_of_all(
    answer: &Answer,
    data_set: &str,
    fastest: &LayoutId,
    slower: &[&Compared],
) -> String {
    let named = |layout: &LayoutId| {
        if *layout == answer.baseline {
            format!("{layout}, the baseline,")
        } else {
            layout.to_string()
        }
    };
    let texts = slower.iter().enumerate().map(|(place, one)| {
        let layout = named(&one.layout);
        if place == 0 {
            let ratio = ratio_text(&one.ratio, " as long");
            format!("{layout} takes {ratio}")
        } else {
            format!("{layout} {}", ratio_alone(one))
        }
    });
    let texts: Vec<String> = texts.collect();
    let separator = if texts.is_empty() { "" } else { "; " };
    format!(
        "On this machine {} {} {data_set} fastest ({}){separator}{}.",
        named(fastest),
        verb(answer.work),
        consumer(answer),
        texts.join(", ")
    )
}

/// What is said of layouts that are not slower than the fastest one.
fn no_difference(fastest: &LayoutId, others: &[&Compared], band: f64) -> Vec<String> {
    let (equivalent, open): (Vec<&Compared>, Vec<&Compared>) = others
        .iter()
        .partition(|one| one.judgement == Some(analysis::Verdict::Equivalent));
    let mut sentences = Vec::new();
    if !equivalent.is_empty() {
        sentences.push(equivalence(fastest, &equivalent, band));
    }
    if !open.is_empty() {
        let verb = if open.len() == 1 { "is" } else { "are" };
        let layouts = list(open.iter().map(|one| &one.layout));
        sentences.push(format!("{layouts} {verb} not told apart from {fastest}."));
    }
    sentences
}

/// `hdf5/u8 1.01× (0.99 to 1.03) shows no difference to npy/u8: one beyond 5 % is ruled out.`
fn equivalence(reference: &LayoutId, equivalent: &[&Compared], band: f64) -> String {
    let verb = if equivalent.len() == 1 {
        "shows"
    } else {
        "show"
    };
    let layouts: Vec<String> = equivalent.iter().map(|one| with_ratio(one)).collect();
    format!(
        "{} {verb} no difference to {reference}: one beyond {} % is ruled out.",
        layouts.join(", "),
        // 5, not 5.0: the plan's own figure, not a measured one.
        (band * 1000.0).round() / 10.0
    )
}

/// How the layouts compare with the baseline that the first sentence has not told of.
fn untold(answer: &Answer, told: &[Compared], band: f64) -> Vec<String> {
    let of = |wanted: &dyn Fn(&Compared) -> bool| -> Vec<&Compared> {
        answer.compared.iter().filter(|one| wanted(one)).collect()
    };
    let is_told = |one: &Compared| told.iter().any(|other| other.layout == one.layout);
    let baseline = &answer.baseline;
    // An equivalence is more than was told.
    let equivalent = of(&|one| one.judgement == Some(analysis::Verdict::Equivalent));
    let different = of(&|one| !equivalent.contains(&one) && !is_told(one));
    let mut sentences = Vec::new();
    if !different.is_empty() {
        let layouts: Vec<String> = different.into_iter().map(with_ratio).collect();
        sentences.push(format!(
            "Time as a multiple of {baseline}: {}.",
            layouts.join(", ")
        ));
    }
    if !equivalent.is_empty() {
        sentences.push(equivalence(baseline, &equivalent, band));
    }
    sentences
}

/// `npy/u8 0.53× (0.51 to 0.55)`.
fn with_ratio(one: &Compared) -> String {
    format!("{} {}", one.layout, ratio_alone(one))
}

fn ratio_alone(one: &Compared) -> String {
    let scale = Scale::fitting(Quantity::Ratio, [one.ratio.ratio]);
    let figure = scale.figure(one.ratio.ratio, one.ratio.interval);
    let interval = interval_text(&figure, "").replace("95 % interval ", "");
    format!("{}×{interval}", figure.value)
}
