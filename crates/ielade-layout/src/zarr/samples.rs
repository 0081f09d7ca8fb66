//! The samples of an array: found in mapped files where they lie uncompressed in files of several,
//! read from a file each where they are one, else unpacked from chunks.

mod variable_length;

use super::{
    array::{Array, MAX_UNPACKED},
    chunks::{Missing, StoredChunks},
    data_type::DataType,
    packing::{Unpacked, unpack},
};
use crate::{
    LayoutError,
    error::BadSampleReason,
    stored::{
        FetchScratch, StoredSamples,
        chunked::{ChunkShape, ChunkedSamples, Chunks},
        gather::{Cut, Gather},
        mapped::{MappedSamples, Place, Places},
        one_file::{read_file, read_file_of_any_size},
    },
};
use std::{io::ErrorKind, path::PathBuf};

/// Bytes that a sample of variable length is taken to have, to tell how many chunks to keep.
const USUAL_IMAGE_BYTES: usize = 16 << 10;

/// Bytes of one image in variable length, at most.
const MAX_IMAGE_BYTES: u64 = 1 << 30;

/// How many times more bytes a packed chunk of images may have than it takes on disk, beside
/// [`FREE_BYTES`]: compressed images hardly shrink any further.
const MAX_RATIO: u64 = 1000;
const FREE_BYTES: u64 = 1 << 20;

/// Opens the samples of an array: what lies at each place of its first dimension.
///
/// # Errors
/// Where chunks are damaged or lost, or too large to be unpacked.
pub(crate) fn open(array: Array, missing: Missing) -> Result<Box<dyn StoredSamples>, LayoutError> {
    let metadata = &array.metadata;
    if metadata.data_type != DataType::Bytes && array.sizes()?.sample == 0 {
        return Err(array.fault("its samples have no values"));
    }
    let lies_as_delivered = array.lies_as_delivered();
    let one_a_file = metadata.sharding.is_none() && metadata.chunk.first() == Some(&1);
    let chunks = StoredChunks::open(array, missing)?;
    if lies_as_delivered && one_a_file {
        return Ok(Box::new(SampleFiles::new(chunks)?));
    }
    if lies_as_delivered && let Some(places) = places(&chunks)? {
        let framed = chunks.array().metadata.data_type == DataType::Bytes
            && chunks.array().metadata.chunk[0] == 1;
        let places = evenly(places, chunks.mapped().map_or(0, |files| files.len()));
        let mapped = MappedSamples::new(chunks.into_mapped(), places)?;
        return Ok(if framed {
            Box::new(FramedSamples(mapped))
        } else {
            Box::new(mapped)
        });
    }
    let (chunks, shape) = PackedChunks::new(chunks)?;
    Ok(Box::new(ChunkedSamples::new(chunks, shape)))
}

