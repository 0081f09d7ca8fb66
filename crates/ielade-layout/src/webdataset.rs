//! `webdataset`: tar shards `images-000000.tar` with the members of a sample side by side,
//! `000000042.jpg` (or `.npy`) and `000000042.cls`.
//!
//! The members' names are the samples' numbers, since a published name may hold dots, at which
//! webdataset would cut it; `samples.csv` says which number is which name. `.cls` is the class's
//! number as text, -1 without a label. Raw arrays are `.npy` members, one image each: `u8` and `u16`
//! (height, width, channels) as decoded, `f16`, `bf16` and `f32` (channels, height, width) and
//! already normalised; `bf16` as `ml_dtypes` saves it (`<V2`). A member starts at a multiple of 512
//! and an npy header has 128 bytes, so that every array is aligned and read in place.
//!
//! ```python
//! import webdataset
//! for image, label in webdataset.WebDataset("STORE/images-000000.tar", shardshuffle=False).decode().to_tuple("npy", "cls"):
//!     print(label, image.shape)
//! ```
//!
//! **The format** is `ustar` (POSIX 1003.1-1988,
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>) with deterministic headers: no
//! times, no owners. Read are also GNU's long names and sizes in base 256, and POSIX 1003.1-2001's
//! extended headers (`path`, `size`). Samples are grouped as webdataset does
//! (<https://github.com/webdataset/webdataset>, `tariterators.py`): by the folder and the name up to
//! its first dot, in lower case behind it.
//!
//! **Checks.** A store's members are found by `samples.index`, without walking the shards; `verify`
//! compares the shards' digests. A foreign file is walked once, when it is first opened, and the
//! check sum of every header is compared then; tar has none of what is in the members.
//!
//! **Foreign files**: any tar file or folder of such, also compressed by GZIP (inflated once into
//! `FILE.ielade-inflated` or the cache folder, at most to 200 times the size). Images are `jpg`,
//! `jpeg`, `png` and the like, or `npy`; labels are the number in `cls`, `label` or `txt`, or `label`,
//! `cls` and the like in `json`. A group without an image is left out and told.

mod foreign;
mod header;
mod members;
#[cfg(test)]
mod tests;
mod writer;

use crate::{
    LayoutError, LayoutReader, StoreFolder,
    npy::{NpyHeader, NpyType},
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld},
    sharded::{self, ArrayType, Fault, ScannedSample, ShardFormat},
};
use ielade_core::{Element, Encoding, LayoutOptions};
use members::{Member, Members};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "webdataset",
    description: "tar shards with KEY.jpg (or KEY.npy) and KEY.cls side by side",
    encodings: &Encoding::ALL,
    options: &[
        OptionRule {
            name: "shards",
            description: "files that the samples are dealt out to, in order; without it, a file is \
                          full at 1 GiB",
            values: OptionValues::Number { from: 1, to: 1024 },
        },
        OptionRule {
            name: "maxcount",
            description: "samples a file",
            values: OptionValues::Number {
                from: 1,
                to: 1_000_000_000,
            },
        },
    ],
    labels: LabelsHeld::AnyOrNone,
    variants: &["shards=3", "maxcount=7"],
    allows,
    access: Access {
        memory_mapped: true,
        random: "index",
        parallel: "one mapping",
    },
    usual_library: "webdataset",
    continues: true,
    open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

fn allows(options: &LayoutOptions, _: Encoding) -> Result<(), &'static str> {
    if options.has("shards") && options.has("maxcount") {
        return Err("shards and maxcount both say how many samples a file has; choose one");
    }
    Ok(())
}

/// Suffix of the member that holds a label.
const LABEL: &str = "cls";

/// Suffix of a raw array.
const ARRAY: &str = "npy";

const SHARDS: ShardFormat = ShardFormat {
    extension: ".tar",
    unfinished_name: |shard| format!("images-{shard:06}.tar"),
    name: |shard, _| format!("images-{shard:06}.tar"),
    end: &header::END,
    scan,
};

fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    sharded::reader::open(store, &SHARDS, CONTAINER.name)
}

/// Finds the first samples of a store's shard: an image and a label each.
fn scan(shard: &[u8], most: u32) -> Result<Vec<ScannedSample>, Fault> {
    let mut members = Members::new(shard);
    let mut samples = Vec::new();
    while samples.len() < most as usize {
        let Some(image) = members.next().transpose()? else {
            break;
        };
        let cut = || Fault::new(image.offset, "the image is not followed by its label");
        let label = members.next().transpose()?.ok_or_else(cut)?;
        let (key, suffix) = image.key_and_suffix().ok_or_else(cut)?;
        if label.key_and_suffix() != Some((key, LABEL)) {
            return Err(cut());
        }
        samples.push(scanned(&image, suffix, &label)?);
    }
    Ok(samples)
}

fn scanned(image: &Member<'_>, suffix: &str, label: &Member<'_>) -> Result<ScannedSample, Fault> {
    let (mut start, mut array) = (0, None);
    if suffix == ARRAY {
        let header = npy_header(image)?;
        start = header.data_offset;
        array = element_of(header.kind)
            .zip(<[u64; 3]>::try_from(header.shape).ok())
            .map(|(element, dimensions)| ArrayType {
                element,
                dimensions,
            });
    }
    Ok(ScannedSample {
        offset: image.offset + start as u64,
        len: u32::try_from(image.bytes.len() - start)
            .map_err(|_| Fault::new(image.offset, "an image of 4 GiB or more"))?,
        label: members::number(label.bytes)
            .ok_or_else(|| Fault::new(label.offset, "the label is not a number"))?,
        end: label.end,
        array,
    })
}

/// The header of an array, whose data ends within the member.
fn npy_header(member: &Member<'_>) -> Result<NpyHeader, Fault> {
    let header = NpyHeader::parse(member.bytes)
        .map_err(|error| Fault::new(member.offset + error.offset as u64, error.reason))?;
    if header.big_endian || header.fortran_order {
        return Err(Fault::new(
            member.offset,
            "an array that is big-endian or in Fortran order; write it in C order and \
             little-endian",
        ));
    }
    let data = member.bytes.len().checked_sub(header.data_offset);
    let expected = header
        .values()
        .and_then(|values| values.checked_mul(header.kind.size() as u64));
    match (data, expected) {
        (Some(data), Some(expected)) if data as u64 == expected => Ok(header),
        _ => Err(Fault::new(
            member.offset,
            format!(
                "an array of {:?} {} in a member of {} bytes",
                header.shape,
                header.kind.descr(),
                member.bytes.len()
            ),
        )),
    }
}

const fn element_of(kind: NpyType) -> Option<Element> {
    match kind {
        NpyType::U8 => Some(Element::U8),
        NpyType::U16 => Some(Element::U16),
        NpyType::F16 => Some(Element::F16),
        NpyType::Bf16 => Some(Element::Bf16),
        NpyType::F32 => Some(Element::F32),
        _ => None,
    }
}

const fn npy_type_of(element: Element) -> NpyType {
    match element {
        Element::U8 => NpyType::U8,
        Element::U16 => NpyType::U16,
        Element::F16 => NpyType::F16,
        Element::Bf16 => NpyType::Bf16,
        Element::F32 => NpyType::F32,
    }
}
