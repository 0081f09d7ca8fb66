//! Opening a store.

use super::{
    FOLDER, IMAGES, LABELS,
    array::Array,
    chunks::Missing,
    data_type::DataType,
    hierarchy,
    samples::{self, read_labels},
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    stored::{SampleForm, StoreReader, array::stack_shape, labels::Labels},
};
use ielade_core::Element;

/// Opens `data.zarr` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let form = SampleForm::of_store(&store, super::CONTAINER.name)?;
    let root = store.path(FOLDER);
    let manifest = store.manifest();
    let count = manifest.count;
    let (data_type, shape) = match form {
        SampleForm::Image(_) => (DataType::Bytes, vec![count.into()]),
        SampleForm::Array(form) => (
            match form.element {
                Element::Bf16 => DataType::Bfloat16,
                element => DataType::of_element(element),
            },
            stack_shape(form.element, form.spec, count).to_vec(),
        ),
    };
    let images = hierarchy::array(&root.join(IMAGES))?;
    check(&images, data_type, &shape)?;
    let labels = hierarchy::array(&root.join(LABELS))?;
    check(&labels, DataType::Signed(8), &[count.into()])?;
    let path = labels.folder.clone();
    let labels = read_labels(labels, Missing::Lost)?;
    let labels = Labels::check(labels, count, manifest.classes.len(), &path)?;
    let samples = samples::open(images, Missing::Lost)?;
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Fails where an array is not the one that the manifest tells of.
fn check(array: &Array, data_type: DataType, shape: &[u64]) -> Result<(), LayoutError> {
    let found = &array.metadata;
    if (found.data_type, &found.shape[..]) == (data_type, shape) {
        return Ok(());
    }
    Err(LayoutError::Mismatch {
        path: array.metadata_path.clone(),
        reason: format!(
            "it describes {} {:?} where {} {shape:?} belongs",
            found.data_type.name(),
            found.shape,
            data_type.name(),
        ),
    })
}