/// Where every sample lies; `None` where some chunk is not there or not mapped.
fn places(chunks: &StoredChunks) -> Result<Option<Vec<Place>>, LayoutError> {
    let Some(files) = chunks.mapped() else {
        return Ok(None);
    };
    let array = chunks.array();
    let (count, per_chunk) = (array.metadata.shape[0], array.metadata.chunk[0]);
    let sizes = array.sizes()?;
    let mut places = Vec::new();
    for row in 0..chunks.grid().rows() {
        let (file, within) = chunks.grid().file_of(&chunks.grid().chunk(row, 0));
        let number = chunks.grid().file_number(&file);
        let shard = files[number as usize];
        let Some(entry) = shard.index.get(within as usize).filter(|e| e.is_there()) else {
            if chunks.missing() == Missing::Lost {
                let reason = format!("chunk {within} of the shard was lost");
                return Err(LayoutError::container(&shard.path, 0, reason));
            }
            return Ok(None);
        };
        let wanted = per_chunk.min(count - row * per_chunk);
        let fault = |offset, reason: String| LayoutError::container(&shard.path, offset, reason);
        let place = |offset: u64, bytes: u64| {
            let len = u32::try_from(bytes);
            Ok(Place {
                file: number as u32,
                len: len.map_err(|_| fault(offset, format!("a sample of {bytes} bytes")))?,
                offset,
            })
        };
        if array.metadata.data_type != DataType::Bytes {
            if entry.bytes != sizes.chunk {
                let (found, expected) = (entry.bytes, sizes.chunk);
                let reason = format!("the chunk has {found} bytes where {expected} were expected");
                return Err(fault(entry.offset, reason));
            }
            for within in 0..wanted {
                places.push(place(entry.offset + within * sizes.sample, sizes.sample)?);
            }
        } else if per_chunk == 1 {
            // The frame is looked at with the sample, so that opening reads no sample.
            places.push(place(entry.offset, entry.bytes)?);
        } else {
            let chunk = &shard.map.bytes()[entry.offset as usize..][..entry.bytes as usize];
            let frames = variable_length::frames(chunk, per_chunk);
            // Also those behind the last sample, which are empty.
            for (within, frame) in (0..).zip(frames) {
                let (start, bytes) =
                    frame.map_err(|(at, reason)| fault(entry.offset + at, reason))?;
                if within < wanted {
                    places.push(place(entry.offset + start, bytes)?);
                }
            }
        }
    }
    Ok(Some(places))
}

