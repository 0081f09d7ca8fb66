//! A dataset: what it holds and where, as its header tells.

use super::{
    chunk_index::ChunkTable,
    cursor::{Cursor, Source},
    dataspace::Dataspace,
    datatype::Datatype,
    filters::{self, Filter},
    object_header::{
        DATASPACE, DATATYPE, EXTERNAL_FILES, FILL_VALUE, FILTERS, LAYOUT, Message, OLD_FILL_VALUE,
        first,
    },
    storage::{Piece, Storage},
};
use crate::columns::fault::Fault;

/// Values of a chunk where a dataset has none and is cut into pieces to be read.
const VALUES_AT_ONCE: u64 = 4096;

/// A dataset, before its index of chunks has been read.
#[derive(Debug, Clone)]
pub(super) struct Dataset {
    /// Where in the file its header is.
    pub(super) offset: u64,
    pub(super) datatype: Datatype,
    space: Dataspace,
    storage: Storage,
    filters: Vec<Filter>,
    /// Bytes of the value that stands where none was written.
    fill: Vec<u8>,
}

/// Where a dataset's values are.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// All in one piece of the file.
    Together(Piece),
    /// In chunks.
    Chunks(Chunks),
}

/// Values in chunks.
#[derive(Debug, Clone)]
pub(super) struct Chunks {
    pub(super) table: ChunkTable,
    /// Length of a chunk in each dimension, those of a value that is an array too.
    pub(super) chunk: Vec<u64>,
    pub(super) filters: Vec<Filter>,
    pub(super) edges_unfiltered: bool,
    pub(super) fill: Vec<u8>,
}

impl Dataset {
    /// The dataset of these messages, read from `offset`; `None` where they describe none.
    pub(super) fn of(messages: &[Message<'_>], offset: u64) -> Result<Option<Self>, Fault> {
        let content = |kind| {
            first(messages, kind)
                .map(|message| message.content())
                .transpose()
        };
        let (Some(layout), Some(datatype), Some(space)) =
            (content(LAYOUT)?, content(DATATYPE)?, content(DATASPACE)?)
        else {
            return Ok(None);
        };
        let datatype = Datatype::parse(datatype)?;
        if let Some(files) = content(EXTERNAL_FILES)? {
            let reason = "its values lie in other files, which are not read";
            return Err(files.fault(reason));
        }
        let here = layout;
        let filters = match content(FILTERS)? {
            Some(filters) => Filter::parse(filters)?,
            None => Vec::new(),
        };
        filters::check(&filters).map_err(|reason| here.fault(reason))?;
        let fill = match (content(FILL_VALUE)?, content(OLD_FILL_VALUE)?) {
            (Some(new), _) => fill_value(new)?,
            (None, Some(old)) => sized(old)?,
            (None, None) => None,
        };
        let size = datatype.size as usize;
        let fill = fill.filter(|fill| fill.len() == size);
        Ok(Some(Self {
            offset,
            space: Dataspace::parse(space)?,
            storage: Storage::parse(layout)?,
            filters,
            // Of values that are large, zeros are made when they are needed.
            fill: fill.unwrap_or_else(|| vec![0; size.min(8)]),
            datatype,
        }))
    }

    /// What is wrong with it as its header describes it.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.offset, reason)
    }

    /// Length of each dimension, those of a value that is an array too.
    pub(super) fn shape(&self) -> Vec<u64> {
        self.with_array(&self.space.shape)
    }

    fn with_array(&self, lengths: &[u64]) -> Vec<u64> {
        [lengths, &self.datatype.shape].concat()
    }

    /// Bytes of a single value, not of an array of them.
    pub(super) fn value_bytes(&self) -> u64 {
        let values: u64 = self.datatype.shape.iter().product();
        u64::from(self.datatype.size) / values.max(1)
    }

    /// Bytes of what lies at one place of the first dimension.
    pub(super) fn sample_bytes(&self) -> Result<u64, Fault> {
        let shape = self.shape();
        let lengths = shape.get(1..).unwrap_or_default();
        let bytes = lengths
            .iter()
            .try_fold(self.value_bytes(), |bytes, length| {
                bytes.checked_mul(*length)
            });
        bytes.ok_or_else(|| self.fault("its samples have more bytes than can be counted"))
    }

    /// Reads where its values are.
    pub(super) fn values(&self, source: Source<'_>) -> Result<Values, Fault> {
        if self.space.shape.is_empty() {
            return Err(self.fault("a single value holds no samples"));
        }
        let size = u64::from(self.datatype.size);
        let fault = |reason| self.fault(reason);
        match &self.storage {
            Storage::Contiguous(Some(piece)) => {
                let bytes = self
                    .space
                    .values()
                    .and_then(|values| values.checked_mul(size));
                if bytes.is_none_or(|bytes| bytes > piece.bytes) {
                    let reason = format!(
                        "its values {:?} of {size} bytes are more than the {} that it has",
                        self.space.shape, piece.bytes
                    );
                    return Err(self.fault(reason));
                }
                Ok(Values::Together(*piece))
            }
            Storage::Contiguous(None) => {
                let mut chunk = self.space.shape.clone();
                let is_list = chunk.len() == 1;
                chunk[0] = if is_list { VALUES_AT_ONCE } else { 1 };
                let chunk: Vec<u64> = chunk.iter().map(|length| (*length).max(1)).collect();
                let table = ChunkTable::empty(&self.space, &chunk).map_err(fault)?;
                Ok(Values::Chunks(self.chunks(table, &chunk, false)))
            }
            Storage::Chunked(chunked) => {
                if chunked.value_bytes != size {
                    let reason = format!(
                        "chunks of values of {} bytes, where they have {size}",
                        chunked.value_bytes
                    );
                    return Err(self.fault(reason));
                }
                let are_filtered = !self.filters.is_empty();
                let table =
                    ChunkTable::read(source, chunked, &self.space, are_filtered, self.offset)?;
                Ok(Values::Chunks(self.chunks(
                    table,
                    &chunked.shape,
                    chunked.edges_unfiltered,
                )))
            }
        }
    }

    fn chunks(&self, table: ChunkTable, chunk: &[u64], edges_unfiltered: bool) -> Chunks {
        Chunks {
            table,
            chunk: self.with_array(chunk),
            filters: self.filters.clone(),
            edges_unfiltered,
            fill: self.fill.clone(),
        }
    }
}

/// The value of a fill value message; `None` where it is not told, and so is 0.
fn fill_value(mut cursor: Cursor<'_>) -> Result<Option<Vec<u8>>, Fault> {
    const HAS_VALUE: u8 = 0x20;
    let version = cursor.version(&[1, 2, 3], "a fill value")?;
    if version == 3 {
        let flags = cursor.u8()?;
        return if flags & HAS_VALUE == 0 {
            Ok(None)
        } else {
            sized(cursor)
        };
    }
    // When room is made for values, and when they are filled.
    cursor.skip(2)?;
    let is_told = cursor.u8()? != 0;
    if version == 2 && !is_told {
        return Ok(None);
    }
    sized(cursor)
}

/// A value behind its size, if it has any.
fn sized(mut cursor: Cursor<'_>) -> Result<Option<Vec<u8>>, Fault> {
    let bytes = cursor.u32()?;
    // Without one, some writers set all bits of the size.
    if bytes == 0 || bytes == u32::MAX {
        return Ok(None);
    }
    Ok(Some(cursor.take(bytes.into())?.to_vec()))
}
