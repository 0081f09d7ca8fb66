//! The real sets: fetched from a local server, opened and inspected.

use ielade_core::Split;
use ielade_dataset::{
    DataSet, InspectOptions, OpenOptions, SampleBuffer, SplitSamples,
    fetch::{Checksum, FetchOptions, KnownSet, fetch},
    inspect,
};
use ielade_testing::{
    real_images, run,
    server::{Reply, TestServer},
    test,
};
use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    run(vec![
        test(
            "tiny_imagenet_is_fetched_and_opened",
            real_images("tiny-imagenet-200-subset.zip"),
            |archive| tiny_imagenet_is_fetched_and_opened(archive),
        ),
        test(
            "face_masks_are_fetched_and_inspected",
            real_images("face-masks.zip"),
            |archive| face_masks_are_fetched_and_inspected(archive),
        ),
    ])
}

fn fetched(set: KnownSet, archive: &Path, target: &Path) -> DataSet {
    let content = std::fs::read(archive).unwrap();
    // The first connection breaks off in the middle.
    let server = TestServer::start(move |number, request| {
        let reply = Reply::of(&content, request);
        if number == 0 {
            let half = content.len() / 2;
            reply.cut_after(half)
        } else {
            reply
        }
    });
    let options = FetchOptions {
        url: Some(server.url()),
        checksum: Checksum::Unchecked,
        pause: std::time::Duration::ZERO,
        ..FetchOptions::default()
    };
    let path = fetch(set, target, &options, &mut |_| {}).unwrap();
    assert_eq!(server.requests().len(), 2);
    DataSet::open(&path, &OpenOptions::default()).unwrap()
}

fn tiny_imagenet_is_fetched_and_opened(archive: &Path) {
    let target = tempfile::tempdir().unwrap();
    let data_set = fetched(KnownSet::TinyImagenet, archive, target.path());
    let sizes = Split::ALL.map(|split| data_set.split(split).map_or(0, SplitSamples::len));
    assert_eq!(sizes, [20_000, 2_000, 500]);
    assert_eq!(data_set.classes().len(), 200);
    assert_eq!(data_set.evaluation_split(), Some(Split::Val));
    assert!(data_set.class_descriptions().iter().all(Option::is_some));
    assert!(data_set.notes().is_empty(), "{:?}", data_set.notes());
    let inspection = inspect(&data_set, &InspectOptions::default(), &|_, _| {});
    assert!(inspection.broken.is_empty(), "{:?}", inspection.broken);
    let gray = inspection.colour_modes["gray"];
    assert!(
        (300..700).contains(&gray),
        "about 2 % are grayscale, not {gray}"
    );
    let balance = inspection.balance.unwrap();
    assert_eq!((balance.min, balance.max), (110, 110));
}

fn face_masks_are_fetched_and_inspected(archive: &Path) {
    let target = tempfile::tempdir().unwrap();
    let data_set = fetched(KnownSet::FaceMasks, archive, target.path());
    assert_eq!(data_set.classes(), ["with_mask", "without_mask"]);
    let mut buffer = SampleBuffer::default();
    let mut counts = [0, 0];
    for split in data_set.splits() {
        let samples = data_set.split(split).unwrap();
        for index in 0..samples.len() {
            let sample = samples.read(index, &mut buffer).unwrap();
            counts[sample.label.unwrap() as usize] += 1;
        }
    }
    assert_eq!(counts, [690, 686]);
    let inspection = inspect(&data_set, &InspectOptions::default(), &|_, _| {});
    assert!(inspection.broken.is_empty(), "{:?}", inspection.broken);
    // The same numbers by Pillow 12.
    let sizes = inspection.sizes.unwrap();
    assert_eq!(
        (sizes.width.min, sizes.width.median, sizes.width.max),
        (110, 320.0, 3456)
    );
    assert_eq!(
        (sizes.height.min, sizes.height.median, sizes.height.max),
        (141, 428.0, 4608)
    );
    assert_eq!(
        (sizes.pixels.median, sizes.pixels.max),
        (136_960.0, 15_925_248)
    );
    assert!((sizes.width.mean - 334.432_412_790_697_7).abs() < 1e-9);
    assert_eq!(
        (inspection.colour_modes["rgb"], inspection.exif_turned),
        (1376, 0)
    );
}
