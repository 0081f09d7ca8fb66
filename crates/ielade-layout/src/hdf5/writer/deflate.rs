//! Raw values in compressed chunks.

use super::{DATA_START, ImagesWriter, Opened, array::ArrayForm, file::DataFile};
use crate::{
    LayoutError,
    hdf5::{
        CONTAINER,
        encode::{ChunkPlace, Filter, Message},
    },
    progress_notes::Notes,
    registry::StorePlan,
    spool::Spool,
};
use flate2::{Compress, Compression, FlushCompress, Status};
use rayon::prelude::*;
use std::{cell::RefCell, io};

/// Bytes of chunks that are compressed at once, about.
const PACKED_AT_ONCE: usize = 8 << 20;

/// Bytes of a chunk's record on the way: its length.
const RECORD_BYTES: usize = size_of::<u32>();

/// Opens the file behind the chunks that are there.
pub(super) fn open(plan: &StorePlan<'_>, form: ArrayForm) -> Result<Opened, LayoutError> {
    let notes = Notes::open(plan.folder, CONTAINER.name, plan.written)?;
    let (end, pending) = match plan.written {
        0 => (DATA_START, Vec::new()),
        written => notes.find(written, |note| {
            let (end, pending) = note.split_first_chunk()?;
            Some((u64::from_le_bytes(*end), pending.to_vec()))
        })?,
    };
    let path = Spool::<RECORD_BYTES>::path_in(plan.folder, "chunks");
    let chunks = Spool::open(path, plan.written / form.images_a_chunk())?;
    Ok(Opened {
        images: Box::new(PackedWriter {
            form,
            pending,
            chunks,
            notes,
        }),
        end,
    })
}

struct PackedWriter {
    form: ArrayForm,
    /// Samples that wait: whole chunks and the start of one.
    pending: Vec<u8>,
    /// Lengths of the chunks that are written.
    chunks: Spool<RECORD_BYTES>,
    notes: Notes,
}

impl PackedWriter {
    /// Packs all whole chunks that wait, and leaves the start of the next.
    fn pack_whole_chunks(&mut self, file: &mut DataFile) -> Result<(), LayoutError> {
        let chunk_bytes = self.form.chunk_bytes() as usize;
        let whole = self.pending.len() / chunk_bytes * chunk_bytes;
        let filters = self.form.filters();
        let packed: Vec<Vec<u8>> = self.pending[..whole]
            .par_chunks_exact(chunk_bytes)
            .map(|chunk| PACKER.with_borrow_mut(|packer| packer.pack(chunk, filters)))
            .collect::<Result<_, _>>()
            .map_err(LayoutError::io("compress", file.path()))?;
        for chunk in packed {
            file.write(&chunk)?;
            self.chunks.push((chunk.len() as u32).to_le_bytes())?;
        }
        self.pending.drain(..whole);
        Ok(())
    }
}

