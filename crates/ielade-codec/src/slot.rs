//! From a sample's stored form straight into its place in a batch.

use crate::{
    CHANNELS, CodecError, Decoder, Normaliser, Resizer, convert,
    window::{self, Window},
};
use half::{bf16, f16};
use ielade_core::{
    Augmentation, Element, Encoding, ImageSpec, Normalisation, OrientationRule, OutputSpec,
    Payload, random::KeyedRandom, sample::NO_LABEL,
};
use std::any::Any;

/// Keeps augmentations apart from other uses of the same seed.
const AUGMENTATION_DOMAIN: u64 = u64::from_be_bytes(*b"ielaugme");

/// More padding than this is taken as this much: beyond it no image has any pixels left to show.
const MAX_PADDING: u32 = 1 << 16;

/// What every sample of a store goes through on its way into a batch.
#[derive(Debug, Clone)]
pub struct PixelPipeline {
    /// What the batch holds.
    pub output: OutputSpec,
    /// Whether images of another size are resized to the batch's.
    pub resize: bool,
    /// How EXIF orientations are treated.
    pub orientation: OrientationRule,
    normaliser: Normaliser,
}

impl PixelPipeline {
    /// A pipeline to `output` that normalises by `normalisation`.
    pub fn new(
        output: OutputSpec,
        normalisation: &Normalisation,
        orientation: OrientationRule,
    ) -> Self {
        Self {
            output,
            resize: false,
            orientation,
            normaliser: Normaliser::new(normalisation),
        }
    }

    /// The same pipeline, resizing images of another size.
    #[must_use]
    pub fn resizing(mut self) -> Self {
        self.resize = true;
        self
    }
}

/// Memory and decoders of one thread; nothing in it outlives a sample's meaning.
#[derive(Default)]
pub struct ThreadContext {
    /// For the layout: bytes read from a file.
    pub bytes: Vec<u8>,
    /// For the layout: whatever else it keeps a thread (open files, transactions).
    pub layout_state: Option<Box<dyn Any + Send>>,
    /// For [`BatchSlot::put`].
    pub pixels: PixelScratch,
}

/// Decoders and scratch of [`BatchSlot::put`].
#[derive(Debug, Default)]
pub struct PixelScratch {
    decoder: Decoder,
    resizer: Resizer,
    window: WindowScratch,
    values: Vec<f32>,
}

/// Room for one image after its window was cut.
#[derive(Debug, Default)]
struct WindowScratch {
    u8: Vec<u8>,
    u16: Vec<u16>,
    f16: Vec<f16>,
    bf16: Vec<bf16>,
    f32: Vec<f32>,
}

impl ThreadContext {
    /// An empty context for a pipeline.
    pub fn new(pipeline: &PixelPipeline) -> Self {
        Self {
            bytes: Vec::new(),
            layout_state: None,
            pixels: PixelScratch {
                decoder: Decoder::new(pipeline.orientation),
                ..PixelScratch::default()
            },
        }
    }
}

/// Which sample goes into a place: position in the store and label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleHead {
    /// Position in the store.
    pub index: u32,
    /// Index into the class names, if any.
    pub label: Option<u32>,
}

/// The random changes of an epoch; each sample's are a pure function of (seed, epoch, sample).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AugmentationKey {
    /// What may be changed.
    pub augmentation: Augmentation,
    /// Seed of the run.
    pub seed: u64,
    /// Epoch.
    pub epoch: u64,
}

impl AugmentationKey {
    /// The window of a sample.
    fn window(&self, index: u32) -> Option<Window> {
        if self.augmentation.is_none() {
            return None;
        }
        let mut random =
            KeyedRandom::new(&[AUGMENTATION_DOMAIN, self.seed, self.epoch, index.into()]);
        let padding = self.augmentation.crop_padding.min(MAX_PADDING);
        let mut offset = || random.below(2 * padding + 1) as i32 - padding as i32;
        let (down, right) = (offset(), offset());
        Some(Window {
            down,
            right,
            mirrored: self.augmentation.horizontal_flip && random.coin(),
        })
    }
}

