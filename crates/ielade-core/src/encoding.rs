//! What one sample is inside its container.

use crate::element::{Element, UnknownName};
use serde::{Deserialize, Serialize};

/// What one sample is inside its container: compressed image bytes or raw values.
///
/// ```
/// use ielade_core::{Element, Encoding};
/// assert_eq!("jpeg".parse::<Encoding>().unwrap(), Encoding::Jpeg);
/// assert_eq!(Encoding::Raw(Element::U8).to_string(), "u8");
/// assert_eq!(Encoding::Raw(Element::U8).element(), Some(Element::U8));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Encoding {
    /// JPEG bytes, as published.
    Jpeg,
    /// PNG bytes; lossless.
    Png,
    /// Raw values: `u8` and `u16` height × width × channels as decoded, `f16` and `f32`
    /// channels × height × width and already normalised.
    Raw(Element),
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 6] = [
        Self::Jpeg,
        Self::Png,
        Self::Raw(Element::U8),
        Self::Raw(Element::U16),
        Self::Raw(Element::F16),
        Self::Raw(Element::F32),
    ];

    /// The name used in layouts, manifests, options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Raw(element) => element.name(),
        }
    }

    /// The element type of a raw encoding; `None` for compressed image bytes.
    pub const fn element(self) -> Option<Element> {
        match self {
            Self::Raw(element) => Some(element),
            Self::Jpeg | Self::Png => None,
        }
    }

    /// True where each sample is a compressed image that must be decoded.
    pub const fn is_compressed_image(self) -> bool {
        self.element().is_none()
    }

    /// True where the decoded pixels are, value for value, those that were written.
    ///
    /// `f16` rounds the normalised values; published JPEG bytes are kept as they are, so
    /// nothing is lost there either.
    pub const fn keeps_pixels(self) -> bool {
        !matches!(self, Self::Raw(Element::F16))
    }

    /// The usual ending of a file that holds one sample, without the dot.
    pub const fn file_extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Raw(_) => "raw",
        }
    }
}

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Encoding {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|encoding| encoding.name() == text)
            .ok_or_else(|| UnknownName::new("encoding", text, &Self::ALL.map(Self::name)))
    }
}

impl TryFrom<String> for Encoding {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Encoding> for String {
    fn from(encoding: Encoding) -> Self {
        encoding.name().to_owned()
    }
}
