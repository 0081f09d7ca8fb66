//! The answer in English.

mod paragraph;

use super::{Answer, Compared, Verdict, Work};
use crate::figures::{Figure, Quantity, Scale};
use ielade_bench::analysis::{Estimate, Ratio};
use ielade_core::LayoutId;

pub(super) use paragraph::paragraph;

/// The answer in a few words, as a heading.
pub(super) fn heading(answer: &Answer) -> String {
    let verb = verb(answer.work);
    match &answer.verdict {
        Verdict::NothingCompleted { .. } => "No run completed".to_owned(),
        Verdict::OnlyOne { layout, .. } => format!("Only {layout} completed"),
        Verdict::NoBaseline { .. } => format!("The baseline {} has no run", answer.baseline),
        Verdict::TooFewRuns { leader, .. } => {
            format!("{leader} may be fastest; too few runs to say")
        }
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } if not_told_apart.is_empty() => format!("{} {verb} fastest here", fastest.layout),
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => {
            let all = [&fastest.layout].into_iter().chain(not_told_apart);
            format!("{} {} fastest here", list(all), plural_verb(answer.work))
        }
        Verdict::BaselineFastest { .. } => {
            format!("{}, the baseline, {verb} fastest here", answer.baseline)
        }
        Verdict::NoDifference { alike, .. } => {
            let all = [&answer.baseline]
                .into_iter()
                .chain(alike.iter().map(|compared| &compared.layout));
            format!("No difference found between {}", list(all))
        }
    }
}

/// The answer in plain sentences.
pub(super) fn sentence(answer: &Answer) -> String {
    let consumer = consumer(answer);
    match &answer.verdict {
        Verdict::NothingCompleted { failed } => nothing(*failed, &consumer),
        Verdict::OnlyOne { layout, time } => format!(
            "Only {layout} has completed runs, {consumer}: {}. There is nothing to compare it with.",
            time_text(answer.work, time)
        ),
        Verdict::NoBaseline { leader, time } => format!(
            "The baseline {} has no completed run, so no ratio can be given. Of the others, \
             {leader} has the shortest {}, {consumer}.",
            answer.baseline,
            time_text(answer.work, time)
        ),
        Verdict::TooFewRuns {
            leader,
            compared,
            runs,
        } => too_few(answer, leader, compared, *runs),
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => fastest_sentence(answer, fastest, not_told_apart),
        Verdict::BaselineFastest { next } => format!(
            "{}, the baseline, {} fastest here: the next, {}, takes {}, {consumer}.",
            answer.baseline,
            verb(answer.work),
            next.layout,
            ratio_text(&next.ratio, " as long")
        ),
        Verdict::NoDifference { alike, slower } => no_difference(answer, alike, slower),
    }
}

fn nothing(failed: u32, consumer: &str) -> String {
    match failed {
        0 => format!("No run has completed yet, {consumer}, so there is no answer."),
        1 => format!("No run completed, {consumer}, so there is no answer; 1 run failed."),
        failed => {
            format!("No run completed, {consumer}, so there is no answer; {failed} runs failed.")
        }
    }
}

fn too_few(answer: &Answer, leader: &LayoutId, compared: &Compared, runs: u32) -> String {
    let runs = if runs == 1 {
        "1 run".to_owned()
    } else {
        format!("{runs} runs")
    };
    let finding = if *leader == answer.baseline {
        format!(
            "{leader}, the baseline, has the shortest mean {}; the next, {}, takes {}",
            time_name(answer.work),
            compared.layout,
            ratio_text(&compared.ratio, " as long")
        )
    } else {
        format!(
            "{leader} has the shortest mean {}, {}",
            time_name(answer.work),
            ratio_text(&compared.ratio, &of_baseline(answer))
        )
    };
    format!(
        "After {runs}, {finding}, {}. That may be chance: an interval needs at least 3 runs.",
        consumer(answer)
    )
}

