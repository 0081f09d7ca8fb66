//! `parquet`: Apache Parquet, as Hugging Face keeps data sets of images
//! (<https://parquet.apache.org/docs/file-format/>).
//!
//! `train-00000-of-00001.parquet`, or several such files of up to about 500 MB. Encoded images are
//! Hugging Face's image feature: a column `image` of `struct<bytes: binary, path: string>`, beside
//! `label` (int64; -1 without a label), with the names of the classes in the metadata:
//!
//! ```python
//! from datasets import load_dataset
//! rows = load_dataset("parquet", data_files="STORE/train-*.parquet", split="train")
//! rows[0]["image"], rows.features["label"].int2str(rows[0]["label"])
//! ```
//!
//! Raw images are a column of `fixed_size_binary`, since Parquet has no type of eight or sixteen
//! bits; the entries `image.shape` and `image.dtype` of the file's metadata say what each one is
//! (`bfloat16` as `ml_dtypes` has it):
//!
//! ```python
//! import json, numpy, pyarrow.parquet
//! table = pyarrow.parquet.read_table("STORE/train-00000-of-00001.parquet")
//! shape, dtype = (table.schema.metadata[key].decode() for key in (b"image.shape", b"image.dtype"))
//! images = [numpy.frombuffer(image, dtype).reshape(json.loads(shape))
//!           for image in table["image"].to_pylist()]
//! ```
//!
//! Uncompressed values are read where they lie, through a mapping of the file. Raw images are found
//! by the headers of their pages; encoded ones by `samples.index`, since each must be passed to find
//! the next (a foreign file of some size gets such an index when it is first opened). Compressed
//! pages, of 64 KiB as they are written here, are unpacked by each thread for itself.
//!
//! Checked of a page's CRC, where its writer has kept one (none is written here, since the manifest
//! has digests of whole files): of compressed pages whenever they are unpacked, of uncompressed ones
//! when the place of each image is found out.

mod column;
mod delta;
mod footer;
mod foreign;
mod levels;
mod metadata;
mod page;
mod reader;
#[cfg(test)]
mod tests;
mod thrift;
mod thrift_writer;
mod values;
mod writer;

use crate::{
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld},
};
use ielade_core::{Encoding, LayoutOptions};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "parquet",
    description: "Apache Parquet with Hugging Face's image feature, or fixed-size binary",
    encodings: &Encoding::ALL,
    options: &[
        OptionRule {
            name: "group",
            description: "rows of a group, at most",
            values: OptionValues::Number {
                from: 1,
                to: 65_536,
            },
        },
        OptionRule {
            name: "shard",
            description: "rows of a file, at most",
            values: OptionValues::Number {
                from: 1,
                to: 1_000_000_000,
            },
        },
        OptionRule {
            name: "snappy",
            description: "pages compressed with Snappy",
            values: OptionValues::None,
        },
        OptionRule {
            name: "zstd",
            description: "pages compressed with Zstandard",
            values: OptionValues::None,
        },
    ],
    variants: &["group=4", "group=3,shard=7", "zstd", "group=5,snappy"],
    allows,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "page headers; an index of encoded images",
        parallel: "one mapping",
    },
    usual_library: "pyarrow, datasets",
    continues: false,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const FILE_ENDING: &str = "parquet";

fn allows(options: &LayoutOptions, _: Encoding) -> Result<(), &'static str> {
    if options.has("snappy") && options.has("zstd") {
        return Err("pages are compressed with snappy or with zstd, not with both");
    }
    Ok(())
}
