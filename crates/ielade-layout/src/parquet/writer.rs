use super::{
    CONTAINER, FILE_ENDING,
    footer::{self, ColumnChunk, Group},
    levels,
    metadata::{MAGIC, codec},
};
use crate::{
    LayoutError, LayoutWriter, digest, disk,
    index::{INDEX_FILE, SampleIndex},
    options,
    output_file::OutputFile,
    payload::ExpectedPayload,
    registry::StorePlan,
    stored::mapped::Place,
};
use ielade_core::{Sample, Split, manifest::DataFile};
use std::path::PathBuf;

/// Rows of a group, unless the options say otherwise.
const GROUP_ROWS: u32 = 1024;

/// Bytes of images after which a group ends, whatever its rows, so that no reader is asked for a
/// page of gigabytes.
const GROUP_BYTES: u64 = 64 << 20;

/// Bytes and groups after which a file ends and the next one begins: what Hugging Face takes for a
/// shard, and as many groups as can be kept in mind.
const FILE_BYTES: u64 = 500_000_000;
const FILE_GROUPS: usize = 20_000;

/// Bytes of values after which a compressed page ends: the less there is in a page, the less has to
/// be unpacked for a sample.
const PACKED_PAGE_BYTES: usize = 64 << 10;

/// Raw values start at a multiple of this, so that they can be used where they lie.
const ALIGNMENT: u64 = 64;

/// Bytes left for the header and the levels of a page, which are known when it ends.
const HEADER_ROOM: u64 = 64;

/// Level of zstd, its own default.
const ZSTD_LEVEL: i32 = 3;

/// Opens a folder to write Parquet files.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let payload = ExpectedPayload::of(plan, CONTAINER.name)?;
    let schema = footer::Schema::of(plan, CONTAINER.name)?;
    Ok(Box::new(ParquetWriter {
        folder: plan.folder.to_owned(),
        split: plan.split,
        payload,
        limits: Limits::of(plan),
        packing: Packing::of(plan),
        schema,
        file: None,
        files: Vec::new(),
        index: SampleIndex::default(),
    }))
}

/// When a group and a file end.
#[derive(Debug, Clone, Copy)]
struct Limits {
    group_rows: u32,
    file_rows: u32,
}

impl Limits {
    fn of(plan: &StorePlan<'_>) -> Self {
        let number = |name| options::number(plan.options, name);
        Self {
            group_rows: number("group").unwrap_or(GROUP_ROWS),
            file_rows: number("shard").unwrap_or(u32::MAX),
        }
    }
}

/// What pages are compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    None,
    Snappy,
    Zstd,
}

impl Packing {
    fn of(plan: &StorePlan<'_>) -> Self {
        if plan.options.has("zstd") {
            Self::Zstd
        } else if plan.options.has("snappy") {
            Self::Snappy
        } else {
            Self::None
        }
    }

    const fn codec(self) -> i64 {
        match self {
            Self::None => codec::NONE,
            Self::Snappy => codec::SNAPPY,
            Self::Zstd => codec::ZSTD,
        }
    }

    fn pack(self, bytes: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(match self {
            Self::None => bytes.to_vec(),
            Self::Snappy => snap::raw::Encoder::new().compress_vec(bytes)?,
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL)?,
        })
    }
}

struct ParquetWriter {
    folder: PathBuf,
    split: Split,
    payload: ExpectedPayload,
    limits: Limits,
    packing: Packing,
    schema: footer::Schema,
    /// The file that is being written.
    file: Option<OpenFile>,
    /// Files that are complete, under the names that they had on the way.
    files: Vec<DataFile>,
    /// Where the encoded images lie that are not compressed again.
    index: SampleIndex,
}

/// A file with the group that is being filled.
struct OpenFile {
    output: OutputFile,
    rows: u32,
    groups: Vec<Group>,
    group: OpenGroup,
}

/// A group's columns. The images are written as they come, the small columns when it ends.
#[derive(Default)]
struct OpenGroup {
    rows: u32,
    /// First byte of the images' chunk, or of their values where they are not compressed.
    start: u64,
    /// Bytes of images.
    bytes: u64,
    /// The page of images that is to be compressed: rows and values.
    page: (u32, Vec<u8>),
    images: ColumnChunk,
    paths: Vec<u8>,
    labels: Vec<u8>,
}

