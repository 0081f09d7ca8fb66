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
    let mut warm = loader.epoch(0);
    while warm.next_batch().unwrap().is_some() {}
    drop(warm);
    let mut epoch = loader.epoch(1);
    for _ in 0..20 {
        epoch.next_batch().unwrap().unwrap();
    }
    let region = Region::new(COUNTING);
    // Well short of the end, where the next epoch's order is worked out.
    for _ in 0..200 {
        epoch.next_batch().unwrap().unwrap();
    }
    assert_eq!(region.change().allocations, 0);
}