/// Some places of a batch, one thread's to fill.
#[derive(Debug)]
pub struct BatchSlot<'a> {
    pipeline: &'a PixelPipeline,
    augmentation: AugmentationKey,
    images: &'a mut [u8],
    labels: &'a mut [i64],
    sample_indices: &'a mut [u32],
}

impl<'a> BatchSlot<'a> {
    /// Places for `labels.len()` samples.
    ///
    /// `images` must be aligned to the output's element and hold as many images as there are
    /// labels and sample indices.
    ///
    /// # Panics
    /// Where the three do not have room for the same number of samples: a fault of the caller.
    pub fn new(
        pipeline: &'a PixelPipeline,
        augmentation: AugmentationKey,
        images: &'a mut [u8],
        labels: &'a mut [i64],
        sample_indices: &'a mut [u32],
    ) -> Self {
        assert_eq!(images.len(), labels.len() * pipeline.output.image_bytes());
        assert_eq!(labels.len(), sample_indices.len());
        Self {
            pipeline,
            augmentation,
            images,
            labels,
            sample_indices,
        }
    }

    /// Number of places.
    pub const fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without any place.
    pub const fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The places from `first` on.
    ///
    /// # Panics
    /// Where there are fewer than `first` places.
    pub fn from_place(&mut self, first: usize) -> BatchSlot<'_> {
        let bytes = self.pipeline.output.image_bytes();
        BatchSlot {
            pipeline: self.pipeline,
            augmentation: self.augmentation,
            images: &mut self.images[first * bytes..],
            labels: &mut self.labels[first..],
            sample_indices: &mut self.sample_indices[first..],
        }
    }

    /// Puts one sample into `place`: decoded, resized, augmented, normalised as the pipeline says.
    ///
    /// # Errors
    /// Where the sample cannot be decoded, has another size and no resize was asked for, or
    /// cannot be delivered as the batch's element. The place's content is then undefined.
    pub fn put(
        &mut self,
        place: usize,
        head: SampleHead,
        payload: Payload<'_>,
        scratch: &mut PixelScratch,
    ) -> Result<(), CodecError> {
        let bytes = self.pipeline.output.image_bytes();
        let target = Target {
            pipeline: self.pipeline,
            window: self.augmentation.window(head.index),
            image: &mut self.images[place * bytes..][..bytes],
        };
        let PixelScratch {
            decoder,
            resizer,
            window,
            values,
        } = scratch;
        let mut room = Room { window, values };
        match payload {
            Payload::Encoded { encoding, bytes } => {
                let (pixels, spec) = decoder.decode(encoding, bytes)?;
                target.put_u8(pixels, spec, resizer, &mut room)?;
            }
            Payload::PixelsU8 { spec, values } => {
                target.put_u8(values, spec, resizer, &mut room)?;
            }
            Payload::PixelsU16 { spec, values } => target.put_u16(values, spec, &mut room)?,
            Payload::NormalisedF16 { spec, values } => target.put_f16(values, spec, &mut room)?,
            Payload::NormalisedBf16 { spec, values } => target.put_bf16(values, spec, &mut room)?,
            Payload::NormalisedF32 { spec, values } => target.put_f32(values, spec, &mut room)?,
        }
        self.note(place, head);
        Ok(())
    }

    /// Whether images of this size go into the batch as they are, without being resized.
    pub fn is_of_size(&self, image: ImageSpec) -> bool {
        image == self.pipeline.output.image
    }

    /// As [`BatchSlot::put`], for 8-bit pixels of the batch's size whose channels lie one after the
    /// other, as they do in the batch: the same result as of the same pixels interleaved, in less
    /// time.
    ///
    /// # Errors
    /// Where there are not as many values as the batch's images have, or they cannot be delivered as
    /// its element. The place's content is then undefined.
    pub fn put_planes(
        &mut self,
        place: usize,
        head: SampleHead,
        planes: &[u8],
        scratch: &mut PixelScratch,
    ) -> Result<(), CodecError> {
        let output = self.pipeline.output;
        let bytes = output.image_bytes();
        let target = Target {
            pipeline: self.pipeline,
            window: self.augmentation.window(head.index),
            image: &mut self.images[place * bytes..][..bytes],
        };
        target.check_size(output.image, planes.len())?;
        let PixelScratch { window, values, .. } = scratch;
        target.put_u8_planes(planes, &mut Room { window, values })?;
        self.note(place, head);
        Ok(())
    }

    /// Notes which sample went into a place.
    fn note(&mut self, place: usize, head: SampleHead) {
        self.labels[place] = head.label.map_or(NO_LABEL, i64::from);
        self.sample_indices[place] = head.index;
    }
}

