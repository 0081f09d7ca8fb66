//! Stores compared with each other, and files without a manifest.

use crate::{photos::photos, shared::Ielade};
use std::fs;

/// Photos of one size in these layouts.
fn prepared(layouts: &[&str]) -> Ielade {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 40, |_| 24);
    let mut arguments = vec!["prepare", "photos", "--test-share", "0"];
    for layout in layouts {
        arguments.extend(["--layout", layout]);
    }
    ielade.done(&arguments);
    ielade
}

const FILES: &str = "stores/photos-train/files-jpeg";
const U8: &str = "stores/photos-train/npy-u8";
const F16: &str = "stores/photos-train/npy-f16";

#[test]
fn stores_are_compared_sample_by_sample_and_by_the_losses_they_train_to() {
    let ielade = prepared(&["files/jpeg", "npy/u8", "npy/f16"]);
    let seen = ielade.done(&["verify", FILES, U8, F16, "--training", "--model", "linear"]);
    assert!(seen.contains("npy-u8 compared with"), "{seen}");
    assert!(seen.contains("the same losses, bit for bit"), "{seen}");
    let f16 = seen
        .lines()
        .find(|line| line.contains("npy-f16: losses differ"));
    assert!(f16.is_some_and(|line| line.contains("% off")), "{seen}");
}

#[test]
fn a_swapped_label_is_named_and_shows_in_the_losses() {
    let ielade = prepared(&["npy/u8", "safetensors/u8"]);
    let store = ielade.path("stores/photos-train/npy-u8");
    let mut labels = fs::read(store.join("labels.npy")).unwrap();
    let first = labels.len() - 80 * 8;
    labels.swap(first, first + 79 * 8);
    fs::write(store.join("labels.npy"), labels).unwrap();
    let other = "stores/photos-train/safetensors-u8";
    let left = ielade.run(&["verify", other, U8, "--training", "--model", "linear"]);
    assert_eq!(left.code, Some(3), "{}", left.stderr);
    let label = "sample 0 (a cat/photo 0.jpg): label 1 where 0 belongs";
    assert!(left.stdout.contains(label), "{}", left.stdout);
    assert!(left.stdout.contains("must be the same"), "{}", left.stdout);
}

#[test]
fn a_file_without_a_manifest_is_inspected_loaded_verified_and_prepared_from() {
    let ielade = prepared(&["safetensors/u8"]);
    fs::rename(
        ielade.path("stores/photos-train/safetensors-u8/data.safetensors"),
        ielade.path("others.safetensors"),
    )
    .unwrap();
    fs::remove_dir_all(ielade.path("stores")).unwrap();
    let file = "others.safetensors";
    let seen = ielade.done(&["inspect", file]);
    assert!(seen.contains("80"), "{seen}");
    let seen = ielade.done(&["load", file, "--epochs", "1", "--images", "images"]);
    assert!(seen.contains("80 images"), "{seen}");
    let seen = ielade.done(&["verify", file]);
    assert!(seen.contains("sound: 0 data files, 80 samples"), "{seen}");
    ielade.done(&["prepare", file, "--layout", "npy/u8"]);
    ielade.done(&["verify", "stores/others-train/npy-u8", "--against", file]);
    let error = ielade.fails(&["load", file, "--images", "pictures"]);
    assert!(
        error.contains("pictures") && error.contains("images"),
        "{error}"
    );
}
