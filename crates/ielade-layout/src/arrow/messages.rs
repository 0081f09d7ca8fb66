//! The messages that a store's file is made of.

use super::{
    file::CONTINUATION,
    flatbuffer_writer::{Node, encode},
};
use crate::{
    LayoutError,
    columns::{BYTES, IMAGE, LABEL, PATH, arrays, features},
    registry::StorePlan,
    store::one_size,
    stored::array::image_shape,
};
use ielade_core::{Element, ImageSpec};
use serde_json::json;

/// Version 5 of the format, counted from 0.
const VERSION: i16 = 4;

/// Numbers of the types, and of what a message holds.
const INT: u8 = 2;
const FLOAT: u8 = 3;
const BINARY: u8 = 4;
const UTF8: u8 = 5;
const STRUCT: u8 = 13;
const FIXED_LIST: u8 = 16;
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// What the items of lists are called everywhere.
const ITEM: &str = "item";

/// Bodies start at a multiple of this.
pub(super) const ALIGNMENT: u64 = 64;

/// First byte of the first message, behind the magic bytes.
pub(super) const SCHEMA_START: u64 = 8;

/// The columns of a store.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// Element and size of raw images; `None` of encoded ones.
    array: Option<(Element, ImageSpec)>,
    entries: Vec<(&'static str, String)>,
}

/// A batch that is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// First byte of the message.
    pub(super) offset: u64,
    /// Bytes before the body.
    pub(super) metadata: u32,
    pub(super) body: u64,
}

impl Schema {
    /// The columns of what is to be stored.
    pub(super) fn of(plan: &StorePlan<'_>, container: &'static str) -> Result<Self, LayoutError> {
        let mut entries = Vec::new();
        let mut array = None;
        match plan.encoding.element() {
            None => {
                let features = features::text(plan.encoding, plan.classes, &json!({}));
                entries.push((features::KEY, features));
            }
            Some(element) => {
                let spec = one_size(plan.shape, plan.folder, container)?;
                let item = json!({"_type": "Value", "dtype": item_name(element)});
                let raw = image_shape(element, spec).iter().rev().fold(
                    item,
                    |item, size| json!({"_type": "List", "feature": item, "length": size}),
                );
                let features = features::text(plan.encoding, plan.classes, &raw);
                entries.push((features::KEY, features));
                entries.push((arrays::DTYPE_KEY, arrays::dtype(element).to_owned()));
                array = Some((element, spec));
            }
        }
        Ok(Self { array, entries })
    }

    fn node(&self) -> Node {
        let image = match self.array {
            None => field(IMAGE, STRUCT, Node::table()).tables(
                5,
                vec![
                    leaf(BYTES, BINARY, Node::table()),
                    leaf(PATH, UTF8, Node::table()),
                ],
            ),
            Some((element, spec)) => array(element, spec),
        };
        let label = leaf(LABEL, INT, int(64, true));
        Node::table()
            .tables(1, vec![image, label])
            .tables(2, key_values(&self.entries))
    }

    /// The message that starts a file.
    pub(super) fn message(&self) -> Vec<u8> {
        let message = Node::table()
            .i16(0, VERSION)
            .u8(1, SCHEMA)
            .node(2, self.node())
            .i64(3, 0);
        framed(&encode(&message), SCHEMA_START)
    }

    /// The end of a file, without its length.
    pub(super) fn footer(&self, blocks: &[Block]) -> Vec<u8> {
        let block = |block: &Block| {
            let mut bytes = [0; 24];
            bytes[..8].copy_from_slice(&block.offset.to_le_bytes());
            bytes[8..12].copy_from_slice(&block.metadata.to_le_bytes());
            bytes[16..].copy_from_slice(&block.body.to_le_bytes());
            bytes
        };
        let blocks: Vec<[u8; 24]> = blocks.iter().map(block).collect();
        let footer = Node::table()
            .i16(0, VERSION)
            .node(1, self.node())
            .structs::<24>(2, &[])
            .structs(3, &blocks);
        encode(&footer)
    }

