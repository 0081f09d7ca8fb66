//! What the worker's own figures say of a run.

use crate::{
    record::{Configuration, RunMark},
    worker::WorkerRun,
};

/// The mark of a run of which an epoch did not begin in the state of the page cache that was asked
/// for: the first such epoch. Without a figure there is no mark; the analysis tells of it.
pub(super) fn cache_mark(configuration: &Configuration, run: &WorkerRun) -> Option<RunMark> {
    let asked = configuration.cache;
    let first = run.ready.as_ref().and_then(|ready| ready.residency);
    let later = run
        .epochs
        .iter()
        .skip(1)
        .map(|epoch| epoch.residency_before);
    (0..)
        .zip(std::iter::once(first).chain(later))
        .filter_map(|(epoch, residency)| Some((epoch, residency?)))
        .find(|(epoch, residency)| !asked.is_established(*epoch, *residency))
        .map(|(epoch, residency)| RunMark::CacheNotEstablished {
            asked,
            epoch,
            residency,
        })
}
