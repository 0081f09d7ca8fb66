//! Fractal heaps: where groups with many links, and objects with many attributes, keep them.
//!
//! A heap is one space of bytes that blocks cover; blocks of a row are of one size, and the rows of
//! a table become larger. What is kept is found by its place in that space and its length.

use super::cursor::{Budget, CHECKSUM_BYTES, Cursor, Source};
use crate::columns::fault::Fault;
use std::collections::BTreeSet;

/// Tables within tables, at most.
const MAX_DEPTH: usize = 32;

/// A heap, by its header.
#[derive(Debug, Clone)]
pub(super) struct FractalHeap<'a> {
    source: Source<'a>,
    /// Bytes by which an object is named.
    pub(super) id_bytes: u64,
    /// Bytes of a place in the heap, and of a length.
    place_bytes: usize,
    length_bytes: usize,
    /// Blocks of a row.
    width: u64,
    first_block: u64,
    largest_block: u64,
    root: Option<u64>,
    /// Rows of the root's table; 0 where the root is a block itself.
    root_rows: u64,
    /// Whether blocks have checksums.
    have_checksums: bool,
    /// Addresses of blocks that were looked at.
    checked: BTreeSet<u64>,
}

impl<'a> FractalHeap<'a> {
    pub(super) fn read(source: Source<'a>, address: u64) -> Result<Self, Fault> {
        const CHECKED: u8 = 2;
        let (offset, length) = (source.offset_bytes as u64, source.length_bytes as u64);
        let bytes = 4 + 1 + 2 + 2 + 1 + 4 + 12 * length + 3 * offset + 2 + 2 + 2 + 2;
        let mut header = source
            .checked(address, bytes + CHECKSUM_BYTES)
            .or_else(|fault| {
                // Where its blocks went through filters, the header is longer and the checksum behind.
                let mut header = source.piece(address, 9)?;
                header.skip(7)?;
                if header.u16()? > 0 {
                    return Err(
                        header.fault("a heap whose blocks went through filters is not read")
                    );
                }
                Err(fault)
            })?;
        header.signature(*b"FRHP", "a fractal heap")?;
        header.version(&[0], "a fractal heap")?;
        let here = header;
        let id_bytes = u64::from(header.u16()?);
        header.skip(2)?;
        let flags = header.u8()?;
        let largest_object = u64::from(header.u32()?);
        // Huge objects, free space, and what is in it.
        header.skip(length + offset + length + offset + 8 * length)?;
        let width = u64::from(header.u16()?);
        let (first_block, largest_block) = (header.length()?, header.length()?);
        let space_bits = header.u16()?;
        header.skip(2)?;
        let root = header.address()?;
        let root_rows = u64::from(header.u16()?);
        let are_sane = first_block.is_power_of_two()
            && largest_block.is_power_of_two()
            && first_block <= largest_block
            && width.is_power_of_two()
            && (1..=64).contains(&space_bits);
        if !are_sane {
            return Err(here.fault("the numbers of a fractal heap contradict each other"));
        }
        let of_block = largest_block.ilog2().div_ceil(8).max(1);
        let of_object = largest_object.max(1).ilog2() / 8 + 1;
        Ok(Self {
            source,
            id_bytes,
            place_bytes: usize::from(space_bits.div_ceil(8)),
            length_bytes: of_block.min(of_object) as usize,
            width,
            first_block,
            largest_block,
            root,
            root_rows,
            have_checksums: flags & CHECKED != 0,
            checked: BTreeSet::new(),
        })
    }

