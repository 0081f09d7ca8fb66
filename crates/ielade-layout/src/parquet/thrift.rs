//! Thrift's compact protocol, in which Parquet writes its metadata
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).

use crate::columns::fault::Fault;

/// Structures within structures that are followed; Parquet's own need six.
const MAX_DEPTH: u8 = 24;

/// What a field or an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    True,
    False,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List,
    Set,
    Map,
    Struct,
    Uuid,
}

impl Kind {
    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::True,
            2 => Self::False,
            3 => Self::Byte,
            4 => Self::I16,
            5 => Self::I32,
            6 => Self::I64,
            7 => Self::Double,
            8 => Self::Binary,
            9 => Self::List,
            10 => Self::Set,
            11 => Self::Map,
            12 => Self::Struct,
            13 => Self::Uuid,
            _ => return None,
        })
    }

    pub(super) const fn code(self) -> u8 {
        self as u8 + 1
    }
}

/// Reads values from bytes. Nothing is sized by a number that was read.
#[derive(Debug)]
pub(super) struct ThriftReader<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: u8,
}

type Read<T> = Result<T, Fault>;

impl<'a> ThriftReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            depth: 0,
        }
    }

    /// Bytes read so far.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// A fault here.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.at as u64, reason)
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or_else(|| self.fault("the metadata ends within a value"))?;
        self.at += 1;
        Ok(byte)
    }

    fn take(&mut self, length: u64) -> Read<&'a [u8]> {
        let left = &self.bytes[self.at..];
        if length > left.len() as u64 {
            let reason = format!("{length} bytes belong here and {} are left", left.len());
            return Err(self.fault(reason));
        }
        self.at += length as usize;
        Ok(&left[..length as usize])
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.fault("a number of more than 64 bits"))
    }

    fn zigzag(&mut self) -> Read<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A whole number.
    pub(super) fn int(&mut self, kind: Kind) -> Read<i64> {
        match kind {
            Kind::Byte => Ok(i64::from(self.byte()? as i8)),
            Kind::I16 | Kind::I32 | Kind::I64 => self.zigzag(),
            other => Err(self.fault(format!("{other:?} where a number belongs"))),
        }
    }

    /// A number that counts or places something.
    pub(super) fn unsigned(&mut self, kind: Kind) -> Read<u64> {
        let value = self.int(kind)?;
        u64::try_from(value).map_err(|_| self.fault(format!("{value} where a count belongs")))
    }

    /// A truth value.
    pub(super) fn boolean(&self, kind: Kind) -> Read<bool> {
        match kind {
            Kind::True => Ok(true),
            Kind::False => Ok(false),
            other => Err(self.fault(format!("{other:?} where a truth value belongs"))),
        }
    }

    /// Bytes.
    pub(super) fn binary(&mut self, kind: Kind) -> Read<&'a [u8]> {
        if kind != Kind::Binary {
            return Err(self.fault(format!("{kind:?} where bytes belong")));
        }
        let length = self.varint()?;
        self.take(length)
    }

    /// Text.
    pub(super) fn text(&mut self, kind: Kind) -> Read<&'a str> {
        let bytes = self.binary(kind)?;
        std::str::from_utf8(bytes).map_err(|_| self.fault("a name that is not UTF-8"))
    }

    fn deeper(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fault(format!("more than {MAX_DEPTH} structures in one another")));
        }
        Ok(())
    }

    /// Gives each field of a structure to `visit`, which must read or [skip](Self::skip) it.
    pub(super) fn fields(
        &mut self,
        kind: Kind,
        mut visit: impl FnMut(&mut Self, i16, Kind) -> Read<()>,
    ) -> Read<()> {
        if kind != Kind::Struct {
            return Err(self.fault(format!("{kind:?} where a structure belongs")));
        }
        self.deeper()?;
        let mut id = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                break;
            }
            let kind = self.kind(head & 0x0f)?;
            id = match head >> 4 {
                0 => self.zigzag()? as i16,
                step => id.wrapping_add(step.into()),
            };
            visit(self, id, kind)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn kind(&self, code: u8) -> Read<Kind> {
        Kind::from_code(code).ok_or_else(|| self.fault(format!("{code} is no type of a value")))
    }

    /// Gives each item of a list to `visit`, which must read or skip it.
    pub(super) fn items(
        &mut self,
        kind: Kind,
        mut visit: impl FnMut(&mut Self, Kind) -> Read<()>,
    ) -> Read<()> {
        if !matches!(kind, Kind::List | Kind::Set) {
            return Err(self.fault(format!("{kind:?} where a list belongs")));
        }
        self.deeper()?;
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.varint()?,
            few => few.into(),
        };
        let item = self.kind(head & 0x0f)?;
        for _ in 0..self.checked_count(count)? {
            visit(self, item)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// A number of items, each of which takes at least a byte.
    fn checked_count(&self, count: u64) -> Read<u64> {
        let left = (self.bytes.len() - self.at) as u64;
        if count > left {
            return Err(self.fault(format!("{count} items where {left} bytes are left")));
        }
        Ok(count)
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self, kind: Kind) -> Read<()> {
        match kind {
            Kind::True | Kind::False => Ok(()),
            Kind::Byte => self.byte().map(|_| ()),
            Kind::I16 | Kind::I32 | Kind::I64 => self.varint().map(|_| ()),
            Kind::Double => self.take(8).map(|_| ()),
            Kind::Uuid => self.take(16).map(|_| ()),
            Kind::Binary => self.binary(kind).map(|_| ()),
            Kind::List | Kind::Set => self.items(kind, Self::skip_item),
            Kind::Map => self.skip_map(),
            Kind::Struct => self.fields(kind, |this, _, kind| this.skip(kind)),
        }
    }

    /// Passes over an item of a list or map, where truth values take a byte each.
    fn skip_item(&mut self, kind: Kind) -> Read<()> {
        match kind {
            Kind::True | Kind::False => self.byte().map(|_| ()),
            other => self.skip(other),
        }
    }

    fn skip_map(&mut self) -> Read<()> {
        let count = self.varint()?;
        if count == 0 {
            return Ok(());
        }
        self.deeper()?;
        let kinds = self.byte()?;
        let (key, value) = (self.kind(kinds >> 4)?, self.kind(kinds & 0x0f)?);
        for _ in 0..self.checked_count(count)? {
            self.skip_item(key)?;
            self.skip_item(value)?;
        }
        self.depth -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, MAX_DEPTH, ThriftReader};
    use crate::parquet::thrift_writer::ThriftWriter;
    use proptest::prelude::*;

    fn written() -> Vec<u8> {
        let mut writer = ThriftWriter::default();
        writer.structure(|w| {
            w.i32(1, -5);
            w.i64(3, u64::from(u32::MAX) << 8);
            w.text(40, "é");
            w.list(41, Kind::I32, 20);
            for number in 0..20 {
                w.i32_item(number);
            }
            w.list(42, Kind::Struct, 1);
            w.structure(|w| w.field_structure(2, |w| w.i32(1, 7)));
        });
        writer.finish()
    }

    #[test]
    fn what_was_written_is_read() {
        let bytes = written();
        let mut reader = ThriftReader::new(&bytes);
        let (mut ids, mut sum) = (Vec::new(), 0);
        reader
            .fields(Kind::Struct, |r, id, kind| {
                ids.push(id);
                match id {
                    1 => assert_eq!(r.int(kind)?, -5),
                    3 => assert_eq!(r.unsigned(kind)?, u64::from(u32::MAX) << 8),
                    40 => assert_eq!(r.text(kind)?, "é"),
                    41 => r.items(kind, |r, kind| {
                        sum += r.int(kind)?;
                        Ok(())
                    })?,
                    _ => r.skip(kind)?,
                }
                Ok(())
            })
            .unwrap();
        assert_eq!((ids, sum), (vec![1, 3, 40, 41, 42], 190));
        assert_eq!(reader.position(), bytes.len());
    }

    #[test]
    fn a_cut_structure_is_refused_wherever_it_is_cut() {
        let bytes = written();
        for end in 0..bytes.len() {
            let mut reader = ThriftReader::new(&bytes[..end]);
            assert!(reader.skip(Kind::Struct).is_err(), "{end}");
        }
    }

    #[test]
    fn structures_without_end_are_refused() {
        // Field 1, a structure; again and again.
        let bytes = vec![0x1c; 100_000];
        let fault = ThriftReader::new(&bytes).skip(Kind::Struct).unwrap_err();
        assert!(fault.reason.contains("24 structures"), "{fault:?}");
        assert!(fault.offset <= u64::from(MAX_DEPTH) + 1);
        // A list of lists.
        let bytes = vec![0x19; 100_000];
        assert!(ThriftReader::new(&bytes).skip(Kind::List).is_err());
        // A list of as many items as can be told.
        let bytes = [0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
        let fault = ThriftReader::new(&bytes).skip(Kind::List).unwrap_err();
        assert!(fault.reason.contains("4294967295 items"), "{fault:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_end_in_a_value_or_a_fault(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for kind in [Kind::Struct, Kind::List, Kind::Map] {
                let mut reader = ThriftReader::new(&bytes);
                let _ = reader.skip(kind);
                prop_assert!(reader.position() <= bytes.len());
            }
        }
    }
}
