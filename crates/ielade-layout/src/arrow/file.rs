//! The messages of an Arrow file or stream: where its batches of rows lie
//! (<https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc>).

use super::{flatbuffer::FlatTable, schema::Schema};
use crate::columns::{
    compression::Compression,
    fault::{Fault, part},
};

/// First and last bytes of a file.
pub(super) const MAGIC: &[u8; 6] = b"ARROW1";
/// First bytes of version 1 of Feather, which is another format.
pub(super) const FEATHER_1: &[u8; 4] = b"FEA1";
/// Before the length of each message.
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// Rows that a file may tell of for each of its bytes, and in any case: compressed, equal rows take
/// next to nothing, but a data set of nothing else is none.
const ROWS_PER_BYTE: u64 = 8;
const ROWS_IN_ANY_CASE: u64 = 1 << 20;

/// What a message holds.
mod header {
    pub(super) const SCHEMA: u8 = 1;
    pub(super) const RECORD_BATCH: u8 = 3;
}

/// A batch of rows, where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BatchPlace {
    /// First byte of the message's metadata, and its length.
    metadata: (u64, u32),
    /// First byte of its buffers, and their length.
    body: (u64, u64),
    pub(super) rows: u64,
}

/// What a file tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) schema: Schema,
    pub(super) batches: Vec<BatchPlace>,
}

impl Contents {
    /// Reads a file, or a stream as `datasets` keeps it.
    ///
    /// # Errors
    /// Where it is neither, is cut, or contradicts itself; with the place in the file.
    pub(super) fn read(file: &[u8]) -> Result<Self, Fault> {
        let contents = if file.starts_with(MAGIC) {
            Self::read_file(file)?
        } else if file.starts_with(&CONTINUATION) {
            Self::read_stream(file)?
        } else if file.starts_with(FEATHER_1) {
            let reason = "it is of version 1 of Feather; write it again with \
                          pyarrow.feather.write_feather";
            return Err(Fault::new(0, reason));
        } else {
            let reason = "neither an Arrow file, which starts with ARROW1, nor a stream";
            return Err(Fault::new(0, reason));
        };
        let rows = contents.rows();
        let bytes = file.len() as u64;
        let most = bytes
            .saturating_mul(ROWS_PER_BYTE)
            .saturating_add(ROWS_IN_ANY_CASE);
        if rows > most {
            return Err(Fault::new(0, format!("{rows} rows in {bytes} bytes")));
        }
        Ok(contents)
    }

    /// Rows of all batches.
    pub(super) fn rows(&self) -> u64 {
        let rows = self.batches.iter().map(|batch| batch.rows);
        rows.fold(0, u64::saturating_add)
    }

    fn read_file(file: &[u8]) -> Result<Self, Fault> {
        let total = file.len() as u64;
        let tail = file.last_chunk::<10>().filter(|tail| tail.ends_with(MAGIC));
        let Some(tail) = tail else {
            let reason = "an Arrow file ends with ARROW1; it was cut";
            return Err(Fault::new(total.saturating_sub(6), reason));
        };
        let length = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
        let start = (total - 10).checked_sub(length).filter(|start| *start >= 8);
        let start = start.ok_or_else(|| {
            let reason = format!("a footer of {length} bytes has no room in a file of {total}");
            Fault::new(total - 10, reason)
        })?;
        let footer = part(file, start, length)?;
        let behind = |fault: Fault| fault.behind(start);
        let footer = FlatTable::root(footer).map_err(behind)?;
        let schema = footer.table(1).map_err(behind)?;
        let schema = schema.ok_or_else(|| Fault::new(start, "a footer without a schema"))?;
        let schema = Schema::read(schema).map_err(behind)?;
        let mut batches = Vec::new();
        let mut end = 0;
        for block in footer.items::<24>(3).map_err(behind)? {
            let (offset, body) = (number(block, 0), number(block, 16));
            let metadata = u64::from(u32::from_le_bytes([
                block[8], block[9], block[10], block[11],
            ]));
            // In order and apart, so that reading them all takes no more than the file has.
            if offset < end {
                return Err(Fault::new(offset, "a batch within another"));
            }
            let message = Message::read(file, offset)?;
            let message =
                message.ok_or_else(|| Fault::new(offset, "an end where a batch belongs"))?;
            if message.metadata.0 + u64::from(message.metadata.1) > offset.saturating_add(metadata)
            {
                let reason = format!("a message that is longer than the {metadata} bytes told");
                return Err(Fault::new(offset, reason));
            }
            let start = offset.saturating_add(metadata);
            part(file, start, body)?;
            end = start + body;
            batches.push(message.batch(file, (start, body))?.ok_or_else(|| {
                Fault::new(offset, "something else where a batch of rows belongs")
            })?);
        }
        Ok(Self { schema, batches })
    }

