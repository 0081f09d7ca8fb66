//! Collections of the global heap: values of variable length, many in one piece of the file.

use super::{ALIGNMENT, Bytes};

/// The least bytes of a collection that the library accepts. A collection is ended as soon as it
/// has as many, and is as long as what it holds: the library reads it whole for a single value, so
/// small ones are best, and none leaves room unused.
const MIN_BYTES: usize = 4096;

/// Bytes in front of the first object.
const HEAD_BYTES: usize = 16;

/// Bytes in front of an object.
const OBJECT_HEAD: usize = 16;

/// Bytes by which a dataset refers to an object.
pub(in crate::hdf5) const REFERENCE_BYTES: usize = 16;

/// What a dataset holds for an object: its length, the collection's address, the number within it.
pub(in crate::hdf5) fn reference(bytes: u32, address: u64, object: u32) -> [u8; REFERENCE_BYTES] {
    let mut reference = [0; REFERENCE_BYTES];
    reference[..4].copy_from_slice(&bytes.to_le_bytes());
    reference[4..12].copy_from_slice(&address.to_le_bytes());
    reference[12..].copy_from_slice(&object.to_le_bytes());
    reference
}

/// A collection that is being filled.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::hdf5) struct Collection {
    /// Objects so far; the first is number 1.
    objects: u16,
    /// All of them.
    content: Bytes,
}

impl Collection {
    /// As it was when [`Collection::content`] gave `content`; `None` if that was something else.
    pub(in crate::hdf5) fn of_content(content: &[u8]) -> Option<Self> {
        let (mut rest, mut objects) = (content, 0_u16);
        while !rest.is_empty() {
            let length = u64::from_le_bytes(*rest.get(8..)?.first_chunk()?);
            let padded = usize::try_from(length)
                .ok()?
                .checked_next_multiple_of(ALIGNMENT)?;
            rest = rest.get(OBJECT_HEAD.checked_add(padded)?..)?;
            objects = objects.checked_add(1)?;
        }
        let mut bytes = Bytes::default();
        bytes.put(content);
        Some(Self {
            objects,
            content: bytes,
        })
    }

    /// Adds an object; its number.
    pub(in crate::hdf5) fn push(&mut self, value: &[u8]) -> u16 {
        self.objects += 1;
        self.content.u16(self.objects).u16(0).u32(0);
        self.content.u64(value.len() as u64).put(value).align();
        self.objects
    }

    /// The objects so far.
    pub(in crate::hdf5) fn content(&self) -> &[u8] {
        self.content.as_slice()
    }

    /// True where the next object belongs into another collection.
    pub(in crate::hdf5) fn is_full(&self) -> bool {
        HEAD_BYTES + self.content.len() >= MIN_BYTES
    }

    /// Gives the collection to `sink` and starts the next.
    pub(in crate::hdf5) fn end<E>(
        &mut self,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let used = HEAD_BYTES + self.content.len();
        let size = used.max(MIN_BYTES);
        let mut head = Bytes::default();
        head.put(b"GCOL").u32(1).u64(size as u64);
        if size - used >= OBJECT_HEAD {
            // What is free is object 0; less than an object's head is free without saying so.
            self.content.u64(0).u64((size - used) as u64);
        }
        self.content.zeros(size - HEAD_BYTES - self.content.len());
        sink(head.as_slice())?;
        sink(self.content.as_slice())?;
        self.objects = 0;
        self.content.clear();
        Ok(())
    }
}
