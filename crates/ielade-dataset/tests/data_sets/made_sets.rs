//! Small data sets, written into a folder that goes away with the test.

use ielade_codec::{encode_jpeg, encode_png};
use ielade_core::ImageSpec;
use std::{fs, path::Path};
use tempfile::TempDir;

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Writes a file and the folders above it.
pub(crate) fn write(root: &Path, relative: &str, content: &[u8]) {
    let path = root.join(relative);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// A plain JPEG of one colour.
pub(crate) fn jpeg(height: u32, width: u32, colour: [u8; 3]) -> Vec<u8> {
    let spec = ImageSpec::rgb(height, width);
    let mut bytes = Vec::new();
    encode_jpeg(&colour.repeat(spec.pixels()), spec, 90, &mut bytes).unwrap();
    bytes
}

/// A plain PNG of one colour.
pub(crate) fn png(height: u32, width: u32, colour: [u8; 3]) -> Vec<u8> {
    let spec = ImageSpec::rgb(height, width);
    let mut bytes = Vec::new();
    encode_png(&colour.repeat(spec.pixels()), spec, &mut bytes).unwrap();
    bytes
}

/// A folder with `counts` images in each class, named `0000.jpg` onwards.
pub(crate) fn class_folders(root: &Path, counts: &[(&str, usize)]) {
    for (class, count) in counts {
        for number in 0..*count {
            let image = jpeg(4, 4, [number as u8, 0, 0]);
            write(root, &format!("{class}/{number:04}.jpg"), &image);
        }
    }
}

/// The value of a fixture image as the archive's planes hold it; see `fixtures/README.md`.
pub(crate) fn fixture_value(image: usize, channel: usize, row: usize, column: usize) -> u8 {
    ((37 * image + 85 * channel + 7 * row + 3 * column) % 256) as u8
}

/// The pixels of a fixture image: height × width × RGB.
pub(crate) fn fixture_pixels(image: usize) -> Vec<u8> {
    let mut pixels = Vec::new();
    for row in 0..32 {
        for column in 0..32 {
            pixels.extend((0..3).map(|channel| fixture_value(image, channel, row, column)));
        }
    }
    pixels
}

/// A record of CIFAR-10's binary archive with a fixture image.
pub(crate) fn binary_record(label: u8, image: usize) -> Vec<u8> {
    let mut record = vec![label];
    for channel in 0..3 {
        for row in 0..32 {
            record.extend((0..32).map(|column| fixture_value(image, channel, row, column)));
        }
    }
    record
}

/// The binary archive of the same images as the Python fixture.
pub(crate) fn binary_archive(root: &Path) {
    let batch = |images: std::ops::Range<usize>| -> Vec<u8> {
        images
            .flat_map(|image| binary_record((7 * image % 10) as u8, image))
            .collect()
    };
    write(root, "data_batch_1.bin", &batch(0..6));
    write(root, "data_batch_2.bin", &batch(6..11));
    write(root, "test_batch.bin", &batch(100..104));
    let names = "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n";
    write(root, "batches.meta.txt", names.as_bytes());
}

/// Tiny ImageNet's tree with two classes.
pub(crate) fn tiny_imagenet(root: &Path) {
    write(root, "wnids.txt", b"n02\nn01\n");
    write(
        root,
        "words.txt",
        b"n01\tgoldfish, Carassius auratus\nn03\tnothing\n",
    );
    for class in ["n01", "n02"] {
        for number in 0..3 {
            let path = format!("train/{class}/images/{class}_{number}.JPEG");
            write(root, &path, &jpeg(4, 4, [number, 9, 9]));
        }
        write(root, &format!("train/{class}/{class}_boxes.txt"), b"box");
    }
    write(root, "val/images/val_0.JPEG", &jpeg(4, 4, [1, 1, 1]));
    write(root, "val/images/val_1.JPEG", &jpeg(4, 4, [2, 2, 2]));
    write(
        root,
        "val/val_annotations.txt",
        b"val_0.JPEG\tn01\t0\t32\t44\t62\nval_1.JPEG\tn02\t0\t0\t3\t3\n",
    );
    write(root, "test/images/test_0.JPEG", &jpeg(4, 4, [3, 3, 3]));
}
