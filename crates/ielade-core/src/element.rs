//! The numeric type of one stored or delivered channel value.

use serde::{Deserialize, Serialize};

/// The numeric type of one channel value of one pixel.
///
/// ```
/// use ielade_core::Element;
/// assert_eq!(Element::F16.size(), 2);
/// assert_eq!("f32".parse::<Element>().unwrap(), Element::F32);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Element {
    /// Unsigned 8-bit integer, 0 to 255, as decoded.
    U8,
    /// Unsigned 16-bit integer, 0 to 65,535; an 8-bit value `v` is stored as `257 * v`.
    U16,
    /// IEEE 754 half precision, already normalised.
    F16,
    /// Brain floating point, the upper half of an IEEE 754 single, already normalised.
    Bf16,
    /// IEEE 754 single precision, already normalised.
    F32,
}

impl Element {
    /// All element types, smallest first.
    pub const ALL: [Self; 5] = [Self::U8, Self::U16, Self::F16, Self::Bf16, Self::F32];

    /// Bytes that one value takes.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::U16 | Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
        }
    }

    /// True for the element types that hold normalised values.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F16 | Self::Bf16 | Self::F32)
    }

    /// True for the element types that a batch can hold; the others are only stored.
    pub const fn is_delivered(self) -> bool {
        matches!(self, Self::U8 | Self::F16 | Self::F32)
    }

    /// The name used in layouts, manifests, options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
            Self::F32 => "f32",
        }
    }
}

impl std::fmt::Display for Element {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is not one of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} {given:?}; known: {known}")]
pub struct UnknownName {
    /// What kind of thing was named, for example `element type`.
    pub what: &'static str,
    /// The name as given.
    pub given: String,
    /// The names that would have been understood, separated by commas.
    pub known: String,
}

impl UnknownName {
    /// An error for `given` where one of `known` was expected.
    pub fn new(what: &'static str, given: &str, known: &[&str]) -> Self {
        Self {
            what,
            given: given.to_owned(),
            known: known.join(", "),
        }
    }
}

impl std::str::FromStr for Element {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|element| element.name() == text)
            .ok_or_else(|| UnknownName::new("element type", text, &Self::ALL.map(Self::name)))
    }
}
