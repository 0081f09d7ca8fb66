//! `tfrecord`: records of `tf.train.Example` in shards `images-00000-of-00004.tfrecord`, as
//! TensorFlow Datasets names their features.
//!
//! A record holds `id` (the sample's name), `label` (int64; -1 without a label) and `image`: the
//! compressed bytes, or the bytes of the array, of which `image/shape` (int64) and `image/dtype`
//! (NumPy's name) tell what it is: `u8` and `u16` (height, width, channels) as decoded, `f16`,
//! `bf16` and `f32` (channels, height, width) and already normalised. Beside the shards lie
//! `dataset_info.json`, `features.json` and `label.labels.txt`, with which TensorFlow Datasets
//! reads the folder by itself:
//!
//! ```python
//! import tensorflow_datasets as tfds
//! for sample in tfds.builder_from_directory("STORE").as_dataset(split="samples"):
//!     print(sample["label"], sample["image"].shape)
//! ```
//!
//! Without it, `tf.io.parse_single_example` with these features, then `tf.io.decode_image` or
//! `tf.io.decode_raw(image, tf.uint8)`.
//!
//! **Framing** (<https://www.tensorflow.org/tutorials/load_data/tfrecord>): length (8 bytes,
//! little-endian), masked CRC32C of the length, the record, masked CRC32C of the record. The
//! record is Protocol Buffers
//! (<https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/example/feature.proto>).
//!
//! **Aligned.** In front of the features stands a field of zeros (number 15, unknown to
//! `tf.train.Example` and skipped by every reader of Protocol Buffers), so long that a raw array
//! starts at a multiple of 64 in its file: it is read in place, whatever its element type.
//!
//! **Checks.** A store's records are found by `samples.index`, without walking the shards; the
//! check sums of all bytes are looked at by `verify`, through the shards' digests. A foreign file is
//! walked once, when it is first opened, and both check sums of every record are compared then.
//!
//! **Foreign files**: any `.tfrecord` file or folder of shards, also compressed by GZIP or ZLIB
//! (inflated once into `FILE.ielade-inflated` or the cache folder, at most to 200 times the size).
//! Images are `image`, `image/encoded` (`ImageNet`'s name), and others by their bytes; labels `label`,
//! `image/class/label` and the like, packed or not. Arrays are bytes or packed floats; their size is
//! taken from `image/shape`, `features.json`, `image/height` and its like, or, where they are
//! square, from the number of bytes.

mod example;
mod foreign;
mod frame;
mod metadata;
#[cfg(test)]
mod tests;
mod wire;
mod writer;

use crate::{
    LayoutError, LayoutReader, StoreFolder,
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld, allows_all},
    sharded::{self, ArrayType, Fault, ScannedSample, ShardFormat},
};
use example::find;
use frame::{Checked, Frames};
use ielade_core::{Element, Encoding, sample::NO_LABEL};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "tfrecord",
    description: "tf.train.Example records in shards, named as TensorFlow Datasets does",
    encodings: &Encoding::ALL,
    options: &[OptionRule {
        name: "shards",
        description: "files that the samples are dealt out to, in order; without it, a file is \
                      full at 1 GiB",
        values: OptionValues::Number { from: 1, to: 1024 },
    }],
    labels: LabelsHeld::AnyOrNone,
    variants: &["shards=3"],
    allows: allows_all,
    access: Access {
        memory_mapped: true,
        random: "index",
        parallel: "one mapping",
    },
    usual_library: "TensorFlow, TensorFlow Datasets",
    continues: true,
    open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const ID: &str = "id";
const IMAGE: &str = "image";
const IMAGE_SHAPE: &str = "image/shape";
const IMAGE_DTYPE: &str = "image/dtype";
const LABEL: &str = "label";

const SHARDS: ShardFormat = ShardFormat {
    extension: ".tfrecord",
    unfinished_name: |shard| format!("images-{shard:05}.tfrecord"),
    name: |shard, of| format!("images-{shard:05}-of-{of:05}.tfrecord"),
    end: b"",
    scan,
};

fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    sharded::reader::open(store, &SHARDS, CONTAINER.name)
}

/// Finds the first samples of a store's shard.
fn scan(shard: &[u8], most: u32) -> Result<Vec<ScannedSample>, Fault> {
    let frames = Frames::new(shard, Checked::Lengths).take(most as usize);
    frames
        .map(|frame| {
            let frame = frame?;
            let record = frame.record;
            let [image, label, shape, dtype] =
                find(record, [IMAGE, LABEL, IMAGE_SHAPE, IMAGE_DTYPE])?;
            let image = match image {
                Some(image) => image.byte_string()?,
                None => None,
            };
            let image = image.ok_or_else(|| Fault::new(record.offset, "it holds no image"))?;
            let array = match (shape, dtype) {
                (Some(shape), Some(dtype)) => {
                    let dtype = dtype.byte_string()?.map_or(&b""[..], |name| name.bytes);
                    array_of(&shape.integers()?, dtype)
                }
                _ => None,
            };
            Ok(ScannedSample {
                offset: image.offset,
                len: u32::try_from(image.bytes.len())
                    .map_err(|_| Fault::new(image.offset, "an image of 4 GiB or more"))?,
                label: match label {
                    Some(label) => label.integer()?.unwrap_or(NO_LABEL),
                    None => NO_LABEL,
                },
                end: frame.end,
                array,
            })
        })
        .collect()
}

fn array_of(shape: &[i64], dtype: &[u8]) -> Option<ArrayType> {
    let mut dimensions = [0; 3];
    if shape.len() != dimensions.len() {
        return None;
    }
    for (dimension, length) in dimensions.iter_mut().zip(shape) {
        *dimension = u64::try_from(*length).ok()?;
    }
    Some(ArrayType {
        element: element_of(std::str::from_utf8(dtype).ok()?)?,
        dimensions,
    })
}

/// `NumPy`'s and TensorFlow's name of an element type.
const fn dtype_of(element: Element) -> &'static str {
    match element {
        Element::U8 => "uint8",
        Element::U16 => "uint16",
        Element::F16 => "float16",
        Element::Bf16 => "bfloat16",
        Element::F32 => "float32",
    }
}

fn element_of(dtype: &str) -> Option<Element> {
    Element::ALL
        .into_iter()
        .find(|element| dtype_of(*element) == dtype)
}