/// Scratch of one conversion.
struct Room<'a> {
    window: &'a mut WindowScratch,
    values: &'a mut Vec<f32>,
}

/// One image's place in the batch.
struct Target<'a> {
    pipeline: &'a PixelPipeline,
    window: Option<Window>,
    image: &'a mut [u8],
}

impl Target<'_> {
    const fn width(&self) -> usize {
        self.pipeline.output.image.width as usize
    }

    /// Fails where an image of so many values is not of the batch's size.
    fn check_size(&self, spec: ImageSpec, values: usize) -> Result<(), CodecError> {
        let is_whole = values == spec.values();
        if is_whole && spec == self.pipeline.output.image {
            return Ok(());
        }
        Err(CodecError::WrongSize {
            found: if is_whole {
                spec.to_string()
            } else {
                format!("{spec} in name but {values} values in fact")
            },
            expected: self.pipeline.output.image.to_string(),
        })
    }

    fn put_u8(
        self,
        pixels: &[u8],
        spec: ImageSpec,
        resizer: &mut Resizer,
        room: &mut Room<'_>,
    ) -> Result<(), CodecError> {
        let pixels = if self.pipeline.resize && spec != self.pipeline.output.image {
            resizer.resize(pixels, spec, self.pipeline.output.image)?
        } else {
            self.check_size(spec, pixels.len())?;
            pixels
        };
        let pixels = interleaved_window(self.window, pixels, self.width(), &mut room.window.u8);
        let normaliser = &self.pipeline.normaliser;
        match self.pipeline.output.element {
            Element::F32 => normaliser.u8_to_f32(pixels, bytemuck::cast_slice_mut(self.image)),
            Element::F16 => {
                room.values.resize(pixels.len(), 0.0);
                normaliser.u8_to_f32(pixels, room.values);
                convert::f32_to_f16(room.values, bytemuck::cast_slice_mut(self.image));
            }
            Element::U8 => normaliser.u8_to_planes(pixels, self.image),
            Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::U8)));
            }
        }
        Ok(())
    }

    fn put_u8_planes(self, planes: &[u8], room: &mut Room<'_>) -> Result<(), CodecError> {
        let width = self.width();
        let black = [0; CHANNELS];
        let planes = planar_window(self.window, planes, width, &mut room.window.u8, black);
        let normaliser = &self.pipeline.normaliser;
        match self.pipeline.output.element {
            Element::F32 => {
                normaliser.u8_planes_to_f32(planes, bytemuck::cast_slice_mut(self.image));
            }
            Element::F16 => {
                room.values.resize(planes.len(), 0.0);
                normaliser.u8_planes_to_f32(planes, room.values);
                convert::f32_to_f16(room.values, bytemuck::cast_slice_mut(self.image));
            }
            Element::U8 => self.image.copy_from_slice(planes),
            Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::U8)));
            }
        }
        Ok(())
    }

    fn put_u16(
        self,
        pixels: &[u16],
        spec: ImageSpec,
        room: &mut Room<'_>,
    ) -> Result<(), CodecError> {
        self.check_size(spec, pixels.len())?;
        let pixels = interleaved_window(self.window, pixels, self.width(), &mut room.window.u16);
        let normaliser = &self.pipeline.normaliser;
        match self.pipeline.output.element {
            Element::F32 => normaliser.u16_to_f32(pixels, bytemuck::cast_slice_mut(self.image)),
            Element::F16 => {
                room.values.resize(pixels.len(), 0.0);
                normaliser.u16_to_f32(pixels, room.values);
                convert::f32_to_f16(room.values, bytemuck::cast_slice_mut(self.image));
            }
            Element::U8 => normaliser.u16_to_u8(pixels, self.image),
            Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::U16)));
            }
        }
        Ok(())
    }

    fn put_f16(
        self,
        values: &[f16],
        spec: ImageSpec,
        room: &mut Room<'_>,
    ) -> Result<(), CodecError> {
        self.check_size(spec, values.len())?;
        let black = self.pipeline.normaliser.black().map(f16::from_f32);
        let values = planar_window(
            self.window,
            values,
            self.width(),
            &mut room.window.f16,
            black,
        );
        match self.pipeline.output.element {
            Element::F32 => convert::f16_to_f32(values, bytemuck::cast_slice_mut(self.image)),
            Element::F16 => self.image.copy_from_slice(bytemuck::cast_slice(values)),
            Element::U8 | Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::F16)));
            }
        }
        Ok(())
    }

    fn put_bf16(
        self,
        values: &[bf16],
        spec: ImageSpec,
        room: &mut Room<'_>,
    ) -> Result<(), CodecError> {
        self.check_size(spec, values.len())?;
        let black = self.pipeline.normaliser.black().map(bf16::from_f32);
        let values = planar_window(
            self.window,
            values,
            self.width(),
            &mut room.window.bf16,
            black,
        );
        match self.pipeline.output.element {
            Element::F32 => convert::bf16_to_f32(values, bytemuck::cast_slice_mut(self.image)),
            Element::F16 => {
                room.values.resize(values.len(), 0.0);
                convert::bf16_to_f32(values, room.values);
                convert::f32_to_f16(room.values, bytemuck::cast_slice_mut(self.image));
            }
            Element::U8 | Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::Bf16)));
            }
        }
        Ok(())
    }

    fn put_f32(
        self,
        values: &[f32],
        spec: ImageSpec,
        room: &mut Room<'_>,
    ) -> Result<(), CodecError> {
        self.check_size(spec, values.len())?;
        let black = self.pipeline.normaliser.black();
        let values = planar_window(
            self.window,
            values,
            self.width(),
            &mut room.window.f32,
            black,
        );
        match self.pipeline.output.element {
            Element::F32 => self.image.copy_from_slice(bytemuck::cast_slice(values)),
            Element::F16 => convert::f32_to_f16(values, bytemuck::cast_slice_mut(self.image)),
            Element::U8 | Element::U16 | Element::Bf16 => {
                return Err(self.no_conversion(Encoding::Raw(Element::F32)));
            }
        }
        Ok(())
    }

    const fn no_conversion(&self, from: Encoding) -> CodecError {
        CodecError::NoConversion {
            from,
            to: self.pipeline.output.element,
        }
    }
}