/// The places as a distance where they are even and in one file.
fn evenly(places: Vec<Place>, files: usize) -> Places {
    if let [first, second, ..] = places[..]
        && files == 1
        && second.offset > first.offset
    {
        let stride = second.offset - first.offset;
        let is_even = |(at, place): (usize, &Place)| {
            place.len == first.len && place.offset == first.offset + at as u64 * stride
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

/// Mapped chunks of one sample of variable length each.
struct FramedSamples(MappedSamples);

impl StoredSamples for FramedSamples {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        variable_length::only(self.0.fetch(index, scratch)?)
    }

    fn in_memory(&self, index: u32) -> Option<&[u8]> {
        self.0.in_memory(index)
    }

    fn path(&self, index: u32) -> PathBuf {
        self.0.path(index)
    }
}

/// A file a sample.
struct SampleFiles {
    chunks: StoredChunks,
    /// Bytes of each; `None` where they differ.
    bytes: Option<u32>,
}

impl SampleFiles {
    fn new(chunks: StoredChunks) -> Result<Self, LayoutError> {
        let array = chunks.array();
        let bytes = array.sizes()?.sample;
        let bytes = match array.metadata.data_type {
            DataType::Bytes => None,
            _ if bytes <= MAX_UNPACKED => Some(bytes as u32),
            _ => return Err(array.fault(format!("a sample of {bytes} bytes"))),
        };
        Ok(Self { chunks, bytes })
    }
}

impl StoredSamples for SampleFiles {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let chunks = &self.chunks;
        let key = chunks.key(&chunks.grid().chunk(index.into(), 0));
        let room = &mut scratch.bytes;
        let Some(bytes) = self.bytes else {
            let most = MAX_IMAGE_BYTES;
            let chunk = read_file_of_any_size(chunks.folder(), key.as_c_str(), most, room)?;
            return variable_length::only(chunk);
        };
        // Read in two steps, since a borrow that is given back may not be taken again.
        match read_file(chunks.folder(), key.as_c_str(), bytes, room) {
            Ok(_) => {}
            Err(BadSampleReason::Io(error))
                if error.kind() == ErrorKind::NotFound && chunks.missing() != Missing::Lost =>
            {
                room.clear();
                fill(room, bytes as usize, &chunks.array().metadata.fill);
            }
            Err(error) => return Err(error),
        }
        Ok(&room[..bytes as usize])
    }

    fn path(&self, index: u32) -> PathBuf {
        self.chunks.path(index.into(), 0)
    }
}

/// Makes `bytes` bytes of the fill value in `room`, which is empty.
fn fill(room: &mut Vec<u8>, bytes: usize, value: &[u8]) {
    room.resize(bytes, 0);
    if value.iter().any(|byte| *byte != 0) {
        for target in room.chunks_exact_mut(value.len()) {
            target.copy_from_slice(value);
        }
    }
}

/// Chunks that are packed, or that do not hold whole samples in the array's order.
struct PackedChunks {
    chunks: StoredChunks,
    form: RowForm,
}

/// How a row of chunks becomes samples.
enum RowForm {
    /// Its only chunk is the samples, of so many bytes in all.
    Whole(usize),
    /// From several chunks, or in another order.
    Gathered(Box<Gather>),
    /// Of variable length, so many.
    VariableLength(u32),
}

impl PackedChunks {
    fn new(chunks: StoredChunks) -> Result<(Self, ChunkShape), LayoutError> {
        let array = chunks.array();
        let metadata = &array.metadata;
        let sizes = array.sizes()?;
        if sizes.chunk > MAX_UNPACKED || sizes.row > MAX_UNPACKED {
            let reason = format!(
                "its chunks unpack to {} bytes, samples that belong together to {}; at most \
                 {MAX_UNPACKED} are read at once: write it with smaller chunks",
                sizes.chunk, sizes.row
            );
            return Err(array.fault(reason));
        }
        let Ok(samples) = u32::try_from(metadata.chunk[0]) else {
            return Err(array.fault(format!("chunks of {} samples", metadata.chunk[0])));
        };
        let is_whole =
            metadata.layers.is_in_order() && metadata.chunk.get(1..) == metadata.shape.get(1..);
        let form = if metadata.data_type == DataType::Bytes {
            if u64::from(samples) > MAX_UNPACKED / variable_length::TABLE_BYTES as u64 {
                return Err(array.fault(format!("chunks of {samples} samples")));
            }
            RowForm::VariableLength(samples)
        } else if is_whole {
            RowForm::Whole(sizes.row as usize)
        } else {
            RowForm::Gathered(Box::new(Gather::new(&Cut {
                shape: &metadata.shape,
                chunk: &metadata.chunk,
                order: &metadata.layers.order,
                value_bytes: metadata.data_type.size(),
            })))
        };
        let sample_bytes = match form {
            RowForm::VariableLength(_) => USUAL_IMAGE_BYTES,
            _ => sizes.sample as usize,
        };
        let shape = ChunkShape {
            samples,
            sample_bytes,
        };
        Ok((Self { chunks, form }, shape))
    }

    fn unpack_part(
        &self,
        (row, part): (u64, u64),
        expected: impl FnOnce(usize) -> Unpacked,
        packed: &mut Vec<u8>,
        target: &mut Vec<u8>,
    ) -> Result<bool, BadSampleReason> {
        let Some(chunk) = self.chunks.bytes(row, part, packed)? else {
            return Ok(false);
        };
        let packings = &self.chunks.array().metadata.layers.packings;
        let unpacked = unpack(packings, chunk.bytes, expected(chunk.bytes.len()), target);
        unpacked.map_err(|reason| BadSampleReason::Damaged {
            offset: chunk.offset,
            reason,
        })?;
        Ok(true)
    }

    fn gather(
        &self,
        row: u64,
        gather: &Gather,
        packed: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), BadSampleReason> {
        fill(
            samples,
            gather.row_bytes(),
            &self.chunks.array().metadata.fill,
        );
        let mut values = Vec::new();
        for part in 0..self.chunks.grid().parts() {
            values.clear();
            let exactly = |_| Unpacked::Exactly(gather.chunk_bytes());
            if self.unpack_part((row, part), exactly, packed, &mut values)? {
                let place = self.chunks.grid().chunk(row, part);
                gather.put(&place, &values, samples);
            }
        }
        Ok(())
    }
}

impl Chunks for PackedChunks {
    fn unpack(
        &self,
        chunk: u32,
        packed: &mut Vec<u8>,
        samples: &mut Vec<u8>,
    ) -> Result<(), BadSampleReason> {
        let row = u64::from(chunk);
        match &self.form {
            RowForm::Whole(bytes) => {
                let exactly = |_| Unpacked::Exactly(*bytes);
                if !self.unpack_part((row, 0), exactly, packed, samples)? {
                    fill(samples, *bytes, &self.chunks.array().metadata.fill);
                }
                Ok(())
            }
            RowForm::Gathered(gather) => self.gather(row, gather, packed, samples),
            RowForm::VariableLength(count) => {
                let at_most = |packed: usize| {
                    let most = packed as u64 * MAX_RATIO + FREE_BYTES;
                    Unpacked::AtMost(most.min(MAX_UNPACKED) as usize)
                };
                if !self.unpack_part((row, 0), at_most, packed, samples)? {
                    return Err(BadSampleReason::Missing);
                }
                variable_length::append_table(samples, *count).map_err(|(offset, reason)| {
                    let reason = format!("in the unpacked chunk: {reason}");
                    BadSampleReason::Damaged { offset, reason }
                })
            }
        }
    }

    fn sample<'a>(&self, unpacked: &'a [u8], place: u32, bytes: usize) -> Option<&'a [u8]> {
        if let RowForm::VariableLength(count) = self.form {
            variable_length::look_up(unpacked, place, count)
        } else {
            let start = (place as usize).checked_mul(bytes)?;
            unpacked.get(start..)?.get(..bytes)
        }
    }

    fn path(&self, chunk: u32) -> PathBuf {
        self.chunks.path(chunk.into(), 0)
    }
}

