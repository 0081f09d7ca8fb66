//! Which chunk holds a sample, which file holds a chunk, and what that file is called.

use super::metadata::ArrayMetadata;
use crate::stored::gather::{Coordinates, MAX_DIMENSIONS};
use std::{ffi::CStr, io::Write};

/// Most chunks that one sample may be spread over.
const MAX_PARTS: u64 = 4096;

/// Bytes of the longest key: eight numbers of 20 digits, each behind a separator, and a prefix.
const KEY_BYTES: usize = 192;

/// How a file's name is made of its coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkKeys {
    /// Whether it starts with `c`.
    pub(crate) has_prefix: bool,
    /// `/` or `.`
    pub(crate) separator: u8,
}

impl ChunkKeys {
    /// The name of the file at these coordinates, from the array's folder on.
    pub(crate) fn key(self, coordinates: &[u64]) -> Key {
        let mut key = Key {
            bytes: [0; KEY_BYTES],
            len: 0,
        };
        if self.has_prefix {
            key.push(b"c");
        }
        for (dimension, coordinate) in coordinates.iter().enumerate() {
            if dimension > 0 || self.has_prefix {
                key.push(&[self.separator]);
            }
            key.push_number(*coordinate);
        }
        // An array without dimensions has one chunk.
        if key.len == 0 {
            key.push(b"0");
        }
        key
    }
}

/// The name of a chunk's file, made without asking for memory.
pub(crate) struct Key {
    /// Ended by at least one NUL.
    bytes: [u8; KEY_BYTES],
    len: usize,
}

impl Key {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        self.bytes[self.len..end].copy_from_slice(bytes);
        self.len = end;
    }

    fn push_number(&mut self, number: u64) {
        let mut room = &mut self.bytes[self.len..];
        let before = room.len();
        // The room suffices for the most and longest numbers.
        let _ = write!(room, "{number}");
        self.len += before - room.len();
    }

    pub(crate) fn as_text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }
}

/// The chunks of an array. Those that together hold the same samples are a *row*, and the *parts* of
/// a row are numbered in C order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Chunks in each dimension.
    counts: Vec<u64>,
    /// Chunks of a file in each dimension.
    in_file: Vec<u64>,
    parts: u64,
}

impl Grid {
    /// The chunks of an array; at least one dimension.
    pub(crate) fn new(metadata: &ArrayMetadata) -> Result<Self, String> {
        let counts: Vec<u64> = metadata
            .shape
            .iter()
            .zip(&metadata.chunk)
            .map(|(length, chunk)| length.div_ceil(*chunk))
            .collect();
        let mut parts = counts.iter().skip(1);
        let parts = parts.try_fold(1_u64, |product, count| product.checked_mul(*count));
        let parts = parts
            .filter(|parts| *parts <= MAX_PARTS)
            .ok_or_else(|| format!("its samples are cut into more than {MAX_PARTS} chunks each"))?;
        Ok(Self {
            in_file: match &metadata.sharding {
                Some(sharding) => sharding.chunks.clone(),
                None => vec![1; counts.len()],
            },
            counts,
            parts,
        })
    }

    /// Rows of chunks: the chunks in the first dimension.
    pub(crate) fn rows(&self) -> u64 {
        self.counts.first().copied().unwrap_or(1)
    }

    /// Chunks of a row.
    pub(crate) const fn parts(&self) -> u64 {
        self.parts
    }

    /// Files of the array; `None` for more than can be counted.
    pub(crate) fn files(&self) -> Option<u64> {
        self.files_by_dimension().try_fold(1_u64, u64::checked_mul)
    }

    fn files_by_dimension(&self) -> impl Iterator<Item = u64> {
        self.counts
            .iter()
            .zip(&self.in_file)
            .map(|(count, in_file)| count.div_ceil(*in_file))
    }

    /// Chunks of a file; `None` for more than can be counted.
    pub(crate) fn chunks_in_file(&self) -> Option<u64> {
        self.in_file
            .iter()
            .try_fold(1_u64, |product, count| product.checked_mul(*count))
    }

    /// Where a part of a row lies among the chunks.
    pub(crate) fn chunk(&self, row: u64, mut part: u64) -> Coordinates {
        let mut chunk = [0; MAX_DIMENSIONS];
        for dimension in (1..self.counts.len()).rev() {
            let count = self.counts[dimension].max(1);
            chunk[dimension] = part % count;
            part /= count;
        }
        chunk[0] = row;
        chunk
    }

