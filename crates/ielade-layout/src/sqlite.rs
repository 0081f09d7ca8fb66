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
//! The file is read as the format describes it: SQLite answers what the tables are, the pages of
//! `samples` are walked once and checked, and an image is then a slice of the mapped file, found
//! without a lock, a query or a copy. One that is too long for its page goes on in overflow pages
//! and is put together; the size of the pages (8 to 64 KiB) is chosen so that images up to 65,000
//! bytes are not. In a store, `samples.index` keeps where the images lie, so that opening it reads
//! none of them. SQLite keeps no checksums; `ielade verify` compares digests.
//!
//! In a file that others made, images are a column whose first value starts like an image. Tables
//! whose rows are not what is asked for (without row numbers, generated columns, ...) are read by
//! queries, by a connection a thread. The file must not be written meanwhile: it is opened as
//! immutable, and one whose last changes still lie in `-wal` or `-journal` is refused.

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
        random: "address table (samples.index)",
        parallel: "one mapping",
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
