//! Opening the shards of a store.

use super::{ArrayType, Fault, MAX_SHARDS, ShardFormat};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    index::{INDEX_FILE, SampleIndex},
    mapped::MappedFile,
    stored::{
        SampleForm, StoreReader,
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use std::path::PathBuf;

/// Opens a store of shards by its index.
///
/// The first sample of every shard is looked at and must be where, and what, the index and the
/// manifest say; that all bytes are those that were written, `verify` finds out by their digests.
pub(crate) fn open(
    store: StoreFolder,
    format: &ShardFormat,
    container: &'static str,
) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let form = SampleForm::of_store(&store, container)?;
    let manifest = store.manifest();
    let paths: Vec<PathBuf> = manifest
        .files
        .iter()
        .filter(|file| file.path.ends_with(format.extension))
        .map(|file| store.path(&file.path))
        .collect();
    let index = SampleIndex::read_of_store(store.folder(), &paths)?;
    let mismatch = |reason: String| LayoutError::Mismatch {
        path: store.path(INDEX_FILE),
        reason,
    };
    if paths.is_empty() || paths.len() > MAX_SHARDS {
        return Err(mismatch(format!("it is of {} shards", paths.len())));
    }
    if index.places.len() != manifest.count as usize {
        return Err(mismatch(format!(
            "it holds {} samples where {} belong",
            index.places.len(),
            manifest.count
        )));
    }
    if let SampleForm::Array(form) = form {
        let bytes = form.image_bytes();
        if let Some(wrong) = index.places.iter().position(|p| p.len as usize != bytes) {
            return Err(mismatch(format!(
                "sample {wrong} has {} bytes where {bytes} belong",
                index.places[wrong].len
            )));
        }
    }
    let files = paths
        .into_iter()
        .map(|path| MappedFile::open(&path).map(|map| (path, map)))
        .collect::<Result<Vec<_>, _>>()?;
    check_firsts(&files, &index, form, format)?;
    let labels = Labels::check(
        index.labels,
        manifest.count,
        manifest.classes.len(),
        &store.path(INDEX_FILE),
    )?;
    let samples = MappedSamples::new(files, Places::Each(index.places))?;
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Compares the first sample of every shard with what the index says of it.
fn check_firsts(
    files: &[(PathBuf, MappedFile)],
    index: &SampleIndex,
    form: SampleForm,
    format: &ShardFormat,
) -> Result<(), LayoutError> {
    let mut before = None;
    for (number, place) in index.places.iter().enumerate() {
        if before == Some(place.file) {
            continue;
        }
        before = Some(place.file);
        // A shard that is not there is told when the places are checked.
        let Some((path, map)) = files.get(place.file as usize) else {
            continue;
        };
        let found = (format.scan)(map.bytes(), 1)
            .and_then(|samples| {
                let first = samples.into_iter().next();
                first.ok_or_else(|| Fault::new(0, "it holds no sample"))
            })
            .map_err(|fault| fault.of_file(path))?;
        let mismatch = |reason: String| LayoutError::Mismatch {
            path: path.clone(),
            reason,
        };
        let indexed = (place.offset, place.len, index.labels.get(number).copied());
        if indexed != (found.offset, found.len, Some(found.label)) {
            return Err(mismatch(format!(
                "its first sample is not the one that {INDEX_FILE} tells of"
            )));
        }
        if let SampleForm::Array(form) = form {
            let expected = ArrayType::of_stores(form.element, form.spec);
            if found.array != Some(expected) {
                let describe =
                    |array: ArrayType| format!("{} {:?}", array.element, array.dimensions);
                return Err(mismatch(format!(
                    "its first sample is {} where {} belongs",
                    found.array.map_or_else(|| "no array".to_owned(), describe),
                    describe(expected)
                )));
            }
        }
    }
    Ok(())
}
