//! The pages of an SQLite file, read. Trusts nothing in them.
//!
//! The format is described at <https://www.sqlite.org/fileformat2.html>. A file is made of pages of
//! one size, numbered from 1. A table is a tree of them: interior pages lead to others, leaves hold
//! the rows, as cells: length of the row (varint), its number (varint) and the row itself. Of a row
//! that is too long for a leaf, only the first part lies there, and behind it the number of an
//! overflow page; each of these starts with the number of the next. A row starts with the kinds and
//! lengths of its fields, which follow in the same order.

use super::record::{Field, varint};
use std::ops::Range;

/// Bytes of the file's head, which lie in the first page.
const FILE_HEAD: usize = 100;
const MAGIC: &[u8] = b"SQLite format 3\0";

const INTERIOR: u8 = 0x05;
const LEAF: u8 = 0x0d;

/// Pages that a search passes at most; SQLite's own bound.
const MAX_DEPTH: usize = 20;

/// Bytes of a page that must be left when those that are reserved are taken away.
const MIN_USABLE: usize = 480;

/// Bytes of the longest row: that of the longest value, and some more.
const MAX_ROW: u64 = (1 << 30) + (1 << 20);

/// Bytes of the number of a page.
const NUMBER: usize = 4;

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub(super) struct PageError {
    pub(super) offset: u64,
    pub(super) reason: String,
}

pub(super) fn fault(offset: usize, reason: impl Into<String>) -> PageError {
    PageError {
        offset: offset as u64,
        reason: reason.into(),
    }
}

/// The size of a file's pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageSize {
    bytes: usize,
    /// Without those at the end that are reserved for others.
    usable: usize,
}

impl PageSize {
    /// Reads it from the file's head.
    pub(super) fn of(file: &[u8]) -> Result<Self, PageError> {
        let Some(head) = file.first_chunk::<FILE_HEAD>() else {
            return Err(fault(file.len(), "the file ends within its head"));
        };
        if !head.starts_with(MAGIC) {
            return Err(fault(0, "not an SQLite file"));
        }
        let bytes = match u16::from_be_bytes([head[16], head[17]]) {
            1 => 1 << 16,
            bytes => usize::from(bytes),
        };
        let usable = bytes.saturating_sub(head[20].into());
        if !(512..=1 << 16).contains(&bytes) || !bytes.is_power_of_two() || usable < MIN_USABLE {
            let reason = format!("pages of {bytes} bytes, of which {} are reserved", head[20]);
            return Err(fault(16, reason));
        }
        Ok(Self { bytes, usable })
    }

    /// Bytes of a row of `total` that lie on its leaf.
    const fn local(self, total: usize) -> usize {
        let most = self.usable - 35;
        if total <= most {
            return total;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let local = least + (total - least) % (self.usable - NUMBER);
        if local <= most { local } else { least }
    }
}

/// Pages that were met.
pub(super) struct PageSet(Vec<u64>);

impl PageSet {
    /// Adds a page.
    ///
    /// # Errors
    /// Where it was met before; `at` is where it is.
    fn add(&mut self, number: usize, at: usize) -> Result<(), PageError> {
        let (word, bit) = (number / 64, 1 << (number % 64));
        match self.0.get_mut(word).filter(|word| **word & bit == 0) {
            Some(word) => {
                *word |= bit;
                Ok(())
            }
            None => Err(fault(at, "a page is reached twice: a cycle")),
        }
    }
}

/// An SQLite file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Database<'a> {
    file: &'a [u8],
    page: PageSize,
}

/// An interior page or leaf.
#[derive(Clone, Copy)]
struct Page {
    at: usize,
    is_interior: bool,
    /// Bytes of its head.
    head: usize,
    cells: usize,
}

/// A row of a table.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    database: Database<'a>,
    /// Its cell's first byte in the file.
    pub(super) at: usize,
    /// Its number.
    pub(super) id: i64,
    /// What of it lies on the leaf.
    local: Range<usize>,
    total: usize,
}

impl<'a> Database<'a> {
    /// A file with pages of this size.
    pub(super) const fn new(file: &'a [u8], page: PageSize) -> Self {
        Self { file, page }
    }

