use super::{IMAGES_FILE, LABELS_FILE, NpyType, array::ArrayFile, kind_of};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    store::one_size,
    stored::{
        SampleForm, StoreReader,
        array::{ArrayForm, stack_shape},
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use ielade_core::Element;

/// Opens `images.npy` and `labels.npy` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let element = manifest.encoding().element().unwrap_or(Element::U8);
    let spec = one_size(manifest.shape, store.folder(), super::CONTAINER.name)?;
    let path = store.path(IMAGES_FILE);
    let images = ArrayFile::open(&path)?;
    let shape = stack_shape(element, spec, manifest.count);
    images.check(kind_of(element), &shape)?;
    let labels = read_labels(&store)?;
    let form = ArrayForm::of_stores(element, spec);
    let bytes = form.image_bytes() as u64;
    let places = Places::Even {
        first: images.start(),
        stride: bytes,
        len: bytes,
        count: manifest.count,
    };
    let samples = MappedSamples::new(vec![images.into_mapped()], places)?;
    let form = SampleForm::Array(form);
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

fn read_labels(store: &StoreFolder) -> Result<Labels, LayoutError> {
    let manifest = store.manifest();
    let array = ArrayFile::open(&store.path(LABELS_FILE))?;
    array.check(NpyType::I64, &[manifest.count.into()])?;
    let numbers = array
        .data()
        .chunks_exact(size_of::<i64>())
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    Labels::check(
        numbers,
        manifest.count,
        manifest.classes.len(),
        array.path(),
    )
}
