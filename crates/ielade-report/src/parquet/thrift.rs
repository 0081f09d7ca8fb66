//! Writing Thrift's compact protocol, as far as Parquet's metadata needs it
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>).

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCTURE: u8 = 12;

/// Writes one value.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Writes a structure, whose fields come in the order of their numbers.
    pub(super) fn structure(&mut self, fields: impl FnOnce(&mut Structure<'_>)) {
        let mut structure = Structure {
            bytes: &mut self.bytes,
            last: 0,
        };
        fields(&mut structure);
        self.bytes.push(0);
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// A structure that is being written.
pub(super) struct Structure<'a> {
    bytes: &'a mut Vec<u8>,
    /// Number of the last field.
    last: u8,
}

impl Structure<'_> {
    /// Fields of Parquet are less than 15 apart, which the short form of a header holds.
    fn header(&mut self, field: u8, kind: u8) {
        debug_assert!(field > self.last && field - self.last < 15);
        self.bytes.push((field - self.last) << 4 | kind);
        self.last = field;
    }

    pub(super) fn i32(&mut self, field: u8, value: i32) {
        self.header(field, I32);
        signed(i64::from(value), self.bytes);
    }

    pub(super) fn i64(&mut self, field: u8, value: i64) {
        self.header(field, I64);
        signed(value, self.bytes);
    }

    pub(super) fn text(&mut self, field: u8, text: &str) {
        self.header(field, BINARY);
        binary(text, self.bytes);
    }

    pub(super) fn structure(&mut self, field: u8, fields: impl FnOnce(&mut Structure<'_>)) {
        self.header(field, STRUCTURE);
        element(self.bytes, fields);
    }

    /// A list of structures, each filled by its place.
    pub(super) fn list(
        &mut self,
        field: u8,
        count: usize,
        fill: impl Fn(usize, &mut Structure<'_>),
    ) {
        self.list_header(field, count, STRUCTURE);
        for place in 0..count {
            element(self.bytes, |structure| fill(place, structure));
        }
    }

    pub(super) fn i32_list(&mut self, field: u8, values: &[i32]) {
        self.list_header(field, values.len(), I32);
        for value in values {
            signed(i64::from(*value), self.bytes);
        }
    }

    pub(super) fn text_list(&mut self, field: u8, texts: &[&str]) {
        self.list_header(field, texts.len(), BINARY);
        for text in texts {
            binary(text, self.bytes);
        }
    }

    fn list_header(&mut self, field: u8, count: usize, kind: u8) {
        self.header(field, LIST);
        if let Ok(few @ 0..15) = u8::try_from(count) {
            self.bytes.push(few << 4 | kind);
        } else {
            self.bytes.push(0xF0 | kind);
            unsigned(count as u64, self.bytes);
        }
    }
}

fn element(bytes: &mut Vec<u8>, fields: impl FnOnce(&mut Structure<'_>)) {
    fields(&mut Structure { bytes, last: 0 });
    bytes.push(0);
}

fn binary(text: &str, bytes: &mut Vec<u8>) {
    unsigned(text.len() as u64, bytes);
    bytes.extend(text.as_bytes());
}

/// Zigzag: numbers near zero are short.
fn signed(value: i64, bytes: &mut Vec<u8>) {
    unsigned(((value << 1) ^ (value >> 63)) as u64, bytes);
}

/// Seven bits a byte, the lowest first.
pub(super) fn unsigned(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::{Writer, signed, unsigned};

    #[test]
    fn numbers_take_seven_bits_a_byte() {
        let mut bytes = Vec::new();
        unsigned(300, &mut bytes);
        assert_eq!(bytes, [0xAC, 0x02]);
        bytes.clear();
        signed(-1, &mut bytes);
        assert_eq!(bytes, [1]);
    }

    #[test]
    fn fields_say_how_far_they_are_from_the_last() {
        let mut writer = Writer::default();
        writer.structure(|fields| {
            fields.i32(1, 1);
            fields.text(4, "a");
        });
        assert_eq!(writer.bytes(), [0x15, 2, 0x38, 1, b'a', 0]);
    }
}
