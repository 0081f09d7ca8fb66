//! States of the page cache on real stores, and batches without a store.

use ielade_core::{
    Element, Encoding, ForeignNames, LayoutId, Normalisation, Split,
    training::{ModelName, TrainingSettings},
    worker_protocol::{
        BatchOrigin, CacheState, Consumer, Done, EpochReport, Event, Job, LoaderSettings,
        PROTOCOL_VERSION, Ready,
    },
};
use ielade_dataset::{DataSet, DemoOptions};
use ielade_layout::{DataSetSplit, PrepareRequest, prepare, registry};
use ielade_worker::{Observer, WorkerError, run_job};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

/// Images of the stores: enough that what opening reads is a small share of any of them.
const IMAGES: u32 = 1500;

/// All that a job said.
#[derive(Default)]
struct Heard {
    ready: Option<Ready>,
    epochs: Vec<EpochReport>,
    done: Option<Done>,
}

impl Observer for Heard {
    fn event(&mut self, event: Event) -> Result<(), WorkerError> {
        match event {
            Event::Ready(ready) => self.ready = Some(ready),
            Event::Epoch(epoch) => self.epochs.push(epoch),
            Event::Done(done) => self.done = Some(done),
            Event::Failed(_) => {}
        }
        Ok(())
    }
}

fn job(store: &Path, cache: CacheState) -> Job {
    Job {
        protocol: PROTOCOL_VERSION,
        train_store: store.to_owned(),
        test_store: None,
        names: ForeignNames::default(),
        loader: LoaderSettings {
            threads: 2,
            ..LoaderSettings::default()
        },
        consumer: Consumer::None,
        epochs: 3,
        seed: 1,
        cache,
        batches: BatchOrigin::Store,
        memory_limit: None,
        save_weights: None,
    }
}

fn run(job: &Job) -> Heard {
    let mut heard = Heard::default();
    run_job(job, &mut heard).unwrap();
    heard
}

/// Writes the demo set in a layout.
fn store(folder: &Path, layout: &LayoutId) -> PathBuf {
    let data_set = DataSet::demo(DemoOptions {
        train: IMAGES,
        test: 1,
        seed: 3,
    });
    let split = DataSetSplit::of(&data_set, Split::Train).unwrap();
    let stop = AtomicBool::new(false);
    let path = folder.join(layout.directory_name());
    let request = PrepareRequest::new(layout.clone(), path.clone(), Normalisation::identity(3));
    prepare(&request, &split, &mut |_| {}, &stop).unwrap();
    path
}

/// One layout of each container: that of u8 arrays, or its first.
fn one_of_each_container() -> impl Iterator<Item = LayoutId> {
    let mut chosen = BTreeMap::new();
    for layout in registry::layouts() {
        let is_u8 = layout.encoding == Encoding::Raw(Element::U8);
        let container = layout.container.clone();
        if is_u8 || !chosen.contains_key(&container) {
            chosen.insert(container, layout);
        }
    }
    chosen.into_values()
}

/// True on a file system in memory, where nothing can be dropped.
fn is_in_memory(folder: &Path) -> bool {
    /// `TMPFS_MAGIC` of `linux/magic.h`.
    const TMPFS: i64 = 0x0102_1994;
    rustix::fs::statfs(folder).unwrap().f_type as i64 == TMPFS
}

#[test]
fn cold_epochs_of_every_container_begin_cold_and_leave_the_store_in_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    if is_in_memory(folder.path()) {
        eprintln!("skipped: the temporary folder is in memory, where nothing can be dropped");
        return;
    }
    let mut objections = Vec::new();
    for layout in one_of_each_container() {
        let store = store(folder.path(), &layout);
        objections.extend(objection(&layout, &job(&store, CacheState::Cold)));
        // As much memory again is not needed for the next ones.
        std::fs::remove_dir_all(&store).unwrap();
    }
    assert!(objections.is_empty(), "{objections:#?}");
}

