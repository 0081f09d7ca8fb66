//! The paragraph that the page begins with, in each language.

use super::{Language, answer::sentence};
use crate::{
    answer::{Answer, Compared, Verdict},
    figures::{Quantity, Scale},
};
use ielade_bench::analysis::{self, Analysis};

/// Who is fastest at what, and how every other layout compares with the baseline.
pub(crate) fn paragraph(language: Language, answer: &Answer, analysis: &Analysis) -> String {
    let band = analysis.family.band;
    match language {
        Language::English => answer.paragraph(&analysis.experiment.data_set.name, band),
        Language::Latvian => {
            let first = sentence(language, answer);
            let further = latvian_others(answer, band);
            [vec![first], further].concat().join(" ")
        }
    }
}

/// How the layouts compare with the baseline that the first sentences have not told of.
fn latvian_others(answer: &Answer, band: f64) -> Vec<String> {
    use analysis::Verdict::{Equivalent, NotToldApart};
    let untold = || answer.compared.iter().filter(|one| !is_told(answer, one));
    let list = |wanted: &dyn Fn(Option<analysis::Verdict>) -> bool| {
        let found = untold().filter(|one| wanted(one.judgement));
        found.map(with_ratio).collect::<Vec<_>>().join("; ")
    };
    let baseline = &answer.baseline;
    let band = Language::Latvian.number(&((band * 1000.0).round() / 10.0).to_string());
    let different = list(&|verdict| !matches!(verdict, Some(Equivalent | NotToldApart)));
    let equivalent = list(&|verdict| verdict == Some(Equivalent));
    let open = list(&|verdict| verdict == Some(NotToldApart));
    [
        (
            different,
            format!("Laiks, dalīts ar izkārtojuma {baseline} laiku: "),
        ),
        (
            equivalent,
            format!("Atšķirības no {baseline} nav (par {band} % lielāka ir izslēgta): "),
        ),
        (open, format!("No {baseline} nav atšķirami: ")),
    ]
    .into_iter()
    .filter(|(layouts, _)| !layouts.is_empty())
    .map(|(layouts, before)| format!("{before}{layouts}."))
    .collect()
}

fn is_told(answer: &Answer, one: &Compared) -> bool {
    match &answer.verdict {
        Verdict::Fastest { fastest, .. } => one.layout == fastest.layout,
        Verdict::BaselineFastest { next } => one.layout == next.layout,
        Verdict::NoDifference { alike, .. } => {
            // An equivalence is more than was told.
            alike.iter().any(|told| told.layout == one.layout)
                && one.judgement != Some(analysis::Verdict::Equivalent)
        }
        _ => true,
    }
}

/// `npy/u8 0,53× (0,51–0,55)`.
fn with_ratio(one: &Compared) -> String {
    let scale = Scale::fitting(Quantity::Ratio, [one.ratio.ratio]);
    let figure = scale.figure(one.ratio.ratio, one.ratio.interval);
    let number = |text: &str| Language::Latvian.number(text);
    let range = figure
        .range
        .map_or_else(String::new, |range| format!(" ({})", number(&range)));
    format!("{} {}×{range}", one.layout, number(&figure.value))
}
