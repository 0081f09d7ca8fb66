//! The main path on real images: fetched, inspected, prepared, verified, loaded, trained.
//!
//! The images are not part of the project; a test whose images are not there is reported as
//! ignored, never as passed.

#[path = "shared/mod.rs"]
mod shared;

use ielade_testing::{real_images, run, server::TestServer, test};
use md5::{Digest, Md5};
use shared::Ielade;
use std::{
    fs::{self, File},
    path::Path,
    process::ExitCode,
};

fn main() -> ExitCode {
    run(vec![
        test(
            "tiny_imagenet_goes_from_fetch_to_training",
            real_images("tiny-imagenet-200-subset.zip"),
            |archive| tiny_imagenet(archive),
        ),
        test(
            "face_masks_go_from_fetch_to_training",
            real_images("face-masks.zip"),
            |archive| face_masks(archive),
        ),
        test(
            "cifar10_trains_the_same_from_files_and_arrays",
            real_images("cifar10-jpeg.zip"),
            |archive| cifar10(archive),
        ),
    ])
}

fn tiny_imagenet(archive: &Path) {
    let ielade = Ielade::new();
    // The data set's own archive has everything below one folder; so has the subset.
    fetch(&ielade, "tiny-imagenet", fs::read(archive).unwrap());
    let seen = ielade.done(&["inspect", "data/tiny-imagenet-200"]);
    for expected in ["22,500", "20,000", "2,000", "gray"] {
        assert!(seen.contains(expected), "{expected} is not in\n{seen}");
    }
    through_all(
        &ielade,
        "data/tiny-imagenet-200",
        "val",
        "64x64",
        &["files/jpeg", "npy/u8"],
    );
}

fn face_masks(archive: &Path) {
    let ielade = Ielade::new();
    fetch(&ielade, "face-masks", as_on_github(archive));
    let seen = ielade.done(&["inspect", "data/face-masks"]);
    for expected in ["1,376", "690", "686"] {
        assert!(seen.contains(expected), "{expected} is not in\n{seen}");
    }
    through_all(
        &ielade,
        "data/face-masks",
        "test",
        "64x64",
        &["files/jpeg", "npy/f16"],
    );
}

fn cifar10(archive: &Path) {
    let ielade = Ielade::new();
    unpack(archive, &ielade.path(""));
    let seen = ielade.done(&["inspect", "cifar10"]);
    assert!(seen.contains("60,000"), "{seen}");
    through_all(
        &ielade,
        "cifar10",
        "test",
        "32x32",
        &["files/jpeg", "npy/u8", "npy/f32"],
    );
}

/// Prepares, verifies, loads and trains; every lossless layout must give the same losses.
fn through_all(ielade: &Ielade, source: &str, test: &str, size: &str, layouts: &[&str]) {
    let name = Path::new(source).file_name().unwrap().to_str().unwrap();
    let name = name.strip_suffix("-200").unwrap_or(name);
    let mut curves = Vec::new();
    for layout in layouts {
        let folder = layout.replace('/', "-");
        let store = |split: &str| format!("stores/{name}-{split}/{folder}");
        for split in ["train", test] {
            ielade.done(&[
                "prepare", source, "--layout", layout, "--split", split, "--resize", size,
            ]);
            let seen = ielade.done(&["verify", &store(split), "--against", source]);
            assert!(seen.contains("sound"), "{seen}");
        }
        ielade.done(&["load", &store("train"), "--epochs", "2", "--resize", size]);
        let events = format!("{folder}.jsonl");
        ielade.done(&[
            "train",
            &store("train"),
            "--test",
            &store(test),
            "--model",
            "linear",
            "--epochs",
            "1",
            "--resize",
            size,
            "--events",
            &events,
        ]);
        if !layout.ends_with("f16") {
            let events = fs::read_to_string(ielade.path(&events)).unwrap();
            let losses = events.split("\"step_losses\":").nth(1).map(str::to_owned);
            curves.push(losses.unwrap().split(']').next().unwrap().to_owned());
        }
    }
    assert!(curves.iter().all(|curve| *curve == curves[0]));
}

/// Fetches a known set from a server on this machine.
fn fetch(ielade: &Ielade, set: &str, archive: Vec<u8>) {
    let md5: Vec<String> = Md5::digest(&archive)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let md5 = md5.concat();
    let server = TestServer::serving(archive);
    ielade.done(&["fetch", set, "--url", &server.url(), "--md5", &md5]);
}

/// The archive with the folders that the public repository has around the images.
fn as_on_github(archive: &Path) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let mut to = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let file = from.by_index_raw(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let name = name.strip_prefix("face-masks/").unwrap();
        if !name.is_empty() {
            to.raw_copy_file_rename(
                file,
                format!("observations-master/experiements/data/{name}"),
            )
            .unwrap();
        }
    }
    to.finish().unwrap().into_inner()
}

fn unpack(archive: &Path, target: &Path) {
    let mut archive = zip::ZipArchive::new(File::open(archive).unwrap()).unwrap();
    archive.extract(target).unwrap();
}
