use crate::{FileFormat, MAX_PIXELS};
use ielade_core::Encoding;

/// Why bytes could not be made into pixels, or pixels into bytes. The caller adds the path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// The first bytes belong to no image format that is known.
    #[error("not an image (starts with {start})")]
    NotAnImage {
        /// The first bytes, as text where they are printable.
        start: String,
    },
    /// An image, but of a format that is not decoded.
    #[error("{0} images are not supported; convert them to PNG or JPEG")]
    UnsupportedFormat(FileFormat),
    /// A sound image that makes use of a rare feature of its format which is not decoded.
    #[error("{format} images with {feature} are not supported; convert them to PNG or JPEG")]
    UnsupportedFeature {
        /// Format of the image.
        format: FileFormat,
        /// What it makes use of.
        feature: String,
    },
    /// The bytes are not of the encoding that the store names.
    #[error("expected {expected} but found {found}")]
    WrongFormat {
        /// Encoding that the store names.
        expected: Encoding,
        /// What the bytes are.
        found: FileFormat,
    },
    /// The image ends too early.
    #[error("truncated {0}: the image data ends before the image does")]
    Truncated(FileFormat),
    /// The decoder refused the bytes.
    #[error("corrupt {format}: {reason}")]
    Corrupt {
        /// What the bytes claim to be.
        format: FileFormat,
        /// What the decoder said.
        reason: String,
    },
    /// Larger than [`MAX_PIXELS`].
    #[error("{width}×{height} pixels are more than the {MAX_PIXELS} that are decoded")]
    TooLarge {
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// The encoder refused the pixels.
    #[error("cannot encode as {encoding}: {reason}")]
    Encode {
        /// What was to be written.
        encoding: Encoding,
        /// What the encoder said.
        reason: String,
    },
    /// The image's size is not the batch's, and no resize was asked for.
    #[error("the image is {found} but the batch holds {expected}; set a size to resize to")]
    WrongSize {
        /// Size of the image, height×width×channels.
        found: String,
        /// Size in the batch.
        expected: String,
    },
    /// A conversion that has no meaning, for example from normalised values back to pixels.
    #[error("{from} values cannot be delivered as {to}; load {to} from a store that holds pixels")]
    NoConversion {
        /// What the store holds.
        from: Encoding,
        /// What was asked for.
        to: ielade_core::Element,
    },
}

impl CodecError {
    /// Fails for images of more than [`MAX_PIXELS`] or without any.
    pub(crate) fn check_size(format: FileFormat, width: u64, height: u64) -> Result<(), Self> {
        if width == 0 || height == 0 {
            return Err(Self::Corrupt {
                format,
                reason: "the image has no pixels".to_owned(),
            });
        }
        match width.checked_mul(height) {
            Some(pixels) if pixels <= MAX_PIXELS => Ok(()),
            _ => Err(Self::TooLarge { width, height }),
        }
    }
}