impl ParquetWriter {
    /// Name of a file before it is known how many there are.
    fn unnumbered(&self, number: usize) -> String {
        format!("{}-{number:05}.{FILE_ENDING}.part", self.split)
    }

    fn numbered(&self, number: usize) -> String {
        let (split, count) = (self.split, self.files.len());
        format!("{split}-{number:05}-of-{count:05}.{FILE_ENDING}")
    }

    fn open_file(&mut self) -> Result<&mut OpenFile, LayoutError> {
        if self.file.is_none() {
            let mut output =
                OutputFile::create(&self.folder.join(self.unnumbered(self.files.len())))?;
            output.write(MAGIC)?;
            self.file = Some(OpenFile {
                output,
                rows: 0,
                groups: Vec::new(),
                group: OpenGroup::default(),
            });
        }
        Ok(self.file.as_mut().expect("the file was just opened"))
    }

    fn end_file(&mut self) -> Result<(), LayoutError> {
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        file.end_group(&self.schema, self.packing)?;
        let footer = footer::encode(&self.schema, file.rows, &file.groups);
        file.output.write(&footer)?;
        file.output.write(&(footer.len() as u32).to_le_bytes())?;
        file.output.write(MAGIC)?;
        let name = self.unnumbered(self.files.len());
        self.files.push(file.output.finish(&name)?);
        Ok(())
    }
}

impl LayoutWriter for ParquetWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let bytes = self.payload.bytes(sample)?;
        let label = self.payload.label(sample)?;
        if bytes.len() > i32::MAX as usize {
            return Err(LayoutError::WrongPayload {
                key: sample.key.to_owned(),
                expected: format!("up to {} bytes", i32::MAX),
                found: format!("{} bytes", bytes.len()),
            });
        }
        let (limits, packing, number) = (self.limits, self.packing, self.files.len() as u32);
        let has_length = self.schema.has_lengths();
        let file = self.open_file()?;
        let place = file.push_image(bytes, has_length, packing)?;
        let group = &mut file.group;
        group.labels.extend_from_slice(&label.to_le_bytes());
        if has_length {
            let path = sample.key.as_bytes();
            group
                .paths
                .extend_from_slice(&(path.len() as u32).to_le_bytes());
            group.paths.extend_from_slice(path);
        }
        group.rows += 1;
        file.rows += 1;
        let group_ends = group.rows >= limits.group_rows || group.bytes >= GROUP_BYTES;
        let file_ends = file.rows >= limits.file_rows;
        if has_length && packing == Packing::None {
            self.index.labels.push(label);
            self.index.places.push(Place {
                file: number,
                ..place
            });
        }
        if group_ends && let Some(file) = &mut self.file {
            file.end_group(&self.schema, packing)?;
        }
        let is_large = self.file.as_ref().is_some_and(OpenFile::is_large);
        if file_ends || is_large {
            self.end_file()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        // A Parquet file is nothing without its end; a store that is broken off is started over.
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.end_file()?;
        let names: Vec<String> = (0..self.files.len()).map(|at| self.numbered(at)).collect();
        for (file, name) in self.files.iter_mut().zip(&names) {
            let (from, to) = (self.folder.join(&file.path), self.folder.join(name));
            std::fs::rename(&from, &to).map_err(LayoutError::io("rename", &from))?;
            file.path.clone_from(name);
        }
        disk::sync_folder(&self.folder)?;
        let mut files = self.files;
        if !self.index.places.is_empty() {
            let paths: Vec<PathBuf> = names.iter().map(|name| self.folder.join(name)).collect();
            self.index.write_into_store(&self.folder, &paths)?;
            files.push(digest::data_file(&self.folder, INDEX_FILE)?);
        }
        Ok(files)
    }
}

impl OpenFile {
    fn is_large(&self) -> bool {
        let between_groups = self.group.rows == 0;
        let large = self.output.position() >= FILE_BYTES || self.groups.len() >= FILE_GROUPS;
        between_groups && large
    }

