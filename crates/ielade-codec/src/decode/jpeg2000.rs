//! JPEG 2000 to 8-bit RGB.

use super::{jpeg2000_structure::Jpeg2000Structure, rgb::of_inks};
use crate::{CHANNELS, CodecError, ColourMode, FileFormat};
use hayro_jpeg2000::{ComponentData, DecodeError, DecodeSettings, DecoderContext, Image};
use ielade_core::ImageSpec;

const FORMAT: FileFormat = FileFormat::Jpeg2000;

fn failed(error: &DecodeError) -> CodecError {
    CodecError::Corrupt {
        format: FORMAT,
        reason: error.to_string(),
    }
}

/// Decodes into `pixels`, which is emptied first.
pub(super) fn decode(bytes: &[u8], pixels: &mut Vec<u8>) -> Result<(ImageSpec, u8), CodecError> {
    let structure = Jpeg2000Structure::read(bytes)?;
    let settings = DecodeSettings {
        strict: true,
        ..DecodeSettings::default()
    };
    let image = Image::new(bytes, &settings).map_err(|error| failed(&error))?;
    let spec = ImageSpec::rgb(image.height(), image.width());
    if (spec.height, spec.width) != (structure.height, structure.width) {
        return Err(CodecError::Corrupt {
            format: FORMAT,
            reason: "two sizes".to_owned(),
        });
    }
    // It borrows the bytes, and so cannot be kept for the next image.
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(|error| failed(&error))?;
    let components = decoded.components();
    if components
        .iter()
        .any(|it| it.samples().len() < spec.pixels())
    {
        return Err(CodecError::Truncated(FORMAT));
    }
    pixels.clear();
    pixels.resize(spec.values(), 0);
    let pixels = pixels.as_chunks_mut::<CHANNELS>().0;
    match components {
        [] => return Err(CodecError::Truncated(FORMAT)),
        [grey] | [grey, _] => interleave([grey; 3], pixels, |values| values),
        [cyan, magenta, yellow, black, ..] if structure.colour == ColourMode::Cmyk => {
            interleave([cyan, magenta, yellow, black], pixels, of_inks);
        }
        [red, green, blue, ..] => interleave([red, green, blue], pixels, |values| values),
    }
    Ok((spec, 1))
}

/// Writes pixels made of the values of `components`.
fn interleave<const N: usize>(
    components: [&ComponentData; N],
    pixels: &mut [[u8; CHANNELS]],
    pixel_of: impl Fn([u8; N]) -> [u8; CHANNELS],
) {
    let narrowed = components.map(|component| Narrowing::of_depth(component.bit_depth()));
    let samples = components.map(|component| &component.samples()[..pixels.len()]);
    for (at, pixel) in pixels.iter_mut().enumerate() {
        *pixel = pixel_of(std::array::from_fn(|channel| {
            narrowed[channel].apply(samples[channel][at])
        }));
    }
}

/// How a value of some number of bits becomes one of 8: the upper 8 of more; fewer are stretched
/// to 0 to 255.
#[derive(Clone, Copy)]
struct Narrowing {
    most: f32,
    factor: f32,
    shift: u32,
}

impl Narrowing {
    fn of_depth(depth: u8) -> Self {
        let most = ((1_u64 << depth.min(32)) - 1) as f32;
        Self {
            most,
            factor: if depth < 8 { 255.0 / most } else { 1.0 },
            shift: u32::from(depth.clamp(8, 32)) - 8,
        }
    }

    fn apply(self, value: f32) -> u8 {
        let value = value.max(0.0).min(self.most) * self.factor;
        ((value + 0.5) as u32 >> self.shift) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::Narrowing;

    #[test]
    fn values_of_any_depth_become_eight_bits() {
        let of = |depth, value| Narrowing::of_depth(depth).apply(value);
        assert_eq!([of(8, -3.0), of(8, 17.4), of(8, 300.0)], [0, 17, 255]);
        assert_eq!([of(1, 0.0), of(1, 1.0), of(4, 5.0)], [0, 255, 85]);
        assert_eq!(
            [of(16, 65_535.0), of(16, 511.0), of(12, 4080.0)],
            [255, 1, 255]
        );
    }
}
