//! Epoch by epoch: what the first one costs more than those that follow.

use super::{Estimate, Ratio, RunPoint, summary::estimate};
use crate::{
    record::RunRecord,
    statistics::{Bootstrap, Confidence, mean, paired_ratio_interval},
};
use serde::{Deserialize, Serialize};

/// One epoch over all runs of a configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochEstimate {
    /// Number of the epoch, from 0.
    pub epoch: u32,
    /// Its time in seconds.
    pub seconds: Estimate,
    /// Mean share of the store's bytes in the page cache before it, 0..1, where it was told.
    pub residency_before: Option<f64>,
}

/// Every epoch of a configuration, in order.
pub(super) fn of_runs(runs: &[&RunRecord], bootstrap: Bootstrap) -> Vec<EpochEstimate> {
    let most = runs.iter().map(|run| run.epochs.len()).max().unwrap_or(0);
    (0..most)
        .filter_map(|place| {
            let epochs = || runs.iter().filter_map(|run| run.epochs.get(place));
            let seconds: Vec<f64> = epochs().map(|epoch| epoch.seconds).collect();
            let residency: Vec<f64> = epochs()
                .filter_map(|epoch| epoch.residency_before)
                .collect();
            Some(EpochEstimate {
                epoch: place as u32,
                seconds: estimate(&seconds, bootstrap)?,
                residency_before: mean(&residency),
            })
        })
        .collect()
}

/// Time of the first epoch divided by the mean of the later ones, run by run.
///
/// It holds whatever a first epoch pays: reading from the device where the cache is cold, filling
/// caches and pools, clocks that rise. `None` where runs have one epoch.
pub(super) fn first_to_later(points: &[RunPoint]) -> Option<Ratio> {
    let pairs: Vec<(f64, f64)> = points
        .iter()
        .filter_map(|point| {
            let (first, later) = point.epoch_seconds.split_first()?;
            Some((*first, mean(later)?))
        })
        .collect();
    let (first, later): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let ratio = mean(&first)? / mean(&later)?;
    ratio.is_finite().then(|| Ratio {
        ratio,
        interval: paired_ratio_interval(&pairs, Confidence::P95.0),
    })
}
