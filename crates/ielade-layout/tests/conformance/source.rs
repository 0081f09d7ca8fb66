//! Data sets in memory.

use ielade_codec::{encode_jpeg, encode_png};
use ielade_core::{Encoding, ImageSpec, Payload, Sample, Split, random::KeyedRandom};
use ielade_layout::{SampleSource, SourceError};

/// An image of a data set in memory.
#[derive(Clone)]
pub(crate) enum Image {
    Encoded(Encoding, Vec<u8>),
    Pixels(ImageSpec, Vec<u8>),
}

#[derive(Clone)]
pub(crate) struct MemorySource {
    pub(crate) name: String,
    pub(crate) classes: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) labels: Vec<Option<u32>>,
    pub(crate) images: Vec<Image>,
    /// Reading this sample ends the process.
    pub(crate) deadly: Option<usize>,
}

impl MemorySource {
    /// Smooth images with some noise, no two alike.
    fn pixels(index: usize, spec: ImageSpec) -> Vec<u8> {
        let mut random = KeyedRandom::new(&[1, index as u64]);
        let tint: Vec<u32> = (0..3).map(|_| random.below(200)).collect();
        (0..spec.values())
            .map(|at| {
                let (pixel, channel) = (at / 3, at % 3);
                let slope = (pixel as u32 % spec.width) + (pixel as u32 / spec.width);
                (tint[channel] + slope + random.below(9)) as u8
            })
            .collect()
    }

    pub(crate) fn of(count: usize, image: impl Fn(usize) -> Image) -> Self {
        Self {
            name: "made".to_owned(),
            classes: ["ant", "bee", "cat dog"].map(str::to_owned).to_vec(),
            keys: (0..count)
                .map(|index| format!("train/{:04} é.jpg", index / 2 * 2))
                .enumerate()
                // Every second name is there twice, in different folders.
                .map(|(index, name)| format!("{}/{name}", index % 2))
                .collect(),
            labels: (0..count)
                .map(|index| (index % 7 != 6).then_some((index % 3) as u32))
                .collect(),
            images: (0..count).map(image).collect(),
            deadly: None,
        }
    }

    pub(crate) const SIZE: ImageSpec = ImageSpec::rgb(9, 12);

    pub(crate) fn jpeg(count: usize) -> Self {
        Self::of(count, |index| Image::jpeg(index, Self::SIZE))
    }

    /// JPEGs of several sizes.
    pub(crate) fn varied(count: usize) -> Self {
        Self::of(count, |index| {
            Image::jpeg(index, ImageSpec::rgb(8 + index as u32 % 5, 16))
        })
    }
}

impl Image {
    pub(crate) fn jpeg(index: usize, spec: ImageSpec) -> Self {
        let mut bytes = Vec::new();
        encode_jpeg(&MemorySource::pixels(index, spec), spec, 90, &mut bytes).unwrap();
        Self::Encoded(Encoding::Jpeg, bytes)
    }

    pub(crate) fn png(index: usize, spec: ImageSpec) -> Self {
        let mut bytes = Vec::new();
        encode_png(&MemorySource::pixels(index, spec), spec, &mut bytes).unwrap();
        Self::Encoded(Encoding::Png, bytes)
    }

    pub(crate) fn raw(index: usize, spec: ImageSpec) -> Self {
        Self::Pixels(spec, MemorySource::pixels(index, spec))
    }

    pub(crate) fn payload(&self) -> Payload<'_> {
        match self {
            Self::Encoded(encoding, bytes) => Payload::Encoded {
                encoding: *encoding,
                bytes,
            },
            Self::Pixels(spec, values) => Payload::PixelsU8 {
                spec: *spec,
                values,
            },
        }
    }
}

impl SampleSource for MemorySource {
    type Buffer = ();

    fn data_set(&self) -> &str {
        &self.name
    }

    fn split(&self) -> Split {
        Split::Train
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn origin(&self) -> String {
        "memory".to_owned()
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

    fn read<'a>(&'a self, index: usize, (): &'a mut ()) -> Result<Sample<'a>, SourceError> {
        if self.deadly == Some(index) {
            std::process::abort();
        }
        Ok(Sample {
            key: &self.keys[index],
            label: self.labels[index],
            payload: self.images[index].payload(),
        })
    }
}
