use ielade_codec::CodecError;
use ielade_core::Encoding;
use std::{
    io,
    path::{Path, PathBuf},
};

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
    /// The system refused something.
    #[error("cannot {action} {path}: {source}", path = path.display())]
    Io {
        /// What was tried, for example `write`.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full.
    #[error(
        "the disk is full: cannot write {path} ({free} bytes are free); make room and run the \
         same command again, it continues where it stopped",
        path = path.display()
    )]
    DiskFull {
        /// The file that was being written.
        path: PathBuf,
        /// Bytes free there.
        free: u64,
    },
    /// The store would not fit on the disk.
    #[error(
        "the store needs about {needed} bytes but {free} are free at {path}; make room or choose \
         a folder on another disk",
        path = path.display()
    )]
    NoRoom {
        /// The folder that was to hold the store.
        path: PathBuf,
        /// Bytes that are still to be written, about.
        needed: u64,
        /// Bytes free there.
        free: u64,
    },
    /// A folder without a manifest.
    #[error(
        "{path} is not a store: it holds no manifest.json; make a store with `ielade prepare`",
        path = path.display()
    )]
    NotAStore {
        /// The folder.
        path: PathBuf,
    },
    /// A manifest that cannot be understood, or that contradicts itself.
    #[error("{path} is not a usable manifest: {reason}; prepare the store again", path = path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A manifest of a later format.
    #[error(
        "{path} has format {found} and this version reads up to {known}: the store was made by a \
         newer ielade; update ielade, or prepare the store again",
        path = path.display()
    )]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The newest format that is known.
        known: u32,
    },
    /// A container that the registry does not hold.
    #[error("unknown container {name:?}{}; known: {known}", did_you_mean(nearest.as_deref()))]
    UnknownContainer {
        /// The name as given.
        name: String,
        /// The known name that is nearest to it, where one is near.
        nearest: Option<String>,
        /// All known names.
        known: String,
    },
    /// An encoding that the container cannot hold.
    #[error("{container} cannot hold {encoding}; it holds {known}")]
    EncodingNotHeld {
        /// The container.
        container: &'static str,
        /// The encoding that was asked for.
        encoding: Encoding,
        /// The encodings that it holds.
        known: String,
    },
    /// A file that the manifest lists and the store lacks.
    #[error("{path} is missing, though the manifest lists it; prepare the store again", path = path.display())]
    MissingFile {
        /// The file.
        path: PathBuf,
    },
    /// A file whose size is not what was recorded of it.
    #[error(
        "{path} has {found} bytes where {expected} were recorded: it was cut or changed; prepare \
         the store again",
        path = path.display()
    )]
    FileSize {
        /// The file.
        path: PathBuf,
        /// Bytes by the record.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A line of one of the store's tables that cannot be understood.
    #[error("{path}, line {line}: {reason}", path = path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Line number, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// A container's file that cannot be read: damaged, or written in a way that is not known.
    #[error("{path}, byte {offset}: {reason}", path = path.display())]
    Container {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A stored label that is no index into the class names.
    #[error("{path}: sample {index} has label {label} but there are {classes} classes", path = path.display())]
    StoredLabel {
        /// The file that holds the label.
        path: PathBuf,
        /// The sample.
        index: u64,
        /// Its label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// An option that a container or an encoding does not have, or not with this value.
    #[error("{what}: {reason}")]
    Option {
        /// The container or encoding, for example `hdf5`.
        what: String,
        /// What is wrong, and what there is.
        reason: String,
    },
    /// A file or folder in which no container recognises itself.
    #[error("{path} is neither a store nor a file of a known container: {reason}; known: {known}", path = path.display())]
    UnknownFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// The containers that are read without a manifest.
        known: String,
    },
    /// A file whose images or labels cannot be guessed, or are not where they were said to be.
    #[error("{path}: {reason}; {hint}", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What was not found.
        reason: String,
        /// What to say.
        hint: String,
    },
    /// The store's files contradict its manifest.
    #[error("{path} does not match the manifest: {reason}; prepare the store again", path = path.display())]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// Where the two differ.
        reason: String,
    },
    /// A position behind the end of the store.
    #[error("{path} holds {count} samples; there is no sample {index}", path = path.display())]
    NoSuchSample {
        /// The store.
        path: PathBuf,
        /// The position that was asked for.
        index: u32,
        /// Samples in the store.
        count: u32,
    },
    /// A sample that a writer cannot take.
    #[error("{key}: the store takes {expected} but was given {found}")]
    WrongPayload {
        /// The sample.
        key: String,
        /// What the store holds.
        expected: String,
        /// What came.
        found: String,
    },
    /// Images of several sizes in a container that needs one.
    #[error(
        "{key} is {found} but the images before it are {expected}, and {container} holds one size \
         only; add --resize HEIGHTxWIDTH"
    )]
    SizesDiffer {
        /// The first sample of another size.
        key: String,
        /// Its size.
        found: String,
        /// The size of those before it.
        expected: String,
        /// The container.
        container: &'static str,
    },
    /// A sample whose name cannot become a file name.
    #[error("the sample name {key:?} cannot become a file name: {reason}; rename it in the source")]
    HostileKey {
        /// The sample's name.
        key: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A label that is no index into the class names.
    #[error("{key} has label {label} but there are {classes} classes")]
    LabelOutOfRange {
        /// The sample.
        key: String,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A sample without a label in a container that has a place for one and no sign for none.
    #[error(
        "{key} has no label, and {container} cannot hold a sample without one; choose another \
         container"
    )]
    NeedsLabel {
        /// The first such sample.
        key: String,
        /// The container.
        container: &'static str,
    },
    /// More classes than a container can tell apart.
    #[error(
        "{container} tells at most {most} classes apart, and there are {classes}; choose another container"
    )]
    TooManyClasses {
        /// The container.
        container: &'static str,
        /// Number of classes.
        classes: usize,
        /// How many it can hold.
        most: usize,
    },
    /// An encoding that would need the published image to be encoded anew.
    #[error(
        "{key}: the source is {found}, not {wanted}; encoding it would change the pixels, so {hint}"
    )]
    NotPublishedAs {
        /// The first such sample.
        key: String,
        /// What the source holds.
        found: Encoding,
        /// What the store was to hold.
        wanted: Encoding,
        /// What to do.
        hint: &'static str,
    },
    /// A sample that the source could not deliver or that could not be decoded.
    #[error("{key}: {source}; leave such samples out with --on-bad-sample skip")]
    BadSource {
        /// The sample.
        key: String,
        /// Why.
        source: SourceError,
    },
    /// A source without a usable sample.
    #[error("{name}/{split} has no usable sample; there is nothing to prepare")]
    NoSamples {
        /// The data set.
        name: String,
        /// The split.
        split: ielade_core::Split,
    },
    /// More samples than a store can number.
    #[error("{count} samples are more than a store can hold (4,294,967,294)")]
    TooManySamples {
        /// Samples of the source.
        count: usize,
    },
    /// The folder already holds something else.
    #[error(
        "{path} already holds {found}; choose another folder with --store{}",
        if *replaceable { ", or replace it with --force" } else { "" },
        path = path.display()
    )]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        found: String,
        /// Whether it is a store, which may be replaced.
        replaceable: bool,
    },
    /// Another process is writing the same store.
    #[error("{path} is being written by another process; wait for it, or choose another folder", path = path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The user asked to stop. A store that was being prepared is continued by the same request.
    #[error("stopped after {done} of {total} samples")]
    Stopped {
        /// Samples done.
        done: u32,
        /// Samples in all.
        total: u32,
    },
}