    /// The file that a chunk lies in, and the chunk's number within it.
    pub(crate) fn file_of(&self, chunk: &Coordinates) -> (Coordinates, u64) {
        let mut file = [0; MAX_DIMENSIONS];
        let mut number = 0;
        for (dimension, in_file) in self.in_file.iter().enumerate() {
            file[dimension] = chunk[dimension] / in_file;
            number = number * in_file + chunk[dimension] % in_file;
        }
        (file, number)
    }

    /// The number of a file among all, in C order.
    pub(crate) fn file_number(&self, file: &Coordinates) -> u64 {
        self.files_by_dimension()
            .zip(file)
            .fold(0, |number, (count, at)| number * count + at)
    }

    /// The file of a number.
    pub(crate) fn file(&self, mut number: u64) -> Coordinates {
        let counts: Vec<u64> = self.files_by_dimension().collect();
        let mut file = [0; MAX_DIMENSIONS];
        for (dimension, count) in counts.iter().enumerate().rev() {
            file[dimension] = number % (*count).max(1);
            number /= (*count).max(1);
        }
        file
    }

    /// Dimensions of the array.
    pub(crate) fn rank(&self) -> usize {
        self.counts.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{ChunkKeys, Grid};
    use crate::{
        stored::array::ByteOrder,
        zarr::{
            data_type::DataType,
            metadata::{ArrayMetadata, Attributes, Layers, Sharding},
        },
    };

    fn array(shape: &[u64], chunk: &[u64], in_file: Option<&[u64]>) -> ArrayMetadata {
        ArrayMetadata {
            data_type: DataType::Unsigned(1),
            shape: shape.to_vec(),
            chunk: chunk.to_vec(),
            sharding: in_file.map(|chunks| Sharding {
                chunks: chunks.to_vec(),
                index_first: false,
                index_checked: true,
                index_byte_order: ByteOrder::Little,
            }),
            keys: ChunkKeys {
                has_prefix: true,
                separator: b'/',
            },
            layers: Layers {
                order: (0..shape.len()).collect(),
                byte_order: ByteOrder::Little,
                packings: Vec::new(),
            },
            fill: vec![0],
            attributes: Attributes::new(),
        }
    }

    #[test]
    fn keys_are_those_of_the_specification() {
        for (has_prefix, separator, expected, none) in [
            (true, b'/', "c/10/0/2", "c"),
            (true, b'.', "c.10.0.2", "c"),
            (false, b'.', "10.0.2", "0"),
            (false, b'/', "10/0/2", "0"),
        ] {
            let keys = ChunkKeys {
                has_prefix,
                separator,
            };
            assert_eq!(keys.key(&[10, 0, 2]).as_text(), expected);
            assert_eq!(keys.key(&[10, 0, 2]).as_c_str().to_str(), Ok(expected));
            assert_eq!(keys.key(&[]).as_text(), none);
            let longest = keys.key(&[u64::MAX; 8]);
            assert!(longest.as_text().ends_with(&u64::MAX.to_string()));
        }
    }

    #[test]
    fn every_chunk_has_one_place_in_one_file() {
        let grid = Grid::new(&array(&[10, 9, 7], &[3, 4, 2], Some(&[2, 1, 3]))).unwrap();
        assert_eq!((grid.rows(), grid.parts()), (4, 12));
        assert_eq!((grid.files(), grid.chunks_in_file()), (Some(12), Some(6)));
        let mut seen = std::collections::BTreeSet::new();
        for row in 0..4 {
            for part in 0..12 {
                let chunk = grid.chunk(row, part);
                assert_eq!(chunk[1] * 4 + chunk[2], part);
                let (file, within) = grid.file_of(&chunk);
                let number = grid.file_number(&file);
                assert_eq!(grid.file(number), file);
                assert!(number < 12 && within < 6);
                assert!(seen.insert((number, within)));
            }
        }
    }

    #[test]
    fn a_shape_beyond_all_bounds_is_refused_or_counted() {
        let huge = u64::MAX;
        let error = Grid::new(&array(&[4, huge, huge], &[1, 1, 1], None)).unwrap_err();
        assert!(error.contains("4096"), "{error}");
        let grid = Grid::new(&array(&[huge], &[1], Some(&[huge]))).unwrap();
        assert_eq!((grid.rows(), grid.files()), (huge, Some(1)));
    }
}
