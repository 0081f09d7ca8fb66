//! Warnings that follow from what the analysis itself found.

use super::counted;
use crate::analysis::{Comparison, ConfigurationSummary, ConsumerGroup, Drift, Evidence, Family};
use crate::record::{RunMark, RunRecord};

/// What the analysis found before warnings are drawn from it.
pub(in crate::analysis) struct Findings<'a> {
    pub(in crate::analysis) groups: &'a [ConsumerGroup],
    pub(in crate::analysis) family: &'a Family,
    pub(in crate::analysis) drift: Option<&'a Drift>,
}

impl Findings<'_> {
    /// Controls that differ from themselves.
    pub(super) fn controls(&self) -> Vec<String> {
        let differs = |group: &ConsumerGroup| {
            let comparison = &group.control.as_ref()?.comparison;
            comparison
                .is_told_apart()
                .then(|| control_warning(group, comparison))
        };
        self.groups.iter().filter_map(differs).collect()
    }

    /// A family in which nothing can be found.
    pub(super) fn trap(&self) -> Option<String> {
        self.family.trap.clone()
    }

    /// A drift that chance hardly explains.
    pub(super) fn drift(&self) -> Option<String> {
        let drift = self.drift.filter(|drift| drift.is_told())?;
        let percent = 100.0 * (drift.change.ratio - 1.0);
        let direction = if percent > 0.0 { "slower" } else { "faster" };
        Some(format!(
            "runs became {direction} by {:.1} % from the first block to the last (p = {:.1e}); \
             comparisons within blocks are hardly touched by it, means and their intervals are",
            percent.abs(),
            drift.trend.p_value
        ))
    }

    /// Runs that stand out; they count.
    pub(super) fn outliers(&self) -> Option<String> {
        let summaries = || self.groups.iter().flat_map(|group| &group.summaries);
        let count = summaries().map(|summary| summary.outliers.len()).sum();
        let named = |summary: &ConfigurationSummary| {
            let blocks: Vec<String> = summary
                .outliers
                .iter()
                .map(|outlier| outlier.block.to_string())
                .collect();
            (!blocks.is_empty()).then(|| {
                format!(
                    "{} in block {}",
                    summary.configuration.name,
                    blocks.join(", ")
                )
            })
        };
        let named: Vec<String> = summaries().filter_map(named).collect();
        (count > 0).then(|| {
            format!(
                "{} {} apart from the others of the same configuration (modified z-score of 3.5 \
                 or more) and {}: {}",
                counted(count, "run"),
                if count == 1 { "stands" } else { "stand" },
                if count == 1 { "counts" } else { "count" },
                named.join("; ")
            )
        })
    }
}

fn control_warning(group: &ConsumerGroup, comparison: &Comparison) -> String {
    format!(
        "{}: the control differs from the baseline, though both are {}: ratio {:.3}, p = {:.2e}; \
         differences of this size between layouts may be the machine's",
        group.name, comparison.layout, comparison.ratio.ratio, comparison.adjusted_p
    )
}

/// Runs on a busy machine: repeated, or counting for want of a quieter one.
pub(super) fn busy(evidence: &Evidence<'_>) -> Option<String> {
    let counting: Vec<&RunRecord> = evidence
        .counted()
        .filter_map(|(_, run)| run.is_busy().then_some(run))
        .collect();
    let repeated = evidence.repeated().count();
    let mut parts = Vec::new();
    if repeated > 0 {
        let verb = if repeated == 1 { "was" } else { "were" };
        parts.push(format!("{} {verb} repeated", counted(repeated, "run")));
    }
    if let Some(first) = counting.first() {
        let verb = if counting.len() == 1 {
            "counts"
        } else {
            "count"
        };
        let what = first.marks.iter().find_map(RunMark::busy);
        parts.push(format!(
            "{} {verb} all the same, the first {} in block {}: {}",
            counted(counting.len(), "run"),
            evidence.configuration(first).name,
            first.block,
            what.unwrap_or_default()
        ));
    }
    (!parts.is_empty()).then(|| {
        format!(
            "the machine did other work during runs: {}",
            parts.join("; ")
        )
    })
}
