use ielade_core::worker_protocol::PROTOCOL_VERSION;
use ielade_layout::LayoutError;
use ielade_loader::LoadError;
use ielade_train::TrainError;
use std::path::PathBuf;

/// Why a job could not be run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// No job came, or not one that can be read.
    #[error("no job on standard input: {0}")]
    NoJob(String),
    /// The job is of another version of the protocol.
    #[error(
        "the job speaks protocol {0}, this worker {PROTOCOL_VERSION}; \
         use harness and worker of the same version"
    )]
    Protocol(u32),
    /// A store could not be opened or read.
    #[error("store {store}: {source}", store = store.display())]
    Store {
        /// The store's folder.
        store: PathBuf,
        /// Why.
        source: LayoutError,
    },
    /// Batches could not be delivered.
    #[error("store {store}: {source}", store = store.display())]
    Load {
        /// The store's folder.
        store: PathBuf,
        /// Why.
        source: LoadError,
    },
    /// The model could not be built or trained.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The test store is not of the same data set.
    #[error(
        "test store {test} has classes that differ from those of {train}; \
         both must come from one data set", test = test.display(), train = train.display()
    )]
    OtherClasses {
        /// Folder of the training store.
        train: PathBuf,
        /// Folder of the test store.
        test: PathBuf,
    },
    /// Whoever listens has gone.
    #[error("cannot write an event: {0}")]
    Events(#[from] std::io::Error),
}
