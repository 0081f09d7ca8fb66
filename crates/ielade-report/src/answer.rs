//! What an experiment says: which layout is fastest, and how sure one can be of it.
//!
//! An [`Answer`] is drawn from one group of configurations, those with the same consumer. It
//! compares total training times and says no more than the runs allow:
//!
//! - A layout counts as faster or slower than the baseline where the 95 % interval of the ratio
//!   leaves out 1.
//! - Where the interval includes 1, no difference was found. That is not the same as equal.
//! - Two layouts other than the baseline count as not told apart where the intervals of their
//!   means overlap; this is the careful side of a test.
//! - Below 3 runs there are no intervals, and only the order of the means is reported.

mod english;

use ielade_bench::analysis::{
    Analysis, ConfigurationSummary, ConsumerGroup, Estimate, Interval, Metric, Ratio,
};
use ielade_core::{LayoutId, worker_protocol::Consumer};

/// What the runs with one consumer say.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Name of the consumer, `none`, `fixed 5 ms`, `cnn`.
    pub consumer: String,
    /// What the consumer does with the batches.
    pub work: Work,
    /// The layout that the others were compared with.
    pub baseline: LayoutId,
    /// What was found.
    pub verdict: Verdict,
}

/// What a consumer does with the batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Nothing: the loader alone is measured.
    Load,
    /// It waits a fixed time for each batch.
    Feed,
    /// It trains a model.
    Train,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// No run completed.
    NothingCompleted {
        /// Runs that failed.
        failed: u32,
    },
    /// One layout alone has completed runs.
    OnlyOne {
        /// The layout.
        layout: LayoutId,
        /// Its total training time in seconds.
        time: Estimate,
    },
    /// The baseline has no completed run, so there is nothing to compare with.
    NoBaseline {
        /// The layout with the smallest mean.
        leader: LayoutId,
        /// Its total training time in seconds.
        time: Estimate,
    },
    /// Too few runs for an interval of any ratio.
    TooFewRuns {
        /// The layout with the smallest mean.
        leader: LayoutId,
        /// The leader against the baseline; or, where the baseline leads, the next one.
        compared: Compared,
        /// Completed runs of the configuration that has the fewest.
        runs: u32,
    },
    /// A layout is faster than the baseline.
    Fastest {
        /// The fastest layout against the baseline.
        fastest: Compared,
        /// Layouts that are not told apart from the fastest.
        not_told_apart: Vec<LayoutId>,
    },
    /// The baseline is faster than every other layout.
    BaselineFastest {
        /// The one that comes closest.
        next: Compared,
    },
    /// No layout is faster than the baseline, and for at least one no difference was found.
    NoDifference {
        /// The layouts for which no difference to the baseline was found, those with too few runs
        /// to judge included.
        alike: Vec<Compared>,
        /// The layouts that are slower than the baseline.
        slower: Vec<LayoutId>,
    },
}

/// A layout and the ratio of its total training time to the baseline's.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The layout.
    pub layout: LayoutId,
    /// Its mean divided by the baseline's.
    pub ratio: Ratio,
}

impl Answer {
    /// What the runs of one group say.
    pub fn of_group(group: &ConsumerGroup, baseline: &LayoutId) -> Self {
        Self {
            consumer: group.name.clone(),
            work: work_of(group),
            baseline: baseline.clone(),
            verdict: verdict(group, baseline),
        }
    }

    /// One answer a consumer, in the order of the plan.
    pub fn all(analysis: &Analysis) -> Vec<Self> {
        let groups = analysis.groups.iter();
        groups
            .map(|group| Self::of_group(group, &analysis.baseline))
            .collect()
    }

    /// The answer that comes first: the one of the first consumer that trains a model; without
    /// one, of the first with a fixed step; else the first. `None` without any group.
    pub fn headline(analysis: &Analysis) -> Option<Self> {
        headline_place(analysis)
            .map(|place| Self::of_group(&analysis.groups[place], &analysis.baseline))
    }

    /// The answer in a few words, as a heading.
    pub fn heading(&self) -> String {
        english::heading(self)
    }

    /// The answer in plain sentences, with its figures.
    pub fn sentence(&self) -> String {
        english::sentence(self)
    }
}

/// Place of the group whose answer comes first.
pub(crate) fn headline_place(analysis: &Analysis) -> Option<usize> {
    let works: Vec<Work> = analysis.groups.iter().map(work_of).collect();
    [Work::Train, Work::Feed, Work::Load]
        .iter()
        .find_map(|wanted| works.iter().position(|work| work == wanted))
}

pub(crate) fn work_of(group: &ConsumerGroup) -> Work {
    let first = group.summaries.first();
    match first.map(|summary| &summary.configuration.consumer) {
        Some(Consumer::Model(_)) => Work::Train,
        Some(Consumer::FixedStep { .. }) => Work::Feed,
        Some(Consumer::None) | None => Work::Load,
    }
}

/// The layouts of a group that lead, for marking them in a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Leaders {
    /// The fastest layout; `None` where no run completed.
    pub(crate) fastest: Option<LayoutId>,
    /// Layouts that are not told apart from it.
    pub(crate) not_told_apart: Vec<LayoutId>,
}

