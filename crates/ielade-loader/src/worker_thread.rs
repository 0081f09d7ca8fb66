//! What a loader thread does: claim a piece, fill it, give it back; and so does a consumer that
//! helps.

use crate::{
    LoadError,
    fill::{self, BadSampleRule},
    seats::Seat,
    window::{Claim, EpochPlan, Filled, Window},
};
use ielade_codec::{AugmentationKey, PixelPipeline, ThreadContext};
use ielade_core::{Augmentation, BadSamplePolicy, Order};
use ielade_layout::LayoutReader;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What the consumer and all threads share.
pub(crate) struct Shared {
    pub(crate) reader: Arc<dyn LayoutReader>,
    pub(crate) pipeline: PixelPipeline,
    pub(crate) augmentation: Augmentation,
    pub(crate) policy: BadSamplePolicy,
    pub(crate) order: Order,
    pub(crate) seed: u64,
    window: Mutex<Window>,
    work: Condvar,
    ready: Condvar,
    /// The order of the epoch that will most likely come next, worked out when threads run idle.
    next_order: Mutex<Option<(u64, Arc<Vec<u32>>)>>,
}

impl Shared {
    pub(crate) fn new(
        reader: Arc<dyn LayoutReader>,
        pipeline: PixelPipeline,
        order: Order,
        seed: u64,
        window: Window,
    ) -> Self {
        Self {
            reader,
            pipeline,
            augmentation: Augmentation::NONE,
            policy: BadSamplePolicy::Fail,
            order,
            seed,
            window: Mutex::new(window),
            work: Condvar::new(),
            ready: Condvar::new(),
            next_order: Mutex::new(None),
        }
    }

    /// The window. A panic while it is held cannot leave it half changed, since nothing that can
    /// panic is done meanwhile on purpose; poisoning is therefore passed over.
    pub(crate) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a batch may be ready or pieces may have come back.
    pub(crate) fn wait_for_threads<'a>(
        &'a self,
        mut window: MutexGuard<'a, Window>,
    ) -> MutexGuard<'a, Window> {
        window.consumer_waits = true;
        let mut window = self
            .ready
            .wait(window)
            .unwrap_or_else(PoisonError::into_inner);
        window.consumer_waits = false;
        window
    }

    /// Wakes sleeping threads, where there is work and a seat for them.
    pub(crate) fn wake_threads(&self, window: &mut Window) {
        if window.has_work() {
            for _ in 0..window.seats.call_threads() {
                self.work.notify_one();
            }
        }
    }

    /// Fills a piece in the consumer's own time; waits where there is none, or no seat.
    pub(crate) fn help_threads<'a>(
        &'a self,
        mut window: MutexGuard<'a, Window>,
    ) -> MutexGuard<'a, Window> {
        if !window.has_work() {
            return self.wait_for_threads(window);
        }
        let Some(mut seat) = window.seats.join() else {
            return self.wait_for_threads(window);
        };
        if let Some(mut claim) = window.claim() {
            drop(window);
            let filled = self.fill_guarded(&mut claim, &mut seat.context);
            window = self.window();
            window.complete(claim, filled);
        }
        window.seats.leave(seat);
        window.seats.consumer_pauses();
        window
    }

    /// The order of an epoch, from the idle threads' advance work where it fits.
    pub(crate) fn order_of(&self, epoch: u64) -> Arc<Vec<u32>> {
        let ahead = self
            .next_order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match ahead {
            Some((of, order)) if of == epoch => order,
            _ => Arc::new(self.order.epoch(epoch)),
        }
    }

    fn work_out_next_order(&self, epoch: u64) {
        // Whoever comes second finds the lock taken or the work done, and goes on.
        if let Ok(mut next) = self.next_order.try_lock()
            && next.as_ref().is_none_or(|(of, _)| *of != epoch)
        {
            *next = Some((epoch, Arc::new(self.order.epoch(epoch))));
        }
    }

    /// The life of a loader thread.
    pub(crate) fn run_thread(&self) {
        let mut window = self.window();
        while !window.shutdown {
            if let Some(seat) = window.seats.sit() {
                window = self.fill_pieces(window, seat);
            }
            window = match window.take_order_due() {
                Some(epoch) => {
                    drop(window);
                    self.work_out_next_order(epoch);
                    self.window()
                }
                None => self.park(window),
            };
        }
    }

    /// Fills pieces until there are none, or the consumer wants the seat.
    fn fill_pieces<'a>(
        &'a self,
        mut window: MutexGuard<'a, Window>,
        mut seat: Seat,
    ) -> MutexGuard<'a, Window> {
        while !window.seats.is_wanted()
            && let Some(mut claim) = window.claim()
        {
            drop(window);
            let begin = Instant::now();
            let filled = self.fill_guarded(&mut claim, &mut seat.context);
            let took = begin.elapsed();
            window = self.window();
            let ready = window.complete(claim, filled);
            self.tell_of_piece(&mut window, ready, took);
        }
        window.seats.leave(seat);
        window
    }

    /// Wakes whoever the return of a piece concerns.
    fn tell_of_piece(&self, window: &mut Window, ready: bool, took: Duration) {
        if window.seats.piece_done(took) {
            self.wake_threads(window);
        }
        let concerns_consumer = ready || !window.is_claimed() || window.seats.is_wanted();
        if window.consumer_waits && concerns_consumer {
            // Once is enough, until it waits again.
            window.consumer_waits = false;
            self.ready.notify_one();
        }
    }

    /// Sleeps until called.
    fn park<'a>(&'a self, mut window: MutexGuard<'a, Window>) -> MutexGuard<'a, Window> {
        window.seats.park();
        self.work
            .wait_while(window, |window| !window.shutdown && !window.seats.get_up())
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills a piece; a panic on the way becomes an error that the consumer sees, not a hang.
    fn fill_guarded(&self, claim: &mut Claim, context: &mut ThreadContext) -> Filled {
        catch_unwind(AssertUnwindSafe(|| self.fill(claim, context))).unwrap_or_else(|panic| {
            let text = panic
                .downcast_ref::<&str>()
                .map(ToString::to_string)
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Filled {
                places: 0,
                bad_samples: Vec::new(),
                error: Some(LoadError::Panicked(text)),
            }
        })
    }

    fn fill(&self, claim: &mut Claim, context: &mut ThreadContext) -> Filled {
        let indices = &claim.order[claim.range.clone()];
        let key = AugmentationKey {
            augmentation: self.augmentation,
            seed: self.seed,
            epoch: claim.epoch,
        };
        let rule = BadSampleRule {
            policy: self.policy,
            seed: self.seed,
            epoch: claim.epoch,
        };
        self.reader.hint(indices);
        let mut slot = claim.piece.slot(&self.pipeline, key);
        fill::fill(&*self.reader, indices, &mut slot, context, rule)
    }

    /// Begins an epoch at a batch, once no thread writes for the last one any more.
    pub(crate) fn begin(&self, plan: EpochPlan, first_batch: u32) {
        let mut window = self.window();
        window.end();
        while window.is_claimed() {
            window = self.wait_for_threads(window);
        }
        window.begin(plan, first_batch);
        self.wake_threads(&mut window);
    }

    /// Tells all threads to stop.
    pub(crate) fn shut_down(&self) {
        let mut window = self.window();
        window.shutdown = true;
        self.work.notify_all();
    }
}

