//! Making stores and reading batches out of them.

use crate::source::MemorySource;
use ielade_codec::{AugmentationKey, BatchSlot, Decoder, Normaliser, PixelPipeline, ThreadContext};
use ielade_core::{
    Augmentation, Batch, Element, ImageSpec, LayoutId, Normalisation, OrientationRule, OutputSpec,
};
use ielade_layout::{
    LayoutError, LayoutReader, PrepareRequest, Prepared, prepare, prepare::Progress, registry,
};
use std::{borrow::Cow, path::Path, sync::atomic::AtomicBool};

/// Name the containers and encodings to be tested, separated by commas; all without them.
const CONTAINERS: &str = "IELADE_TEST_CONTAINERS";
const ENCODINGS: &str = "IELADE_TEST_ENCODINGS";

/// Every layout in all its variants.
pub(crate) fn layouts() -> Vec<LayoutId> {
    let wanted = |variable: &str, name: &str| {
        let names = std::env::var(variable).unwrap_or_default();
        names.is_empty() || names.split(',').any(|wanted| wanted == name)
    };
    registry::layouts_in_all_variants()
        .filter(|layout| wanted(CONTAINERS, &layout.container))
        .filter(|layout| wanted(ENCODINGS, layout.encoding.name()))
        .collect()
}

pub(crate) fn normalisation() -> Normalisation {
    Normalisation {
        mean: vec![0.49, 0.48, 1.0 / 3.0],
        std: vec![0.25, 0.24, 0.26],
    }
}

pub(crate) fn request(layout: &LayoutId, store: &Path) -> PrepareRequest {
    PrepareRequest::new(layout.clone(), store.to_owned(), normalisation())
}

/// A data set as a layout can hold it: where every sample needs a label, those without have 0.
pub(crate) fn held<'a>(source: &'a MemorySource, layout: &LayoutId) -> Cow<'a, MemorySource> {
    let container = registry::find(&layout.container).ok();
    if container.is_none_or(|container| container.labels.or_none()) {
        return Cow::Borrowed(source);
    }
    let mut labelled = source.clone();
    for label in &mut labelled.labels {
        label.get_or_insert(0);
    }
    Cow::Owned(labelled)
}

/// Prepares a data set as the layout can hold it.
pub(crate) fn run(
    request: &PrepareRequest,
    source: &MemorySource,
) -> (Result<Prepared, LayoutError>, Vec<Progress>) {
    let mut seen = Vec::new();
    let stop = AtomicBool::new(false);
    let source = held(source, &request.layout);
    let result = prepare(request, source.as_ref(), &mut |sign| seen.push(sign), &stop);
    (result, seen)
}

pub(crate) fn make(layout: &LayoutId, store: &Path, source: &MemorySource) -> Prepared {
    run(&request(layout, store), source).0.unwrap()
}

/// What a reader is asked to deliver.
pub(crate) fn output(layout: &LayoutId, image: ImageSpec) -> OutputSpec {
    let element = match layout.encoding.element() {
        Some(element) if element.is_float() => Element::F32,
        _ => Element::U8,
    };
    OutputSpec { element, image }
}

pub(crate) fn read(
    reader: &dyn LayoutReader,
    indices: &[u32],
    output: OutputSpec,
) -> Result<Batch, LayoutError> {
    let manifest = reader.manifest();
    let pipeline = PixelPipeline::new(output, &manifest.normalisation, manifest.orientation);
    let mut context = ThreadContext::new(&pipeline);
    let mut batch = Batch::with_capacity(output, indices.len());
    let key = AugmentationKey {
        augmentation: Augmentation::NONE,
        seed: 0,
        epoch: 0,
    };
    let mut slot = BatchSlot::new(
        &pipeline,
        key,
        batch.images.as_bytes_mut(),
        &mut batch.labels,
        &mut batch.sample_indices,
    );
    reader.read_batch(indices, &mut slot, &mut context)?;
    batch.len = indices.len();
    Ok(batch)
}

/// What a layout has to deliver for one sample, made without the crate under test.
pub(crate) fn expected(source: &MemorySource, index: usize, layout: &LayoutId) -> Vec<u8> {
    let mut decoder = Decoder::new(OrientationRule::Apply);
    let pixels = match source.images[index].payload() {
        ielade_core::Payload::Encoded { bytes, .. } => decoder.decode_any(bytes).unwrap().0,
        ielade_core::Payload::PixelsU8 { values, .. } => values,
        other => panic!("{other:?}"),
    };
    let normaliser = Normaliser::new(&normalisation());
    let mut planes = vec![0.0_f32; pixels.len()];
    match layout.encoding.element() {
        Some(Element::F32) => normaliser.u8_to_f32(pixels, &mut planes),
        Some(Element::F16) => {
            normaliser.u8_to_f32(pixels, &mut planes);
            for value in &mut planes {
                *value = half::f16::from_f32(*value).to_f32();
            }
        }
        Some(Element::Bf16) => {
            normaliser.u8_to_f32(pixels, &mut planes);
            for value in &mut planes {
                *value = half::bf16::from_f32(*value).to_f32();
            }
        }
        _ => {
            let mut planes = vec![0; pixels.len()];
            normaliser.u8_to_planes(pixels, &mut planes);
            return planes;
        }
    }
    bytemuck::cast_slice(&planes).to_vec()
}
