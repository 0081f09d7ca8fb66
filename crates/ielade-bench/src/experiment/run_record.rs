//! The record of a run: what its worker left, and what there is to know besides.

use super::RunPlace;
use crate::{
    record::{Configuration, Outcome, RunMark, RunRecord},
    worker::WorkerRun,
};

/// What is known of a run besides what its worker left.
pub(super) struct RunContext {
    pub(super) started: String,
    pub(super) load_before: Option<f64>,
    pub(super) outcome: Outcome,
    pub(super) attempt: u32,
    /// What else the machine did, before the run and meanwhile.
    pub(super) disturbed: [Option<String>; 2],
}

/// The mark of a run that was disturbed.
fn busy_mark(disturbed: [Option<String>; 2]) -> Option<RunMark> {
    let noticed: Vec<String> = disturbed.into_iter().flatten().collect();
    (!noticed.is_empty()).then(|| RunMark::BusyMachine {
        what: noticed.join("; "),
    })
}

pub(super) fn run_record(place: &RunPlace<'_>, context: RunContext, run: WorkerRun) -> RunRecord {
    let marks = busy_mark(context.disturbed)
        .into_iter()
        .chain(cache_mark(place.configuration, &run))
        .collect();
    RunRecord {
        configuration: place.configuration_index,
        block: place.block,
        position: place.position,
        started: context.started,
        process_seconds: run.process_seconds,
        load_before: context.load_before,
        outcome: context.outcome,
        ready: run.ready,
        epochs: run.epochs,
        done: run.done,
        probe: run.probe,
        series: Some(run.series).filter(|series| !series.seconds.is_empty()),
        marks,
        attempt: context.attempt,
    }
}

/// The mark of a run of which an epoch did not begin in the state of the page cache that was asked
/// for: the first such epoch. Without a figure there is no mark; the analysis tells of it.
fn cache_mark(configuration: &Configuration, run: &WorkerRun) -> Option<RunMark> {
    let asked = configuration.cache;
    let proof = run.ready.as_ref().and_then(|ready| ready.residency);
    let epochs = run.epochs.iter();
    let before = epochs.map(|epoch| (epoch.epoch, epoch.residency_before));
    std::iter::once((0, proof))
        .chain(before)
        .filter_map(|(epoch, residency)| Some((epoch, residency?)))
        .find(|(epoch, residency)| !asked.is_established(*epoch, *residency))
        .map(|(epoch, residency)| RunMark::CacheNotEstablished {
            asked,
            epoch,
            residency,
        })
}
