//! Reading that all containers share: a container finds the stored bytes of a sample, and what is
//! here makes them a batch.
//!
//! A container's reader is a [`StoreReader`] over its own [`StoredSamples`]. Most of them are
//! [`MappedSamples`](mapped::MappedSamples): once it is known at which byte of which mapped file a
//! sample lies, an uncompressed container is read like any other, without a lock and without a
//! copy. Containers that compress several samples together are
//! [`ChunkedSamples`](chunked::ChunkedSamples).

pub(crate) mod array;
pub(crate) mod chunked;
pub(crate) mod gather;
pub(crate) mod labels;
pub(crate) mod mapped;
pub(crate) mod one_file;

use crate::{
    LayoutError, LayoutReader, RawRegion, StoreFolder, StoredSample, error::BadSampleReason,
    mapped::prefetch,
};
use array::ArrayForm;
use ielade_codec::{BatchSlot, SampleHead, ThreadContext};
use ielade_core::{AlignedBytes, Encoding, Manifest, Payload};
use labels::Labels;
use std::{
    any::Any,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

/// Finds the stored bytes of samples. Any thread, any order, no lock on the way.
pub(crate) trait StoredSamples: Send + Sync {
    /// The bytes of a sample as they are stored, lent by the container or by `scratch`.
    /// `index` is below the store's count.
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason>;

    /// The bytes, where they are in memory already and only have to come into the processor's
    /// cache.
    fn in_memory(&self, _index: u32) -> Option<&[u8]> {
        None
    }

    /// The file that a sample lies in, for messages.
    fn path(&self, index: u32) -> PathBuf;

    /// All samples, one after the other, where they lie so.
    fn contiguous(&self) -> Option<&[u8]> {
        None
    }

    /// Samples that are compressed together and so are read together; 1 where each stands alone.
    fn samples_per_chunk(&self) -> u32 {
        1
    }
}

impl StoredSamples for Box<dyn StoredSamples> {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        self.as_ref().fetch(index, scratch)
    }

    fn in_memory(&self, index: u32) -> Option<&[u8]> {
        self.as_ref().in_memory(index)
    }

    fn path(&self, index: u32) -> PathBuf {
        self.as_ref().path(index)
    }

    fn contiguous(&self) -> Option<&[u8]> {
        self.as_ref().contiguous()
    }

    fn samples_per_chunk(&self) -> u32 {
        self.as_ref().samples_per_chunk()
    }
}

/// What a thread keeps for [`StoredSamples::fetch`].
#[derive(Default)]
pub(crate) struct FetchScratch {
    /// Bytes read from a file or unpacked.
    pub(crate) bytes: Vec<u8>,
    /// Whatever else a container keeps a thread: connections, unpacked chunks. Always the same
    /// reader's.
    pub(crate) state: Option<Box<dyn Any + Send>>,
}

impl FetchScratch {
    /// The container's own state, made on first use.
    pub(crate) fn state<T: Any + Send>(&mut self, make: impl FnOnce() -> T) -> &mut T {
        let kept = self.state.as_ref().is_some_and(|state| state.is::<T>());
        if !kept {
            self.state = Some(Box::new(make()));
        }
        let state = self.state.as_mut().and_then(|state| state.downcast_mut());
        state.expect("the state was just made of this type")
    }
}

/// What the stored bytes of a sample are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SampleForm {
    /// A compressed image.
    Image(Encoding),
    /// Raw values.
    Array(ArrayForm),
}

impl SampleForm {
    /// What a store of this manifest holds.
    pub(crate) fn of_store(
        store: &StoreFolder,
        container: &'static str,
    ) -> Result<Self, LayoutError> {
        let manifest = store.manifest();
        match manifest.encoding().element() {
            None => Ok(Self::Image(manifest.encoding())),
            Some(element) => {
                let spec = crate::store::one_size(manifest.shape, store.folder(), container)?;
                Ok(Self::Array(ArrayForm::of_stores(element, spec)))
            }
        }
    }
}

/// A container's reader: its samples, what they are, and their labels.
pub(crate) struct StoreReader<S> {
    store: StoreFolder,
    form: SampleForm,
    labels: Labels,
    samples: S,
    /// Tells this reader's scratch from another's.
    number: u64,
}

/// What a thread keeps for one reader.
struct ReaderScratch {
    reader: u64,
    fetch: FetchScratch,
    array: AlignedBytes,
}

