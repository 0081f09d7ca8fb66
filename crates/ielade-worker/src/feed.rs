//! Where the batches of a job come from: a store, opened anew where the page cache is to be cold
//! again, or memory.

use crate::{
    WorkerError, cache_state,
    memory_batches::MemoryBatches,
    stores::open_train_loader,
    tally::{Participants, drive},
};
use ielade_core::shuffle;
use ielade_core::worker_protocol::{BatchOrigin, EpochReport, Job, OrderReport};
use ielade_loader::Loader;

/// A source of batches.
pub(crate) enum Feed {
    Store(StoreFeed),
    Memory(MemoryBatches),
}

/// A store that is open between its epochs.
#[derive(Default)]
pub(crate) struct StoreFeed {
    /// `None` only where opening it anew failed.
    loader: Option<Loader>,
}

impl Feed {
    /// The source that the job asks for; `loader` is open on its store.
    pub(crate) fn of(job: &Job, loader: Loader) -> Self {
        match job.batches {
            BatchOrigin::Store => Self::Store(StoreFeed {
                loader: Some(loader),
            }),
            BatchOrigin::Memory => Self::Memory(MemoryBatches::like(&loader, job)),
        }
    }

    /// Loader threads at work.
    pub(crate) fn threads(&self) -> u32 {
        self.loader().map_or(0, |loader| loader.threads() as u32)
    }

    /// How the epochs are ordered; batches from memory have no order.
    pub(crate) fn order(&self) -> Option<OrderReport> {
        let loader = self.loader()?;
        let order = loader.order();
        Some(OrderReport {
            shuffle: order.shuffle(),
            samples_per_chunk: loader.samples_per_chunk(),
            score: shuffle::score(&order.epoch(0)),
        })
    }

    fn loader(&self) -> Option<&Loader> {
        match self {
            Self::Store(feed) => feed.loader.as_ref(),
            Self::Memory(_) => None,
        }
    }

    /// Drops the store from the page cache before an epoch.
    ///
    /// What a library has mapped stays in the cache. So the store is closed first, and opened again;
    /// and what opening read is dropped once more: a loader that had stayed open would not have
    /// read it.
    pub(crate) fn cool_down(&mut self, job: &Job) -> Result<(), WorkerError> {
        let Self::Store(feed) = self else {
            return Ok(());
        };
        feed.loader = None;
        cache_state::drop_files(&job.train_store)?;
        feed.loader = Some(open_train_loader(job)?.0);
        cache_state::drop_files(&job.train_store)
    }

    /// One epoch.
    pub(crate) fn epoch(
        &mut self,
        number: u32,
        with: &mut Participants<'_>,
    ) -> Result<EpochReport, WorkerError> {
        match self {
            Self::Memory(batches) => drive(number, &mut batches.epoch(number.into()), with),
            Self::Store(feed) => feed.epoch(number, with),
        }
    }
}

impl StoreFeed {
    fn epoch(
        &mut self,
        number: u32,
        with: &mut Participants<'_>,
    ) -> Result<EpochReport, WorkerError> {
        let loader = match &mut self.loader {
            Some(loader) => loader,
            closed => closed.insert(open_train_loader(with.job)?.0),
        };
        let allocated = loader.allocated_batches();
        let mut batches = loader.epoch(number.into());
        let mut report = drive(number, &mut batches, with)?;
        report.bad_samples = batches.bad_samples().to_vec();
        drop(batches);
        report.buffer_allocations = Some((loader.allocated_batches() - allocated) as u64);
        Ok(report)
    }
}
