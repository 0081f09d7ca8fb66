//! Once warm, the loader allocates nothing for a batch. Counted for the whole process, so this
//! test has its own program and nothing beside it.

mod memory_store;

use ielade_core::{Augmentation, BatchSource, worker_protocol::LoaderSettings};
use ielade_loader::Loader;
use memory_store::MemoryStore;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{alloc::System, sync::Arc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_warm_loader_allocates_nothing_for_a_batch() {
    let settings = LoaderSettings {
        batch_size: 16,
        threads: 2,
        augmentation: Augmentation {
            crop_padding: 1,
            horizontal_flip: true,
        },
        ..LoaderSettings::default()
    };
    let mut loader = Loader::open(Arc::new(MemoryStore::of(4000)), &settings, 1).unwrap();
    // Which batch or which thread's memory is used for the first time when, the scheduler decides;
    // there are few of them, so that of several stretches one must be free of it.
    let fewest = (0..10).map(|epoch| allocations(&mut loader, epoch)).min();
    assert_eq!(fewest, Some(0));
}

/// What 200 batches allocate, well short of the epoch's end, where the next order is worked out.
fn allocations(loader: &mut Loader, number: u64) -> usize {
    let mut epoch = loader.epoch(number);
    for _ in 0..20 {
        epoch.next_batch().unwrap().unwrap();
    }
    let region = Region::new(COUNTING);
    for _ in 0..200 {
        epoch.next_batch().unwrap().unwrap();
    }
    let change = region.change();
    while epoch.next_batch().unwrap().is_some() {}
    change.allocations + change.reallocations
}
