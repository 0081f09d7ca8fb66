//! What the loader promises about its batches.

mod memory_store;

use ielade_core::{
    Augmentation, BadSample, BadSamplePolicy, BatchSource, Element, Shuffle,
    worker_protocol::{LastBatch, LoaderSettings},
};
use ielade_loader::{LoadError, Loader};
use memory_store::MemoryStore;
use proptest::prelude::*;
use std::sync::Arc;

/// Everything a batch delivers.
type Delivered = (u32, Vec<u32>, Vec<i64>, Vec<u8>);

fn settings(threads: u32) -> LoaderSettings {
    LoaderSettings {
        batch_size: 16,
        threads,
        ..LoaderSettings::default()
    }
}

fn open(store: MemoryStore, settings: &LoaderSettings) -> Loader {
    Loader::open(Arc::new(store), settings, 7).unwrap()
}

fn take_all(loader: &mut Loader, epoch: u64, first: u32) -> (Vec<Delivered>, Vec<BadSample>) {
    let mut batches = Vec::new();
    let mut under_way = loader.epoch_from(epoch, first);
    while let Some(batch) = under_way.next_batch().unwrap() {
        batches.push((
            batch.index,
            batch.sample_indices().to_vec(),
            batch.labels().to_vec(),
            batch.image_bytes().to_vec(),
        ));
    }
    let bad = under_way.bad_samples().to_vec();
    (batches, bad)
}

fn samples(batches: &[Delivered]) -> Vec<u32> {
    batches.iter().flat_map(|batch| batch.1.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn one_thread_and_many_deliver_the_same_bytes(
        count in 1_u32..300,
        batch_size in 1_u32..70,
        threads in 2_u32..6,
        prefetch in 1_u32..6,
        epoch in 0_u64..3,
        policy in prop::sample::select(vec![BadSamplePolicy::Skip, BadSamplePolicy::Replace]),
        bad in prop::collection::vec(0_u32..300, 0..5),
    ) {
        let load = |threads, prefetch| {
            let mut store = MemoryStore::of(count);
            store.bad.clone_from(&bad);
            // With too few sound samples there is nothing to replace by.
            if bad.len() as u32 * 4 > count {
                store.bad.clear();
            }
            let settings = LoaderSettings {
                batch_size,
                threads,
                prefetch,
                on_bad_sample: policy,
                augmentation: Augmentation { crop_padding: 2, horizontal_flip: true },
                ..LoaderSettings::default()
            };
            take_all(&mut open(store, &settings), epoch, 0)
        };
        prop_assert_eq!(load(1, 1), load(threads, prefetch));
    }
}

#[test]
fn an_epoch_delivers_every_sample_once_with_its_label_and_pixels() {
    let mut loader = open(
        MemoryStore::of(100),
        &LoaderSettings {
            element: Element::U8,
            ..settings(3)
        },
    );
    let (batches, _) = take_all(&mut loader, 0, 0);
    let mut seen = samples(&batches);
    for (_, indices, labels, images) in &batches {
        for (place, (index, label)) in indices.iter().zip(labels).enumerate() {
            assert_eq!(*label, i64::from(index % 10));
            // Planar: the first value of an image is red of its first pixel.
            assert_eq!(images[place * 48], (index * 31) as u8);
        }
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..100));
}

#[test]
fn epochs_differ_in_order_and_the_same_epoch_does_not() {
    let mut loader = open(MemoryStore::of(100), &settings(2));
    let first = take_all(&mut loader, 0, 0);
    let second = take_all(&mut loader, 1, 0);
    assert_ne!(samples(&first.0), samples(&second.0));
    assert_eq!(first, take_all(&mut loader, 0, 0));
}

#[test]
fn without_shuffling_samples_come_as_stored() {
    let mut loader = open(
        MemoryStore::of(50),
        &LoaderSettings {
            shuffle: Shuffle::None,
            ..settings(4)
        },
    );
    let (batches, _) = take_all(&mut loader, 5, 0);
    assert!(samples(&batches).into_iter().eq(0..50));
}

#[test]
fn a_last_batch_that_is_not_full_is_kept_or_dropped() {
    let lengths = |last_batch| {
        let mut loader = open(
            MemoryStore::of(40),
            &LoaderSettings {
                last_batch,
                ..settings(2)
            },
        );
        let (batches, _) = take_all(&mut loader, 0, 0);
        let announced = loader.batches_per_epoch();
        assert_eq!(batches.len(), announced as usize);
        batches
            .iter()
            .map(|batch| batch.1.len())
            .collect::<Vec<_>>()
    };
    assert_eq!(lengths(LastBatch::Keep), [16, 16, 8]);
    assert_eq!(lengths(LastBatch::Drop), [16, 16]);
}

#[test]
fn an_epoch_goes_on_from_any_batch_as_if_it_had_never_stopped() {
    let whole = take_all(&mut open(MemoryStore::of(200), &settings(1)), 2, 0).0;
    for first in [0, 1, 5, 12, 13] {
        let mut loader = open(MemoryStore::of(200), &settings(3));
        let rest = take_all(&mut loader, 2, first).0;
        assert_eq!(rest, whole[(first as usize).min(whole.len())..]);
    }
}

#[test]
fn an_epoch_left_in_the_middle_leaves_no_trace_in_the_next() {
    let expected = take_all(&mut open(MemoryStore::of(300), &settings(1)), 1, 0);
    let mut loader = open(MemoryStore::of(300), &settings(4));
    for _ in 0..20 {
        let mut left = loader.epoch(0);
        left.next_batch().unwrap();
        drop(left);
    }
    assert_eq!(take_all(&mut loader, 1, 0), expected);
}