/// Interleaved pixels after the window was cut; the pixels themselves without one.
fn interleaved_window<'a, T: bytemuck::Pod>(
    window: Option<Window>,
    pixels: &'a [T],
    width: usize,
    room: &'a mut Vec<T>,
) -> &'a [T]
where
    [T; CHANNELS]: bytemuck::Pod,
{
    let Some(window) = window else {
        return pixels;
    };
    room.resize(pixels.len(), T::zeroed());
    let source: &[[T; CHANNELS]] = bytemuck::cast_slice(pixels);
    let target: &mut [[T; CHANNELS]] = bytemuck::cast_slice_mut(room);
    window::cut(source, width, target, window, [T::zeroed(); CHANNELS]);
    room
}

/// Planes after the window was cut of each; the planes themselves without one.
fn planar_window<'a, T: bytemuck::Pod>(
    window: Option<Window>,
    planes: &'a [T],
    width: usize,
    room: &'a mut Vec<T>,
    black: [T; CHANNELS],
) -> &'a [T] {
    let Some(window) = window else {
        return planes;
    };
    room.resize(planes.len(), T::zeroed());
    let pixels = planes.len() / CHANNELS;
    let pairs = planes
        .chunks_exact(pixels)
        .zip(room.chunks_exact_mut(pixels));
    for ((source, target), black) in pairs.zip(black) {
        window::cut(source, width, target, window, black);
    }
    room
}
