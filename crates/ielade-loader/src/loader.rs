//! The loader: threads, pool and settings over one store.

use crate::{
    Epoch, LoadError,
    seats::Seats,
    window::{EpochPlan, Window},
    worker_thread::Shared,
};
use ielade_codec::{PixelPipeline, ThreadContext};
use ielade_core::{
    Element, Encoding, ImageSpec, Manifest, Order, OutputSpec,
    worker_protocol::{LastBatch, LoaderSettings},
};
use ielade_layout::LayoutReader;
use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

/// Loads the batches of a store, epoch by epoch, on threads of its own.
///
/// Dropping it stops and joins the threads.
pub struct Loader {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    batch_size: usize,
    batches: u32,
}

impl Loader {
    /// Starts the threads over a store. `seed` decides the order and the random changes.
    ///
    /// # Errors
    /// Where the settings do not fit the store (sizes differ and no common one is set; an
    /// element type that cannot be made from what is stored), or threads cannot be started.
    pub fn open(
        reader: Arc<dyn LayoutReader>,
        settings: &LoaderSettings,
        seed: u64,
    ) -> Result<Self, LoadError> {
        let manifest = reader.manifest();
        if manifest.count == 0 {
            return Err(LoadError::EmptyStore);
        }
        if settings.batch_size == 0 {
            return Err(LoadError::NoBatchSize);
        }
        let pipeline = pipeline(manifest, settings)?;
        let count = manifest.count;
        let batches = match settings.last_batch {
            LastBatch::Keep => count.div_ceil(settings.batch_size),
            LastBatch::Drop => count / settings.batch_size,
        };
        let threads = match settings.threads {
            0 => thread::available_parallelism().map_or(1, std::num::NonZero::get),
            set => set as usize,
        };
        let prefetch = match settings.prefetch {
            0 => threads + 2,
            set => set as usize,
        };
        // No batch is ever larger than the store.
        let capacity = settings.batch_size.min(count) as usize;
        let order = Order::new(settings.shuffle, count, reader.samples_per_chunk(), seed);
        let contexts = (0..threads)
            .map(|_| ThreadContext::new(&pipeline))
            .collect();
        let window = Window::new(pipeline.output, capacity, prefetch, Seats::new(contexts));
        let mut shared = Shared::new(reader, pipeline, order, seed, window);
        shared.augmentation = settings.augmentation;
        shared.policy = settings.on_bad_sample;
        let mut loader = Self {
            shared: Arc::new(shared),
            threads: Vec::with_capacity(threads),
            batch_size: settings.batch_size as usize,
            batches,
        };
        for number in 0..threads {
            let shared = Arc::clone(&loader.shared);
            let thread = thread::Builder::new()
                .name(format!("ielade-load-{number}"))
                .spawn(move || shared.run_thread())
                .map_err(LoadError::Thread)?;
            loader.threads.push(thread);
        }
        Ok(loader)
    }

    /// What the store says of itself.
    pub fn manifest(&self) -> &Manifest {
        self.shared.reader.manifest()
    }

    /// Element type and size of the delivered images.
    pub fn output(&self) -> OutputSpec {
        self.shared.pipeline.output
    }

    /// The order of the epochs.
    pub fn order(&self) -> Order {
        self.shared.order
    }

    /// Samples that the store packs into one chunk; 1 where each stands alone.
    pub fn samples_per_chunk(&self) -> u32 {
        self.shared.reader.samples_per_chunk()
    }

    /// Loader threads.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Batches of an epoch.
    pub const fn batches_per_epoch(&self) -> u32 {
        self.batches
    }

    /// Batches whose memory was allocated so far; at most prefetch + 1.
    pub fn allocated_batches(&self) -> usize {
        self.shared.window().created()
    }

    /// Begins an epoch. Threads start at once; take the batches with
    /// [`next_batch`](ielade_core::BatchSource::next_batch).
    pub fn epoch(&mut self, epoch: u64) -> Epoch<'_> {
        self.epoch_from(epoch, 0)
    }

    /// Begins an epoch at a batch: what is left of it is the same as without the interruption,
    /// for any number of threads.
    ///
    /// ```no_run
    /// # use ielade_core::BatchSource;
    /// # fn resume(loader: &mut ielade_loader::Loader) {
    /// // Seed, epoch and position are all that is needed to go on.
    /// let mut rest = loader.epoch_from(3, 120);
    /// # }
    /// ```
    pub fn epoch_from(&mut self, epoch: u64, first_batch: u32) -> Epoch<'_> {
        let plan = EpochPlan {
            epoch,
            order: self.shared.order_of(epoch),
            batch_size: self.batch_size,
            batches: self.batches,
            piece_size: EpochPlan::piece_size(self.batch_size, self.threads.len()),
        };
        self.shared.begin(plan, first_batch.min(self.batches));
        Epoch::new(&self.shared)
    }
}

impl std::fmt::Debug for Loader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loader")
            .field("layout", &self.manifest().layout)
            .field("batch_size", &self.batch_size)
            .field("batches_per_epoch", &self.batches)
            .field("threads", &self.threads.len())
            .field("output", &self.output())
            .finish_non_exhaustive()
    }
}

impl Drop for Loader {
    fn drop(&mut self) {
        self.shared.shut_down();
        for thread in self.threads.drain(..) {
            // A panic was already passed on as an error; there is nobody left to tell.
            let _ = thread.join();
        }
    }
}

/// The way from the store's samples to the batch that the settings ask for.
fn pipeline(manifest: &Manifest, settings: &LoaderSettings) -> Result<PixelPipeline, LoadError> {
    let encoding = manifest.encoding();
    check_element(encoding, settings.element)?;
    let stored = manifest.shape.fixed();
    let wanted = settings
        .resize
        .map(|(height, width)| ImageSpec::rgb(height, width));
    let image = wanted.or(stored).ok_or(LoadError::NeedsResize)?;
    let resizes = wanted.is_some() && stored != Some(image);
    let resizable = encoding.is_compressed_image() || encoding == Encoding::Raw(Element::U8);
    if resizes && !resizable {
        return Err(LoadError::CannotResize {
            encoding,
            stored: manifest.shape.to_string(),
            wanted: format!("{}x{}", image.height, image.width),
        });
    }
    let output = OutputSpec {
        element: settings.element,
        image,
    };
    let pipeline = PixelPipeline::new(output, &manifest.normalisation, manifest.orientation);
    Ok(if resizes {
        pipeline.resizing()
    } else {
        pipeline
    })
}

const fn check_element(encoding: Encoding, element: Element) -> Result<(), LoadError> {
    let (possible, fits) = match encoding {
        Encoding::Raw(stored) if stored.is_float() => ("f32 or f16", element.is_float()),
        _ => ("f32, f16 or u8", true),
    };
    if fits && element.is_delivered() {
        return Ok(());
    }
    Err(LoadError::NoConversion {
        encoding,
        element,
        possible,
    })
}
