use super::{
    COUNT_KEY, DATA_FILE, IMAGE_PREFIX, LABEL_PREFIX, META_KEY,
    meta::Meta,
    tree_writer::{PAGE_BYTES, TreeWriter, ValuePlace},
};
use crate::{
    LayoutError, LayoutWriter, digest,
    index::{INDEX_FILE, SampleIndex},
    output_file::OutputFile,
    payload::ExpectedPayload,
    registry::StorePlan,
    stored::mapped::Place,
};
use ielade_core::{Sample, manifest::DataFile};
use std::path::PathBuf;

/// Samples that the keys can tell apart: nine digits.
const MAX_SAMPLES: usize = 999_999_999;

/// Opens a folder to write `data.mdb`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let path = plan.folder.join(DATA_FILE);
    let mut file = OutputFile::create(&path)?;
    file.zeros(2 * PAGE_BYTES as u64)?;
    let meta = Meta::new(plan.encoding, plan.shape, plan.classes).to_json();
    let mut writer = LmdbWriter {
        folder: plan.folder.to_owned(),
        path,
        expected: ExpectedPayload::of(plan, super::CONTAINER.name)?,
        tree: TreeWriter::new(file),
        index: SampleIndex::default(),
    };
    writer.add(META_KEY, &meta)?;
    writer.index.notes = meta;
    Ok(Box::new(writer))
}

struct LmdbWriter {
    folder: PathBuf,
    path: PathBuf,
    expected: ExpectedPayload,
    tree: TreeWriter<OutputFile>,
    index: SampleIndex,
}

/// Notes where the value of an entry lies, if it is a sample's: behind `__meta__` they come first.
fn note(places: &mut [Place], entry: u64, value: ValuePlace) {
    let sample = (entry as usize).checked_sub(1);
    if let Some(place) = sample.and_then(|sample| places.get_mut(sample)) {
        place.offset = value.offset;
    }
}

impl LmdbWriter {
    fn add(&mut self, key: &str, value: &[u8]) -> Result<(), LayoutError> {
        let places = &mut self.index.places;
        self.tree
            .add(key.as_bytes(), value, &mut |entry, value| {
                note(places, entry, value);
            })
            .map_err(LayoutError::io("write", &self.path))
    }
}

/// The key of a sample's image or label; users of this form count from 1.
fn key(prefix: &str, sample: usize) -> String {
    format!("{prefix}{:09}", sample + 1)
}

impl LayoutWriter for LmdbWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let (label, bytes) = (self.expected.label(sample)?, self.expected.bytes(sample)?);
        let number = self.index.places.len();
        if number == MAX_SAMPLES {
            let reason = format!("its keys can tell {MAX_SAMPLES} samples apart, not more");
            return Err(LayoutError::container(&self.path, 0, reason));
        }
        self.index.places.push(Place {
            file: 0,
            len: bytes.len() as u32,
            offset: 0,
        });
        self.index.labels.push(label);
        self.add(&key(IMAGE_PREFIX, number), bytes)
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        // An unfinished file cannot be continued.
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        let count = self.index.labels.len();
        for sample in 0..count {
            let label = self.index.labels[sample].to_string();
            self.add(&key(LABEL_PREFIX, sample), label.as_bytes())?;
        }
        self.add(COUNT_KEY, count.to_string().as_bytes())?;
        let Self {
            folder,
            path,
            tree,
            mut index,
            ..
        } = *self;
        let failed = |error| LayoutError::io("write", &path)(error);
        let mut placed = |entry, value| note(&mut index.places, entry, value);
        let (mut file, head) = tree.finish(&mut placed).map_err(failed)?;
        file.set(0, &head)?;
        let data = file.finish(DATA_FILE)?;
        index.write_into_store(&folder, std::slice::from_ref(&path))?;
        Ok(vec![data, digest::data_file(&folder, INDEX_FILE)?])
    }
}
