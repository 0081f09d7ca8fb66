//! CIFAR-10's two archives and Tiny ImageNet's tree, small, with known content.

use crate::made_sets::{
    binary_archive, binary_record, fixture_pixels, folder, tiny_imagenet, write,
};
use ielade_core::{ImageSpec, Payload, Split};
use ielade_dataset::{DataSet, DataSetError, OpenOptions, SampleBuffer, SourceKind};
use proptest::prelude::*;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn open(root: &Path) -> Result<DataSet, DataSetError> {
    DataSet::open(root, &OpenOptions::default())
}

fn refusal(root: &Path) -> String {
    open(root).unwrap_err().to_string()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Every image is the fixture's, with its label; `first` is the number of the first one.
fn assert_fixture_images(data_set: &DataSet, split: Split, first: usize, count: usize) {
    let samples = data_set.split(split).unwrap();
    assert_eq!(samples.len(), count);
    let mut buffer = SampleBuffer::default();
    for index in 0..count {
        let image = first + index;
        let sample = samples.read(index, &mut buffer).unwrap();
        assert_eq!(sample.label, Some((7 * image % 10) as u32));
        let Payload::PixelsU8 { spec, values } = sample.payload else {
            panic!("{:?}", sample.payload);
        };
        assert_eq!(spec, ImageSpec::rgb(32, 32));
        assert!(values == fixture_pixels(image), "image {image} of {split}");
    }
}

fn all_keys(data_set: &DataSet) -> Vec<String> {
    let splits = data_set
        .splits()
        .map(|split| data_set.split(split).unwrap());
    splits
        .flat_map(|samples| (0..samples.len()).map(|i| samples.key(i).to_owned()))
        .collect()
}

#[test]
fn the_binary_archive_is_read() {
    let root = folder();
    binary_archive(root.path());
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.kind(), SourceKind::CifarBinary);
    assert_eq!(
        (data_set.name(), data_set.classes()[9].as_str()),
        ("cifar10", "truck")
    );
    assert_fixture_images(&data_set, Split::Train, 0, 11);
    assert_fixture_images(&data_set, Split::Test, 100, 4);
    let train = data_set.split(Split::Train).unwrap();
    assert_eq!(train.key(7), "train/data_batch_2/00001");
    assert!(data_set.notes().is_empty());
}

#[test]
fn the_python_archive_is_read() {
    let data_set = open(&fixture("cifar-10-batches-py")).unwrap();
    assert_eq!(data_set.kind(), SourceKind::CifarPython);
    assert_eq!(data_set.classes()[0], "airplane");
    assert_fixture_images(&data_set, Split::Train, 0, 11);
    assert_fixture_images(&data_set, Split::Test, 100, 4);
}

#[test]
fn both_archives_give_the_same_keys() {
    let root = folder();
    binary_archive(root.path());
    let binary = open(root.path()).unwrap();
    let python = open(&fixture("cifar-10-batches-py")).unwrap();
    assert_eq!(all_keys(&binary), all_keys(&python));
}

#[test]
fn batches_of_every_python_and_protocol_are_read() {
    for writer in [
        "python2-protocol0",
        "python2-protocol1",
        "python3-protocol0",
        "python3-protocol2",
        "python3-protocol3",
        "python3-protocol4",
        "python3-protocol5",
    ] {
        let root = folder();
        let batch = fs::read(fixture("cifar10-batch").join(writer)).unwrap();
        write(root.path(), "data_batch_1", &batch);
        let data_set = open(root.path()).unwrap_or_else(|error| panic!("{writer}: {error}"));
        assert_fixture_images(&data_set, Split::Train, 0, 2);
        let notes = data_set.notes().join("\n");
        assert!(notes.contains("no batches.meta"), "{notes}");
        assert!(notes.contains("no test_batch"), "{notes}");
    }
}

#[test]
fn a_binary_batch_that_was_cut_off_is_refused_by_name() {
    let root = folder();
    binary_archive(root.path());
    let path = root.path().join("data_batch_2.bin");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let reason = refusal(root.path());
    assert!(
        reason.contains("data_batch_2.bin has 15364 bytes, which is no multiple of the 3073"),
        "{reason}"
    );
    fs::write(&path, b"").unwrap();
    assert!(refusal(root.path()).contains("data_batch_2.bin is empty"));
}

#[test]
fn a_label_beyond_the_classes_is_refused_with_its_place() {
    let root = folder();
    binary_archive(root.path());
    let batch = [binary_record(0, 0), binary_record(10, 1)].concat();
    write(root.path(), "test_batch.bin", &batch);
    let reason = refusal(root.path());
    assert!(
        reason.contains("test_batch.bin has the label 10 at byte 3073"),
        "{reason}"
    );
}

