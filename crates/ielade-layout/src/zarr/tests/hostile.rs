//! Files that were made to do harm, or were damaged.

use super::{FOLDER, IMAGES, LAYOUTS, images_of, read, write};
use crate::{
    digest::files_below,
    open_any,
    zarr::{
        chunks::Missing,
        shard_index::{Entry, IndexForm},
    },
};
use ielade_core::ForeignNames;
use serde_json::{Value, json};
use std::{fs, path::Path};

const COUNT: u32 = 9;

/// Changes the images' metadata.
fn change(folder: &Path, change: impl FnOnce(&mut Value)) {
    let path = images_of(folder).join("zarr.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut document);
    fs::write(&path, document.to_string()).unwrap();
}

/// What opening the group and reading all of it ends in.
fn outcome(folder: &Path) -> Result<(), String> {
    let opened = open_any(&folder.join(FOLDER), &ForeignNames::default());
    opened.map_err(|error| error.to_string())?;
    read(folder, COUNT, Missing::FillValue).map(drop)
}

#[test]
fn cut_and_changed_files_end_in_an_error_or_in_other_values_and_never_in_a_panic() {
    for layout in LAYOUTS {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, COUNT);
        let mut files = files_below(&folder.path().join(FOLDER)).unwrap();
        // Of the images' files the first and the last; the others are like these.
        files.retain(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let is_between = |at: u32| at > 0 && !name.starts_with(&format!("c.{}", COUNT - 1));
            let number = name
                .split('.')
                .nth(1)
                .and_then(|number| number.parse().ok());
            !number.is_some_and(|at| is_between(at) && layout.starts_with("chunk=1"))
        });
        for path in files {
            let content = fs::read(&path).unwrap();
            let is_metadata = path.ends_with("zarr.json");
            // What is not read of labels, images may do without.
            let is_needed = !path.ends_with("labels/zarr.json");
            for kept in (0..content.len()).step_by(content.len() / 30 + 1) {
                fs::write(&path, &content[..kept]).unwrap();
                // The last byte of a document is the end of its line.
                let is_damaged = !is_metadata || kept + 1 < content.len();
                let ended = outcome(folder.path());
                assert!(
                    ended.is_err() || !is_damaged || !is_needed,
                    "{layout} {} {kept}",
                    path.display()
                );
            }
            for at in (0..content.len()).step_by(content.len() / 60 + 1) {
                for bits in [0x01, 0xff] {
                    let mut changed = content.clone();
                    changed[at] ^= bits;
                    fs::write(&path, changed).unwrap();
                    let _ = outcome(folder.path());
                }
            }
            fs::write(&path, &content).unwrap();
        }
        outcome(folder.path()).unwrap();
    }
}

#[test]
fn a_shards_index_that_leads_astray_is_told_by_file_and_byte() {
    let there = |offset, bytes| Entry { offset, bytes };
    let good: Vec<Entry> = (0..8).map(|chunk| there(chunk * 18, 18)).collect();
    for (chunk, entry, expected) in [
        (3, there(270, 18), "lies outside"),
        (3, there(u64::MAX - 5, 18), "lies outside"),
        (3, there(54, u64::MAX), "lies outside"),
        (3, there(36, 18), "lie on the same bytes"),
        (3, there(150, 18), "chunk 3 and the index"),
        (3, there(54, 17), "17 bytes where 18 were expected"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "chunk=1,shard=8/u8", COUNT);
        let mut entries = good.clone();
        entries[chunk] = entry;
        let shard = images_of(folder.path()).join("c.0.0.0.0");
        let mut content = fs::read(&shard).unwrap();
        content.truncate(8 * 18);
        content.extend(IndexForm::encode(entries));
        fs::write(&shard, &content).unwrap();
        let error = outcome(folder.path()).unwrap_err();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("c.0.0.0.0, byte "), "{error}");
    }
}

#[test]
fn absurd_shapes_ask_for_no_memory_and_no_time() {
    type Change = fn(&mut Value);
    let huge = u64::MAX;
    let changes: [(&str, Change); 8] = [
        ("chunk=4/u8", |d| d["shape"] = json!([u64::MAX, 2, 3, 3])),
        ("chunk=4/u8", |d| {
            d["shape"] = json!([9, 1_u64 << 40, 1_u64 << 40, 3]);
        }),
        ("chunk=4/u8", |d| {
            d["shape"] = json!([9, 60_000, 60_000, 3]);
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1 << 30, 60_000, 60_000, 3]);
        }),
        ("chunk=4/u8", |d| {
            d["shape"] = json!([9, 60_000, 60_000, 3]);
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1, 1, 1, 1]);
        }),
        ("chunk=4,shard=8/u8", |d| {
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1_u64 << 62, 2, 3, 3]);
        }),
        ("chunk=4,zstd/u8", |d| {
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1_u64 << 31, 2, 3, 3]);
        }),
        ("chunk=4/jpeg", |d| {
            d["shape"] = json!([u64::from(u32::MAX)]);
        }),
        ("chunk=4,shard=8/jpeg", |d| {
            d["shape"] = json!([u64::from(u32::MAX) - 1]);
        }),
    ];
    for (layout, hostile) in changes {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, COUNT);
        change(folder.path(), hostile);
        let opened = open_any(&folder.path().join(FOLDER), &ForeignNames::default());
        assert!(opened.is_err(), "{layout}");
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chunk=4/u8", COUNT);
    let labels = folder.path().join(FOLDER).join("labels/zarr.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&labels).unwrap()).unwrap();
    document["shape"] = json!([huge]);
    fs::write(&labels, document.to_string()).unwrap();
    let opened = open_any(&folder.path().join(FOLDER), &ForeignNames::default()).unwrap();
    assert!(
        opened.guesses[1].contains("no labels"),
        "{:?}",
        opened.guesses
    );
}

#[test]
fn decompression_bombs_are_refused() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chunk=4,zstd/u8", COUNT);
    fs::write(images_of(folder.path()).join("c.1.0.0.0"), &bomb).unwrap();
    let error = outcome(folder.path()).unwrap_err();
    assert!(
        error.contains("c.1.0.0.0") && error.contains("zstd"),
        "{error}"
    );

    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chunk=4/jpeg", COUNT);
    change(folder.path(), |document| {
        document["codecs"] = json!([{"name": "vlen-bytes"}, {"name": "zstd"}]);
    });
    fs::write(images_of(folder.path()).join("c.0"), &bomb).unwrap();
    let error = read(folder.path(), COUNT, Missing::FillValue).unwrap_err();
    assert!(
        error.contains("c.0") && error.contains("more than"),
        "{error}"
    );
}

#[test]
fn groups_without_end_are_given_up() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "/u8", COUNT);
    let root = folder.path().join(FOLDER);
    std::os::unix::fs::symlink(&root, root.join("again")).unwrap();
    let error = outcome(folder.path()).unwrap_err();
    assert!(error.contains("16 deep"), "{error}");
}

#[test]
fn metadata_beyond_all_bounds_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "/u8", COUNT);
    let path = folder.path().join(FOLDER).join(IMAGES).join("zarr.json");
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&" ".repeat(9 << 20));
    fs::write(&path, text).unwrap();
    let error = outcome(folder.path()).unwrap_err();
    assert!(error.contains("more than 8388608 bytes"), "{error}");
}
