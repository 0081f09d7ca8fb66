//! The files of an array's chunks, written one after the other: a chunk each, or shards.

use super::progress::Progress;
use crate::{
    LayoutError,
    stored::gather::MAX_DIMENSIONS,
    zarr::{
        grid::ChunkKeys,
        shard_index::{Entry, IndexForm},
    },
};
use rustix::fs::{Mode, OFlags};
use std::{
    fs::{File, OpenOptions},
    io::{Seek, SeekFrom, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system.
const BUFFER_BYTES: usize = 1 << 20;

/// How the files are called: all in the array's folder.
pub(super) const KEYS: ChunkKeys = ChunkKeys {
    has_prefix: true,
    separator: b'.',
};

/// What the files of an array are.
#[derive(Debug, Clone, Copy)]
pub(super) struct FilesForm {
    /// Dimensions of the array; chunks follow each other in the first.
    pub(super) rank: usize,
    /// Chunks of a shard; `None` where each chunk is a file.
    pub(super) chunks_in_shard: Option<u32>,
}

/// The files of an array's chunks, of which the last one grows.
pub(super) struct ChunkFiles {
    folder: PathBuf,
    handle: OwnedFd,
    form: FilesForm,
    /// Number of the file that grows.
    number: u64,
    /// The file, once something of it was handed to the system.
    file: Option<File>,
    /// Bytes of the file, also those in the buffer.
    file_bytes: u64,
    /// Chunks of the file that are complete.
    index: Vec<Entry>,
    buffer: Vec<u8>,
}

impl ChunkFiles {
    /// Goes on behind `chunks` complete chunks, with the file that grows cut back to what is noted
    /// of it, and no file behind it.
    pub(super) fn open(
        folder: &Path,
        form: FilesForm,
        chunks: u64,
        progress: &Progress,
    ) -> Result<Self, LayoutError> {
        let handle = rustix::fs::open(
            folder,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )
        .map_err(LayoutError::errno("open", folder))?;
        let mut this = Self {
            folder: folder.to_owned(),
            handle,
            form,
            number: chunks / u64::from(form.chunks_in_shard.unwrap_or(1)),
            file: None,
            file_bytes: progress.file_bytes,
            index: progress.index.clone(),
            buffer: Vec::new(),
        };
        this.remove_later_files()?;
        if this.file_bytes > 0 {
            this.file = Some(this.cut_file()?);
        }
        Ok(this)
    }

    /// The name of a file.
    pub(super) fn name(&self, number: u64) -> String {
        let mut place = [0; MAX_DIMENSIONS];
        place[0] = number;
        KEYS.key(&place[..self.form.rank]).as_text().to_owned()
    }

    fn path(&self) -> PathBuf {
        self.folder.join(self.name(self.number))
    }

    /// The file that grows, cut to its noted length and opened behind it.
    fn cut_file(&self) -> Result<File, LayoutError> {
        let path = self.path();
        let mut file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(LayoutError::io("open", &path))?;
        let found = file
            .metadata()
            .map_err(LayoutError::io("read", &path))?
            .len();
        if found < self.file_bytes {
            return Err(LayoutError::FileSize {
                path,
                expected: self.file_bytes,
                found,
            });
        }
        file.set_len(self.file_bytes)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(LayoutError::io("cut", &path))?;
        Ok(file)
    }

    /// Removes files behind the one that grows, and that one where nothing of it is kept.
    fn remove_later_files(&self) -> Result<(), LayoutError> {
        let failed = |error| LayoutError::io("list", &self.folder)(error);
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| {
                let (number, _) = name.strip_prefix("c.")?.split_once('.').unzip();
                number
                    .or_else(|| name.strip_prefix("c."))?
                    .parse::<u64>()
                    .ok()
            });
            let first = self.number + u64::from(self.file_bytes > 0);
            if number.is_some_and(|number| number >= first) {
                let path = entry.path();
                std::fs::remove_file(&path).map_err(LayoutError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// Adds bytes to the chunk that grows.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        self.file_bytes += bytes.len() as u64;
        if bytes.len() >= BUFFER_BYTES {
            return self.write(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Ends a chunk, and with it its file or, with the last one, its shard.
    pub(super) fn end_chunk(&mut self) -> Result<(), LayoutError> {
        let Some(chunks) = self.form.chunks_in_shard else {
            return self.end_file();
        };
        let offset = self.index.last().map_or(0, |last| last.offset + last.bytes);
        self.index.push(Entry {
            offset,
            bytes: self.file_bytes - offset,
        });
        if self.index.len() == chunks as usize {
            self.end_shard()
        } else {
            Ok(())
        }
    }

    fn end_shard(&mut self) -> Result<(), LayoutError> {
        let chunks = self.form.chunks_in_shard.unwrap_or(0) as usize;
        let lacking = std::iter::repeat_n(Entry::MISSING, chunks - self.index.len());
        let index = IndexForm::encode(self.index.drain(..).chain(lacking));
        self.append(&index)?;
        self.end_file()
    }

    fn end_file(&mut self) -> Result<(), LayoutError> {
        self.flush()?;
        self.file = None;
        self.file_bytes = 0;
        self.number += 1;
        Ok(())
    }

    /// Ends the last shard, whose last chunks may be missing.
    pub(super) fn complete(&mut self) -> Result<(), LayoutError> {
        if self.index.is_empty() {
            Ok(())
        } else {
            self.end_shard()
        }
    }

    /// Hands everything to the system.
    pub(super) fn flush(&mut self) -> Result<(), LayoutError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            self.write(&buffer)?;
            buffer.clear();
        }
        self.buffer = buffer;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.create_file()?,
        };
        file.write_all(bytes)
            .map_err(|error| LayoutError::io("write", &self.path())(error))?;
        self.file = Some(file);
        Ok(())
    }

    fn create_file(&self) -> Result<File, LayoutError> {
        let mut place = [0; MAX_DIMENSIONS];
        place[0] = self.number;
        rustix::fs::openat(
            &self.handle,
            KEYS.key(&place[..self.form.rank]).as_c_str(),
            OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC,
            Mode::from_raw_mode(0o666),
        )
        .map(File::from)
        .map_err(|errno| LayoutError::errno("create", &self.path())(errno))
    }

    /// Bytes of the file that grows, and its complete chunks.
    pub(super) fn progress(&self) -> (u64, &[Entry]) {
        (self.file_bytes, &self.index)
    }

    /// Files that are complete.
    pub(super) const fn files(&self) -> u64 {
        self.number
    }
}
