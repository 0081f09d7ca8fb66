//! Files that others wrote, in every form that is allowed and in many that are not.

use super::{
    frame::{head, masked},
    wire::push_varint,
};
use crate::{ForeignStore, LayoutError, open_any};
use ielade_codec::ThreadContext;
use ielade_core::ForeignNames;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A field with a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    push_varint(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

fn feature(name: &str, list: u8, values: &[u8]) -> Vec<u8> {
    let named = [field(1, name.as_bytes()), field(2, &field(list, values))];
    field(1, &named.concat())
}

fn bytes(name: &str, value: &[u8]) -> Vec<u8> {
    feature(name, 1, &field(1, value))
}

fn floats(name: &str, values: &[f32]) -> Vec<u8> {
    let packed: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    feature(name, 2, &field(1, &packed))
}

fn ints(name: &str, values: &[i64]) -> Vec<u8> {
    let mut packed = Vec::new();
    for value in values {
        push_varint(&mut packed, *value as u64);
    }
    feature(name, 3, &field(1, &packed))
}

/// As written by hand: each number a field of its own.
fn unpacked_ints(name: &str, values: &[i64]) -> Vec<u8> {
    let mut fields = Vec::new();
    for value in values {
        fields.push(1 << 3);
        push_varint(&mut fields, *value as u64);
    }
    feature(name, 3, &fields)
}

fn example(features: &[Vec<u8>]) -> Vec<u8> {
    field(1, &features.concat())
}

fn framed(record: &[u8]) -> Vec<u8> {
    let mut frame = head(record.len() as u64).to_vec();
    frame.extend_from_slice(record);
    frame.extend(masked(crc32c::crc32c(record)).to_le_bytes());
    frame
}

/// What starts as a JPEG does.
const IMAGE: &[u8] = b"\xff\xd8\xff an image";

fn sound(label: i64) -> Vec<u8> {
    example(&[ints("label", &[label]), bytes("image", IMAGE)])
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("a.tfrecord")
    }

    fn open(&self, content: &[u8]) -> Result<ForeignStore, LayoutError> {
        fs::write(self.path(), content).unwrap();
        // The same size within the clock's step would be taken for the same file.
        let _ = fs::remove_file(self.path().with_file_name("a.tfrecord.ielade-index"));
        open_any(&self.path(), &ForeignNames::default())
    }

    fn open_records(&self, records: &[Vec<u8>]) -> Result<ForeignStore, LayoutError> {
        let frames: Vec<Vec<u8>> = records.iter().map(|record| framed(record)).collect();
        self.open(&frames.concat())
    }

    fn refused(&self, content: &[u8]) -> String {
        let error = self.open(content).unwrap_err().to_string();
        assert!(error.contains("a.tfrecord"), "{error}");
        error
    }

    fn refused_records(&self, records: &[Vec<u8>]) -> String {
        let error = self.open_records(records).unwrap_err().to_string();
        assert!(error.contains("a.tfrecord"), "{error}");
        error
    }
}

/// Label and bytes of every sample.
fn samples(store: &ForeignStore) -> Vec<(Option<u32>, Vec<u8>)> {
    let mut context = ThreadContext::default();
    (0..store.reader.manifest().count)
        .map(|index| {
            let sample = store.reader.sample(index, &mut context).unwrap();
            (sample.label, sample.payload.bytes().to_vec())
        })
        .collect()
}

#[test]
fn records_of_every_allowed_form_are_read() {
    let image = || bytes("image", IMAGE);
    let label = || ints("label", &[7]);
    let backwards = {
        let named = [field(2, &field(1, &field(1, IMAGE))), field(1, b"image")];
        field(1, &named.concat())
    };
    let unknown = [&field(99, b"something")[..], &[12 << 3, 5], &sound(7)].concat();
    let folder = Folder::new();
    for record in [
        example(&[label(), image()]),
        example(&[image(), label()]),
        example(&[image(), unpacked_ints("label", &[7])]),
        example(&[backwards, label()]),
        // Maps in several pieces are one map.
        [example(&[label()]), example(&[image()])].concat(),
        unknown,
        example(&[
            label(),
            image(),
            feature("empty", 1, b""),
            floats("f", &[1.5]),
        ]),
        example(&[label(), image(), field(1, &field(1, b"none"))]),
    ] {
        let store = folder.open_records(&[record.clone(), record]).unwrap();
        assert_eq!(samples(&store), vec![(Some(7), IMAGE.to_vec()); 2]);
    }
}

