//! `hdf5`: one HDF5 file, `data.h5`, with the datasets `/images`, `/labels` (int64; -1 without a
//! label) and `/class_names` (UTF-8 strings of one length).
//!
//! ```python
//! import h5py
//! file = h5py.File('store/data.h5')
//! image, label = file['images'][0], file['labels'][0]
//! names = file['class_names'].asstr()[:]
//! ```
//!
//! `u8` and `u16` images are (N, height, width, channels) as decoded, `f16`, `bf16` and `f32` are
//! (N, channels, height, width) and already normalised. `bf16` is a floating-point type of that
//! layout, as HDF5 2.0 names it (`H5T_FLOAT_BFLOAT16LE`); h5py reads it as `float32`. Compressed
//! images are one-dimensional, of variable length (`h5py.vlen_dtype('uint8')`), in the file's global
//! heap; the attribute `encoding` of `/images` names what they are. Its dimensions are named
//! (`file['images'].dims[0].label`).
//!
//! Unless told otherwise, the images are one contiguous piece. `chunk=N` puts N images into a
//! chunk, which `deflate` compresses, the bytes of its values put in order first by `shuffle`.
//!
//! The format: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>. It is read
//! and written here, not by the library, which lets one thread in at a time: where the values and
//! chunks lie is found once, when the store is opened; from then on uncompressed images, in chunks
//! or not, and images in the heap are slices of the mapped file, and each thread inflates for
//! itself.
//!
//! Files that others made are read with superblocks of versions 0 to 3, also behind a block of the
//! user's; groups of any kind; datasets that are compact, contiguous, or in chunks of any shape,
//! found by any of the format's indices; the filters deflate, shuffle, fletcher32, LZF, Blosc 1 and
//! Zstandard; values of either byte order, labels of any type of integers. Chunks that were never
//! written are of the fill value. Not read, and told so: virtual datasets and those in external
//! files, other filters, and messages or heaps that are themselves shared or filtered. Checksums
//! of metadata are checked when a file is opened, those of chunks when they are unpacked.

mod attributes;
mod checksum;
mod chunk_index;
mod cursor;
mod dataset;
mod dataspace;
mod datatype;
mod encode;
mod extensible_array;
mod filters;
mod fixed_array;
mod foreign;
mod fractal_heap;
mod global_heap;
mod grid;
mod hierarchy;
mod links;
mod object_header;
mod old_tree;
mod reader;
mod rows;
mod samples;
mod storage;
mod superblock;
mod tree;
mod writer;

use crate::{
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld},
};
use ielade_core::{Element, Encoding, LayoutOptions};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "hdf5",
    description: "one HDF5 file, memory-mapped: a dataset of images and one of labels",
    encodings: &Encoding::ALL,
    options: &[
        OptionRule {
            name: "chunk",
            description: "images a chunk; without it they are one contiguous piece",
            values: OptionValues::Number {
                from: 1,
                to: 1 << 16,
            },
        },
        OptionRule {
            name: "deflate",
            description: "chunks compressed with zlib; raw values only",
            values: OptionValues::None,
        },
        OptionRule {
            name: "shuffle",
            description: "before deflate: first bytes of all values together, then second ones",
            values: OptionValues::None,
        },
    ],
    variants: &[
        "chunk=1",
        "chunk=128",
        "chunk=16,deflate",
        "chunk=16,shuffle,deflate",
    ],
    allows,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: true,
        random: "equal distances, index of chunks, or references to the heap",
        parallel: "one mapping",
    },
    usual_library: "h5py",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const DATA_FILE: &str = "data.h5";
const IMAGES: &str = "images";
const LABELS: &str = "labels";
const CLASS_NAMES: &str = "class_names";

/// Attribute of the images that names the encoding of compressed ones.
const ENCODING: &str = "encoding";

fn allows(options: &LayoutOptions, encoding: Encoding) -> Result<(), &'static str> {
    let is_given = |name| options.has(name);
    if encoding.is_compressed_image() {
        if is_given("chunk") || is_given("deflate") || is_given("shuffle") {
            return Err(
                "compressed images lie one by one in the heap, outside of chunks, and hardly \
                 shrink any further; leave out the options",
            );
        }
        return Ok(());
    }
    if is_given("deflate") && !is_given("chunk") {
        return Err("HDF5 compresses chunks only, so deflate needs chunk");
    }
    if is_given("shuffle") && !is_given("deflate") {
        return Err(
            "shuffled bytes are no smaller until they are compressed, so shuffle needs deflate",
        );
    }
    if is_given("shuffle") && encoding.element() == Some(Element::U8) {
        return Err("values of one byte have nothing to shuffle; leave out shuffle");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
