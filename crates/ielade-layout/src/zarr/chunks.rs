//! Where the bytes of an array's chunks are: in a file each, or in shards.

use super::{
    array::{Array, MAX_UNPACKED},
    grid::{Grid, Key},
    shard_index::{Entry, IndexFault, IndexForm},
};
use crate::{
    LayoutError,
    error::BadSampleReason,
    mapped::MappedFile,
    stored::{
        gather::Coordinates,
        one_file::{open_file, read_file_of_any_size, read_opened},
    },
};
use std::{
    io::ErrorKind,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

/// Files that are mapped at once, at most: a process may have some 65,000 mappings.
const MAX_MAPPED: u64 = 1 << 14;

/// Bytes of a chunk's file that is read into memory, at most.
const MAX_PACKED: u64 = MAX_UNPACKED + (MAX_UNPACKED >> 4);

/// What it means that a chunk is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// All its values are the fill value, as Zarr has it.
    FillValue,
    /// It was lost: stores have all their chunks.
    Lost,
}

/// The chunks of an array.
pub(crate) struct StoredChunks {
    array: Array,
    handle: OwnedFd,
    grid: Grid,
    missing: Missing,
    place: ChunkPlace,
}

enum ChunkPlace {
    /// A file a chunk, read when it is needed.
    Files,
    /// Mapped files, in the order of their numbers; `None` for one that is not there.
    Mapped(Vec<Option<ShardFile>>),
    /// More shards than can be mapped: opened when they are needed.
    Shards(IndexForm),
}

/// A mapped file that holds chunks.
pub(crate) struct ShardFile {
    pub(crate) path: PathBuf,
    pub(crate) map: MappedFile,
    pub(crate) index: Vec<Entry>,
}

/// A chunk's bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkBytes<'a> {
    pub(crate) bytes: &'a [u8],
    /// Its first byte in its file.
    pub(crate) offset: u64,
}

impl StoredChunks {
    /// Opens an array's chunks. Shards are mapped, and their indices checked; the files of single
    /// chunks are mapped where they hold several samples that lie as they are delivered.
    ///
    /// # Errors
    /// Where a shard's index is damaged, or a file is missing that must be there.
    pub(crate) fn open(array: Array, missing: Missing) -> Result<Self, LayoutError> {
        let grid = array.grid()?;
        let handle = rustix::fs::open(
            &array.folder,
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )
        .map_err(LayoutError::errno("open", &array.folder))?;
        let mut this = Self {
            array,
            handle,
            grid,
            missing,
            place: ChunkPlace::Files,
        };
        let files = this.grid.files().filter(|files| *files <= MAX_MAPPED);
        let chunks = this.grid.chunks_in_file().unwrap_or(u64::MAX);
        let metadata = &this.array.metadata;
        this.place = match (&metadata.sharding, files) {
            (Some(sharding), Some(files)) => {
                let form = IndexForm::new(sharding, chunks);
                this.map(files, |path, map| index_of_shard(path, map, form))?
            }
            (Some(sharding), None) => ChunkPlace::Shards(IndexForm::new(sharding, chunks)),
            (None, Some(files)) if this.array.lies_as_delivered() && metadata.chunk[0] > 1 => {
                this.map(files, |_, map| Ok(vec![whole(map)]))?
            }
            (None, _) => ChunkPlace::Files,
        };
        Ok(this)
    }

    fn map(
        &self,
        files: u64,
        index: impl Fn(&Path, &MappedFile) -> Result<Vec<Entry>, LayoutError>,
    ) -> Result<ChunkPlace, LayoutError> {
        let mut mapped = Vec::new();
        for number in 0..files {
            let path = self.file_path(&self.grid.file(number));
            mapped.push(match MappedFile::open(&path) {
                Ok(map) => Some(ShardFile {
                    index: index(&path, &map)?,
                    map,
                    path,
                }),
                Err(LayoutError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    if self.missing == Missing::Lost {
                        return Err(LayoutError::MissingFile { path });
                    }
                    None
                }
                Err(error) => return Err(error),
            });
        }
        Ok(ChunkPlace::Mapped(mapped))
    }

    pub(crate) const fn array(&self) -> &Array {
        &self.array
    }

    pub(crate) const fn grid(&self) -> &Grid {
        &self.grid
    }

    pub(crate) const fn missing(&self) -> Missing {
        self.missing
    }

