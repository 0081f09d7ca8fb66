//! The name of a layout: container and encoding.

use crate::encoding::Encoding;
use serde::{Deserialize, Serialize};

/// A container and an encoding, written `container/encoding`, for example `npy/u8`.
///
/// The container is kept by name, so that a new container needs no change here.
///
/// ```
/// use ielade_core::LayoutId;
/// let id: LayoutId = "files/jpeg".parse().unwrap();
/// assert_eq!(id.container, "files");
/// assert_eq!(id.to_string(), "files/jpeg");
/// assert_eq!(id.directory_name(), "files-jpeg");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayoutId {
    /// The container's name in the registry of layouts.
    pub container: String,
    /// What each sample is inside the container.
    pub encoding: Encoding,
}

/// A layout name that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutIdError {
    /// The text is not of the form `container/encoding`.
    #[error("layout {0:?} is not of the form container/encoding, for example npy/u8")]
    Form(String),
    /// The encoding is not a known one.
    #[error(transparent)]
    Encoding(#[from] crate::element::UnknownName),
}

impl LayoutId {
    /// The layout of `container` and `encoding`.
    pub fn new(container: &str, encoding: Encoding) -> Self {
        Self {
            container: container.to_owned(),
            encoding,
        }
    }

    /// The name as one path component: `npy-u8`.
    pub fn directory_name(&self) -> String {
        format!("{}-{}", self.container, self.encoding)
    }
}

impl std::fmt::Display for LayoutId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.container, self.encoding)
    }
}

impl std::str::FromStr for LayoutId {
    type Err = LayoutIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (container, encoding) = text
            .split_once('/')
            .filter(|(container, _)| !container.is_empty())
            .ok_or_else(|| LayoutIdError::Form(text.to_owned()))?;
        Ok(Self::new(container, encoding.parse()?))
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
