//! Protocol Buffers on the wire (<https://protobuf.dev/programming-guides/encoding/>), read in
//! place: every value knows at which byte of the file it lies.

use crate::sharded::Fault;

/// Most bytes of a variable-length integer.
const MAX_VARINT_BYTES: usize = 10;

/// A stretch of a file: a message, a string, packed numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wire<'a> {
    pub(super) bytes: &'a [u8],
    /// Its first byte's place in the file.
    pub(super) offset: u64,
}

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'a> {
    pub(super) number: u64,
    pub(super) value: Value<'a>,
}

/// The value of a field, as it can be told without knowing the message's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A variable-length integer.
    Varint(u64),
    /// Eight bytes.
    Fixed64,
    /// Four bytes.
    Fixed32,
    /// Bytes, a string, a message, or packed numbers.
    Bytes(Wire<'a>),
}

impl<'a> Wire<'a> {
    /// The fields of a message. Ends with the first fault.
    pub(super) const fn fields(self) -> Fields<'a> {
        Fields { rest: self }
    }

    /// Takes a variable-length integer off the front.
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for (at, byte) in self.bytes.iter().take(MAX_VARINT_BYTES).enumerate() {
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * at as u32;
            let shifted = bits << shift;
            if shifted >> shift != bits {
                break;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                self.skip(at + 1);
                return Ok(value);
            }
        }
        let reason = if self.bytes.len() < MAX_VARINT_BYTES {
            "the record ends within a number"
        } else {
            "a number of more than 64 bits"
        };
        Err(Fault::new(self.offset, reason))
    }

    fn skip(&mut self, bytes: usize) {
        self.bytes = &self.bytes[bytes..];
        self.offset += bytes as u64;
    }

    /// Takes so many bytes off the front.
    fn take(&mut self, len: u64) -> Result<Self, Fault> {
        let found = self.bytes.len();
        let Some(len) = usize::try_from(len).ok().filter(|len| *len <= found) else {
            let reason = format!("a field of {len} bytes where {found} are left");
            return Err(Fault::new(self.offset, reason));
        };
        let taken = Self {
            bytes: &self.bytes[..len],
            offset: self.offset,
        };
        self.skip(len);
        Ok(taken)
    }

    fn field(&mut self) -> Result<Field<'a>, Fault> {
        let start = self.offset;
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return Err(Fault::new(
                start,
                "a field without a number: this is no message",
            ));
        }
        let value = match tag & 7 {
            0 => Value::Varint(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed64)?,
            2 => {
                let len = self.varint()?;
                Value::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Value::Fixed32)?,
            other => {
                let reason = format!("a field of wire type {other}, which is not in use");
                return Err(Fault::new(start, reason));
            }
        };
        Ok(Field { number, value })
    }
}

/// The fields of a message, one after the other.
pub(super) struct Fields<'a> {
    rest: Wire<'a>,
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.bytes.is_empty() {
            return None;
        }
        let field = self.rest.field();
        if field.is_err() {
            self.rest.bytes = &[];
        }
        Some(field)
    }
}

/// Appends a variable-length integer.
pub(super) fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Bytes of a variable-length integer.
pub(super) const fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::{Field, Value, Wire, push_varint, varint_len};
    use proptest::prelude::*;

    const fn wire(bytes: &[u8]) -> Wire<'_> {
        Wire { bytes, offset: 100 }
    }

    proptest! {
        #[test]
        fn numbers_come_back(value: u64, behind in prop::collection::vec(any::<u8>(), 0..3)) {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, value);
            prop_assert_eq!(bytes.len(), varint_len(value));
            let len = bytes.len();
            bytes.extend(&behind);
            let mut read = wire(&bytes);
            prop_assert_eq!(read.varint().unwrap(), value);
            prop_assert_eq!(read.offset, 100 + len as u64);
            prop_assert_eq!(read.bytes, behind.as_slice());
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            for field in wire(&bytes).fields() {
                if let Ok(Field { value: Value::Bytes(inner), .. }) = field {
                    let start = (inner.offset - 100) as usize;
                    prop_assert_eq!(&bytes[start..start + inner.bytes.len()], inner.bytes);
                }
            }
        }
    }

    #[test]
    fn fields_are_read_with_their_places() {
        // 1: 150, 2: "testing" (both from the format's documentation), 3: four bytes, 4: eight.
        let bytes = [
            &[0x08, 0x96, 0x01, 0x12, 0x07][..],
            b"testing",
            &[0x1d, 0, 0, 0, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        let fields: Vec<Field<'_>> = wire(&bytes).fields().map(Result::unwrap).collect();
        let text = Wire {
            bytes: b"testing",
            offset: 105,
        };
        let expected = [
            (1, Value::Varint(150)),
            (2, Value::Bytes(text)),
            (3, Value::Fixed32),
            (4, Value::Fixed64),
        ];
        assert_eq!(
            fields,
            expected.map(|(number, value)| Field { number, value })
        );
    }

    #[test]
    fn faults_are_told_by_byte() {
        for (bytes, offset, reason) in [
            (&[0x08][..], 101, "ends within a number"),
            (&[0x08, 0x80, 0x80], 101, "ends within a number"),
            (
                &[0x08, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
                101,
                "64 bits",
            ),
            (&[0x12, 2, 0], 102, "a field of 2 bytes where 1 are left"),
            (
                &[0x12, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
                111,
                "a field of 18446744073709551615 bytes",
            ),
            (&[0x1d, 0], 101, "a field of 4 bytes"),
            (&[0x00, 0], 100, "without a number"),
            (&[0x0b], 100, "wire type 3"),
        ] {
            let mut fields = wire(bytes).fields();
            let fault = fields.next().unwrap().unwrap_err();
            assert_eq!(fault.offset, offset, "{fault:?}");
            assert!(fault.reason.contains(reason), "{fault:?}");
            assert_eq!(fields.next(), None);
        }
    }
}
