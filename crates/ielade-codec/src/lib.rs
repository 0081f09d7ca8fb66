//! Image codecs and pixel conversion into the caller's buffer.
//!
//! | module | what it does |
//! |---|---|
//! | [`format`](mod@format), [`header`] | tells what a file is, without decoding it |
//! | [`decode`] | JPEG, PNG, JPEG 2000, WebP, QOI, JPEG XL and BMP to 8-bit RGB, with orientation |
//! | [`encode`] | 8-bit RGB to the same formats |
//! | [`resize`] | bilinear with antialias, as Pillow does it |
//! | [`convert`] | u8, u16, f16, bf16, f32 to the batch's element, interleaved to planar, normalised |
//! | [`slot`] | one call a sample: decode, resize, augment, normalise, straight into the batch |
//!
//! No files and no containers here: bytes come in, pixels go out.

pub mod convert;
pub mod decode;
pub mod encode;
mod error;
pub mod format;
pub mod header;
mod orientation;
pub mod resize;
pub mod slot;
mod window;

pub use convert::Normaliser;
pub use decode::{DECODER, Decoder};
pub use encode::{ImageEncoder, Subsampling, encode_jpeg, encode_png};
pub use error::CodecError;
pub use format::FileFormat;
pub use header::{ColourMode, ImageHeader, read_header};
pub use resize::Resizer;
pub use slot::{
    AugmentationKey, BatchSlot, PixelPipeline, PixelScratch, SampleHead, ThreadContext,
};

/// Channels of every decoded image: red, green, blue.
pub const CHANNELS: usize = 3;

/// The largest image that is decoded, in pixels; the bound above which Pillow warns of a
/// decompression bomb (1 GiB / 4 bytes / 3 channels).
pub const MAX_PIXELS: u64 = 89_478_485;
