//! Writing Thrift's compact protocol.

use super::thrift::Kind;

/// Writes values.
#[derive(Debug, Default)]
pub(super) struct ThriftWriter {
    bytes: Vec<u8>,
    /// The last field's number, of each structure that is open.
    last: Vec<i16>,
}

impl ThriftWriter {
    /// A structure that is no field: the outermost, or an item of a list.
    pub(super) fn structure(&mut self, fields: impl FnOnce(&mut Self)) {
        self.last.push(0);
        fields(self);
        self.last.pop();
        self.bytes.push(0);
    }

    /// The bytes written.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)) as u64);
    }

    fn field(&mut self, id: i16, kind: Kind) {
        let last = self.last.last_mut();
        let step = last.map_or(id, |last| id - std::mem::replace(last, id));
        if (1..16).contains(&step) {
            self.bytes.push((step as u8) << 4 | kind.code());
        } else {
            self.bytes.push(kind.code());
            self.zigzag(id.into());
        }
    }

    pub(super) fn i32(&mut self, id: i16, value: i32) {
        self.field(id, Kind::I32);
        self.zigzag(value.into());
    }

    pub(super) fn i64(&mut self, id: i16, value: u64) {
        self.field(id, Kind::I64);
        self.zigzag(value as i64);
    }

    pub(super) fn text(&mut self, id: i16, text: &str) {
        self.field(id, Kind::Binary);
        self.text_item(text);
    }

    /// Text as an item of a list.
    pub(super) fn text_item(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// A number as an item of a list.
    pub(super) fn i32_item(&mut self, value: i32) {
        self.zigzag(value.into());
    }

    pub(super) fn field_structure(&mut self, id: i16, fields: impl FnOnce(&mut Self)) {
        self.field(id, Kind::Struct);
        self.structure(fields);
    }

    /// The head of a list; its items follow.
    pub(super) fn list(&mut self, id: i16, item: Kind, count: usize) {
        self.field(id, Kind::List);
        if count < 15 {
            self.bytes.push((count as u8) << 4 | item.code());
        } else {
            self.bytes.push(0xf0 | item.code());
            self.varint(count as u64);
        }
    }
}
