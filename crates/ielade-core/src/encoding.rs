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
/// assert!(Encoding::IMAGES.contains(&Encoding::Qoi));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Encoding {
    /// JPEG bytes, as published or encoded with a stated quality.
    Jpeg,
    /// PNG bytes; lossless.
    Png,
    /// JPEG 2000 bytes; lossless unless a rate is stated.
    Jp2,
    /// WebP bytes; lossless as encoded here.
    Webp,
    /// QOI bytes, the "quite OK image format"; lossless.
    Qoi,
    /// JPEG XL bytes; lossless as encoded here.
    Jxl,
    /// Windows bitmap bytes, uncompressed.
    Bmp,
    /// Raw values: `u8` and `u16` height × width × channels as decoded, `f16`, `bf16` and
    /// `f32` channels × height × width and already normalised.
    Raw(Element),
}

impl Encoding {
    /// All compressed image formats.
    pub const IMAGES: [Self; 7] = [
        Self::Jpeg,
        Self::Png,
        Self::Jp2,
        Self::Webp,
        Self::Qoi,
        Self::Jxl,
        Self::Bmp,
    ];

    /// All raw encodings, one for each element type.
    pub const ARRAYS: [Self; Element::ALL.len()] = {
        let mut arrays = [Self::Raw(Element::U8); Element::ALL.len()];
        let mut at = 0;
        while at < arrays.len() {
            arrays[at] = Self::Raw(Element::ALL[at]);
            at += 1;
        }
        arrays
    };

    /// All encodings: [`Encoding::IMAGES`], then [`Encoding::ARRAYS`].
    pub const ALL: [Self; Self::IMAGES.len() + Self::ARRAYS.len()] = {
        let mut all = [Self::Jpeg; Self::IMAGES.len() + Self::ARRAYS.len()];
        let mut at = 0;
        while at < all.len() {
            all[at] = if at < Self::IMAGES.len() {
                Self::IMAGES[at]
            } else {
                Self::ARRAYS[at - Self::IMAGES.len()]
            };
            at += 1;
        }
        all
    };

    /// The name used in layouts, manifests, options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Jp2 => "jp2",
            Self::Webp => "webp",
            Self::Qoi => "qoi",
            Self::Jxl => "jxl",
            Self::Bmp => "bmp",
            Self::Raw(element) => element.name(),
        }
    }

    /// The element type of a raw encoding; `None` for compressed image bytes.
    pub const fn element(self) -> Option<Element> {
        match self {
            Self::Raw(element) => Some(element),
            _ => None,
        }
    }

    /// True where each sample is a compressed image that must be decoded.
    pub const fn is_compressed_image(self) -> bool {
        self.element().is_none()
    }

    /// True where the decoded pixels are, value for value, those that were written.
    ///
    /// `f16` and `bf16` round the normalised values; published bytes are kept as they are, so
    /// nothing is lost there either. What a store's options change of it (a JPEG quality, a
    /// JPEG 2000 rate) is not known here.
    pub const fn keeps_pixels(self) -> bool {
        !matches!(self, Self::Raw(Element::F16 | Element::Bf16))
    }

    /// The usual ending of a file that holds one sample, without the dot.
    pub const fn file_extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Raw(_) => "raw",
            image => image.name(),
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
