//! The samples of a dataset: slices of the mapped file where they lie there uncompressed, else
//! unpacked from chunks.

use super::{
    chunk_index::Chunk,
    cursor::Source,
    dataset::{Chunks, Dataset, Values},
    datatype::Kind,
    filters,
    global_heap::GlobalHeap,
    hierarchy::File,
};
use crate::{
    LayoutError,
    columns::fault::Fault,
    error::BadSampleReason,
    stored::{
        StoredSamples,
        chunked::{self, ChunkShape, ChunkedSamples},
        gather::{Coordinates, Cut, Gather, MAX_DIMENSIONS},
        mapped::{MappedSamples, Place, Places},
    },
};
use std::path::PathBuf;

/// Bytes of a row of chunks once unpacked, at most: bounds what a file can make a thread ask for.
const MAX_UNPACKED: u64 = 1 << 30;

/// Most samples of a dataset. Chunks need not be there, so nothing else bounds what their labels
/// would take.
pub(super) const MAX_SAMPLES: u64 = 1 << 26;

/// Opens the samples of a dataset: what lies at each place of its first dimension.
///
/// # Errors
/// Where chunks are damaged or outside of the file, or too large to be unpacked.
pub(super) fn open(file: File, dataset: &Dataset) -> Result<Box<dyn StoredSamples>, LayoutError> {
    match find(&file, dataset).map_err(|fault| file.fault(fault))? {
        Found::Places(places) => {
            let samples = MappedSamples::new(vec![(file.path, file.map)], places)?;
            Ok(Box::new(samples))
        }
        Found::Chunks(rows, shape) => {
            Ok(Box::new(ChunkedSamples::new(Packed { file, rows }, shape)))
        }
    }
}

/// How samples are reached.
enum Found {
    Places(Places),
    Chunks(Rows, ChunkShape),
}

fn find(file: &File, dataset: &Dataset) -> Result<Found, Fault> {
    let shape = dataset.shape();
    let count = shape.first().copied().unwrap_or(0);
    let count = u32::try_from(count)
        .ok()
        .filter(|count| u64::from(*count) <= MAX_SAMPLES);
    let count = count
        .ok_or_else(|| dataset.fault(format!("{shape:?} are more than {MAX_SAMPLES} samples")))?;
    if dataset.datatype.kind == Kind::VariableBytes {
        return references(file, dataset, count).map(Found::Places);
    }
    let bytes = dataset.sample_bytes()?;
    if bytes == 0 {
        return Err(dataset.fault("its samples have no values"));
    }
    let chunks = match dataset.values(file.source())? {
        Values::Together(piece) => {
            return Ok(Found::Places(Places::Even {
                first: piece.offset,
                stride: bytes,
                len: bytes,
                count,
            }));
        }
        Values::Chunks(chunks) => chunks,
    };
    let rows = Rows::new(dataset, chunks)?;
    if let Some(places) = rows.places(count, bytes)? {
        return Ok(Found::Places(places));
    }
    let rows = rows.prepared()?;
    let shape = ChunkShape {
        samples: u32::try_from(rows.chunks.chunk[0])
            .map_err(|_| rows.fault(format!("chunks of {} samples", rows.chunks.chunk[0])))?,
        sample_bytes: bytes as usize,
    };
    Ok(Found::Chunks(rows, shape))
}

/// Where the bytes are that a dataset refers to, one reference a sample.
fn references(file: &File, dataset: &Dataset, count: u32) -> Result<Places, Fault> {
    if dataset.shape().len() != 1 {
        return Err(dataset.fault("bytes of variable length in more than one dimension"));
    }
    let source = file.source();
    let mut heap = GlobalHeap::new(source);
    let mut places = Vec::new();
    for_each_value(file, dataset, &mut |value| {
        if places.len() == count as usize {
            return Ok(());
        }
        let reference = Source {
            bytes: value,
            base: 0,
            ..source
        };
        let piece = heap.find(reference.from(0)?).map_err(|fault| Fault {
            reason: format!("sample {}: {}", places.len(), fault.reason),
            ..fault
        })?;
        let len = u32::try_from(piece.bytes);
        places.push(Place {
            file: 0,
            len: len.map_err(|_| Fault::new(piece.offset, "a sample of more than 4 GiB"))?,
            offset: piece.offset,
        });
        Ok(())
    })?;
    Ok(Places::Each(places))
}

