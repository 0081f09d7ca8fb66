//! Writing `data.zarr`.
//!
//! Files only grow, so that a store that was broken off is continued: with every checkpoint a note
//! is left of where the open shard's chunks lie and of the samples that wait to be packed.

mod chunk_files;
mod documents;
mod progress;

use super::{Chunking, FOLDER, IMAGES, LABELS, blosc, hierarchy::METADATA_FILE};
use crate::{
    LayoutError, LayoutWriter, digest, disk, payload::ExpectedPayload, progress_notes::Notes,
    registry::StorePlan, stored::array::stack_shape,
};
use chunk_files::{ChunkFiles, FilesForm};
use documents::{ArrayForm, Values};
use ielade_core::{Element, Encoding, ImageSpec, Sample, manifest::DataFile};
use progress::Progress;
use rayon::prelude::*;
use std::{cell::RefCell, path::PathBuf};

/// Labels of a chunk, which is a file.
const LABELS_PER_CHUNK: u32 = 1 << 16;

/// Bytes of a chunk that is packed, at most: it is held in memory.
const MAX_CHUNK_BYTES: usize = 256 << 20;

/// Bytes of chunks that are packed at once, about.
const PACKED_AT_ONCE: usize = 8 << 20;

/// Bytes of padding that are written at once.
const PADDING: usize = 64 << 10;

/// Files that are listed one by one, at most; of more, the folder is listed.
const MAX_LISTED: u64 = 1024;

/// Level of Zstandard: its own usual one.
const ZSTD_LEVEL: i32 = 3;

/// How chunks are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChunkPacking {
    None,
    Zstd,
    Blosc,
}

impl ChunkPacking {
    /// Packs a chunk of values of `value_bytes` bytes.
    fn pack(self, chunk: &[u8], value_bytes: usize) -> Result<Vec<u8>, std::io::Error> {
        match self {
            Self::None => Ok(chunk.to_vec()),
            Self::Zstd => ZSTD.with_borrow_mut(|kept| {
                let compressor = match kept {
                    Some(compressor) => compressor,
                    None => kept.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
                };
                compressor.compress(chunk)
            }),
            Self::Blosc => {
                let mut packed = Vec::new();
                blosc::compress(chunk, value_bytes as u8, &mut packed);
                Ok(packed)
            }
        }
    }
}

thread_local! {
    /// A compressor has tables of megabytes, so a thread keeps one.
    static ZSTD: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
}

/// Opens a folder to write `data.zarr`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let chunking = Chunking::of(plan.options);
    let packing = match (plan.options.has("zstd"), plan.options.has("blosc")) {
        (true, _) => ChunkPacking::Zstd,
        (_, true) => ChunkPacking::Blosc,
        _ => ChunkPacking::None,
    };
    let expected = ExpectedPayload::of(plan, super::CONTAINER.name)?;
    let sample_bytes = expected.sample_bytes();
    check_chunk(sample_bytes.unwrap_or(0), chunking, packing)?;
    let root = plan.folder.join(FOLDER);
    for array in [IMAGES, LABELS] {
        let folder = root.join(array);
        std::fs::create_dir_all(&folder).map_err(LayoutError::io("create", &folder))?;
    }
    let notes = Notes::open(plan.folder, super::CONTAINER.name, plan.written)?;
    let progress = match plan.written {
        0 => Progress::default(),
        written => notes.find(written, Progress::decode)?,
    };
    let labels_per_chunk = plan.expected.clamp(1, LABELS_PER_CHUNK);
    let packed_chunks = plan.written / chunking.chunk;
    let images = ChunkFiles::open(
        &root.join(IMAGES),
        FilesForm {
            rank: if sample_bytes.is_some() { 4 } else { 1 },
            chunks_in_shard: chunking.chunks_in_shard,
        },
        packed_chunks.into(),
        &progress,
    )?;
    let labels = ChunkFiles::open(
        &root.join(LABELS),
        FilesForm {
            rank: 1,
            chunks_in_shard: None,
        },
        (plan.written / labels_per_chunk).into(),
        &Progress {
            file_bytes: u64::from(plan.written % labels_per_chunk) * size_of::<i64>() as u64,
            ..Progress::default()
        },
    )?;
    Ok(Box::new(ZarrWriter {
        store: plan.folder.to_owned(),
        classes: plan.classes.to_vec(),
        encoding: plan.encoding,
        size: plan.shape.fixed(),
        expected,
        sample_bytes,
        chunking,
        packing,
        images,
        labels,
        labels_per_chunk,
        written: plan.written,
        pending: progress.pending,
        notes,
    }))
}

