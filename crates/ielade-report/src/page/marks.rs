//! The runs that a reader must know something of: left out, repeated, on a busy machine, apart.

use ielade_bench::{
    analysis::{Analysis, ConfigurationSummary},
    record::{RunMark, RunRecord},
};
use serde::Serialize;

/// One remark on one run.
#[derive(Debug, Serialize)]
pub(super) struct MarkedRun {
    run: usize,
    configuration: String,
    block: u32,
    what: String,
    counts: &'static str,
}

/// All remarks, in the order of the runs.
pub(super) fn marked_runs(analysis: &Analysis, runs: &[&RunRecord]) -> Vec<MarkedRun> {
    let mut marked: Vec<MarkedRun> = summaries(analysis).flat_map(of_summary).collect();
    let told = |run: usize, marked: &[MarkedRun]| {
        marked
            .iter()
            .any(|one| one.run == run && one.counts == "no")
    };
    for (place, run) in runs.iter().enumerate() {
        for mark in &run.marks {
            let RunMark::BusyMachine { what } = mark else {
                continue;
            };
            let counts = if told(place + 1, &marked) {
                "no"
            } else {
                "yes"
            };
            marked.push(MarkedRun {
                run: place + 1,
                configuration: super::runs::configuration_name(&analysis.experiment, run)
                    .to_owned(),
                block: run.block + 1,
                what: format!("the machine was busy: {what}"),
                counts,
            });
        }
    }
    marked.sort_by_key(|one| one.run);
    marked
}

fn summaries(analysis: &Analysis) -> impl Iterator<Item = &ConfigurationSummary> {
    analysis.groups.iter().flat_map(|group| {
        let control = group.control.iter().map(|control| &control.summary);
        group.summaries.iter().chain(control)
    })
}

fn of_summary(summary: &ConfigurationSummary) -> Vec<MarkedRun> {
    let configuration = &summary.configuration.name;
    let left_out = summary.left_out.iter().map(|run| MarkedRun {
        run: run.point.sequence as usize + 1,
        configuration: configuration.clone(),
        block: run.point.block + 1,
        what: run.reason.clone(),
        counts: "no",
    });
    let outliers = summary.outliers.iter().map(|outlier| MarkedRun {
        run: outlier.sequence as usize + 1,
        configuration: configuration.clone(),
        block: outlier.block + 1,
        what: format!(
            "its total time stands apart from the others (modified z-score {:.1})",
            outlier.score
        ),
        counts: "yes",
    });
    left_out.chain(outliers).collect()
}