    /// Nodes of the columns, in order: rows of each, and of lists in lists how many there are of
    /// each.
    fn lengths(&self, rows: u32) -> Vec<u64> {
        let rows = u64::from(rows);
        let Some((element, spec)) = self.array else {
            // image, bytes, path, label
            return vec![rows; 4];
        };
        let mut lengths = vec![rows];
        let mut length = rows;
        for size in image_shape(element, spec) {
            length *= u64::from(size);
            lengths.push(length);
        }
        lengths.push(rows);
        lengths
    }

    /// Buffers of a batch.
    pub(super) const fn buffers(&self) -> usize {
        match self.array {
            // image: validity; bytes and path: validity, offsets, data; label: validity, data.
            None => 1 + 3 + 3 + 2,
            // image and the lists in it: validity; their numbers and label: validity, data.
            Some(_) => 3 + 2 + 2,
        }
    }

    /// The message of a batch, of the same length whatever the numbers in it. `buffers` are place
    /// and length within the body.
    pub(super) fn batch(&self, rows: u32, buffers: &[(u64, u64)], body: u64) -> Vec<u8> {
        let pair = |first: u64, second: u64| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&first.to_le_bytes());
            bytes[8..].copy_from_slice(&second.to_le_bytes());
            bytes
        };
        let lengths = self.lengths(rows);
        let nodes: Vec<_> = lengths.into_iter().map(|length| pair(length, 0)).collect();
        let buffers: Vec<_> = buffers
            .iter()
            .map(|(at, length)| pair(*at, *length))
            .collect();
        let batch = Node::table()
            .i64(0, rows.into())
            .structs(1, &nodes)
            .structs(2, &buffers);
        let message = Node::table()
            .i16(0, VERSION)
            .u8(1, RECORD_BATCH)
            .node(2, batch)
            .i64(3, body as i64);
        framed(&encode(&message), 0)
    }
}

/// A message behind its length, for the place `start` of a file or one that lies as it does between
/// multiples of [`ALIGNMENT`]. It reaches up to the next one: a gap would end a stream.
fn framed(message: &[u8], start: u64) -> Vec<u8> {
    let end = (start + 8 + message.len() as u64).next_multiple_of(ALIGNMENT);
    let length = (end - start) as usize;
    let mut bytes = CONTINUATION.to_vec();
    bytes.extend_from_slice(&((length - 8) as u32).to_le_bytes());
    bytes.extend_from_slice(message);
    bytes.resize(length, 0);
    bytes
}

/// A field of a type; what is below it is still to be told.
fn field(name: &str, kind: u8, table: Node) -> Node {
    Node::table()
        .text(0, name)
        .u8(1, 1)
        .u8(2, kind)
        .node(3, table)
}

fn leaf(name: &str, kind: u8, table: Node) -> Node {
    field(name, kind, table).tables(5, Vec::new())
}

fn int(bits: i32, signed: bool) -> Node {
    Node::table().i32(0, bits).u8(1, signed.into())
}

/// Lists in lists of fixed sizes, which are the shape of an image.
fn array(element: Element, spec: ImageSpec) -> Node {
    let item = match element {
        Element::U8 => leaf(ITEM, INT, int(8, false)),
        Element::U16 | Element::Bf16 => leaf(ITEM, INT, int(16, false)),
        Element::F16 => leaf(ITEM, FLOAT, Node::table().i16(0, 0)),
        Element::F32 => leaf(ITEM, FLOAT, Node::table().i16(0, 1)),
    };
    let [outer, middle, inner] = image_shape(element, spec);
    let list = |name, size: u32, item| {
        field(name, FIXED_LIST, Node::table().i32(0, size as i32)).tables(5, vec![item])
    };
    list(IMAGE, outer, list(ITEM, middle, list(ITEM, inner, item)))
}

/// The type of the numbers by Arrow's name.
const fn item_name(element: Element) -> &'static str {
    match element {
        Element::Bf16 => "uint16",
        other => arrays::dtype(other),
    }
}

fn key_values(entries: &[(&str, String)]) -> Vec<Node> {
    let entry = |(key, value): &(&str, String)| Node::table().text(0, key).text(1, value);
    entries.iter().map(entry).collect()
}
