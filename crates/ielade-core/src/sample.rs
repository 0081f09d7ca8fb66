//! One image with its label, on its way from a data set into a store.

use crate::{encoding::Encoding, image::ImageSpec};

/// The label of a sample without one, in stores and batches.
pub const NO_LABEL: i64 = -1;

/// One image with its label.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a> {
    /// The name of the sample within its data set: unique, stable, with `/` between parts,
    /// for example `train/cat/0001.jpg`.
    pub key: &'a str,
    /// Index into the class names; `None` where the authors publish none.
    pub label: Option<u32>,
    /// The image.
    pub payload: Payload<'a>,
}

/// The image of a sample: as published, decoded, or normalised.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'a> {
    /// A compressed image, byte for byte.
    Encoded {
        /// What the bytes are; never [`Encoding::Raw`].
        encoding: Encoding,
        /// The file's content.
        bytes: &'a [u8],
    },
    /// Decoded pixels, height × width × channels, 8 bits a value.
    PixelsU8 {
        /// Size of the image.
        spec: ImageSpec,
        /// `spec.values()` values.
        values: &'a [u8],
    },
    /// Decoded pixels, height × width × channels, 16 bits a value.
    PixelsU16 {
        /// Size of the image.
        spec: ImageSpec,
        /// `spec.values()` values.
        values: &'a [u16],
    },
    /// Normalised values, channels × height × width.
    NormalisedF16 {
        /// Size of the image.
        spec: ImageSpec,
        /// `spec.values()` values.
        values: &'a [half::f16],
    },
    /// Normalised values, channels × height × width.
    NormalisedBf16 {
        /// Size of the image.
        spec: ImageSpec,
        /// `spec.values()` values.
        values: &'a [half::bf16],
    },
    /// Normalised values, channels × height × width.
    NormalisedF32 {
        /// Size of the image.
        spec: ImageSpec,
        /// `spec.values()` values.
        values: &'a [f32],
    },
}

impl Payload<'_> {
    /// What the payload is, as an encoding.
    pub const fn encoding(&self) -> Encoding {
        use crate::element::Element;
        match self {
            Self::Encoded { encoding, .. } => *encoding,
            Self::PixelsU8 { .. } => Encoding::Raw(Element::U8),
            Self::PixelsU16 { .. } => Encoding::Raw(Element::U16),
            Self::NormalisedF16 { .. } => Encoding::Raw(Element::F16),
            Self::NormalisedBf16 { .. } => Encoding::Raw(Element::Bf16),
            Self::NormalisedF32 { .. } => Encoding::Raw(Element::F32),
        }
    }

    /// The payload's bytes as they lie in memory (little-endian on every supported machine).
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Encoded { bytes, .. } => bytes,
            Self::PixelsU8 { values, .. } => values,
            Self::PixelsU16 { values, .. } => bytemuck::cast_slice(values),
            Self::NormalisedF16 { values, .. } => bytemuck::cast_slice(values),
            Self::NormalisedBf16 { values, .. } => bytemuck::cast_slice(values),
            Self::NormalisedF32 { values, .. } => bytemuck::cast_slice(values),
        }
    }

    /// The image's size, where it is known without decoding.
    pub const fn spec(&self) -> Option<ImageSpec> {
        match self {
            Self::Encoded { .. } => None,
            Self::PixelsU8 { spec, .. }
            | Self::PixelsU16 { spec, .. }
            | Self::NormalisedF16 { spec, .. }
            | Self::NormalisedBf16 { spec, .. }
            | Self::NormalisedF32 { spec, .. } => Some(*spec),
        }
    }
}
