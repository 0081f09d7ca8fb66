//! The rows of a dataset's chunks, of which each holds some samples.

use super::{
    chunk_index::Chunk,
    dataset::{Chunks, Dataset},
    filters::PackedChunk,
};
use crate::{
    columns::fault::Fault,
    stored::{
        gather::{Coordinates, Cut, Gather, MAX_DIMENSIONS},
        mapped::{Place, Places},
    },
};

/// Bytes of a row of chunks once unpacked, at most: bounds what a file can make a thread ask for. A
/// row and one of its chunks may be in memory at once.
const MAX_UNPACKED: u64 = 192 << 20;

/// The rows of chunks of a dataset.
pub(super) struct Rows {
    pub(super) chunks: Chunks,
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
    pub(super) fn new(dataset: &Dataset, chunks: Chunks) -> Result<Self, Fault> {
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

    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.offset, reason)
    }

    /// Whether a chunk holds whole samples.
    fn is_whole(&self) -> bool {
        self.chunks.chunk[1..] == self.shape[1..]
    }

    /// Where every sample lies; `None` where they are to be unpacked, put together, or filled.
    pub(super) fn places(&self, count: u32, bytes: u64) -> Result<Option<Places>, Fault> {
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
    pub(super) fn prepared(mut self) -> Result<Self, Fault> {
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
    /// `room` is for what is only needed on the way.
    pub(super) fn unpack(
        &self,
        file: &[u8],
        row: u64,
        room: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let grid = &self.chunks.table.grid;
        let Some(gather) = &self.gather else {
            if let Some(chunk) = self.chunks.table.get(row) {
                let place = grid.place(row, 0);
                return self.unpack_chunk((file, chunk), &place, room, samples);
            }
            self.fill(self.row_bytes, samples);
            return Ok(());
        };
        self.fill(self.row_bytes, samples);
        let mut values = Vec::new();
        for part in 0..grid.parts() {
            let Some(chunk) = self.chunks.table.get(row * grid.parts() + part) else {
                continue;
            };
            let place = grid.place(row, part);
            values.clear();
            self.unpack_chunk((file, chunk), &place, room, &mut values)?;
            gather.put(&place, &values, samples);
        }
        Ok(())
    }

    fn unpack_chunk(
        &self,
        (file, chunk): (&[u8], &Chunk),
        place: &Coordinates,
        room: &mut Vec<u8>,
        target: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        // Found to be within the file when the index was read.
        let packed = file.get(chunk.offset as usize..);
        let packed = packed.and_then(|rest| rest.get(..chunk.bytes as usize));
        let packed = packed.ok_or_else(|| Fault::new(chunk.offset, "the file was cut"))?;
        let is_plain =
            self.chunks.edges_unfiltered && self.chunks.table.grid.is_edge(place, &self.shape);
        let left_out = if is_plain { u32::MAX } else { chunk.left_out };
        let chunk_in_file = PackedChunk {
            packed,
            left_out,
            bytes: self.chunk_bytes as usize,
        };
        let undone = chunk_in_file.undo(&self.chunks.filters, room, target);
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
