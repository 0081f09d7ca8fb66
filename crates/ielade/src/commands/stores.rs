//! Making stores out of a data set, with progress.

use crate::progress;
use anyhow::Context;
use ielade::{
    core::{LayoutId, Normalisation, OrientationRule, Split},
    dataset::DataSet,
    layout::{
        DataSetSplit, LayoutError, PrepareRequest, Prepared,
        prepare::{
            IfOccupied, OnBadSample, Progress, StatisticsRequest, channel_statistics, prepare,
        },
        store::default_folder,
    },
};
use indicatif::ProgressBar;
use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// How stores are made.
#[derive(Debug, Clone)]
pub(crate) struct Making {
    pub(crate) stores: PathBuf,
    pub(crate) resize: Option<(u32, u32)>,
    pub(crate) orientation: OrientationRule,
    pub(crate) on_bad_sample: OnBadSample,
    pub(crate) if_occupied: IfOccupied,
}

/// Makes stores of one data set; channel statistics are computed once.
pub(crate) struct Maker<'a> {
    data_set: &'a DataSet,
    making: Making,
    normalisation: Option<Normalisation>,
    stop: &'a AtomicBool,
}

impl<'a> Maker<'a> {
    pub(crate) const fn new(data_set: &'a DataSet, making: Making, stop: &'a AtomicBool) -> Self {
        Self {
            data_set,
            making,
            normalisation: None,
            stop,
        }
    }

    /// The folder of a store.
    pub(crate) fn folder(&self, split: Split, layout: &LayoutId) -> PathBuf {
        let below = default_folder(self.data_set.name(), split, layout);
        // The default lies below `stores`; here the user's own folder takes that place.
        let below = below
            .strip_prefix("stores")
            .map(Path::to_owned)
            .unwrap_or(below);
        self.making.stores.join(below)
    }

    /// Makes one store, or finds it there.
    pub(crate) fn make(&mut self, split: Split, layout: &LayoutId) -> anyhow::Result<Prepared> {
        let source = self.split(split)?;
        let request = PrepareRequest {
            resize: self.making.resize,
            orientation: self.making.orientation,
            on_bad_sample: self.making.on_bad_sample,
            if_occupied: self.making.if_occupied,
            ..PrepareRequest::new(
                layout.clone(),
                self.folder(split, layout),
                self.normalisation()?,
            )
        };
        let mut bar = Bar::new(format!("prepare {layout} {split}"));
        let prepared = prepare(&request, &source, &mut |sign| bar.show(sign), self.stop);
        bar.clear();
        prepared.with_context(|| format!("cannot prepare {layout} of {split}"))
    }

    pub(crate) fn split(&self, split: Split) -> anyhow::Result<DataSetSplit<'a>> {
        DataSetSplit::of(self.data_set, split).with_context(|| {
            format!(
                "{} has no {split} split; it has {}",
                self.data_set.source(),
                names(self.data_set.splits())
            )
        })
    }

    /// Mean and standard deviation of the training split (of the first split where there is none).
    fn normalisation(&mut self) -> anyhow::Result<Normalisation> {
        if let Some(known) = &self.normalisation {
            return Ok(known.clone());
        }
        let split = [Split::Train]
            .into_iter()
            .chain(self.data_set.splits())
            .find(|split| self.data_set.split(*split).is_some())
            .context("the data set has no samples")?;
        let source = self.split(split)?;
        let request = StatisticsRequest {
            orientation: self.making.orientation,
            resize: self.making.resize,
            on_bad_sample: self.making.on_bad_sample,
        };
        let mut bar = Bar::new(format!("channel statistics of {split}"));
        let found = channel_statistics(&request, &source, &mut |sign| bar.show(sign), self.stop);
        bar.clear();
        let found = found?;
        self.normalisation = Some(found.clone());
        Ok(found)
    }
}

/// True where the user stopped the work.
pub(crate) fn was_stopped(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| matches!(cause.downcast_ref(), Some(LayoutError::Stopped { .. })))
}

pub(crate) fn names(splits: impl Iterator<Item = Split>) -> String {
    splits.map(Split::name).collect::<Vec<_>>().join(", ")
}

/// A progress bar over what `prepare` tells.
struct Bar {
    what: String,
    bar: Option<ProgressBar>,
}

impl Bar {
    const fn new(what: String) -> Self {
        Self { what, bar: None }
    }

    fn show(&mut self, sign: Progress) {
        match sign {
            Progress::Continues { done, total } => {
                eprintln!("{}: continues at {done} of {total}", self.what);
            }
            Progress::StartsOver { reason } => {
                eprintln!("{}: starts over, {reason}", self.what);
            }
            Progress::Statistics { done, total } | Progress::Samples { done, total } => {
                let what = &self.what;
                self.bar
                    .get_or_insert_with(|| progress::counting(what, total.into()))
                    .set_position(done.into());
            }
            Progress::Completing => {
                if let Some(bar) = &self.bar {
                    bar.set_message(format!("{}: digests", self.what));
                }
            }
            _ => {}
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