    fn read_stream(file: &[u8]) -> Result<Self, Fault> {
        let (mut schema, mut batches, mut at) = (None, Vec::new(), 0);
        while at < file.len() as u64 {
            let Some(message) = Message::read(file, at)? else {
                break;
            };
            let start = message.metadata.0 + u64::from(message.metadata.1);
            part(file, start, message.body)?;
            if schema.is_none() {
                schema = Some(message.schema(file)?);
            } else if let Some(batch) = message.batch(file, (start, message.body))? {
                batches.push(batch);
            }
            at = start + message.body;
        }
        let schema = schema.ok_or_else(|| Fault::new(0, "a stream without a schema"))?;
        Ok(Self { schema, batches })
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    let eight = bytes.get(at..).and_then(<[u8]>::first_chunk);
    u64::from_le_bytes(eight.copied().unwrap_or_default())
}

/// Whether the first bytes of a file are those of a stream.
pub(super) fn is_stream(head: &[u8]) -> bool {
    let is_schema = || {
        let metadata = head.get(8..)?;
        let message = FlatTable::root(metadata).ok()?;
        Some(message.u8(1).ok()? == header::SCHEMA)
    };
    head.starts_with(&CONTINUATION) && is_schema().unwrap_or(false)
}

/// A message: metadata, and the length of the buffers behind it.
#[derive(Debug, Clone, Copy)]
struct Message {
    metadata: (u64, u32),
    kind: u8,
    body: u64,
}

impl Message {
    /// The message at a place; `None` at the end of a stream.
    fn read(file: &[u8], at: u64) -> Result<Option<Self>, Fault> {
        let head = part(file, at, 8)?;
        if head[..4] != CONTINUATION {
            let reason = "no message starts here, or one as written before Arrow 0.15";
            return Err(Fault::new(at, reason));
        }
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if length == 0 {
            return Ok(None);
        }
        let metadata = part(file, at + 8, length.into())?;
        let read = || -> Result<Self, Fault> {
            let table = FlatTable::root(metadata)?;
            // Versions 4 and 5, counted from 0, differ in unions only.
            if !matches!(table.i16(0)?, 3 | 4) {
                return Err(table.fault("a message as written before Arrow 0.8"));
            }
            Ok(Self {
                metadata: (at + 8, length),
                kind: table.u8(1)?,
                body: table.unsigned(3)?,
            })
        };
        read().map(Some).map_err(|fault| fault.behind(at + 8))
    }

    fn schema(&self, file: &[u8]) -> Result<Schema, Fault> {
        let (start, length) = self.metadata;
        let metadata = part(file, start, length.into())?;
        let read = || {
            let table = FlatTable::root(metadata)?;
            match table.table(2)? {
                Some(schema) if self.kind == header::SCHEMA => Schema::read(schema),
                _ => Err(table.fault("a stream that does not start with its schema")),
            }
        };
        read().map_err(|fault: Fault| fault.behind(start))
    }

