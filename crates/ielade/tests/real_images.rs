//! The main path on real images: fetched, inspected, prepared, verified, loaded, trained.
//!
//! The images are not part of the project. They are looked for in the folder that
//! `IELADE_TEST_DATA` names, or in `shared/data` beside the checkout; a test whose images are not
//! there is reported as ignored, never as passed.

#[path = "shared/mod.rs"]
mod shared;

use libtest_mimic::{Arguments, Failed, Trial};
use md5::{Digest, Md5};
use shared::Ielade;
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// A test on the images of one archive.
type RealTest = (&'static str, &'static str, fn(&Path));

const TESTS: [RealTest; 3] = [
    (
        "tiny_imagenet_goes_from_fetch_to_training",
        "tiny-imagenet-200-subset.zip",
        tiny_imagenet,
    ),
    (
        "face_masks_go_from_fetch_to_training",
        "face-masks.zip",
        face_masks,
    ),
    (
        "cifar10_trains_the_same_from_files_and_arrays",
        "cifar10-jpeg.zip",
        cifar10,
    ),
];

fn main() -> ExitCode {
    let trials = TESTS
        .iter()
        .map(|(name, archive, test)| {
            let path = data_folder().join(archive);
            let is_there = path.is_file();
            if !is_there {
                eprintln!("{name}: skipped, {} is not there", path.display());
            }
            let test = *test;
            Trial::test(*name, move || -> Result<(), Failed> {
                test(&path);
                Ok(())
            })
            .with_ignored_flag(!is_there)
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn data_folder() -> PathBuf {
    std::env::var_os("IELADE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
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
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/archive.zip", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away in the middle is its own affair.
            let _ = answer(stream, &archive);
        }
    });
    ielade.done(&["fetch", set, "--url", &url, "--md5", &md5]);
}

/// Answers one request with the whole archive.
fn answer(mut stream: TcpStream, archive: &[u8]) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? == 1 {
        request.push(byte[0]);
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        archive.len()
    )?;
    if !request.starts_with(b"HEAD") {
        stream.write_all(archive)?;
    }
    Ok(())
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
