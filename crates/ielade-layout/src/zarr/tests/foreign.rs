//! Groups without a manifest.

use super::{FOLDER, write};
use crate::{ForeignStore, LayoutError, open_any};
use ielade_core::ForeignNames;
use std::{fs, path::Path};

fn named(images: Option<&str>, labels: Option<&str>) -> ForeignNames {
    ForeignNames {
        images: images.map(str::to_owned),
        labels: labels.map(str::to_owned),
    }
}

fn open(path: &Path) -> Result<ForeignStore, LayoutError> {
    open_any(path, &ForeignNames::default())
}

/// A group with the groups `train` and `test`, each with images and labels.
fn nested(folder: &Path) {
    write(folder, "/u8", 9);
    fs::rename(folder.join(FOLDER), folder.join("train")).unwrap();
    write(folder, "chunk=4/u8", 5);
    fs::rename(folder.join(FOLDER), folder.join("test")).unwrap();
    fs::copy(folder.join("train/zarr.json"), folder.join("zarr.json")).unwrap();
}

#[test]
fn images_labels_and_classes_are_guessed_and_told() {
    for layout in ["/u8", "chunk=4,zstd/u8", "/jpeg", "chunk=4/jpeg"] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, 9);
        let store = open(&folder.path().join(FOLDER)).unwrap();
        let manifest = store.reader.manifest();
        assert_eq!(manifest.classes, ["ant", "bee", "cat"]);
        assert_eq!(
            (manifest.count, &manifest.layout.container[..]),
            (9, "zarr")
        );
        assert_eq!(
            manifest.layout.encoding.name(),
            layout.rsplit('/').next().unwrap()
        );
        assert!(
            store.guesses[0].contains("\"images\""),
            "{:?}",
            store.guesses
        );
        assert!(
            store.guesses[1].contains("\"labels\""),
            "{:?}",
            store.guesses
        );
    }
}

#[test]
fn of_several_groups_the_largest_is_guessed_and_any_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    nested(folder.path());
    let store = open(folder.path()).unwrap();
    assert_eq!(store.reader.manifest().count, 9);
    assert!(
        store.guesses[1].contains("\"train/labels\""),
        "{:?}",
        store.guesses
    );
    let store = open_any(folder.path(), &named(Some("test/images"), None)).unwrap();
    assert_eq!(store.reader.manifest().count, 5);
    assert!(
        store.guesses[0].contains("\"test/labels\""),
        "{:?}",
        store.guesses
    );
    for (names, expected) in [
        (named(Some("images"), None), "train/images"),
        (
            named(Some("../../etc"), None),
            "there is no array \"../../etc\"",
        ),
        (named(Some("train"), None), "there is no array \"train\""),
        (named(Some("train/labels"), None), "not one of the types"),
        (named(None, Some("test/labels")), "is not 9 integers"),
        (named(None, Some("train/images")), "is not 9 integers"),
        (named(None, Some("y")), "there is no array \"y\""),
    ] {
        let error = open_any(folder.path(), &names).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_array_alone_is_images_without_labels() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "/u8", 9);
    let store = open(&folder.path().join(FOLDER).join("images")).unwrap();
    assert_eq!(store.reader.manifest().count, 9);
    assert!(
        store.guesses[1].contains("no labels"),
        "{:?}",
        store.guesses
    );
}

#[test]
fn an_array_that_is_not_read_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "/u8", 9);
    let root = folder.path().join(FOLDER);
    fs::create_dir(root.join("names")).unwrap();
    let metadata = fs::read_to_string(root.join("labels/zarr.json")).unwrap();
    let metadata = metadata.replace("int64", "string");
    fs::write(root.join("names/zarr.json"), metadata).unwrap();
    assert_eq!(open(&root).unwrap().reader.manifest().count, 9);
    let error = open_any(&root, &named(Some("names"), None))
        .unwrap_err()
        .to_string();
    assert!(error.contains("\"string\" is not read"), "{error}");
}

#[test]
fn bytes_that_are_no_images_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chunk=1/jpeg", 3);
    let root = folder.path().join(FOLDER);
    for index in 0..3 {
        fs::write(
            root.join(format!("images/c.{index}")),
            b"\x01\0\0\0\x02\0\0\0ab",
        )
        .unwrap();
    }
    let metadata = root.join("images/zarr.json");
    let plain = fs::read_to_string(&metadata)
        .unwrap()
        .replace("encoding", "note");
    fs::write(&metadata, plain).unwrap();
    // Chunk keys have an "encoding" too, which is another word now.
    let error = open(&root).unwrap_err().to_string();
    assert!(
        error.contains("no array") || error.contains("none of its arrays"),
        "{error}"
    );
    let restored = fs::read_to_string(&metadata)
        .unwrap()
        .replace("chunk_key_note", "chunk_key_encoding");
    fs::write(&metadata, restored).unwrap();
    let error = open(&root).unwrap_err().to_string();
    assert!(
        error.contains("the first 3 of its samples are no images"),
        "{error}"
    );
}

#[test]
fn a_zip_archive_is_refused_with_a_hint_and_other_archives_are_not_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut archive = b"PK\x03\x04".to_vec();
    archive.extend([0; 26]);
    archive.extend(b"images/zarr.json");
    fs::write(&path, &archive).unwrap();
    let error = open(&path).unwrap_err().to_string();
    assert!(error.contains("unpack it"), "{error}");
    fs::write(&path, b"PK\x03\x04 something else").unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error, LayoutError::UnknownFile { .. }), "{error}");
}
