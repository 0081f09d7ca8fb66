//! The global heap: collections of objects, in which values of variable length are kept.

use super::{
    cursor::{Budget, Cursor, Source},
    storage::Piece,
};
use crate::columns::fault::Fault;
use std::collections::HashMap;

/// Bytes of an object's place within its collection.
const ALIGNMENT: u64 = 8;

/// The collections that were looked into.
pub(super) struct GlobalHeap<'a> {
    source: Source<'a>,
    /// Objects of each collection, by its address, in the order of their numbers.
    collections: HashMap<u64, Vec<(u16, Piece)>>,
    budget: Budget,
}

impl<'a> GlobalHeap<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            collections: HashMap::new(),
            budget: Budget::new(&source, "the collections of the global heap"),
        }
    }

    /// The value that a reference refers to, whose elements have one byte each.
    pub(super) fn find(&mut self, mut reference: Cursor<'_>) -> Result<Piece, Fault> {
        let here = reference;
        let bytes = u64::from(reference.u32()?);
        let address = reference.address()?.filter(|address| *address != 0);
        let number = reference.u32()?;
        let Some(address) = address.filter(|_| bytes > 0) else {
            if bytes > 0 {
                return Err(here.fault(format!("{bytes} bytes at no address")));
            }
            return Ok(Piece { offset: 0, bytes });
        };
        let objects = self.collection(address)?;
        let found = u16::try_from(number)
            .ok()
            .and_then(|number| {
                objects
                    .binary_search_by_key(&number, |(number, _)| *number)
                    .ok()
            })
            .and_then(|at| objects.get(at));
        let Some((_, object)) = found else {
            return Err(here.fault(format!(
                "the heap's collection at address {address} has no object {number}"
            )));
        };
        if object.bytes < bytes {
            let has = object.bytes;
            return Err(here.fault(format!("{bytes} bytes of an object that has {has}")));
        }
        Ok(Piece {
            offset: object.offset,
            bytes,
        })
    }

    fn collection(&mut self, address: u64) -> Result<&[(u16, Piece)], Fault> {
        use std::collections::hash_map::Entry;
        match self.collections.entry(address) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(room) => {
                let objects = read(self.source, address, &mut self.budget)?;
                Ok(room.insert(objects))
            }
        }
    }
}

fn read(source: Source<'_>, address: u64, budget: &mut Budget) -> Result<Vec<(u16, Piece)>, Fault> {
    let mut start = source.from(address)?;
    let mut head = start;
    head.signature(*b"GCOL", "a collection of the global heap")?;
    head.version(&[1], "the global heap")?;
    head.skip(3)?;
    let bytes = head.length()?;
    budget.spend(bytes, start.offset())?;
    let head_bytes = head.offset() - start.offset();
    let mut collection = start.piece(bytes)?;
    collection.skip(head_bytes)?;
    let frame = 8 + source.length_bytes as u64;
    let mut objects: Vec<(u16, Piece)> = Vec::new();
    // What is shorter than an object's start is left over.
    while collection.remaining() >= frame {
        let number = collection.u16()?;
        collection.skip(6)?;
        let bytes = collection.length()?;
        if number == 0 {
            // What follows is free.
            break;
        }
        let offset = collection.offset();
        collection.skip(bytes)?;
        // The last one may lack what fills it up.
        let padding = bytes.next_multiple_of(ALIGNMENT) - bytes;
        collection.skip(padding.min(collection.remaining()))?;
        objects.push((number, Piece { offset, bytes }));
    }
    objects.sort_unstable_by_key(|(number, _)| *number);
    if let Some(twice) = objects.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        let reason = format!("object {} is in its collection twice", twice[1].0);
        return Err(Fault::new(twice[1].1.offset, reason));
    }
    Ok(objects)
}
