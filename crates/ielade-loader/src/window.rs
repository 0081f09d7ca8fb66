//! The ordered window: which batches are under way, which are ready, who may begin what.
//!
//! All of it lies behind one mutex that is held for a few dozen nanoseconds a piece; the work
//! itself is done outside.

use crate::{
    LoadError,
    piece::{Piece, SharedBatch},
    seats::Seats,
};
use ielade_core::{BadSample, Batch, OutputSpec};
use std::{collections::VecDeque, ops::Range, sync::Arc};

/// The smallest piece of a batch that is worth a thread's trip to the window.
const SMALLEST_PIECE: usize = 8;

/// The epoch that is being loaded.
#[derive(Debug, Clone)]
pub(crate) struct EpochPlan {
    pub(crate) epoch: u64,
    /// Store positions in the order of delivery.
    pub(crate) order: Arc<Vec<u32>>,
    pub(crate) batch_size: usize,
    /// Batches of the epoch.
    pub(crate) batches: u32,
    /// Places of each piece.
    pub(crate) piece_size: usize,
}

impl EpochPlan {
    /// A plan that cuts each batch into one piece a thread, but none too small.
    pub(crate) fn piece_size(batch_size: usize, threads: usize) -> usize {
        batch_size
            .div_ceil(threads)
            .max(SMALLEST_PIECE)
            .min(batch_size)
    }

    /// Positions within the order that make up a batch.
    fn batch_range(&self, batch: u32) -> Range<usize> {
        let start = batch as usize * self.batch_size;
        start..(start + self.batch_size).min(self.order.len())
    }
}

/// A piece of work: fill these places with these samples.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) piece: Piece,
    /// Number of the batch, and of the piece within it.
    pub(crate) batch: u32,
    pub(crate) number: usize,
    pub(crate) epoch: u64,
    pub(crate) order: Arc<Vec<u32>>,
    /// Positions within `order`.
    pub(crate) range: Range<usize>,
}

/// What became of a piece.
#[derive(Debug)]
pub(crate) struct Filled {
    /// Places filled, from the first on.
    pub(crate) places: usize,
    pub(crate) bad_samples: Vec<BadSample>,
    pub(crate) error: Option<LoadError>,
}

/// A batch between its first claim and its delivery.
#[derive(Debug)]
struct UnderWay {
    batch: SharedBatch,
    pieces: Vec<PieceState>,
    next_piece: usize,
    unfinished: usize,
}

#[derive(Debug)]
struct PieceState {
    places: Range<usize>,
    filled: Option<Filled>,
}

/// The state that the consumer and all threads share.
#[derive(Debug)]
pub(crate) struct Window {
    plan: Option<EpochPlan>,
    under_way: VecDeque<UnderWay>,
    /// Number of the batch at the front of `under_way`.
    next_out: u32,
    /// Batches that may be under way or ready at once.
    prefetch: usize,
    /// Pieces that threads hold.
    claimed: usize,
    /// Batches not in use, the most recently used last: its memory is the likeliest in the cache.
    pool: Vec<Batch>,
    /// Piece lists not in use.
    piece_lists: Vec<Vec<PieceState>>,
    output: OutputSpec,
    capacity: usize,
    created: usize,
    pub(crate) shutdown: bool,
    pub(crate) consumer_waits: bool,
    pub(crate) seats: Seats,
    /// The epoch whose order a thread should work out, once all of this one is claimed.
    order_due: Option<u64>,
}

impl Window {
    pub(crate) fn new(output: OutputSpec, capacity: usize, prefetch: usize, seats: Seats) -> Self {
        Self {
            plan: None,
            under_way: VecDeque::with_capacity(prefetch),
            next_out: 0,
            prefetch,
            claimed: 0,
            pool: Vec::with_capacity(prefetch + 1),
            piece_lists: Vec::with_capacity(prefetch),
            output,
            capacity,
            created: 0,
            shutdown: false,
            consumer_waits: false,
            seats,
            order_due: None,
        }
    }

    /// Batches that were ever allocated.
    pub(crate) const fn created(&self) -> usize {
        self.created
    }

    /// True while threads still write into batches of an epoch.
    pub(crate) const fn is_claimed(&self) -> bool {
        self.claimed > 0
    }

    /// Begins an epoch at a batch. No piece may be claimed.
    pub(crate) fn begin(&mut self, plan: EpochPlan, first_batch: u32) {
        assert!(
            !self.is_claimed(),
            "an epoch begins only when the last is over"
        );
        while let Some(left) = self.under_way.pop_front() {
            self.retire(left.pieces);
            self.pool.push(left.batch.into_batch());
        }
        self.next_out = first_batch;
        self.plan = Some(plan);
        self.order_due = None;
        self.seats.part();
    }

    /// Ends the epoch: nothing more is claimed.
    pub(crate) fn end(&mut self) {
        self.plan = None;
    }

    /// True where there is a piece to claim.
    pub(crate) fn has_work(&self) -> bool {
        self.has_unclaimed_piece() || self.next_to_open().is_some()
    }

    fn has_unclaimed_piece(&self) -> bool {
        self.plan.is_some()
            && self
                .under_way
                .back()
                .is_some_and(|batch| batch.next_piece < batch.pieces.len())
    }

