//! The answer of an experiment in each language.

use super::{Language, Words, fill};
use crate::{
    answer::{Answer, Compared, Verdict, Work},
    figures::{Quantity, Scale},
};
use ielade_bench::analysis::{Estimate, Interval, Ratio};
use ielade_core::LayoutId;

/// The answer in a few words.
pub(crate) fn heading(language: Language, answer: &Answer) -> String {
    match language {
        Language::English => answer.heading(),
        Language::Latvian => latvian_heading(answer),
    }
}

/// The answer in plain sentences, with its figures.
pub(crate) fn sentence(language: Language, answer: &Answer) -> String {
    match language {
        Language::English => answer.sentence(),
        Language::Latvian => Latvian::of(answer).sentence(),
    }
}

fn latvian_heading(answer: &Answer) -> String {
    match &answer.verdict {
        Verdict::NothingCompleted { .. } => "Neviens palaidums nav pabeigts".to_owned(),
        Verdict::OnlyOne { layout, .. } => format!("Pabeigts tikai {layout}"),
        Verdict::NoBaseline { .. } => format!(
            "Atskaites izkārtojumam {} nav neviena palaiduma",
            answer.baseline
        ),
        Verdict::TooFewRuns { leader, .. } => {
            format!("Varbūt ātrākais ir {leader}; palaidumu ir par maz")
        }
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } if not_told_apart.is_empty() => format!("Šeit ātrākais ir {}", fastest.layout),
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => format!(
            "Šeit ātrākie ir {}",
            list([&fastest.layout].into_iter().chain(not_told_apart))
        ),
        Verdict::BaselineFastest { .. } => {
            format!("Šeit ātrākais ir atskaites izkārtojums {}", answer.baseline)
        }
        Verdict::NoDifference { alike, .. } => format!(
            "Atšķirība nav atrasta: {}",
            list(
                [&answer.baseline]
                    .into_iter()
                    .chain(alike.iter().map(|one| &one.layout))
            )
        ),
    }
}

/// The answer with what its sentences need.
struct Latvian<'a> {
    answer: &'a Answer,
    words: &'static Words,
    /// What time is meant, in the nominative.
    time: &'static str,
    /// Who takes the batches, as it stands in brackets.
    consumer: String,
}

impl<'a> Latvian<'a> {
    fn of(answer: &'a Answer) -> Self {
        let words = Language::Latvian.words();
        let consumer = match answer.work {
            Work::Load => "tikai ielādētājs".to_owned(),
            Work::Feed => format!("solis {}", Language::Latvian.step(&answer.consumer)),
            Work::Train => format!("modelis {}", answer.consumer),
        };
        Self {
            answer,
            words,
            time: match answer.work {
                Work::Load | Work::Feed => "kopējais laiks",
                Work::Train => "kopējais apmācības laiks",
            },
            consumer: match answer.cache {
                Some(cache) => format!("{consumer}, {}", words.cache(cache)),
                None => consumer,
            },
        }
    }

    fn sentence(&self) -> String {
        let baseline = &self.answer.baseline;
        let (time, consumer) = (self.time, &self.consumer);
        match &self.answer.verdict {
            Verdict::NothingCompleted { failed } => format!(
                "Neviens palaidums nav pabeigts ({consumer}), tāpēc atbildes nav; neizdevušos \
                 palaidumu skaits: {failed}."
            ),
            Verdict::OnlyOne { layout, time: mean } => format!(
                "Pabeigti palaidumi ir tikai izkārtojumam {layout} ({consumer}): vidējais {time} \
                 {}. Nav, ar ko to salīdzināt.",
                self.estimate(mean)
            ),
            Verdict::NoBaseline { leader, time: mean } => format!(
                "Atskaites izkārtojumam {baseline} nav neviena pabeigta palaiduma, tāpēc attiecību \
                 nav. No pārējiem īsākais {time} ir izkārtojumam {leader}: {} ({consumer}).",
                self.estimate(mean)
            ),
            Verdict::TooFewRuns {
                leader,
                compared,
                runs,
            } => self.too_few(leader, compared, *runs),
            Verdict::Fastest {
                fastest,
                not_told_apart,
            } => self.fastest(fastest, not_told_apart),
            Verdict::BaselineFastest { next } => format!(
                "Šajā datorā ātrākais ir atskaites izkārtojums {baseline} ({consumer}): nākamajam, \
                 {}, {time} ir {}.",
                next.layout,
                self.ratio(&next.ratio, " no atskaites laika")
            ),
            Verdict::NoDifference { alike, slower } => self.no_difference(alike, slower),
        }
    }

