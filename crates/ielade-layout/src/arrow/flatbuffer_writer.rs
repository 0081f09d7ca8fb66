//! Writing FlatBuffers. Tables are laid out front to back: each is preceded by the list of its
//! fields' places, and what it points to follows.

/// A table to be written.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    fields: Vec<(usize, Field)>,
}

#[derive(Debug, Clone)]
enum Field {
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    Text(String),
    Table(Node),
    Tables(Vec<Node>),
    /// Items of eight-byte numbers, one after the other, and how many.
    Structs(Vec<u8>, usize),
}

impl Field {
    /// Bytes within the table, which are also what the field is aligned to.
    const fn size(&self) -> usize {
        match self {
            Self::U8(_) => 1,
            Self::I16(_) => 2,
            Self::I64(_) => 8,
            // An offset is as large as this number.
            Self::I32(_) | Self::Text(_) | Self::Table(_) | Self::Tables(_) | Self::Structs(..) => {
                4
            }
        }
    }
}

impl Node {
    /// A table without fields.
    pub(super) fn table() -> Self {
        Self::default()
    }

    fn with(mut self, id: usize, field: Field) -> Self {
        self.fields.push((id, field));
        self
    }

    pub(super) fn u8(self, id: usize, value: u8) -> Self {
        self.with(id, Field::U8(value))
    }

    pub(super) fn i16(self, id: usize, value: i16) -> Self {
        self.with(id, Field::I16(value))
    }

    pub(super) fn i32(self, id: usize, value: i32) -> Self {
        self.with(id, Field::I32(value))
    }

    pub(super) fn i64(self, id: usize, value: i64) -> Self {
        self.with(id, Field::I64(value))
    }

    pub(super) fn text(self, id: usize, text: &str) -> Self {
        self.with(id, Field::Text(text.to_owned()))
    }

    pub(super) fn node(self, id: usize, node: Self) -> Self {
        self.with(id, Field::Table(node))
    }

    pub(super) fn tables(self, id: usize, tables: Vec<Self>) -> Self {
        self.with(id, Field::Tables(tables))
    }

    /// Items of eight-byte numbers.
    pub(super) fn structs<const SIZE: usize>(self, id: usize, items: &[[u8; SIZE]]) -> Self {
        self.with(id, Field::Structs(items.concat(), items.len()))
    }

    /// Appends the table; gives its place.
    fn write(&self, bytes: &mut Vec<u8>) -> usize {
        let count = self.fields.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
        let mut places = vec![0_u16; count];
        // The table starts at a multiple of eight with its way back to the list of places; the
        // largest fields come first, so that none needs a gap.
        let mut order: Vec<&(usize, Field)> = self.fields.iter().collect();
        order.sort_by_key(|(_, field)| std::cmp::Reverse(field.size()));
        let mut end = 4_usize;
        let mut at = Vec::new();
        for (id, field) in &order {
            let place = end.next_multiple_of(field.size());
            places[*id] = place as u16;
            end = place + field.size();
            at.push(place);
        }
        align(bytes, 2, 0);
        let vtable = bytes.len();
        let vtable_bytes = 4 + 2 * count;
        bytes.extend_from_slice(&(vtable_bytes as u16).to_le_bytes());
        bytes.extend_from_slice(&(end as u16).to_le_bytes());
        for place in places {
            bytes.extend_from_slice(&place.to_le_bytes());
        }
        align(bytes, 8, 0);
        let start = bytes.len();
        bytes.extend_from_slice(&((start - vtable) as i32).to_le_bytes());
        bytes.resize(start + end, 0);
        for ((_, field), place) in order.into_iter().zip(at) {
            field.write(bytes, start + place);
        }
        start
    }
}

impl Field {
    /// Sets the field at `at`, and appends what it points to.
    fn write(&self, bytes: &mut Vec<u8>, at: usize) {
        let target = match self {
            Self::U8(value) => return set(bytes, at, &value.to_le_bytes()),
            Self::I16(value) => return set(bytes, at, &value.to_le_bytes()),
            Self::I32(value) => return set(bytes, at, &value.to_le_bytes()),
            Self::I64(value) => return set(bytes, at, &value.to_le_bytes()),
            Self::Table(node) => node.write(bytes),
            Self::Text(text) => {
                align(bytes, 4, 0);
                let start = bytes.len();
                bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
                bytes.extend_from_slice(text.as_bytes());
                // Readers in C rely on the zero behind it.
                bytes.push(0);
                start
            }
            Self::Structs(items, count) => {
                // The items, not their number, are at a multiple of eight.
                align(bytes, 8, 4);
                let start = bytes.len();
                bytes.extend_from_slice(&(*count as u32).to_le_bytes());
                bytes.extend_from_slice(items);
                start
            }
            Self::Tables(nodes) => {
                align(bytes, 4, 0);
                let start = bytes.len();
                bytes.extend_from_slice(&(nodes.len() as u32).to_le_bytes());
                bytes.resize(start + 4 + 4 * nodes.len(), 0);
                for (item, node) in nodes.iter().enumerate() {
                    let at = start + 4 + 4 * item;
                    let target = node.write(bytes);
                    set(bytes, at, &((target - at) as u32).to_le_bytes());
                }
                start
            }
        };
        set(bytes, at, &((target - at) as u32).to_le_bytes());
    }
}

fn set(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// Appends zeros until `beyond` bytes more would be a multiple of `alignment`.
fn align(bytes: &mut Vec<u8>, alignment: usize, beyond: usize) {
    let end = (bytes.len() + beyond).next_multiple_of(alignment) - beyond;
    bytes.resize(end, 0);
}

/// A whole buffer with this outermost table, a multiple of eight bytes long.
pub(super) fn encode(root: &Node) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    let target = root.write(&mut bytes);
    set(&mut bytes, 0, &(target as u32).to_le_bytes());
    align(&mut bytes, 8, 0);
    bytes
}
