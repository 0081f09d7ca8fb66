//! Samples that another room provides, as a data set: those of a store, or of a file that others
//! made, whose container is not known here.

use crate::samples::{Images, KeyTable, SplitSamples, UNLABELLED};
use ielade_core::{Payload, Split};
use std::{any::Any, fmt};

/// Why a sample could not be provided.
pub type ProvidedError = Box<dyn std::error::Error + Send + Sync>;

/// Images that another room provides. Any number of threads read at once.
pub trait ProvidedImages: fmt::Debug + Send + Sync {
    /// The image of sample `index`: compressed bytes, or 8-bit pixels.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read<'b>(
        &'b self,
        index: usize,
        buffer: &'b mut ProvidedBuffer,
    ) -> Result<Payload<'b>, ProvidedError>;
}

/// Memory of one thread that reads [`ProvidedImages`].
#[derive(Default)]
pub struct ProvidedBuffer {
    /// Pixels that had to be made.
    pub pixels: Vec<u8>,
    /// Whatever else the provider keeps a thread.
    pub state: Option<Box<dyn Any + Send>>,
}

impl fmt::Debug for ProvidedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvidedBuffer").finish_non_exhaustive()
    }
}

/// One split of a data set that another room provides.
#[derive(Debug)]
pub struct ProvidedSplit {
    /// Which split.
    pub split: Split,
    /// A name and a label, if any, for each sample; labels are below the number of classes.
    pub samples: Vec<(String, Option<u32>)>,
    /// The images of the samples.
    pub images: Box<dyn ProvidedImages>,
}

impl ProvidedSplit {
    pub(crate) fn into_samples(self) -> SplitSamples {
        let mut keys = KeyTable::default();
        let mut labels = Vec::with_capacity(self.samples.len());
        for (key, label) in &self.samples {
            keys.push(key);
            labels.push(label.unwrap_or(UNLABELLED));
        }
        SplitSamples::new(keys, labels, Images::Provided(self.images))
    }
}