/// Gives every value of a dataset of one dimension, or of two of which the second has length 1, to
/// `take`, and those that fill up the last chunk too.
pub(super) fn for_each_value(
    file: &File,
    dataset: &Dataset,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let value_bytes = dataset.value_bytes() as usize;
    let mut of_values = |bytes: &[u8]| {
        bytes
            .chunks_exact(value_bytes.max(1))
            .try_for_each(&mut *take)
    };
    match dataset.values(file.source())? {
        Values::Together(piece) => {
            let bytes = file.map.bytes().get(piece.offset as usize..);
            let values: u64 = dataset.shape().iter().product();
            let bytes = bytes.and_then(|bytes| bytes.get(..values as usize * value_bytes));
            of_values(bytes.unwrap_or_default())
        }
        Values::Chunks(chunks) => {
            let rows = Rows::new(dataset, chunks)?.prepared()?;
            let mut unpacked = Vec::new();
            for row in 0..rows.chunks.table.grid.rows() {
                unpacked.clear();
                rows.unpack(file.map.bytes(), row, &mut unpacked)?;
                of_values(&unpacked)?;
            }
            Ok(())
        }
    }
}

/// The rows of chunks of a dataset.
struct Rows {
    chunks: Chunks,
    shape: Vec<u64>,
    value_bytes: u64,
    /// Bytes of a chunk, and of the samples of a row.
    chunk_bytes: u64,
    row_bytes: u64,
    /// Where the dataset's header is.
    offset: u64,
    /// How chunks become samples where none holds whole ones.
    gather: Option<Box<Gather>>,
}

