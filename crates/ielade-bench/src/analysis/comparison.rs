//! Comparisons within a group: how large a difference is, and whether it is one.
//!
//! The family of comparisons is declared in the plan: each layout with the baseline or all pairs,
//! in every group (consumer and state of the cache), by total training time. Holm's method
//! corrects for all of them together. Ratios of other times are given with intervals and are not
//! judged.
//!
//! Sizes and tests use blocks that both sides have. A difference is judged by log times, corrected
//! for the family; and it is only told where the 95 % interval of the ratio leaves out 1 as well, so
//! that a verdict and the interval beside it never contradict each other. Two layouts of which no
//! difference is found, and none ruled out, are not told apart; that is not the same as equal.

use super::{Interval, Metric, Ratio, RunPoint, summary};
use crate::{
    plan::{Plan, TestKind},
    statistics::{
        BlockModel, Bootstrap, CliffsDelta, EquivalenceBand, Feasibility, cliffs_delta,
        equivalence_test, family_is_feasible, holm, mean, paired_t_test, sign_flip_test,
        unpaired_test,
    },
};
use ielade_core::LayoutId;
use serde::{Deserialize, Serialize};

/// The metric that verdicts are about.
pub const JUDGED: Metric = Metric::TrainingSeconds;

/// Probability of any false verdict in the family.
pub const ALPHA: f64 = 0.05;

/// What is said of two layouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The layout takes less time than the one it is compared with.
    Faster,
    /// It takes more time.
    Slower,
    /// No difference was found, and one beyond the plan's band was ruled out.
    Equivalent,
    /// Neither a difference nor its absence was found.
    NotToldApart,
}

/// How a p-value came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Permutation within blocks ([`sign_flip_test`]).
    SignFlip,
    /// Paired t-test of log ratios ([`paired_t_test`]).
    PairedT,
    /// Additive model of blocks and layouts, on log times ([`BlockModel`]).
    BlockModel,
    /// Permutation of two independent samples of log times ([`unpaired_test`]).
    Unpaired,
}

/// Two configurations of one group compared by their total training time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The layout.
    pub layout: LayoutId,
    /// The layout that it is compared with.
    pub against: LayoutId,
    /// Blocks that both have; 0 where they share fewer than two, and runs are compared as two
    /// independent samples.
    pub blocks: u32,
    /// Mean of the layout divided by mean of the other, over these blocks.
    pub ratio: Ratio,
    /// Geometric mean of the ratios within these blocks, which is what the tests are about; of
    /// independent samples, ratio of the geometric means.
    pub geometric_ratio: f64,
    /// How often a run of the layout is longer than one of the other.
    pub cliffs_delta: Option<CliffsDelta>,
    /// How the p-value came about.
    pub test: Test,
    /// Probability of a difference at least as large where there is none.
    pub p_value: f64,
    /// The same, corrected for the whole family (Holm).
    pub adjusted_p: f64,
    /// Probability of times as close as these where the true ratio is outside the plan's band
    /// (two one-sided tests), corrected for the whole family; `None` without common blocks.
    pub equivalence_p: Option<f64>,
    /// What is said.
    pub verdict: Verdict,
}

impl Comparison {
    /// True where a difference beyond the plan's band is ruled out; a layout may be slower and
    /// still equivalent in this sense.
    pub fn is_within_band(&self) -> bool {
        self.equivalence_p.is_some_and(|p| p <= ALPHA)
    }

    /// True where a difference was found.
    pub const fn is_told_apart(&self) -> bool {
        matches!(self.verdict, Verdict::Faster | Verdict::Slower)
    }
}

/// The comparisons that the plan declares, as they are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Family {
    /// Comparisons that are judged together.
    pub comparisons: u32,
    /// Probability of any false verdict.
    pub alpha: f64,
    /// Relative difference up to which two layouts count as equivalent.
    pub band: f64,
    /// The test that the plan's choice led to.
    pub test: Test,
    /// Why that test can find nothing, where it cannot.
    pub trap: Option<Feasibility>,
}

impl Family {
    /// The family of this plan, judged with so many blocks.
    pub(super) fn of(plan: &Plan, comparisons: u32, blocks: u32) -> Self {
        let feasibility = family_is_feasible(blocks, comparisons, ALPHA);
        let test = match plan.test {
            TestKind::Auto if feasibility.is_feasible() => Test::SignFlip,
            TestKind::Auto => Test::PairedT,
            TestKind::Paired => Test::SignFlip,
            TestKind::Unpaired => Test::Unpaired,
            TestKind::Model => Test::BlockModel,
        };
        Self {
            comparisons,
            alpha: ALPHA,
            band: plan.equivalence,
            test,
            trap: (test == Test::SignFlip && blocks > 0 && !feasibility.is_feasible())
                .then_some(feasibility),
        }
    }
}

/// A configuration in a comparison: its layout and its runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) layout: &'a LayoutId,
    pub(super) points: &'a [RunPoint],
}

/// How comparisons are made.
#[derive(Debug, Clone)]
pub(super) struct Judge<'a> {
    pub(super) family: &'a Family,
    pub(super) bootstrap: Bootstrap,
    /// Log times of the group's complete blocks, one column a side, for the model.
    pub(super) model: Option<(BlockModel, Vec<&'a LayoutId>)>,
}

