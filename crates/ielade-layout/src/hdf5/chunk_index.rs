//! Where a dataset's chunks lie, by any of the indices that the format knows.

use super::{
    cursor::{Budget, Cursor, Source},
    dataspace::Dataspace,
    extensible_array, fixed_array,
    grid::Grid,
    old_tree::OldTree,
    storage::{ChunkIndex, Chunked},
    tree::Tree,
};
use crate::columns::fault::Fault;
use std::ops::Range;

/// A chunk in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    /// Its number among all of the dataset, in C order.
    pub(super) number: u64,
    /// Where in the file.
    pub(super) offset: u64,
    /// Bytes there.
    pub(super) bytes: u64,
    /// Filters that it did not go through, by bit.
    pub(super) left_out: u32,
}

/// What the elements of an array of chunks are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elements {
    /// Bytes of a chunk that went through no filter.
    pub(super) chunk_bytes: u64,
    /// Whether chunks went through filters, so that their sizes are told.
    pub(super) are_filtered: bool,
    /// Bytes of those sizes; 0 where they are not told.
    size_bytes: usize,
}

/// An element that was set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element {
    number: u64,
    address: u64,
    bytes: u64,
    left_out: u32,
}

impl Elements {
    /// Reads from an array's header what its elements are. Gives how many bytes they have.
    pub(super) fn check(&mut self, header: &mut Cursor<'_>) -> Result<u64, Fault> {
        let here = *header;
        let (kind, bytes) = (header.u8()?, u64::from(header.u8()?));
        let address = header.source.offset_bytes as u64;
        let fits = if self.are_filtered {
            kind == 1 && (address + 5..=address + 12).contains(&bytes)
        } else {
            kind == 0 && bytes == address
        };
        if fits {
            // Behind the address, and before the filters that were left out.
            self.size_bytes = (bytes - address).saturating_sub(4) as usize;
            return Ok(bytes);
        }
        Err(here.fault(format!(
            "elements of kind {kind} and {bytes} bytes do not belong here"
        )))
    }

    /// Reads the elements of these numbers and takes those that were set.
    pub(super) fn read(
        &self,
        cursor: &mut Cursor<'_>,
        numbers: Range<u64>,
        take: &mut dyn FnMut(Element) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for number in numbers {
            let address = cursor.address()?;
            let (bytes, left_out) = match self.size_bytes {
                0 => (self.chunk_bytes, 0),
                size => (cursor.number(size)?, cursor.u32()?),
            };
            if let Some(address) = address {
                take(Element {
                    number,
                    address,
                    bytes,
                    left_out,
                })?;
            }
        }
        Ok(())
    }
}

/// The chunks of a dataset that are in the file, in the order of their numbers.
#[derive(Debug, Clone)]
pub(super) struct ChunkTable {
    pub(super) grid: Grid,
    chunks: Vec<Chunk>,
}

impl ChunkTable {
    /// A chunk; `None` where it was not written.
    pub(super) fn get(&self, number: u64) -> Option<&Chunk> {
        // Where all are there, each is at its number.
        let direct = usize::try_from(number)
            .ok()
            .and_then(|at| self.chunks.get(at));
        if direct.is_some_and(|chunk| chunk.number == number) {
            return direct;
        }
        let found = self
            .chunks
            .binary_search_by_key(&number, |chunk| chunk.number);
        found.ok().and_then(|at| self.chunks.get(at))
    }

    /// A table without chunks, of samples that are all of the fill value.
    pub(super) fn empty(space: &Dataspace, chunk: &[u64]) -> Result<Self, String> {
        Ok(Self {
            grid: Grid::new(space, chunk)?,
            chunks: Vec::new(),
        })
    }

    /// Reads the index of a dataset whose header is at an offset.
    pub(super) fn read(
        source: Source<'_>,
        chunked: &Chunked,
        space: &Dataspace,
        are_filtered: bool,
        offset: u64,
    ) -> Result<Self, Fault> {
        let fault = |reason: String| Fault::new(offset, reason);
        let grid = Grid::new(space, &chunked.shape).map_err(fault)?;
        let chunk_bytes = chunked
            .shape
            .iter()
            .try_fold(chunked.value_bytes, |bytes, length| {
                bytes.checked_mul(*length)
            });
        let chunk_bytes = chunk_bytes
            .ok_or_else(|| fault("its chunks have more bytes than can be counted".to_owned()))?;
        let mut reading = Reading {
            source,
            chunked,
            elements: Elements {
                chunk_bytes,
                are_filtered,
                size_bytes: 0,
            },
            grid,
            chunks: Vec::new(),
            slowest: 0,
            budget: Budget::new(&source, "the chunks of a dataset"),
        };
        if let Some(address) = chunked.address {
            reading.slowest = space
                .most
                .iter()
                .position(|most| *most == u64::MAX)
                .unwrap_or(0);
            reading.read(address)?;
        }
        let Reading {
            grid, mut chunks, ..
        } = reading;
        chunks.sort_unstable_by_key(|chunk| chunk.number);
        if let Some(twice) = chunks
            .windows(2)
            .find(|pair| pair[0].number == pair[1].number)
        {
            let reason = format!(
                "chunk {} of its dataset is in the file twice",
                twice[1].number
            );
            return Err(Fault::new(twice[1].offset, reason));
        }
        Ok(Self { grid, chunks })
    }
}