#[test]
fn an_archive_without_training_batches_or_with_few_names_is_refused() {
    let root = folder();
    binary_archive(root.path());
    write(root.path(), "batches.meta.txt", b"cat\ndog\n");
    assert!(refusal(root.path()).contains("batches.meta.txt: names 2 classes"));
    fs::remove_file(root.path().join("data_batch_1.bin")).unwrap();
    fs::remove_file(root.path().join("data_batch_2.bin")).unwrap();
    let reason = refusal(root.path());
    assert!(reason.contains("data_batch_1.bin is missing"), "{reason}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_python_batch_is_read_or_refused(
        place in 0_usize..18_785, value: u8, length in 0_usize..18_785, cut: bool
    ) {
        let mut bytes = fs::read(fixture("cifar-10-batches-py/data_batch_1")).unwrap();
        bytes[place] = value;
        if cut {
            bytes.truncate(length);
        }
        let root = folder();
        write(root.path(), "data_batch_1", &bytes);
        if let Ok(data_set) = open(root.path()) {
            let train = data_set.split(Split::Train).unwrap();
            let mut buffer = SampleBuffer::default();
            for index in 0..train.len() {
                train.read(index, &mut buffer).unwrap();
            }
        }
        if cut {
            let reason = open(root.path()).unwrap_err().to_string();
            prop_assert!(reason.contains("data_batch_1"), "{}", reason);
        }
    }
}

#[test]
fn a_python_batch_that_wants_to_run_something_is_refused() {
    let root = folder();
    write(root.path(), "data_batch_1", b"cos\nsystem\n(S'true'\ntR.");
    let reason = refusal(root.path());
    assert!(reason.contains("data_batch_1"), "{reason}");
    assert!(reason.contains("os.system"), "{reason}");
}

#[test]
fn a_pickle_that_is_no_batch_is_refused() {
    let root = folder();
    write(root.path(), "data_batch_1", b"\x80\x02}.");
    let reason = refusal(root.path());
    assert!(reason.contains("holds no list `labels`"), "{reason}");
}

#[test]
fn tiny_imagenet_is_read_with_its_own_labels() {
    let root = folder();
    tiny_imagenet(root.path());
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.kind(), SourceKind::TinyImagenet);
    assert_eq!(data_set.classes(), ["n02", "n01"]);
    assert_eq!(
        data_set.class_descriptions(),
        [None, Some("goldfish, Carassius auratus".to_owned())]
    );
    assert_eq!(
        all_keys(&data_set)[..4],
        [
            "train/n01/images/n01_0.JPEG",
            "train/n01/images/n01_1.JPEG",
            "train/n01/images/n01_2.JPEG",
            "train/n02/images/n02_0.JPEG"
        ]
    );
    let labels = |split| {
        let samples = data_set.split(split).unwrap();
        (0..samples.len())
            .map(|i| samples.label(i))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        labels(Split::Train)[..4],
        [Some(1), Some(1), Some(1), Some(0)]
    );
    assert_eq!(labels(Split::Val), [Some(1), Some(0)]);
    assert_eq!(labels(Split::Test), [None]);
    assert_eq!(data_set.evaluation_split(), Some(Split::Val));
    assert!(data_set.notes().is_empty(), "{:?}", data_set.notes());
}

#[test]
fn gaps_in_tiny_imagenet_are_named() {
    let root = folder();
    tiny_imagenet(root.path());
    let list = "val/val_annotations.txt";
    write(root.path(), list, b"val_0.JPEG\tn01\n");
    let reason = refusal(root.path());
    assert!(
        reason.contains("has no line for val/images/val_1.JPEG"),
        "{reason}"
    );
    write(root.path(), list, b"val_0.JPEG\tn01\nval_1.JPEG\tn09\n");
    let reason = refusal(root.path());
    assert!(
        reason.contains(r#"line 2: wnids.txt names no class "n09""#),
        "{reason}"
    );
    write(root.path(), list, b"val_0.JPEG n01\n");
    let reason = refusal(root.path());
    assert!(reason.contains("line 1: expected a file name"), "{reason}");
    write(root.path(), "wnids.txt", b"n02\nn01\nn07\n");
    let reason = refusal(root.path());
    assert!(reason.contains("train/n07 is missing"), "{reason}");
}

#[test]
fn val_folders_by_class_replace_the_list() {
    let root = folder();
    tiny_imagenet(root.path());
    fs::remove_dir_all(root.path().join("val")).unwrap();
    for class in ["n01", "n02"] {
        write(
            root.path(),
            &format!("val/{class}/images/{class}.JPEG"),
            b"x",
        );
    }
    let data_set = open(root.path()).unwrap();
    let val = data_set.split(Split::Val).unwrap();
    assert_eq!((val.label(0), val.label(1)), (Some(1), Some(0)));
}
