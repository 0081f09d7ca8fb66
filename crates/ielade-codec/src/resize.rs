//! Resizing: bilinear with antialias (a triangle filter whose support grows with the reduction),
//! as Pillow's `BILINEAR` and torchvision's `antialias=True` do it.

use crate::CodecError;
use fast_image_resize::{
    self as fir,
    images::{TypedImage, TypedImageRef},
    pixels::U8x3,
};
use ielade_core::ImageSpec;

/// Resizes interleaved RGB images into memory that it keeps and uses again.
///
/// ```
/// use ielade_codec::Resizer;
/// use ielade_core::ImageSpec;
///
/// let mut resizer = Resizer::default();
/// let grey = vec![128; ImageSpec::rgb(8, 6).values()];
/// let small = resizer.resize(&grey, ImageSpec::rgb(8, 6), ImageSpec::rgb(4, 3)).unwrap();
/// assert!(small.iter().all(|value| *value == 128));
/// ```
#[derive(Debug, Default)]
pub struct Resizer {
    engine: fir::Resizer,
    out: Vec<u8>,
}

impl Resizer {
    /// The image at its new size; valid until the next call.
    ///
    /// # Errors
    /// Where `pixels` is not an image of size `from`, or either size is zero.
    pub fn resize(
        &mut self,
        pixels: &[u8],
        from: ImageSpec,
        to: ImageSpec,
    ) -> Result<&[u8], CodecError> {
        let wrong = || CodecError::WrongSize {
            found: from.to_string(),
            expected: to.to_string(),
        };
        if from.values() == 0 || to.values() == 0 {
            return Err(wrong());
        }
        self.out.resize(to.values(), 0);
        // Typed, so that only the code for such pixels is compiled.
        let source = TypedImageRef::<U8x3>::from_buffer(from.width, from.height, pixels)
            .map_err(|_| wrong())?;
        let mut target = TypedImage::<U8x3>::from_buffer(to.width, to.height, &mut self.out)
            .map_err(|_| wrong())?;
        let options = fir::ResizeOptions::new()
            .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear))
            .use_alpha(false);
        self.engine
            .resize_typed(&source, &mut target, &options)
            .map_err(|_| wrong())?;
        Ok(&self.out)
    }
}
