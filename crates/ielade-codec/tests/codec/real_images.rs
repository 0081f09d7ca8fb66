//! Photographs as they come, all of which Pillow opens without complaint.

use ielade_codec::{Decoder, read_header};
use ielade_core::OrientationRule;
use std::{fs::File, io::Read, path::PathBuf};

/// Images taken of each archive, spread evenly over it.
const IMAGES: usize = 1_000;

fn data_folder() -> PathBuf {
    std::env::var_os("IELADE_TEST_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    )
}

fn every_image_is_decoded(archive: &str) {
    let path = data_folder().join(archive);
    let Ok(file) = File::open(&path) else {
        println!(
            "skipped: {} is not there; set IELADE_TEST_DATA",
            path.display()
        );
        return;
    };
    let mut archive = zip::ZipArchive::new(file).expect("a zip archive");
    let images: Vec<usize> = (0..archive.len())
        .filter(|at| {
            let name = archive.name_for_index(*at).expect("an entry");
            let name = name.expect("a name").to_lowercase();
            [".jpg", ".jpeg"]
                .iter()
                .any(|ending| name.ends_with(ending))
        })
        .collect();
    let mut decoder = Decoder::new(OrientationRule::Ignore);
    for at in images.iter().step_by(images.len().div_ceil(IMAGES)) {
        let mut entry = archive.by_index(*at).expect("an entry");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("the entry's bytes");
        let name = entry.name().expect("a name");
        let header = read_header(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (pixels, spec) = decoder
            .decode_any(&bytes)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (spec.height, spec.width),
            (header.height, header.width),
            "{name}"
        );
        assert_eq!(pixels.len(), spec.values(), "{name}");
    }
}

#[test]
fn cifar_10_is_decoded() {
    every_image_is_decoded("cifar10-jpeg.zip");
}

#[test]
fn tiny_imagenet_is_decoded() {
    every_image_is_decoded("tiny-imagenet-200-subset.zip");
}

#[test]
fn face_masks_are_decoded() {
    every_image_is_decoded("face-masks.zip");
}
