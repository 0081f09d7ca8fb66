//! The runs that a reader must know something of: left out, repeated, on a busy machine, apart.

use crate::{
    figures::fixed,
    language::{self, Language, fill},
};
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
    is_counted: bool,
}

/// All remarks, in the order of the runs.
pub(super) fn marked_runs(
    analysis: &Analysis,
    runs: &[&RunRecord],
    language: Language,
) -> Vec<MarkedRun> {
    let words = &language.words().page;
    let mut marked: Vec<MarkedRun> = summaries(analysis)
        .flat_map(|summary| of_summary(summary, language))
        .collect();
    let told = |run: usize, marked: &[MarkedRun]| {
        marked.iter().any(|one| one.run == run && !one.is_counted)
    };
    for (place, run) in runs.iter().enumerate() {
        for mark in &run.marks {
            let RunMark::BusyMachine { what } = mark else {
                continue;
            };
            let is_counted = !told(place + 1, &marked);
            let what = language::disturbances(language, what);
            marked.push(MarkedRun {
                run: place + 1,
                configuration: super::runs::configuration_name(&analysis.experiment, run, words)
                    .to_owned(),
                block: run.block + 1,
                what: fill(words.machine_was_busy, &[("what", &what)]),
                is_counted,
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

fn of_summary(summary: &ConfigurationSummary, language: Language) -> Vec<MarkedRun> {
    let words = &language.words().page;
    let configuration = &summary.configuration.name;
    let left_out = summary.left_out.iter().map(|run| MarkedRun {
        run: run.point.sequence as usize + 1,
        configuration: configuration.clone(),
        block: run.point.block + 1,
        what: language::left_out_reason(language, run.reason),
        is_counted: false,
    });
    let outliers = summary.outliers.iter().map(|outlier| MarkedRun {
        run: outlier.sequence as usize + 1,
        configuration: configuration.clone(),
        block: outlier.block + 1,
        what: fill(
            words.outlier,
            &[("score", &language.number(&fixed(outlier.score, 1)))],
        ),
        is_counted: true,
    });
    left_out.chain(outliers).collect()
}