/// Fails where a chunk would have to be held in memory that is too large for that.
fn check_chunk(
    sample_bytes: usize,
    chunking: Chunking,
    packing: ChunkPacking,
) -> Result<(), LayoutError> {
    let bytes = sample_bytes.saturating_mul(chunking.chunk as usize);
    if packing == ChunkPacking::None || bytes <= MAX_CHUNK_BYTES {
        return Ok(());
    }
    Err(LayoutError::Option {
        what: super::CONTAINER.name.to_owned(),
        reason: format!(
            "chunks of {} images have {bytes} bytes, and at most {MAX_CHUNK_BYTES} are compressed \
             together; make chunk smaller",
            chunking.chunk
        ),
    })
}

struct ZarrWriter {
    store: PathBuf,
    classes: Vec<String>,
    encoding: Encoding,
    /// Size of raw images.
    size: Option<ImageSpec>,
    expected: ExpectedPayload,
    /// Bytes of a sample; `None` where they differ.
    sample_bytes: Option<usize>,
    chunking: Chunking,
    packing: ChunkPacking,
    images: ChunkFiles,
    labels: ChunkFiles,
    labels_per_chunk: u32,
    written: u32,
    /// Samples that wait to be packed: whole chunks and the start of one.
    pending: Vec<u8>,
    notes: Notes,
}

impl ZarrWriter {
    fn chunk_bytes(&self) -> usize {
        self.sample_bytes.unwrap_or(0) * self.chunking.chunk as usize
    }

    fn push_image(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        if self.packing != ChunkPacking::None {
            self.pending.extend_from_slice(bytes);
            let enough = PACKED_AT_ONCE.max(rayon::current_num_threads() * self.chunk_bytes());
            return if self.pending.len() >= enough {
                self.pack_whole_chunks()
            } else {
                Ok(())
            };
        }
        if self.sample_bytes.is_none() {
            // As numcodecs' vlen-bytes: the chunk's number of samples, and each behind its length.
            if self.written.is_multiple_of(self.chunking.chunk) {
                self.images.append(&self.chunking.chunk.to_le_bytes())?;
            }
            self.images.append(&(bytes.len() as u32).to_le_bytes())?;
        }
        self.images.append(bytes)?;
        if (self.written + 1).is_multiple_of(self.chunking.chunk) {
            self.images.end_chunk()
        } else {
            Ok(())
        }
    }

    /// Packs all whole chunks that wait, and leaves the start of the next.
    fn pack_whole_chunks(&mut self) -> Result<(), LayoutError> {
        let chunk_bytes = self.chunk_bytes();
        let whole = self.pending.len() / chunk_bytes * chunk_bytes;
        let value_bytes = self.encoding.element().map_or(1, Element::size);
        let packing = self.packing;
        let packed: Vec<Vec<u8>> = self.pending[..whole]
            .par_chunks_exact(chunk_bytes)
            .map(|chunk| packing.pack(chunk, value_bytes))
            .collect::<Result<_, _>>()
            .map_err(LayoutError::io("compress", &self.store))?;
        for chunk in packed {
            self.images.append(&chunk)?;
            self.images.end_chunk()?;
        }
        self.pending.drain(..whole);
        Ok(())
    }

