//! Stores whose files were cut, changed or lost.

use crate::{
    kinds::layouts_of_each_kind,
    source::MemorySource,
    stores::{make, output, read},
};
use ielade_core::Manifest;
use ielade_layout::{LayoutError, open_store, read_manifest, store::write_manifest, verify_store};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

const COUNT: usize = 12;

/// Calls `check` with the folder of a store of every layout.
fn for_every_layout(check: impl Fn(&Path, &Manifest)) {
    let source = MemorySource::jpeg(COUNT);
    for layout in layouts_of_each_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        let manifest = make(&layout, &store, &source).manifest;
        check(&store, &manifest);
    }
}

/// The files of a store, those in folders one by one.
fn data_files(store: &Path, manifest: &Manifest) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for file in &manifest.files {
        let path = store.join(&file.path);
        if path.is_dir() {
            for class in fs::read_dir(path).unwrap() {
                let images = fs::read_dir(class.unwrap().path()).unwrap();
                files.extend(images.map(|image| image.unwrap().path()));
            }
        } else {
            files.push(path);
        }
    }
    files
}

/// Opens a store and reads all of it.
fn read_all(store: &Path) -> Result<(), LayoutError> {
    let reader = open_store(store)?;
    let output = output(&reader.manifest().layout, MemorySource::SIZE);
    let all: Vec<u32> = (0..reader.manifest().count).collect();
    read(reader.as_ref(), &all, output)?;
    Ok(())
}

fn message(result: Result<(), LayoutError>, context: &str) -> String {
    result.expect_err(context).to_string()
}

#[test]
fn a_cut_file_is_named_with_both_sizes() {
    for_every_layout(|store, manifest| {
        for path in data_files(store, manifest) {
            let content = fs::read(&path).unwrap();
            for kept in [0, content.len() / 2, content.len() - 1] {
                fs::write(&path, &content[..kept]).unwrap();
                let error = message(read_all(store), &path.display().to_string());
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(error.contains(name), "{error}");
                assert!(
                    error.contains(&format!("{kept} bytes where {} were", content.len())),
                    "{error}"
                );
            }
            fs::write(&path, &content).unwrap();
        }
        read_all(store).unwrap();
    });
}

#[test]
fn a_file_that_grew_is_named_with_both_sizes() {
    for_every_layout(|store, manifest| {
        for path in data_files(store, manifest) {
            let content = fs::read(&path).unwrap();
            fs::write(&path, [&content[..], b"!"].concat()).unwrap();
            let error = message(read_all(store), &path.display().to_string());
            let expected = format!("{} bytes where {} were", content.len() + 1, content.len());
            assert!(error.contains(&expected), "{error}");
            fs::write(&path, &content).unwrap();
        }
    });
}

#[test]
fn a_missing_file_is_named() {
    for_every_layout(|store, manifest| {
        for path in data_files(store, manifest) {
            let aside = store.join("aside");
            fs::rename(&path, &aside).unwrap();
            let error = message(read_all(store), &path.display().to_string());
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(error.contains(name), "{error}");
            fs::rename(&aside, &path).unwrap();
        }
    });
}

#[test]
fn no_changed_byte_goes_unnoticed_and_none_makes_a_reader_panic() {
    let stop = AtomicBool::new(false);
    for_every_layout(|store, manifest| {
        for path in data_files(store, manifest) {
            let content = fs::read(&path).unwrap();
            let places = (0..content.len()).step_by(content.len() / 16 + 1);
            for at in places.chain([content.len() - 1]) {
                let mut changed = content.clone();
                changed[at] ^= 0x15;
                fs::write(&path, &changed).unwrap();
                // Reading may succeed, since not every byte shows, but must not panic.
                let _ = read_all(store);
                let found = verify_store(store, &mut |_| {}, &stop);
                assert!(
                    found.is_err() || !found.unwrap().holds(),
                    "{}, byte {at}",
                    path.display()
                );
            }
            fs::write(&path, &content).unwrap();
        }
        assert!(verify_store(store, &mut |_| {}, &stop).unwrap().holds());
    });
}

