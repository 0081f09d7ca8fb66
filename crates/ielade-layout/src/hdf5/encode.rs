//! The parts of an HDF5 file as bytes.
//!
//! Of the ways in which the format lets everything be said, the oldest one is taken that says it:
//! superblock 0, groups as symbol tables, object headers of version 1, data layout messages of
//! version 3, chunks found by a B-tree of version 1. Every h5py reads these (HDF5 1.6.3 and later
//! does, and so does what reads HDF5 without the library), without checksums to compute, and the
//! B-tree of chunks that come in order is written front to back, level by level. What is newer
//! (fixed arrays of addresses) is smaller, but the library writes it only when told
//! `libver='latest'`.
//!
//! The format: <https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html>. All numbers
//! are little-endian; addresses and lengths have 8 bytes.

mod bytes;
mod chunk_tree;
mod datatype;
mod global_heap;
mod group;
mod message;
mod object_header;
mod superblock;

pub(super) use bytes::Bytes;
pub(super) use chunk_tree::{ChunkPlace, ChunkTree};
pub(super) use datatype::Datatype;
pub(super) use global_heap::{Collection, REFERENCE_BYTES, reference};
pub(super) use group::Group;
pub(super) use message::{Extent, Filter, Message};
pub(super) use object_header::object_header;
pub(super) use superblock::superblock;

/// The address of what is not there.
pub(super) const UNDEFINED: u64 = u64::MAX;

/// Parts start at multiples of this.
pub(super) const ALIGNMENT: usize = 8;

#[cfg(test)]
mod tests;
