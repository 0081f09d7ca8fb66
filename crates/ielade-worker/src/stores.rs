//! Opening the stores of a job.

use crate::WorkerError;
use ielade_core::{
    ForeignNames, Shuffle,
    worker_protocol::{Job, LastBatch, LoaderSettings},
};
use ielade_layout::{ForeignStore, LayoutReader};
use ielade_loader::Loader;
use std::{path::Path, sync::Arc};

/// The store to train from, and what was guessed of it.
pub(crate) fn open_train_loader(job: &Job) -> Result<(Loader, Vec<String>), WorkerError> {
    let opened = open_store(&job.train_store, &job.names)?;
    let loader = open_loader(&job.train_store, opened.reader, &job.loader, job.seed)?;
    Ok((loader, opened.guesses))
}

/// The test store is read in its own order, whole, without random changes.
pub(crate) fn open_test_loader(
    job: &Job,
    store: &Path,
    train: &Loader,
) -> Result<Loader, WorkerError> {
    let image = train.output().image;
    let settings = LoaderSettings {
        augmentation: ielade_core::Augmentation::NONE,
        shuffle: Shuffle::None,
        last_batch: LastBatch::Keep,
        resize: Some((image.height, image.width)),
        ..job.loader.clone()
    };
    let opened = open_store(store, &job.names)?;
    let test = open_loader(store, opened.reader, &settings, job.seed)?;
    if test.manifest().classes != train.manifest().classes {
        return Err(WorkerError::OtherClasses {
            train: job.train_store.clone(),
            test: store.to_owned(),
        });
    }
    Ok(test)
}

fn open_store(store: &Path, names: &ForeignNames) -> Result<ForeignStore, WorkerError> {
    ielade_layout::open_any(store, names).map_err(|source| WorkerError::Store {
        store: store.to_owned(),
        source,
    })
}

fn open_loader(
    store: &Path,
    reader: Box<dyn LayoutReader>,
    settings: &LoaderSettings,
    seed: u64,
) -> Result<Loader, WorkerError> {
    Loader::open(Arc::from(reader), settings, seed).map_err(|source| WorkerError::Load {
        store: store.to_owned(),
        source,
    })
}
