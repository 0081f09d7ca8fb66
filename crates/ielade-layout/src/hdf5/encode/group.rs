//! A group: names and the objects that they lead to, as a symbol table.

use super::{Bytes, Message, UNDEFINED, object_header};

/// Half of the entries that a node of symbols has room for, at most.
pub(super) const LEAF_K: u16 = 4;

/// Half of the children of a node of the tree, at most.
pub(super) const INTERNAL_K: u16 = 16;

/// Bytes of an entry in a node of symbols.
const ENTRY_BYTES: usize = 40;

/// There is no free room in the heap of names.
const NO_FREE_BLOCK: u64 = 1;

/// A group as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) struct Group {
    pub(in crate::hdf5) bytes: Vec<u8>,
    /// Addresses of its parts.
    pub(in crate::hdf5) tree: u64,
    pub(in crate::hdf5) heap: u64,
    pub(in crate::hdf5) header: u64,
}

impl Group {
    /// The group of up to eight objects at these addresses, itself to lie at `start`.
    pub(in crate::hdf5) fn encode(start: u64, entries: &[(&str, u64)]) -> Self {
        let mut sorted = entries.to_vec();
        sorted.sort_unstable();
        let mut names = Bytes::default();
        // The name of no bytes, the least there is, is before all.
        names.u64(0);
        let places: Vec<u64> = sorted
            .iter()
            .map(|(name, _)| {
                let place = names.len() as u64;
                names.put(name.as_bytes()).u8(0).align();
                place
            })
            .collect();
        let mut bytes = Bytes::default();
        let at = |bytes: &Bytes| start + bytes.len() as u64;

        let symbols = at(&bytes);
        bytes.put(b"SNOD").u8(1).u8(0).u16(sorted.len() as u16);
        for ((_, address), place) in sorted.iter().zip(&places) {
            bytes.u64(*place).u64(*address).zeros(ENTRY_BYTES - 16);
        }
        let room = 2 * usize::from(LEAF_K);
        bytes.zeros(room.saturating_sub(sorted.len()) * ENTRY_BYTES);

        let tree = at(&bytes);
        bytes.put(b"TREE").u8(0).u8(0).u16(1);
        bytes.u64(UNDEFINED).u64(UNDEFINED);
        bytes.u64(0).u64(symbols);
        bytes.u64(places.last().copied().unwrap_or(0));
        bytes.zeros((4 * usize::from(INTERNAL_K) - 2) * size_of::<u64>());

        let heap = at(&bytes);
        bytes.put(b"HEAP").u32(0);
        bytes.u64(names.len() as u64).u64(NO_FREE_BLOCK);
        bytes.u64(heap + 32).put(names.as_slice());

        let header = at(&bytes);
        bytes.put(&object_header(&[Message::symbol_table(tree, heap)]));
        Self {
            bytes: bytes.take(),
            tree,
            heap,
            header,
        }
    }
}