    /// Fills the last chunk of the images with the fill value.
    fn complete_images(&mut self) -> Result<(), LayoutError> {
        let started = self.written % self.chunking.chunk;
        if started > 0 {
            let lacking = (self.chunking.chunk - started) as usize;
            if self.packing == ChunkPacking::None {
                // An image of no bytes is its length, 0.
                let bytes = self.sample_bytes.unwrap_or(size_of::<u32>());
                pad(&mut self.images, 0, lacking * bytes)?;
                self.images.end_chunk()?;
            } else {
                let whole = self.pending.len().next_multiple_of(self.chunk_bytes());
                self.pending.resize(whole, 0);
            }
        }
        if self.packing != ChunkPacking::None {
            self.pack_whole_chunks()?;
        }
        self.images.complete()
    }

    /// Fills the last chunk of the labels with -1, which all bytes of 255 are.
    fn complete_labels(&mut self) -> Result<(), LayoutError> {
        let started = self.written % self.labels_per_chunk;
        if started > 0 {
            let lacking = (self.labels_per_chunk - started) as usize;
            pad(&mut self.labels, 0xff, lacking * size_of::<i64>())?;
            self.labels.end_chunk()?;
        }
        self.labels.complete()
    }

    fn write_documents(&self) -> Result<(), LayoutError> {
        let root = self.store.join(FOLDER);
        let values = match self.size.zip(self.encoding.element()) {
            Some((spec, element)) => {
                Values::Array(element, stack_shape(element, spec, self.written))
            }
            None => Values::Bytes(self.encoding, self.written),
        };
        let images = ArrayForm {
            values,
            chunking: self.chunking,
            packing: self.packing,
        };
        documents::write(&root, &documents::group())?;
        documents::write(&root.join(IMAGES), &images.document())?;
        let labels = documents::labels(self.written, self.labels_per_chunk, &self.classes);
        documents::write(&root.join(LABELS), &labels)
    }

    /// The files of the store, those of an array as its folder where they are many.
    fn files(&self) -> Vec<String> {
        let mut files = vec![format!("{FOLDER}/{METADATA_FILE}")];
        for (array, chunks) in [(IMAGES, &self.images), (LABELS, &self.labels)] {
            let folder = format!("{FOLDER}/{array}");
            if chunks.files() > MAX_LISTED {
                files.push(folder);
            } else {
                files.push(format!("{folder}/{METADATA_FILE}"));
                let names = (0..chunks.files()).map(|number| chunks.name(number));
                files.extend(names.map(|name| format!("{folder}/{name}")));
            }
        }
        files
    }
}

fn pad(files: &mut ChunkFiles, byte: u8, mut bytes: usize) -> Result<(), LayoutError> {
    let padding = vec![byte; bytes.min(PADDING)];
    while bytes > 0 {
        let now = bytes.min(PADDING);
        files.append(&padding[..now])?;
        bytes -= now;
    }
    Ok(())
}

impl LayoutWriter for ZarrWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let bytes = self.expected.bytes(sample)?;
        let label = self.expected.label(sample)?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(LayoutError::WrongPayload {
                key: sample.key.to_owned(),
                expected: "less than 4 GiB".to_owned(),
                found: format!("{} bytes", bytes.len()),
            });
        }
        self.push_image(bytes)?;
        self.labels.append(&label.to_le_bytes())?;
        self.written += 1;
        if self.written.is_multiple_of(self.labels_per_chunk) {
            self.labels.end_chunk()
        } else {
            Ok(())
        }
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        if self.packing != ChunkPacking::None {
            self.pack_whole_chunks()?;
        }
        self.images.flush()?;
        self.labels.flush()?;
        let (file_bytes, index) = self.images.progress();
        let note = Progress::encode(file_bytes, index, &self.pending);
        self.notes.leave(self.written, note)?;
        disk::sync_file_system(&self.store)
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.complete_images()?;
        self.complete_labels()?;
        self.write_documents()?;
        self.notes.remove()?;
        disk::sync_file_system(&self.store)?;
        self.files()
            .par_iter()
            .map(|name| digest::data_file(&self.store, name))
            .collect()
    }
}
