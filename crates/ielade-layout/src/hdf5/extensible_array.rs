//! Extensible arrays: the addresses of a dataset's chunks, where it can grow in one dimension.
//!
//! The first elements are in the index block itself. Those behind are in data blocks that become
//! larger, block after block; the first of these the index block points to itself, the others
//! through super blocks. Elements of large data blocks are in pages.

use super::{
    chunk_index::{Element, Elements},
    cursor::{Budget, CHECKSUM_BYTES, Cursor, Source},
    fixed_array::is_set,
};
use crate::columns::fault::Fault;

/// Gives each element that was written to `take`.
pub(super) fn walk(
    source: Source<'_>,
    address: u64,
    elements: &mut Elements,
    take: &mut dyn FnMut(Element) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bytes =
        4 + 8 + 6 * source.length_bytes as u64 + source.offset_bytes as u64 + CHECKSUM_BYTES;
    let mut header = source.checked(address, bytes)?;
    header.signature(*b"EAHD", "an extensible array")?;
    header.version(&[0], "an extensible array")?;
    let element_bytes = elements.check(&mut header)?;
    let here = header;
    let mut number = || header.u8().map(u64::from);
    let (most_bits, in_index) = (number()?, number()?);
    let (first_block, first_pointers, page_bits) = (number()?, number()?, number()?);
    let are_sane = most_bits <= 64
        && first_block.is_power_of_two()
        && first_pointers.is_power_of_two()
        && first_block.ilog2() <= most_bits as u32
        && page_bits < 64;
    if !are_sane {
        return Err(here.fault("the numbers of an extensible array contradict each other"));
    }
    // Blocks made and their bytes; of what follows, elements that may be set.
    header.skip(4 * source.length_bytes as u64)?;
    let count = header.length()?;
    header.skip(source.length_bytes as u64)?;
    let Some(index) = header.address()? else {
        return Ok(());
    };
    let mut array = Array {
        source,
        elements,
        element_bytes,
        count,
        most_bits,
        in_index,
        first_block,
        first_pointers,
        per_page: 1 << page_bits,
        budget: Budget::new(&source, "the blocks of an extensible array"),
    };
    array.read(index, take)
}

struct Array<'a, 'e> {
    source: Source<'a>,
    elements: &'e Elements,
    element_bytes: u64,
    /// Elements up to the last one that was set.
    count: u64,
    most_bits: u64,
    /// Elements in the index block.
    in_index: u64,
    /// Elements of the first data block.
    first_block: u64,
    /// Pointers of the first super block.
    first_pointers: u64,
    per_page: u64,
    budget: Budget,
}

/// Data blocks of one size.
#[derive(Debug, Clone, Copy)]
struct Group {
    blocks: u64,
    /// Elements of a block.
    elements: u64,
}

