//! JPEG to RGB with libjpeg-turbo.

use crate::{CHANNELS, CodecError, FileFormat};
use ielade_core::ImageSpec;
use turbojpeg::{Decompressor, Image, PixelFormat};

/// Most scans of a progressive JPEG; a bound on the time that one can take. That of `zune-jpeg`.
const MAX_SCANS: u32 = 100;

/// A decompressor that is made at its first use and kept.
#[derive(Debug, Default)]
pub(super) struct Turbo {
    engine: Option<Decompressor>,
}

impl Turbo {
    /// Decodes a whole JPEG into `pixels`, which has the size that `spec` says.
    pub(super) fn decode_rgb(
        &mut self,
        bytes: &[u8],
        spec: ImageSpec,
        pixels: &mut [u8],
    ) -> Result<(), CodecError> {
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => none.insert(new_engine().map_err(|error| failed(&error))?),
        };
        let (width, height) = (spec.width as usize, spec.height as usize);
        let image = Image {
            pixels,
            width,
            pitch: width * CHANNELS,
            height,
            format: PixelFormat::RGB,
        };
        engine
            .decompress(bytes, image)
            .map_err(|error| failed(&error))
    }
}

fn new_engine() -> turbojpeg::Result<Decompressor> {
    let mut engine = Decompressor::new()?;
    engine.set_scan_limit(MAX_SCANS)?;
    Ok(engine)
}

fn failed(error: &turbojpeg::Error) -> CodecError {
    CodecError::Corrupt {
        format: FileFormat::Jpeg,
        reason: error.to_string(),
    }
}
