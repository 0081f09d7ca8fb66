//! The values of a column over all batches and files: where images lie, and what labels are.

use super::{
    file::{Batch, BatchPlace, Contents},
    places::{PADDING, Stored, Validity},
    schema::{Array, Column, List, Schema, Values},
};
use crate::{
    LayoutError,
    columns::{
        compression::{Compression, MAX_UNPACKED},
        fault::Fault,
        files::NamedFile,
        packed::{PackedSamples, Pages, Slot, Unpacked},
    },
    error::BadSampleReason,
    stored::{array::ByteOrder, mapped::Place},
};
use ielade_core::{Element, sample::NO_LABEL};
use std::path::PathBuf;

/// Files of the same columns, and what they tell of themselves.
pub(super) struct Table {
    pub(super) files: Vec<NamedFile>,
    pub(super) schema: Schema,
    /// With the number of the file.
    batches: Vec<(u32, BatchPlace)>,
}

impl Table {
    /// Reads what all files tell of themselves.
    ///
    /// # Errors
    /// Where one cannot be read, or has other columns than the first.
    pub(super) fn read(files: Vec<NamedFile>) -> Result<Self, LayoutError> {
        let mut schema: Option<Schema> = None;
        let mut batches = Vec::new();
        let mut rows = 0_u64;
        for (number, (path, map)) in files.iter().enumerate() {
            let found = Contents::read(map.bytes()).map_err(|fault| fault.of(path))?;
            rows = rows.saturating_add(found.rows());
            batches.extend(found.batches.iter().map(|batch| (number as u32, *batch)));
            let first = schema.get_or_insert_with(|| found.schema.clone());
            if first.columns != found.schema.columns {
                let reason = format!("its columns are not those of {}", files[0].0.display());
                return Err(LayoutError::container(path, 0, reason));
            }
            if rows >= u64::from(u32::MAX) {
                let reason = format!("{rows} rows are more than can be numbered");
                return Err(LayoutError::container(path, 0, reason));
            }
        }
        Ok(Self {
            files,
            schema: schema.unwrap_or_default(),
            batches,
        })
    }

    /// Rows of all batches.
    pub(super) fn rows(&self) -> u32 {
        self.batches
            .iter()
            .map(|(_, batch)| batch.rows as u32)
            .sum()
    }

