//! `zarr`: a Zarr v3 group `data.zarr` with the arrays `images` and `labels` (int64; -1 without a
//! label; its attribute `class_names` names the classes).
//!
//! ```python
//! import zarr
//! group = zarr.open_group('store/data.zarr', mode='r')
//! image, label = group['images'][0], group['labels'][0]
//! ```
//!
//! `u8` and `u16` images are (N, height, width, channels) as decoded, `f16`, `bf16` and `f32` are
//! (N, channels, height, width) and already normalised. Zarr has no `bf16`: its bits are written as
//! `uint16` with the attribute `ml_dtypes: bfloat16`, and
//! `group['images'][:].view(ml_dtypes.bfloat16)` reads them. Compressed images are bytes of variable
//! length as zarr-python writes them (`variable_length_bytes` with the codec `vlen-bytes`).
//!
//! Unless told otherwise, an image is a chunk, uncompressed, and 1,024 of them are a shard: any
//! image is read alone, and there are few files. `chunk=N` puts N images into a chunk and each chunk
//! into a file of its own; `shard=N` puts as many images into a shard. `zstd` and `blosc` (LZ4,
//! bytes shuffled) compress the chunks. Files are named `c.0.0.0.0`, all in the array's folder:
//! with the separator `/`, which the library takes where it is not told, each image of `chunk=1`
//! would have three folders of its own.
//!
//! The format: <https://zarr-specs.readthedocs.io/en/latest/v3/core/>. It is read and written here,
//! not by a library: uncompressed chunks in shards, or several images in a file, are slices of
//! mapped files; their places come from the shards' indices, which are checked (CRC32C, within the
//! file, no two on the same bytes) when the store is opened. Arrays of more than 16,384 files, and
//! compressed chunks, are read from their files or maps when they are needed, and so are CRC32Cs of
//! chunks checked then. Opening an array of encoded images with several in a chunk looks at the
//! length before each image.
//!
//! Groups and arrays that others made are read in v3 and v2, with regular chunks of any shape
//! (samples that are cut into several chunks are put together), dimensions in any order, and the
//! codecs `bytes` of either byte order, `vlen-bytes`, `transpose`, `sharding_indexed`, `blosc` (all
//! but Snappy), `zstd`, `gzip`, `zlib`, `lz4`, `crc32c`; `.zarray` with the same compressors, C or F
//! order, and no filter but `vlen-bytes`. Chunks that are not there are of the fill value.

mod array;
pub(crate) mod blosc;
mod chunks;
mod data_type;
mod foreign;
mod grid;
mod hierarchy;
mod metadata;
mod packing;
mod reader;
mod samples;
mod shard_index;
mod writer;

use crate::{
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld},
};
use ielade_core::{Encoding, LayoutOptions};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "zarr",
    description: "Zarr v3 arrays images and labels, in chunks and shards",
    encodings: &Encoding::ALL,
    options: &[
        OptionRule {
            name: "chunk",
            description: "images a chunk, each chunk a file unless there are shards; 1",
            values: OptionValues::Number {
                from: 1,
                to: 1 << 16,
            },
        },
        OptionRule {
            name: "shard",
            description: "images a shard, a multiple of chunk; 1,024 where no chunk is given",
            values: OptionValues::Number {
                from: 1,
                to: 1 << 20,
            },
        },
        OptionRule {
            name: "zstd",
            description: "chunks compressed with Zstandard, level 3; raw values only",
            values: OptionValues::None,
        },
        OptionRule {
            name: "blosc",
            description: "chunks compressed with Blosc (LZ4, bytes shuffled); raw values only",
            values: OptionValues::None,
        },
    ],
    variants: &[
        "chunk=1",
        "chunk=32",
        "chunk=16,shard=64",
        "zstd",
        "chunk=32,blosc",
        "chunk=16,shard=64,zstd",
    ],
    allows,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "index of the shard",
        parallel: "one mapping a shard",
    },
    usual_library: "zarr-python",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const FOLDER: &str = "data.zarr";
const IMAGES: &str = "images";
const LABELS: &str = "labels";

/// Images of a shard where no option says otherwise.
const USUAL_SHARD: u32 = 1024;

/// How many images lie together, by a layout's options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Chunking {
    /// Images of a chunk.
    chunk: u32,
    /// Chunks of a shard; `None` where each chunk is a file.
    chunks_in_shard: Option<u32>,
}

impl Chunking {
    /// Of options in which the shard, if any, is a multiple of the chunk.
    fn of(options: &LayoutOptions) -> Self {
        let chunk = crate::options::number(options, "chunk");
        let shard = crate::options::number(options, "shard");
        let shard = shard.or(chunk.is_none().then_some(USUAL_SHARD));
        let chunk = chunk.unwrap_or(1).max(1);
        Self {
            chunk,
            chunks_in_shard: shard.map(|shard| shard / chunk),
        }
    }
}

fn allows(options: &LayoutOptions, encoding: Encoding) -> Result<(), &'static str> {
    let number = |name| crate::options::number(options, name);
    if let (Some(chunk), Some(shard)) = (number("chunk"), number("shard"))
        && !shard.is_multiple_of(chunk)
    {
        return Err("a shard holds whole chunks, so shard is to be a multiple of chunk");
    }
    let packed = [options.has("zstd"), options.has("blosc")];
    if packed == [true, true] {
        return Err("chunks are compressed once: with zstd or with blosc");
    }
    if encoding.is_compressed_image() && packed.contains(&true) {
        return Err("compressed images hardly shrink any further; leave out zstd and blosc");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