impl ImagesWriter for PackedWriter {
    fn push(&mut self, file: &mut DataFile, bytes: &[u8]) -> Result<(), LayoutError> {
        self.pending.extend_from_slice(bytes);
        let a_chunk_each = rayon::current_num_threads() * self.form.chunk_bytes() as usize;
        if self.pending.len() >= PACKED_AT_ONCE.max(a_chunk_each) {
            self.pack_whole_chunks(file)?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, file: &mut DataFile, written: u32) -> Result<(), LayoutError> {
        self.pack_whole_chunks(file)?;
        self.chunks.sync()?;
        let note = [&file.position().to_le_bytes(), &self.pending[..]].concat();
        self.notes.leave(written, note)
    }

    fn complete(&mut self, file: &mut DataFile, count: u32) -> Result<Vec<Message>, LayoutError> {
        let chunk_bytes = self.form.chunk_bytes() as usize;
        let whole = self.pending.len().next_multiple_of(chunk_bytes);
        self.pending.resize(whole, 0);
        self.pack_whole_chunks(file)?;
        let path = file.path().to_owned();
        let mut chunks = self.chunks.records()?;
        let mut address = DATA_START;
        self.form.index_chunks(file, count, || {
            let lost = || LayoutError::container(&path, address, "the list of chunks was cut");
            let bytes = u32::from_le_bytes(chunks.next().ok_or_else(lost)??);
            let place = ChunkPlace { address, bytes };
            address += u64::from(bytes);
            Ok(place)
        })
    }

    fn remove(mut self: Box<Self>) -> Result<(), LayoutError> {
        self.notes.remove()?;
        self.chunks.remove()
    }
}

thread_local! {
    /// A compressor has tables of hundreds of kilobytes, so a thread keeps one.
    static PACKER: RefCell<Packer> = const {
        RefCell::new(Packer {
            compressor: None,
            shuffled: Vec::new(),
        })
    };
}

/// Puts chunks through filters.
struct Packer {
    compressor: Option<(u32, Compress)>,
    shuffled: Vec<u8>,
}

impl Packer {
    fn pack(&mut self, chunk: &[u8], filters: &[Filter]) -> io::Result<Vec<u8>> {
        let mut level = 0;
        self.shuffled.clear();
        for filter in filters {
            match *filter {
                Filter::Shuffle(value_bytes) => {
                    shuffle(chunk, value_bytes as usize, &mut self.shuffled);
                }
                Filter::Deflate(wanted) => level = wanted,
            }
        }
        let input = if self.shuffled.is_empty() {
            chunk
        } else {
            &self.shuffled
        };
        let compressor = match &mut self.compressor {
            Some((kept, compressor)) if *kept == level => {
                compressor.reset();
                compressor
            }
            other => {
                let made = Compress::new(Compression::new(level), true);
                &mut other.insert((level, made)).1
            }
        };
        compress(compressor, input)
    }
}

/// A zlib stream of `input`.
fn compress(compressor: &mut Compress, input: &[u8]) -> io::Result<Vec<u8>> {
    // Bytes that do not shrink grow by 5 in every few thousand.
    let mut packed = Vec::with_capacity(input.len() + input.len() / 1000 + 64);
    loop {
        let read = compressor.total_in() as usize;
        let rest = input.get(read..).unwrap_or_default();
        let status = compressor.compress_vec(rest, &mut packed, FlushCompress::Finish)?;
        if status == Status::StreamEnd {
            packed.shrink_to_fit();
            return Ok(packed);
        }
        packed.reserve(packed.len() / 8 + 1024);
    }
}

/// First bytes of all values together, then second ones, and so on.
fn shuffle(chunk: &[u8], value_bytes: usize, shuffled: &mut Vec<u8>) {
    shuffled.reserve(chunk.len());
    for place in 0..value_bytes {
        shuffled.extend(chunk.iter().skip(place).step_by(value_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::{Packer, shuffle};
    use crate::hdf5::encode::Filter;
    use proptest::prelude::*;
    use std::io::Read;

    #[test]
    fn shuffled_bytes_lie_by_their_place_in_the_value() {
        let mut shuffled = Vec::new();
        shuffle(b"abcABC123", 3, &mut shuffled);
        assert_eq!(shuffled, b"aA1bB2cC3");
    }

    proptest! {
        /// One packer does all, as a thread's does: what it kept of one chunk is not in the next.
        #[test]
        fn chunks_are_inflated_to_what_they_were(
            chunks in proptest::collection::vec(
                (proptest::collection::vec(0..9_u8, 0..4000), 1..7_u32), 1..4),
        ) {
            let mut packer = Packer { compressor: None, shuffled: Vec::new() };
            for (chunk, level) in chunks {
                let chunk = &chunk[..chunk.len() / 2 * 2];
                for filters in [
                    &[Filter::Deflate(level)][..],
                    &[Filter::Shuffle(2), Filter::Deflate(level)],
                ] {
                    let packed = packer.pack(chunk, filters).unwrap();
                    let mut found = Vec::new();
                    flate2::read::ZlibDecoder::new(&packed[..])
                        .read_to_end(&mut found)
                        .unwrap();
                    let mut expected = chunk.to_vec();
                    if filters.len() == 2 {
                        expected.clear();
                        shuffle(chunk, 2, &mut expected);
                    }
                    prop_assert_eq!(found, expected);
                }
            }
        }
    }

    #[test]
    fn bytes_that_do_not_shrink_are_kept_whole() {
        let mut state = 1_u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(300_000)
        .collect();
        let mut packer = Packer {
            compressor: None,
            shuffled: Vec::new(),
        };
        let packed = packer.pack(&noise, &[Filter::Deflate(4)]).unwrap();
        let mut found = Vec::new();
        flate2::read::ZlibDecoder::new(&packed[..])
            .read_to_end(&mut found)
            .unwrap();
        assert!(found == noise);
    }
}