    /// Gives all batches to `visit`.
    fn each_batch(
        &self,
        mut visit: impl FnMut(u32, &Batch<'_>) -> Result<(), Fault>,
    ) -> Result<(), LayoutError> {
        for (file, place) in &self.batches {
            let (path, map) = &self.files[*file as usize];
            let batch = Batch::read(map.bytes(), place);
            let visited = batch.and_then(|batch| visit(*file, &batch));
            visited.map_err(|fault| fault.of(path))?;
        }
        Ok(())
    }

    /// Whether no value must be unpacked.
    pub(super) fn is_uncompressed(&self) -> Result<bool, LayoutError> {
        let mut uncompressed = true;
        self.each_batch(|_, batch| {
            uncompressed &= batch.compression == Compression::None;
            Ok(())
        })?;
        Ok(uncompressed)
    }

    /// Bytes of a column's images in the first batch that has rows, to tell images from other bytes.
    pub(super) fn column_bytes(&self, column: &Column) -> u64 {
        let number = match &column.values {
            Values::Bytes { .. } => 2,
            Values::FixedBytes(_) => 1,
            Values::Array(array) => numbers_of(array),
            _ => return 0,
        };
        let first = self.batches.iter().find(|(_, batch)| batch.rows > 0);
        let found = first.and_then(|(file, place)| {
            let bytes = self.files[*file as usize].1.bytes();
            let batch = Batch::read(bytes, place).ok()?;
            batch.buffer(column, number).ok()
        });
        found.map_or(0, |(_, length)| length)
    }

    /// How a column of images lies, and the shape of each where it is told by lists; checks that it
    /// is the same in all batches.
    pub(super) fn stored(&self, column: &Column) -> Result<(Stored, Vec<u64>), LayoutError> {
        let array = match &column.values {
            Values::Bytes { large } => return Ok((Stored::Bytes { large: *large }, Vec::new())),
            Values::FixedBytes(bytes) => {
                let bytes = u64::from(*bytes);
                return Ok((Stored::Even { bytes, buffer: 1 }, vec![bytes]));
            }
            Values::Array(array) => array,
            _ => {
                return Ok((
                    Stored::Even {
                        bytes: 0,
                        buffer: 0,
                    },
                    Vec::new(),
                ));
            }
        };
        let mut shape: Option<Vec<u64>> = None;
        self.each_batch(|_, batch| {
            if batch.rows == 0 {
                return Ok(());
            }
            let found = shape_in(batch, column, array)?;
            let first = shape.get_or_insert_with(|| found.clone());
            if *first != found {
                let reason = format!("images of the shape {found:?} after such of {first:?}");
                return Err(Fault::new(batch.at, reason));
            }
            Ok(())
        })?;
        let shape = shape.unwrap_or_default();
        let values = shape
            .iter()
            .fold(1, |all, size| u64::saturating_mul(all, *size));
        let stored = Stored::Even {
            bytes: values.saturating_mul(array.element.size() as u64),
            buffer: numbers_of(array),
        };
        Ok((stored, shape))
    }

    /// Where the images lie, where nothing must be unpacked.
    pub(super) fn places(
        &self,
        column: &Column,
        stored: &Stored,
    ) -> Result<Vec<Place>, LayoutError> {
        let mut places = Vec::new();
        self.each_batch(|file, batch| {
            let (buffer, ranges) = stored.ranges(batch, column, &mut Vec::new())?;
            places.extend(ranges.into_iter().map(|range| Place {
                file,
                len: (range.end - range.start) as u32,
                offset: buffer.0 + range.start,
            }));
            Ok(())
        })?;
        Ok(places)
    }

    /// The images, batch by batch.
    pub(super) fn into_packed(self, column: usize, stored: Stored) -> PackedSamples<PackedBatches> {
        let mut slots = Vec::new();
        for (number, (_, batch)) in self.batches.iter().enumerate() {
            let of_row = |value| Slot {
                page: number as u32,
                value,
            };
            slots.extend((0..batch.rows as u32).map(of_row));
        }
        let per_batch = slots.len().checked_div(self.batches.len()).unwrap_or(1) as u32;
        let batches = PackedBatches {
            files: self.files,
            column: self.schema.columns[column].clone(),
            batches: self.batches,
            stored,
        };
        PackedSamples::new(batches, slots, per_batch)
    }

    /// The numbers of a column; -1 in rows that have none.
    pub(super) fn integers(&self, column: &Column) -> Result<Vec<i64>, LayoutError> {
        let Values::Integer(kind) = column.values else {
            return Ok(Vec::new());
        };
        let mut numbers = Vec::new();
        self.each_batch(|_, batch| {
            let most = batch.rows * 8 + PADDING;
            let (mut validity, mut room) = (Vec::new(), Vec::new());
            let validity = Validity::of(batch, column, &mut validity)?;
            let buffer = batch.buffer(column, 1)?;
            let bytes = batch.content(buffer, most, &mut room)?;
            let rows = batch.rows as usize;
            let needed = rows.checked_mul(kind.bytes);
            let bytes = needed.and_then(|needed| bytes.get(..needed));
            let bytes = bytes.ok_or_else(|| {
                Fault::new(buffer.0, format!("a buffer too short for {rows} numbers"))
            })?;
            let values = kind.values(bytes, ByteOrder::Little).enumerate();
            numbers.extend(values.map(|(row, value)| match validity.is_there(row) {
                true => value,
                false => NO_LABEL,
            }));
            Ok(())
        })?;
        Ok(numbers)
    }
}

/// Number of the buffer of an array's numbers: behind those of its lists, and their own validity.
fn numbers_of(array: &Array) -> usize {
    let lists = array.lists.iter().map(|list| list.buffers());
    lists.sum::<usize>() + 1
}

/// The size of each list, all equal; the outermost first.
fn shape_in(batch: &Batch<'_>, column: &Column, array: &Array) -> Result<Vec<u64>, Fault> {
    let mut shape = Vec::new();
    let (mut rows, mut buffer) = (batch.rows, 0);
    for list in &array.lists {
        let size = match list {
            List::Fixed(size) => u64::from(*size),
            List::Variable { large } => {
                let place = batch.buffer(column, buffer + 1)?;
                let mut room = Vec::new();
                let most = rows.saturating_mul(8).saturating_add(PADDING);
                let offsets = batch.content(place, most.min(MAX_UNPACKED), &mut room)?;
                even_size(offsets, rows, *large)
                    .ok_or_else(|| Fault::new(place.0, "lists of several lengths"))?
            }
        };
        shape.push(size);
        rows = rows.saturating_mul(size);
        buffer += list.buffers();
    }
    let bytes = rows.saturating_mul(array.element.size() as u64);
    let (place, length) = batch.buffer(column, numbers_of(array))?;
    if batch.compression == Compression::None && bytes > length {
        let reason = format!("{bytes} bytes of images in a buffer of {length}");
        return Err(Fault::new(place, reason));
    }
    Ok(shape)
}

/// The length of all lists, if it is one and the first starts at 0.
fn even_size(offsets: &[u8], rows: u64, large: bool) -> Option<u64> {
    let size = if large { 8 } else { 4 };
    let needed = rows.checked_add(1)?.checked_mul(size)?;
    let offsets = offsets.get(..usize::try_from(needed).ok()?)?;
    let mut offsets = offsets.chunks_exact(size as usize).map(|bytes| {
        let mut eight = [0; 8];
        eight[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(eight)
    });
    let mut last = offsets.next().filter(|first| *first == 0)?;
    let mut length = None;
    for offset in offsets {
        let found = offset.checked_sub(last)?;
        if *length.get_or_insert(found) != found {
            return None;
        }
        last = offset;
    }
    length
}

/// Batches of images that must be unpacked.
pub(super) struct PackedBatches {
    files: Vec<NamedFile>,
    column: Column,
    batches: Vec<(u32, BatchPlace)>,
    stored: Stored,
}

impl Pages for PackedBatches {
    fn unpack(&self, page: u32, room: &mut Unpacked) -> Result<(), BadSampleReason> {
        let (file, place) = self
            .batches
            .get(page as usize)
            .ok_or(BadSampleReason::Missing)?;
        let batch = Batch::read(self.files[*file as usize].1.bytes(), place)?;
        let (buffer, ranges) = self.stored.ranges(&batch, &self.column, &mut Vec::new())?;
        let lent = {
            let content = batch.content(buffer, MAX_UNPACKED, &mut room.bytes)?;
            let end = ranges.iter().map(|range| range.end).max().unwrap_or(0);
            if end > content.len() as u64 {
                let reason = format!("{end} bytes of images in a buffer of {}", content.len());
                return Err(Fault::new(buffer.0, reason).into());
            }
            content.len()
        };
        if room.bytes.is_empty() && lent > 0 {
            // It was not packed: what is kept is a copy, as of those that were.
            let content = batch
                .content(buffer, MAX_UNPACKED, &mut Vec::new())?
                .to_vec();
            room.bytes = content;
        }
        room.values = ranges
            .into_iter()
            .map(|range| range.start as u32..range.end as u32)
            .collect();
        Ok(())
    }

    fn path(&self, page: u32) -> PathBuf {
        let file = self
            .batches
            .get(page as usize)
            .map(|(file, _)| *file as usize);
        let file = file.and_then(|file| self.files.get(file));
        file.map(|(path, _)| path.clone()).unwrap_or_default()
    }
}

/// What the numbers of a column are, by its type alone.
pub(super) const fn element_of(column: &Column) -> Option<Element> {
    match &column.values {
        Values::Array(array) => Some(array.element),
        _ => None,
    }
}
