//! B-trees of version 1: the links of a group, or the chunks of a dataset.

use super::cursor::{Budget, Cursor, Source};
use crate::columns::fault::Fault;

/// What a tree is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OldTree {
    /// Links of a group; keys are places in its heap.
    Links,
    /// Chunks of a dataset of so many dimensions; keys tell their sizes and places.
    Chunks(usize),
}

impl OldTree {
    const fn number(self) -> u8 {
        match self {
            Self::Links => 0,
            Self::Chunks(_) => 1,
        }
    }

    fn key_bytes(self, source: &Source<'_>) -> u64 {
        match self {
            Self::Links => source.length_bytes as u64,
            // Size, left out filters, and the place in each dimension and within a value.
            Self::Chunks(rank) => 4 + 4 + 8 * (rank as u64 + 1),
        }
    }

    /// Gives each leaf's key and address to `take`.
    pub(super) fn walk<'a>(
        self,
        source: Source<'a>,
        address: u64,
        take: &mut dyn FnMut(Cursor<'a>, u64) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut budget = Budget::new(&source, "the nodes of a B-tree");
        let key_bytes = self.key_bytes(&source);
        let mut left = vec![(address, None)];
        while let Some((address, expected)) = left.pop() {
            let mut node = source.from(address)?;
            node.signature(*b"TREE", "a node of a B-tree")?;
            let here = node;
            let (kind, level) = (node.u8()?, node.u8()?);
            if kind != self.number() {
                return Err(here.fault(format!(
                    "a B-tree of kind {kind} where {} belongs",
                    self.number()
                )));
            }
            if expected.is_some_and(|expected| expected != level) {
                return Err(here.fault(format!("a node of level {level} at the wrong level")));
            }
            let entries = node.u16()?;
            let entry_bytes = key_bytes + source.offset_bytes as u64;
            budget.spend(24 + u64::from(entries) * entry_bytes, here.offset())?;
            // Its neighbours.
            node.skip(2 * source.offset_bytes as u64)?;
            for _ in 0..entries {
                let key = node.piece(key_bytes)?;
                let child = node.defined_address("a child of a B-tree's node")?;
                match level.checked_sub(1) {
                    None => take(key, child)?,
                    Some(below) => left.push((child, Some(below))),
                }
            }
        }
        Ok(())
    }
}
