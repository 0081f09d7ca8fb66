//! One sample from its published form into the form of a store.

use crate::{LayoutError, SampleSource, SourceError, encoder::StoredForm};
use half::{bf16, f16};
use ielade_codec::{CHANNELS, Decoder, ImageEncoder, Normaliser, Resizer, convert};
use ielade_core::{Element, Encoding, ImageSpec, Normalisation, OrientationRule, Payload, Sample};

/// The pixels of a sample, as every layout has to deliver them: decoded, upright, resized.
#[derive(Debug, Default)]
pub(crate) struct PixelReader {
    decoder: Decoder,
    resizer: Resizer,
    resize: Option<ImageSpec>,
}

impl PixelReader {
    pub(crate) fn new(orientation: OrientationRule, resize: Option<(u32, u32)>) -> Self {
        Self {
            decoder: Decoder::new(orientation),
            resizer: Resizer::default(),
            resize: resize.map(|(height, width)| ImageSpec::rgb(height, width)),
        }
    }

    /// `height × width × 3` values and the size.
    pub(crate) fn pixels<'a>(
        &'a mut self,
        payload: &Payload<'a>,
    ) -> Result<(&'a [u8], ImageSpec), SourceError> {
        let (pixels, spec) = match *payload {
            Payload::Encoded { encoding, bytes } => self.decoder.decode(encoding, bytes)?,
            Payload::PixelsU8 { spec, values } => (values, spec),
            other => return Err(unexpected(&other).into()),
        };
        if spec.channels as usize != CHANNELS || pixels.len() != spec.values() {
            return Err(format!("{} values are no RGB image of {spec}", pixels.len()).into());
        }
        match self.resize {
            Some(size) if size != spec => Ok((self.resizer.resize(pixels, spec, size)?, size)),
            _ => Ok((pixels, spec)),
        }
    }
}

fn unexpected(payload: &Payload<'_>) -> String {
    format!(
        "a source gives published bytes or 8-bit pixels, not {}",
        payload.encoding()
    )
}

/// An image in the form of a store, on its way to the writer.
#[derive(Debug)]
pub(crate) enum Image {
    Encoded(Vec<u8>),
    U8(Vec<u8>),
    U16(Vec<u16>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
    F32(Vec<f32>),
}

/// A sample in the form of a store.
#[derive(Debug)]
pub(crate) struct Converted {
    pub(crate) image: Image,
    /// Size of the decoded image.
    pub(crate) spec: ImageSpec,
    /// BLAKE3 of the bytes as published.
    pub(crate) source: [u8; 32],
}

impl Converted {
    pub(crate) fn payload(&self, encoding: Encoding) -> Payload<'_> {
        let spec = self.spec;
        match &self.image {
            Image::Encoded(bytes) => Payload::Encoded { encoding, bytes },
            Image::U8(values) => Payload::PixelsU8 { spec, values },
            Image::U16(values) => Payload::PixelsU16 { spec, values },
            Image::F16(values) => Payload::NormalisedF16 { spec, values },
            Image::Bf16(values) => Payload::NormalisedBf16 { spec, values },
            Image::F32(values) => Payload::NormalisedF32 { spec, values },
        }
    }
}

/// Why a sample did not come through.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// This sample is bad; others may be sound.
    Bad(SourceError),
    /// The whole source cannot be stored this way.
    All(LayoutError),
}

/// What conversion needs to know, for all threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Converter {
    form: StoredForm,
    orientation: OrientationRule,
    resize: Option<(u32, u32)>,
    normaliser: Normaliser,
}

/// What one thread keeps.
pub(crate) struct ConverterThread<B> {
    buffer: B,
    pixels: PixelReader,
    planes: Vec<f32>,
}

impl Converter {
    pub(crate) fn new(
        form: StoredForm,
        orientation: OrientationRule,
        resize: Option<(u32, u32)>,
        normalisation: &Normalisation,
    ) -> Self {
        Self {
            form,
            orientation,
            resize,
            normaliser: Normaliser::new(normalisation),
        }
    }

