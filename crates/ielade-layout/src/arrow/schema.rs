//! The schema of an Arrow file: which columns there are and which buffers are theirs
//! (<https://github.com/apache/arrow/blob/main/format/Schema.fbs>).

use super::flatbuffer::FlatTable;
use crate::{columns::fault::Fault, foreign::arrays::Integer};
use ielade_core::Element;

/// Fields within fields that are followed, and fields in all.
const MAX_DEPTH: usize = 32;
const MAX_FIELDS: usize = 100_000;

/// Bytes of all text, with the names of the fields around each: several may lie on the same bytes of
/// the file.
const MAX_TEXT: usize = 64 << 20;

/// What an entry takes beside its text.
const ENTRY_BYTES: usize = size_of::<(String, String)>();

/// The schema of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Schema {
    pub(super) columns: Vec<Column>,
    pub(super) entries: Vec<(String, String)>,
}

/// A column of values: a field that holds no structure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name below those of the structures around it.
    pub(super) path: Vec<String>,
    pub(super) values: Values,
    /// Number of its first buffer, the validity; those of views before it come on top.
    pub(super) buffer: usize,
    /// Columns of views before it, each of which has as many buffers as its batch says.
    pub(super) views: usize,
    /// The field's own metadata.
    pub(super) entries: Vec<(String, String)>,
}

/// What a column's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Values {
    /// Bytes of any length, by offsets of 32 bits or, where large, of 64.
    Bytes {
        large: bool,
    },
    /// Bytes of one length.
    FixedBytes(u32),
    /// Lists in lists of numbers.
    Array(Array),
    Integer(Integer),
    /// Says what it is, and why that is not read.
    Other(&'static str),
}

/// Lists in lists of numbers; the outermost first. Each has a validity; the numbers come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) lists: Vec<List>,
    pub(super) element: Element,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// Of this many.
    Fixed(u32),
    /// By offsets of 32 bits or, where large, of 64.
    Variable { large: bool },
}

impl List {
    /// Buffers before those of what it lists.
    pub(super) const fn buffers(self) -> usize {
        match self {
            Self::Fixed(_) => 1,
            Self::Variable { .. } => 2,
        }
    }
}

/// The types by their numbers in the union.
mod kind {
    pub(super) const NULL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const BINARY: u8 = 4;
    pub(super) const UTF8: u8 = 5;
    pub(super) const LIST: u8 = 12;
    pub(super) const STRUCT: u8 = 13;
    pub(super) const UNION: u8 = 14;
    pub(super) const FIXED_BINARY: u8 = 15;
    pub(super) const FIXED_LIST: u8 = 16;
    pub(super) const MAP: u8 = 17;
    pub(super) const LARGE_BINARY: u8 = 19;
    pub(super) const LARGE_UTF8: u8 = 20;
    pub(super) const LARGE_LIST: u8 = 21;
    pub(super) const RUN_END: u8 = 22;
    pub(super) const BINARY_VIEW: u8 = 23;
    pub(super) const UTF8_VIEW: u8 = 24;
    pub(super) const LIST_VIEW: u8 = 25;
    pub(super) const LARGE_LIST_VIEW: u8 = 26;
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// Where it contradicts itself, or the values are big-endian.
    pub(super) fn read(table: FlatTable<'_>) -> Result<Self, Fault> {
        if table.i16(0)? != 0 {
            return Err(table.fault("its numbers are big-endian, which is not read"));
        }
        let mut walk = Walk::default();
        for field in table.tables(1)? {
            walk.field(field?, Vec::new(), true)?;
        }
        Ok(Self {
            entries: walk.entries(table, 2)?,
            columns: walk.columns,
        })
    }

    /// An entry of the schema's metadata.
    pub(super) fn entry(&self, key: &str) -> Option<&str> {
        entry(&self.entries, key)
    }
}

impl Column {
    /// An entry of the field's metadata.
    pub(super) fn entry(&self, key: &str) -> Option<&str> {
        entry(&self.entries, key)
    }
}

fn entry<'a>(entries: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = entries.iter().find(|(known, _)| known == key);
    found.map(|(_, value)| value.as_str())
}

/// Goes over all fields, in the order in which their buffers lie.
#[derive(Default)]
struct Walk {
    columns: Vec<Column>,
    fields: usize,
    buffers: usize,
    views: usize,
    /// Bytes of text so far.
    text: usize,
}

impl Walk {
    /// Counts bytes of text.
    fn count(&mut self, bytes: usize, table: FlatTable<'_>) -> Result<(), Fault> {
        self.text = self.text.saturating_add(bytes);
        if self.text > MAX_TEXT {
            return Err(table.fault(format!("a schema of more than {MAX_TEXT} bytes of text")));
        }
        Ok(())
    }

    fn entries(&mut self, table: FlatTable<'_>, id: usize) -> Result<Vec<(String, String)>, Fault> {
        let mut entries = Vec::new();
        for entry in table.tables(id)? {
            let entry = entry?;
            let (key, value) = (entry.text(0)?, entry.text(1)?);
            self.count(key.len() + value.len() + ENTRY_BYTES, entry)?;
            entries.push((key, value));
            if entries.len() > MAX_FIELDS {
                return Err(table.fault("more entries than a schema has"));
            }
        }
        Ok(entries)
    }

