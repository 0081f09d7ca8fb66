//! Seats: who may fill pieces right now.
//!
//! There are as many seats as loader threads, each with the memory that filling needs; whoever
//! fills holds one. A consumer that asks again at once would only sleep until a thread wakes it,
//! and with short pieces sleeping and waking cost more than helping. Such a consumer joins: it
//! fills on the seat of one thread, which sleeps in its place. A consumer that computes between
//! batches does not join, and one that joined and stops asking is missed by the threads, who take
//! the seat back.

use ielade_codec::ThreadContext;
use std::time::Duration;

/// The longest piece that a consumer helps with. Longer ones would delay the batch that it waits
/// for, and waking it costs next to nothing beside them.
const LONGEST_HELP: Duration = Duration::from_micros(250);

/// The right to fill one piece after another, and the memory for it.
pub(crate) struct Seat {
    // Boxed, as seats change hands.
    pub(crate) context: Box<ThreadContext>,
}

/// The seats of one loader.
pub(crate) struct Seats {
    /// Threads, and seats too.
    threads: usize,
    /// The one used last comes first: its memory is the likeliest in the cache.
    free: Vec<Seat>,
    /// Threads that sleep and were not called.
    parked: usize,
    /// Threads that were called and have not got up yet.
    called: usize,
    /// How long pieces take of late; unknown before the first.
    piece_time: Option<Duration>,
    consumer: Consumer,
}

/// What the consumer has to do with the seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consumer {
    /// Nothing: it takes batches.
    Apart,
    /// It joined, and waits for a seat.
    WaitsForSeat,
    /// It fills a piece.
    Fills,
    /// It joined, and has a batch to itself; so many pieces came back since it was last seen.
    Away { pieces: usize },
}

impl Seat {
    fn new(context: ThreadContext) -> Self {
        Self {
            context: Box::new(context),
        }
    }
}

impl Seats {
    pub(crate) fn new(contexts: Vec<ThreadContext>) -> Self {
        Self {
            threads: contexts.len(),
            free: contexts.into_iter().map(Seat::new).collect(),
            parked: 0,
            called: 0,
            piece_time: None,
            consumer: Consumer::Apart,
        }
    }

    /// A free seat.
    pub(crate) fn sit(&mut self) -> Option<Seat> {
        self.free.pop()
    }

    /// Gives a seat back.
    pub(crate) fn leave(&mut self, seat: Seat) {
        self.free.push(seat);
    }

    /// True where a thread should leave its seat to the consumer.
    pub(crate) fn is_wanted(&self) -> bool {
        self.consumer == Consumer::WaitsForSeat && self.free.is_empty()
    }

    /// A thread goes to sleep.
    pub(crate) const fn park(&mut self) {
        self.parked += 1;
    }

    /// True where a sleeping thread may get up; once for each call.
    pub(crate) const fn get_up(&mut self) -> bool {
        let is_called = self.called > 0;
        self.called -= is_called as usize;
        is_called
    }

    /// Calls the sleeping threads that there are seats for; how many are to be woken.
    pub(crate) fn call_threads(&mut self) -> usize {
        let kept = usize::from(self.consumer != Consumer::Apart);
        let count = self.parked.saturating_sub(kept);
        self.parked -= count;
        self.called += count;
        count
    }

    /// A thread's piece came back after so long. True where the consumer had joined and was not
    /// seen while each thread filled a piece: there is a seat for one more thread.
    pub(crate) fn piece_done(&mut self, after: Duration) -> bool {
        // A thread that the system interrupted brings back one long piece; only several of them
        // mean that pieces have become long.
        self.piece_time = Some(match self.piece_time {
            Some(before) => after.min(before + before / 8),
            None => after,
        });
        let Consumer::Away { pieces } = &mut self.consumer else {
            return false;
        };
        *pieces += 1;
        let is_missed = *pieces > self.threads - self.parked;
        if is_missed {
            self.consumer = Consumer::Apart;
        }
        is_missed
    }

    /// The consumer asks for a batch, so long after it got the last. True where it should help:
    /// it was away for less time than a piece takes.
    pub(crate) fn consumer_asks(&mut self, after: Duration) -> bool {
        let helps = self.threads > 1
            && self
                .piece_time
                .is_some_and(|piece| piece <= LONGEST_HELP && after <= piece);
        self.consumer = match self.consumer {
            Consumer::Apart => Consumer::Apart,
            _ if helps => Consumer::Away { pieces: 0 },
            _ => Consumer::Apart,
        };
        helps
    }

