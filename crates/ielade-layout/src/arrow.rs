//! `arrow`: the Arrow IPC file, also known as Feather version 2, uncompressed and memory-mapped
//! (<https://arrow.apache.org/docs/format/Columnar.html>).
//!
//! `train.arrow`, with a column `image` and a column `label` (int64; -1 without a label). Encoded
//! images are Hugging Face's image feature, `struct<bytes: binary, path: string>`, with the names of
//! the classes in the schema's metadata:
//!
//! ```python
//! from datasets import load_dataset
//! rows = load_dataset("arrow", data_files="STORE/train.arrow", split="train")
//! rows[0]["image"], rows.features["label"].int2str(rows[0]["label"])
//! ```
//!
//! Raw images are lists in lists of fixed sizes, so that the column's type tells their shape and
//! `rows.with_format("numpy")` gives them as arrays (`bf16`, which Arrow lacks, is `uint16` there,
//! and the schema's entry `image.dtype` says `bfloat16`). Arrow's own extension type
//! `arrow.fixed_shape_tensor` would tell as much, but `datasets` does not load it; it is read where
//! others wrote it. Without a copy:
//!
//! ```python
//! import pyarrow
//! batch = pyarrow.ipc.open_file(pyarrow.memory_map("STORE/train.arrow")).get_batch(0)
//! values, shape = batch["image"], [len(batch)]
//! while pyarrow.types.is_fixed_size_list(values.type):
//!     values, shape = values.flatten(), [*shape, values.type.list_size]
//! images = values.to_numpy().reshape(shape)
//! ```
//!
//! The footer tells where the batches are, and each batch where its buffers are; so opening a store
//! reads no image, and reading one is a slice of the mapped file. Images start at a multiple of 64
//! bytes. The format has no checksums.
//!
//! Of what others wrote, files, streams (as `datasets` caches them) and folders of either are read;
//! batches compressed with LZ4 or Zstandard (`pyarrow.feather.write_feather` does so unless told
//! otherwise) are unpacked as a whole by each thread for itself, up to 256 MiB of images.

mod column;
mod file;
mod flatbuffer;
mod flatbuffer_writer;
mod foreign;
mod images;
mod messages;
mod places;
mod reader;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use crate::{
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld, allows_all},
};
use ielade_core::Encoding;

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "arrow",
    description: "Arrow IPC file (Feather version 2), uncompressed, memory-mapped",
    encodings: &Encoding::ALL,
    options: &[OptionRule {
        name: "batch",
        description: "rows of a batch, at most",
        values: OptionValues::Number {
            from: 1,
            to: 65_536,
        },
    }],
    variants: &["batch=5"],
    allows: allows_all,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "offsets",
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

const FILE_ENDING: &str = "arrow";
