//! The superblock (version 0): the file's first bytes.

use super::{
    Bytes, Group, UNDEFINED,
    group::{INTERNAL_K, LEAF_K},
};

/// The superblock of a file of `end` bytes whose root is `root`: 96 bytes.
pub(in crate::hdf5) fn superblock(root: &Group, end: u64) -> Vec<u8> {
    let mut bytes = Bytes::default();
    bytes.put(b"\x89HDF\r\n\x1a\n");
    // Versions of the superblock, free space, the root's entry; and of shared headers.
    bytes.zeros(4).u8(0);
    // Bytes of an address and of a length.
    bytes.u8(8).u8(8).u8(0);
    bytes.u16(LEAF_K).u16(INTERNAL_K).u32(0);
    bytes.u64(0).u64(UNDEFINED).u64(end).u64(UNDEFINED);
    // The root's entry, with its parts at hand (1).
    bytes.u64(0).u64(root.header).u32(1).u32(0);
    bytes.u64(root.tree).u64(root.heap);
    bytes.take()
}
