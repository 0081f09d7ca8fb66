//! Why a data set cannot be opened or a sample cannot be read.

use crate::pickle::PickleError;
use ielade_codec::{CodecError, FileFormat};
use ielade_core::Split;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why a data set cannot be opened or a sample cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataSetError {
    /// A sample that another room could not provide.
    #[error("{0}")]
    Provided(crate::provided::ProvidedError),
    /// Nothing is at the path.
    #[error("{} does not exist; check the spelling, or fetch a known set with `ielade fetch`", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// A file is at the path.
    #[error("{} is a file, not a folder; {hint}", path.display())]
    NotAFolder {
        /// The path as given.
        path: PathBuf,
        /// What to do.
        hint: &'static str,
    },
    /// A folder without class folders in it.
    #[error("{} {found}; put the images of each class into a folder of its own, for example {}/cat/1.jpg and {}/dog/1.jpg", path.display(), path.display(), path.display())]
    NoClassFolders {
        /// The folder.
        path: PathBuf,
        /// What is in it instead.
        found: String,
    },
    /// A class folder without images in it.
    #[error("the class folder {} holds no images; remove it, fill it, or open the set with empty classes allowed", path.display())]
    EmptyClass {
        /// The folder.
        path: PathBuf,
    },
    /// Two folders claim to be the same split.
    #[error("{} and {} both name the {split} split; keep one", first.display(), second.display())]
    SplitTwice {
        /// The split.
        split: Split,
        /// One folder.
        first: PathBuf,
        /// The other one.
        second: PathBuf,
    },
    /// Part of a known data set is not there.
    #[error("{} is missing from the {set}; fetch or unpack the set again", path.display())]
    Incomplete {
        /// The data set.
        set: &'static str,
        /// What is missing.
        path: PathBuf,
    },
    /// A file of records whose size says that it was cut off.
    #[error("{} has {bytes} bytes, which is no multiple of the {record} of a record; it was cut off or is something else: fetch the set again", path.display())]
    PartialRecord {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Bytes of a record.
        record: u64,
    },
    /// A label that names no class.
    #[error("{} has the label {label} at byte {offset}, but there are only {classes} classes (0 to {})", path.display(), classes.saturating_sub(1))]
    Label {
        /// The file.
        path: PathBuf,
        /// Place of the label in the file.
        offset: u64,
        /// The label.
        label: i64,
        /// Number of classes.
        classes: usize,
    },
    /// A Python archive that cannot be read.
    #[error("{} is no CIFAR-10 batch that can be read: {source}", path.display())]
    Pickle {
        /// The file.
        path: PathBuf,
        /// What is wrong where.
        source: PickleError,
    },
    /// A file whose content is not what it should be.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A text file with a line that cannot be understood.
    #[error("{}, line {line}: {reason}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that is listed as an image and has no content.
    #[error("{} is empty", path.display())]
    EmptyFile {
        /// The file.
        path: PathBuf,
    },
    /// A file that is listed as an image and is none.
    #[error("{} is not an image: it starts with {start}", path.display())]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// Its first bytes, readable.
        start: String,
    },
    /// An image of a format that is not read.
    #[error("{} is a {format} image; only JPEG and PNG are read: convert it", path.display())]
    UnsupportedFormat {
        /// The file.
        path: PathBuf,
        /// The format.
        format: FileFormat,
    },
    /// A file too large for an image or a list.
    #[error("{} is larger than {limit} bytes, the most that is read for such a file", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Most bytes.
        limit: u64,
    },
    /// More samples than a store can count.
    #[error("{} holds more than 4,294,967,295 images, the most that one split can have", path.display())]
    TooManySamples {
        /// The data set.
        path: PathBuf,
    },
    /// An option out of its range.
    #[error("the share set aside for test must be at least 0 and below 1, not {given}")]
    TestShare {
        /// The value as given.
        given: f64,
    },
    /// A position behind the last sample.
    #[error("there is no sample {index}: the split has {len}")]
    NoSuchSample {
        /// The position asked for.
        index: usize,
        /// Number of samples.
        len: usize,
    },
    /// A sample of the demo set could not be encoded.
    #[error("the demo image {key} could not be encoded: {source}")]
    Encode {
        /// The sample.
        key: String,
        /// Why.
        source: CodecError,
    },
    /// The system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

impl DataSetError {
    /// For `map_err`: the system refused `action` on `path`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// The reason alone, where the sample is named already: without the path if the message starts
    /// with it.
    pub fn reason(&self) -> String {
        let message = self.to_string();
        let path = match self {
            Self::EmptyFile { path }
            | Self::NotAnImage { path, .. }
            | Self::UnsupportedFormat { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Content { path, .. } => path.display().to_string(),
            _ => return message,
        };
        let reason = message.strip_prefix(&path).unwrap_or(&message);
        reason.trim_start_matches(':').trim_start().to_owned()
    }

    pub(crate) fn content(path: &Path, reason: impl Into<String>) -> Self {
        Self::Content {
            path: path.to_owned(),
            reason: reason.into(),
        }
    }
}

/// The first bytes of a file as a person would like to see them: text, or hexadecimal.
pub(crate) fn readable_start(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(16)];
    match std::str::from_utf8(start) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => {
            format!("{text:?}")
        }
        _ => start
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}
