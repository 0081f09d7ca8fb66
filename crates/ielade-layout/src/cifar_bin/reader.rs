use super::{
    CLASSES_FILE, LABELS_FILE, SHAPE_FILE,
    records::{RecordFiles, read_shape, read_text},
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    mapped::MappedFile,
    store::one_size,
    stored::{
        SampleForm, StoreReader,
        array::{ArrayForm, Axes},
        labels::Labels,
        mapped::{MappedSamples, Place, Places},
    },
};
use ielade_core::{Element, ImageSpec};
use std::path::PathBuf;

/// What a record's image is.
pub(super) fn form(spec: ImageSpec) -> ArrayForm {
    ArrayForm {
        axes: Axes::Planar,
        ..ArrayForm::of_stores(Element::U8, spec)
    }
}

/// Opens the records of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let spec = one_size(manifest.shape, store.folder(), super::CONTAINER.name)?;
    check_texts(&store, spec)?;
    let options = &manifest.layout.container_options;
    let mut files = Vec::new();
    for (name, records) in RecordFiles::of(options).names(manifest.count) {
        let path = store.path(&name);
        let map = MappedFile::open(&path)?;
        let (expected, found) = (
            record_bytes(1, spec) * u64::from(records),
            map.bytes().len(),
        );
        if found as u64 != expected {
            return Err(LayoutError::FileSize {
                path,
                expected,
                found: found as u64,
            });
        }
        files.push((path, map));
    }
    let path = store.path(LABELS_FILE);
    let labels = MappedFile::open(&path)?;
    let numbers = labels.bytes().iter().copied().map(i64::from);
    let labels = Labels::check(numbers, manifest.count, manifest.classes.len(), &path)?;
    let samples = samples(files, 1, spec)?;
    let form = SampleForm::Array(form(spec));
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Bytes of a record.
pub(super) fn record_bytes(label_bytes: u64, spec: ImageSpec) -> u64 {
    label_bytes + spec.values() as u64
}

/// The images of whole records in these files.
pub(super) fn samples(
    files: Vec<(PathBuf, MappedFile)>,
    label_bytes: u64,
    spec: ImageSpec,
) -> Result<MappedSamples, LayoutError> {
    let record = record_bytes(label_bytes, spec);
    let len = record - label_bytes;
    let records = |map: &MappedFile| (map.bytes().len() as u64 / record) as u32;
    let places = match &files[..] {
        [(_, map)] => Places::Even {
            first: label_bytes,
            stride: record,
            len,
            count: records(map),
        },
        several => {
            let places = several.iter().enumerate().flat_map(|(file, (_, map))| {
                (0..records(map)).map(move |at| Place {
                    file: file as u32,
                    len: len as u32,
                    offset: u64::from(at) * record + label_bytes,
                })
            });
            Places::Each(places.collect())
        }
    };
    MappedSamples::new(files, places)
}

/// Fails unless the store's texts tell what the manifest tells.
fn check_texts(store: &StoreFolder, spec: ImageSpec) -> Result<(), LayoutError> {
    let mismatch = |name: &str, reason: String| LayoutError::Mismatch {
        path: store.path(name),
        reason,
    };
    match read_shape(store.folder())? {
        Some(found) if found == spec => {}
        found => {
            let found = found.map_or_else(|| "none".to_owned(), |spec| spec.to_string());
            let reason = format!("it tells of images of {found} where {spec} belong");
            return Err(mismatch(SHAPE_FILE, reason));
        }
    }
    let names = read_text(&store.path(CLASSES_FILE))?.unwrap_or_default();
    let (found, expected) = (names.lines().count(), store.manifest().classes.len());
    if found == expected {
        return Ok(());
    }
    let reason = format!("it names {found} classes where {expected} belong");
    Err(mismatch(CLASSES_FILE, reason))
}
