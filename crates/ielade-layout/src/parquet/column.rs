//! The values of a column over all row groups and files: where images lie, and what labels are.

use super::{
    metadata::{Leaf, Metadata, Physical},
    page::{self, Page},
    values::{self, Encoding},
};
use crate::{
    LayoutError,
    columns::{
        compression::Compression,
        fault::Fault,
        files::NamedFile,
        packed::{NO_VALUE, PackedSamples, Pages, Slot, Unpacked},
    },
    error::BadSampleReason,
    stored::mapped::Place,
};
use ielade_core::sample::NO_LABEL;
use std::{ops::Range, path::PathBuf};

/// Rows that a file may tell of for each byte of its images: a dictionary says in a few bits that a
/// thousand images are the same one, but a data set of nothing else is none.
const ROWS_PER_BYTE: u64 = 8;
const ROWS_IN_ANY_CASE: u64 = 1 << 20;

/// Bytes that a value of a page of indices or labels may take, and those that any page may have
/// beside.
const NUMBER_BYTES: u64 = 16;
const PAGE_BYTES: u64 = 4096;

/// Files of the same columns, and what their ends tell.
pub(super) struct Table {
    pub(super) files: Vec<NamedFile>,
    pub(super) metadata: Vec<Metadata>,
}

impl Table {
    /// Reads the metadata of all files.
    ///
    /// # Errors
    /// Where one cannot be read, or has other columns than the first.
    pub(super) fn read(files: Vec<NamedFile>) -> Result<Self, LayoutError> {
        let mut metadata: Vec<Metadata> = Vec::new();
        for (path, map) in &files {
            let found = Metadata::read(map.bytes()).map_err(|fault| fault.of(path))?;
            if let Some(first) = metadata.first()
                && first.leaves != found.leaves
            {
                let reason = format!("its columns are not those of {}", files[0].0.display());
                return Err(LayoutError::container(path, 0, reason));
            }
            metadata.push(found);
        }
        Ok(Self { files, metadata })
    }

    /// The columns of all files.
    pub(super) fn leaves(&self) -> &[Leaf] {
        self.metadata.first().map_or(&[], |first| &first.leaves)
    }

    /// Rows of all files.
    pub(super) fn rows(&self) -> u64 {
        let rows = self.metadata.iter().map(Metadata::rows);
        rows.fold(0, u64::saturating_add)
    }

    /// Bytes of a column in all files.
    pub(super) fn column_bytes(&self, leaf: usize) -> u64 {
        let groups = self.metadata.iter().flat_map(|metadata| &metadata.groups);
        groups.fold(0, |sum, group| sum.saturating_add(group.chunks[leaf].bytes))
    }

    /// Whether no value of a column must be unpacked.
    pub(super) fn is_uncompressed(&self, leaf: usize) -> bool {
        let mut groups = self.metadata.iter().flat_map(|metadata| &metadata.groups);
        groups.all(|group| group.chunks[leaf].codec == super::metadata::codec::NONE)
    }

