//! The samples of a dataset: slices of the mapped file where they lie there uncompressed, else
//! unpacked from chunks.

use super::{
    cursor::Source,
    dataset::{Dataset, Values},
    datatype::Kind,
    global_heap::GlobalHeap,
    hierarchy::File,
    rows::Rows,
};
use crate::{
    LayoutError,
    columns::fault::Fault,
    error::BadSampleReason,
    stored::{
        StoredSamples,
        chunked::{self, ChunkShape, ChunkedSamples},
        mapped::{MappedSamples, Place, Places},
    },
};
use std::path::PathBuf;

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
    Chunks(Box<Rows>, ChunkShape),
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
    Ok(Found::Chunks(Box::new(rows), shape))
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
            let (mut room, mut unpacked) = (Vec::new(), Vec::new());
            for row in 0..rows.chunks.table.grid.rows() {
                unpacked.clear();
                rows.unpack(file.map.bytes(), row, &mut room, &mut unpacked)?;
                of_values(&unpacked)?;
            }
            Ok(())
        }
    }
}

/// Rows of chunks, to be unpacked.
struct Packed {
    file: File,
    rows: Box<Rows>,
}

impl chunked::Chunks for Packed {
    fn unpack(
        &self,
        chunk: u32,
        packed: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), BadSampleReason> {
        let file = self.file.map.bytes();
        let unpacked = self.rows.unpack(file, chunk.into(), packed, samples);
        unpacked.map_err(BadSampleReason::from)
    }

    fn path(&self, _chunk: u32) -> PathBuf {
        self.file.path.clone()
    }
}
