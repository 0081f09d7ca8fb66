//! The folder that a store is written into, and its final place.

use super::IfOccupied;
use crate::{LayoutError, disk, store::MANIFEST_FILE};
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

/// How far an unfinished store has come; beside its data until it is finished.
const CHECKPOINT_FILE: &str = "progress.json";

/// How far an unfinished store has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkpoint {
    /// Digest of everything that decides what the store holds.
    pub(super) request: String,
    /// Samples of the source that were looked at.
    pub(super) done: u32,
    /// Samples that the store holds.
    pub(super) written: u32,
    /// Samples that were left out.
    pub(super) skipped: u32,
    /// Size of the images so far.
    pub(super) shape: Option<ielade_core::ImageShape>,
    /// Seconds that writing took so far.
    pub(super) seconds: f64,
}

impl Checkpoint {
    pub(super) fn start(request: String) -> Self {
        Self {
            request,
            done: 0,
            written: 0,
            skipped: 0,
            shape: None,
            seconds: 0.0,
        }
    }
}

/// A hidden folder beside the store's final place, locked against other writers.
#[derive(Debug)]
pub(super) struct Target {
    store: PathBuf,
    parent: PathBuf,
    partial: PathBuf,
    /// Holds the lock; the system releases it with the process, however that ends.
    _lock: File,
}

/// What a folder held when it was claimed.
pub(super) enum Found {
    Nothing,
    /// An unfinished store of the same request.
    Unfinished(Checkpoint),
    /// An unfinished store that cannot be continued; why.
    Useless(&'static str),
}

impl Target {
    /// Makes or takes over the partial folder of a store.
    pub(super) fn claim(store: &Path) -> Result<Self, LayoutError> {
        let name = store.file_name().ok_or_else(|| {
            let nameless = io::Error::new(io::ErrorKind::InvalidInput, "the path has no last part");
            LayoutError::io("create", store)(nameless)
        })?;
        let parent = match store.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => store,
        };
        std::fs::create_dir_all(parent).map_err(LayoutError::io("create", parent))?;
        let partial = parent.join(format!(".{}.partial", name.to_string_lossy()));
        match std::fs::create_dir(&partial) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(LayoutError::io("create", &partial)(error));
            }
            _ => {}
        }
        let lock = File::open(&partial).map_err(LayoutError::io("open", &partial))?;
        match lock_patiently(&lock) {
            Ok(()) => Ok(Self {
                store: store.to_owned(),
                parent: parent.to_owned(),
                partial,
                _lock: lock,
            }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(LayoutError::Busy {
                path: store.to_owned(),
            }),
            Err(errno) => Err(LayoutError::errno("lock", &partial)(errno)),
        }
    }

    /// The folder to write into.
    pub(super) fn folder(&self) -> &Path {
        &self.partial
    }

    /// What the folder holds already.
    pub(super) fn find(&self, request: &str) -> Result<Found, LayoutError> {
        let path = self.partial.join(CHECKPOINT_FILE);
        match std::fs::read(&path) {
            Ok(content) => Ok(match serde_json::from_slice::<Checkpoint>(&content) {
                Ok(checkpoint) if checkpoint.request == request => Found::Unfinished(checkpoint),
                Ok(_) => Found::Useless("the unfinished store there is of another request"),
                Err(_) => Found::Useless("the unfinished store there cannot be understood"),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if is_empty(&self.partial)? {
                    return Ok(Found::Nothing);
                }
                Err(LayoutError::Occupied {
                    path: self.partial.clone(),
                    found: "files that belong to no unfinished store".to_owned(),
                    replaceable: false,
                })
            }
            Err(error) => Err(LayoutError::io("read", &path)(error)),
        }
    }

    pub(super) fn save(&self, checkpoint: &Checkpoint) -> Result<(), LayoutError> {
        let path = self.partial.join(CHECKPOINT_FILE);
        let content = serde_json::to_vec(checkpoint)
            .map_err(|error| LayoutError::io("write", &path)(error.into()))?;
        disk::write_atomically(&path, &content)
    }

    /// Empties the folder.
    pub(super) fn empty(&self) -> Result<(), LayoutError> {
        let failed = |error| LayoutError::io("empty", &self.partial)(error);
        for entry in std::fs::read_dir(&self.partial).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            remove(&entry.path())?;
        }
        Ok(())
    }

    /// Removes the folder, where nothing in it can be of use.
    pub(super) fn abandon(&self) -> Result<(), LayoutError> {
        remove(&self.partial)
    }

    /// Gives the finished store its name.
    pub(super) fn publish(&self, if_occupied: IfOccupied) -> Result<(), LayoutError> {
        disk::sync_folder(&self.partial)?;
        let mut replaced = self.partial.clone().into_os_string();
        replaced.push(".replaced");
        let replaced = PathBuf::from(replaced);
        if if_occupied == IfOccupied::Replace && self.store.join(MANIFEST_FILE).exists() {
            remove(&replaced)?;
            std::fs::rename(&self.store, &replaced)
                .map_err(LayoutError::io("rename", &self.store))?;
        }
        std::fs::rename(&self.partial, &self.store)
            .map_err(LayoutError::io("rename", &self.partial))?;
        // Until here it could have been continued; from here on it is a store.
        remove(&self.store.join(CHECKPOINT_FILE))?;
        disk::sync_folder(&self.parent)?;
        remove(&replaced)
    }
}

/// Removes a file or a folder with everything in it; nothing to remove is fine.
fn remove(path: &Path) -> Result<(), LayoutError> {
    let result = if path.is_dir() && !path.is_symlink() {
        std::fs::remove_dir_all(path)
    } else {
        std::fs::remove_file(path)
    };
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(LayoutError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn is_empty(folder: &Path) -> Result<bool, LayoutError> {
    let mut entries = std::fs::read_dir(folder).map_err(LayoutError::io("list", folder))?;
    Ok(entries.next().is_none())
}

/// What lies at a store's final place.
pub(super) enum Place {
    Free,
    Store,
    Other,
}

/// Looks at a store's final place.
pub(super) fn look(store: &Path) -> Result<Place, LayoutError> {
    if store.join(MANIFEST_FILE).exists() {
        return Ok(Place::Store);
    }
    match std::fs::symlink_metadata(store) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Place::Free),
        Err(error) => Err(LayoutError::io("look at", store)(error)),
        Ok(metadata) if metadata.is_dir() && is_empty(store)? => Ok(Place::Free),
        Ok(_) => Ok(Place::Other),
    }
}
/// How often a lock is tried, and how long is waited in between.
const LOCK_TRIES: u32 = 50;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Takes a lock that may be about to be free: a process that was just killed, or a child of this
/// one between its birth and its start, holds it some moments longer than its owner.
fn lock_patiently(file: &File) -> rustix::io::Result<()> {
    for _ in 1..LOCK_TRIES {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(LOCK_PAUSE),
            result => return result,
        }
    }
    rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive)
}