/// Why a source could not deliver a sample.
pub type SourceError = Box<dyn std::error::Error + Send + Sync>;

/// Why a sample could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadSampleReason {
    /// The system could not read the file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The bytes could not be made into pixels.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The store does not hold the sample that it counts.
    #[error("the sample is not there; the store was changed since it was opened")]
    Missing,
    /// The stored bytes are not as many as the images' size asks for.
    #[error("the sample has {found} bytes where {expected} belong")]
    SampleSize {
        /// Bytes by the images' size.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The container's bytes around the sample are damaged.
    #[error("byte {offset}: {reason}")]
    Damaged {
        /// Where in the file.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The file is not the one that was written.
    #[error("the file has {found} bytes where {expected} were recorded: it was cut or changed")]
    FileSize {
        /// Bytes by the store's table.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(", did you mean {name:?}?"))
}

impl LayoutError {
    /// Turns a system error into one that says what was tried and where.
    pub(crate) fn io<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| {
            if source.kind() == io::ErrorKind::StorageFull {
                return Self::DiskFull {
                    path: path.to_owned(),
                    free: crate::disk::free_bytes(path).unwrap_or(0),
                };
            }
            Self::Io {
                action,
                path: path.to_owned(),
                source,
            }
        }
    }

    /// As [`LayoutError::io`], for the errors of `rustix`.
    pub(crate) fn errno<'a>(
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(rustix::io::Errno) -> Self + 'a {
        move |errno| Self::io(action, path)(errno.into())
    }

    /// What is wrong at a byte of a container's file.
    pub(crate) fn container(path: &Path, offset: u64, reason: impl Into<String>) -> Self {
        Self::Container {
            path: path.to_owned(),
            offset,
            reason: reason.into(),
        }
    }

    pub(crate) fn table(path: &Path, line: u64, reason: impl Into<String>) -> Self {
        Self::Table {
            path: path.to_owned(),
            line,
            reason: reason.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LayoutError;
    use std::{io::Write, path::Path};

    #[test]
    fn a_full_disk_is_told_apart_from_other_failures() {
        let full = std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .and_then(|mut file| file.write_all(b"x"))
            .unwrap_err();
        let error = LayoutError::io("write", Path::new("/dev/full"))(full);
        assert!(matches!(error, LayoutError::DiskFull { .. }), "{error}");
    }
}
