//! The index of a shard: where each of its chunks lies
//! (<https://zarr-specs.readthedocs.io/en/latest/v3/codecs/sharding-indexed/>).
//!
//! For each chunk, in C order, its first byte and its length (`u64` each; both are 2⁶⁴ − 1 for a
//! chunk that is not there), usually with a CRC32C behind them; at the end of the shard or at its
//! start.

use super::{metadata::Sharding, packing::check_crc32c};
use crate::stored::array::ByteOrder;

const ENTRY_BYTES: u64 = 16;
const CRC_BYTES: u64 = 4;

/// Most chunks of a shard: bounds the memory that an index takes.
const MAX_CHUNKS: u64 = 1 << 24;

/// Where a chunk lies in its shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) offset: u64,
    pub(crate) bytes: u64,
}

impl Entry {
    /// A chunk that is not there.
    pub(crate) const MISSING: Self = Self {
        offset: u64::MAX,
        bytes: u64::MAX,
    };

    pub(crate) fn is_there(self) -> bool {
        self != Self::MISSING
    }

    const fn end(self) -> Option<u64> {
        self.offset.checked_add(self.bytes)
    }
}

/// What the index of a shard looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexForm {
    /// Chunks of a shard.
    chunks: u64,
    is_first: bool,
    is_checked: bool,
    byte_order: ByteOrder,
}

/// What is wrong, and at which byte of the shard.
pub(crate) type IndexFault = (u64, String);

impl IndexForm {
    /// The index of shards of `chunks` chunks.
    pub(crate) fn new(sharding: &Sharding, chunks: u64) -> Self {
        Self {
            chunks,
            is_first: sharding.index_first,
            is_checked: sharding.index_checked,
            byte_order: sharding.index_byte_order,
        }
    }

    /// First byte and length of the index of a shard of so many bytes.
    pub(crate) fn place(&self, shard_bytes: u64) -> Result<(u64, u64), IndexFault> {
        let crc = if self.is_checked { CRC_BYTES } else { 0 };
        let bytes = self
            .chunks
            .checked_mul(ENTRY_BYTES)
            .and_then(|bytes| bytes.checked_add(crc));
        if self.chunks > MAX_CHUNKS {
            let reason = format!("shards of more than {MAX_CHUNKS} chunks are not read");
            return Err((0, reason));
        }
        let Some(bytes) = bytes.filter(|bytes| *bytes <= shard_bytes) else {
            let chunks = self.chunks;
            let reason = format!(
                "the shard has {shard_bytes} bytes, too few for the index of its {chunks} chunks"
            );
            return Err((0, reason));
        };
        Ok(if self.is_first {
            (0, bytes)
        } else {
            (shard_bytes - bytes, bytes)
        })
    }

