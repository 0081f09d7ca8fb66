//! Bounds on memory and time.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{
    alloc::System,
    sync::{PoisonError, RwLock},
    time::{Duration, Instant},
};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that one case may ask for, all allocations added up.
const MOST_BYTES: usize = 256 << 20;

/// Time that one case may take; generous, since other tests run beside it.
const MOST_TIME: Duration = Duration::from_secs(1);

/// Who reads counts; who writes is alone.
static ALONE: RwLock<()> = RwLock::new(());

/// Runs a case; where memory or time seem to be too much, once more with no other beside it.
pub(crate) fn within_bounds<T>(context: &str, case: impl Fn() -> T) -> T {
    let together = ALONE.read().unwrap_or_else(PoisonError::into_inner);
    let (result, bytes, time) = measured(&case);
    drop(together);
    if bytes <= MOST_BYTES && time <= MOST_TIME {
        return result;
    }
    let alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
    let (result, bytes, time) = measured(&case);
    drop(alone);
    assert!(bytes <= MOST_BYTES, "{context} asked for {bytes} bytes");
    assert!(time <= MOST_TIME, "{context} took {time:?}");
    result
}

fn measured<T>(case: impl Fn() -> T) -> (T, usize, Duration) {
    let region = Region::new(COUNTING);
    let start = Instant::now();
    let result = case();
    (result, region.change().bytes_allocated, start.elapsed())
}
