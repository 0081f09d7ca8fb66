//! Why a data set cannot be fetched.

use crate::DataSetError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a data set cannot be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Another process is fetching the same set to the same place.
    #[error("another process is fetching into {}; wait until it is done", path.display())]
    Busy {
        /// The target folder.
        path: PathBuf,
    },
    /// Something else lies where the data set belongs.
    #[error("{} is there already, but it is not the data set ({reason}); move it away, or choose another target", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused.
    #[error("{url} answered {status}; {hint}")]
    Status {
        /// The address.
        url: String,
        /// HTTP status.
        status: u16,
        /// What to do.
        hint: &'static str,
    },
    /// The address cannot be used.
    #[error("{url} is no address that can be fetched: {reason}")]
    Address {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The connection broke off again and again.
    #[error("{url} broke off {attempts} times in a row ({reason}); {} here. Run the same command again to continue", came(*bytes, *total))]
    BrokenOff {
        /// The address.
        url: String,
        /// Attempts without progress.
        attempts: u32,
        /// The last attempt's failure.
        reason: String,
        /// Bytes that are here.
        bytes: u64,
        /// Bytes in all, as the server says.
        total: Option<u64>,
    },
    /// The download goes on beyond any reasonable size.
    #[error("{url} sends more than {limit} bytes; this is not the data set")]
    DownloadTooLarge {
        /// The address.
        url: String,
        /// Most bytes.
        limit: u64,
    },
    /// What came is not what the authors published.
    #[error("{} has the MD5 {found}, but {expected} was expected: it was damaged on its way, or is something else. It is kept as {}; run the same command again to fetch it anew, or name another address", archive.display(), kept.display())]
    Checksum {
        /// The archive.
        archive: PathBuf,
        /// MD5 as published.
        expected: String,
        /// MD5 of what came.
        found: String,
        /// Where what came is kept.
        kept: PathBuf,
    },
    /// No room left.
    #[error("the disk is full: cannot write {}. Make room, or choose a target on another disk; what was downloaded is kept", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
    /// What came is no archive.
    #[error("{} is no .zip or .tar.gz archive: it starts with {start}; it is kept with the ending .bad; run the same command again to fetch it anew, or name another address", archive.display())]
    NotAnArchive {
        /// The archive.
        archive: PathBuf,
        /// Its first bytes, readable.
        start: String,
    },
    /// The archive cannot be read to its end.
    #[error("{} cannot be unpacked: {reason}; it is kept with the ending .bad; run the same command again to fetch it anew, or name another address", archive.display())]
    Corrupt {
        /// The archive.
        archive: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A member of the archive that could do harm.
    #[error("{} is refused: its member {member:?} {reason}", archive.display())]
    Unsafe {
        /// The archive.
        archive: PathBuf,
        /// The member's name.
        member: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The archive unpacks to more than any reasonable size.
    #[error("{} is refused: it unpacks to more than {limit} {what}", archive.display())]
    UnpacksTooLarge {
        /// The archive.
        archive: PathBuf,
        /// Most.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// The archive can be unpacked, but is not this data set.
    #[error("{} is not the data set {set}: {reason}; it is kept with the ending .bad; run the same command again to fetch it anew, or name another address", archive.display())]
    NotTheDataSet {
        /// The archive.
        archive: PathBuf,
        /// The data set.
        set: &'static str,
        /// Why not.
        reason: String,
    },
    /// The system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, for example `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

fn came(bytes: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{bytes} of {total} bytes are"),
        None => format!("{bytes} bytes are"),
    }
}

impl FetchError {
    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull {
                path: path.to_owned(),
            },
            _ => Self::Io {
                action,
                path: path.to_owned(),
                source,
            },
        }
    }

    /// True where the archive itself is at fault, and not the machine.
    pub(crate) fn blames_archive(&self) -> bool {
        matches!(
            self,
            Self::NotAnArchive { .. }
                | Self::Corrupt { .. }
                | Self::Unsafe { .. }
                | Self::UnpacksTooLarge { .. }
                | Self::NotTheDataSet { .. }
        )
    }

    pub(crate) fn corrupt(archive: &Path, reason: &dyn std::fmt::Display) -> Self {
        Self::Corrupt {
            archive: archive.to_owned(),
            reason: reason.to_string(),
        }
    }

    pub(crate) fn not_the_set(
        archive: &Path,
        set: &'static str,
    ) -> impl FnOnce(DataSetError) -> Self {
        move |error| Self::NotTheDataSet {
            archive: archive.to_owned(),
            set,
            reason: error.to_string(),
        }
    }
}
