//! What a reader must know before believing the figures.

mod findings;

use super::{
    Evidence, Metric, summary,
    warning::{NamedRuns, Surrounding, Warning},
};
use crate::record::{Environment, Outcome, RunRecord};
use ielade_core::{
    Shuffle,
    worker_protocol::{CacheState, Consumer, Ready},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) use findings::Findings;

/// Blocks below which an interval is rough.
const ENOUGH_BLOCKS: u32 = 10;
/// Load beyond our own, a processor, that disturbs a measurement.
const DISTURBING_LOAD: f64 = 0.5;

/// All warnings, the gravest first.
pub(super) fn of(evidence: &Evidence<'_>, findings: &Findings<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    warnings.extend(different_data(evidence));
    warnings.extend(different_accuracy(evidence));
    warnings.extend(findings.controls());
    warnings.extend(findings.trap());
    warnings.extend(failed_runs(evidence));
    warnings.extend(bad_samples(evidence));
    warnings.extend(cache_not_as_asked(evidence));
    warnings.extend(unknown_residency(evidence));
    warnings.extend(too_few_blocks(evidence));
    warnings.extend(high_load(evidence));
    warnings.extend(findings::busy(evidence));
    warnings.extend(findings.drift());
    warnings.extend(findings.outliers());
    warnings.extend(sessions(evidence));
    warnings.extend(changed_surroundings(evidence));
    warnings
}

/// Runs whose order must be the same: those of one block, which use one seed, unless they shuffle
/// within chunks of different sizes.
fn order_group(run: &RunRecord) -> (u32, u32) {
    let chunk = match run.ready.as_ref().and_then(|ready| ready.order.as_ref()) {
        Some(order) if matches!(order.shuffle, Shuffle::Chunks { .. }) => order.samples_per_chunk,
        _ => 1,
    };
    (run.block, chunk)
}

/// Completed runs whose batches came from a store.
fn loaded<'a>(evidence: &Evidence<'a>) -> impl Iterator<Item = (u32, &'a RunRecord)> {
    let completed = evidence.completed();
    completed.filter(|(_, run)| evidence.configuration(run).origin.is_store())
}

/// All runs of a block use one seed: whatever the layout, the same batches must come.
fn different_data(evidence: &Evidence<'_>) -> Option<Warning> {
    let mut digests: BTreeMap<(u32, u32), BTreeMap<&str, Vec<&str>>> = BTreeMap::new();
    for (_, run) in loaded(evidence) {
        if let Some(digest) = run
            .done
            .as_ref()
            .and_then(|done| done.order_digest.as_deref())
        {
            let of_block = digests.entry(order_group(run)).or_default();
            let names = of_block.entry(digest).or_default();
            names.push(&evidence.configuration(run).name);
        }
    }
    let different: Vec<_> = digests
        .iter()
        .filter(|(_, found)| found.len() > 1)
        .collect();
    let ((block, _), found) = different.first()?;
    let owned = |names: &Vec<&str>| names.iter().map(|name| (*name).to_owned()).collect();
    Some(Warning::DifferentData {
        blocks: different.len(),
        block: *block,
        groups: found.values().map(owned).collect(),
    })
}

/// Layouts that keep every pixel must train to the same accuracy from the same seed.
fn different_accuracy(evidence: &Evidence<'_>) -> Vec<Warning> {
    let mut accuracies: BTreeMap<(usize, (u32, u32)), BTreeSet<u64>> = BTreeMap::new();
    for (_, run) in loaded(evidence) {
        let configuration = evidence.configuration(run);
        let lossless = configuration.layout.keeps_pixels();
        let trained = matches!(configuration.consumer, Consumer::Model(_));
        let accuracy = Metric::TestTop1.of_run(run).filter(|_| lossless && trained);
        let consumer = evidence
            .experiment
            .configurations
            .iter()
            .position(|other| other.consumer == configuration.consumer);
        if let (Some(accuracy), Some(consumer)) = (accuracy, consumer) {
            let of_seed = accuracies.entry((consumer, order_group(run))).or_default();
            of_seed.insert(accuracy.to_bits());
        }
    }
    let mut blocks: BTreeMap<usize, usize> = BTreeMap::new();
    for ((consumer, _), found) in &accuracies {
        if found.len() > 1 {
            *blocks.entry(*consumer).or_default() += 1;
        }
    }
    let configurations = &evidence.experiment.configurations;
    let named = blocks
        .iter()
        .map(|(consumer, blocks)| Warning::DifferentAccuracy {
            consumer: configurations[*consumer].consumer.label(),
            blocks: *blocks,
        });
    named.collect()
}

fn failed_runs(evidence: &Evidence<'_>) -> Vec<Warning> {
    let mut failures: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for run in &evidence.runs {
        if let Outcome::Failed { message, .. } = &run.outcome {
            failures.entry(run.configuration).or_default().push(message);
        }
    }
    let configurations = &evidence.experiment.configurations;
    let named = failures
        .iter()
        .map(|(configuration, messages)| Warning::FailedRuns {
            configuration: configurations[*configuration as usize].name.clone(),
            runs: messages.len(),
            last: (*messages.last().unwrap_or(&"")).to_owned(),
        });
    named.collect()
}