impl Judge<'_> {
    /// Compares two sides; not yet corrected for the family. `None` where a side has no runs.
    pub(super) fn compare(&self, one: Side<'_>, other: Side<'_>) -> Option<Comparison> {
        let pairs = summary::pairs(one.points, other.points, JUDGED);
        let samples = (
            summary::values(one.points, JUDGED),
            summary::values(other.points, JUDGED),
        );
        let ratio = summary::ratio(one.points, other.points, JUDGED, self.bootstrap)?;
        let log_ratios: Vec<f64> = pairs.iter().map(|(a, b)| (a / b).ln()).collect();
        let samples = (logs(&samples.0), logs(&samples.1));
        let paired = log_ratios.len() >= summary::FEWEST_PAIRS;
        let wanted = if paired {
            self.family.test
        } else {
            Test::Unpaired
        };
        let (test, p_value) = self
            .p_value(wanted, &log_ratios, (one.layout, other.layout))
            .or_else(|| unpaired(&samples.0, &samples.1))?;
        let band = EquivalenceBand {
            width: self.family.band,
        };
        Some(Comparison {
            layout: one.layout.clone(),
            against: other.layout.clone(),
            blocks: if paired { log_ratios.len() as u32 } else { 0 },
            ratio,
            geometric_ratio: if paired {
                mean(&log_ratios)?.exp()
            } else {
                (mean(&samples.0)? - mean(&samples.1)?).exp()
            },
            cliffs_delta: cliffs_delta(&samples.0, &samples.1),
            test,
            p_value,
            adjusted_p: p_value,
            equivalence_p: paired
                .then(|| equivalence_test(&log_ratios, band))
                .flatten(),
            verdict: Verdict::NotToldApart,
        })
    }

    /// The p-value of a test on log ratios; `None` where the test needs something else.
    fn p_value(
        &self,
        test: Test,
        log_ratios: &[f64],
        layouts: (&LayoutId, &LayoutId),
    ) -> Option<(Test, f64)> {
        let of_model = || {
            let (model, columns) = self.model.as_ref()?;
            let place = |layout| columns.iter().position(|column| *column == layout);
            model.compare(place(layouts.0)?, place(layouts.1)?)
        };
        let paired = || paired_t_test(log_ratios).map(|found| (Test::PairedT, found.p_value));
        match test {
            Test::SignFlip => sign_flip_test(log_ratios, 0).map(|found| (test, found.p_value)),
            Test::PairedT => paired(),
            // Without complete blocks there is no model; the pairs are still there.
            Test::BlockModel => of_model()
                .map(|found| (test, found.p_value))
                .or_else(paired),
            Test::Unpaired => None,
        }
    }
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

/// The permutation test of two independent samples of log times.
fn unpaired(first: &[f64], second: &[f64]) -> Option<(Test, f64)> {
    unpaired_test(first, second, 0).map(|found| (Test::Unpaired, found.p_value))
}

/// Corrects comparisons for being a family of `declared` ones, and gives each its verdict.
///
/// A comparison that was declared and could not be made counts as one that found nothing.
pub(super) fn judge(comparisons: &mut [&mut Comparison], declared: u32) {
    let padded = |of: fn(&Comparison) -> f64| {
        let mut values: Vec<f64> = comparisons.iter().map(|one| of(one)).collect();
        values.resize(values.len().max(declared as usize), 1.0);
        holm(&values)
    };
    let p_values = padded(|one| one.p_value);
    let equivalences = padded(|one| one.equivalence_p.unwrap_or(1.0));
    let adjusted = p_values.into_iter().zip(equivalences);
    for (comparison, (p, equivalence)) in comparisons.iter_mut().zip(adjusted) {
        comparison.adjusted_p = p;
        comparison.equivalence_p = comparison.equivalence_p.map(|_| equivalence);
        comparison.verdict = verdict(comparison);
    }
}

fn verdict(comparison: &Comparison) -> Verdict {
    let found = comparison.adjusted_p <= ALPHA;
    let interval = comparison.ratio.interval;
    let outside = |is_outside: fn(Interval) -> bool| found && interval.is_some_and(is_outside);
    if outside(|interval| interval.high < 1.0) && comparison.geometric_ratio < 1.0 {
        Verdict::Faster
    } else if outside(|interval| interval.low > 1.0) && comparison.geometric_ratio > 1.0 {
        Verdict::Slower
    } else if comparison.is_within_band() {
        Verdict::Equivalent
    } else {
        Verdict::NotToldApart
    }
}

/// Log times of the blocks in which every side has a run; one row a block.
pub(super) fn complete_log_times(sides: &[Side<'_>]) -> Vec<Vec<f64>> {
    let by_block: Vec<Vec<(u32, f64)>> = sides
        .iter()
        .map(|side| summary::by_block(side.points, JUDGED))
        .collect();
    let Some((first, others)) = by_block.split_first() else {
        return Vec::new();
    };
    let row = |(block, value): &(u32, f64)| {
        let mut row = vec![value.ln()];
        for other in others {
            let found = other.iter().find(|(theirs, _)| theirs == block)?;
            row.push(found.1.ln());
        }
        Some(row)
    };
    first.iter().filter_map(row).collect()
}

/// Largest number of blocks that any two sides share; what decides whether a test can find
/// anything.
pub(super) fn most_common_blocks(sides: &[Side<'_>]) -> u32 {
    let counts = sides.iter().enumerate().flat_map(|(place, one)| {
        sides[..place]
            .iter()
            .map(move |other| summary::pairs(one.points, other.points, JUDGED).len())
    });
    counts.max().unwrap_or(0) as u32
}