    /// The object of a name.
    pub(super) fn object(&mut self, mut id: Cursor<'a>) -> Result<Cursor<'a>, Fault> {
        const MANAGED: u8 = 0;
        const HUGE: u8 = 1;
        let here = id;
        let first = id.u8()?;
        match (first >> 4) & 3 {
            MANAGED => {
                let place = id.number(self.place_bytes)?;
                let bytes = id.number(self.length_bytes)?;
                let found = self.block(place)?;
                let (address, start) = found.ok_or_else(|| {
                    here.fault(format!("there is nothing at place {place} of the heap"))
                })?;
                let address = address.checked_add(place - start);
                let address = address.ok_or_else(|| here.fault("the heap's block overflows"))?;
                self.source.piece(address, bytes)
            }
            HUGE => Err(here.fault("an object too large for its heap is not read")),
            _ => {
                // The object itself; names of more than 17 bytes have a longer length.
                let mut bytes = u64::from(first & 0x0f);
                if self.id_bytes > 17 {
                    bytes = (bytes << 8) | u64::from(id.u8()?);
                }
                id.piece(bytes + 1)
            }
        }
    }

    /// Bytes of the blocks of a row.
    fn block_bytes(&self, row: u64) -> u64 {
        let doubled = row.saturating_sub(1).min(63) as u32;
        self.first_block.saturating_mul(1 << doubled)
    }

    /// Rows of blocks that hold objects; behind them are tables.
    fn direct_rows(&self) -> u64 {
        u64::from(self.largest_block.ilog2() - self.first_block.ilog2()) + 2
    }

    /// Address and first place of the block that a place is in; `None` where there is none.
    fn block(&mut self, place: u64) -> Result<Option<(u64, u64)>, Fault> {
        let Some(mut address) = self.root else {
            return Ok(None);
        };
        let (mut rows, mut start) = (self.root_rows, 0_u64);
        let mut bytes = self.first_block;
        let mut budget = Budget::new(&self.source, "the blocks of a fractal heap");
        for _ in 0..MAX_DEPTH {
            if rows == 0 {
                self.check_block(address, bytes)?;
                return Ok((place - start < bytes).then_some((address, start)));
            }
            let Some((row, column, first)) = self.find(place - start, rows) else {
                return Ok(None);
            };
            let mut table = self.table(address, rows, &mut budget)?;
            let number = row * self.width + column;
            table.skip(number * self.source.offset_bytes as u64)?;
            let Some(child) = table.address()? else {
                return Ok(None);
            };
            address = child;
            start += first;
            bytes = self.block_bytes(row);
            rows = if row < self.direct_rows() {
                0
            } else {
                // As many as cover the bytes that it stands for.
                let covered = bytes.checked_ilog2().unwrap_or(0);
                let first_row = self.first_block.ilog2() + self.width.ilog2();
                u64::from(covered.saturating_sub(first_row)) + 1
            };
        }
        Err(Fault::new(
            address,
            "tables of a fractal heap within tables without end",
        ))
    }

    /// Row, column and first place of a block in a table.
    fn find(&self, place: u64, rows: u64) -> Option<(u64, u64, u64)> {
        let mut start = 0_u64;
        for row in 0..rows {
            let bytes = self.block_bytes(row);
            let row_bytes = bytes.checked_mul(self.width)?;
            let end = start.checked_add(row_bytes)?;
            if place < end {
                let column = (place - start) / bytes;
                return Some((row, column, start + column * bytes));
            }
            start = end;
        }
        None
    }

    /// The addresses in a table.
    fn table(&self, address: u64, rows: u64, budget: &mut Budget) -> Result<Cursor<'a>, Fault> {
        let offset = self.source.offset_bytes as u64;
        let frame = 4 + 1 + offset + self.place_bytes as u64 + CHECKSUM_BYTES;
        let bytes = frame + rows * self.width * offset;
        let mut table = self.source.checked(address, bytes)?;
        budget.spend(bytes, table.offset())?;
        table.signature(*b"FHIB", "a table of a fractal heap")?;
        table.version(&[0], "a fractal heap")?;
        table.skip(offset + self.place_bytes as u64)?;
        Ok(table)
    }

    fn check_block(&mut self, address: u64, bytes: u64) -> Result<(), Fault> {
        if !self.checked.insert(address) {
            return Ok(());
        }
        let mut block = self.source.piece(address, bytes)?;
        block.signature(*b"FHDB", "a block of a fractal heap")?;
        block.version(&[0], "a fractal heap")?;
        if self.have_checksums {
            block.skip(self.source.offset_bytes as u64 + self.place_bytes as u64)?;
            let stored = block;
            check_around(self.source.piece(address, bytes)?, stored)?;
        }
        Ok(())
    }
}

/// Checks a block whose checksum, over all of it with zeros in the checksum's place, is within.
fn check_around(mut block: Cursor<'_>, mut stored: Cursor<'_>) -> Result<(), Fault> {
    let at = (stored.offset() - block.offset()) as usize;
    let expected = stored.u32()?;
    let mut bytes = block.take(block.remaining())?.to_vec();
    if let Some(place) = bytes.get_mut(at..at + 4) {
        place.fill(0);
    }
    let found = super::checksum::lookup3(&bytes);
    if found == expected {
        return Ok(());
    }
    Err(stored.fault(format!(
        "the checksum of the block around is {found:08x} where {expected:08x} is recorded"
    )))
}
