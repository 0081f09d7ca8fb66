//! `npy`: NumPy's own format. `images.npy` and `labels.npy` (int64; -1 without a label) side by
//! side; `np.load` reads both.
//!
//! `u8` and `u16` images are (N, height, width, channels) as decoded, `f16`, `bf16` and
//! `f32` are (N, channels, height, width) and already normalised. NumPy has no `bf16` of its own:
//! such an array is written as `ml_dtypes` does, and `np.load(path).view(ml_dtypes.bfloat16)` reads
//! it. Both files are mapped into memory, so that a sample is read without a system call and
//! without a copy of its own. The format has no checksums; `ielade verify` compares digests.
//!
//! Arrays that others saved may also be big-endian or in Fortran order, grey, with channels first or
//! last; their labels of any type of integers, in a file of their own. `.npz` archives are read
//! where they lie, unless they are compressed (`np.savez_compressed`); their checksums are not
//! looked at, since that would read all of them.

mod archive;
mod array;
mod foreign;
mod header;
mod reader;
mod writer;

pub use header::{NpyHeader, NpyHeaderError, NpyType};

use crate::registry::{Access, Container, Foreign, LabelsHeld, allows_all};
use ielade_core::{Element, Encoding};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "npy",
    description: "NumPy arrays, memory-mapped: images.npy and labels.npy",
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
    usual_library: "NumPy",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const IMAGES_FILE: &str = "images.npy";
const LABELS_FILE: &str = "labels.npy";

const fn kind_of(element: Element) -> NpyType {
    match element {
        Element::U8 => NpyType::U8,
        Element::U16 => NpyType::U16,
        Element::F16 => NpyType::F16,
        Element::Bf16 => NpyType::Bf16,
        Element::F32 => NpyType::F32,
    }
}
