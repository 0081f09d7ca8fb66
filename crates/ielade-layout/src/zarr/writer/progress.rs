//! What is noted of an unfinished store: bytes of the images' file that grows; number of its
//! complete chunks, and first byte and length of each; the samples that wait to be packed. Numbers
//! are `u64`, little-endian.

use crate::zarr::shard_index::Entry;

/// What is noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes of the file that grows.
    pub(super) file_bytes: u64,
    /// Its complete chunks, where it is a shard.
    pub(super) index: Vec<Entry>,
    /// Samples that wait to be packed.
    pub(super) pending: Vec<u8>,
}

impl Progress {
    pub(super) fn decode(note: &[u8]) -> Option<Self> {
        let (numbers, _) = note.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
        let file_bytes = numbers.next()?;
        let chunks = numbers.next()?;
        let mut index = Vec::new();
        for _ in 0..chunks {
            index.push(Entry {
                offset: numbers.next()?,
                bytes: numbers.next()?,
            });
        }
        Some(Self {
            file_bytes,
            pending: note.get(16 + 16 * index.len()..)?.to_vec(),
            index,
        })
    }

    pub(super) fn encode(file_bytes: u64, index: &[Entry], pending: &[u8]) -> Vec<u8> {
        let mut note = Vec::with_capacity(16 + 16 * index.len() + pending.len());
        note.extend_from_slice(&file_bytes.to_le_bytes());
        note.extend_from_slice(&(index.len() as u64).to_le_bytes());
        for entry in index {
            note.extend_from_slice(&entry.offset.to_le_bytes());
            note.extend_from_slice(&entry.bytes.to_le_bytes());
        }
        note.extend_from_slice(pending);
        note
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;
    use crate::zarr::shard_index::Entry;

    #[test]
    fn a_note_tells_what_was_noted() {
        let index = vec![Entry {
            offset: 3,
            bytes: 4,
        }];
        let note = Progress::encode(7, &index, b"rest");
        let found = Progress::decode(&note).unwrap();
        let expected = Progress {
            file_bytes: 7,
            index,
            pending: b"rest".to_vec(),
        };
        assert_eq!(found, expected);
        assert_eq!(Progress::decode(&note[..31]), None);
    }
}