#[test]
fn a_record_without_a_label_has_none() {
    let folder = Folder::new();
    let unlabelled = [
        example(&[bytes("image", IMAGE)]),
        example(&[bytes("image", IMAGE), ints("label", &[])]),
        sound(-1),
    ];
    for record in unlabelled {
        let store = folder.open_records(&[sound(0), record]).unwrap();
        let labels: Vec<Option<u32>> = samples(&store).iter().map(|(label, _)| *label).collect();
        assert_eq!(labels, [Some(0), None]);
    }
    let store = folder
        .open_records(&[example(&[bytes("image", IMAGE)])])
        .unwrap();
    assert!(
        store
            .guesses
            .iter()
            .any(|guess| guess.contains("no labels"))
    );
}

#[test]
fn arrays_are_read_by_what_tells_their_size() {
    let folder = Folder::new();
    let pixels: Vec<u8> = (0..108).collect();
    for (size, expected) in [
        (vec![ints("image/shape", &[4, 9, 3])], "4×9×3"),
        (
            vec![
                ints("image/shape", &[9, 4, 3]),
                bytes("image/dtype", b"uint8"),
            ],
            "9×4×3",
        ),
        (
            vec![
                ints("height", &[3]),
                ints("width", &[12]),
                ints("depth", &[3]),
            ],
            "3×12×3",
        ),
        (
            vec![
                ints("image/height", &[9]),
                ints("image/width", &[4]),
                ints("image/channels", &[3]),
            ],
            "9×4×3",
        ),
        (vec![], "6×6×3"),
    ] {
        let record = example(&[size, vec![bytes("image", &pixels), ints("label", &[0])]].concat());
        let store = folder.open_records(&[record]).unwrap();
        let shape = store.reader.manifest().shape.to_string();
        assert_eq!(shape, expected);
        assert_eq!(samples(&store), [(Some(0), pixels.clone())]);
    }
    let values: Vec<f32> = (0..108).map(|value| value as f32).collect();
    let record = example(&[floats("image", &values), ints("image/shape", &[3, 4, 9])]);
    let store = folder.open_records(&[record]).unwrap();
    let expected: &[u8] = bytemuck::cast_slice(&values);
    assert_eq!(samples(&store), [(None, expected.to_vec())]);
}

#[test]
fn arrays_of_tensorflow_datasets_are_read_by_its_features() {
    let folder = Folder::new();
    let write = |content: &str| {
        let path = folder.path().with_file_name("features.json");
        fs::write(path, content).unwrap();
    };
    write(
        r#"{"featuresDict": {"features": {"image": {"tensor":
            {"dtype": "uint16", "shape": {"dimensions": ["2", "9", "3"]}}}}}}"#,
    );
    let record = example(&[bytes("image", &[1; 108]), ints("label", &[1])]);
    let store = folder.open_records(std::slice::from_ref(&record)).unwrap();
    let manifest = store.reader.manifest();
    assert_eq!(manifest.encoding().to_string(), "u16");
    assert_eq!(manifest.shape.to_string(), "2×9×3");
    write("{");
    let error = folder.open_records(&[record]).unwrap_err().to_string();
    assert!(error.contains("features.json, line 1"), "{error}");
}

