//! Warnings that follow from what the analysis itself found.

use crate::analysis::{
    Comparison, ConfigurationSummary, ConsumerGroup, Drift, Evidence, Family,
    warning::{BusyRuns, NamedRuns, Warning},
};
use crate::record::{RunMark, RunRecord};

/// What the analysis found before warnings are drawn from it.
pub(in crate::analysis) struct Findings<'a> {
    pub(in crate::analysis) groups: &'a [ConsumerGroup],
    pub(in crate::analysis) family: &'a Family,
    pub(in crate::analysis) drift: Option<&'a Drift>,
}

impl Findings<'_> {
    /// Controls that differ from themselves.
    pub(super) fn controls(&self) -> Vec<Warning> {
        let differs = |group: &ConsumerGroup| {
            let comparison = &group.control.as_ref()?.comparison;
            comparison
                .is_told_apart()
                .then(|| control_warning(group, comparison))
        };
        self.groups.iter().filter_map(differs).collect()
    }

    /// A family in which nothing can be found.
    pub(super) fn trap(&self) -> Option<Warning> {
        self.family.trap.map(Warning::NothingToFind)
    }

    /// A drift that chance hardly explains.
    pub(super) fn drift(&self) -> Option<Warning> {
        let drift = self.drift.filter(|drift| drift.is_told())?;
        Some(Warning::Drift {
            ratio: drift.change.ratio,
            p: drift.trend.p_value,
        })
    }

    /// Runs that stand out; they count.
    pub(super) fn outliers(&self) -> Option<Warning> {
        let summaries = || self.groups.iter().flat_map(|group| &group.summaries);
        let count = summaries().map(|summary| summary.outliers.len()).sum();
        let named = |summary: &ConfigurationSummary| {
            let outliers = summary.outliers.iter();
            let blocks: Vec<u32> = outliers.map(|outlier| outlier.block).collect();
            (!blocks.is_empty()).then(|| NamedRuns {
                configuration: summary.configuration.name.clone(),
                blocks,
            })
        };
        (count > 0).then(|| Warning::Outliers {
            runs: count,
            named: summaries().filter_map(named).collect(),
        })
    }
}

fn control_warning(group: &ConsumerGroup, comparison: &Comparison) -> Warning {
    Warning::ControlDiffers {
        group: group.name.clone(),
        layout: comparison.layout.clone(),
        ratio: comparison.ratio.ratio,
        p: comparison.adjusted_p,
    }
}

/// Runs on a busy machine: repeated, or counting for want of a quieter one.
pub(super) fn busy(evidence: &Evidence<'_>) -> Option<Warning> {
    let counting: Vec<&RunRecord> = evidence
        .counted()
        .filter_map(|(_, run)| run.is_busy().then_some(run))
        .collect();
    let repeated = evidence.repeated().count();
    let first = counting.first().map(|first| BusyRuns {
        runs: counting.len(),
        configuration: evidence.configuration(first).name.clone(),
        block: first.block,
        what: first
            .marks
            .iter()
            .find_map(RunMark::busy)
            .unwrap_or_default()
            .to_owned(),
    });
    (repeated > 0 || first.is_some()).then_some(Warning::BusyMachine {
        repeated,
        counting: first,
    })
}