    fn too_few(&self, leader: &LayoutId, compared: &Compared, runs: u32) -> String {
        let baseline = &self.answer.baseline;
        let (time, consumer) = (self.time, &self.consumer);
        let finding = if leader == baseline {
            format!(
                "īsākais vidējais {time} ir atskaites izkārtojumam {leader}; nākamajam, {}, tas ir {}",
                compared.layout,
                self.ratio(&compared.ratio, " no atskaites laika")
            )
        } else {
            format!(
                "īsākais vidējais {time} ir izkārtojumam {leader}: {}",
                self.ratio(&compared.ratio, &format!(" no {baseline} laika"))
            )
        };
        format!(
            "Pēc palaidumu skaita {runs} {finding} ({consumer}). Tā var būt nejaušība: intervālam \
             vajag vismaz 3 palaidumus."
        )
    }

    fn fastest(&self, fastest: &Compared, not_told_apart: &[LayoutId]) -> String {
        let ratio = self.ratio(
            &fastest.ratio,
            &format!(" no atskaites izkārtojuma {} laika", self.answer.baseline),
        );
        let (time, consumer) = (self.time, &self.consumer);
        let first = format!(
            "Šajā datorā īsākais {time} ir izkārtojumam {}: {ratio} ({consumer}).",
            fastest.layout
        );
        match not_told_apart {
            [] => first,
            [one] => format!("{first} Izkārtojums {one} no tā nav atšķirams."),
            several => format!("{first} No tā nav atšķirami izkārtojumi {}.", list(several)),
        }
    }

    fn no_difference(&self, alike: &[Compared], slower: &[LayoutId]) -> String {
        let found: Vec<String> = alike
            .iter()
            .map(|one| format!("{} {}", one.layout, self.ratio(&one.ratio, "")))
            .collect();
        let finding = format!(
            "Salīdzinājumā ar atskaites izkārtojumu {} atšķirība nav atrasta ({}; {}): {}.",
            self.answer.baseline,
            self.time,
            self.consumer,
            found.join(", ")
        );
        match slower {
            [] => finding,
            [one] => format!("{finding} Izkārtojums {one} ir lēnāks."),
            several => format!("{finding} Lēnāki ir izkārtojumi {}.", list(several)),
        }
    }

    /// `0,53× no … laika (95 % ticamības intervāls 0,51–0,55)`.
    fn ratio(&self, ratio: &Ratio, behind: &str) -> String {
        let scale = Scale::fitting(Quantity::Ratio, [ratio.ratio]);
        let (value, interval) = self.figure(scale, ratio.ratio, ratio.interval);
        format!("{value}×{behind}{interval}")
    }

    fn estimate(&self, time: &Estimate) -> String {
        let scale = Scale::fitting(Quantity::Time, [time.mean]);
        let (value, interval) = self.figure(scale, time.mean, time.interval);
        format!("{value} {}{interval}", scale.symbol)
    }

    fn figure(&self, scale: Scale, value: f64, interval: Option<Interval>) -> (String, String) {
        let figure = scale.figure(value, interval);
        let number = |text: &str| Language::Latvian.number(text);
        let interval = figure.range.map_or_else(String::new, |range| {
            fill(
                self.words.interval_in_brackets,
                &[("range", &number(&range))],
            )
        });
        (number(&figure.value), interval)
    }
}

/// `a`, `a un b`, `a, b un c`.
fn list<'a>(layouts: impl IntoIterator<Item = &'a LayoutId>) -> String {
    let mut names: Vec<String> = layouts.into_iter().map(ToString::to_string).collect();
    match names.pop() {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} un {last}", names.join(", ")),
        None => String::new(),
    }
}
