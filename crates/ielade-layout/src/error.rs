use ielade_codec::CodecError;
use std::path::PathBuf;

/// Why a store could not be written, opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// A sample that could not be read or decoded; the rest of the store may be sound.
    #[error("{path}: {reason}", path = path.display())]
    BadSample {
        /// Its place in the slot that was to be filled.
        place: usize,
        /// Its position in the store.
        index: u32,
        /// The file it lies in.
        path: PathBuf,
        /// Why.
        reason: BadSampleReason,
    },
}

/// Why a sample could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadSampleReason {
    /// The system could not read the file.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The bytes could not be made into pixels.
    #[error(transparent)]
    Codec(#[from] CodecError),
}
