//! A store, or a file that others made, as a source of samples: to be written in another layout,
//! or to be compared with another store.

use crate::{LayoutReader, SampleSource, SourceError};
use ielade_codec::{CHANNELS, PixelPipeline, ThreadContext, convert::u16_to_u8};
use ielade_core::{Element, ImageSpec, Normalisation, OutputSpec, Payload, Sample, Split};

/// Distance from a whole number, in steps of 8 bits, up to which a normalised value is taken for a
/// rounded pixel: twice what `f16` is off by at most.
const ROUNDING: f32 = 0.25;

/// The samples of a store. Compressed images are given as they are stored, arrays as 8-bit pixels:
/// 16-bit and normalised values are led back to what they were made from.
pub struct StoreSource<'a> {
    reader: &'a dyn LayoutReader,
    keys: Vec<String>,
    labels: Vec<Option<u32>>,
}

/// What a thread that reads a [`StoreSource`] keeps.
#[derive(Default)]
pub struct StoreSourceBuffer {
    context: ThreadContext,
    pixels: Vec<u8>,
}

impl<'a> StoreSource<'a> {
    /// Reads names and labels of all samples.
    ///
    /// # Errors
    /// For the first sample whose label cannot be read, and for `bf16`, from which pixels cannot
    /// be told.
    pub fn of(reader: &'a dyn LayoutReader) -> Result<Self, SourceError> {
        let manifest = reader.manifest();
        if manifest.encoding().element() == Some(Element::Bf16) {
            return Err(
                "bf16 keeps too few digits to tell the pixels that it was made from; take \
                        another store as the source"
                    .into(),
            );
        }
        let mut context = context(reader);
        let mut labels = Vec::new();
        for index in 0..manifest.count {
            labels.push(reader.sample(index, &mut context)?.label);
        }
        Ok(Self {
            reader,
            keys: (0..manifest.count).map(|index| reader.key(index)).collect(),
            labels,
        })
    }
}

/// A context that decodes nothing and changes nothing.
fn context(reader: &dyn LayoutReader) -> ThreadContext {
    let manifest = reader.manifest();
    let output = OutputSpec {
        element: Element::U8,
        image: ImageSpec::rgb(1, 1),
    };
    ThreadContext::new(&PixelPipeline::new(
        output,
        &manifest.normalisation,
        manifest.orientation,
    ))
}

impl SampleSource for StoreSource<'_> {
    type Buffer = StoreSourceBuffer;

    fn data_set(&self) -> &str {
        &self.reader.manifest().data_set
    }

    fn split(&self) -> Split {
        self.reader.manifest().split
    }

    fn classes(&self) -> &[String] {
        &self.reader.manifest().classes
    }

    fn origin(&self) -> String {
        let manifest = self.reader.manifest();
        format!("{} as {}", manifest.made.source, manifest.layout)
    }

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn key(&self, index: usize) -> &str {
        &self.keys[index]
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.labels[index]
    }

    fn is_as_published(&self) -> bool {
        false
    }

    fn read<'a>(
        &'a self,
        index: usize,
        buffer: &'a mut StoreSourceBuffer,
    ) -> Result<Sample<'a>, SourceError> {
        let StoreSourceBuffer { context, pixels } = buffer;
        let stored = self.reader.sample(index as u32, context)?;
        let payload = match stored.payload {
            kept @ (Payload::Encoded { .. } | Payload::PixelsU8 { .. }) => kept,
            Payload::PixelsU16 { spec, values } => {
                pixels.clear();
                pixels.extend(values.iter().copied().map(u16_to_u8));
                Payload::PixelsU8 {
                    spec,
                    values: pixels,
                }
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
        };
        Ok(Sample {
            key: &self.keys[index],
            label: self.labels[index],
            payload,
        })
    }
}

impl StoreSource<'_> {
    /// The pixels that normalised planes were made from.
    fn denormalise<'a>(
        &self,
        planes: impl Iterator<Item = f32>,
        spec: ImageSpec,
        pixels: &'a mut Vec<u8>,
    ) -> Result<Payload<'a>, SourceError> {
        let plane = spec.height as usize * spec.width as usize;
        pixels.clear();
        pixels.resize(spec.values(), 0);
        for (at, value) in planes.enumerate() {
            let (channel, pixel) = (at / plane, at % plane);
            let exact = denormalised(value, channel, &self.reader.manifest().normalisation);
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

impl std::fmt::Debug for StoreSource<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSource")
            .field("layout", &self.reader.manifest().layout)
            .field("samples", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for StoreSourceBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSourceBuffer").finish_non_exhaustive()
    }
}