impl Rows {
    fn new(dataset: &Dataset, chunks: Chunks) -> Result<Self, Fault> {
        let shape = dataset.shape();
        let value_bytes = dataset.value_bytes();
        let bytes_of = |lengths: &[u64]| {
            let mut lengths = lengths.iter();
            lengths.try_fold(value_bytes, |bytes, length| bytes.checked_mul(*length))
        };
        let chunk_bytes = bytes_of(&chunks.chunk);
        let row_bytes = bytes_of(&shape[1..]).and_then(|bytes| bytes.checked_mul(chunks.chunk[0]));
        let (Some(chunk_bytes), Some(row_bytes)) = (chunk_bytes, row_bytes) else {
            return Err(dataset.fault("its chunks have more bytes than can be counted"));
        };
        Ok(Self {
            chunks,
            shape,
            value_bytes,
            chunk_bytes,
            row_bytes,
            offset: dataset.offset,
            gather: None,
        })
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.offset, reason)
    }

    /// Whether a chunk holds whole samples.
    fn is_whole(&self) -> bool {
        self.chunks.chunk[1..] == self.shape[1..]
    }

    /// Where every sample lies; `None` where they are to be unpacked, put together, or filled.
    fn places(&self, count: u32, bytes: u64) -> Result<Option<Places>, Fault> {
        let table = &self.chunks.table;
        if !self.is_whole() {
            return Ok(None);
        }
        let per_chunk = self.chunks.chunk[0];
        let mut places = Vec::new();
        for row in 0..table.grid.rows() {
            let Some(chunk) = table.get(row).filter(|chunk| self.is_plain(chunk)) else {
                return Ok(None);
            };
            self.check_plain(chunk)?;
            for within in 0..per_chunk.min(u64::from(count) - row * per_chunk) {
                places.push(Place {
                    file: 0,
                    len: u32::try_from(bytes)
                        .map_err(|_| self.fault(format!("samples of {bytes} bytes")))?,
                    offset: chunk.offset + within * bytes,
                });
            }
        }
        Ok(Some(evenly(places)))
    }

    /// Whether a chunk lies in the file as it is.
    fn is_plain(&self, chunk: &Chunk) -> bool {
        let filters = self.chunks.filters.len() as u32;
        let all = 1_u64.checked_shl(filters).map_or(u64::MAX, |bit| bit - 1);
        u64::from(chunk.left_out) & all == all
    }

    fn check_plain(&self, chunk: &Chunk) -> Result<(), Fault> {
        if chunk.bytes == self.chunk_bytes {
            return Ok(());
        }
        let reason = format!(
            "the chunk has {} bytes where {} belong",
            chunk.bytes, self.chunk_bytes
        );
        Err(Fault::new(chunk.offset, reason))
    }

    /// The rows, ready to be unpacked. Fails where that would take too much memory.
    fn prepared(mut self) -> Result<Self, Fault> {
        if self.chunk_bytes > MAX_UNPACKED || self.row_bytes > MAX_UNPACKED {
            return Err(self.fault(format!(
                "its chunks unpack to {} bytes, samples that belong together to {}; at most \
                 {MAX_UNPACKED} are read at once: write it with smaller chunks",
                self.chunk_bytes, self.row_bytes
            )));
        }
        if self.shape.len() > MAX_DIMENSIONS {
            return Err(self.fault(format!("more than {MAX_DIMENSIONS} dimensions")));
        }
        if !self.is_whole() {
            let order: Vec<usize> = (0..self.shape.len()).collect();
            self.gather = Some(Box::new(Gather::new(&Cut {
                shape: &self.shape,
                chunk: &self.chunks.chunk,
                order: &order,
                value_bytes: self.value_bytes as usize,
            })));
        }
        Ok(self)
    }

    /// Unpacks a row of chunks into `samples`, which is empty.
    fn unpack(&self, file: &[u8], row: u64, samples: &mut Vec<u8>) -> Result<(), Fault> {
        let grid = &self.chunks.table.grid;
        let Some(gather) = &self.gather else {
            return match self.chunks.table.get(row) {
                Some(chunk) => self.unpack_chunk(file, chunk, &grid.place(row, 0), samples),
                None => {
                    self.fill(self.row_bytes, samples);
                    Ok(())
                }
            };
        };
        self.fill(self.row_bytes, samples);
        let mut values = Vec::new();
        for part in 0..grid.parts() {
            let Some(chunk) = self.chunks.table.get(row * grid.parts() + part) else {
                continue;
            };
            let place = grid.place(row, part);
            values.clear();
            self.unpack_chunk(file, chunk, &place, &mut values)?;
            let mut coordinates: Coordinates = [0; MAX_DIMENSIONS];
            for (coordinate, place) in coordinates.iter_mut().zip(&place) {
                *coordinate = *place;
            }
            gather.put(&coordinates, &values, samples);
        }
        Ok(())
    }

    fn unpack_chunk(
        &self,
        file: &[u8],
        chunk: &Chunk,
        place: &[u64],
        target: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        // Found to be within the file when the index was read.
        let packed = file.get(chunk.offset as usize..);
        let packed = packed.and_then(|rest| rest.get(..chunk.bytes as usize));
        let packed = packed.ok_or_else(|| Fault::new(chunk.offset, "the file was cut"))?;
        let is_plain =
            self.chunks.edges_unfiltered && self.chunks.table.grid.is_edge(place, &self.shape);
        let left_out = if is_plain { u32::MAX } else { chunk.left_out };
        let undone = filters::undo(
            &self.chunks.filters,
            left_out,
            packed,
            self.chunk_bytes as usize,
            target,
        );
        undone.map_err(|reason| Fault::new(chunk.offset, format!("the chunk: {reason}")))
    }

    /// Appends values that were never written.
    fn fill(&self, bytes: u64, target: &mut Vec<u8>) {
        let fill = &self.chunks.fill;
        let start = target.len();
        target.resize(start + bytes as usize, 0);
        if fill.iter().any(|byte| *byte != 0) {
            for value in target[start..].chunks_exact_mut(fill.len()) {
                value.copy_from_slice(fill);
            }
        }
    }
}

/// The places as a distance where they are even.
fn evenly(places: Vec<Place>) -> Places {
    if let [first, second, ..] = places[..]
        && second.offset > first.offset
    {
        let stride = second.offset - first.offset;
        let is_even = |(at, place): (usize, &Place)| {
            let distance = (at as u64).checked_mul(stride);
            distance.and_then(|distance| first.offset.checked_add(distance)) == Some(place.offset)
        };
        if places.iter().enumerate().all(is_even) {
            return Places::Even {
                first: first.offset,
                stride,
                len: first.len.into(),
                count: places.len() as u32,
            };
        }
    }
    Places::Each(places)
}

/// Rows of chunks, to be unpacked.
struct Packed {
    file: File,
    rows: Rows,
}

impl chunked::Chunks for Packed {
    fn unpack(
        &self,
        chunk: u32,
        _packed: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), BadSampleReason> {
        let unpacked = self
            .rows
            .unpack(self.file.map.bytes(), chunk.into(), samples);
        unpacked.map_err(BadSampleReason::from)
    }

    fn path(&self, _chunk: u32) -> PathBuf {
        self.file.path.clone()
    }
}