fn fastest_sentence(answer: &Answer, fastest: &Compared, not_told_apart: &[LayoutId]) -> String {
    let ratio = ratio_text(&fastest.ratio, &of_baseline(answer));
    let time = time_name(answer.work);
    let consumer = consumer(answer);
    if not_told_apart.is_empty() {
        let verb = verb(answer.work);
        return format!(
            "{} {verb} fastest here: {time} {ratio}, {consumer}.",
            fastest.layout
        );
    }
    let copula = if not_told_apart.len() == 1 {
        "is"
    } else {
        "are"
    };
    format!(
        "{} has the shortest {time} here, {ratio}, {consumer}. {} {copula} not told apart from \
         it: the intervals overlap.",
        fastest.layout,
        list(not_told_apart)
    )
}

fn no_difference(answer: &Answer, alike: &[Compared], slower: &[LayoutId]) -> String {
    let time = time_name(answer.work);
    let baseline = &answer.baseline;
    let consumer = consumer(answer);
    let finding = if let [only] = alike {
        format!(
            "No difference found between {baseline} and {}: {time} {}, {consumer}.",
            only.layout,
            ratio_text(&only.ratio, &of_baseline(answer))
        )
    } else {
        let found: Vec<String> = alike
            .iter()
            .map(|compared| format!("{} {}", compared.layout, ratio_text(&compared.ratio, "")))
            .collect();
        format!(
            "No difference to {baseline} found in {time}: {}, {consumer}.",
            found.join(", ")
        )
    };
    match slower {
        [] => finding,
        [one] => format!("{finding} {one} is slower."),
        several => format!("{finding} {} are slower.", list(several)),
    }
}

/// What the consumer is, as it stands at the end of a sentence.
fn consumer(answer: &Answer) -> String {
    let consumer = match answer.work {
        Work::Load => "loader alone".to_owned(),
        Work::Feed => format!("{} step", answer.consumer),
        Work::Train => answer.consumer.clone(),
    };
    match answer.cache {
        Some(cache) => format!("{consumer}, cache {cache}"),
        None => consumer,
    }
}

fn of_baseline(answer: &Answer) -> String {
    format!(" of {}", answer.baseline)
}

const fn verb(work: Work) -> &'static str {
    match work {
        Work::Load => "loads",
        Work::Feed => "feeds",
        Work::Train => "trains",
    }
}

const fn plural_verb(work: Work) -> &'static str {
    match work {
        Work::Load => "load",
        Work::Feed => "feed",
        Work::Train => "train",
    }
}

const fn time_name(work: Work) -> &'static str {
    match work {
        Work::Load | Work::Feed => "total time",
        Work::Train => "total training time",
    }
}

/// `0.53× of files/jpeg (95 % interval 0.51 to 0.55)`, or with other words behind the ratio.
fn ratio_text(ratio: &Ratio, behind: &str) -> String {
    let scale = Scale::fitting(Quantity::Ratio, [ratio.ratio]);
    let figure = scale.figure(ratio.ratio, ratio.interval);
    format!("{}×{behind}{}", figure.value, interval_text(&figure, ""))
}

fn time_text(work: Work, time: &Estimate) -> String {
    let scale = Scale::fitting(Quantity::Time, [time.mean]);
    let figure = scale.figure(time.mean, time.interval);
    format!(
        "mean {} {} {}{}",
        time_name(work),
        figure.value,
        scale.symbol,
        interval_text(&figure, scale.symbol)
    )
}

fn interval_text(figure: &Figure, symbol: &str) -> String {
    figure.range.as_ref().map_or_else(String::new, |range| {
        let range = range.replace('–', " to ");
        let symbol = if symbol.is_empty() {
            String::new()
        } else {
            format!(" {symbol}")
        };
        format!(" (95 % interval {range}{symbol})")
    })
}

/// `a`, `a and b`, `a, b and c`.
fn list<'a>(layouts: impl IntoIterator<Item = &'a LayoutId>) -> String {
    let mut names: Vec<String> = layouts.into_iter().map(ToString::to_string).collect();
    match names.pop() {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} and {last}", names.join(", ")),
        None => String::new(),
    }
}