/// The layouts that `verdict` puts first.
pub(crate) fn leaders(answer: &Answer) -> Leaders {
    let alone = |layout: &LayoutId| Leaders {
        fastest: Some(layout.clone()),
        not_told_apart: Vec::new(),
    };
    match &answer.verdict {
        Verdict::NothingCompleted { .. } => Leaders::default(),
        Verdict::OnlyOne { layout, .. } => alone(layout),
        Verdict::NoBaseline { leader, .. } | Verdict::TooFewRuns { leader, .. } => alone(leader),
        Verdict::BaselineFastest { .. } => alone(&answer.baseline),
        Verdict::Fastest {
            fastest,
            not_told_apart,
        } => Leaders {
            fastest: Some(fastest.layout.clone()),
            not_told_apart: not_told_apart.clone(),
        },
        Verdict::NoDifference { alike, .. } => Leaders {
            fastest: None,
            not_told_apart: alike
                .iter()
                .map(|compared| compared.layout.clone())
                .chain([answer.baseline.clone()])
                .collect(),
        },
    }
}

/// A layout that has completed runs.
struct Contestant<'a> {
    layout: &'a LayoutId,
    time: Estimate,
    /// `None` for the baseline itself and where it has no runs.
    ratio: Option<Ratio>,
}

impl Contestant<'_> {
    fn interval(&self) -> Option<Interval> {
        self.ratio.and_then(|ratio| ratio.interval)
    }

    fn compared(&self) -> Option<Compared> {
        self.ratio.map(|ratio| Compared {
            layout: self.layout.clone(),
            ratio,
        })
    }
}

fn verdict(group: &ConsumerGroup, baseline: &LayoutId) -> Verdict {
    let mut contestants: Vec<Contestant<'_>> =
        group.summaries.iter().filter_map(contestant).collect();
    contestants.sort_by(|a, b| a.time.mean.total_cmp(&b.time.mean));
    match contestants.as_slice() {
        [] => Verdict::NothingCompleted {
            failed: failed_runs(group),
        },
        [only] => Verdict::OnlyOne {
            layout: only.layout.clone(),
            time: only.time,
        },
        several => compare(several, baseline),
    }
}

fn contestant(summary: &ConfigurationSummary) -> Option<Contestant<'_>> {
    let time = summary.estimate(Metric::TrainingSeconds)?;
    (summary.completed > 0 && time.mean.is_finite()).then(|| Contestant {
        layout: &summary.configuration.layout,
        time,
        ratio: summary.ratio(Metric::TrainingSeconds),
    })
}

fn failed_runs(group: &ConsumerGroup) -> u32 {
    let failures = group.summaries.iter().map(|summary| summary.failures.len());
    u32::try_from(failures.sum::<usize>()).unwrap_or(u32::MAX)
}

/// The verdict on at least two layouts, which come fastest first.
fn compare(contestants: &[Contestant<'_>], baseline: &LayoutId) -> Verdict {
    let leader = &contestants[0];
    let others = || contestants.iter().filter(|one| one.layout != baseline);
    let Some(first_compared) = others().find_map(Contestant::compared) else {
        return Verdict::NoBaseline {
            leader: leader.layout.clone(),
            time: leader.time,
        };
    };
    let judged: Vec<&Contestant<'_>> = others().filter(|one| one.interval().is_some()).collect();
    if judged.is_empty() {
        return Verdict::TooFewRuns {
            leader: leader.layout.clone(),
            compared: first_compared,
            runs: contestants
                .iter()
                .map(|one| one.time.runs)
                .min()
                .unwrap_or(0),
        };
    }
    let compared: Vec<&Contestant<'_>> = others().filter(|one| one.ratio.is_some()).collect();
    fastest(&judged, contestants).unwrap_or_else(|| baseline_ahead(&compared))
}

/// The verdict where at least one layout is faster than the baseline.
fn fastest(judged: &[&Contestant<'_>], contestants: &[Contestant<'_>]) -> Option<Verdict> {
    let is_faster = |one: &Contestant<'_>| one.interval().is_some_and(|range| range.high < 1.0);
    let fastest = judged.iter().find(|one| is_faster(one))?;
    // The baseline is told apart from it already, by the ratio.
    let rivals = contestants
        .iter()
        .filter(|one| one.ratio.is_some() && one.layout != fastest.layout);
    let not_told_apart = rivals
        .filter(|rival| not_told_apart(&rival.time, &fastest.time))
        .map(|rival| rival.layout.clone())
        .collect();
    fastest.compared().map(|fastest| Verdict::Fastest {
        fastest,
        not_told_apart,
    })
}

/// True where the intervals of the means overlap; without an interval nothing is told apart.
fn not_told_apart(a: &Estimate, b: &Estimate) -> bool {
    match (a.interval, b.interval) {
        (Some(a), Some(b)) => a.low <= b.high && b.low <= a.high,
        _ => true,
    }
}

/// The verdict where no layout is faster than the baseline.
fn baseline_ahead(compared: &[&Contestant<'_>]) -> Verdict {
    let (slower, alike): (Vec<&Contestant<'_>>, Vec<&Contestant<'_>>) = compared
        .iter()
        .partition(|one| one.interval().is_some_and(|range| range.low > 1.0));
    let next = slower.first().and_then(|one| one.compared());
    match next {
        Some(next) if alike.is_empty() => Verdict::BaselineFastest { next },
        _ => Verdict::NoDifference {
            alike: alike.iter().filter_map(|one| one.compared()).collect(),
            slower: slower.iter().map(|one| one.layout.clone()).collect(),
        },
    }
}
