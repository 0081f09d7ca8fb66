//! Where an epoch's time goes: computing, preparing samples, fetching them.

use super::{Mean, mean_among, place_of};
use crate::{figures::Quantity, language::Language};
use ielade_bench::analysis::{Analysis, ConsumerSplit, Estimate};
use serde::Serialize;

/// The split of one consumer.
#[derive(Debug, Serialize)]
pub(in crate::page) struct SplitChart {
    consumer: String,
    compute: Mean,
    rows: Vec<SplitRow>,
}

/// What a layout adds to an epoch.
#[derive(Debug, Serialize)]
struct SplitRow {
    layout: usize,
    preparation: Option<Mean>,
    fetch: Option<Mean>,
}

impl SplitChart {
    pub(super) fn all(analysis: &Analysis, names: &[String], language: Language) -> Vec<Self> {
        let splits = analysis.splits.iter();
        splits
            .map(|split| Self::of(split, names, language))
            .collect()
    }

    fn of(split: &ConsumerSplit, names: &[String], language: Language) -> Self {
        // One unit for the whole chart: that of the computing.
        let kind = (Quantity::Time, language);
        let mean = |own: &Estimate| mean_among(kind, own, [split.compute.mean]);
        Self {
            consumer: split.consumer.clone(),
            compute: mean(&split.compute),
            rows: split
                .layouts
                .iter()
                .map(|one| SplitRow {
                    layout: place_of(names, &one.layout),
                    preparation: one.preparation.as_ref().map(mean),
                    fetch: one.fetch.as_ref().map(mean),
                })
                .collect(),
        }
    }
}
