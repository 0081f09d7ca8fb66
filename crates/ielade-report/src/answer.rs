//! What an experiment says: which layout is fastest, and how sure one can be of it.
//!
//! An [`Answer`] is drawn from one group of configurations, those with the same consumer. It
//! compares total training times and says no more than the runs allow:
//!
//! - Where the plan declares a comparison of two layouts, the analysis' verdict on it counts, which
//!   is corrected for all comparisons together.
//! - Without one, a layout counts as faster or slower than the baseline where the 95 % interval of
//!   the ratio leaves out 1. Where the interval includes 1, no difference was found. That is not
//!   the same as equal.
//! - Two layouts that no comparison is about count as not told apart where the intervals of their
//!   means overlap; this is the careful side of a test.
//! - Below 3 runs there are no intervals, and only the order of the means is reported.

mod english;

use ielade_bench::analysis::{
    self, Analysis, Comparison, ConfigurationSummary, ConsumerGroup, Estimate, Interval, Metric,
    Ratio,
};
use ielade_core::{
    LayoutId,
    worker_protocol::{CacheState, Consumer},
};

/// What the runs with one consumer say.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Name of the consumer, `none`, `fixed 5 ms`, `cnn`.
    pub consumer: String,
    /// State of the page cache, where the plan has several.
    pub cache: Option<CacheState>,
    /// What the consumer does with the batches.
    pub work: Work,
    /// The layout that the others were compared with.
    pub baseline: LayoutId,
    /// What was found.
    pub verdict: Verdict,
    /// All layouts that were compared with the baseline, the fastest first.
    pub compared: Vec<Compared>,
    /// Where a layout is faster than the baseline: all others against the fastest, the baseline
    /// first, then by their times.
    pub against_fastest: Vec<Compared>,
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
    /// What the analysis says of the two, where the plan declares the comparison.
    pub judgement: Option<analysis::Verdict>,
}

impl Answer {
    /// What the runs of one group say.
    pub fn of_group(group: &ConsumerGroup, baseline: &LayoutId) -> Self {
        let contestants = contestants(group, baseline);
        let verdict = verdict(group, &contestants, baseline);
        Self {
            consumer: group.consumer.clone(),
            cache: (group.name != group.consumer).then_some(group.cache),
            work: work_of(group),
            baseline: baseline.clone(),
            compared: contestants
                .iter()
                .filter_map(Contestant::compared)
                .collect(),
            against_fastest: match &verdict {
                Verdict::Fastest { fastest, .. } => against(group, fastest, &contestants, baseline),
                _ => Vec::new(),
            },
            verdict,
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

    /// The answer as the paragraph that a report begins with: who is fastest at what on this
    /// machine, and how every other layout compares. `band` is the relative difference up to which
    /// layouts count as equivalent.
    pub fn paragraph(&self, data_set: &str, band: f64) -> String {
        english::paragraph(self, data_set, band)
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
    /// Against the baseline.
    judgement: Option<analysis::Verdict>,
}

impl Contestant<'_> {
    /// True where there is enough for a verdict.
    fn is_judged(&self) -> bool {
        self.ratio.is_some_and(|ratio| ratio.interval.is_some())
    }

    fn is_faster(&self) -> bool {
        match (self.judgement, self.ratio.and_then(|ratio| ratio.interval)) {
            (Some(judgement), _) => judgement == analysis::Verdict::Faster,
            (None, interval) => interval.is_some_and(|range| range.high < 1.0),
        }
    }

    fn is_slower(&self) -> bool {
        match (self.judgement, self.ratio.and_then(|ratio| ratio.interval)) {
            (Some(judgement), _) => judgement == analysis::Verdict::Slower,
            (None, interval) => interval.is_some_and(|range| range.low > 1.0),
        }
    }

    fn compared(&self) -> Option<Compared> {
        self.ratio.map(|ratio| Compared {
            layout: self.layout.clone(),
            ratio,
            judgement: self.judgement,
        })
    }
}

/// All layouts but the fastest, against it.
fn against(
    group: &ConsumerGroup,
    fastest: &Compared,
    contestants: &[Contestant<'_>],
    baseline: &LayoutId,
) -> Vec<Compared> {
    let others = contestants
        .iter()
        .filter(|one| *one.layout != fastest.layout);
    let mut all: Vec<Compared> = others
        .filter_map(|one| {
            Some(Compared {
                layout: one.layout.clone(),
                ratio: ratio_to(group, fastest, one, baseline)?,
                judgement: group
                    .comparison(one.layout, &fastest.layout)
                    .map(|found| judgement_of(found, one.layout)),
            })
        })
        .collect();
    // A stable sort: the others keep the order of their times.
    all.sort_by_key(|one| one.layout != *baseline);
    all
}

/// Fieller's interval of the baseline's ratio is that of the fastest turned round, exactly. Of others
/// the ratio is taken over the blocks of both; where their points are not known, it is that of their
/// ratios to the baseline, without an interval.
fn ratio_to(
    group: &ConsumerGroup,
    fastest: &Compared,
    one: &Contestant<'_>,
    baseline: &LayoutId,
) -> Option<Ratio> {
    if one.layout == baseline {
        let inverse = |value: f64| 1.0 / value;
        return Some(Ratio {
            ratio: inverse(fastest.ratio.ratio),
            interval: fastest.ratio.interval.map(|interval| Interval {
                low: inverse(interval.high),
                high: inverse(interval.low),
            }),
        });
    }
    group.ratio(one.layout, &fastest.layout).or_else(|| {
        Some(Ratio {
            ratio: one.ratio?.ratio / fastest.ratio.ratio,
            interval: None,
        })
    })
}

/// The layouts with completed runs, the fastest first.
fn contestants<'a>(group: &'a ConsumerGroup, baseline: &LayoutId) -> Vec<Contestant<'a>> {
    let summaries = group.summaries.iter();
    let mut contestants: Vec<Contestant<'_>> = summaries
        .filter_map(|summary| contestant(group, summary, baseline))
        .collect();
    contestants.sort_by(|a, b| a.time.mean.total_cmp(&b.time.mean));
    contestants
}

fn contestant<'a>(
    group: &'a ConsumerGroup,
    summary: &'a ConfigurationSummary,
    baseline: &LayoutId,
) -> Option<Contestant<'a>> {
    let time = summary.estimate(Metric::TrainingSeconds)?;
    let layout = &summary.configuration.layout;
    (summary.completed > 0 && time.mean.is_finite()).then(|| Contestant {
        layout,
        time,
        ratio: summary.ratio(Metric::TrainingSeconds),
        judgement: group
            .comparison(layout, baseline)
            .map(|found| judgement_of(found, layout)),
    })
}

