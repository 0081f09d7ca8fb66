//! Whole files: those that h5py wrote (`tests/files`), read as they are, and read after damage; and
//! those that are written here.

mod hostile;

use super::{CONTAINER, DATA_FILE, IMAGES, LABELS, hierarchy::File, reader::read_labels, samples};
use crate::{open_any, registry::StorePlan, stored::FetchScratch};
use ielade_core::{Encoding, ForeignNames, ImageShape, ImageSpec, Payload, Sample};
use std::path::{Path, PathBuf};

const COUNT: u32 = 9;
const SIZE: ImageSpec = ImageSpec::rgb(2, 3);

/// Files that h5py wrote, by `tests/files/make.py`.
const FILES: [&str; 12] = [
    "contiguous",
    "single_chunk",
    "implicit",
    "fixed_array",
    "fixed_array_packed",
    "extensible_array",
    "extensible_array_packed",
    "tree",
    "tree_packed",
    "old_tree",
    "dense",
    "heap",
];

/// Every way of writing that differs in what lies on disk.
const LAYOUTS: [&str; 5] = [
    "/u8",
    "chunk=1/u8",
    "chunk=4/u8",
    "chunk=4,deflate/u8",
    "/jpeg",
];

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/hdf5/tests/files")
        .join(format!("{name}.h5"))
}

/// The values of an image.
fn values(index: u32) -> Vec<u8> {
    let bytes = SIZE.values() as u32;
    (0..bytes).map(|at| (index * bytes + at) as u8).collect()
}

/// The start of a JPEG, and something that is no other's.
fn image(index: u32) -> Vec<u8> {
    let content = std::iter::repeat_n(index as u8, index as usize + 1);
    b"\xff\xd8\xff\xe0".iter().copied().chain(content).collect()
}

/// All images and labels of a file, or the first thing that is wrong.
fn read(path: &Path) -> Result<(Vec<Vec<u8>>, Vec<i64>), String> {
    let text = |error: crate::LayoutError| error.to_string();
    let file = File::open(path).map_err(text)?;
    let images = file.dataset(IMAGES).map_err(text)?;
    let labels = file.dataset(LABELS).map_err(text)?;
    let labels = read_labels(&file, &labels).map_err(|fault| text(file.fault(fault)))?;
    let samples = samples::open(file, &images).map_err(text)?;
    let mut scratch = FetchScratch::default();
    let images = (0..COUNT).map(|index| {
        let bytes = samples.fetch(index, &mut scratch);
        bytes
            .map(<[u8]>::to_vec)
            .map_err(|reason| format!("{}: {reason}", samples.path(index).display()))
    });
    Ok((images.collect::<Result<_, _>>()?, labels))
}

/// Writes `data.h5` into a folder; `layout` is as `chunk=4,deflate/u8`.
fn write(folder: &Path, layout: &str) -> PathBuf {
    let (options, encoding) = layout.rsplit_once('/').unwrap();
    let options = match options {
        "" => ielade_core::LayoutOptions::default(),
        options => options.parse().unwrap(),
    };
    let encoding: Encoding = encoding.parse().unwrap();
    (CONTAINER.allows)(&options, encoding).unwrap();
    let classes = ["ant", "bee", "cat"].map(str::to_owned);
    let is_image = encoding.is_compressed_image();
    let mut writer = (CONTAINER.create)(&StorePlan {
        folder,
        encoding,
        options: &options,
        shape: if is_image {
            ImageShape::Varies
        } else {
            ImageShape::Fixed(SIZE)
        },
        split: ielade_core::Split::Train,
        classes: &classes,
        expected: COUNT,
        written: 0,
    })
    .unwrap();
    for index in 0..COUNT {
        let bytes = if is_image {
            image(index)
        } else {
            values(index)
        };
        let payload = if is_image {
            Payload::Encoded {
                encoding,
                bytes: &bytes,
            }
        } else {
            Payload::PixelsU8 {
                spec: SIZE,
                values: &bytes,
            }
        };
        let sample = Sample {
            key: "k",
            label: Some(index % 3),
            payload,
        };
        writer.push(&sample).unwrap();
    }
    writer.finish().unwrap();
    folder.join(DATA_FILE)
}

fn check(path: &Path, expected: fn(u32) -> Vec<u8>) {
    let (images, labels) = read(path).unwrap_or_else(|error| panic!("{error}"));
    for (index, found) in (0..COUNT).zip(&images) {
        assert_eq!(*found, expected(index), "{} {index}", path.display());
    }
    assert_eq!(labels, [0, 1, 2, 0, 1, 2, 0, 1, 2], "{}", path.display());
    let opened = open_any(path, &ForeignNames::default()).unwrap();
    let manifest = opened.reader.manifest();
    assert_eq!(manifest.count, COUNT);
    assert_eq!(
        manifest.classes,
        ["ant", "bee", "cat"],
        "{}",
        path.display()
    );
    assert!(
        opened.guesses[0].contains("\"images\""),
        "{:?}",
        opened.guesses
    );
    assert!(
        opened.guesses[1].contains("\"labels\""),
        "{:?}",
        opened.guesses
    );
}

#[test]
fn files_of_h5py_are_read_whatever_finds_their_chunks() {
    for name in FILES {
        let expected = if name == "heap" { image } else { values };
        check(&path_of(name), expected);
    }
}

#[test]
fn what_is_written_here_comes_back() {
    for layout in LAYOUTS {
        let folder = tempfile::tempdir().unwrap();
        let expected = if layout == "/jpeg" { image } else { values };
        check(&write(folder.path(), layout), expected);
    }
}

#[test]
fn uncompressed_samples_are_in_memory_and_in_one_piece_contiguous() {
    for (name, in_memory, contiguous) in [
        ("contiguous", true, true),
        ("implicit", true, true),
        ("fixed_array", true, true),
        ("extensible_array", true, true),
        ("single_chunk", false, false),
        ("fixed_array_packed", false, false),
        ("heap", true, false),
    ] {
        let file = File::open(&path_of(name)).unwrap();
        let images = file.dataset(IMAGES).unwrap();
        let samples = samples::open(file, &images).unwrap();
        assert_eq!(samples.in_memory(8).is_some(), in_memory, "{name}");
        assert_eq!(samples.contiguous().is_some(), contiguous, "{name}");
    }
}

#[test]
fn a_block_of_the_users_in_front_is_passed_over() {
    let content = std::fs::read(path_of("fixed_array")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for bytes in [512, 1024, 1 << 16] {
        let path = folder.path().join(format!("{bytes}.h5"));
        std::fs::write(&path, [vec![7; bytes], content.clone()].concat()).unwrap();
        check(&path, values);
    }
    let path = folder.path().join("elsewhere.h5");
    std::fs::write(&path, [vec![7; 100], content].concat()).unwrap();
    assert!(open_any(&path, &ForeignNames::default()).is_err());
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for (options, encoding, expected) in [
        ("deflate", "u8", "needs chunk"),
        ("chunk=4,shuffle", "u16", "needs deflate"),
        ("chunk=4,shuffle,deflate", "u8", "nothing to shuffle"),
        ("chunk=4", "jpeg", "leave out the options"),
    ] {
        let error = (CONTAINER.allows)(&options.parse().unwrap(), encoding.parse().unwrap());
        assert!(error.unwrap_err().contains(expected));
    }
}
