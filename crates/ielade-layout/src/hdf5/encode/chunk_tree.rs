//! The B-tree (version 1) that finds a dataset's chunks.

use super::{Bytes, UNDEFINED};

/// Children of a node: twice the 32 that a superblock of version 0 stands for.
const CHILDREN: usize = 64;

/// Bytes in front of the first key of a node.
const HEAD_BYTES: usize = 24;

/// Where a chunk lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hdf5) struct ChunkPlace {
    pub(in crate::hdf5) address: u64,
    pub(in crate::hdf5) bytes: u32,
}

/// The tree of chunks that follow one another along the first dimension and each hold all of the
/// others.
#[derive(Debug, Clone, Copy)]
pub(in crate::hdf5) struct ChunkTree<'a> {
    /// A chunk's length along each dimension, and the bytes of a value.
    pub(in crate::hdf5) lengths: &'a [u32],
    /// How many there are.
    pub(in crate::hdf5) chunks: u64,
    /// Where the tree is to lie.
    pub(in crate::hdf5) start: u64,
}

/// One level of the tree: nodes of equal size, one behind the other.
struct Level {
    number: u8,
    start: u64,
    nodes: u64,
    /// Chunks below a child.
    chunks_each: u64,
}

impl ChunkTree<'_> {
    /// Gives the tree to `sink` piece by piece; `next` tells where chunk after chunk lies. Returns
    /// the root's address.
    pub(in crate::hdf5) fn write<E>(
        &self,
        mut next: impl FnMut() -> Result<ChunkPlace, E>,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<u64, E> {
        if self.chunks == 0 {
            return Ok(UNDEFINED);
        }
        let mut level = Level {
            number: 0,
            start: self.start,
            nodes: self.chunks.div_ceil(CHILDREN as u64),
            chunks_each: 1,
        };
        let mut below = Vec::new();
        for node in 0..level.nodes {
            let children = (self.chunks - node * CHILDREN as u64).min(CHILDREN as u64);
            let places = (0..children)
                .map(|_| next())
                .collect::<Result<Vec<_>, E>>()?;
            sink(&self.node(&level, node, &places))?;
            below.push(places[0].bytes);
        }
        while level.nodes > 1 {
            let children = level;
            level = Level {
                number: children.number + 1,
                start: children.start + children.nodes * self.node_bytes() as u64,
                nodes: children.nodes.div_ceil(CHILDREN as u64),
                chunks_each: children.chunks_each * CHILDREN as u64,
            };
            for (node, firsts) in below.chunks(CHILDREN).enumerate() {
                let places: Vec<ChunkPlace> = (node * CHILDREN..)
                    .zip(firsts)
                    .map(|(child, bytes)| ChunkPlace {
                        address: children.start + (child * self.node_bytes()) as u64,
                        bytes: *bytes,
                    })
                    .collect();
                sink(&self.node(&level, node as u64, &places))?;
            }
            below = below.into_iter().step_by(CHILDREN).collect();
        }
        Ok(level.start)
    }

    fn key_bytes(&self) -> usize {
        8 + 8 * self.lengths.len()
    }

    fn node_bytes(&self) -> usize {
        HEAD_BYTES + CHILDREN * size_of::<u64>() + (CHILDREN + 1) * self.key_bytes()
    }

    /// A node with its children and the size of the first chunk below each.
    fn node(&self, level: &Level, node: u64, children: &[ChunkPlace]) -> Vec<u8> {
        let address = |node: u64| level.start + node * self.node_bytes() as u64;
        let left = node.checked_sub(1).map_or(UNDEFINED, address);
        let is_last = node + 1 == level.nodes;
        let right = if is_last {
            UNDEFINED
        } else {
            address(node + 1)
        };
        let mut bytes = Bytes::default();
        bytes.put(b"TREE").u8(1).u8(level.number);
        bytes.u16(children.len() as u16).u64(left).u64(right);
        let first = node * CHILDREN as u64;
        for (child, place) in (first..).zip(children) {
            self.push_key(&mut bytes, place.bytes, child * level.chunks_each);
            bytes.u64(place.address);
        }
        if is_last {
            self.push_end(&mut bytes);
        } else {
            self.push_key(
                &mut bytes,
                0,
                (node + 1) * CHILDREN as u64 * level.chunks_each,
            );
        }
        bytes.zeros(self.node_bytes() - bytes.len());
        bytes.take()
    }

    /// The key of a chunk: its bytes, that no filter was left out, and its first value's position.
    fn push_key(&self, bytes: &mut Bytes, chunk_bytes: u32, chunk: u64) {
        let samples = u64::from(self.lengths.first().copied().unwrap_or(1));
        bytes.u32(chunk_bytes).u32(0).u64(chunk * samples);
        bytes.zeros((self.lengths.len() - 1) * size_of::<u64>());
    }

    /// The key behind the last chunk: as the library makes it, one chunk on in every dimension.
    fn push_end(&self, bytes: &mut Bytes) {
        let samples = u64::from(self.lengths.first().copied().unwrap_or(1));
        bytes.u64(0).u64(self.chunks * samples);
        for length in self.lengths.iter().skip(1) {
            bytes.u64((*length).into());
        }
    }
}
