//! The name of a layout: container and encoding, each with its options.

use crate::encoding::Encoding;
use serde::{Deserialize, Serialize};

/// Most options that a name may have, and most letters of each.
const MAX_OPTIONS: usize = 8;
const MAX_LETTERS: usize = 32;

/// A container and an encoding, written `container/encoding`, for example `npy/u8`.
///
/// Each may be followed by a colon and options: `hdf5:chunk=128,deflate/u8` are HDF5 chunks of 128
/// images, deflated; `files/jpeg:quality=90` are JPEG files encoded anew. What options there are,
/// the container and the encoder say.
///
/// The container is kept by name, so that a new container needs no change here.
///
/// ```
/// use ielade_core::LayoutId;
/// let id: LayoutId = "files/jpeg".parse().unwrap();
/// assert_eq!(id.container, "files");
/// assert_eq!(id.to_string(), "files/jpeg");
/// assert_eq!(id.directory_name(), "files-jpeg");
///
/// let id: LayoutId = "hdf5:deflate,chunk=128/u8".parse().unwrap();
/// assert_eq!(id.container_options.value("chunk"), Some("128"));
/// assert_eq!(id.to_string(), "hdf5:chunk=128,deflate/u8");
/// assert_eq!(id.directory_name(), "hdf5-chunk128-deflate-u8");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayoutId {
    /// The container's name in the registry of layouts.
    pub container: String,
    /// How the container is written, where it can be written in several ways.
    pub container_options: LayoutOptions,
    /// What each sample is inside the container.
    pub encoding: Encoding,
    /// How each sample is encoded, where it can be encoded in several ways.
    pub encoding_options: LayoutOptions,
}

/// A layout name that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutIdError {
    /// The text is not of the form `container/encoding`.
    #[error(
        "layout {0:?} is not of the form container/encoding, for example npy/u8 or \
         zarr:chunk=128,zstd/u8"
    )]
    Form(String),
    /// The encoding is not a known one.
    #[error(transparent)]
    Encoding(#[from] crate::element::UnknownName),
    /// The options are not of the form `key=value,key`.
    #[error(
        "options {text:?}: {reason}; options are written key=value or key, separated by commas"
    )]
    Options {
        /// The options as given.
        text: String,
        /// What is wrong with them.
        reason: &'static str,
    },
}

impl LayoutId {
    /// The layout of `container` and `encoding`, without options.
    pub fn new(container: &str, encoding: Encoding) -> Self {
        Self {
            container: container.to_owned(),
            container_options: LayoutOptions::default(),
            encoding,
            encoding_options: LayoutOptions::default(),
        }
    }

    /// True where every pixel comes out as it went in: no rounding to 16 bits, and no image that
    /// was encoded anew with loss, which is what the options of encodings are for.
    pub fn keeps_pixels(&self) -> bool {
        self.encoding.keeps_pixels() && self.encoding_options.is_empty()
    }

    /// The name as one path component: `npy-u8`.
    pub fn directory_name(&self) -> String {
        let mut name = self.container.clone();
        self.container_options.append_to(&mut name);
        name.push('-');
        name.push_str(self.encoding.name());
        self.encoding_options.append_to(&mut name);
        name
    }
}

impl std::fmt::Display for LayoutId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |options: &LayoutOptions| {
            if options.is_empty() {
                String::new()
            } else {
                format!(":{options}")
            }
        };
        write!(
            f,
            "{}{}/{}{}",
            self.container,
            part(&self.container_options),
            self.encoding,
            part(&self.encoding_options)
        )
    }
}

impl std::str::FromStr for LayoutId {
    type Err = LayoutIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (container, encoding) = text
            .split_once('/')
            .filter(|(container, _)| !container.is_empty() && !container.starts_with(':'))
            .ok_or_else(|| LayoutIdError::Form(text.to_owned()))?;
        let (container, container_options) = split_options(container)?;
        let (encoding, encoding_options) = split_options(encoding)?;
        Ok(Self {
            container: container.to_owned(),
            container_options,
            encoding: encoding.parse()?,
            encoding_options,
        })
    }
}