fn bad_samples(evidence: &Evidence<'_>) -> Option<Warning> {
    let mut keys = BTreeSet::new();
    let mut layouts = BTreeSet::new();
    for (_, run) in evidence.completed() {
        for sample in run.epochs.iter().flat_map(|epoch| &epoch.bad_samples) {
            keys.insert(sample.key.as_str());
            layouts.insert(evidence.configuration(run).layout.to_string());
        }
    }
    let first = keys.first()?;
    Some(Warning::BadSamples {
        samples: keys.len(),
        example: (*first).to_owned(),
        layouts: layouts.into_iter().collect(),
    })
}

/// Runs that are left out since their state of the cache was not the one asked for.
fn cache_not_as_asked(evidence: &Evidence<'_>) -> Vec<Warning> {
    // By name, so that the order of the warnings stays what it is.
    let mut by_state: BTreeMap<&str, (CacheState, Vec<&RunRecord>)> = BTreeMap::new();
    for (_, run) in evidence.left_out() {
        let state = summary::asked(evidence.configuration(run));
        let of_state = by_state.entry(state.name());
        of_state.or_insert((state, Vec::new())).1.push(run);
    }
    let warnings = by_state.into_values().map(|(asked, runs)| {
        let first = runs.first().and_then(|run| evidence.unestablished(run));
        Warning::CacheNotAsAsked {
            asked,
            runs: runs.len(),
            named: named_with_blocks(evidence, &runs),
            residency: first.map_or(0.0, |(_, residency)| residency),
        }
    });
    warnings.collect()
}

/// The configurations of runs with the blocks of each, in the order of the records.
fn named_with_blocks(evidence: &Evidence<'_>, runs: &[&RunRecord]) -> Vec<NamedRuns> {
    let mut blocks: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for run in runs {
        let of_configuration = blocks.entry(run.configuration).or_default();
        of_configuration.push(run.block);
    }
    let configurations = &evidence.experiment.configurations;
    let named = blocks.into_iter().map(|(configuration, blocks)| NamedRuns {
        configuration: configurations[configuration as usize].name.clone(),
        blocks,
    });
    named.collect()
}

fn residency(run: &RunRecord) -> Option<f64> {
    run.ready.as_ref()?.residency
}

fn unknown_residency(evidence: &Evidence<'_>) -> Option<Warning> {
    let unknown = evidence
        .completed()
        .filter(|(_, run)| evidence.configuration(run).cache != CacheState::AsIs)
        .filter(|(_, run)| residency(run).is_none())
        .count();
    (unknown > 0).then_some(Warning::UnknownResidency { runs: unknown })
}

fn too_few_blocks(evidence: &Evidence<'_>) -> Option<Warning> {
    let complete = evidence.complete_blocks();
    let planned = evidence.experiment.plan.blocks;
    (complete < ENOUGH_BLOCKS).then_some(Warning::FewBlocks {
        complete,
        planned,
        enough: ENOUGH_BLOCKS,
    })
}

fn high_load(evidence: &Evidence<'_>) -> Option<Warning> {
    let loads: Vec<f64> = (0..evidence.runs.len())
        .filter_map(|place| foreign_load(evidence, place))
        .collect();
    let highest = loads.iter().copied().max_by(f64::total_cmp)?;
    Some(Warning::ForeignLoad {
        runs: loads.len(),
        highest,
    })
}

/// The load before a run beyond what our own previous run can have caused, where it is high.
///
/// The load average of one minute still holds the previous run of the session; it is allowed
/// every thread of its loader and one on every processor for its model.
fn foreign_load(evidence: &Evidence<'_>, place: usize) -> Option<f64> {
    let cpus = f64::from(evidence.experiment.environment.cpus.max(1));
    let previous = place
        .checked_sub(1)
        .filter(|previous| evidence.session_of_run[*previous] == evidence.session_of_run[place]);
    let own = previous.map_or(0.0, |previous| {
        let ready = evidence.runs[previous].ready.as_ref();
        cpus + ready.map_or(cpus, |ready: &Ready| f64::from(ready.threads))
    });
    let foreign = evidence.runs[place].load_before? - own;
    (foreign > DISTURBING_LOAD * cpus).then_some(foreign)
}

fn sessions(evidence: &Evidence<'_>) -> Option<Warning> {
    let sessions = evidence.sessions.iter();
    (sessions.len() > 1).then(|| Warning::Sessions {
        starts: sessions.map(|session| session.at.clone()).collect(),
    })
}

/// Sessions on another machine or kernel than the first.
fn changed_surroundings(evidence: &Evidence<'_>) -> Option<Warning> {
    let experiment = evidence.experiment;
    let mut changed = BTreeSet::new();
    for session in &evidence.sessions {
        changed.extend(differences(&experiment.environment, &session.environment));
    }
    (!changed.is_empty()).then(|| Warning::ChangedSurroundings {
        changed: changed.into_iter().collect(),
    })
}

fn differences(first: &Environment, later: &Environment) -> Vec<Surrounding> {
    let checks = [
        (Surrounding::Processor, first.cpu != later.cpu),
        (Surrounding::Processors, first.cpus != later.cpus),
        (Surrounding::Kernel, first.kernel != later.kernel),
        (Surrounding::Governor, first.governor != later.governor),
        (
            Surrounding::Memory,
            first.memory_bytes != later.memory_bytes,
        ),
        (
            Surrounding::MemoryLimit,
            first.memory_limit_bytes != later.memory_limit_bytes,
        ),
        (
            Surrounding::FileSystem,
            first.file_system != later.file_system,
        ),
        (Surrounding::Gpu, first.gpu != later.gpu),
    ];
    checks
        .into_iter()
        .filter_map(|(what, differs)| differs.then_some(what))
        .collect()
}