#[test]
fn a_manifest_that_tells_another_story_is_refused() {
    type Change = fn(&mut Manifest);
    let changes: [(&str, Change); 3] = [
        ("more samples", |manifest| manifest.count += 1),
        ("fewer samples", |manifest| manifest.count -= 1),
        ("fewer classes", |manifest| manifest.classes.truncate(1)),
    ];
    for_every_layout(|store, manifest| {
        for (what, change) in changes {
            let mut other = manifest.clone();
            change(&mut other);
            write_manifest(store, &other).unwrap();
            let error = open_store(store).err().map(|error| error.to_string());
            let error = error.unwrap_or_else(|| panic!("{}: {what}", manifest.layout));
            assert!(error.contains(store.to_str().unwrap()), "{error}");
        }
        let mut other = manifest.clone();
        other.layout.container = "nyp".to_owned();
        write_manifest(store, &other).unwrap();
        let error = open_store(store).err().unwrap().to_string();
        assert!(error.contains("unknown container \"nyp\""), "{error}");
        let path = store.join("manifest.json");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    });
}

#[test]
fn a_manifest_that_lists_no_file_is_refused_by_name() {
    for_every_layout(|store, manifest| {
        let mut other = manifest.clone();
        other.files.clear();
        write_manifest(store, &other).unwrap();
        if let Err(error) = read_all(store) {
            let error = error.to_string();
            assert!(error.contains(store.to_str().unwrap()), "{error}");
        } else {
            // Those that know their files' names need no list of them.
            assert!(!["parquet", "arrow"].contains(&manifest.layout.container.as_str()));
        }
    });
}

#[test]
fn a_manifest_that_says_a_thing_twice_is_refused() {
    let source = MemorySource::jpeg(1);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"npy/u8".parse().unwrap(), &store, &source);
    let path = store.join("manifest.json");
    let content = fs::read_to_string(&path).unwrap();
    for twice in ["\"count\": 1,", "\"layout\": \"npy/u8\","] {
        fs::write(&path, content.replacen('{', &format!("{{{twice}"), 1)).unwrap();
        let error = message(read_all(&store), twice);
        assert!(error.contains("duplicate field"), "{error}");
        assert!(error.contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_manifest_with_another_image_size_or_type_is_refused_by_raw_layouts() {
    for_every_layout(|store, manifest| {
        if manifest.encoding().element().is_none() {
            return;
        }
        let mut other = manifest.clone();
        other.shape = ielade_core::ImageShape::Varies;
        write_manifest(store, &other).unwrap();
        assert!(open_store(store).is_err(), "{}", manifest.layout);
        other.shape = ielade_core::ImageShape::Fixed(ielade_core::ImageSpec::rgb(12, 9));
        write_manifest(store, &other).unwrap();
        assert!(open_store(store).is_err(), "{}", manifest.layout);
    });
}

#[test]
fn tables_that_lead_out_of_the_store_are_refused() {
    let source = MemorySource::jpeg(1);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"files/jpeg".parse().unwrap(), &store, &source);
    let mut manifest = read_manifest(&store).unwrap();
    let table = store.join("files.csv");
    for path in [
        "../../etc/passwd",
        "/etc/passwd",
        "ant/..",
        "ant/",
        "ant",
        "ant/a/b",
    ] {
        let content = format!("path,bytes,label\n{path},10,0\n");
        fs::write(&table, &content).unwrap();
        manifest.files[1].bytes = content.len() as u64;
        write_manifest(&store, &manifest).unwrap();
        let error = message(read_all(&store), path);
        assert!(error.contains("files.csv, line 2"), "{error}");
    }
}

#[test]
fn a_table_that_claims_gigabytes_makes_nobody_ask_for_them() {
    let source = MemorySource::jpeg(1);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(&"files/jpeg".parse().unwrap(), &store, &source);
    let mut manifest = read_manifest(&store).unwrap();
    let content = fs::read_to_string(store.join("files.csv")).unwrap();
    let bytes = manifest.files[0].bytes.to_string();
    let content = content.replace(&bytes, "4000000000");
    fs::write(store.join("files.csv"), &content).unwrap();
    manifest.files[0].bytes = 4_000_000_000;
    manifest.files[1].bytes = content.len() as u64;
    write_manifest(&store, &manifest).unwrap();
    let error = message(read_all(&store), "claims");
    assert!(error.contains("where 4000000000 were recorded"), "{error}");
}