/// What a comparison says of one of its two layouts.
pub(crate) fn judgement_of(comparison: &Comparison, layout: &LayoutId) -> analysis::Verdict {
    use analysis::Verdict::{Faster, Slower};
    match comparison.verdict {
        verdict if comparison.layout == *layout => verdict,
        Faster => Slower,
        Slower => Faster,
        neither => neither,
    }
}

fn verdict(group: &ConsumerGroup, contestants: &[Contestant<'_>], baseline: &LayoutId) -> Verdict {
    match contestants {
        [] => Verdict::NothingCompleted {
            failed: failed_runs(group),
        },
        [only] => Verdict::OnlyOne {
            layout: only.layout.clone(),
            time: only.time,
        },
        several => Contest { group, baseline }.verdict(several),
    }
}

fn failed_runs(group: &ConsumerGroup) -> u32 {
    let failures = group.summaries.iter().map(|summary| summary.failures.len());
    u32::try_from(failures.sum::<usize>()).unwrap_or(u32::MAX)
}

/// The layouts that compete, and what is known of pairs of them.
struct Contest<'a> {
    group: &'a ConsumerGroup,
    baseline: &'a LayoutId,
}

impl Contest<'_> {
    /// The verdict on at least two layouts, which come fastest first.
    fn verdict(&self, contestants: &[Contestant<'_>]) -> Verdict {
        let leader = &contestants[0];
        let others = || contestants.iter().filter(|one| one.layout != self.baseline);
        let Some(first_compared) = others().find_map(Contestant::compared) else {
            return Verdict::NoBaseline {
                leader: leader.layout.clone(),
                time: leader.time,
            };
        };
        if !others().any(Contestant::is_judged) {
            let runs = contestants.iter().map(|one| one.time.runs);
            return Verdict::TooFewRuns {
                leader: leader.layout.clone(),
                compared: first_compared,
                runs: runs.min().unwrap_or(0),
            };
        }
        let compared: Vec<&Contestant<'_>> = others().filter(|one| one.ratio.is_some()).collect();
        self.fastest(&compared)
            .unwrap_or_else(|| baseline_ahead(&compared))
    }

    /// The verdict where at least one layout is faster than the baseline.
    fn fastest(&self, compared: &[&Contestant<'_>]) -> Option<Verdict> {
        let fastest = compared.iter().find(|one| one.is_faster())?;
        // The baseline is told apart from it already, by the ratio.
        let rivals = compared.iter().filter(|one| one.layout != fastest.layout);
        let not_told_apart = rivals
            .filter(|rival| !self.are_told_apart(rival, fastest))
            .map(|rival| rival.layout.clone())
            .collect();
        fastest.compared().map(|fastest| Verdict::Fastest {
            fastest,
            not_told_apart,
        })
    }

    /// What their comparison says; without one, true where the intervals of the means do not
    /// overlap. Without an interval nothing is told apart.
    fn are_told_apart(&self, a: &Contestant<'_>, b: &Contestant<'_>) -> bool {
        if let Some(comparison) = self.group.comparison(a.layout, b.layout) {
            return comparison.is_told_apart();
        }
        match (a.time.interval, b.time.interval) {
            (Some(a), Some(b)) => a.low > b.high || b.low > a.high,
            _ => false,
        }
    }
}

/// The verdict where no layout is faster than the baseline.
fn baseline_ahead(compared: &[&Contestant<'_>]) -> Verdict {
    let (slower, alike): (Vec<&Contestant<'_>>, Vec<&Contestant<'_>>) =
        compared.iter().partition(|one| one.is_slower());
    let next = slower.first().and_then(|one| one.compared());
    match next {
        Some(next) if alike.is_empty() => Verdict::BaselineFastest { next },
        _ => Verdict::NoDifference {
            alike: alike.iter().filter_map(|one| one.compared()).collect(),
            slower: slower.iter().map(|one| one.layout.clone()).collect(),
        },
    }
}
