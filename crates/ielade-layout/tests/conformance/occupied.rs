//! What happens where something is already there.

use crate::{
    contents::contents,
    source::MemorySource,
    stores::{layouts, make, request, run},
};
use ielade_layout::{LayoutError, prepare::IfOccupied};
use std::fs;

#[test]
fn the_same_request_again_finds_the_store_and_writes_nothing() {
    let source = MemorySource::jpeg(20);
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        assert!(!make(&layout, &store, &source).already_there);
        let manifest = fs::read(store.join("manifest.json")).unwrap();
        assert!(make(&layout, &store, &source).already_there);
        assert_eq!(fs::read(store.join("manifest.json")).unwrap(), manifest);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn another_request_is_refused_with_what_differs_until_it_may_replace() {
    let source = MemorySource::jpeg(20);
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, &source);
        let before = contents(&store);

        let mut other = request(&layout, &store);
        other.normalisation.std[2] = 0.5;
        let error = run(&other, &source).0.unwrap_err().to_string();
        assert!(error.contains("another normalisation"), "{error}");
        assert!(error.contains("--force"), "{error}");

        let mut relabelled = source.clone();
        relabelled.labels[3] = Some(1);
        let error = run(&request(&layout, &store), &relabelled).0.unwrap_err();
        assert!(error.to_string().contains("other samples"), "{error}");
        let more = MemorySource::jpeg(21);
        let error = run(&request(&layout, &store), &more).0.unwrap_err();
        assert!(error.to_string().contains("another number"), "{error}");
        assert!(contents(&store) == before, "{layout}");

        other.if_occupied = IfOccupied::Replace;
        let prepared = run(&other, &source).0.unwrap();
        assert!(!prepared.already_there);
        assert!(contents(&store) != before, "{layout}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_folder_that_is_no_store_is_never_replaced() {
    let source = MemorySource::jpeg(2);
    for layout in layouts() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        fs::create_dir(&store).unwrap();
        fs::write(store.join("thesis.txt"), "years of work").unwrap();
        let mut request = request(&layout, &store);
        request.if_occupied = IfOccupied::Replace;
        let error = run(&request, &source).0.unwrap_err();
        assert!(
            matches!(
                error,
                LayoutError::Occupied {
                    replaceable: false,
                    ..
                }
            ),
            "{error}"
        );
        assert!(store.join("thesis.txt").exists());
        // Nor is such a folder emptied where the partial store would lie.
        let other = folder.path().join("other");
        fs::create_dir(folder.path().join(".other.partial")).unwrap();
        fs::write(folder.path().join(".other.partial/notes"), "").unwrap();
        let error = run(&crate::stores::request(&layout, &other), &source)
            .0
            .unwrap_err();
        assert!(matches!(error, LayoutError::Occupied { .. }), "{error}");
        assert!(folder.path().join(".other.partial/notes").exists());
    }
}

#[test]
fn an_empty_folder_may_become_a_store() {
    let source = MemorySource::jpeg(2);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    fs::create_dir(&store).unwrap();
    make(&"npy/u8".parse().unwrap(), &store, &source);
    assert!(store.join("manifest.json").exists());
}