    /// Appends an image to its column; tells where it lies, unless it is to be compressed.
    fn push_image(
        &mut self,
        bytes: &[u8],
        has_length: bool,
        packing: Packing,
    ) -> Result<Place, LayoutError> {
        let Self { output, group, .. } = self;
        let length = (bytes.len() as u32).to_le_bytes();
        let length: &[u8] = if has_length { &length } else { &[] };
        let place = Place {
            file: 0,
            len: bytes.len() as u32,
            offset: output.position() + length.len() as u64,
        };
        group.bytes += (length.len() + bytes.len()) as u64;
        if packing == Packing::None {
            if group.rows == 0 {
                let start = output.position() + HEADER_ROOM;
                group.start = start.next_multiple_of(ALIGNMENT);
                output.fill_to(group.start)?;
            }
            let offset = output.position() + length.len() as u64;
            output.write(length)?;
            output.write(bytes)?;
            return Ok(Place { offset, ..place });
        }
        group.page.0 += 1;
        group.page.1.extend_from_slice(length);
        group.page.1.extend_from_slice(bytes);
        if group.page.1.len() >= PACKED_PAGE_BYTES {
            let (rows, values) = std::mem::take(&mut group.page);
            let level = if has_length { IMAGE_LEVEL } else { 0 };
            let page = Page {
                rows,
                level,
                values: &values,
            };
            page.write(output, packing, &mut group.images)?;
        }
        Ok(place)
    }

    /// Completes the group's columns.
    fn end_group(&mut self, schema: &footer::Schema, packing: Packing) -> Result<(), LayoutError> {
        let Self { output, group, .. } = self;
        if group.rows == 0 {
            return Ok(());
        }
        let mut group = std::mem::take(group);
        let level = if schema.has_lengths() { IMAGE_LEVEL } else { 0 };
        if packing == Packing::None {
            let levels = levels_of(group.rows, level);
            let page_bytes = levels.len() as u64 + group.bytes;
            let mut head = footer::page_header(group.rows, page_bytes, page_bytes);
            head.extend_from_slice(&levels);
            let start = group.start - head.len() as u64;
            output.set(start, &head)?;
            let bytes = head.len() as u64 + group.bytes;
            group.images = ColumnChunk {
                start,
                packed: bytes,
                unpacked: bytes,
            };
        } else if group.page.0 > 0 {
            let page = Page {
                rows: group.page.0,
                level,
                values: &group.page.1,
            };
            page.write(output, packing, &mut group.images)?;
        }
        let mut chunks = vec![group.images];
        let mut small = |level, values: &[u8]| {
            let page = Page {
                rows: group.rows,
                level,
                values,
            };
            let mut chunk = ColumnChunk::default();
            page.write(output, packing, &mut chunk)?;
            chunks.push(chunk);
            Ok::<_, LayoutError>(())
        };
        if schema.has_lengths() {
            small(IMAGE_LEVEL, &group.paths)?;
        }
        small(LABEL_LEVEL, &group.labels)?;
        self.groups.push(Group {
            rows: group.rows,
            codec: packing.codec(),
            chunks,
        });
        Ok(())
    }
}

/// Definition levels of values that are there: of `image.bytes` and `image.path`, which may be
/// missing within an image that may be missing; and of `label`.
const IMAGE_LEVEL: u8 = 2;
const LABEL_LEVEL: u8 = 1;

/// The levels of a page, with their length; nothing for a column in which nothing can be missing.
fn levels_of(rows: u32, level: u8) -> Vec<u8> {
    if level == 0 {
        return Vec::new();
    }
    let levels = levels::all_defined(level, rows);
    let mut bytes = (levels.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&levels);
    bytes
}

/// A page that is held in memory.
struct Page<'a> {
    rows: u32,
    level: u8,
    values: &'a [u8],
}

impl Page<'_> {
    /// Appends the page to a file and to its chunk.
    fn write(
        &self,
        output: &mut OutputFile,
        packing: Packing,
        chunk: &mut ColumnChunk,
    ) -> Result<(), LayoutError> {
        let mut content = levels_of(self.rows, self.level);
        content.extend_from_slice(self.values);
        let packed = packing
            .pack(&content)
            .map_err(LayoutError::io("compress a page of", output.path()))?;
        let head = footer::page_header(self.rows, content.len() as u64, packed.len() as u64);
        if chunk.packed == 0 {
            chunk.start = output.position();
        }
        chunk.packed += (head.len() + packed.len()) as u64;
        chunk.unpacked += (head.len() + content.len()) as u64;
        output.write(&head)?;
        output.write(&packed)
    }
}
