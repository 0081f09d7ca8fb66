//! Where the images of a batch lie within its buffers, and which rows have one.

use super::{file::Batch, schema::Column};
use crate::columns::{
    compression::{Compression, MAX_UNPACKED},
    fault::Fault,
};
use std::ops::Range;

/// Bytes by which a buffer may be longer than its values.
pub(super) const PADDING: u64 = 1024;

/// How the images of a column lie in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stored {
    /// By offsets.
    Bytes { large: bool },
    /// At equal distances, in the buffer of this number.
    Even { bytes: u64, buffer: usize },
}

/// Which rows have a value, a bit each; without any bits all have.
pub(super) struct Validity<'a>(&'a [u8]);

impl<'a> Validity<'a> {
    pub(super) fn of<'f: 'a>(
        batch: &Batch<'f>,
        column: &Column,
        room: &'a mut Vec<u8>,
    ) -> Result<Self, Fault> {
        let buffer = batch.buffer(column, 0)?;
        let bits = batch.content(buffer, batch.rows + PADDING, room)?;
        let least = batch.rows.div_ceil(8);
        if !bits.is_empty() && (bits.len() as u64) < least {
            let reason = format!("a validity of {} bytes for {} rows", bits.len(), batch.rows);
            return Err(Fault::new(buffer.0, reason));
        }
        Ok(Self(bits))
    }

    pub(super) fn is_there(&self, row: usize) -> bool {
        self.0.is_empty()
            || self
                .0
                .get(row / 8)
                .is_some_and(|bits| bits >> (row % 8) & 1 == 1)
    }
}

/// A buffer (start and length), and where in it each image lies.
type ImageRanges = ((u64, u64), Vec<Range<u64>>);

impl Stored {
    /// The buffer of a batch's images, and where in it each lies.
    pub(super) fn ranges(
        &self,
        batch: &Batch<'_>,
        column: &Column,
        room: &mut Vec<u8>,
    ) -> Result<ImageRanges, Fault> {
        match self {
            Self::Bytes { large } => {
                let offsets = batch.buffer(column, 1)?;
                let data = batch.buffer(column, 2)?;
                let most = batch.rows * 8 + PADDING;
                let bytes = batch.content(offsets, most, room)?;
                let limit = limit_of(batch, data);
                let ranges = match large {
                    true => offset_ranges::<8>(bytes, batch.rows, limit),
                    false => offset_ranges::<4>(bytes, batch.rows, limit),
                };
                let ranges = ranges.map_err(|fault| match batch.compression {
                    Compression::None => fault.behind(offsets.0),
                    _ => Fault::new(offsets.0, fault.reason),
                })?;
                Ok((data, ranges))
            }
            Self::Even { bytes, buffer } => {
                let data = batch.buffer(column, *buffer)?;
                let end = batch.rows.saturating_mul(*bytes);
                let limit = limit_of(batch, data);
                if end > limit {
                    let reason = format!("{end} bytes of images where {limit} can be");
                    return Err(Fault::new(data.0, reason));
                }
                let validity = Validity::of(batch, column, room)?;
                let ranges = (0..batch.rows).map(|row| match validity.is_there(row as usize) {
                    true => row * bytes..(row + 1) * bytes,
                    false => 0..0,
                });
                Ok((data, ranges.collect()))
            }
        }
    }
}

/// Bytes that a buffer may have when it is unpacked.
fn limit_of(batch: &Batch<'_>, (_, length): (u64, u64)) -> u64 {
    match batch.compression {
        Compression::None => length,
        _ => MAX_UNPACKED,
    }
}

/// The stretches between offsets, which must ascend and end within `limit`.
fn offset_ranges<const SIZE: usize>(
    bytes: &[u8],
    rows: u64,
    limit: u64,
) -> Result<Vec<Range<u64>>, Fault> {
    if rows == 0 {
        return Ok(Vec::new());
    }
    let (offsets, _) = bytes.as_chunks::<SIZE>();
    if offsets.len() as u64 <= rows {
        let reason = format!("{} offsets for {rows} rows", offsets.len());
        return Err(Fault::new(0, reason));
    }
    let number = |offset: &[u8; SIZE]| {
        let mut eight = [0; 8];
        eight[..SIZE].copy_from_slice(offset);
        u64::from_le_bytes(eight)
    };
    let mut ranges = Vec::with_capacity(rows as usize);
    for (row, pair) in offsets.windows(2).take(rows as usize).enumerate() {
        let (start, end) = (number(&pair[0]), number(&pair[1]));
        if start > end || end > limit || end - start > u32::MAX.into() {
            let reason = format!("row {row} lies from {start} to {end} of {limit} bytes");
            return Err(Fault::new((row * SIZE) as u64, reason));
        }
        ranges.push(start..end);
    }
    Ok(ranges)
}