    /// Gives the pages of a column to `visit`, file by file, group by group; and says where a group
    /// starts.
    fn pages(
        &self,
        leaf: usize,
        mut visit: impl FnMut(Visit<'_>) -> Result<(), Fault>,
    ) -> Result<(), LayoutError> {
        for (number, ((path, map), metadata)) in self.files.iter().zip(&self.metadata).enumerate() {
            let mut of_file = || -> Result<(), Fault> {
                check_chunks(metadata, leaf, map.bytes().len() as u64)?;
                for group in &metadata.groups {
                    let mut is_first = true;
                    page::pages(map.bytes(), &group.chunks[leaf], |page| {
                        let starts_group = std::mem::take(&mut is_first);
                        visit(Visit {
                            file: number as u32,
                            bytes: map.bytes(),
                            page,
                            starts_group,
                        })
                    })?;
                }
                Ok(())
            };
            of_file().map_err(|fault| fault.of(path))?;
        }
        Ok(())
    }

    /// Fails where the files cannot hold so many rows of images, so that nothing is sized by a
    /// number that only says so.
    pub(super) fn check_rows(&self, images: usize) -> Result<(), LayoutError> {
        for ((path, map), metadata) in self.files.iter().zip(&self.metadata) {
            let bytes = map.bytes().len() as u64;
            check_chunks(metadata, images, bytes).map_err(|fault| fault.of(path))?;
            let most = bytes
                .saturating_mul(ROWS_PER_BYTE)
                .saturating_add(ROWS_IN_ANY_CASE);
            if metadata.rows() > most {
                let reason = format!("{} rows in a file of {bytes} bytes", metadata.rows());
                return Err(LayoutError::container(path, bytes - 8, reason));
            }
        }
        if self.rows() >= u64::from(u32::MAX) {
            let path = self
                .files
                .first()
                .map_or_else(PathBuf::new, |(path, _)| path.clone());
            let reason = format!("{} rows are more than can be numbered", self.rows());
            return Err(LayoutError::container(&path, 0, reason));
        }
        Ok(())
    }

    /// Where the images lie, in a column of which nothing must be unpacked. The CRCs of its pages
    /// are checked on the way, where there are any.
    pub(super) fn places(&self, leaf: usize) -> Result<Vec<Place>, LayoutError> {
        let (physical, defined) = self.leaf(leaf);
        let mut places = Vec::new();
        let mut dictionary: Vec<Place> = Vec::new();
        self.pages(leaf, |visit| {
            if visit.starts_group {
                dictionary.clear();
            }
            let page = visit.page;
            let place = |range: Range<u32>| Place {
                file: visit.file,
                len: range.end - range.start,
                offset: page.offset + u64::from(range.start),
            };
            let mut room = Vec::new();
            let content = Content::of(page, visit.bytes, defined, &mut room)?;
            if page.is_dictionary {
                let ranges = content.ranges(page, Encoding::Plain, physical)?;
                dictionary = ranges.into_iter().map(place).collect();
                return Ok(());
            }
            let found: Vec<Place> = if page.encoding == Encoding::Dictionary {
                let indices = content.indices(page, dictionary.len())?;
                let of_index = |index: u32| dictionary[index as usize];
                indices.into_iter().map(of_index).collect()
            } else {
                let ranges = content.ranges(page, page.encoding, physical)?;
                ranges.into_iter().map(place).collect()
            };
            places.extend(content.presence.spread(found, &place(0..0)));
            Ok(())
        })?;
        Ok(places)
    }

    /// The images of a column that must be unpacked, page by page.
    pub(super) fn into_packed(
        self,
        leaf: usize,
    ) -> Result<PackedSamples<PackedPages>, LayoutError> {
        let (physical, defined) = self.leaf(leaf);
        let (mut pages, mut slots) = (Vec::new(), Vec::new());
        let mut dictionary = None;
        self.pages(leaf, |visit| {
            if visit.starts_group {
                dictionary = None;
            }
            let page = *visit.page;
            let number = pages.len() as u32;
            if page.is_dictionary || page.encoding != Encoding::Dictionary {
                pages.push((visit.file, page));
            }
            if page.is_dictionary {
                dictionary = Some((number, page.values));
                return Ok(());
            }
            if page.encoding != Encoding::Dictionary {
                let of_row = |value| Slot {
                    page: number,
                    value,
                };
                slots.extend((0..page.values).map(of_row));
                return Ok(());
            }
            let (dictionary, size) = dictionary
                .ok_or_else(|| Fault::new(page.offset, "indices without a dictionary"))?;
            let mut room = Vec::new();
            check_numbers(&page)?;
            let content = Content::of(&page, visit.bytes, defined, &mut room)?;
            let indices = content.indices(&page, size as usize)?;
            let of_index = |value| Slot {
                page: dictionary,
                value,
            };
            let found = indices.into_iter().map(of_index).collect();
            let none = Slot {
                page: dictionary,
                value: NO_VALUE,
            };
            slots.extend(content.presence.spread(found, &none));
            Ok(())
        })?;
        let per_page = slots.len().checked_div(pages.len()).unwrap_or(1) as u32;
        let pages = PackedPages {
            files: self.files,
            pages,
            physical,
            defined,
        };
        Ok(PackedSamples::new(pages, slots, per_page))
    }

    /// The numbers of a column; -1 in rows that have none.
    pub(super) fn integers(&self, leaf: usize) -> Result<Vec<i64>, LayoutError> {
        let (physical, defined) = self.leaf(leaf);
        let (mut numbers, mut dictionary) = (Vec::new(), Vec::new());
        self.pages(leaf, |visit| {
            if visit.starts_group {
                dictionary.clear();
            }
            let page = visit.page;
            check_numbers(page)?;
            let mut room = Vec::new();
            let content = Content::of(page, visit.bytes, defined, &mut room)?;
            if page.is_dictionary {
                dictionary = content.integers(page, Encoding::Plain, physical)?;
                return Ok(());
            }
            let found = if page.encoding == Encoding::Dictionary {
                let indices = content.indices(page, dictionary.len())?;
                let of_index = |index: u32| dictionary[index as usize];
                indices.into_iter().map(of_index).collect()
            } else {
                content.integers(page, page.encoding, physical)?
            };
            numbers.extend(content.presence.spread(found, &NO_LABEL));
            Ok(())
        })?;
        Ok(numbers)
    }

    fn leaf(&self, leaf: usize) -> (Physical, u8) {
        let leaf = &self.leaves()[leaf];
        (leaf.physical, leaf.defined)
    }
}

/// A page on the way over a column.
struct Visit<'a> {
    file: u32,
    bytes: &'a [u8],
    page: &'a Page,
    starts_group: bool,
}