#[test]
fn memory_is_bounded_by_the_prefetch() {
    let mut loader = open(
        MemoryStore::of(1000),
        &LoaderSettings {
            prefetch: 3,
            ..settings(4)
        },
    );
    for epoch in 0..3 {
        take_all(&mut loader, epoch, 0);
    }
    assert!(loader.allocated_batches() <= 4);
}

#[test]
fn a_bad_sample_ends_the_epoch_by_name() {
    let mut store = MemoryStore::of(100);
    store.bad.push(42);
    let mut loader = open(store, &settings(3));
    let mut epoch = loader.epoch(0);
    let error = loop {
        match epoch.next_batch() {
            Ok(Some(batch)) => assert!(!batch.sample_indices().contains(&42)),
            Ok(None) => panic!("the epoch ended well"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, LoadError::BadSample { index: 42, .. }));
    assert!(error.to_string().contains("sample 42"), "{error}");
    assert!(epoch.next_batch().unwrap().is_none());
}

#[test]
fn a_skipped_sample_is_recorded_and_leaves_no_gap() {
    let mut store = MemoryStore::of(64);
    store.bad = vec![3, 50];
    let mut loader = open(
        store,
        &LoaderSettings {
            on_bad_sample: BadSamplePolicy::Skip,
            ..settings(2)
        },
    );
    let (batches, bad) = take_all(&mut loader, 0, 0);
    let mut seen = samples(&batches);
    assert_eq!(seen.len(), 62);
    seen.sort_unstable();
    assert!(
        seen.into_iter()
            .eq((0..64).filter(|index| ![3, 50].contains(index)))
    );
    let mut named: Vec<&str> = bad.iter().map(|bad| bad.key.as_str()).collect();
    named.sort_unstable();
    assert_eq!(named, ["sample 3", "sample 50"]);
    assert!(bad[0].reason.contains("empty"), "{}", bad[0].reason);
}

#[test]
fn a_batch_of_which_nothing_is_left_is_not_delivered() {
    let mut store = MemoryStore::of(3);
    store.bad = vec![1];
    let mut loader = open(
        store,
        &LoaderSettings {
            batch_size: 1,
            on_bad_sample: BadSamplePolicy::Skip,
            ..settings(2)
        },
    );
    assert_eq!(take_all(&mut loader, 0, 0).0.len(), 2);
}

#[test]
fn a_replaced_sample_is_recorded_with_its_replacement() {
    let mut store = MemoryStore::of(64);
    store.bad = vec![3];
    let mut loader = open(
        store,
        &LoaderSettings {
            on_bad_sample: BadSamplePolicy::Replace,
            ..settings(2)
        },
    );
    let (batches, bad) = take_all(&mut loader, 0, 0);
    let seen = samples(&batches);
    let replacement = bad[0].replaced_by.unwrap();
    assert_eq!(seen.len(), 64);
    assert_eq!(
        seen.iter().filter(|index| **index == replacement).count(),
        2
    );
}

#[test]
fn where_nothing_can_replace_a_bad_sample_the_epoch_ends() {
    let mut store = MemoryStore::of(4);
    store.bad = vec![0, 1, 2, 3];
    let mut loader = open(
        store,
        &LoaderSettings {
            on_bad_sample: BadSamplePolicy::Replace,
            ..settings(2)
        },
    );
    let error = loader.epoch(0).next_batch().unwrap_err();
    assert!(matches!(error, LoadError::NoReplacement { .. }), "{error}");
}

#[test]
fn a_panic_in_a_layout_becomes_an_error_and_not_a_hang() {
    let mut store = MemoryStore::of(100);
    store.panics_at = Some(0);
    let mut loader = open(store, &settings(2));
    let mut epoch = loader.epoch(0);
    let error = loop {
        match epoch.next_batch() {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the epoch ended well"),
            Err(error) => break error,
        }
    };
    assert!(error.to_string().contains("told to panic"), "{error}");
    drop(epoch);
    // The threads live on.
    assert!(loader.epoch_from(0, 6).next_batch().is_ok());
}

#[test]
fn dropping_the_loader_ends_its_threads() {
    let store: Arc<dyn ielade_layout::LayoutReader> = Arc::new(MemoryStore::of(500));
    let mut loader = Loader::open(Arc::clone(&store), &settings(4), 1).unwrap();
    loader.epoch(0).next_batch().unwrap();
    drop(loader);
    assert_eq!(Arc::strong_count(&store), 1);
}

#[test]
fn settings_that_do_not_fit_the_store_are_refused_with_a_hint() {
    let refused = |change: fn(&mut MemoryStore), settings: LoaderSettings| {
        let mut store = MemoryStore::of(10);
        change(&mut store);
        Loader::open(Arc::new(store), &settings, 0)
            .unwrap_err()
            .to_string()
    };
    let varies = refused(
        |store| store.manifest.shape = ielade_core::ImageShape::Varies,
        settings(1),
    );
    assert!(varies.contains("--resize 224x224"), "{varies}");
    let floats = refused(
        |store| store.manifest.layout.encoding = ielade_core::Encoding::Raw(Element::F32),
        LoaderSettings {
            element: Element::U8,
            ..settings(1)
        },
    );
    assert!(floats.contains("deliver as f32 or f16"), "{floats}");
    let nothing = refused(|store| store.manifest.count = 0, settings(1));
    assert!(nothing.contains("no samples"), "{nothing}");
    let no_batch = refused(
        |_| (),
        LoaderSettings {
            batch_size: 0,
            ..settings(1)
        },
    );
    assert!(no_batch.contains("at least 1"), "{no_batch}");
}