    fn bytes<const SIZE: usize>(&self, at: usize) -> Result<[u8; SIZE], PageError> {
        let rest = self.file.get(at..).and_then(|rest| rest.first_chunk());
        rest.copied()
            .ok_or_else(|| fault(at, "the file ends here; it was cut"))
    }

    fn u16(&self, at: usize) -> Result<usize, PageError> {
        self.bytes(at).map(u16::from_be_bytes).map(usize::from)
    }

    fn u32(&self, at: usize) -> Result<u32, PageError> {
        self.bytes(at).map(u32::from_be_bytes)
    }

    fn pages(&self) -> usize {
        self.file.len() / self.page.bytes
    }

    /// Where a page starts; all of it lies within the file. `from` is where its number is.
    fn page_start(&self, number: u32, from: usize) -> Result<usize, PageError> {
        let before = (number as usize).checked_sub(1);
        if let Some(before) = before.filter(|before| *before < self.pages()) {
            return Ok(before * self.page.bytes);
        }
        let reason = format!("page {number} is asked for, of {}", self.pages());
        Err(fault(from, reason))
    }

    /// The page of the number that is at `from`.
    fn page_at(&self, from: usize, seen: &mut PageSet) -> Result<Page, PageError> {
        self.page(self.u32(from)?, from, seen)
    }

    fn page(&self, number: u32, from: usize, seen: &mut PageSet) -> Result<Page, PageError> {
        let at = self.page_start(number, from)?;
        seen.add(number as usize, at)?;
        let [kind] = self.bytes(at)?;
        let (is_interior, head) = match kind {
            INTERIOR => (true, 12),
            LEAF => (false, 8),
            other => {
                let reason = format!("a page of kind {other:#04x} where one of a table belongs");
                return Err(fault(at, reason));
            }
        };
        let cells = self.u16(at + 3)?;
        if head + 2 * cells > self.page.usable {
            return Err(fault(at + 3, format!("a page with {cells} cells")));
        }
        Ok(Page {
            at,
            is_interior,
            head,
            cells,
        })
    }

    /// Where a cell of a page starts.
    fn cell(&self, page: Page, cell: usize) -> Result<usize, PageError> {
        let pointer = page.at + page.head + 2 * cell;
        let within = self.u16(pointer)?;
        let fits = page.head + 2 * page.cells <= within && within < self.page.usable;
        if fits {
            return Ok(page.at + within);
        }
        Err(fault(
            pointer,
            format!("a cell at {within}, outside its page"),
        ))
    }

    /// Where an interior page has the number of its next page; the last one is in its head.
    fn child(&self, page: Page, cell: usize) -> Result<usize, PageError> {
        match cell < page.cells {
            true => self.cell(page, cell),
            false => Ok(page.at + 8),
        }
    }

    /// Calls `visit` with every row of a table, in the order of their numbers.
    ///
    /// Every page is visited once, so that no cycle holds it; numbers rise, so that no row is there
    /// twice; and all rows together are no longer than the file, so that none shares its bytes
    /// with many.
    pub(super) fn walk<E: From<PageError>>(
        &self,
        root: u32,
        mut visit: impl FnMut(&Row<'a>, &mut PageSet) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut seen = PageSet(vec![0; (self.pages() + 1).div_ceil(64)]);
        let mut path = vec![(self.page(root, 0, &mut seen)?, 0)];
        let mut last: Option<i64> = None;
        let mut left = self.file.len();
        while let Some((page, place)) = path.last_mut() {
            if *place == page.cells + usize::from(page.is_interior) {
                path.pop();
                continue;
            }
            let (page, cell) = (*page, *place);
            *place += 1;
            if page.is_interior {
                let from = self.child(page, cell)?;
                if path.len() == MAX_DEPTH {
                    Err(fault(from, "the tree is too deep"))?;
                }
                path.push((self.page_at(from, &mut seen)?, 0));
                continue;
            }
            let row = self.row(self.cell(page, cell)?)?;
            if last.is_some_and(|last| last >= row.id) {
                let reason = format!("row {} comes after a greater one", row.id);
                Err(fault(row.at, reason))?;
            }
            last = Some(row.id);
            let rest = left.checked_sub(row.total);
            left = rest.ok_or_else(|| fault(row.at, "the rows are longer than the file"))?;
            visit(&row, &mut seen)?;
        }
        Ok(())
    }

    /// The row whose cell starts at a byte of the file.
    pub(super) fn row(&self, at: usize) -> Result<Row<'a>, PageError> {
        let end = at - at % self.page.bytes + self.page.usable;
        let cut = || fault(at, "a row leaves its page");
        let cell = self.file.get(at..end).ok_or_else(cut)?;
        let (total, behind_total) = varint(cell).ok_or_else(cut)?;
        let (id, behind_id) = varint(&cell[behind_total..]).ok_or_else(cut)?;
        if total > MAX_ROW.min(self.file.len() as u64) {
            let reason = format!("a row of {total} bytes in a file of {}", self.file.len());
            return Err(fault(at, reason));
        }
        let total = total as usize;
        let start = at + behind_total + behind_id;
        let local = start..start + self.page.local(total);
        let pointer = if local.len() < total { NUMBER } else { 0 };
        if local.end + pointer > end {
            return Err(cut());
        }
        Ok(Row {
            database: *self,
            at,
            id: id.cast_signed(),
            local,
            total,
        })
    }
}

