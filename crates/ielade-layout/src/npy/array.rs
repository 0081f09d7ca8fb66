//! An array in a mapped file: a file of its own, or a member of an archive.

use super::{NpyHeader, NpyHeaderError, NpyType};
use crate::{
    LayoutError,
    foreign::arrays::{ArrayEntry, Integer, Scalar},
    mapped::MappedFile,
    stored::array::ByteOrder,
};
use ielade_core::Element;
use std::{
    ops::Range,
    path::{Path, PathBuf},
};

/// Where in a file an array is, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArrayPlace {
    pub(super) header: NpyHeader,
    /// The bytes of its values in the file.
    pub(super) data: Range<usize>,
}

impl ArrayPlace {
    /// Reads the header at the start of `within`, a part of `file`; all values lie within it.
    pub(super) fn parse(file: &[u8], within: Range<usize>) -> Result<Self, NpyHeaderError> {
        let part = file.get(within.clone()).unwrap_or_default();
        let header = NpyHeader::parse(part).map_err(|error| NpyHeaderError {
            offset: within.start + error.offset,
            ..error
        })?;
        let bytes = header
            .values()
            .and_then(|values| values.checked_mul(header.kind.size() as u64))
            .and_then(|bytes| usize::try_from(bytes).ok());
        let start = within.start + header.data_offset;
        let end = bytes.and_then(|bytes| start.checked_add(bytes));
        match end.filter(|end| *end <= within.end) {
            Some(end) => Ok(Self {
                header,
                data: start..end,
            }),
            None => Err(NpyHeaderError {
                offset: start,
                reason: format!(
                    "{} {:?} do not fit into the {} bytes that follow; the file was cut or changed",
                    header.kind.descr(),
                    header.shape,
                    within.end.saturating_sub(start)
                ),
            }),
        }
    }

    pub(super) const fn byte_order(&self) -> ByteOrder {
        if self.header.big_endian {
            ByteOrder::Big
        } else {
            ByteOrder::Little
        }
    }

    pub(super) fn entry(&self, name: &str) -> ArrayEntry {
        let integer = |bytes, signed| Some(Integer { bytes, signed });
        let (element, integer) = match self.header.kind {
            NpyType::Bool => (None, integer(1, false)),
            NpyType::U8 => (Some(Element::U8), integer(1, false)),
            NpyType::I8 => (None, integer(1, true)),
            NpyType::U16 => (Some(Element::U16), integer(2, false)),
            NpyType::I16 => (None, integer(2, true)),
            NpyType::U32 => (None, integer(4, false)),
            NpyType::I32 => (None, integer(4, true)),
            NpyType::U64 => (None, integer(8, false)),
            NpyType::I64 => (None, integer(8, true)),
            NpyType::F16 => (Some(Element::F16), None),
            NpyType::Bf16 => (Some(Element::Bf16), None),
            NpyType::F32 => (Some(Element::F32), None),
        };
        let order = if self.header.big_endian { ">" } else { "" };
        let kind = self.header.kind.descr().trim_start_matches(['|', '<']);
        ArrayEntry {
            name: name.to_owned(),
            scalar: Scalar {
                name: format!("{order}{kind}"),
                element,
                integer,
            },
            shape: self.header.shape.clone(),
        }
    }
}

/// A mapped npy file.
pub(super) struct ArrayFile {
    path: PathBuf,
    map: MappedFile,
    place: ArrayPlace,
}

impl ArrayFile {
    pub(super) fn open(path: &Path) -> Result<Self, LayoutError> {
        let map = MappedFile::open(path)?;
        let place = ArrayPlace::parse(map.bytes(), 0..map.bytes().len())
            .map_err(|error| LayoutError::container(path, error.offset as u64, error.reason))?;
        Ok(Self {
            path: path.to_owned(),
            map,
            place,
        })
    }

    /// Fails unless the array is what `prepare` writes.
    pub(super) fn check(&self, kind: NpyType, shape: &[u64]) -> Result<(), LayoutError> {
        let header = &self.place.header;
        let as_written = !header.big_endian && !header.fortran_order;
        if as_written && (header.kind, header.shape.as_slice()) == (kind, shape) {
            return Ok(());
        }
        let order = match (header.big_endian, header.fortran_order) {
            (false, false) => "",
            (true, false) => "big-endian ",
            (false, true) => "Fortran-ordered ",
            (true, true) => "big-endian, Fortran-ordered ",
        };
        Err(LayoutError::Mismatch {
            path: self.path.clone(),
            reason: format!(
                "it holds {order}{} {:?} where {} {shape:?} belongs",
                header.kind.descr(),
                header.shape,
                kind.descr()
            ),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn place(&self) -> &ArrayPlace {
        &self.place
    }

    /// First byte of the values.
    pub(super) const fn start(&self) -> u64 {
        self.place.data.start as u64
    }

    /// The array's values as bytes.
    pub(super) fn data(&self) -> &[u8] {
        &self.map.bytes()[self.place.data.clone()]
    }

    pub(super) fn into_mapped(self) -> (PathBuf, MappedFile) {
        (self.path, self.map)
    }
}
