//! `lmdb`: an LMDB environment in one file, `data.mdb`; the store's folder is the environment's.
//!
//! The keys are those of the LMDB data sets of text recognition: `image-000000001`,
//! `image-000000002`, ... for the images (compressed bytes, or raw values), `label-000000001`, ...
//! for their labels as decimal text (`-1` for none), `num-samples` for their number. `__meta__` is
//! JSON: `encoding`, `shape` (height, width, channels; null for compressed images), `classes`.
//! `u8` and `u16` values lie (height, width, channels) as decoded, `f16`, `bf16` and `f32`
//! (channels, height, width) and already normalised. The usual library reads it:
//!
//! ```python
//! with lmdb.open("store", readonly=True, lock=False).begin() as transaction:
//!     image, label = transaction.get(b"image-%09d" % 1), int(transaction.get(b"label-%09d" % 1))
//! ```
//!
//! The file's format is that of `mdb.c` of LMDB 0.9 (data version 1, 64-bit, little-endian;
//! <https://git.openldap.org/openldap/openldap/-/blob/LMDB_0.9.31/libraries/liblmdb/mdb.c>). It is
//! written here page after page, since keys come in order: no page is written twice and the same
//! samples give the same bytes. It is read here too: the tree is walked once, checked, and every
//! value is then a slice of the mapped file, found without a lock, a transaction or a search. In a
//! store, `samples.index` keeps where the values lie, so that opening it reads no leaves. LMDB has
//! no checksums; `ielade verify` compares digests.
//!
//! Files that others made may keep images under any keys: a value is an image if it starts like
//! one.

mod foreign;
mod labels;
mod meta;
mod pages;
mod reader;
mod tree_writer;
mod writer;

use crate::registry::{Access, Container, Foreign, LabelsHeld, allows_all};
use ielade_core::Encoding;

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "lmdb",
    description: "an LMDB file, memory-mapped: a value an image",
    encodings: &Encoding::ALL,
    options: &[],
    variants: &[],
    allows: allows_all,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "address table (samples.index)",
        parallel: "one mapping",
    },
    usual_library: "lmdb",
    // The tree's upper levels exist in memory only until the file is complete.
    continues: false,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const DATA_FILE: &str = "data.mdb";
const META_KEY: &str = "__meta__";
const COUNT_KEY: &str = "num-samples";
const IMAGE_PREFIX: &str = "image-";
const LABEL_PREFIX: &str = "label-";