impl<'a> Row<'a> {
    /// What lies on the leaf.
    fn local(&self) -> &'a [u8] {
        // Within the file, as was checked when the row was read.
        &self.database.file[self.local.clone()]
    }

    /// A field; its range is one of the row's bytes.
    pub(super) fn field(&self, number: usize) -> Result<Field, PageError> {
        let field = Field::find(self.local(), self.total, number);
        field.ok_or_else(|| fault(self.at, "a row whose fields are longer than itself"))
    }

    /// Where these bytes of the row are in the file, where they all lie on its leaf.
    pub(super) fn on_leaf(&self, bytes: &Range<usize>) -> Option<usize> {
        (bytes.end <= self.local.len()).then_some(self.local.start + bytes.start)
    }

    /// Appends these bytes of the row, wherever they lie.
    pub(super) fn read(&self, wanted: &Range<usize>, out: &mut Vec<u8>) -> Result<(), PageError> {
        self.pieces(wanted, |_, _| Ok(()), |piece| out.extend_from_slice(piece))
    }

    /// As [`Row::read`], and notes the overflow pages that it passes, which belong to no other row.
    pub(super) fn read_noting(
        &self,
        wanted: &Range<usize>,
        seen: &mut PageSet,
        out: &mut Vec<u8>,
    ) -> Result<(), PageError> {
        let note = |number: u32, at| seen.add(number as usize, at);
        self.pieces(wanted, note, |piece| out.extend_from_slice(piece))
    }

    /// Gives the pieces in which some bytes of the row lie. Ends with the row's length, whatever the
    /// overflow pages lead to.
    fn pieces(
        &self,
        wanted: &Range<usize>,
        mut pass: impl FnMut(u32, usize) -> Result<(), PageError>,
        mut take: impl FnMut(&'a [u8]),
    ) -> Result<(), PageError> {
        let part = |here: Range<usize>| {
            let (start, end) = (wanted.start.max(here.start), wanted.end.min(here.end));
            (start < end).then(|| start - here.start..end - here.start)
        };
        let Database { file, page } = self.database;
        if let Some(part) = part(0..self.local.len()) {
            take(&self.local()[part]);
        }
        let (mut position, mut pointer) = (self.local.len(), self.local.end);
        while position < wanted.end.min(self.total) {
            let number = self.database.u32(pointer)?;
            let at = self.database.page_start(number, pointer)?;
            pass(number, at)?;
            let here = position..self.total.min(position + page.usable - NUMBER);
            position = here.end;
            if let Some(part) = part(here) {
                let content = at + NUMBER;
                take(&file[content + part.start..content + part.end]);
            }
            pointer = at;
        }
        if position == self.total
            && self.local.len() < self.total
            && self.database.u32(pointer)? != 0
        {
            return Err(fault(pointer, "more overflow pages than the row has"));
        }
        Ok(())
    }
}
