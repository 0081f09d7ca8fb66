//! Bringing a store's files into the page cache, or out of it.

use crate::WorkerError;
use ielade_core::worker_protocol::CacheState;
use ielade_layout::cache;
use std::path::Path;

/// Brings the store's files into the state that the job asks for.
pub(crate) fn establish(store: &Path, state: CacheState) -> Result<(), WorkerError> {
    let done = match state {
        CacheState::Warm => cache::warm(store),
        CacheState::Cold => cache::drop_cache(store),
        CacheState::AsIs => Ok(()),
    };
    done.map_err(|source| WorkerError::Store {
        store: store.to_owned(),
        source,
    })
}

/// Share of the store's bytes in the page cache; `None` where the system does not tell.
pub(crate) fn residency(store: &Path) -> Option<f64> {
    cache::store_residency(store)
        .ok()
        .map(ielade_layout::mapped::Residency::share)
}
