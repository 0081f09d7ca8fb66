//! A store for the fake worker.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

/// A folder that stands for a store; its name says what the fake worker does with it, and a lock
/// in it tells whether a worker lives.
pub(crate) struct Store {
    folder: PathBuf,
    _parent: tempfile::TempDir,
}

impl Store {
    pub(crate) fn named(behaviour: &str) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join(behaviour);
        std::fs::create_dir(&folder).unwrap();
        Self {
            folder,
            _parent: parent,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Waits until no process works on this store any more; fails after half a minute.
    pub(crate) fn assert_left_alone(&self) {
        assert!(self.folder.join("locked").exists(), "no worker ever came");
        let alive = File::open(self.folder.join("alive")).unwrap();
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(alive.lock()));
        let locked = receiver.recv_timeout(Duration::from_secs(30));
        locked.expect("a worker still lives").unwrap();
    }
}