/// Fails where a column's chunks do not have a group's rows, or together more bytes than the file:
/// then they lie over one another, and reading them could take any time.
fn check_chunks(metadata: &Metadata, leaf: usize, file_bytes: u64) -> Result<(), Fault> {
    let mut bytes = 0_u64;
    for (number, group) in metadata.groups.iter().enumerate() {
        let chunk = &group.chunks[leaf];
        if chunk.values != group.rows {
            let reason = format!(
                "row group {number} has {} rows but {} values of column {:?}",
                group.rows,
                chunk.values,
                metadata.leaves[leaf].path.join(".")
            );
            return Err(Fault::new(chunk.start, reason));
        }
        bytes = bytes.saturating_add(chunk.bytes);
        if bytes > file_bytes {
            let reason = "the column's parts are longer than the file; they overlap";
            return Err(Fault::new(chunk.start, reason));
        }
    }
    Ok(())
}

/// Fails for a page of indices or labels that would unpack to far more than those.
fn check_numbers(page: &Page) -> Result<(), Fault> {
    let most = u64::from(page.values) * NUMBER_BYTES + PAGE_BYTES;
    if u64::from(page.unpacked) <= most {
        return Ok(());
    }
    let reason = format!("{} numbers in {} bytes", page.values, page.unpacked);
    Err(Fault::new(page.offset, reason))
}

/// A page's values, and which rows have one.
struct Content<'a> {
    presence: page::Presence,
    values: &'a [u8],
    /// Bytes before the values.
    start: u32,
    count: usize,
}

impl<'a> Content<'a> {
    fn of(page: &Page, file: &'a [u8], defined: u8, room: &'a mut Vec<u8>) -> Result<Self, Fault> {
        let bytes = page.bytes(file, room)?;
        let (presence, start) = page.presence(bytes, defined)?;
        Ok(Self {
            count: presence.count(page.values),
            presence,
            values: &bytes[start..],
            start: start as u32,
        })
    }

    /// Where the values lie, from the page's first byte on.
    fn ranges(
        &self,
        page: &Page,
        encoding: Encoding,
        physical: Physical,
    ) -> Result<Vec<Range<u32>>, Fault> {
        let mut ranges = values::ranges(self.values, encoding, physical, self.count)
            .map_err(|fault| self.fault(page, fault))?;
        for range in &mut ranges {
            *range = range.start + self.start..range.end + self.start;
        }
        Ok(ranges)
    }

    fn indices(&self, page: &Page, size: usize) -> Result<Vec<u32>, Fault> {
        values::indices(self.values, self.count, size).map_err(|fault| self.fault(page, fault))
    }

    fn integers(
        &self,
        page: &Page,
        encoding: Encoding,
        physical: Physical,
    ) -> Result<Vec<i64>, Fault> {
        values::integers(self.values, encoding, physical, self.count)
            .map_err(|fault| self.fault(page, fault))
    }

    /// A fault of the values, at its place in the file; within a packed page there is none, so the
    /// page's own is told.
    fn fault(&self, page: &Page, fault: Fault) -> Fault {
        match page.compression {
            Compression::None => fault.behind(page.offset + u64::from(self.start)),
            _ => Fault::new(page.offset, fault.reason),
        }
    }
}

/// Pages of images that must be unpacked.
pub(super) struct PackedPages {
    files: Vec<NamedFile>,
    pages: Vec<(u32, Page)>,
    physical: Physical,
    defined: u8,
}

impl Pages for PackedPages {
    fn unpack(&self, page: u32, room: &mut Unpacked) -> Result<(), BadSampleReason> {
        let (file, page) = self
            .pages
            .get(page as usize)
            .ok_or(BadSampleReason::Missing)?;
        let bytes = self.files[*file as usize].1.bytes();
        let content = Content::of(page, bytes, self.defined, &mut room.bytes)?;
        let encoding = match page.is_dictionary {
            true => Encoding::Plain,
            false => page.encoding,
        };
        let ranges = content.ranges(page, encoding, self.physical)?;
        room.values = content.presence.spread(ranges, &(0..0));
        if page.compression == Compression::None {
            let end = page.offset as usize + page.packed as usize;
            room.bytes
                .extend_from_slice(&bytes[page.offset as usize..end]);
        }
        Ok(())
    }

    fn path(&self, page: u32) -> PathBuf {
        let file = self
            .pages
            .get(page as usize)
            .map(|(file, _)| *file as usize);
        let file = file.and_then(|file| self.files.get(file));
        file.map(|(path, _)| path.clone()).unwrap_or_default()
    }
}
