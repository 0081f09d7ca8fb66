//! The demo set, and what inspecting says of a set.

use crate::made_sets::{binary_archive, folder, jpeg, png, write};
use ielade_core::{OrientationRule, Payload, Split};
use ielade_dataset::{
    DataSet, DemoOptions, InspectOptions, Inspection, OpenOptions, SampleBuffer, inspect,
};
use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

fn inspected(root: &Path) -> Inspection {
    let data_set = DataSet::open(root, &OpenOptions::default()).unwrap();
    inspect(&data_set, &InspectOptions::default(), &|_, _| {})
}

/// A JPEG that says of itself that it lies on its side (EXIF orientation 6).
fn turned_jpeg(height: u32, width: u32) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01".to_vec();
    exif.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, exif.len() as u8 + 2];
    bytes.extend(exif);
    bytes.extend(&jpeg(height, width, [9, 9, 9])[2..]);
    bytes
}

#[test]
fn everything_about_a_folder_is_said() {
    let root = folder();
    let whole = jpeg(10, 20, [200, 10, 10]);
    write(root.path(), "cat/1.jpg", &whole);
    write(root.path(), "cat/2.png", &png(30, 40, [0, 0, 0]));
    write(root.path(), "cat/3.jpg", &turned_jpeg(50, 60));
    write(root.path(), "dog/1.jpg", &whole);
    write(root.path(), "dog/empty.jpg", b"");
    write(root.path(), "dog/cut off.jpg", &whole[..whole.len() / 2]);
    write(root.path(), "dog/text.jpg", b"hello there");
    let inspection = inspected(root.path());
    assert_eq!(inspection.images, 7);
    assert_eq!(inspection.formats["jpeg"], 3);
    assert_eq!(inspection.formats["png"], 1);
    assert_eq!(inspection.exif_turned, 1);
    let sizes = inspection.sizes.as_ref().unwrap();
    assert_eq!((sizes.height.min, sizes.height.max), (10, 60));
    assert_eq!((sizes.width.min, sizes.width.max), (20, 50));
    assert_eq!((sizes.pixels.median, sizes.pixels.max), (700.0, 3000));
    let balance = inspection.balance.as_ref().unwrap();
    assert_eq!((balance.min, balance.max), (3, 4));
    let mut broken: Vec<&str> = inspection.broken.iter().map(|b| b.key.as_str()).collect();
    broken.sort_unstable();
    assert_eq!(broken, ["dog/cut off.jpg", "dog/empty.jpg", "dog/text.jpg"]);

    let page = inspection.to_string();
    assert!(page.contains("dog/empty.jpg: is empty"), "{page}");
    assert!(
        page.contains(r#"dog/text.jpg: is not an image: it starts with "hello there""#),
        "{page}"
    );
    assert!(
        page.contains("balance: from 3 (cat) to 4 (dog), ratio 1.33"),
        "{page}"
    );
    let json = serde_json::to_value(&inspection).unwrap();
    assert_eq!(json["broken"].as_array().unwrap().len(), 3);
    assert_eq!(json["sizes"]["pixels"]["max"], 3000);
}

#[test]
fn progress_reaches_the_number_of_samples() {
    let root = folder();
    binary_archive(root.path());
    let data_set = DataSet::open(root.path(), &OpenOptions::default()).unwrap();
    let (calls, last) = (AtomicU64::new(0), AtomicU64::new(0));
    let inspection = inspect(&data_set, &InspectOptions { threads: 2 }, &|done, total| {
        assert_eq!(total, 15);
        calls.fetch_add(1, Ordering::Relaxed);
        last.fetch_max(done, Ordering::Relaxed);
    });
    assert_eq!((calls.into_inner(), last.into_inner()), (15, 15));
    assert_eq!(inspection.formats["raw"], 15);
    assert_eq!(inspection.sizes.unwrap().bytes.total, 15 * 3072);
}

#[test]
fn many_classes_are_printed_by_their_extremes() {
    let root = folder();
    for class in 0..50 {
        for number in 0..=class {
            write(root.path(), &format!("c{class:02}/{number}.jpg"), b"x");
        }
    }
    let page = inspected(root.path()).to_string();
    assert!(page.contains("... 30 classes between"), "{page}");
    assert!(page.contains("\nc49 ") && page.contains("\nc00 "), "{page}");
    assert!(!page.contains("\nc25 "), "{page}");
    assert!(page.contains("broken files: 1,275"), "{page}");
    assert!(page.contains("... and 1255 more"), "{page}");
}

#[test]
fn the_demo_set_is_whole_and_balanced() {
    let demo = DataSet::demo(DemoOptions {
        train: 95,
        test: 20,
        seed: 3,
    });
    assert_eq!(demo.source(), "demo (seed 3)");
    let inspection = inspect(&demo, &InspectOptions::default(), &|_, _| {});
    assert_eq!((inspection.images, inspection.broken.len()), (115, 0));
    assert_eq!(inspection.formats["jpeg"], 115);
    let train: Vec<u64> = inspection
        .classes
        .iter()
        .map(|class| class.images[0])
        .collect();
    assert_eq!(train, [10, 10, 10, 10, 10, 9, 9, 9, 9, 9]);
    let pixels = inspection.sizes.unwrap().pixels;
    assert_eq!((pixels.min, pixels.max), (1024, 1024));
}

#[test]
fn demo_images_are_the_same_in_any_order_and_differ_by_seed_and_split() {
    let bytes = |seed: u64, split: Split, index: usize| {
        let demo = DataSet::demo(DemoOptions {
            seed,
            ..DemoOptions::default()
        });
        let mut buffer = SampleBuffer::default();
        let samples = demo.split(split).unwrap();
        samples
            .read(index, &mut buffer)
            .unwrap()
            .payload
            .bytes()
            .to_vec()
    };
    let image = bytes(0, Split::Train, 7);
    assert_eq!(image, bytes(0, Split::Train, 7));
    assert_ne!(image, bytes(1, Split::Train, 7));
    assert_ne!(image, bytes(0, Split::Test, 7));
    assert_ne!(image, bytes(0, Split::Train, 8));
}

#[test]
fn demo_keys_are_sorted_as_a_folder_of_them_would_be() {
    let demo = DataSet::demo(DemoOptions::default());
    let test = demo.split(Split::Test).unwrap();
    let keys: Vec<&str> = (0..test.len()).map(|i| test.key(i)).collect();
    assert!(keys.is_sorted());
    assert!(demo.classes().is_sorted());
    let mut buffer = SampleBuffer::default();
    let sample = test.read(499, &mut buffer).unwrap();
    assert_eq!(
        (sample.key, sample.label),
        ("test/triangle/00049.jpg", Some(9))
    );
}

#[test]
fn a_nearest_neighbour_finds_the_demo_classes_better_than_chance() {
    let demo = DataSet::demo(DemoOptions {
        train: 600,
        test: 100,
        seed: 0,
    });
    let decode = |split: Split| -> Vec<(u32, Vec<u8>)> {
        let samples = demo.split(split).unwrap();
        let mut buffer = SampleBuffer::default();
        let mut decoder = ielade_codec::Decoder::new(OrientationRule::Ignore);
        (0..samples.len())
            .map(|index| {
                let sample = samples.read(index, &mut buffer).unwrap();
                let Payload::Encoded { encoding, bytes } = sample.payload else {
                    panic!("the demo set gives JPEG");
                };
                let (pixels, _) = decoder.decode(encoding, bytes).unwrap();
                (sample.label.unwrap(), pixels.to_vec())
            })
            .collect()
    };
    let (train, test) = (decode(Split::Train), decode(Split::Test));
    let distance = |a: &[u8], b: &[u8]| -> u64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
            .sum()
    };
    let right = test.iter().filter(|(label, pixels)| {
        let nearest = train
            .iter()
            .min_by_key(|(_, other)| distance(pixels, other));
        nearest.is_some_and(|(found, _)| found == label)
    });
    // Chance gives 10 of 100; 20 or more by chance happens twice in a thousand.
    let right = right.count();
    assert!((20..95).contains(&right), "{right} of 100");
}
