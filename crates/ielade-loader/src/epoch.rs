//! One epoch under way, seen by the consumer.

use crate::{LoadError, worker_thread::Shared};
use ielade_core::{BadSample, Batch, BatchSource};
use std::time::Instant;

/// The batches of one epoch, in order.
///
/// Dropping it in the middle is fine: the threads finish what they are at, and the next epoch
/// begins clean.
pub struct Epoch<'a> {
    shared: &'a Shared,
    current: Option<Batch>,
    bad_samples: Vec<BadSample>,
    /// When the consumer got the current batch.
    delivered: Instant,
}

impl<'a> Epoch<'a> {
    pub(crate) fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            current: None,
            bad_samples: Vec::new(),
            delivered: Instant::now(),
        }
    }

    /// Samples of the batches so far that could not be delivered, in order.
    pub fn bad_samples(&self) -> &[BadSample] {
        &self.bad_samples
    }

    /// Gives the current batch back and waits for the next one that is not empty.
    fn take_next(&mut self) -> Result<Option<Batch>, LoadError> {
        let away = self.delivered.elapsed();
        let mut window = self.shared.window();
        if let Some(done) = self.current.take() {
            window.recycle(done);
        }
        let helps = window.seats.consumer_asks(away);
        loop {
            match window.take_ready() {
                Some(Ok(ready)) => {
                    self.bad_samples.extend(ready.bad_samples);
                    self.shared.wake_threads(&mut window);
                    if ready.batch.len > 0 {
                        window.seats.consumer_pauses();
                        return Ok(Some(ready.batch));
                    }
                    window.recycle(ready.batch);
                }
                Some(Err(error)) => {
                    window.end();
                    return Err(error);
                }
                None if window.is_over() => return Ok(None),
                None if helps => window = self.shared.help_threads(window),
                None => {
                    // One may still sleep from when the consumer filled in its place.
                    self.shared.wake_threads(&mut window);
                    window = self.shared.wait_for_threads(window);
                }
            }
        }
    }
}

impl BatchSource for Epoch<'_> {
    type Error = LoadError;

    fn next_batch(&mut self) -> Result<Option<&Batch>, LoadError> {
        self.current = self.take_next()?;
        self.delivered = Instant::now();
        Ok(self.current.as_ref())
    }
}

impl Drop for Epoch<'_> {
    fn drop(&mut self) {
        let mut window = self.shared.window();
        window.end();
        if let Some(batch) = self.current.take() {
            window.recycle(batch);
        }
    }
}

impl std::fmt::Debug for Epoch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Epoch")
            .field("current", &self.current.as_ref().map(|batch| batch.index))
            .field("bad_samples", &self.bad_samples)
            .finish_non_exhaustive()
    }
}
