//! Whole arrays: written, read back, and read after damage.

mod foreign;
mod hostile;

use super::{
    CONTAINER, FOLDER, IMAGES, LABELS,
    chunks::Missing,
    hierarchy,
    samples::{self, read_labels},
};
use crate::{
    LayoutError,
    registry::StorePlan,
    stored::{FetchScratch, StoredSamples},
};
use ielade_core::{Encoding, ImageShape, ImageSpec, Payload, Sample, manifest::DataFile};
use std::path::{Path, PathBuf};

const SIZE: ImageSpec = ImageSpec::rgb(2, 3);

/// The values of an image, no two alike.
fn values(index: u32) -> Vec<u8> {
    (0..SIZE.values() as u32)
        .map(|at| (index * 31 + at * 7 + index / 8) as u8)
        .collect()
}

/// Some bytes that stand for a compressed image, none as long as its neighbours.
fn image(index: u32) -> Vec<u8> {
    let length = 1 + index * 13 % 50;
    let start = *b"\xff\xd8\xff";
    start
        .into_iter()
        .chain((0..length).map(|at| (index + at) as u8))
        .collect()
}

fn sample(index: u32, encoding: Encoding) -> Vec<u8> {
    if encoding.is_compressed_image() {
        image(index)
    } else {
        values(index)
    }
}

/// Writes `data.zarr` into a folder; `layout` is as `chunk=4,shard=8/u8`.
fn write(folder: &Path, layout: &str, count: u32) -> Vec<DataFile> {
    let (options, encoding) = layout.rsplit_once('/').unwrap();
    let options = match options {
        "" => ielade_core::LayoutOptions::default(),
        options => options.parse().unwrap(),
    };
    let encoding: Encoding = encoding.parse().unwrap();
    (CONTAINER.allows)(&options, encoding).unwrap();
    let classes = ["ant", "bee", "cat"].map(str::to_owned);
    let mut writer = (CONTAINER.create)(&StorePlan {
        folder,
        encoding,
        options: &options,
        shape: if encoding.is_compressed_image() {
            ImageShape::Varies
        } else {
            ImageShape::Fixed(SIZE)
        },
        split: ielade_core::Split::Train,
        classes: &classes,
        expected: count,
        written: 0,
    })
    .unwrap();
    for index in 0..count {
        let bytes = sample(index, encoding);
        let payload = if encoding.is_compressed_image() {
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
        let label = (index % 4 != 3).then_some(index % 3);
        let key = "k";
        let sample = Sample {
            key,
            label,
            payload,
        };
        writer.push(&sample).unwrap();
    }
    writer.finish().unwrap()
}

fn open(
    folder: &Path,
    name: &str,
    missing: Missing,
) -> Result<Box<dyn StoredSamples>, LayoutError> {
    samples::open(hierarchy::array(&folder.join(FOLDER).join(name))?, missing)
}

/// All samples of an array, or the first thing that is wrong.
fn read(folder: &Path, count: u32, missing: Missing) -> Result<Vec<Vec<u8>>, String> {
    let samples = open(folder, IMAGES, missing).map_err(|error| error.to_string())?;
    let mut scratch = FetchScratch::default();
    (0..count)
        .map(|index| {
            let bytes = samples.fetch(index, &mut scratch);
            bytes
                .map(<[u8]>::to_vec)
                .map_err(|reason| format!("{}: {reason}", samples.path(index).display()))
        })
        .collect()
}

fn images_of(folder: &Path) -> PathBuf {
    folder.join(FOLDER).join(IMAGES)
}

/// Every way of writing that differs in what lies on disk.
const LAYOUTS: [&str; 12] = [
    "/u8",
    "chunk=1/u8",
    "chunk=4/u8",
    "chunk=4,shard=8/u8",
    "chunk=1,shard=1/u8",
    "zstd/u8",
    "chunk=4,blosc/u8",
    "chunk=4,shard=8,zstd/u8",
    "/jpeg",
    "chunk=1/jpeg",
    "chunk=4/jpeg",
    "chunk=4,shard=8/jpeg",
];

#[test]
fn samples_and_labels_come_back_for_every_count_around_a_chunk_and_a_shard() {
    for layout in LAYOUTS {
        let encoding = layout.rsplit('/').next().unwrap().parse().unwrap();
        for count in [1, 3, 4, 5, 7, 8, 9, 23] {
            let folder = tempfile::tempdir().unwrap();
            let files = write(folder.path(), layout, count);
            assert!(files.iter().all(|file| file.bytes > 0), "{layout}");
            let found = read(folder.path(), count, Missing::Lost).unwrap();
            for (index, found) in found.iter().enumerate() {
                assert!(*found == sample(index as u32, encoding), "{layout} {index}");
            }
            let labels = hierarchy::array(&folder.path().join(FOLDER).join(LABELS)).unwrap();
            let labels = read_labels(labels, Missing::Lost).unwrap();
            let expected = (0..count).map(|at| if at % 4 == 3 { -1 } else { i64::from(at % 3) });
            assert!(labels.into_iter().eq(expected), "{layout}");
        }
    }
}

#[test]
fn uncompressed_samples_of_shards_are_in_memory_and_of_one_shard_contiguous() {
    for (layout, in_memory, contiguous) in [
        ("/u8", true, true),
        ("chunk=4,shard=64/u8", true, true),
        ("chunk=4,shard=8/u8", true, false),
        ("chunk=4/u8", true, false),
        ("chunk=1/u8", false, false),
        ("zstd/u8", false, false),
        ("/jpeg", true, false),
        ("chunk=4/jpeg", true, false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, 12);
        let samples = open(folder.path(), IMAGES, Missing::Lost).unwrap();
        assert_eq!(samples.in_memory(11).is_some(), in_memory, "{layout}");
        assert_eq!(samples.contiguous().is_some(), contiguous, "{layout}");
        let packed_together = if layout == "zstd/u8" {
            1
        } else {
            samples.samples_per_chunk()
        };
        assert_eq!(packed_together, 1, "{layout}");
    }
}

#[test]
fn many_files_are_listed_as_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), "chunk=1/u8", 1030);
    let names: Vec<&str> = files.iter().map(|file| &file.path[..]).collect();
    assert_eq!(
        names,
        [
            "data.zarr/zarr.json",
            "data.zarr/images",
            "data.zarr/labels/zarr.json",
            "data.zarr/labels/c.0"
        ]
    );
    let found = read(folder.path(), 1030, Missing::Lost).unwrap();
    assert_eq!(found[1029], values(1029));
    let chunk = images_of(folder.path()).join("c.1029.0.0.0");
    std::fs::write(&chunk, [0; 17]).unwrap();
    let error = read(folder.path(), 1030, Missing::Lost).unwrap_err();
    assert!(error.contains("17 bytes where 18 were"), "{error}");
    std::fs::remove_file(&chunk).unwrap();
    assert!(read(folder.path(), 1030, Missing::Lost).is_err());
    let filled = read(folder.path(), 1030, Missing::FillValue).unwrap();
    assert_eq!(filled[1029], [0; 18]);
}