fn split_options(text: &str) -> Result<(&str, LayoutOptions), LayoutIdError> {
    match text.split_once(':') {
        Some((name, options)) => Ok((name, options.parse()?)),
        None => Ok((text, LayoutOptions::default())),
    }
}

impl TryFrom<String> for LayoutId {
    type Error = LayoutIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<LayoutId> for String {
    fn from(id: LayoutId) -> Self {
        id.to_string()
    }
}

/// Options of a container or an encoding, ordered by name: `chunk=128,deflate`.
///
/// Names and values are of lower-case letters, digits, `.` and `_`, so that a layout's name can be
/// part of a path and of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayoutOptions(Vec<(String, Option<String>)>);

impl LayoutOptions {
    /// True without any option.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True where the option is given, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The value of an option that is given with one.
    pub fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        value.as_deref()
    }

    /// All options: name, and value where there is one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    fn append_to(&self, name: &mut String) {
        for (option, value) in self.iter() {
            name.push('-');
            name.push_str(option);
            name.push_str(value.unwrap_or_default());
        }
    }
}

impl std::fmt::Display for LayoutOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match value {
                Some(value) => write!(f, "{comma}{name}={value}")?,
                None => write!(f, "{comma}{name}")?,
            }
        }
        Ok(())
    }
}

impl std::str::FromStr for LayoutOptions {
    type Err = LayoutIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |reason| LayoutIdError::Options {
            text: text.to_owned(),
            reason,
        };
        let mut options: Vec<(String, Option<String>)> = Vec::new();
        for option in text.split(',') {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (option, None),
            };
            if !is_plain(name) || !value.is_none_or(is_plain) {
                return Err(wrong(
                    "a name or value is empty, too long, or has other characters than a-z, 0-9, \
                     '.' and '_'",
                ));
            }
            if options.iter().any(|(known, _)| known == name) {
                return Err(wrong("an option is given twice"));
            }
            options.push((name.to_owned(), value.map(str::to_owned)));
        }
        if options.len() > MAX_OPTIONS {
            return Err(wrong("too many"));
        }
        options.sort_unstable();
        Ok(Self(options))
    }
}

fn is_plain(text: &str) -> bool {
    (1..=MAX_LETTERS).contains(&text.len())
        && !text.starts_with('.')
        && text
            .bytes()
            .all(|letter| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::{LayoutId, LayoutOptions};

    #[test]
    fn options_are_put_in_order_and_come_back() {
        let id: LayoutId = "zarr:zstd,shard=1024,chunk=1/jpeg:quality=90,subsampling=420"
            .parse()
            .unwrap();
        assert_eq!(
            id.to_string(),
            "zarr:chunk=1,shard=1024,zstd/jpeg:quality=90,subsampling=420"
        );
        assert_eq!(id.to_string().parse::<LayoutId>().unwrap(), id);
        assert_eq!(
            id.directory_name(),
            "zarr-chunk1-shard1024-zstd-jpeg-quality90-subsampling420"
        );
        assert!(id.container_options.has("zstd") && !id.container_options.has("zst"));
        assert_eq!(id.encoding_options.value("quality"), Some("90"));
        assert_eq!(id.container_options.value("zstd"), None);
    }

    #[test]
    fn texts_that_are_no_layout_are_refused() {
        for text in [
            "npy",
            "/u8",
            ":a/u8",
            "npy:/u8",
            "npy:a=/u8",
            "npy:=1/u8",
            "npy:a,a/u8",
            "npy:A/u8",
            "npy:a=../u8",
            "npy:a,/u8",
            "npy/u9",
            "npy/u8:",
            "npy:a/b/u8",
        ] {
            assert!(text.parse::<LayoutId>().is_err(), "{text}");
        }
        let many: Vec<String> = (0..9).map(|at| format!("o{at}")).collect();
        assert!(many.join(",").parse::<LayoutOptions>().is_err());
    }
}
