//! Resizing: bilinear with antialias (a triangle filter whose support grows with the reduction),
//! as Pillow's `BILINEAR` and torchvision's `antialias=True` do it.

use crate::CodecError;
use fast_image_resize as fir;
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
        let source =
            fir::images::ImageRef::new(from.width, from.height, pixels, fir::PixelType::U8x3)
                .map_err(|_| wrong())?;
        let mut target = fir::images::Image::from_slice_u8(
            to.width,
            to.height,
            &mut self.out,
            fir::PixelType::U8x3,
        )
        .map_err(|_| wrong())?;
        let options = fir::ResizeOptions::new()
            .resize_alg(fir::ResizeAlg::Convolution(fir::FilterType::Bilinear))
            .use_alpha(false);
        self.engine
            .resize(&source, &mut target, &options)
            .map_err(|_| wrong())?;
        Ok(&self.out)
    }
}
