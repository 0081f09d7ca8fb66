//! Folders of class folders, with all that people's folders hold.

use crate::made_sets::{class_folders, folder, jpeg, png, write};
use ielade_core::{Encoding, Payload, Split};
use ielade_dataset::{DataSet, DataSetError, OpenOptions, SampleBuffer, SourceKind, SplitSamples};
use std::{fs, os::unix::fs::symlink, path::Path};

fn open(root: &Path) -> Result<DataSet, DataSetError> {
    DataSet::open(root, &OpenOptions::default())
}

fn refusal(root: &Path) -> String {
    open(root).unwrap_err().to_string()
}

fn keys(data_set: &DataSet, split: Split) -> Vec<&str> {
    let samples = data_set.split(split).unwrap();
    (0..samples.len()).map(|i| samples.key(i)).collect()
}

fn labels(samples: &SplitSamples) -> Vec<Option<u32>> {
    (0..samples.len()).map(|i| samples.label(i)).collect()
}

#[test]
fn without_split_folders_a_fifth_of_each_class_is_set_aside() {
    let root = folder();
    class_folders(root.path(), &[("dog", 20), ("cat", 10)]);
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.kind(), SourceKind::ClassFolders);
    assert_eq!(data_set.classes(), ["cat", "dog"]);
    let test = data_set.split(Split::Test).unwrap();
    assert_eq!(labels(test), [vec![Some(0); 2], vec![Some(1); 4]].concat());
    let train = data_set.split(Split::Train).unwrap();
    assert_eq!((train.len(), test.len()), (24, 6));
    assert_eq!(data_set.evaluation_split(), Some(Split::Test));
    let mut all = keys(&data_set, Split::Train);
    assert!(all.is_sorted());
    all.extend(keys(&data_set, Split::Test));
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 30);
    assert_eq!(all[0], "cat/0000.jpg");
    assert_eq!(
        data_set.notes(),
        ["no split folders: 20 % of each class set aside for test (6 of 30 images), seed 0"]
    );
}

#[test]
fn the_same_seed_sets_the_same_aside_whatever_the_order_of_writing() {
    let (first, second) = (folder(), folder());
    class_folders(first.path(), &[("a", 30), ("b", 30)]);
    for number in (0..30).rev() {
        for class in ["b", "a"] {
            write(second.path(), &format!("{class}/{number:04}.jpg"), b"x");
        }
    }
    let (first, second) = (open(first.path()).unwrap(), open(second.path()).unwrap());
    assert_eq!(keys(&first, Split::Test), keys(&second, Split::Test));
}

#[test]
fn split_folders_under_their_usual_names_are_taken() {
    let root = folder();
    for (split, count) in [("Train", 3), ("valid", 2), ("test", 1)] {
        for class in ["cat", "dog"] {
            class_folders(&root.path().join(split), &[(class, count)]);
        }
    }
    let data_set = open(root.path()).unwrap();
    let splits: Vec<Split> = data_set.splits().collect();
    assert_eq!(splits, Split::ALL);
    assert_eq!(keys(&data_set, Split::Val)[2], "valid/dog/0000.jpg");
    assert_eq!(data_set.split(Split::Train).unwrap().len(), 6);
    assert!(data_set.notes().is_empty(), "{:?}", data_set.notes());
}

#[test]
fn without_a_test_folder_val_stays_val_and_is_evaluated_on() {
    let root = folder();
    class_folders(&root.path().join("train"), &[("cat", 3), ("dog", 3)]);
    class_folders(&root.path().join("validation"), &[("cat", 1), ("dog", 1)]);
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.evaluation_split(), Some(Split::Val));
    assert!(data_set.split(Split::Test).is_none());
    assert_eq!(data_set.split(Split::Train).unwrap().len(), 6);
}

#[test]
fn an_unlabelled_test_folder_leaves_val_to_be_set_aside() {
    let root = folder();
    class_folders(&root.path().join("train"), &[("cat", 10), ("dog", 10)]);
    class_folders(root.path(), &[("test", 3)]);
    let data_set = open(root.path()).unwrap();
    let test = data_set.split(Split::Test).unwrap();
    assert_eq!(labels(test), [None; 3]);
    assert!(!test.has_labels());
    assert_eq!(data_set.evaluation_split(), Some(Split::Val));
    assert_eq!(data_set.split(Split::Val).unwrap().len(), 4);
    let notes = data_set.notes().join("\n");
    assert!(notes.contains("test has no labels"), "{notes}");
}