    /// The consumer joins; the seat that it gets, or it waits for one.
    pub(crate) fn join(&mut self) -> Option<Seat> {
        let seat = self.free.pop();
        self.consumer = match seat {
            Some(_) => Consumer::Fills,
            None => Consumer::WaitsForSeat,
        };
        seat
    }

    /// The consumer has its batch, or has filled a piece.
    pub(crate) fn consumer_pauses(&mut self) {
        if self.consumer != Consumer::Apart {
            self.consumer = Consumer::Away { pieces: 0 };
        }
    }

    /// The consumer no longer belongs to those who fill.
    pub(crate) const fn part(&mut self) {
        self.consumer = Consumer::Apart;
    }
}

impl std::fmt::Debug for Seats {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seats")
            .field("threads", &self.threads)
            .field("free", &self.free.len())
            .field("parked", &self.parked)
            .field("called", &self.called)
            .field("consumer", &self.consumer)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_HELP, Seat, Seats};
    use ielade_codec::ThreadContext;
    use std::time::Duration;

    const PIECE: Duration = Duration::from_micros(40);
    const AT_ONCE: Duration = Duration::from_micros(1);

    fn seats(threads: usize) -> Seats {
        let contexts = (0..threads).map(|_| ThreadContext::default()).collect();
        Seats::new(contexts)
    }

    /// Two threads that fill, and how long a piece took.
    fn at_work(piece: Duration) -> (Seats, Vec<Seat>) {
        let mut seats = seats(2);
        let taken = vec![seats.sit().unwrap(), seats.sit().unwrap()];
        seats.piece_done(piece);
        (seats, taken)
    }

    #[test]
    fn there_are_as_many_seats_as_threads() {
        let mut seats = seats(2);
        let (_one, _two) = (seats.sit().unwrap(), seats.sit().unwrap());
        assert!(seats.sit().is_none());
    }

    #[test]
    fn a_consumer_that_asks_again_at_once_gets_the_seat_of_a_thread() {
        let (mut seats, mut taken) = at_work(PIECE);
        assert!(seats.consumer_asks(AT_ONCE));
        assert!(seats.join().is_none());
        assert!(seats.is_wanted());
        seats.leave(taken.pop().unwrap());
        seats.park();
        assert!(seats.join().is_some());
        assert!(!seats.is_wanted());
        assert_eq!(seats.call_threads(), 0, "the thread sleeps in its place");
    }

    #[test]
    fn a_consumer_that_computes_longer_than_a_piece_takes_does_not_help() {
        let (mut seats, _taken) = at_work(PIECE);
        assert!(!seats.consumer_asks(PIECE * 2));
    }

    #[test]
    fn nobody_helps_with_long_pieces_or_before_one_was_measured() {
        let (mut long, _taken) = at_work(LONGEST_HELP * 2);
        assert!(!long.consumer_asks(AT_ONCE));
        assert!(!seats(2).consumer_asks(AT_ONCE));
    }

    #[test]
    fn the_only_thread_keeps_its_seat() {
        let mut seats = seats(1);
        let _taken = seats.sit().unwrap();
        seats.piece_done(PIECE);
        assert!(!seats.consumer_asks(AT_ONCE));
    }

    #[test]
    fn a_consumer_that_stays_away_is_missed_and_its_thread_is_called() {
        let (mut seats, mut taken) = at_work(PIECE);
        seats.consumer_asks(AT_ONCE);
        seats.leave(taken.pop().unwrap());
        seats.park();
        let seat = seats.join().unwrap();
        assert!(!seats.piece_done(PIECE), "nobody is missed while it fills");
        seats.leave(seat);
        seats.consumer_pauses();
        assert!(!seats.piece_done(PIECE), "a piece may have begun before");
        assert!(seats.piece_done(PIECE));
        assert_eq!(seats.call_threads(), 1);
        assert!(seats.get_up());
        assert!(!seats.get_up(), "one call, one thread");
    }

    #[test]
    fn a_consumer_that_turns_slow_leaves_its_seat_to_the_threads() {
        let (mut seats, mut taken) = at_work(PIECE);
        seats.consumer_asks(AT_ONCE);
        seats.leave(taken.pop().unwrap());
        seats.park();
        let seat = seats.join().unwrap();
        seats.leave(seat);
        seats.consumer_pauses();
        assert!(!seats.consumer_asks(PIECE * 2));
        assert_eq!(seats.call_threads(), 1);
    }
}
