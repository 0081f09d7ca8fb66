//! Photographs as they come, all of which Pillow opens without complaint.

use ielade_codec::{Decoder, read_header};
use ielade_core::OrientationRule;
use ielade_testing::{real_images, run, test};
use std::{fs::File, io::Read, path::Path, process::ExitCode};

/// Images taken of each archive, spread evenly over it.
const IMAGES: usize = 1_000;

fn main() -> ExitCode {
    let decodes = |name: &str, archive: &str| {
        test(name, real_images(archive), |archive| {
            every_image_is_decoded(archive);
        })
    };
    run(vec![
        decodes("cifar_10_is_decoded", "cifar10-jpeg.zip"),
        decodes("tiny_imagenet_is_decoded", "tiny-imagenet-200-subset.zip"),
        decodes("face_masks_are_decoded", "face-masks.zip"),
    ])
}

fn every_image_is_decoded(archive: &Path) {
    let file = File::open(archive).expect("the archive opens");
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