    /// Goes over a field and those below it; those in lists and unions are no columns.
    fn field(
        &mut self,
        field: FlatTable<'_>,
        mut path: Vec<String>,
        is_column: bool,
    ) -> Result<(), Fault> {
        self.fields += 1;
        path.push(field.text(0)?);
        if self.fields > MAX_FIELDS || path.len() > MAX_DEPTH {
            return Err(field.fault("more fields, or deeper ones, than a schema has"));
        }
        self.count(path.iter().map(String::len).sum(), field)?;
        let (first, views) = (self.buffers, self.views);
        let number = field.u8(2)?;
        let kind = field
            .table(3)?
            .ok_or_else(|| field.fault("a field without a type"))?;
        let is_dictionary = field.table(4)?.is_some();
        let values = if is_dictionary {
            // The numbers of values in a dictionary take the values' place.
            self.buffers += 2;
            Values::Other(
                "dictionary-encoded values; write them plainly \
                 (pyarrow: array.dictionary_decode())",
            )
        } else {
            self.buffers += buffers_of(number, kind)?;
            self.views += usize::from(matches!(number, kind::BINARY_VIEW | kind::UTF8_VIEW));
            values_of(number, kind, field)?
        };
        let is_struct = number == kind::STRUCT && !is_dictionary;
        if is_column && !is_struct {
            let entries = self.entries(field, 6)?;
            self.columns.push(Column {
                path: path.clone(),
                values,
                buffer: first,
                views,
                entries,
            });
        }
        if !is_dictionary {
            for child in field.tables(5)? {
                self.field(child?, path.clone(), is_column && is_struct)?;
            }
        }
        Ok(())
    }
}

/// Buffers of a type itself, without those of what is below it.
fn buffers_of(number: u8, table: FlatTable<'_>) -> Result<usize, Fault> {
    Ok(match number {
        kind::NULL | kind::RUN_END => 0,
        kind::STRUCT | kind::FIXED_LIST => 1,
        // Sparse ones have the types, dense ones offsets too.
        kind::UNION => 1 + usize::from(table.i16(0)? == 1),
        kind::BINARY
        | kind::UTF8
        | kind::LARGE_BINARY
        | kind::LARGE_UTF8
        | kind::LIST_VIEW
        | kind::LARGE_LIST_VIEW => 3,
        kind::INT..=kind::MAP | 18 | kind::LARGE_LIST | kind::BINARY_VIEW | kind::UTF8_VIEW => 2,
        other => return Err(table.fault(format!("a field of the unknown type {other}"))),
    })
}

fn values_of(number: u8, table: FlatTable<'_>, field: FlatTable<'_>) -> Result<Values, Fault> {
    Ok(match number {
        kind::BINARY => Values::Bytes { large: false },
        kind::LARGE_BINARY => Values::Bytes { large: true },
        kind::FIXED_BINARY => match u32::try_from(table.i32(0)?) {
            Ok(size) if size > 0 => Values::FixedBytes(size),
            _ => return Err(table.fault("binary values of no length")),
        },
        kind::INT => integer(table)?.map_or(Values::Other("numbers"), Values::Integer),
        kind::FIXED_LIST | kind::LIST | kind::LARGE_LIST => array(field)?,
        kind::UTF8 | kind::LARGE_UTF8 | kind::UTF8_VIEW => Values::Other("text"),
        kind::BINARY_VIEW => Values::Other("views of bytes; cast them to binary"),
        kind::FLOAT => Values::Other("floating-point numbers"),
        kind::LIST_VIEW | kind::LARGE_LIST_VIEW => Values::Other("views of lists"),
        kind::UNION | kind::RUN_END => Values::Other("values of several types, or in runs"),
        _ => Values::Other("neither bytes nor numbers"),
    })
}

fn integer(table: FlatTable<'_>) -> Result<Option<Integer>, Fault> {
    let signed = table.u8(1)? != 0;
    let bits = table.i32(0)?;
    Ok(matches!(bits, 8 | 16 | 32 | 64).then_some(Integer {
        bytes: bits as usize / 8,
        signed,
    }))
}

/// Lists in lists down to numbers that an image can be made of.
fn array(field: FlatTable<'_>) -> Result<Values, Fault> {
    const OTHER: Values = Values::Other("lists of something else than numbers of images");
    let mut lists = Vec::new();
    let mut field = field;
    loop {
        let number = field.u8(2)?;
        let Some(table) = field.table(3)? else {
            return Ok(OTHER);
        };
        if field.table(4)?.is_some() || lists.len() > 3 {
            return Ok(OTHER);
        }
        let element = match number {
            kind::FIXED_LIST => {
                let size = u32::try_from(table.i32(0)?).unwrap_or(0);
                lists.push(List::Fixed(size));
                None
            }
            kind::LIST | kind::LARGE_LIST => {
                let large = number == kind::LARGE_LIST;
                lists.push(List::Variable { large });
                None
            }
            kind::INT => match integer(table)? {
                Some(Integer {
                    bytes: 1,
                    signed: false,
                }) => Some(Element::U8),
                Some(Integer {
                    bytes: 2,
                    signed: false,
                }) => Some(Element::U16),
                _ => return Ok(OTHER),
            },
            kind::FLOAT => match table.i16(0)? {
                0 => Some(Element::F16),
                1 => Some(Element::F32),
                _ => return Ok(OTHER),
            },
            _ => return Ok(OTHER),
        };
        if let Some(element) = element {
            return Ok(Values::Array(Array { lists, element }));
        }
        let child = field.tables(5)?.next();
        field = child.ok_or_else(|| field.fault("a list that does not say of what"))??;
    }
}