impl<S: StoredSamples> StoreReader<S> {
    /// A reader of a store; `labels` and `samples` have as many as the manifest counts.
    pub(crate) fn new(store: StoreFolder, form: SampleForm, labels: Labels, samples: S) -> Self {
        static READERS: AtomicU64 = AtomicU64::new(0);
        Self {
            store,
            form,
            labels,
            samples,
            number: READERS.fetch_add(1, Ordering::Relaxed),
        }
    }

    /// The thread's scratch, made anew where it was another reader's.
    fn scratch<'a>(&self, state: &'a mut Option<Box<dyn Any + Send>>) -> &'a mut ReaderScratch {
        let kept = state
            .as_ref()
            .and_then(|state| state.downcast_ref::<ReaderScratch>())
            .is_some_and(|scratch| scratch.reader == self.number);
        if !kept {
            *state = Some(Box::new(ReaderScratch {
                reader: self.number,
                fetch: FetchScratch::default(),
                array: AlignedBytes::default(),
            }));
        }
        let scratch = state.as_mut().and_then(|state| state.downcast_mut());
        scratch.expect("the scratch was just made")
    }

    fn label(&self, index: u32) -> Result<Option<u32>, LayoutError> {
        self.labels
            .get(index)
            .ok_or_else(|| self.store.no_such_sample(index))
    }

    fn payload<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut ReaderScratch,
    ) -> Result<Payload<'a>, BadSampleReason> {
        let bytes = self.samples.fetch(index, &mut scratch.fetch)?;
        match self.form {
            SampleForm::Image(encoding) => Ok(Payload::Encoded { encoding, bytes }),
            SampleForm::Array(form) => form.payload(bytes, &mut scratch.array),
        }
    }

    fn put(
        &self,
        (place, index): (usize, u32),
        slot: &mut BatchSlot<'_>,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError> {
        let label = self.label(index)?;
        let ThreadContext {
            layout_state,
            pixels,
            ..
        } = context;
        let head = SampleHead { index, label };
        let scratch = self.scratch(layout_state);
        let done = if self.is_planes_for(slot) {
            self.samples
                .fetch(index, &mut scratch.fetch)
                .and_then(|planes| Ok(slot.put_planes(place, head, planes, pixels)?))
        } else {
            self.payload(index, scratch)
                .and_then(|payload| Ok(slot.put(place, head, payload, pixels)?))
        };
        done.map_err(|reason| self.bad_sample(place, index, reason))
    }

    /// Whether the bytes need not be put in another order for the batch.
    fn is_planes_for(&self, slot: &BatchSlot<'_>) -> bool {
        matches!(self.form, SampleForm::Array(form)
            if form.is_planes_of_bytes() && slot.is_of_size(form.delivered()))
    }

    fn bad_sample(&self, place: usize, index: u32, reason: BadSampleReason) -> LayoutError {
        LayoutError::BadSample {
            place,
            index,
            path: self.samples.path(index),
            reason,
        }
    }
}

impl<S: StoredSamples> LayoutReader for StoreReader<S> {
    fn manifest(&self) -> &Manifest {
        self.store.manifest()
    }

    fn read_batch(
        &self,
        indices: &[u32],
        slot: &mut BatchSlot<'_>,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError> {
        for (place, index) in indices.iter().enumerate() {
            // A shuffled epoch misses the processor's cache with every sample: bring the next one
            // while this one is converted.
            let next = indices.get(place + 1);
            if let Some(next) = next.and_then(|next| self.samples.in_memory(*next)) {
                prefetch(next);
            }
            self.put((place, *index), slot, context)?;
        }
        Ok(())
    }

    fn sample<'a>(
        &'a self,
        index: u32,
        context: &'a mut ThreadContext,
    ) -> Result<StoredSample<'a>, LayoutError> {
        let label = self.label(index)?;
        let scratch = self.scratch(&mut context.layout_state);
        match self.payload(index, scratch) {
            Ok(payload) => Ok(StoredSample { label, payload }),
            Err(reason) => Err(self.bad_sample(0, index, reason)),
        }
    }

    fn key(&self, index: u32) -> String {
        self.store.key(index)
    }

    fn contiguous(&self) -> Option<RawRegion<'_>> {
        // In another form the bytes are not what the manifest tells.
        let SampleForm::Array(form) = self.form else {
            return None;
        };
        let bytes = self.samples.contiguous().filter(|_| form.is_of_stores())?;
        Some(RawRegion { bytes })
    }

    fn samples_per_chunk(&self) -> u32 {
        self.samples.samples_per_chunk()
    }
}
