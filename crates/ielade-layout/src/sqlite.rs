//! `sqlite`: an SQLite database in one file, `data.sqlite`, one row a sample.
//!
//! | table | columns |
//! |---|---|
//! | `samples` | `id` (from 0, in order), `key` (the sample's name), `label` (null for none), `image` |
//! | `classes` | `id` (the label), `name` |
//! | `meta` | `key`, `value`: `encoding`; of raw images also `axes`, `height`, `width`, `channels` |
//!
//! `image` has compressed bytes, or raw values: `u8` and `u16` (height, width, channels) as
//! decoded, `f16`, `bf16` and `f32` (channels, height, width) and already normalised. Anything
//! that reads SQLite (<https://www.sqlite.org/fileformat2.html>) reads it:
//!
//! ```python
//! database = sqlite3.connect("file:store/data.sqlite?immutable=1", uri=True)
//! image, label = database.execute("select image, label from samples where id = 0").fetchone()
//! ```
//!
//! An index on `label` lets SQL look for classes, and lets a store be opened without reading
//! images. Every thread has a connection of its own; the file is mapped (its first 2 GiB) and
//! opened as immutable, so no locks are taken. SQLite keeps no checksums; `ielade verify` compares
//! digests.
//!
//! In a file that others made, images are a column whose first value starts like an image.

mod connection;
mod foreign;
mod meta;
mod pages;
mod queried;
mod reader;
mod record;
mod rows;
#[cfg(test)]
mod tests;
mod walk;
mod writer;

use crate::registry::{Access, Container, Foreign, LabelsHeld, allows_all};
use ielade_core::Encoding;

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "sqlite",
    description: "an SQLite database: a row a sample",
    encodings: &Encoding::ALL,
    options: &[],
    variants: &[],
    allows: allows_all,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "the table's own tree",
        parallel: "a connection a thread",
    },
    usual_library: "sqlite3",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const DATA_FILE: &str = "data.sqlite";