/// A table while it is read.
struct Reading<'a> {
    source: Source<'a>,
    chunked: &'a Chunked,
    elements: Elements,
    grid: Grid,
    chunks: Vec<Chunk>,
    /// The dimension that can grow without end.
    slowest: usize,
    budget: Budget,
}

impl Reading<'_> {
    fn read(&mut self, address: u64) -> Result<(), Fault> {
        let source = self.source;
        let mut elements = self.elements;
        match self.chunked.index {
            ChunkIndex::OldTree => self.read_old_tree(address),
            ChunkIndex::Single(filtered) => {
                let (bytes, left_out) = filtered.unwrap_or((elements.chunk_bytes, 0));
                self.put(Some(0), address, bytes, left_out)
            }
            ChunkIndex::Implicit => self.read_implicit(address),
            ChunkIndex::FixedArray => {
                fixed_array::walk(source, address, &mut elements, &mut |element| {
                    let number = self.grid.number_of_element(element.number, 0);
                    self.put(number, element.address, element.bytes, element.left_out)
                })
            }
            ChunkIndex::ExtensibleArray => {
                let slowest = self.slowest;
                extensible_array::walk(source, address, &mut elements, &mut |element| {
                    let number = self.grid.number_of_element(element.number, slowest);
                    self.put(number, element.address, element.bytes, element.left_out)
                })
            }
            ChunkIndex::Tree => self.read_tree(address),
        }
    }

    /// Takes a chunk, unless it is outside of the dataset as it is.
    fn put(
        &mut self,
        number: Option<u64>,
        address: u64,
        bytes: u64,
        left_out: u32,
    ) -> Result<(), Fault> {
        let Some(number) = number else {
            return Ok(());
        };
        let piece = self.source.piece(address, bytes)?;
        self.budget.spend(bytes, piece.offset())?;
        self.chunks.push(Chunk {
            number,
            offset: piece.offset(),
            bytes,
            left_out,
        });
        Ok(())
    }

    fn read_old_tree(&mut self, address: u64) -> Result<(), Fault> {
        let rank = self.chunked.shape.len();
        OldTree::Chunks(rank).walk(self.source, address, &mut |mut key, child| {
            let here = key;
            let (bytes, left_out) = (u64::from(key.u32()?), key.u32()?);
            let mut place = Vec::with_capacity(rank);
            for length in &self.chunked.shape {
                let start = key.u64()?;
                if !start.is_multiple_of(*length) {
                    return Err(here.fault(format!("a chunk at {start}, no multiple of {length}")));
                }
                place.push(start / length);
            }
            self.put(self.grid.number(&place), child, bytes, left_out)
        })
    }

    fn read_implicit(&mut self, address: u64) -> Result<(), Fault> {
        let bytes = self.elements.chunk_bytes;
        let there = self
            .grid
            .most
            .iter()
            .try_fold(1_u64, |all, count| all.checked_mul(*count));
        let all = there.and_then(|count| count.checked_mul(bytes));
        // None of them may be outside of the file.
        self.source.piece(address, all.unwrap_or(u64::MAX))?;
        for number in 0..there.unwrap_or(0) {
            let found = self.grid.number_of_element(number, 0);
            self.put(found, address + number * bytes, bytes, 0)?;
        }
        Ok(())
    }

    fn read_tree(&mut self, address: u64) -> Result<(), Fault> {
        const PLAIN: u8 = 10;
        const FILTERED: u8 = 11;
        let rank = self.chunked.shape.len() as u64;
        let tree = Tree::read(self.source, address)?;
        let here = self.source.from(address)?;
        let wanted = if self.elements.are_filtered {
            FILTERED
        } else {
            PLAIN
        };
        let fixed = self.source.offset_bytes as u64 + 8 * rank;
        let sizes = tree.record_bytes.checked_sub(fixed);
        let size_bytes = match (wanted, sizes) {
            (PLAIN, Some(0)) => 0,
            (FILTERED, Some(bytes @ 5..=12)) => bytes - 4,
            _ => u64::MAX,
        };
        if tree.kind != wanted || size_bytes == u64::MAX {
            return Err(here.fault(format!(
                "a B-tree of kind {} with records of {} bytes does not belong here",
                tree.kind, tree.record_bytes
            )));
        }
        tree.walk(&mut |mut record| {
            let child = record.defined_address("a chunk")?;
            let (bytes, left_out) = match size_bytes {
                0 => (self.elements.chunk_bytes, 0),
                size => (record.number(size as usize)?, record.u32()?),
            };
            let place = (0..rank)
                .map(|_| record.u64())
                .collect::<Result<Vec<_>, _>>()?;
            self.put(self.grid.number(&place), child, bytes, left_out)
        })
    }
}
