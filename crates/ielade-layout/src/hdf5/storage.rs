//! The layout message: where a dataset's values lie.

use super::cursor::Cursor;
use crate::columns::fault::Fault;

/// Where values lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Storage {
    /// In one piece; `None` where none of it was written.
    Contiguous(Option<Piece>),
    /// In chunks of one shape.
    Chunked(Chunked),
}

/// A piece of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where in the file, not in its own addresses.
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// How chunks are cut and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunked {
    /// Length of a chunk in each dimension.
    pub(super) shape: Vec<u64>,
    /// Bytes of a value.
    pub(super) value_bytes: u64,
    pub(super) index: ChunkIndex,
    /// Where the index is; `None` where no chunk was written.
    pub(super) address: Option<u64>,
    /// Whether chunks that reach beyond the dataset are left as they are by filters.
    pub(super) edges_unfiltered: bool,
}

/// How chunks are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkIndex {
    /// A B-tree of version 1.
    OldTree,
    /// There is one; its bytes and left out filters where it is filtered.
    Single(Option<(u64, u32)>),
    /// One behind the other, all of them.
    Implicit,
    /// An array of their addresses.
    FixedArray,
    /// An array of their addresses that grows.
    ExtensibleArray,
    /// A B-tree of version 2.
    Tree,
}

impl Storage {
    pub(super) fn parse(mut cursor: Cursor<'_>) -> Result<Self, Fault> {
        const COMPACT: u8 = 0;
        const CONTIGUOUS: u8 = 1;
        const CHUNKED: u8 = 2;
        const VIRTUAL: u8 = 3;
        let version = cursor.version(&[3, 4], "a data layout")?;
        let here = cursor;
        match cursor.u8()? {
            COMPACT => {
                let bytes = u64::from(cursor.u16()?);
                let offset = cursor.offset();
                cursor.skip(bytes)?;
                Ok(Self::Contiguous(Some(Piece { offset, bytes })))
            }
            CONTIGUOUS => {
                let (address, bytes) = (cursor.address()?, cursor.length()?);
                let Some(address) = address else {
                    return Ok(Self::Contiguous(None));
                };
                // Beyond the end is an error here.
                let piece = cursor.source.piece(address, bytes)?;
                let offset = piece.offset();
                Ok(Self::Contiguous(Some(Piece { offset, bytes })))
            }
            CHUNKED if version == 3 => old_chunks(cursor).map(Self::Chunked),
            CHUNKED => chunks(cursor).map(Self::Chunked),
            VIRTUAL => Err(here.fault(
                "a virtual dataset, whose values lie in other datasets, is not read; copy it \
                 into a dataset of its own",
            )),
            class => Err(here.fault(format!("class {class} of a data layout is not known"))),
        }
    }
}

/// Splits off the last length, which is that of a value.
fn shape_of(mut lengths: Vec<u64>, cursor: Cursor<'_>) -> Result<(Vec<u64>, u64), Fault> {
    match lengths.pop() {
        Some(value_bytes) if !lengths.contains(&0) && value_bytes > 0 => Ok((lengths, value_bytes)),
        _ => Err(cursor.fault("chunks of no values")),
    }
}

fn old_chunks(mut cursor: Cursor<'_>) -> Result<Chunked, Fault> {
    let here = cursor;
    let rank = cursor.u8()?;
    let address = cursor.address()?;
    let lengths = (0..rank).map(|_| cursor.u32().map(u64::from));
    let lengths = lengths.collect::<Result<_, _>>()?;
    let (shape, value_bytes) = shape_of(lengths, here)?;
    Ok(Chunked {
        shape,
        value_bytes,
        index: ChunkIndex::OldTree,
        address,
        edges_unfiltered: false,
    })
}

fn chunks(mut cursor: Cursor<'_>) -> Result<Chunked, Fault> {
    const EDGES_UNFILTERED: u8 = 1;
    const SINGLE_FILTERED: u8 = 2;
    let here = cursor;
    let flags = cursor.u8()?;
    let rank = cursor.u8()?;
    let bytes = usize::from(cursor.u8()?);
    let lengths = (0..rank).map(|_| cursor.number(bytes));
    let lengths = lengths.collect::<Result<_, _>>()?;
    let (shape, value_bytes) = shape_of(lengths, here)?;
    let kind = cursor;
    let index = match cursor.u8()? {
        1 if flags & SINGLE_FILTERED != 0 => {
            ChunkIndex::Single(Some((cursor.length()?, cursor.u32()?)))
        }
        1 => ChunkIndex::Single(None),
        2 => ChunkIndex::Implicit,
        // What follows stands in the index too.
        3 => {
            cursor.skip(1)?;
            ChunkIndex::FixedArray
        }
        4 => {
            cursor.skip(5)?;
            ChunkIndex::ExtensibleArray
        }
        5 => {
            cursor.skip(6)?;
            ChunkIndex::Tree
        }
        index => return Err(kind.fault(format!("index {index} of chunks is not known"))),
    };
    Ok(Chunked {
        shape,
        value_bytes,
        index,
        address: cursor.address()?,
        edges_unfiltered: flags & EDGES_UNFILTERED != 0,
    })
}
