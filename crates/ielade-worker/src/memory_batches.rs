//! Batches that are made once in memory: what a consumer takes alone, without any loading.

use ielade_core::{
    Batch, BatchSource, Element, OutputSpec,
    random::KeyedRandom,
    worker_protocol::{Job, LastBatch},
};
use ielade_loader::{LoadError, Loader};

/// Batches that are handed over in turn. As many as a loader of two threads keeps: a consumer then
/// does not find the same few megabytes in the processor's cache again and again.
const BATCHES: usize = 5;

/// Keeps these pixels apart from other uses of the same seed.
const PIXEL_DOMAIN: u64 = u64::from_be_bytes(*b"ielbatch");

/// An epoch's worth of batches in the shape of a store, with random pixels and labels.
pub(crate) struct MemoryBatches {
    batches: Vec<Batch>,
    /// Images of an epoch, and of a batch.
    images: u64,
    batch_size: u64,
    steps: u32,
}

impl MemoryBatches {
    /// Batches as `loader` would deliver them to the job's consumer.
    pub(crate) fn like(loader: &Loader, job: &Job) -> Self {
        let manifest = loader.manifest();
        let capacity = job.loader.batch_size.min(manifest.count) as usize;
        let classes = manifest.classes.len().max(1) as u32;
        let steps = loader.batches_per_epoch();
        let batch_size = u64::from(job.loader.batch_size);
        let kept = match job.loader.last_batch {
            LastBatch::Keep => u64::from(manifest.count),
            LastBatch::Drop => u64::from(steps) * batch_size,
        };
        let count = BATCHES.min(steps as usize).max(1);
        Self {
            batches: (0..count as u64)
                .map(|number| random_batch(loader.output(), capacity, classes, job.seed, number))
                .collect(),
            images: kept,
            batch_size,
            steps,
        }
    }

    /// The batches of one epoch.
    pub(crate) fn epoch(&mut self, epoch: u64) -> MemoryEpoch<'_> {
        MemoryEpoch {
            source: self,
            epoch,
            next: 0,
        }
    }
}

/// One epoch under way.
pub(crate) struct MemoryEpoch<'a> {
    source: &'a mut MemoryBatches,
    epoch: u64,
    next: u32,
}

impl BatchSource for MemoryEpoch<'_> {
    type Error = LoadError;

    fn next_batch(&mut self) -> Result<Option<&Batch>, LoadError> {
        if self.next >= self.source.steps {
            return Ok(None);
        }
        let index = self.next;
        self.next += 1;
        let before = u64::from(index) * self.source.batch_size;
        let left = self.source.images.saturating_sub(before);
        let place = index as usize % self.source.batches.len();
        let batch = &mut self.source.batches[place];
        batch.epoch = self.epoch;
        batch.index = index;
        batch.len = batch.capacity().min(left as usize);
        Ok(Some(batch))
    }
}

/// A batch with values as normalised pixels have them, between −2 and 2, or any byte.
fn random_batch(
    output: OutputSpec,
    capacity: usize,
    classes: u32,
    seed: u64,
    number: u64,
) -> Batch {
    let mut batch = Batch::with_capacity(output, capacity);
    let mut random = KeyedRandom::new(&[PIXEL_DOMAIN, seed, number]);
    let bytes = batch.images.as_bytes_mut();
    let mut value = || random.unit() as f32 * 4.0 - 2.0;
    match output.element {
        Element::F32 => {
            let values: &mut [f32] = bytemuck::cast_slice_mut(bytes);
            values.fill_with(&mut value);
        }
        Element::F16 => {
            let values: &mut [u16] = bytemuck::cast_slice_mut(bytes);
            values.fill_with(|| half::f16::from_f32(value()).to_bits());
        }
        // Others are not delivered; as bytes they are at least not zero.
        Element::U8 | Element::U16 | Element::Bf16 => {
            bytes.fill_with(|| (value() * 64.0 + 128.0) as u8);
        }
    }
    for (place, label) in batch.labels.iter_mut().enumerate() {
        *label = i64::from(random.below(classes));
        batch.sample_indices[place] = place as u32;
    }
    batch
}
