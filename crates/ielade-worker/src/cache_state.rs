//! Bringing a store's files into the page cache, or out of it.

use crate::WorkerError;
use ielade_core::worker_protocol::{COLD_RESIDENCY, CacheState, Job};
use ielade_layout::cache;
use std::{path::Path, thread, time::Duration};

/// How often dropping a store is tried.
const ATTEMPTS: u32 = 5;

/// Time between two attempts: the kernel reads ahead a few megabytes at most.
const PAUSE: Duration = Duration::from_millis(50);

/// Brings the store's files into the state that the job asks for, before anything of it is open.
pub(crate) fn establish(job: &Job) -> Result<(), WorkerError> {
    let store = &job.train_store;
    match job.cache {
        CacheState::Warm => {
            if job.memory_limit.is_some() {
                // Pages that others brought in do not count towards the limit of this process.
                drop_files(store)?;
            }
            cache::warm(store).map_err(in_store(store))
        }
        CacheState::Cold | CacheState::ColdFirst => drop_files(store),
        CacheState::AsIs => Ok(()),
    }
}

/// Drops the store's files from the page cache, but for what another process has mapped.
///
/// Pages that the kernel is just reading ahead cannot be dropped; so it is tried a few times.
pub(crate) fn drop_files(store: &Path) -> Result<(), WorkerError> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            thread::sleep(PAUSE);
        }
        cache::drop_cache(store).map_err(in_store(store))?;
        if residency(store).is_none_or(|share| share <= COLD_RESIDENCY) {
            break;
        }
    }
    Ok(())
}

/// Share of the store's bytes in the page cache; `None` where the system does not tell.
pub(crate) fn residency(store: &Path) -> Option<f64> {
    cache::store_residency(store)
        .ok()
        .map(ielade_layout::mapped::Residency::share)
}

fn in_store(store: &Path) -> impl FnOnce(ielade_layout::LayoutError) -> WorkerError {
    let store = store.to_owned();
    move |source| WorkerError::Store { store, source }
}
