//! Where an epoch's time goes: computing, preparing samples, fetching them from the device.
//!
//! The split is that of DS-Analyzer (J. Mohan, A. Phanishayee, A. Raniwala, V. Chidambaram,
//! *Analyzing and Mitigating Data Stalls in DNN Training*, PVLDB 14, 2021), by differences of
//! measured epochs:
//!
//! - *compute*: an epoch of the same model on batches that lie ready in memory;
//! - *preparation stall*: what a warm epoch takes beyond that. Decoding and converting, and on a
//!   processor that also trains, what loader and model take from each other;
//! - *fetch stall*: what a cold epoch takes beyond a warm one. Cold epochs are all of a run where
//!   the cache is dropped before each (`cold`), the first one where it is dropped once
//!   (`cold-first`).
//!
//! Differences are taken within blocks. They are not cut off at 0: a stall of nearly nothing may
//! come out slightly negative, and its interval tells.

use super::{ConfigurationSummary, Estimate, Metric, RunPoint, summary};
use crate::statistics::Bootstrap;
use ielade_core::{LayoutId, worker_protocol::CacheState};
use serde::{Deserialize, Serialize};

/// One consumer's split, a layout each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsumerSplit {
    /// Name of the consumer.
    pub consumer: String,
    /// Epoch on batches from memory, in seconds.
    pub compute: Estimate,
    /// In the order of the plan.
    pub layouts: Vec<LayoutSplit>,
}

/// What a layout adds to an epoch, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LayoutSplit {
    /// The layout.
    pub layout: LayoutId,
    /// What a warm epoch takes beyond computing; `None` where no warm one was run.
    pub preparation: Option<Estimate>,
    /// What a cold epoch takes beyond a warm one; `None` where one of them was not run.
    pub fetch: Option<Estimate>,
}

/// The configurations of one consumer that the split is made from.
pub(super) struct Parts<'a> {
    pub(super) consumer: &'a str,
    pub(super) memory: &'a ConfigurationSummary,
    /// All contestants with this consumer, in whatever state of the cache.
    pub(super) contestants: Vec<&'a ConfigurationSummary>,
}

impl Parts<'_> {
    /// The split; `None` where no run on batches from memory counts.
    pub(super) fn split(&self, bootstrap: Bootstrap) -> Option<ConsumerSplit> {
        let mut layouts: Vec<&LayoutId> = Vec::new();
        for contestant in &self.contestants {
            let layout = &contestant.configuration.layout;
            if !layouts.contains(&layout) {
                layouts.push(layout);
            }
        }
        Some(ConsumerSplit {
            consumer: self.consumer.to_owned(),
            compute: self.memory.estimate(Metric::MeanEpochSeconds)?,
            layouts: layouts
                .into_iter()
                .map(|layout| self.of_layout(layout, bootstrap))
                .collect(),
        })
    }

    fn of_layout(&self, layout: &LayoutId, bootstrap: Bootstrap) -> LayoutSplit {
        let compute = every_epoch(&self.memory.points);
        let warm = self.in_state(layout, CacheState::Warm).map(every_epoch);
        let cold = self
            .in_state(layout, CacheState::Cold)
            .map(every_epoch)
            .or_else(|| {
                self.in_state(layout, CacheState::ColdFirst)
                    .map(first_epoch)
            });
        let beyond = |more: Option<&Vec<(u32, f64)>>, less: Option<&Vec<(u32, f64)>>| {
            summary::estimate(&differences(more?, less?), bootstrap)
        };
        LayoutSplit {
            layout: layout.clone(),
            preparation: beyond(warm.as_ref(), Some(&compute)),
            fetch: beyond(cold.as_ref(), warm.as_ref()),
        }
    }

    fn in_state(&self, layout: &LayoutId, state: CacheState) -> Option<&[RunPoint]> {
        let mut contestants = self.contestants.iter();
        let found = contestants
            .find(|one| one.configuration.layout == *layout && one.configuration.cache == state);
        found.map(|one| one.points.as_slice())
    }
}

/// Mean epoch time of each run, by block.
fn every_epoch(points: &[RunPoint]) -> Vec<(u32, f64)> {
    summary::by_block(points, Metric::MeanEpochSeconds)
}

/// Time of the first epoch of each run, by block.
fn first_epoch(points: &[RunPoint]) -> Vec<(u32, f64)> {
    let first = |point: &RunPoint| Some((point.block, *point.epoch_seconds.first()?));
    points.iter().filter_map(first).collect()
}

/// What one takes more than the other, over the blocks that both have.
fn differences(more: &[(u32, f64)], less: &[(u32, f64)]) -> Vec<f64> {
    more.iter()
        .filter_map(|(block, value)| {
            let other = less.iter().find(|(theirs, _)| theirs == block)?;
            Some(value - other.1)
        })
        .collect()
}