#[cfg(test)]
#[path = "../tests/memory_store/mod.rs"]
mod memory_store;

#[cfg(test)]
mod tests {
    use super::{Shared, memory_store::MemoryStore};
    use crate::{
        seats::Seats,
        window::{EpochPlan, Window},
    };
    use ielade_codec::{PixelPipeline, ThreadContext};
    use ielade_core::{Element, Normalisation, Order, OrientationRule, OutputSpec};
    use std::sync::Arc;

    const COUNT: u32 = 100;

    /// A loader without threads: its seat is free.
    fn without_threads(pipeline: PixelPipeline) -> Shared {
        let contexts = vec![ThreadContext::new(&pipeline)];
        let window = Window::new(pipeline.output, 16, 3, Seats::new(contexts));
        let store = Arc::new(MemoryStore::of(COUNT));
        Shared::new(store, pipeline, Order::sequential(COUNT), 1, window)
    }

    #[test]
    fn a_consumer_that_helps_fills_what_a_thread_would_have_filled() {
        let output = OutputSpec {
            element: Element::U8,
            image: super::memory_store::IMAGE,
        };
        let pipeline =
            PixelPipeline::new(output, &Normalisation::identity(3), OrientationRule::Apply);
        let shared = without_threads(pipeline);
        let plan = EpochPlan {
            epoch: 0,
            order: shared.order_of(0),
            batch_size: 16,
            batches: COUNT.div_ceil(16),
            piece_size: 8,
        };
        shared.begin(plan, 0);
        let mut window = shared.window();
        let mut samples = Vec::new();
        while !window.is_over() {
            if let Some(ready) = window.take_ready() {
                let batch = ready.unwrap().batch;
                let images = batch.image_bytes().chunks(output.image_bytes());
                for (index, image) in batch.sample_indices().iter().zip(images) {
                    // The store's first value of a sample.
                    assert_eq!(image[0], (index * 31) as u8);
                }
                samples.extend_from_slice(batch.sample_indices());
                window.recycle(batch);
            } else {
                // Alone, it may not wait for threads: there is always something to do.
                assert!(window.has_work());
                window = shared.help_threads(window);
            }
        }
        assert_eq!(samples, (0..COUNT).collect::<Vec<_>>());
    }
}