    pub(crate) fn thread<B: Default>(&self) -> ConverterThread<B> {
        ConverterThread {
            buffer: B::default(),
            pixels: PixelReader::new(self.orientation, self.resize),
            planes: Vec::new(),
        }
    }

    pub(crate) fn convert<S: SampleSource>(
        &self,
        source: &S,
        index: usize,
        thread: &mut ConverterThread<S::Buffer>,
    ) -> Result<Converted, Refusal> {
        let ConverterThread {
            buffer,
            pixels,
            planes,
        } = thread;
        let sample = source.read(index, buffer).map_err(Refusal::Bad)?;
        let source = *blake3::hash(sample.payload.bytes()).as_bytes();
        // Every image is decoded, even where its bytes are kept, so that all layouts of a data set
        // hold the same samples.
        let (values, spec) = pixels.pixels(&sample.payload).map_err(Refusal::Bad)?;
        let image = match self.form {
            StoredForm::Raw(element) => self.raw(element, values, planes),
            StoredForm::Kept(encoding) => keep(encoding, &sample, values, spec)?,
            StoredForm::Anew(encoder) => encode(encoder, values, spec)?,
        };
        Ok(Converted {
            image,
            spec,
            source,
        })
    }

    fn raw(&self, element: Element, pixels: &[u8], planes: &mut Vec<f32>) -> Image {
        match element {
            Element::U8 => Image::U8(pixels.to_vec()),
            Element::U16 => Image::U16(pixels.iter().copied().map(convert::u8_to_u16).collect()),
            Element::F16 => {
                planes.resize(pixels.len(), 0.0);
                self.normaliser.u8_to_f32(pixels, planes);
                let mut values = vec![f16::ZERO; pixels.len()];
                convert::f32_to_f16(planes, &mut values);
                Image::F16(values)
            }
            Element::Bf16 => {
                planes.resize(pixels.len(), 0.0);
                self.normaliser.u8_to_f32(pixels, planes);
                let mut values = vec![bf16::ZERO; pixels.len()];
                convert::f32_to_bf16(planes, &mut values);
                Image::Bf16(values)
            }
            Element::F32 => {
                let mut values = vec![0.0; pixels.len()];
                self.normaliser.u8_to_f32(pixels, &mut values);
                Image::F32(values)
            }
        }
    }
}

/// The published bytes where they are of the store's encoding; else the pixels, encoded without
/// loss.
fn keep(
    wanted: Encoding,
    sample: &Sample<'_>,
    pixels: &[u8],
    spec: ImageSpec,
) -> Result<Image, Refusal> {
    if let Payload::Encoded { encoding, bytes } = sample.payload
        && encoding == wanted
    {
        return Ok(Image::Encoded(bytes.to_vec()));
    }
    let Some(encoder) = ImageEncoder::lossless(wanted) else {
        return Err(Refusal::All(LayoutError::NotPublishedAs {
            key: sample.key.to_owned(),
            found: sample.payload.encoding(),
            wanted,
            hint: "use png, which keeps them, or say how: jpeg:quality=90",
        }));
    };
    encode(encoder, pixels, spec)
}

fn encode(encoder: ImageEncoder, pixels: &[u8], spec: ImageSpec) -> Result<Image, Refusal> {
    let mut bytes = Vec::new();
    encoder
        .encode(pixels, spec, &mut bytes)
        .map_err(|error| Refusal::Bad(error.into()))?;
    Ok(Image::Encoded(bytes))
}

#[cfg(test)]
mod tests {
    use super::PixelReader;
    use ielade_core::{ImageSpec, OrientationRule, Payload};

    #[test]
    fn pixels_of_a_wrong_number_are_refused_not_read() {
        let mut reader = PixelReader::new(OrientationRule::Apply, None);
        for (spec, values) in [
            (ImageSpec::rgb(2, 2), 11),
            (
                ImageSpec {
                    channels: 1,
                    ..ImageSpec::rgb(2, 2)
                },
                4,
            ),
        ] {
            let values = vec![0; values];
            let payload = Payload::PixelsU8 {
                spec,
                values: &values,
            };
            assert!(reader.pixels(&payload).is_err());
        }
    }
}
