//! Reading a raw store allocates nothing once it is warm.
//!
//! Compressed images are not covered: their decoders allocate.
#![allow(unsafe_code)]

use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline, ThreadContext};
use ielade_core::{
    Augmentation, Batch, Element, ImageSpec, Normalisation, OutputSpec, Payload, Sample, Split,
};
use ielade_layout::{PrepareRequest, SampleSource, SourceError, open_store, prepare};
use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::atomic::AtomicBool,
};

/// Counts what the current thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is handed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps this function's contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

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
    for layout in ["npy/u8", "npy/u16", "npy/f16", "npy/f32"] {
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
                let before = ALLOCATIONS.get();
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
                *count = ALLOCATIONS.get() - before;
            }
            assert_eq!(counts[1], 0, "{layout} to {element}, {counts:?}");
        }
    }
}