#[test]
fn more_shards_than_can_be_mapped_are_read_one_by_one() {
    const COUNT: u32 = (1 << 14) + 3;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "chunk=1,shard=1/u8", COUNT);
    let samples = open(folder.path(), IMAGES, Missing::Lost).unwrap();
    assert!(samples.in_memory(5).is_none());
    let mut scratch = FetchScratch::default();
    for index in [0, COUNT - 1, 77] {
        assert_eq!(samples.fetch(index, &mut scratch).unwrap(), values(index));
    }
    let shard = images_of(folder.path()).join("c.77.0.0.0");
    let content = std::fs::read(&shard).unwrap();
    for at in [19, 30, 35] {
        let mut changed = content.clone();
        changed[at] ^= 1;
        std::fs::write(&shard, changed).unwrap();
        let samples = open(folder.path(), IMAGES, Missing::Lost).unwrap();
        // A scratch is one reader's.
        let mut scratch = FetchScratch::default();
        let error = samples.fetch(77, &mut scratch).unwrap_err().to_string();
        assert!(error.contains("CRC32C"), "{error}");
    }
    std::fs::remove_file(shard).unwrap();
    let samples = open(folder.path(), IMAGES, Missing::Lost).unwrap();
    assert!(samples.fetch(77, &mut FetchScratch::default()).is_err());
    let samples = open(folder.path(), IMAGES, Missing::FillValue).unwrap();
    let found = samples
        .fetch(77, &mut FetchScratch::default())
        .unwrap()
        .to_vec();
    assert_eq!(found, [0; 18]);
}

#[test]
fn chunks_too_large_to_be_held_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let options = "chunk=65536,zstd".parse().unwrap();
    let plan = StorePlan {
        folder: folder.path(),
        encoding: "f32".parse().unwrap(),
        options: &options,
        shape: ImageShape::Fixed(ImageSpec::rgb(64, 64)),
        split: ielade_core::Split::Train,
        classes: &[],
        expected: 1,
        written: 0,
    };
    let error = (CONTAINER.create)(&plan).err().unwrap().to_string();
    assert!(error.contains("make chunk smaller"), "{error}");
    assert!(!folder.path().join(FOLDER).exists());
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for (options, encoding, expected) in [
        ("chunk=3,shard=8", "u8", "multiple of chunk"),
        ("blosc,zstd", "u8", "compressed once"),
        ("zstd", "jpeg", "hardly shrink"),
    ] {
        let error = (CONTAINER.allows)(&options.parse().unwrap(), encoding.parse().unwrap());
        assert!(error.unwrap_err().contains(expected));
    }
}
