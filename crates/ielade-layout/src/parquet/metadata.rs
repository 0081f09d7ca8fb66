//! The metadata at the end of a Parquet file: schema, row groups, where each column's chunks lie
//! (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).

use super::thrift::{Kind, ThriftReader};
use crate::columns::fault::{Fault, part};

/// First and last bytes of a file.
pub(super) const MAGIC: &[u8; 4] = b"PAR1";
/// Those of a file whose metadata is encrypted.
const ENCRYPTED_MAGIC: &[u8; 4] = b"PARE";

/// Bytes that a file's metadata may have.
const MAX_FOOTER: u64 = 256 << 20;

/// Groups of columns within one another.
const MAX_SCHEMA_DEPTH: usize = 32;

/// Elements of the schema and entries of the file's own metadata, at most: an empty one takes a byte
/// of the file, and far more of memory.
const MAX_ELEMENTS: usize = 100_000;

/// Bytes of all columns' names with those of the groups around them, which are told once and needed
/// with every column.
const MAX_NAMES: usize = 64 << 20;

/// How the values of a column are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    I32,
    I64,
    Bytes,
    /// Bytes of this length.
    Fixed(u32),
    Other(&'static str),
}

/// Compression as the format numbers it.
pub(super) mod codec {
    pub(in super::super) const NONE: i64 = 0;
    pub(in super::super) const SNAPPY: i64 = 1;
    pub(in super::super) const GZIP: i64 = 2;
    pub(in super::super) const ZSTD: i64 = 6;
    pub(in super::super) const LZ4_RAW: i64 = 7;
}

/// A column of values: a leaf of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Its name below those of the groups around it.
    pub(super) path: Vec<String>,
    pub(super) physical: Physical,
    /// Whether it is marked as text, a number of another kind, or a date.
    pub(super) annotation: Annotation,
    /// Definition level of a value that is there.
    pub(super) defined: u8,
    /// Whether a row may have several values.
    pub(super) repeats: bool,
}

/// What a column is marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Annotation {
    #[default]
    None,
    Integer,
    Text,
    Other,
}

/// Where a column's values of one row group lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// As [`codec`] numbers it.
    pub(super) codec: i64,
    pub(super) values: u64,
    /// First byte of its first page.
    pub(super) start: u64,
    /// Bytes of its pages.
    pub(super) bytes: u64,
    pub(super) unpacked: u64,
}

/// Rows that are stored together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RowGroup {
    pub(super) rows: u64,
    /// One a leaf.
    pub(super) chunks: Vec<Chunk>,
}

/// What the end of a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) leaves: Vec<Leaf>,
    pub(super) groups: Vec<RowGroup>,
    pub(super) entries: Vec<(String, String)>,
}

impl Metadata {
    /// Reads the metadata of a whole file.
    ///
    /// # Errors
    /// Where it is no Parquet file, is cut, or contradicts itself; with the place in the file.
    pub(super) fn read(file: &[u8]) -> Result<Self, Fault> {
        let total = file.len() as u64;
        let ends = (file.first_chunk::<4>(), file.last_chunk::<8>());
        let (Some(head), Some(tail)) = ends else {
            return Err(Fault::new(0, format!("{total} bytes are no Parquet file")));
        };
        let (length, magic) = (
            u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]),
            &tail[4..],
        );
        if head == ENCRYPTED_MAGIC || magic == ENCRYPTED_MAGIC {
            return Err(Fault::new(0, "it is encrypted; write it again without"));
        }
        if head != MAGIC {
            return Err(Fault::new(0, "a Parquet file starts with PAR1"));
        }
        if magic != MAGIC {
            let reason = "a Parquet file ends with PAR1; it was cut";
            return Err(Fault::new(total - 4, reason));
        }
        let length = u64::from(length);
        let start = (total - 8).checked_sub(length).filter(|start| *start >= 4);
        let Some(start) = start.filter(|_| length <= MAX_FOOTER) else {
            let reason = format!("metadata of {length} bytes has no room in a file of {total}");
            return Err(Fault::new(total - 8, reason));
        };
        let metadata = part(file, start, length)?;
        Self::parse(metadata).map_err(|fault| fault.behind(start))
    }

    /// Reads the metadata alone.
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let mut reader = ThriftReader::new(bytes);
        let (mut schema, mut groups, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        reader.fields(Kind::Struct, |r, id, kind| match id {
            2 => r.items(kind, |r, kind| {
                schema.push(SchemaElement::read(r, kind)?);
                few(r, schema.len(), "elements of a schema")
            }),
            4 => r.items(kind, |r, kind| {
                groups.push(RowGroup::read(r, kind)?);
                Ok(())
            }),
            5 => r.items(kind, |r, kind| {
                entries.push(entry(r, kind)?);
                few(r, entries.len(), "entries")
            }),
            8 => Err(r.fault("its columns are encrypted; write it again without")),
            _ => r.skip(kind),
        })?;
        let leaves = leaves_of(&schema).map_err(|reason| Fault::new(0, reason))?;
        let odd = groups.iter().position(|g| g.chunks.len() != leaves.len());
        if let Some(at) = odd {
            let reason = format!(
                "row group {at} has {} columns where the schema has {}",
                groups[at].chunks.len(),
                leaves.len()
            );
            return Err(Fault::new(0, reason));
        }
        Ok(Self {
            leaves,
            groups,
            entries,
        })
    }

    /// An entry of the file's own metadata.
    pub(super) fn entry(&self, key: &str) -> Option<&str> {
        let found = self.entries.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Rows of all groups.
    pub(super) fn rows(&self) -> u64 {
        let rows = self.groups.iter().map(|group| group.rows);
        rows.fold(0, u64::saturating_add)
    }
}