    /// The entries of an index, whose bytes are those at [`IndexForm::place`]. All are within the
    /// shard, and none lies on another one or on the index.
    pub(crate) fn parse(&self, index: &[u8], shard_bytes: u64) -> Result<Vec<Entry>, IndexFault> {
        let (start, _) = self.place(shard_bytes)?;
        let content = if self.is_checked {
            let (content, crc) = index
                .split_last_chunk()
                .ok_or((start, "the index is cut".to_owned()))?;
            check_crc32c(content, *crc)
                .map_err(|reason| (start, format!("the shard's index: {reason}")))?;
            content
        } else {
            index
        };
        let (numbers, _) = content.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|number| match self.byte_order {
            ByteOrder::Little => u64::from_le_bytes(*number),
            ByteOrder::Big => u64::from_be_bytes(*number),
        });
        let mut entries = Vec::with_capacity(content.len() / ENTRY_BYTES as usize);
        while let (Some(offset), Some(bytes)) = (numbers.next(), numbers.next()) {
            entries.push(Entry { offset, bytes });
        }
        let index = Entry {
            offset: start,
            bytes: index.len() as u64,
        };
        check(&entries, index, shard_bytes)?;
        Ok(entries)
    }

    /// The bytes of an index with a CRC32C, little-endian, as it is written.
    pub(crate) fn encode(entries: impl IntoIterator<Item = Entry>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in entries {
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.extend_from_slice(&entry.bytes.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// Fails for a chunk that is not within the shard, or lies on another one or on the index.
fn check(entries: &[Entry], index: Entry, shard_bytes: u64) -> Result<(), IndexFault> {
    let at = |chunk: usize| index.offset + chunk as u64 * ENTRY_BYTES;
    let mut there: Vec<(usize, Entry)> = Vec::with_capacity(entries.len() + 1);
    for (chunk, entry) in entries.iter().enumerate() {
        if !entry.is_there() {
            continue;
        }
        if entry.end().is_none_or(|end| end > shard_bytes) {
            let reason = format!(
                "chunk {chunk} of the shard ({} bytes from byte {} on) lies outside its \
                 {shard_bytes} bytes",
                entry.bytes, entry.offset
            );
            return Err((at(chunk), reason));
        }
        there.push((chunk, *entry));
    }
    there.push((entries.len(), index));
    // Chunks mostly lie in order, for which sorting is one pass.
    there.sort_by_key(|(_, entry)| (entry.offset, entry.bytes));
    for pair in there.windows(2) {
        let ((chunk, entry), (other, next)) = (pair[0], pair[1]);
        if entry.end().is_some_and(|end| end <= next.offset) {
            continue;
        }
        let name = |chunk: usize| {
            if chunk == entries.len() {
                "the index".to_owned()
            } else {
                format!("chunk {chunk}")
            }
        };
        let reason = format!(
            "{} and {} of the shard lie on the same bytes (from {} on)",
            name(chunk.min(other)),
            name(chunk.max(other)),
            next.offset
        );
        return Err((at(chunk.min(other)), reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Entry, IndexForm};
    use crate::stored::array::ByteOrder;
    use proptest::prelude::*;

    const fn entry(offset: u64, bytes: u64) -> Entry {
        Entry { offset, bytes }
    }

    const LAST: IndexForm = IndexForm {
        chunks: 3,
        is_first: false,
        is_checked: true,
        byte_order: ByteOrder::Little,
    };

    #[test]
    fn an_index_comes_back_from_either_end() {
        let entries = [entry(60, 40), Entry::MISSING, entry(52, 8)];
        let bytes = IndexForm::encode(entries);
        assert_eq!(LAST.place(152), Ok((100, 52)));
        assert_eq!(LAST.parse(&bytes, 152).unwrap(), entries);
        let first = IndexForm {
            is_first: true,
            ..LAST
        };
        assert_eq!(first.place(152), Ok((0, 52)));
        assert_eq!(first.parse(&bytes, 152).unwrap(), entries);
        let unchecked = IndexForm {
            is_checked: false,
            byte_order: ByteOrder::Big,
            ..LAST
        };
        let big: Vec<u8> = [60_u64, 40, u64::MAX, u64::MAX, 52, 8]
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect();
        assert_eq!(unchecked.parse(&big, 148).unwrap(), entries);
    }

    #[test]
    fn entries_outside_the_shard_or_on_each_other_are_named() {
        for (entries, expected) in [
            (
                [entry(0, 40), entry(39, 1), entry(50, 1)],
                "chunk 0 and chunk 1",
            ),
            (
                [entry(50, 2), entry(0, 1), entry(49, 2)],
                "chunk 0 and chunk 2",
            ),
            ([entry(0, 40), entry(40, 61), entry(0, 0)], "and the index"),
            (
                [entry(0, 40), entry(153, 0), entry(50, 1)],
                "outside its 152 bytes",
            ),
            ([entry(0, u64::MAX), entry(1, 1), entry(50, 1)], "outside"),
            (
                [entry(u64::MAX - 1, 9), entry(1, 1), entry(50, 1)],
                "outside",
            ),
        ] {
            let bytes = IndexForm::encode(entries);
            let (at, reason) = LAST.parse(&bytes, 152).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
            assert!((100..152).contains(&at), "{at}");
        }
    }

    #[test]
    fn a_wrong_crc_and_a_shard_too_small_are_told() {
        let mut bytes = IndexForm::encode([entry(0, 1), entry(1, 1), entry(2, 1)]);
        bytes[5] ^= 1;
        let (at, reason) = LAST.parse(&bytes, 152).unwrap_err();
        assert!(at == 100 && reason.contains("CRC32C"), "{reason}");
        assert!(LAST.place(51).unwrap_err().1.contains("too few"));
        let absurd = IndexForm {
            chunks: u64::MAX,
            ..LAST
        };
        assert!(
            absurd
                .place(1 << 40)
                .unwrap_err()
                .1
                .contains("more than 16777216 chunks")
        );
    }

    proptest! {
        #[test]
        fn no_index_makes_it_panic(
            numbers in prop::collection::vec(0_u64..200, 6),
            cut in 0_usize..60,
        ) {
            let entries = numbers.chunks(2).map(|pair| entry(pair[0], pair[1]));
            let bytes = IndexForm::encode(entries);
            if let Ok(found) = LAST.parse(&bytes, 152) {
                prop_assert!(found.iter().all(|entry| entry.offset + entry.bytes <= 152));
            }
            let _ = LAST.parse(&bytes[..cut.min(bytes.len())], 152);
        }
    }
}
