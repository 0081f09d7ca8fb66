//! B-trees of version 2: links, attributes, or chunks.

use super::cursor::{Budget, CHECKSUM_BYTES, Cursor, Source};
use crate::columns::fault::Fault;

/// Bytes of a node beside its records and pointers: signature, version, kind, checksum.
const FRAME_BYTES: u64 = 4 + 1 + 1 + CHECKSUM_BYTES;

/// Greatest depth that is read; a tree of all the bytes that there are is not as deep.
const MAX_DEPTH: u16 = 32;

/// A tree, by its header.
#[derive(Debug, Clone)]
pub(super) struct Tree<'a> {
    source: Source<'a>,
    /// What its records are, as the format numbers it.
    pub(super) kind: u8,
    /// Bytes of a record.
    pub(super) record_bytes: u64,
    node_bytes: u64,
    /// Of nodes at each depth, the leaves first.
    levels: Vec<Level>,
    root: Option<u64>,
    root_records: u64,
}

/// What is the same in all nodes of a depth.
#[derive(Debug, Clone, Copy)]
struct Level {
    /// Bytes of the number that counts all records below a node; none for a leaf.
    total_bytes: usize,
    /// Records of a node and all below it, at most.
    most_below: u64,
}

/// Bytes of a number up to this one.
const fn bytes_of(number: u64) -> usize {
    match number.checked_ilog2() {
        None => 1,
        Some(log) => log as usize / 8 + 1,
    }
}

impl<'a> Tree<'a> {
    pub(super) fn read(source: Source<'a>, address: u64) -> Result<Self, Fault> {
        let bytes = 4
            + 1
            + 1
            + 4
            + 2
            + 2
            + 1
            + 1
            + source.offset_bytes as u64
            + 2
            + source.length_bytes as u64
            + CHECKSUM_BYTES;
        let mut header = source.checked(address, bytes)?;
        let here = header;
        header.signature(*b"BTHD", "a B-tree's header")?;
        header.version(&[0], "a B-tree")?;
        let kind = header.u8()?;
        let node_bytes = u64::from(header.u32()?);
        let record_bytes = u64::from(header.u16()?);
        let depth = header.u16()?;
        header.skip(2)?;
        let root = header.address()?;
        let root_records = u64::from(header.u16()?);
        if record_bytes == 0 || depth > MAX_DEPTH || node_bytes < FRAME_BYTES + record_bytes {
            return Err(here.fault(format!(
                "a B-tree of depth {depth}, nodes of {node_bytes} and records of {record_bytes} bytes"
            )));
        }
        let mut this = Self {
            source,
            kind,
            record_bytes,
            node_bytes,
            levels: Vec::new(),
            root,
            root_records,
        };
        this.set_levels(depth);
        Ok(this)
    }

    fn set_levels(&mut self, depth: u16) {
        let most = (self.node_bytes - FRAME_BYTES) / self.record_bytes;
        self.levels.push(Level {
            total_bytes: 0,
            most_below: most,
        });
        for depth in 1..=usize::from(depth) {
            let below = self.levels[depth - 1];
            let pointer = self.pointer_bytes(depth);
            let room = self.node_bytes.saturating_sub(FRAME_BYTES + pointer);
            let most = room / (self.record_bytes + pointer);
            let most_below = (most + 1)
                .saturating_mul(below.most_below)
                .saturating_add(most);
            self.levels.push(Level {
                total_bytes: bytes_of(most_below),
                most_below,
            });
        }
    }

    /// Bytes of the number that counts a child's own records: as many as a leaf needs.
    fn count_bytes(&self) -> usize {
        bytes_of(self.levels[0].most_below)
    }

    /// Bytes of a pointer in a node of this depth, which is not 0.
    fn pointer_bytes(&self, depth: usize) -> u64 {
        let total = self.levels[depth - 1].total_bytes;
        (self.source.offset_bytes + self.count_bytes() + total) as u64
    }

    /// Gives every record to `take`, in no certain order.
    pub(super) fn walk(
        &self,
        take: &mut dyn FnMut(Cursor<'a>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut budget = Budget::new(&self.source, "the nodes of a B-tree");
        let root = self.root.filter(|_| self.root_records > 0);
        let mut left: Vec<(u64, u64, usize)> = root
            .map(|address| (address, self.root_records, self.levels.len() - 1))
            .into_iter()
            .collect();
        while let Some((address, records, depth)) = left.pop() {
            let pointers = if depth == 0 {
                0
            } else {
                (records + 1).saturating_mul(self.pointer_bytes(depth))
            };
            let content = records
                .saturating_mul(self.record_bytes)
                .saturating_add(pointers);
            let bytes = content.saturating_add(FRAME_BYTES);
            let mut node = self.source.checked(address, bytes)?;
            budget.spend(bytes, node.offset())?;
            let signature = if depth == 0 { *b"BTLF" } else { *b"BTIN" };
            node.signature(signature, "a node of a B-tree")?;
            node.version(&[0], "a node of a B-tree")?;
            node.version(&[self.kind], "records of a B-tree")?;
            for _ in 0..records {
                take(node.piece(self.record_bytes)?)?;
            }
            if depth > 0 {
                for _ in 0..=records {
                    let child = node.defined_address("a child of a B-tree's node")?;
                    let child_records = node.number(self.count_bytes())?;
                    node.skip(self.levels[depth - 1].total_bytes as u64)?;
                    left.push((child, child_records, depth - 1));
                }
            }
        }
        Ok(())
    }
}