/// Fails where there are more of something than a table has.
fn few(reader: &ThriftReader<'_>, found: usize, what: &str) -> Result<(), Fault> {
    if found <= MAX_ELEMENTS {
        return Ok(());
    }
    Err(reader.fault(format!("more than {MAX_ELEMENTS} {what}")))
}

/// An element of the schema, which is a tree written from its root on.
#[derive(Debug, Default)]
struct SchemaElement {
    name: String,
    physical: Option<i64>,
    length: i64,
    repetition: i64,
    children: u64,
    annotation: Annotation,
}

impl SchemaElement {
    fn read(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let mut this = Self::default();
        reader.fields(kind, |r, id, kind| {
            match id {
                1 => this.physical = Some(r.int(kind)?),
                2 => this.length = r.int(kind)?,
                3 => this.repetition = r.int(kind)?,
                4 => r.text(kind)?.clone_into(&mut this.name),
                5 => this.children = r.unsigned(kind)?,
                6 => {
                    // UTF8, ENUM and JSON are text; 11 to 18 are whole numbers by size.
                    this.annotation = match r.int(kind)? {
                        0 | 4 | 19 => Annotation::Text,
                        11..=18 => Annotation::Integer,
                        _ => Annotation::Other,
                    };
                }
                10 => {
                    let logical = logical_type(r, kind)?;
                    if this.annotation == Annotation::None {
                        this.annotation = logical;
                    }
                }
                _ => r.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(this)
    }

    fn physical(&self) -> Result<Physical, String> {
        Ok(match self.physical {
            Some(0) => Physical::Other("truth values"),
            Some(1) => Physical::I32,
            Some(2) => Physical::I64,
            Some(3) => Physical::Other("96-bit times"),
            Some(4 | 5) => Physical::Other("floating-point numbers"),
            Some(6) => Physical::Bytes,
            Some(7) => {
                let length = u32::try_from(self.length).ok().filter(|length| *length > 0);
                Physical::Fixed(length.ok_or_else(|| {
                    format!("column {:?} has values of {} bytes", self.name, self.length)
                })?)
            }
            other => return Err(format!("column {:?} is of type {other:?}", self.name)),
        })
    }
}

/// A union whose one field's number says what it is.
fn logical_type(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Annotation, Fault> {
    let mut found = Annotation::None;
    reader.fields(kind, |r, id, kind| {
        found = match id {
            1 | 4 | 12 => Annotation::Text,
            10 => Annotation::Integer,
            _ => Annotation::Other,
        };
        r.skip(kind)
    })?;
    Ok(found)
}

fn entry(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<(String, String), Fault> {
    let mut entry = (String::new(), String::new());
    reader.fields(kind, |r, id, kind| {
        match id {
            1 => entry.0 = String::from_utf8_lossy(r.binary(kind)?).into_owned(),
            2 => entry.1 = String::from_utf8_lossy(r.binary(kind)?).into_owned(),
            _ => r.skip(kind)?,
        }
        Ok(())
    })?;
    Ok(entry)
}

/// The leaves of the tree, in order.
fn leaves_of(schema: &[SchemaElement]) -> Result<Vec<Leaf>, String> {
    const OPTIONAL: i64 = 1;
    const REPEATED: i64 = 2;
    /// A group whose children are being read.
    struct Open {
        left: u64,
        defined: u8,
        repeats: bool,
    }
    let Some((root, elements)) = schema.split_first() else {
        return Err("it has no schema".to_owned());
    };
    let mut leaves = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut left = MAX_NAMES;
    let mut open = vec![Open {
        left: root.children,
        defined: 0,
        repeats: false,
    }];
    for element in elements {
        while open.last().is_some_and(|group| group.left == 0) {
            open.pop();
            names.pop();
        }
        let Some(parent) = open.last_mut() else {
            return Err("its schema has more elements than its groups count".to_owned());
        };
        parent.left -= 1;
        let adds = matches!(element.repetition, OPTIONAL | REPEATED);
        let defined = parent.defined + u8::from(adds);
        let repeats = parent.repeats || element.repetition == REPEATED;
        if element.physical.is_none() {
            if open.len() >= MAX_SCHEMA_DEPTH {
                return Err(format!(
                    "its schema is deeper than {MAX_SCHEMA_DEPTH} groups"
                ));
            }
            names.push(&element.name);
            open.push(Open {
                left: element.children,
                defined,
                repeats,
            });
            continue;
        }
        let path = || names.iter().copied().chain([element.name.as_str()]);
        let bytes: usize = path().map(str::len).sum();
        left = left
            .checked_sub(bytes)
            .ok_or_else(|| format!("the names of its columns take more than {MAX_NAMES} bytes"))?;
        leaves.push(Leaf {
            path: path().map(str::to_owned).collect(),
            physical: element.physical()?,
            annotation: element.annotation,
            defined,
            repeats,
        });
    }
    match open.iter().map(|group| group.left).sum() {
        0_u64 => Ok(leaves),
        missing => Err(format!("its schema lacks {missing} elements")),
    }
}

impl RowGroup {
    fn read(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let (mut rows, mut chunks) = (None, Vec::new());
        reader.fields(kind, |r, id, kind| {
            match id {
                1 => r.items(kind, |r, kind| {
                    chunks.push(Chunk::read(r, kind)?);
                    Ok(())
                })?,
                3 => rows = Some(r.unsigned(kind)?),
                _ => r.skip(kind)?,
            }
            Ok(())
        })?;
        let rows = rows.ok_or_else(|| reader.fault("a row group without a number of rows"))?;
        Ok(Self { rows, chunks })
    }
}

impl Chunk {
    fn read(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let mut chunk = None;
        reader.fields(kind, |r, id, kind| match id {
            1 => Err(r.fault("a column that lies in another file")),
            3 => {
                chunk = Some(Self::read_metadata(r, kind)?);
                Ok(())
            }
            8 | 9 => Err(r.fault("an encrypted column")),
            _ => r.skip(kind),
        })?;
        chunk.ok_or_else(|| reader.fault("a column without metadata"))
    }

    fn read_metadata(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let [mut codec, mut data, mut dictionary] = [None; 3];
        let [mut values, mut unpacked, mut bytes] = [None; 3];
        reader.fields(kind, |r, id, kind| {
            match id {
                4 => codec = Some(r.int(kind)?),
                5 => values = Some(r.unsigned(kind)?),
                6 => unpacked = Some(r.unsigned(kind)?),
                7 => bytes = Some(r.unsigned(kind)?),
                9 => data = Some(r.int(kind)?),
                11 => dictionary = Some(r.int(kind)?),
                _ => r.skip(kind)?,
            }
            Ok(())
        })?;
        // Some writers tell of a dictionary at byte 0 where there is none.
        let start = match (data, dictionary.filter(|offset| *offset > 0)) {
            (Some(data), Some(dictionary)) => Some(data.min(dictionary)),
            (data, _) => data,
        };
        let start = start.and_then(|start| u64::try_from(start).ok());
        let (Some(codec), Some(values), Some(start), Some(bytes)) = (codec, values, start, bytes)
        else {
            return Err(reader.fault("a column that does not say where it lies"));
        };
        Ok(Self {
            codec,
            values,
            start,
            bytes,
            unpacked: unpacked.unwrap_or(bytes),
        })
    }
}
