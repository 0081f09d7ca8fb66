//! Fixed arrays: the addresses of a dataset's chunks, where it cannot grow.

use super::{
    chunk_index::{Element, Elements},
    cursor::{CHECKSUM_BYTES, Cursor, Source},
};
use crate::columns::fault::Fault;

/// Gives each element that was written to `take`.
pub(super) fn walk(
    source: Source<'_>,
    address: u64,
    elements: &mut Elements,
    take: &mut dyn FnMut(Element) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bytes = 4 + 4 + source.length_bytes as u64 + source.offset_bytes as u64 + CHECKSUM_BYTES;
    let mut header = source.checked(address, bytes)?;
    header.signature(*b"FAHD", "a fixed array")?;
    header.version(&[0], "a fixed array")?;
    let element_bytes = elements.check(&mut header)?;
    let page_bits = header.u8()?;
    let count = header.length()?;
    let Some(block) = header.address()? else {
        return Ok(());
    };
    let per_page = 1_u64.checked_shl(page_bits.into()).unwrap_or(u64::MAX);
    let array = Array {
        elements,
        element_bytes,
        count,
        per_page,
    };
    array.read(source.from(block)?, take)
}

struct Array<'e> {
    elements: &'e Elements,
    element_bytes: u64,
    count: u64,
    per_page: u64,
}

impl Array<'_> {
    fn read(
        &self,
        mut block: Cursor<'_>,
        take: &mut dyn FnMut(Element) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let here = block;
        let too_many = || {
            here.fault(format!(
                "{} elements are more than the file has",
                self.count
            ))
        };
        let prefix = 4 + 1 + 1 + block.source.offset_bytes as u64;
        if self.count <= self.per_page {
            let bytes = self.count.checked_mul(self.element_bytes);
            let bytes = bytes.and_then(|bytes| bytes.checked_add(prefix + CHECKSUM_BYTES));
            let mut block = block.checked(bytes.ok_or_else(too_many)?)?;
            start(&mut block)?;
            return self.elements.read(&mut block, 0..self.count, take);
        }
        let pages = self.count.div_ceil(self.per_page);
        let flags = pages.div_ceil(8);
        let mut head = block.checked(flags.saturating_add(prefix + CHECKSUM_BYTES))?;
        start(&mut head)?;
        let flags = head.take(flags)?;
        for page in 0..pages {
            let first = page * self.per_page;
            let count = self.per_page.min(self.count - first);
            let bytes = count.checked_mul(self.element_bytes).ok_or_else(too_many)?;
            let bytes = bytes.checked_add(CHECKSUM_BYTES).ok_or_else(too_many)?;
            if is_set(flags, page) {
                let mut page = block.checked(bytes)?;
                self.elements.read(&mut page, first..first + count, take)?;
            } else {
                block.skip(bytes)?;
            }
        }
        Ok(())
    }
}

fn start(block: &mut Cursor<'_>) -> Result<(), Fault> {
    block.signature(*b"FADB", "the data of a fixed array")?;
    block.version(&[0], "a fixed array")?;
    // What its elements are, and where its header is.
    block.skip(1 + block.source.offset_bytes as u64)
}

/// A bit of a list of bits, the highest of a byte first.
pub(super) fn is_set(bits: &[u8], number: u64) -> bool {
    let byte = usize::try_from(number / 8).ok().and_then(|at| bits.get(at));
    byte.is_some_and(|byte| byte & (0x80 >> (number % 8)) != 0)
}