#[test]
fn a_train_folder_alone_is_parted() {
    let root = folder();
    class_folders(&root.path().join("train"), &[("cat", 10), ("dog", 10)]);
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.classes(), ["cat", "dog"]);
    assert_eq!(data_set.split(Split::Test).unwrap().len(), 4);
    assert!(keys(&data_set, Split::Test)[0].starts_with("train/cat/"));
}

#[test]
fn a_class_may_be_called_train() {
    let root = folder();
    class_folders(root.path(), &[("bus", 5), ("train", 5), ("car", 5)]);
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.classes(), ["bus", "car", "train"]);
}

#[test]
fn real_folders_hold_more_than_images() {
    let root = folder();
    let image = jpeg(4, 4, [5, 5, 5]);
    write(root.path(), "with mask/my photo 1.JPG", &image);
    write(root.path(), "with mask/deeper/still/2.JPEG", &image);
    write(root.path(), "with mask/3.PnG", &png(4, 4, [1, 2, 3]));
    write(root.path(), "with mask/notes.txt", b"notes");
    write(root.path(), "with mask/.hidden.jpg", &image);
    write(root.path(), "without/Thumbs.db", b"db");
    write(root.path(), "without/0.jpg", &image);
    write(root.path(), ".git/x.jpg", &image);
    write(root.path(), "__MACOSX/x.jpg", &image);
    write(root.path(), "loose.jpg", &image);
    let options = OpenOptions {
        test_share: 0.0,
        ..OpenOptions::default()
    };
    let data_set = DataSet::open(root.path(), &options).unwrap();
    assert_eq!(data_set.classes(), ["with mask", "without"]);
    assert_eq!(
        keys(&data_set, Split::Train),
        [
            "with mask/3.PnG",
            "with mask/deeper/still/2.JPEG",
            "with mask/my photo 1.JPG",
            "without/0.jpg"
        ]
    );
    let notes = data_set.notes().join("\n");
    assert!(
        notes.contains(
            "skipped 2 files that are no image by name: with mask/notes.txt, without/Thumbs.db"
        ),
        "{notes}"
    );
    assert!(notes.contains("left out 1 image outside"), "{notes}");

    let train = data_set.split(Split::Train).unwrap();
    let mut buffer = SampleBuffer::default();
    let png_sample = train.read(0, &mut buffer).unwrap();
    assert_eq!(png_sample.payload.encoding(), Encoding::Png);
    let sample = train.read(2, &mut buffer).unwrap();
    assert_eq!(
        (sample.key, sample.label),
        ("with mask/my photo 1.JPG", Some(0))
    );
    assert!(
        matches!(sample.payload, Payload::Encoded { encoding: Encoding::Jpeg, bytes } if bytes == image)
    );
}