    /// The batch of rows; `None` for another message.
    fn batch(&self, file: &[u8], body: (u64, u64)) -> Result<Option<BatchPlace>, Fault> {
        if self.kind != header::RECORD_BATCH {
            return Ok(None);
        }
        let mut place = BatchPlace {
            metadata: self.metadata,
            body,
            rows: 0,
        };
        place.rows = Batch::read(file, &place)?.rows;
        Ok(Some(place))
    }
}

/// A batch of rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch<'a> {
    file: &'a [u8],
    pub(super) rows: u64,
    /// Place and length of each buffer.
    buffers: &'a [[u8; 16]],
    /// How many buffers each column of views has.
    views: &'a [[u8; 8]],
    pub(super) compression: Compression,
    body: (u64, u64),
    /// First byte of the batch, for messages.
    pub(super) at: u64,
}

impl<'a> Batch<'a> {
    pub(super) fn read(file: &'a [u8], place: &BatchPlace) -> Result<Self, Fault> {
        let (start, length) = place.metadata;
        let metadata = part(file, start, length.into())?;
        let read = || {
            let message = FlatTable::root(metadata)?;
            let table = message.table(2)?;
            let table = table.ok_or_else(|| message.fault("a message without content"))?;
            let compression = match table.table(3)? {
                None => Compression::None,
                Some(told) => match told.u8(0)? {
                    0 => Compression::Lz4Frame,
                    1 => Compression::Zstd,
                    other => {
                        return Err(told.fault(format!("the unknown compression {other}")));
                    }
                },
            };
            Ok(Self {
                file,
                rows: table.unsigned(0)?,
                buffers: table.items(2)?,
                views: table.items(4)?,
                compression,
                body: place.body,
                at: start.saturating_sub(8),
            })
        };
        read().map_err(|fault: Fault| fault.behind(start))
    }

    /// Where a buffer of a column lies: the first of those of `column` has the number 0.
    pub(super) fn buffer(
        &self,
        column: &super::schema::Column,
        number: usize,
    ) -> Result<(u64, u64), Fault> {
        let views = self.views.iter().take(column.views);
        let of_views = views.fold(0_u64, |sum, views| {
            sum.saturating_add(self::number(views, 0))
        });
        let of_views = usize::try_from(of_views).unwrap_or(usize::MAX);
        let number = (column.buffer + number).saturating_add(of_views);
        let Some(buffer) = self.buffers.get(number) else {
            let reason = format!(
                "a batch of {} buffers, without {number}",
                self.buffers.len()
            );
            return Err(Fault::new(self.at, reason));
        };
        let (offset, length) = (self::number(buffer, 0), self::number(buffer, 8));
        let (start, bytes) = self.body;
        if offset.checked_add(length).is_none_or(|end| end > bytes) {
            let reason = format!("buffer {number} reaches beyond its batch of {bytes} bytes");
            return Err(Fault::new(self.at, reason));
        }
        Ok((start + offset, length))
    }

    /// A buffer's bytes, unpacked where they must be, to at most `most`.
    pub(super) fn content<'r>(
        &self,
        (offset, length): (u64, u64),
        most: u64,
        room: &'r mut Vec<u8>,
    ) -> Result<&'r [u8], Fault>
    where
        'a: 'r,
    {
        let bytes = part(self.file, offset, length)?;
        if self.compression == Compression::None || bytes.is_empty() {
            return Ok(bytes);
        }
        let fault = |reason| Fault::new(offset, reason);
        // The unpacked length comes first; -1 where packing would not have paid.
        let Some((told, packed)) = bytes.split_first_chunk() else {
            return Err(fault("a compressed buffer without its length".to_owned()));
        };
        let told = i64::from_le_bytes(*told);
        if told == -1 {
            return Ok(packed);
        }
        let told = u64::try_from(told).unwrap_or(u64::MAX);
        if told > most {
            return Err(fault(format!(
                "a buffer that unpacks to {told} bytes where at most {most} belong"
            )));
        }
        let start = room.len();
        self.compression.unpack(packed, told, room).map_err(fault)?;
        Ok(&room[start..])
    }
}
