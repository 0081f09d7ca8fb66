//! The samples of one split: keys, labels, and the way to their images.

use crate::{
    DataSetError,
    demo::DemoImages,
    error::readable_start,
    planar_records::PlanarRecords,
    provided::{ProvidedBuffer, ProvidedImages},
};
use ielade_codec::FileFormat;
use ielade_core::{Payload, Sample};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Stands in the label table where the authors publish no label.
pub(crate) const UNLABELLED: u32 = u32::MAX;

/// Larger files are not read: no photograph comes near it, and memory must be bounded.
const MAX_IMAGE_BYTES: u64 = 1 << 30;

/// Memory that [`SplitSamples::read`] uses again from sample to sample; one for each thread.
#[derive(Debug, Default)]
pub struct SampleBuffer {
    /// What the sample's payload points to.
    pub(crate) bytes: Vec<u8>,
    /// Pixels on the way there.
    pub(crate) scratch: Vec<u8>,
    /// Of samples that another room provides.
    pub(crate) provided: ProvidedBuffer,
}

/// The samples of one split, in a fixed order. Shared by threads; reading takes no lock.
#[derive(Debug)]
pub struct SplitSamples {
    keys: KeyTable,
    labels: Vec<u32>,
    images: Images,
}

/// Where the images of a split come from.
#[derive(Debug)]
pub(crate) enum Images {
    Files(ImageFiles),
    Planar(PlanarRecords),
    Demo(DemoImages),
    Provided(Box<dyn ProvidedImages>),
}

/// Image files beneath one folder; a sample's key is its path there.
#[derive(Debug)]
pub(crate) struct ImageFiles {
    root: PathBuf,
    /// Paths, relative to the root, that a key cannot spell.
    unusual: BTreeMap<usize, PathBuf>,
}

/// One image file that was found.
#[derive(Debug, Clone)]
pub(crate) struct FileSample {
    pub(crate) key: String,
    /// The path beneath the root, where the key cannot spell it (names that are not UTF-8).
    pub(crate) unusual_path: Option<PathBuf>,
    pub(crate) label: Option<u32>,
}

impl SplitSamples {
    /// Puts the parts together; there is one label for each key.
    pub(crate) fn new(keys: KeyTable, labels: Vec<u32>, images: Images) -> Self {
        debug_assert_eq!(keys.len(), labels.len());
        Self {
            keys,
            labels,
            images,
        }
    }

    /// Files beneath `root`, in the order of their keys.
    pub(crate) fn of_files(root: &Path, mut files: Vec<FileSample>) -> Result<Self, DataSetError> {
        if u32::try_from(files.len()).is_err() {
            return Err(DataSetError::TooManySamples {
                path: root.to_owned(),
            });
        }
        files.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if let Some(twice) = files.windows(2).find(|pair| pair[0].key == pair[1].key) {
            let reason = format!("two files have the name {:?}; rename one", twice[0].key);
            return Err(DataSetError::content(root, reason));
        }
        let mut keys = KeyTable::default();
        let mut labels = Vec::with_capacity(files.len());
        let mut unusual = BTreeMap::new();
        for (index, file) in files.into_iter().enumerate() {
            keys.push(&file.key);
            labels.push(file.label.unwrap_or(UNLABELLED));
            if let Some(path) = file.unusual_path {
                unusual.insert(index, path);
            }
        }
        let images = Images::Files(ImageFiles {
            root: root.to_owned(),
            unusual,
        });
        Ok(Self::new(keys, labels, images))
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// True without any sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The name of sample `index` within its data set.
    ///
    /// # Panics
    /// Where `index` is not below [`SplitSamples::len`], as slices do.
    pub fn key(&self, index: usize) -> &str {
        assert!(index < self.len(), "sample {index} of {}", self.len());
        self.keys.get(index)
    }

    /// The class of sample `index`; `None` where the authors publish none.
    ///
    /// # Panics
    /// Where `index` is not below [`SplitSamples::len`], as slices do.
    pub fn label(&self, index: usize) -> Option<u32> {
        Some(self.labels[index]).filter(|label| *label != UNLABELLED)
    }

    /// True where every sample has a label, and there is at least one.
    pub fn has_labels(&self) -> bool {
        !self.is_empty() && !self.labels.contains(&UNLABELLED)
    }

    /// Reads sample `index` as it is published: a compressed image byte for byte, or, from the
    /// CIFAR archives, its pixels (height × width × RGB).
    ///
    /// Any number of threads may read at once, each with a buffer of its own. The image is not
    /// decoded, so one that is broken inside is found only later.
    ///
    /// # Errors
    /// Where the file cannot be read, is empty, or is no JPEG or PNG image.
    pub fn read<'b>(
        &'b self,
        index: usize,
        buffer: &'b mut SampleBuffer,
    ) -> Result<Sample<'b>, DataSetError> {
        if index >= self.len() {
            return Err(DataSetError::NoSuchSample {
                index,
                len: self.len(),
            });
        }
        let key = self.keys.get(index);
        let payload = match &self.images {
            Images::Files(files) => files.read(index, key, buffer)?,
            Images::Planar(records) => records.read(index, buffer)?,
            Images::Demo(images) => images.read(index, key, buffer)?,
            Images::Provided(images) => images
                .read(index, &mut buffer.provided)
                .map_err(DataSetError::Provided)?,
        };
        Ok(Sample {
            key,
            label: self.label(index),
            payload,
        })
    }
}

impl ImageFiles {
    fn read<'b>(
        &self,
        index: usize,
        key: &str,
        buffer: &'b mut SampleBuffer,
    ) -> Result<Payload<'b>, DataSetError> {
        let path = match self.unusual.get(&index) {
            Some(path) => self.root.join(path),
            None => self.root.join(key),
        };
        read_bounded(&path, MAX_IMAGE_BYTES, &mut buffer.bytes)?;
        image_payload(path, &buffer.bytes)
    }
}

/// What the bytes of a file are.
fn image_payload(path: PathBuf, bytes: &[u8]) -> Result<Payload<'_>, DataSetError> {
    if bytes.is_empty() {
        return Err(DataSetError::EmptyFile { path });
    }
    let Some(format) = FileFormat::sniff(bytes) else {
        return Err(DataSetError::NotAnImage {
            path,
            start: readable_start(bytes),
        });
    };
    match format.encoding() {
        Some(encoding) => Ok(Payload::Encoded { encoding, bytes }),
        None => Err(DataSetError::UnsupportedFormat { path, format }),
    }
}

/// The content of a file, if it is at most `limit` bytes, into `bytes`.
pub(crate) fn read_bounded(
    path: &Path,
    limit: u64,
    bytes: &mut Vec<u8>,
) -> Result<(), DataSetError> {
    bytes.clear();
    let file = File::open(path).map_err(DataSetError::io("open", path))?;
    file.take(limit + 1)
        .read_to_end(bytes)
        .map_err(DataSetError::io("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(DataSetError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    Ok(())
}

/// The content of a text file of at most 64 MiB.
pub(crate) fn read_text(path: &Path) -> Result<String, DataSetError> {
    let mut bytes = Vec::new();
    read_bounded(path, 64 << 20, &mut bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let place = error.utf8_error().valid_up_to();
        DataSetError::content(path, format!("is not UTF-8 text at byte {place}"))
    })
}

/// Many names in one piece of memory.
#[derive(Debug, Default)]
pub(crate) struct KeyTable {
    text: String,
    ends: Vec<usize>,
}

impl KeyTable {
    pub(crate) fn push(&mut self, key: &str) {
        self.text.push_str(key);
        self.ends.push(self.text.len());
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }
}