#[test]
fn files_that_are_no_images_are_listed_and_refused_by_name_when_read() {
    let root = folder();
    write(root.path(), "cat/1.jpg", b"just some text, no image");
    write(root.path(), "cat/2.jpg", b"");
    write(root.path(), "cat/3.gif", b"GIF89a and so on");
    write(root.path(), "cat/4.jpg", &png(2, 2, [0; 3]));
    symlink("nowhere.jpg", root.path().join("cat/5.jpg")).unwrap();
    write(root.path(), "dog/1.jpg", &jpeg(2, 2, [0; 3]));
    let options = OpenOptions {
        test_share: 0.0,
        ..OpenOptions::default()
    };
    let data_set = DataSet::open(root.path(), &options).unwrap();
    let train = data_set.split(Split::Train).unwrap();
    assert_eq!(train.len(), 6);
    let mut buffer = SampleBuffer::default();
    let mut reason = |index| train.read(index, &mut buffer).unwrap_err().to_string();
    assert!(
        reason(0).ends_with(r#"cat/1.jpg is not an image: it starts with "just some text, ""#),
        "{}",
        reason(0)
    );
    assert!(reason(1).ends_with("cat/2.jpg is empty"), "{}", reason(1));
    assert!(
        reason(2).contains("cat/3.gif is a gif image"),
        "{}",
        reason(2)
    );
    assert!(reason(4).contains("cat/5.jpg"), "{}", reason(4));
    assert!(reason(6).contains("no sample 6"), "{}", reason(6));
    // A PNG under the name of a JPEG is what it is.
    let sample = train.read(3, &mut buffer).unwrap();
    assert_eq!(sample.payload.encoding(), Encoding::Png);
}

#[test]
fn a_class_folder_without_images_is_refused_by_name_or_kept_when_asked() {
    let root = folder();
    class_folders(root.path(), &[("cat", 5)]);
    write(root.path(), "dog/readme.txt", b"soon");
    let reason = refusal(root.path());
    assert!(reason.contains("dog holds no images"), "{reason}");
    let options = OpenOptions {
        allow_empty_classes: true,
        ..OpenOptions::default()
    };
    let data_set = DataSet::open(root.path(), &options).unwrap();
    assert_eq!(data_set.classes(), ["cat", "dog"]);
    let notes = data_set.notes().join("\n");
    assert!(notes.contains("class folders without images"), "{notes}");
}

#[test]
fn folders_that_hold_no_data_set_are_refused_with_a_hint() {
    let root = folder();
    let reason = refusal(&root.path().join("nowhere"));
    assert!(reason.contains("nowhere does not exist"), "{reason}");
    assert!(refusal(root.path()).contains("holds no images"));
    write(root.path(), "1.jpg", b"x");
    write(root.path(), "2.jpg", b"x");
    let reason = refusal(root.path());
    assert!(
        reason.contains("holds 2 images, but no class folders; put"),
        "{reason}"
    );
    let reason = refusal(&root.path().join("1.jpg"));
    assert!(reason.contains("is a file, not a folder"), "{reason}");
    write(root.path(), "set.zip", b"PK");
    let reason = refusal(&root.path().join("set.zip"));
    assert!(reason.contains("unpack it first"), "{reason}");
}

#[test]
fn a_folder_around_the_data_set_will_do() {
    let root = folder();
    class_folders(&root.path().join("archive"), &[("cat", 5), ("dog", 5)]);
    write(root.path(), "readme.txt", b"hello");
    let data_set = open(root.path()).unwrap();
    assert_eq!((data_set.name(), data_set.classes().len()), ("archive", 2));
    assert!(data_set.notes()[0].contains("in the folder archive"));
}

#[test]
fn two_folders_for_one_split_are_refused() {
    let root = folder();
    for split in ["train", "val", "valid"] {
        class_folders(&root.path().join(split), &[("cat", 2)]);
    }
    let reason = refusal(root.path());
    assert!(reason.contains("both name the val split"), "{reason}");
}

#[test]
fn a_link_that_leads_back_is_noted_and_not_followed_for_ever() {
    let root = folder();
    class_folders(root.path(), &[("cat", 5), ("dog", 5)]);
    symlink("..", root.path().join("cat/up")).unwrap();
    let data_set = open(root.path()).unwrap();
    let notes = data_set.notes().join("\n");
    assert!(notes.contains("lead back to themselves"), "{notes}");
    assert!(notes.contains("cat/up"), "{notes}");
    assert_eq!(data_set.split(Split::Train).unwrap().len(), 8);
}

#[test]
fn classes_missing_in_a_split_are_noted() {
    let root = folder();
    class_folders(&root.path().join("train"), &[("cat", 2), ("dog", 2)]);
    class_folders(&root.path().join("test"), &[("cat", 2), ("owl", 2)]);
    let data_set = open(root.path()).unwrap();
    assert_eq!(data_set.classes(), ["cat", "dog", "owl"]);
    assert_eq!(
        data_set.notes(),
        [
            "train has no folder for these classes: owl",
            "test has no folder for these classes: dog"
        ]
    );
}

#[test]
fn a_share_out_of_range_is_refused() {
    let root = folder();
    class_folders(root.path(), &[("cat", 2)]);
    for test_share in [-0.1, 1.0, f64::NAN] {
        let options = OpenOptions {
            test_share,
            ..OpenOptions::default()
        };
        let reason = DataSet::open(root.path(), &options)
            .unwrap_err()
            .to_string();
        assert!(reason.contains("below 1"), "{reason}");
    }
}

#[test]
fn many_threads_read_at_once() {
    let root = folder();
    class_folders(root.path(), &[("cat", 40), ("dog", 40)]);
    let data_set = open(root.path()).unwrap();
    let train = data_set.split(Split::Train).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut buffer = SampleBuffer::default();
                for index in 0..train.len() {
                    let sample = train.read(index, &mut buffer).unwrap();
                    let file = fs::read(root.path().join(train.key(index))).unwrap();
                    assert_eq!(sample.payload.bytes(), file);
                }
            });
        }
    });
}