impl<'a> Array<'a, '_> {
    /// Groups of data blocks.
    fn groups(&self) -> u64 {
        1 + self.most_bits - u64::from(self.first_block.ilog2())
    }

    /// The data blocks of a super block, or those that would be of one.
    fn group(&self, number: u64) -> Group {
        let shifted = |value: u64, bits: u64| value.saturating_mul(1 << bits.min(63));
        Group {
            blocks: shifted(1, number / 2),
            elements: shifted(self.first_block, number.div_ceil(2)),
        }
    }

    fn read(
        &mut self,
        index: u64,
        take: &mut dyn FnMut(Element) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let direct = 2 * u64::from(self.first_pointers.ilog2());
        let blocks = 2 * (self.first_pointers - 1);
        let supers = self.groups().saturating_sub(direct);
        let offset_bytes = self.source.offset_bytes as u64;
        let bytes = 4
            + 2
            + offset_bytes
            + self.in_index * self.element_bytes
            + (blocks + supers) * offset_bytes
            + CHECKSUM_BYTES;
        let mut index = self.source.checked(index, bytes)?;
        self.start(&mut index, *b"EAIB")?;
        let there = self.in_index.min(self.count);
        let mut own = index.piece(self.in_index * self.element_bytes)?;
        self.elements.read(&mut own, 0..there, take)?;
        let mut first = self.in_index;
        for number in 0..direct.min(self.groups()) {
            let group = self.group(number);
            for _ in 0..group.blocks {
                let address = index.address()?;
                self.read_block(address, (first, group.elements), None, take)?;
                first = first.saturating_add(group.elements);
            }
        }
        for number in direct..self.groups() {
            let group = self.group(number);
            let address = index.address()?;
            if let Some(address) = address.filter(|_| first < self.count) {
                self.read_super(address, first, group, take)?;
            }
            first = first.saturating_add(group.blocks.saturating_mul(group.elements));
        }
        Ok(())
    }

    fn start(&self, block: &mut Cursor<'a>, signature: [u8; 4]) -> Result<(), Fault> {
        block.signature(signature, "a block of an extensible array")?;
        block.version(&[0], "an extensible array")?;
        // What its elements are, and where its header is.
        block.skip(1 + self.source.offset_bytes as u64)
    }

    /// Bytes of the place of a block's first element.
    fn place_bytes(&self) -> u64 {
        self.most_bits.div_ceil(8)
    }

    fn read_super(
        &mut self,
        address: u64,
        mut first: u64,
        group: Group,
        take: &mut dyn FnMut(Element) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let pages = if group.elements > self.per_page {
            group.elements / self.per_page
        } else {
            0
        };
        let offset_bytes = self.source.offset_bytes as u64;
        let per_block = pages.div_ceil(8).saturating_add(offset_bytes);
        let frame = 4 + 2 + offset_bytes + self.place_bytes() + CHECKSUM_BYTES;
        let bytes = group.blocks.saturating_mul(per_block).saturating_add(frame);
        let mut block = self.source.checked(address, bytes)?;
        self.budget.spend(bytes, block.offset())?;
        self.start(&mut block, *b"EASB")?;
        block.skip(self.place_bytes())?;
        let flags = block.take(group.blocks * pages.div_ceil(8))?;
        for number in 0..group.blocks {
            let address = block.address()?;
            let of_block = flags
                .chunks(pages.div_ceil(8).max(1) as usize)
                .nth(number as usize);
            let of_block = of_block.filter(|_| pages > 0);
            self.read_block(address, (first, group.elements), of_block, take)?;
            first = first.saturating_add(group.elements);
        }
        Ok(())
    }

    /// Reads a data block of `elements` elements, the first of which has the number `first`.
    /// `flags` tell which of its pages were written.
    fn read_block(
        &mut self,
        address: Option<u64>,
        (first, elements): (u64, u64),
        flags: Option<&[u8]>,
        take: &mut dyn FnMut(Element) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let Some(address) = address.filter(|_| first < self.count) else {
            return Ok(());
        };
        let frame = 4 + 2 + self.source.offset_bytes as u64 + self.place_bytes() + CHECKSUM_BYTES;
        let mut rest = self.source.from(address)?;
        let end = first.saturating_add(elements).min(self.count);
        let Some(flags) = flags else {
            let bytes = elements
                .saturating_mul(self.element_bytes)
                .saturating_add(frame);
            let mut block = rest.checked(bytes)?;
            self.budget.spend(bytes, block.offset())?;
            self.start(&mut block, *b"EADB")?;
            block.skip(self.place_bytes())?;
            return self.elements.read(&mut block, first..end, take);
        };
        let mut head = rest.checked(frame)?;
        self.start(&mut head, *b"EADB")?;
        let bytes = self
            .per_page
            .saturating_mul(self.element_bytes)
            .saturating_add(CHECKSUM_BYTES);
        let mut page_first = first;
        let mut page = 0;
        while page_first < end {
            if is_set(flags, page) {
                let mut page = rest.checked(bytes)?;
                self.budget.spend(bytes, page.offset())?;
                let page_end = (page_first + self.per_page).min(end);
                self.elements.read(&mut page, page_first..page_end, take)?;
            } else {
                rest.skip(bytes)?;
            }
            page += 1;
            page_first = page_first.saturating_add(self.per_page);
        }
        Ok(())
    }
}