    /// The array's folder, to open files from.
    pub(crate) fn folder(&self) -> BorrowedFd<'_> {
        self.handle.as_fd()
    }

    /// The name of the file at these coordinates.
    pub(crate) fn key(&self, file: &Coordinates) -> Key {
        let rank = self.grid.rank();
        self.array.metadata.keys.key(&file[..rank])
    }

    fn file_path(&self, file: &Coordinates) -> PathBuf {
        self.array.folder.join(self.key(file).as_text())
    }

    /// The file that a part of a row lies in.
    pub(crate) fn path(&self, row: u64, part: u64) -> PathBuf {
        let (file, _) = self.grid.file_of(&self.grid.chunk(row, part));
        self.file_path(&file)
    }

    /// The mapped files, where all of them are there.
    pub(crate) fn mapped(&self) -> Option<Vec<&ShardFile>> {
        match &self.place {
            ChunkPlace::Mapped(files) => files.iter().map(Option::as_ref).collect(),
            _ => None,
        }
    }

    /// Gives the mapped files away.
    pub(crate) fn into_mapped(self) -> Vec<(PathBuf, MappedFile)> {
        match self.place {
            ChunkPlace::Mapped(files) => files
                .into_iter()
                .flatten()
                .map(|file| (file.path, file.map))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The bytes of a part of a row; `None` where they are not there and stand for the fill value.
    pub(crate) fn bytes<'a>(
        &'a self,
        row: u64,
        part: u64,
        room: &'a mut Vec<u8>,
    ) -> Result<Option<ChunkBytes<'a>>, BadSampleReason> {
        let (file, within) = self.grid.file_of(&self.grid.chunk(row, part));
        let found = match &self.place {
            ChunkPlace::Files => self.read_file(&file, room)?,
            ChunkPlace::Shards(form) => self.read_from_shard(&file, within, *form, room)?,
            ChunkPlace::Mapped(files) => {
                let shard = files.get(self.grid.file_number(&file) as usize);
                shard.and_then(Option::as_ref).and_then(|shard| {
                    let entry = shard.index.get(within as usize)?;
                    let bytes = shard.map.bytes().get(entry.offset as usize..)?;
                    Some(ChunkBytes {
                        bytes: bytes.get(..entry.bytes as usize)?,
                        offset: entry.offset,
                    })
                })
            }
        };
        match (found, self.missing) {
            (None, Missing::Lost) => Err(BadSampleReason::Missing),
            (found, _) => Ok(found),
        }
    }

    fn read_file<'a>(
        &self,
        file: &Coordinates,
        room: &'a mut Vec<u8>,
    ) -> Result<Option<ChunkBytes<'a>>, BadSampleReason> {
        let key = self.key(file);
        match read_file_of_any_size(self.folder(), key.as_c_str(), MAX_PACKED, room) {
            Ok(bytes) => Ok(Some(ChunkBytes { bytes, offset: 0 })),
            Err(BadSampleReason::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read_from_shard<'a>(
        &self,
        file: &Coordinates,
        within: u64,
        form: IndexForm,
        room: &'a mut Vec<u8>,
    ) -> Result<Option<ChunkBytes<'a>>, BadSampleReason> {
        let damaged = |(offset, reason): IndexFault| BadSampleReason::Damaged { offset, reason };
        let (shard, shard_bytes) = match open_file(self.folder(), self.key(file).as_c_str()) {
            Ok(opened) => opened,
            Err(BadSampleReason::Io(error)) if error.kind() == ErrorKind::NotFound => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let (start, bytes) = form.place(shard_bytes).map_err(damaged)?;
        let index = read_opened(&shard, start, bytes as usize, room)?;
        let index = form.parse(index, shard_bytes).map_err(damaged)?;
        let entry = index.get(within as usize).filter(|entry| entry.is_there());
        let Some(entry) = entry else {
            return Ok(None);
        };
        if entry.bytes > MAX_PACKED {
            let reason = format!(
                "a chunk of {} bytes; at most {MAX_PACKED} are read",
                entry.bytes
            );
            return Err(damaged((entry.offset, reason)));
        }
        Ok(Some(ChunkBytes {
            bytes: read_opened(&shard, entry.offset, entry.bytes as usize, room)?,
            offset: entry.offset,
        }))
    }
}

fn index_of_shard(
    path: &Path,
    map: &MappedFile,
    form: IndexForm,
) -> Result<Vec<Entry>, LayoutError> {
    let bytes = map.bytes();
    let shard_bytes = bytes.len() as u64;
    let index = form.place(shard_bytes).and_then(|(start, length)| {
        let index = &bytes[start as usize..][..length as usize];
        form.parse(index, shard_bytes)
    });
    index.map_err(|(offset, reason)| LayoutError::container(path, offset, reason))
}

/// A file that is one chunk.
fn whole(map: &MappedFile) -> Entry {
    Entry {
        offset: 0,
        bytes: map.bytes().len() as u64,
    }
}
