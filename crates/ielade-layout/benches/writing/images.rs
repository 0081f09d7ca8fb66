//! The images that are written: decoded, in one piece of memory.

use ielade_codec::Decoder;
use ielade_core::{ImageSpec, OrientationRule, Payload, Sample, Split};
use ielade_dataset::{DataSet, DemoOptions, OpenOptions, SampleBuffer};
use ielade_layout::{DataSetSplit, SampleSource, SourceError};
use ielade_testing::contest::Failure;
use std::path::Path;

/// All samples of a split, as pixels.
pub(crate) struct Images {
    classes: Vec<String>,
    keys: Vec<String>,
    labels: Vec<Option<u32>>,
    size: ImageSpec,
    pixels: Vec<u8>,
}

impl Images {
    /// Decodes a data set's training split; that of the demo set without a folder.
    pub(crate) fn read(source: Option<&Path>) -> Result<Self, Failure> {
        let data_set = match source {
            Some(path) => DataSet::open(path, &OpenOptions::default())?,
            None => DataSet::demo(DemoOptions {
                train: 50_000,
                test: 1,
                seed: 0,
            }),
        };
        let split = DataSetSplit::of(&data_set, Split::Train).ok_or("there is no train split")?;
        let mut decoder = Decoder::new(OrientationRule::Apply);
        let mut buffer = SampleBuffer::default();
        let mut size = None;
        let mut pixels = Vec::new();
        for index in 0..split.len() {
            let sample = split
                .read(index, &mut buffer)
                .map_err(|error| error.to_string())?;
            let (values, spec) = match sample.payload {
                Payload::Encoded { encoding, bytes } => decoder.decode(encoding, bytes)?,
                Payload::PixelsU8 { spec, values } => (values, spec),
                _ => return Err("only published images and their pixels are written".into()),
            };
            if *size.get_or_insert(spec) != spec {
                return Err(format!("{} is not as large as the first image", sample.key).into());
            }
            pixels.extend_from_slice(values);
        }
        Ok(Self {
            classes: split.classes().to_vec(),
            keys: (0..split.len())
                .map(|at| split.key(at).to_owned())
                .collect(),
            labels: (0..split.len()).map(|at| split.label(at)).collect(),
            size: size.ok_or("there are no images")?,
            pixels,
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn size(&self) -> ImageSpec {
        self.size
    }

    pub(crate) fn sample(&self, index: usize) -> Sample<'_> {
        let bytes = self.size.values();
        Sample {
            key: &self.keys[index],
            label: self.labels[index],
            payload: Payload::PixelsU8 {
                spec: self.size,
                values: &self.pixels[index * bytes..][..bytes],
            },
        }
    }
}

impl SampleSource for Images {
    type Buffer = ();

    fn data_set(&self) -> &'static str {
        "memory"
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
        Ok(self.sample(index))
    }
}
