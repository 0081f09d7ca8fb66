//! Reading FlatBuffers, in which Arrow writes its metadata
//! (<https://flatbuffers.dev/internals/>): every offset is checked before it is followed.

use crate::columns::fault::{Fault, part};

/// A table: fields by number, each of which may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct FlatTable<'a> {
    bytes: &'a [u8],
    /// First byte of the table.
    at: usize,
    vtable: &'a [u8],
}

type Read<T> = Result<T, Fault>;

fn number<const SIZE: usize>(bytes: &[u8], at: usize) -> Read<[u8; SIZE]> {
    let found = bytes.get(at..).and_then(<[u8]>::first_chunk).copied();
    found.ok_or_else(|| Fault::new(at as u64, "the metadata ends within a value"))
}

/// The place that the offset at `at` leads to.
fn follow(bytes: &[u8], at: usize) -> Read<usize> {
    let offset = u32::from_le_bytes(number(bytes, at)?);
    let target = at.checked_add(offset as usize);
    target
        .filter(|target| *target < bytes.len())
        .ok_or_else(|| Fault::new(at as u64, "an offset that leads out of the metadata"))
}

impl<'a> FlatTable<'a> {
    /// The outermost table.
    pub(super) fn root(bytes: &'a [u8]) -> Read<Self> {
        Self::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Read<Self> {
        let fault = || Fault::new(at as u64, "a table that does not say what is in it");
        let back = i32::from_le_bytes(number(bytes, at)?);
        let start = (at as i64).checked_sub(back.into());
        let start = start.and_then(|start| usize::try_from(start).ok());
        let start = start.ok_or_else(fault)?;
        let length = u16::from_le_bytes(number(bytes, start)?);
        let vtable = part(bytes, start as u64, length.into())?;
        // Its own length and the table's come first.
        Ok(Self {
            bytes,
            at,
            vtable: vtable.get(4..).ok_or_else(fault)?,
        })
    }

    /// Where a field lies; `None` where it is missing.
    fn field(&self, id: usize) -> Option<usize> {
        let offset = self.vtable.get(2 * id..)?.first_chunk()?;
        match u16::from_le_bytes(*offset) {
            0 => None,
            offset => Some(self.at + usize::from(offset)),
        }
    }

    pub(super) fn u8(&self, id: usize) -> Read<u8> {
        self.field(id)
            .map_or(Ok(0), |at| Ok(number::<1>(self.bytes, at)?[0]))
    }

    pub(super) fn i16(&self, id: usize) -> Read<i16> {
        self.field(id)
            .map_or(Ok(0), |at| Ok(i16::from_le_bytes(number(self.bytes, at)?)))
    }

    pub(super) fn i32(&self, id: usize) -> Read<i32> {
        self.field(id)
            .map_or(Ok(0), |at| Ok(i32::from_le_bytes(number(self.bytes, at)?)))
    }

    pub(super) fn i64(&self, id: usize) -> Read<i64> {
        self.field(id)
            .map_or(Ok(0), |at| Ok(i64::from_le_bytes(number(self.bytes, at)?)))
    }

    /// A number that counts or places something.
    pub(super) fn unsigned(&self, id: usize) -> Read<u64> {
        let value = self.i64(id)?;
        u64::try_from(value).map_err(|_| self.fault(format!("{value} where a count belongs")))
    }

    pub(super) fn table(&self, id: usize) -> Read<Option<Self>> {
        self.field(id)
            .map(|at| Self::at(self.bytes, follow(self.bytes, at)?))
            .transpose()
    }

    /// Text; empty where it is missing.
    pub(super) fn text(&self, id: usize) -> Read<String> {
        let Some((count, start)) = self.vector(id)? else {
            return Ok(String::new());
        };
        let bytes = part(self.bytes, start, count)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Items of a size, one after the other; none where the field is missing.
    pub(super) fn items<const SIZE: usize>(&self, id: usize) -> Read<&'a [[u8; SIZE]]> {
        let Some((count, start)) = self.vector(id)? else {
            return Ok(&[]);
        };
        let bytes = count.checked_mul(SIZE as u64);
        let bytes = bytes.ok_or_else(|| self.fault(format!("a list of {count}")))?;
        Ok(part(self.bytes, start, bytes)?.as_chunks().0)
    }

    /// Tables; none where the field is missing.
    pub(super) fn tables(&self, id: usize) -> Read<impl Iterator<Item = Read<Self>>> {
        let offsets = self.items::<4>(id)?;
        let start = self.vector(id)?.map_or(0, |(_, start)| start as usize);
        let bytes = self.bytes;
        Ok((0..offsets.len()).map(move |item| Self::at(bytes, follow(bytes, start + 4 * item)?)))
    }

    /// Number of items and the first one's place.
    fn vector(&self, id: usize) -> Read<Option<(u64, u64)>> {
        let Some(at) = self.field(id) else {
            return Ok(None);
        };
        let start = follow(self.bytes, at)?;
        let count = u32::from_le_bytes(number(self.bytes, start)?);
        Ok(Some((count.into(), start as u64 + 4)))
    }

    /// A fault at this table.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.at as u64, reason)
    }
}

#[cfg(test)]
mod tests {
    use super::FlatTable;
    use crate::arrow::flatbuffer_writer::{Node, encode};
    use proptest::prelude::*;

    fn written() -> Vec<u8> {
        let inner = |text: &str| Node::table().text(2, text);
        encode(
            &Node::table()
                .u8(0, 7)
                .i64(1, -9)
                .i16(2, 300)
                .i32(3, 70_000)
                .text(5, "é")
                .tables(6, vec![inner("a"), inner("bcd")])
                .structs(7, &[[1; 16], [2; 16]])
                .node(8, inner("z")),
        )
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = written();
        assert_eq!(bytes.len() % 8, 0);
        let table = FlatTable::root(&bytes).unwrap();
        assert_eq!(table.u8(0).unwrap(), 7);
        assert_eq!(table.i64(1).unwrap(), -9);
        assert_eq!(table.i16(2).unwrap(), 300);
        assert_eq!(table.i32(3).unwrap(), 70_000);
        assert_eq!(table.i32(4).unwrap(), 0);
        assert_eq!(table.text(5).unwrap(), "é");
        let tables: Vec<_> = table.tables(6).unwrap().map(|t| t.unwrap()).collect();
        assert_eq!(tables[1].text(2).unwrap(), "bcd");
        assert_eq!(table.items::<16>(7).unwrap(), [[1; 16], [2; 16]]);
        assert_eq!(table.table(8).unwrap().unwrap().text(2).unwrap(), "z");
        assert!(table.table(9).unwrap().is_none());
        assert!(table.unsigned(1).is_err());
    }

    fn read_all(bytes: &[u8]) {
        let Ok(table) = FlatTable::root(bytes) else {
            return;
        };
        let _ = (table.u8(0), table.unsigned(1), table.i16(2), table.text(5));
        let _ = (table.items::<16>(7), table.table(8));
        if let Ok(tables) = table.tables(6) {
            for inner in tables.take(1000).flatten() {
                let _ = inner.text(2);
            }
        }
    }

    #[test]
    fn cut_and_changed_bytes_are_no_panic() {
        let bytes = written();
        for at in 0..bytes.len() {
            read_all(&bytes[..at]);
            for change in [1, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[at] ^= change;
                read_all(&changed);
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            read_all(&bytes);
        }
    }
}