#[test]
fn records_that_are_none_are_refused_by_name() {
    let folder = Folder::new();
    let image = || bytes("image", IMAGE);
    let two_lists = {
        let lists = [field(1, &field(1, IMAGE)), field(3, &field(1, &[1]))];
        let named = [field(1, b"image"), field(2, &lists.concat())];
        field(1, &named.concat())
    };
    let two_strings = feature("image", 1, &[field(1, IMAGE), field(1, IMAGE)].concat());
    let unpacked_floats = feature("image", 2, &[1 << 3 | 5, 0, 0, 0, 0]);
    for (record, expected) in [
        (field(2, b""), "tf.train.SequenceExample"),
        (
            example(&[image(), image()]),
            "feature \"image\" is there twice",
        ),
        (
            example(&[image(), ints("label", &[1]), ints("label", &[1])]),
            "\"label\" is there twice",
        ),
        (
            example(&[image(), floats("label", &[1.0])]),
            "\"label\": floats where integers belong",
        ),
        (
            example(&[image(), bytes("label", b"cat")]),
            "\"label\": bytes where integers belong",
        ),
        (
            example(&[image(), ints("label", &[1, 2])]),
            "several integers",
        ),
        (
            example(&[image(), ints("label", &[0; 40])]),
            "more than 16 integers",
        ),
        (
            example(&[image(), ints("label", &[1 << 40])]),
            "too great to be a class",
        ),
        (example(&[image(), ints("label", &[-2])]), "label -2"),
        (
            example(&[ints("image", &[1, 2, 3])]),
            "one integer for each value",
        ),
        (example(&[two_lists]), "a feature of two lists"),
        (example(&[two_strings]), "several strings of bytes"),
        (example(&[unpacked_floats]), "not packed"),
        (
            example(&[bytes("image", b"GIF89a...")]),
            "images in gif are not read",
        ),
        (
            example(&[bytes("other", b"abc"), ints("label", &[1])]),
            "other (bytes), label (integers)",
        ),
        (example(&[]), "none of the features"),
        (Vec::new(), "none of the features"),
    ] {
        let error = folder.refused_records(&[record]);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn arrays_whose_size_does_not_fit_are_refused_by_name() {
    let folder = Folder::new();
    let pixels = |count: usize| bytes("image", &vec![3; count]);
    for (record, expected) in [
        (example(&[pixels(10)]), "10 bytes are no square image"),
        (
            example(&[bytes("image", b"")]),
            "0 bytes are no square image",
        ),
        (
            example(&[pixels(27), ints("image/shape", &[3, 3])]),
            "element type of feature \"image\" is not told",
        ),
        (
            example(&[pixels(27), ints("image/shape", &[i64::MAX, i64::MAX, 3])]),
            "is not told",
        ),
        (
            example(&[
                pixels(27),
                ints("image/shape", &[3, 3, 3]),
                bytes("image/dtype", b"int64"),
            ]),
            "arrays of \"int64\"",
        ),
        (
            example(&[
                pixels(27),
                ints("image/shape", &[4, 3, 3]),
                bytes("image/dtype", b"uint8"),
            ]),
            "has 27 bytes, and",
        ),
        (
            example(&[
                pixels(27),
                ints("image/shape", &[3, 3, 1, 3]),
                bytes("image/dtype", b"uint8"),
            ]),
            "is no image",
        ),
        (
            example(&[
                pixels(27),
                ints("image/shape", &[-3, -3, 3]),
                ints("height", &[1 << 62]),
                ints("width", &[8]),
            ]),
            "is not told",
        ),
    ] {
        let error = folder.refused_records(&[record]);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_later_record_that_is_not_like_the_first_is_refused_by_byte() {
    let folder = Folder::new();
    let array = |shape: &[i64], count| {
        let features = [bytes("image", &vec![3; count]), ints("image/shape", shape)];
        example(&features)
    };
    let first = array(&[3, 4, 3], 36);
    let second_at = framed(&first).len() + 12;
    for (second, expected) in [
        (
            array(&[4, 3, 3], 36),
            "where the first record has [3, 4, 3]",
        ),
        (
            array(&[3, 4, 3], 35),
            "an array of 35 bytes where 36 belong",
        ),
        (
            example(&[ints("image/shape", &[3, 4, 3])]),
            "lacks feature \"image\"",
        ),
        (
            example(&[bytes("image", &[3; 36])]),
            "is [] where the first",
        ),
    ] {
        let error = folder.refused_records(&[first.clone(), second]);
        assert!(error.contains(expected), "{error}");
        let (_, at) = error.split_once("byte ").unwrap();
        let at: usize = at.split(':').next().unwrap().parse().unwrap();
        assert!(at >= second_at, "{error}");
    }
}

#[test]
fn images_of_other_formats_are_counted_and_refused_only_when_read() {
    let folder = Folder::new();
    let png = b"\x89PNG\r\n\x1a\n";
    let other = example(&[bytes("image", png), ints("label", &[0])]);
    let store = folder.open_records(&[sound(0), other, sound(1)]).unwrap();
    let guesses = store.guesses.join("; ");
    assert!(
        guesses.contains("taken for jpeg; 1 are something else (the first is sample 1)"),
        "{guesses}"
    );
}

#[test]
fn a_file_cut_anywhere_but_between_records_is_refused_by_byte() {
    let folder = Folder::new();
    let records = [sound(0), sound(1), sound(2)].map(|record| framed(&record));
    let whole = records.concat();
    let len = records[0].len();
    for kept in 0..whole.len() {
        let kept_bytes = &whole[..kept];
        if kept > 0 && kept % len == 0 {
            let count = folder.open(kept_bytes).unwrap().reader.manifest().count;
            assert_eq!(count as usize, kept / len);
        } else {
            let error = folder.refused(kept_bytes);
            let at = format!("byte {}", kept / len * len);
            assert!(error.contains(&at) || kept == 0, "{kept}: {error}");
        }
    }
}

#[test]
fn no_changed_byte_of_a_file_goes_unnoticed() {
    let folder = Folder::new();
    let whole = [sound(0), sound(1)].map(|record| framed(&record)).concat();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        folder.refused(&changed);
    }
}

#[test]
fn no_changed_byte_of_a_record_makes_the_reader_panic() {
    // With a check sum that fits, as whoever means harm would make it.
    let folder = Folder::new();
    let record = example(&[
        ints("label", &[1]),
        unpacked_ints("image/shape", &[2, 2, 3]),
        bytes("image/dtype", b"uint8"),
        bytes("image", &[1; 12]),
    ]);
    let mut opened = 0;
    for at in 0..record.len() {
        for value in [0, 0x80, 0xff, record[at] ^ 1] {
            let mut changed = record.clone();
            changed[at] = value;
            if let Ok(store) = folder.open_records(&[record.clone(), changed]) {
                opened += samples(&store).len();
            }
        }
    }
    assert!(opened > 0);
}

#[test]
fn compressed_files_are_refused_by_the_byte_they_inflate_to() {
    use std::io::Write;
    let folder = Folder::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut content = [sound(0), sound(1)].map(|record| framed(&record)).concat();
    let last = content.len() - 1;
    content[last] ^= 1;
    encoder.write_all(&content).unwrap();
    let error = folder.refused(&encoder.finish().unwrap());
    let at = format!("byte {}", last - 3);
    assert!(
        error.contains(&at) && error.contains("of the inflated file"),
        "{error}"
    );
}

#[test]
fn a_folder_is_recognised_by_its_shards_and_an_index_by_what_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let set = folder.path().join("set");
    fs::create_dir(&set).unwrap();
    let write = |path: &Path, label| {
        let record = example(&[
            ints("label", &[label]),
            ints("other", &[label + 5]),
            bytes("image", IMAGE),
        ]);
        fs::write(path, framed(&record)).unwrap();
    };
    for shard in 0..3 {
        write(&set.join(format!("x-0000{shard}-of-00003")), shard);
    }
    fs::write(set.join("notes.txt"), "").unwrap();
    let labels = |names: &ForeignNames| {
        let store = open_any(&set, names).unwrap();
        samples(&store)
            .iter()
            .map(|(label, _)| label.unwrap())
            .collect::<Vec<_>>()
    };
    let asked = ForeignNames {
        labels: Some("other".to_owned()),
        ..ForeignNames::default()
    };
    for _ in 0..2 {
        assert_eq!(labels(&ForeignNames::default()), [0, 1, 2]);
        assert_eq!(labels(&asked), [5, 6, 7]);
    }
    fs::remove_file(set.join("x-00001-of-00003")).unwrap();
    let error = open_any(&set, &asked).unwrap_err().to_string();
    assert!(error.contains("shard 1 of 3 is missing"), "{error}");
}
