use super::{DATA_FILE, meta::Meta, pages::Environment};
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

/// Opens `data.mdb` of a store, by its index.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let form = SampleForm::of_store(&store, super::CONTAINER.name)?;
    let manifest = store.manifest();
    let path = store.path(DATA_FILE);
    let map = MappedFile::open(&path)?;
    Environment::parse(map.bytes())
        .map_err(|error| LayoutError::container(&path, error.offset, error.reason))?;
    let index = SampleIndex::read_of_store(store.folder(), std::slice::from_ref(&path))?;
    let mismatch = |reason: String| LayoutError::Mismatch {
        path: store.path(INDEX_FILE),
        reason,
    };
    let expected = Meta::new(manifest.encoding(), manifest.shape, &manifest.classes);
    if Meta::parse(&index.notes) != Some(expected) {
        let reason = "encoding, image size or classes are others".to_owned();
        return Err(mismatch(reason));
    }
    let count = index.places.len();
    if count != manifest.count as usize {
        return Err(mismatch(format!(
            "it tells of {count} samples where {} belong",
            manifest.count
        )));
    }
    let labels = Labels::check(
        index.labels,
        manifest.count,
        manifest.classes.len(),
        &store.path(INDEX_FILE),
    )?;
    let samples = MappedSamples::new(vec![(path, map)], Places::Each(index.places))?;
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}
