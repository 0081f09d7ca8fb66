//! A store, or a file that others made, as a data set: to be inspected, to be written in another
//! layout, or to be compared with another store.

use crate::{LayoutReader, SourceError};
use ielade_codec::{CHANNELS, ThreadContext, convert::u16_to_u8};
use ielade_core::{Element, ImageSpec, Normalisation, Payload};
use ielade_dataset::{
    DataSet,
    provided::{ProvidedBuffer, ProvidedError, ProvidedImages, ProvidedSplit},
};
use std::{fmt, sync::Arc};

/// Distance from a whole number, in steps of 8 bits, up to which a normalised value is taken for a
/// rounded pixel: twice what `f16` is off by at most.
const ROUNDING: f32 = 0.25;

/// The samples of a store as a data set of one split. Compressed images are given as they are
/// stored, arrays as 8-bit pixels: 16-bit and normalised values are led back to what they were made
/// from. `source` is where the store lies, as the user named it.
///
/// # Errors
/// For the first sample whose label cannot be read, and for `bf16`, from which pixels cannot be
/// told.
pub fn data_set_of(reader: Arc<dyn LayoutReader>, source: &str) -> Result<DataSet, SourceError> {
    let manifest = reader.manifest();
    if manifest.encoding().element() == Some(Element::Bf16) {
        return Err(
            "bf16 keeps too few digits to tell the pixels that it was made from; take \
                    another store as the source"
                .into(),
        );
    }
    let mut context = ThreadContext::default();
    let mut samples = Vec::new();
    for index in 0..manifest.count {
        let label = reader.sample(index, &mut context)?.label;
        samples.push((reader.key(index), label));
    }
    let (name, classes) = (manifest.data_set.clone(), manifest.classes.clone());
    let split = ProvidedSplit {
        split: manifest.split,
        samples,
        images: Box::new(StoreImages(reader)),
    };
    Ok(DataSet::provided(&name, source, classes, vec![split])?)
}

/// The images of a store.
struct StoreImages(Arc<dyn LayoutReader>);

impl ProvidedImages for StoreImages {
    fn read<'b>(
        &'b self,
        index: usize,
        buffer: &'b mut ProvidedBuffer,
    ) -> Result<Payload<'b>, ProvidedError> {
        let ProvidedBuffer { pixels, state } = buffer;
        let kept = state
            .as_ref()
            .is_some_and(|state| state.is::<ThreadContext>());
        if !kept {
            *state = Some(Box::new(ThreadContext::default()));
        }
        let context = state.as_mut().and_then(|state| state.downcast_mut());
        let context: &mut ThreadContext = context.ok_or("no room to read into")?;
        let stored = self.0.sample(index as u32, context)?;
        Ok(match stored.payload {
            kept @ (Payload::Encoded { .. } | Payload::PixelsU8 { .. }) => kept,
            Payload::PixelsU16 { spec, values } => {
                pixels.clear();
                pixels.extend(values.iter().copied().map(u16_to_u8));
                let values = pixels;
                Payload::PixelsU8 { spec, values }
            }
            Payload::NormalisedF16 { spec, values } => {
                let planes = values.iter().map(|value| value.to_f32());
                self.denormalise(planes, spec, pixels)?
            }
            Payload::NormalisedBf16 { spec, values } => {
                let planes = values.iter().map(|value| value.to_f32());
                self.denormalise(planes, spec, pixels)?
            }
            Payload::NormalisedF32 { spec, values } => {
                self.denormalise(values.iter().copied(), spec, pixels)?
            }
        })
    }
}

impl StoreImages {
    /// The pixels that normalised planes were made from.
    fn denormalise<'b>(
        &self,
        planes: impl Iterator<Item = f32>,
        spec: ImageSpec,
        pixels: &'b mut Vec<u8>,
    ) -> Result<Payload<'b>, ProvidedError> {
        let plane = spec.height as usize * spec.width as usize;
        pixels.clear();
        pixels.resize(spec.values(), 0);
        for (at, value) in planes.enumerate() {
            let (channel, pixel) = (at / plane, at % plane);
            let exact = denormalised(value, channel, &self.0.manifest().normalisation);
            let rounded = exact.round();
            if !(0.0..=255.0).contains(&rounded) || (exact - rounded).abs() > ROUNDING {
                return Err(format!(
                    "its value {value} at channel {channel}, pixel {pixel} comes from no 8-bit \
                     pixel by the manifest's mean and deviation"
                )
                .into());
            }
            pixels[pixel * CHANNELS + channel] = rounded as u8;
        }
        Ok(Payload::PixelsU8 {
            spec,
            values: pixels,
        })
    }
}

fn denormalised(value: f32, channel: usize, normalisation: &Normalisation) -> f32 {
    let (scale, bias) = normalisation.scale_and_bias(channel);
    (value - bias) / scale
}

impl fmt::Debug for StoreImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoreImages")
            .field(&self.0.manifest().layout)
            .finish()
    }
}
