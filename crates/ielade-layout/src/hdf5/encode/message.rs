//! The messages of an object header: each says one thing about a dataset or group.

use super::{Bytes, Datatype};

const DATASPACE: u16 = 0x0001;
const DATATYPE: u16 = 0x0003;
const FILL_VALUE: u16 = 0x0005;
const LAYOUT: u16 = 0x0008;
const FILTERS: u16 = 0x000b;
const ATTRIBUTE: u16 = 0x000c;
const SYMBOL_TABLE: u16 = 0x0011;

/// The message never changes.
const CONSTANT: u8 = 1;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) struct Message {
    pub(super) kind: u16,
    pub(super) flags: u8,
    pub(super) body: Vec<u8>,
}

/// A dataset's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) enum Extent<'a> {
    /// They stay as they are.
    Fixed(&'a [u64]),
    /// The first one may grow without end: for chunks, which may reach behind the last sample.
    Growing(&'a [u64]),
}

/// What a chunk's bytes go through when they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) enum Filter {
    /// First bytes of all values together, then second ones; values of so many bytes.
    Shuffle(u32),
    /// zlib, of this level.
    Deflate(u32),
}

impl Filter {
    const fn number(self) -> u16 {
        match self {
            Self::Deflate(_) => 1,
            Self::Shuffle(_) => 2,
        }
    }

    /// Name, with zeros up to a multiple of 8.
    const fn name(self) -> &'static [u8; 8] {
        match self {
            Self::Deflate(_) => b"deflate\0",
            Self::Shuffle(_) => b"shuffle\0",
        }
    }

    const fn value(self) -> u32 {
        match self {
            Self::Deflate(value) | Self::Shuffle(value) => value,
        }
    }
}

impl Message {
    fn new(kind: u16, flags: u8, mut body: Bytes) -> Self {
        Self {
            kind,
            flags,
            body: body.take(),
        }
    }

    /// The dimensions (version 1).
    pub(in crate::hdf5) fn dataspace(extent: Extent<'_>) -> Self {
        Self::new(DATASPACE, 0, dataspace(extent))
    }

    pub(in crate::hdf5) fn datatype(datatype: &Datatype) -> Self {
        let mut body = Bytes::default();
        body.put(datatype.encoded());
        Self::new(DATATYPE, CONSTANT, body)
    }

    /// Values that were never written are 0 (version 2): room is made as it is needed (3) or at
    /// the first write (2), and filled where a value is set (2), which none is.
    pub(in crate::hdf5) fn fill_value(extent: Extent<'_>) -> Self {
        let room = match extent {
            Extent::Fixed(_) => 2,
            Extent::Growing(_) => 3,
        };
        let mut body = Bytes::default();
        body.u8(2).u8(room).u8(2).u8(1).u32(0);
        Self::new(FILL_VALUE, CONSTANT, body)
    }

    /// The values lie in one piece (data layout, version 3).
    pub(in crate::hdf5) fn contiguous(address: u64, bytes: u64) -> Self {
        let mut body = Bytes::default();
        body.u8(3).u8(1).u64(address).u64(bytes);
        Self::new(LAYOUT, 0, body)
    }

    /// The values lie in chunks that a B-tree of version 1 finds (data layout, version 3). The last
    /// of the lengths is the bytes of a value.
    pub(in crate::hdf5) fn chunked(tree: u64, lengths: &[u32]) -> Self {
        let mut body = Bytes::default();
        body.u8(3).u8(2).u8(lengths.len() as u8).u64(tree);
        for length in lengths {
            body.u32(*length);
        }
        Self::new(LAYOUT, 0, body)
    }

    /// What chunks go through, in order (version 1).
    pub(in crate::hdf5) fn filters(filters: &[Filter]) -> Self {
        let mut body = Bytes::default();
        body.u8(1).u8(filters.len() as u8).zeros(6);
        for filter in filters {
            let name = filter.name();
            body.u16(filter.number()).u16(name.len() as u16);
            // Optional when written, one value, which is padded to 8 bytes.
            body.u16(1).u16(1).put(name).u32(filter.value()).u32(0);
        }
        Self::new(FILTERS, CONSTANT, body)
    }

    /// A small array with a name (version 1). `values` has less than 64 KiB.
    pub(in crate::hdf5) fn attribute(
        name: &str,
        datatype: &Datatype,
        extent: Extent<'_>,
        values: &[u8],
    ) -> Self {
        let space = dataspace(extent);
        let mut body = Bytes::default();
        body.u8(1).u8(0).u16(name.len() as u16 + 1);
        body.u16(datatype.encoded().len() as u16);
        body.u16(space.len() as u16);
        body.put(name.as_bytes()).u8(0).align();
        body.put(datatype.encoded()).align();
        body.put(space.as_slice()).align().put(values);
        Self::new(ATTRIBUTE, 0, body)
    }

    /// Where a group's entries lie.
    pub(in crate::hdf5) fn symbol_table(tree: u64, heap: u64) -> Self {
        let mut body = Bytes::default();
        body.u64(tree).u64(heap);
        Self::new(SYMBOL_TABLE, 0, body)
    }
}

fn dataspace(extent: Extent<'_>) -> Bytes {
    let (lengths, growing) = match extent {
        Extent::Fixed(lengths) => (lengths, false),
        Extent::Growing(lengths) => (lengths, true),
    };
    let mut body = Bytes::default();
    body.u8(1)
        .u8(lengths.len() as u8)
        .u8(growing.into())
        .zeros(5);
    for length in lengths {
        body.u64(*length);
    }
    if growing {
        body.u64(u64::MAX);
        for length in lengths.iter().skip(1) {
            body.u64(*length);
        }
    }
    body
}
