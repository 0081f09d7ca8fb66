//! `safetensors`: one file, `data.safetensors`, with the tensors `images` and `labels` (`I64`; -1
//! without a label). The usual library reads it:
//!
//! ```python
//! from safetensors.numpy import load_file        # or safetensors.torch
//! tensors = load_file("store/data.safetensors")  # bf16: safetensors.torch
//! images, labels = tensors["images"], tensors["labels"]
//! ```
//!
//! `u8` and `u16` images are (N, height, width, channels) as decoded, `f16`, `bf16` and `f32` are
//! (N, channels, height, width) and already normalised. The file's metadata has `classes`, a JSON
//! list of names, and `axes`.
//!
//! The format (<https://huggingface.co/docs/safetensors/index>): the header's length as 8 bytes,
//! little-endian; the header, JSON, which may be filled up with spaces; the tensors' bytes without
//! gaps. Labels lie before the images, so that both are aligned to their type and images start at
//! a multiple of 64; spaces in the header take up the room of samples that were left out. The file
//! has no checksums; `ielade verify` compares its digest.

mod header;
mod reader;
mod writer;

use crate::registry::{Access, Container, Foreign, LabelsHeld, allows_all};
use ielade_core::{Element, Encoding};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "safetensors",
    description: "one safetensors file, memory-mapped: a tensor of images and one of labels",
    encodings: &Encoding::ARRAYS,
    options: &[],
    variants: &[],
    allows: allows_all,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "equal distances",
        parallel: "one mapping",
    },
    usual_library: "safetensors",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: reader::recognises,
        open: reader::open_foreign,
    }),
};

const DATA_FILE: &str = "data.safetensors";
const IMAGES: &str = "images";
const LABELS: &str = "labels";
const LABEL_TYPE: &str = "I64";

/// The format's name of an element type.
const fn type_of(element: Element) -> &'static str {
    match element {
        Element::U8 => "U8",
        Element::U16 => "U16",
        Element::F16 => "F16",
        Element::Bf16 => "BF16",
        Element::F32 => "F32",
    }
}
