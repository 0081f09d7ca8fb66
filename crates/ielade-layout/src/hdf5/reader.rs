//! Opening a store.

use super::{
    CONTAINER, DATA_FILE, IMAGES, LABELS,
    dataset::Dataset,
    datatype::Kind,
    hierarchy::File,
    samples::{self, for_each_value},
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    columns::fault::Fault,
    foreign::arrays::Integer,
    stored::{SampleForm, StoreReader, array::stack_shape, labels::Labels},
};
use ielade_core::Element;

/// Opens `data.h5` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let form = SampleForm::of_store(&store, CONTAINER.name)?;
    let file = File::open(&store.path(DATA_FILE))?;
    let manifest = store.manifest();
    let count = manifest.count;
    let (kind, shape) = match form {
        SampleForm::Image(_) => (Kind::VariableBytes, vec![count.into()]),
        SampleForm::Array(form) => (
            kind_of(form.element),
            stack_shape(form.element, form.spec, count).to_vec(),
        ),
    };
    let images = file.dataset(IMAGES)?;
    check(&file, &images, &kind, &shape)?;
    let labels = file.dataset(LABELS)?;
    let integer = Integer {
        bytes: 8,
        signed: true,
    };
    check(&file, &labels, &Kind::Integer(integer), &[count.into()])?;
    let labels = read_labels(&file, &labels).map_err(|fault| file.fault(fault))?;
    let labels = Labels::check(labels, count, manifest.classes.len(), &file.path)?;
    let samples = samples::open(file, &images)?;
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// The type that an element of a store is written as.
const fn kind_of(element: Element) -> Kind {
    match element {
        Element::U8 => Kind::Integer(Integer {
            bytes: 1,
            signed: false,
        }),
        Element::U16 => Kind::Integer(Integer {
            bytes: 2,
            signed: false,
        }),
        Element::F16 => Kind::Float(2),
        Element::Bf16 => Kind::Bfloat16,
        Element::F32 => Kind::Float(4),
    }
}

/// Fails where a dataset is not the one that the manifest tells of.
fn check(file: &File, dataset: &Dataset, kind: &Kind, shape: &[u64]) -> Result<(), LayoutError> {
    let found = dataset.shape();
    if (&dataset.datatype.kind, &found[..]) == (kind, shape) {
        return Ok(());
    }
    Err(LayoutError::Mismatch {
        path: file.path.clone(),
        reason: format!(
            "the dataset at byte {} is {} {found:?} where {shape:?} of another type belong",
            dataset.offset,
            dataset.datatype.name(),
        ),
    })
}

/// The labels that a dataset of whole numbers holds.
pub(super) fn read_labels(file: &File, dataset: &Dataset) -> Result<Vec<i64>, Fault> {
    let shape = dataset.shape();
    let count = shape.first().copied().unwrap_or(0);
    if count > samples::MAX_SAMPLES {
        return Err(dataset.fault(format!(
            "{count} labels, more than {}",
            samples::MAX_SAMPLES
        )));
    }
    let Some(integer) = dataset.datatype.integer() else {
        return Err(dataset.fault(format!("{} are no labels", dataset.datatype.name())));
    };
    let order = dataset.datatype.byte_order;
    let mut labels = Vec::new();
    for_each_value(file, dataset, &mut |value| {
        if (labels.len() as u64) < count {
            labels.extend(integer.values(value, order));
        }
        Ok(())
    })?;
    Ok(labels)
}