/// What is wrong with a cold run.
fn objection(layout: &LayoutId, job: &Job) -> Option<String> {
    let cold = run(job);
    let opening = (0, cold.ready?.residency.unwrap());
    let epochs = cold.epochs.iter();
    let before = epochs.map(|one| (one.epoch, one.residency_before.unwrap()));
    let proofs: Vec<(u32, f64)> = std::iter::once(opening).chain(before).collect();
    let after: Vec<f64> = cold.epochs.iter().filter_map(|one| one.residency).collect();
    let seen = format!("{layout}: before {proofs:?}, after {after:?}");
    println!("{seen}");
    let is_cold = proofs
        .iter()
        .all(|(epoch, share)| job.cache.is_established(*epoch, *share));
    let is_read = after.len() == 3 && after.iter().all(|share| *share > 0.9);
    let is_timed = cold.epochs.iter().all(|one| one.cache_seconds > 0.0);
    let warm = Job {
        cache: CacheState::Warm,
        ..job.clone()
    };
    let is_same = cold.done?.order_digest == run(&warm).done?.order_digest;
    (!(is_cold && is_read && is_timed && is_same)).then_some(seen)
}

#[test]
fn a_cold_start_is_cold_once_and_a_warm_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &"files/png".parse().unwrap());
    let warm = run(&job(&store, CacheState::Warm));
    assert!(CacheState::Warm.is_established(0, warm.ready.unwrap().residency.unwrap()));
    assert!(
        warm.epochs
            .iter()
            .all(|epoch| epoch.residency_before.unwrap() > 0.99)
    );
    if is_in_memory(folder.path()) {
        return;
    }
    let first = run(&job(&store, CacheState::ColdFirst));
    assert!(first.ready.unwrap().residency.unwrap() <= 0.01);
    assert!(first.epochs[0].residency_before.unwrap() <= 0.01);
    assert!(first.epochs[1].residency_before.unwrap() > 0.9);
    assert!(first.epochs[1].cache_seconds == 0.0);
}

#[test]
fn every_step_is_in_the_histograms_and_buffers_are_allocated_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &"npy/u8".parse().unwrap());
    let heard = run(&Job {
        consumer: Consumer::fixed_step(1.0),
        ..job(&store, CacheState::Warm)
    });
    for epoch in &heard.epochs {
        let (wait, step) = (epoch.wait.as_ref().unwrap(), epoch.step.as_ref().unwrap());
        assert_eq!((wait.count(), step.count()), (epoch.steps, epoch.steps));
        assert!(
            step.quantile(0.01).unwrap() >= 0.00097,
            "{:?}",
            step.quantile(0.01)
        );
        assert!(wait.max().unwrap() <= epoch.seconds);
    }
    assert!(heard.epochs[0].buffer_allocations.unwrap() > 0);
    assert_eq!(heard.epochs[2].buffer_allocations, Some(0));
}

#[test]
fn batches_from_memory_give_a_model_as_many_steps_as_the_store_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), &"npy/u8".parse().unwrap());
    let job = Job {
        consumer: Consumer::Model(TrainingSettings::of(ModelName::Linear)),
        batches: BatchOrigin::Memory,
        epochs: 2,
        ..job(&store, CacheState::AsIs)
    };
    let heard = run(&job);
    let ready = heard.ready.unwrap();
    assert_eq!((ready.threads, ready.samples), (0, IMAGES));
    assert_eq!((ready.residency, ready.order), (None, None));
    for epoch in &heard.epochs {
        assert_eq!(epoch.steps, u64::from(IMAGES.div_ceil(128)));
        assert_eq!(epoch.images, u64::from(IMAGES));
        assert!(epoch.wait_seconds < 0.1 * epoch.seconds, "{epoch:?}");
        assert!(epoch.train.as_ref().unwrap().loss.is_finite());
    }
    // What was delivered is of no samples, and proves nothing.
    assert_eq!(heard.done.unwrap().order_digest, None);
}
