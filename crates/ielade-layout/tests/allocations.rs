//! Reading a raw store allocates nothing once it is warm.
//!
//! Compressed images are not covered: PNG's decoder allocates. Counted for the whole process, so
//! this test has its own program and nothing beside it.

use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline, ThreadContext};
use ielade_core::{
    Augmentation, Batch, Element, ImageSpec, Normalisation, OutputSpec, Payload, Sample, Split,
};
use ielade_layout::{PrepareRequest, SampleSource, SourceError, open_store, prepare};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, sync::atomic::AtomicBool};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Grey images, one shade each.
struct Shades(Vec<String>, Vec<Vec<u8>>);

const SIZE: ImageSpec = ImageSpec::rgb(32, 32);

impl SampleSource for Shades {
    type Buffer = ();

    fn data_set(&self) -> &'static str {
        "shades"
    }

    fn split(&self) -> Split {
        Split::Train
    }

    fn classes(&self) -> &[String] {
        &self.0
    }

    fn origin(&self) -> String {
        "memory".to_owned()
    }

    fn len(&self) -> usize {
        self.1.len()
    }

    fn key(&self, index: usize) -> &str {
        &self.0[index]
    }

    fn label(&self, index: usize) -> Option<u32> {
        Some(index as u32)
    }

    fn read<'a>(&'a self, index: usize, (): &'a mut ()) -> Result<Sample<'a>, SourceError> {
        Ok(Sample {
            key: self.key(index),
            label: self.label(index),
            payload: Payload::PixelsU8 {
                spec: SIZE,
                values: &self.1[index],
            },
        })
    }
}

#[test]
fn reading_npy_into_f32_and_f16_allocates_nothing() {
    let names: Vec<String> = (0..64).map(|index| index.to_string()).collect();
    let source = Shades(
        names,
        (0..64).map(|shade| vec![shade; SIZE.values()]).collect(),
    );
    let normalisation = Normalisation::identity(3);
    let indices: Vec<u32> = (0..64).rev().collect();
    let folder = tempfile::tempdir().unwrap();
    for layout in ["npy/u8", "npy/u16", "npy/f16", "npy/bf16", "npy/f32"] {
        let layout: ielade_core::LayoutId = layout.parse().unwrap();
        let store = folder.path().join(layout.directory_name());
        let request = PrepareRequest::new(layout.clone(), store.clone(), normalisation.clone());
        prepare(&request, &source, &mut |_| {}, &AtomicBool::new(false)).unwrap();
        let reader = open_store(&store).unwrap();
        for element in [Element::F32, Element::F16] {
            let output = OutputSpec {
                element,
                image: SIZE,
            };
            let manifest = reader.manifest();
            let pipeline =
                PixelPipeline::new(output, &manifest.normalisation, manifest.orientation);
            let mut context = ThreadContext::new(&pipeline);
            let mut batch = Batch::with_capacity(output, indices.len());
            let mut counts = [0; 2];
            for count in &mut counts {
                let region = Region::new(COUNTING);
                let key = AugmentationKey {
                    augmentation: Augmentation {
                        crop_padding: 4,
                        horizontal_flip: true,
                    },
                    seed: 1,
                    epoch: 1,
                };
                let mut slot = BatchSlot::new(
                    &pipeline,
                    key,
                    batch.images.as_bytes_mut(),
                    &mut batch.labels,
                    &mut batch.sample_indices,
                );
                reader
                    .read_batch(&indices, &mut slot, &mut context)
                    .unwrap();
                *count = region.change().allocations;
            }
            assert_eq!(counts[1], 0, "{layout} to {element}, {counts:?}");
        }
    }
}