/// Most labels that are read, which are kept in memory.
const MAX_LABELS: u64 = 1 << 26;

/// Reads an array of labels: integers in one dimension, or in two of which the second has length 1.
///
/// # Errors
/// Where it is another array, or its chunks are damaged or lost.
pub(crate) fn read_labels(array: Array, missing: Missing) -> Result<Vec<i64>, LayoutError> {
    let kind = array.metadata.data_type;
    let byte_order = array.metadata.layers.byte_order;
    let is_list = matches!(array.metadata.shape[..], [_] | [_, 1]);
    let Some(integer) = kind.integer().filter(|_| is_list) else {
        let (name, shape) = (kind.name(), &array.metadata.shape);
        return Err(array.fault(format!("{name} {shape:?} are no labels")));
    };
    let count = array.metadata.shape[0];
    if count > MAX_LABELS {
        return Err(array.fault(format!("{count} labels; at most {MAX_LABELS} are read")));
    }
    let per_row = array.metadata.chunk[0];
    let chunks = StoredChunks::open(array, missing)?;
    let (chunks, _) = PackedChunks::new(chunks)?;
    let (mut packed, mut values) = (Vec::new(), Vec::new());
    let mut labels = Vec::new();
    for row in 0..chunks.chunks.grid().rows() {
        values.clear();
        chunks
            .unpack(row as u32, &mut packed, &mut values)
            .map_err(|reason| label_fault(chunks.chunks.path(row, 0), reason))?;
        let wanted = per_row.min(count - row * per_row) as usize;
        labels.extend(integer.values(&values, byte_order).take(wanted));
    }
    Ok(labels)
}

/// What is wrong with a chunk of labels.
fn label_fault(path: PathBuf, reason: BadSampleReason) -> LayoutError {
    match reason {
        BadSampleReason::Io(source) => LayoutError::io("read", &path)(source),
        BadSampleReason::Damaged { offset, reason } => {
            LayoutError::container(&path, offset, reason)
        }
        BadSampleReason::Missing => LayoutError::MissingFile { path },
        other => LayoutError::container(&path, 0, other.to_string()),
    }
}