    /// The next batch of the epoch, if there is one and the window has room.
    fn next_to_open(&self) -> Option<u32> {
        let plan = self.plan.as_ref()?;
        let number = self.next_out + self.under_way.len() as u32;
        (number < plan.batches && self.under_way.len() < self.prefetch).then_some(number)
    }

    /// The next piece of work, if the window has room for it.
    pub(crate) fn claim(&mut self) -> Option<Claim> {
        if !self.has_unclaimed_piece() {
            self.open_batch()?;
        }
        let plan = self.plan.as_ref()?;
        let place_in_window = self.under_way.len() - 1;
        let batch = self.next_out + place_in_window as u32;
        let under_way = self.under_way.back_mut()?;
        let number = under_way.next_piece;
        let places = under_way.pieces[number].places.clone();
        let start = plan.batch_range(batch).start;
        under_way.next_piece += 1;
        if batch + 1 == plan.batches && under_way.next_piece == under_way.pieces.len() {
            self.order_due = Some(plan.epoch + 1);
        }
        self.claimed += 1;
        let piece = under_way.batch.claim(places.len());
        Some(Claim {
            piece,
            batch,
            number,
            epoch: plan.epoch,
            order: Arc::clone(&plan.order),
            range: start + places.start..start + places.end,
        })
    }

    /// The epoch whose order should be worked out now; said once.
    pub(crate) const fn take_order_due(&mut self) -> Option<u64> {
        self.order_due.take()
    }

    /// Opens the next batch of the epoch, if there is one and the window has room.
    fn open_batch(&mut self) -> Option<()> {
        let number = self.next_to_open()?;
        let plan = self.plan.as_ref()?;
        let len = plan.batch_range(number).len();
        let mut pieces = self.piece_lists.pop().unwrap_or_default();
        pieces.extend((0..len).step_by(plan.piece_size).map(|start| PieceState {
            places: start..(start + plan.piece_size).min(len),
            filled: None,
        }));
        let epoch = plan.epoch;
        let mut batch = self.pool.pop().unwrap_or_else(|| {
            self.created += 1;
            Batch::with_capacity(self.output, self.capacity)
        });
        batch.epoch = epoch;
        batch.index = number;
        batch.len = len;
        self.under_way.push_back(UnderWay {
            batch: SharedBatch::new(batch),
            unfinished: pieces.len(),
            next_piece: 0,
            pieces,
        });
        Some(())
    }

    /// Takes a piece back; true where this makes the next batch in order ready.
    pub(crate) fn complete(&mut self, claim: Claim, filled: Filled) -> bool {
        self.claimed -= 1;
        // A batch leaves the window only when all its pieces are back, so it is always there.
        let Some(place) = claim.batch.checked_sub(self.next_out) else {
            return false;
        };
        let Some(under_way) = self.under_way.get_mut(place as usize) else {
            return false;
        };
        under_way.batch.give_back(claim.piece);
        under_way.pieces[claim.number].filled = Some(filled);
        under_way.unfinished -= 1;
        place == 0 && under_way.unfinished == 0
    }

    /// The next batch in order, if it is ready.
    pub(crate) fn take_ready(&mut self) -> Option<Result<Ready, LoadError>> {
        if self.plan.is_none() || self.under_way.front()?.unfinished > 0 {
            return None;
        }
        let mut front = self.under_way.pop_front()?;
        self.next_out += 1;
        let mut batch = front.batch.into_batch();
        let mut bad_samples = Vec::new();
        let mut len = 0;
        let mut error = None;
        for piece in &mut front.pieces {
            let Some(filled) = piece.filled.take() else {
                continue;
            };
            close_gap(&mut batch, piece.places.start, len, filled.places);
            len += filled.places;
            bad_samples.extend(filled.bad_samples);
            error = error.or(filled.error);
        }
        batch.len = len;
        self.retire(front.pieces);
        if let Some(error) = error {
            self.pool.push(batch);
            return Some(Err(error));
        }
        Some(Ok(Ready { batch, bad_samples }))
    }

    fn retire(&mut self, mut pieces: Vec<PieceState>) {
        pieces.clear();
        self.piece_lists.push(pieces);
    }

    /// True where the epoch has no further batch.
    pub(crate) fn is_over(&self) -> bool {
        self.plan
            .as_ref()
            .is_none_or(|plan| self.next_out >= plan.batches)
    }

    /// Takes a batch's memory back.
    pub(crate) fn recycle(&mut self, batch: Batch) {
        self.pool.push(batch);
    }
}

/// A batch on its way to the consumer.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) batch: Batch,
    pub(crate) bad_samples: Vec<BadSample>,
}

/// Moves `count` images from place `from` to place `to`, where skipped samples left a gap.
fn close_gap(batch: &mut Batch, from: usize, to: usize, count: usize) {
    if from == to {
        return;
    }
    let bytes = batch.output.image_bytes();
    batch
        .images
        .as_bytes_mut()
        .copy_within(from * bytes..(from + count) * bytes, to * bytes);
    batch.labels.copy_within(from..from + count, to);
    batch.sample_indices.copy_within(from..from + count, to);
}
