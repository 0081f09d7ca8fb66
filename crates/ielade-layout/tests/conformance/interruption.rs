//! Stores whose making was broken off.

use crate::{
    contents::contents,
    kinds::layouts_of_each_kind,
    source::MemorySource,
    stores::{held, make, normalisation, run},
};
use ielade_core::LayoutId;
use ielade_layout::{LayoutError, PrepareRequest, prepare, prepare::Progress, registry};
use std::{
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const COUNT: usize = 200;

/// Set in the process that is to die: layout and store.
const DOOMED: &str = "IELADE_LAYOUT_TEST_DOOMED";

/// A request that notes its progress after every chunk.
fn request(layout: &LayoutId, store: &Path) -> PrepareRequest {
    PrepareRequest {
        checkpoint_every: Duration::ZERO,
        ..PrepareRequest::new(layout.clone(), store.to_owned(), normalisation())
    }
}

/// Begins a store and stops when some samples are written.
fn stop_half_way(layout: &LayoutId, store: &Path, source: &MemorySource) -> LayoutError {
    let stop = AtomicBool::new(false);
    let mut watch = |sign| {
        if matches!(sign, Progress::Samples { done: 20.., .. }) {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let source = held(source, layout);
    prepare(&request(layout, store), source.as_ref(), &mut watch, &stop).unwrap_err()
}

/// Finishes a store that was broken off and compares it with one that was not.
fn finish_and_compare(layout: &LayoutId, store: &Path, source: &MemorySource) {
    let partial = store.with_file_name(".store.partial");
    assert!(partial.is_dir() && !store.exists(), "{layout}");
    let (result, signs) = run(&request(layout, store), source);
    result.unwrap();
    let continues = registry::check(layout).unwrap().continues;
    let as_promised = match signs[0] {
        Progress::Continues { done: 1.., .. } => continues,
        Progress::StartsOver { .. } => !continues,
        _ => false,
    };
    assert!(as_promised, "{layout}: {:?}", signs[0]);
    assert!(!partial.exists(), "{layout}");
    let whole = store.with_file_name("whole");
    make(layout, &whole, source);
    let (found, expected) = (contents(store), contents(&whole));
    let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| {
        files.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&found), names(&expected), "{layout}");
    for (name, content) in &expected {
        assert!(found[name] == *content, "{layout}: {name} differs");
    }
}

#[test]
fn a_store_that_was_stopped_is_continued_to_the_same_bytes() {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let error = stop_half_way(&layout, &store, &source);
        assert!(
            matches!(
                error,
                LayoutError::Stopped {
                    done: 20..,
                    total: 200
                }
            ),
            "{error}"
        );
        finish_and_compare(&layout, &store, &source);
    }
}

#[test]
fn a_store_whose_writer_was_killed_is_continued_to_the_same_bytes() {
    if let Ok(doomed) = std::env::var(DOOMED) {
        let (layout, store) = doomed.split_once(' ').unwrap();
        let mut source = MemorySource::jpeg(COUNT);
        source.deadly = Some(150);
        let _ = run(
            &request(&layout.parse().unwrap(), Path::new(store)),
            &source,
        );
        unreachable!("the source ends the process");
    }
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let status = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "interruption::a_store_whose_writer_was_killed_is_continued_to_the_same_bytes",
            ])
            .env(DOOMED, format!("{layout} {}", store.display()))
            // A chunk starts with as many samples as there are threads.
            .env("RAYON_NUM_THREADS", "2")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(status.code().is_none(), "{layout}: {status}");
        finish_and_compare(&layout, &store, &MemorySource::jpeg(COUNT));
    }
}

#[test]
fn an_unfinished_store_of_another_request_is_not_continued() {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let stop = AtomicBool::new(true);
        let first = request(&layout, &store);
        prepare(&first, held(&source, &layout).as_ref(), &mut |_| {}, &stop).unwrap_err();
        let mut second = request(&layout, &store);
        second.normalisation.mean[0] = 0.1;
        let (result, signs) = run(&second, &source);
        result.unwrap();
        assert!(matches!(signs[0], Progress::StartsOver { .. }), "{signs:?}");
    }
}

#[test]
fn an_unfinished_store_that_lost_data_is_made_again() {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        stop_half_way(&layout, &store, &source);
        std::fs::write(folder.path().join(".store.partial/samples.csv"), "").unwrap();
        let (result, signs) = run(&request(&layout, &store), &source);
        result.unwrap();
        assert!(matches!(signs[0], Progress::StartsOver { .. }), "{signs:?}");
        let whole = folder.path().join("whole");
        make(&layout, &whole, &source);
        assert!(contents(&store) == contents(&whole));
    }
}

#[test]
fn two_writers_of_one_store_do_not_meet() {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let request = request(&layout, &store);
        let mut tried = false;
        let mut second = |sign| {
            if matches!(sign, Progress::Samples { .. }) && !tried {
                tried = true;
                let error = run(&request, &source).0.unwrap_err();
                assert!(matches!(error, LayoutError::Busy { .. }), "{error}");
            }
        };
        let held = held(&source, &layout);
        prepare(
            &request,
            held.as_ref(),
            &mut second,
            &AtomicBool::new(false),
        )
        .unwrap();
        assert!(tried);
    }
}
