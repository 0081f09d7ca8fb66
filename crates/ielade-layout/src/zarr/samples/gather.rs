//! Samples that are spread over several chunks, or whose dimensions were turned: put together, value
//! by value or in runs.

use crate::zarr::{
    grid::{Coordinates, MAX_DIMENSIONS},
    metadata::ArrayMetadata,
};

type Lengths = [usize; MAX_DIMENSIONS];

/// How the values of chunks become samples.
#[derive(Debug, Clone)]
pub(super) struct Gather {
    rank: usize,
    /// Bytes of a value.
    size: usize,
    /// Shape of a chunk, and of a row of samples.
    chunk: Lengths,
    row: Lengths,
    /// Bytes from one value to the next in each dimension.
    chunk_strides: Lengths,
    row_strides: Lengths,
}

impl Gather {
    /// For an array whose chunks and rows have been found to be of bearable size.
    pub(super) fn new(metadata: &ArrayMetadata) -> Self {
        let rank = metadata.shape.len();
        let size = metadata.data_type.size();
        let (mut chunk, mut row) = ([1; MAX_DIMENSIONS], [1; MAX_DIMENSIONS]);
        for dimension in 0..rank {
            chunk[dimension] = metadata.chunk[dimension] as usize;
            row[dimension] = metadata.shape[dimension] as usize;
        }
        row[0] = chunk[0];
        let (mut chunk_strides, mut row_strides) = ([0; MAX_DIMENSIONS], [0; MAX_DIMENSIONS]);
        let (mut in_chunk, mut in_row) = (size, size);
        for dimension in (0..rank).rev() {
            row_strides[dimension] = in_row;
            in_row *= row[dimension];
            let stored = metadata.layers.order[dimension];
            chunk_strides[stored] = in_chunk;
            in_chunk *= chunk[stored];
        }
        Self {
            rank,
            size,
            chunk,
            row,
            chunk_strides,
            row_strides,
        }
    }

    pub(super) fn chunk_bytes(&self) -> usize {
        self.size * self.chunk.iter().product::<usize>()
    }

    pub(super) fn row_bytes(&self) -> usize {
        self.size * self.row.iter().product::<usize>()
    }

    /// Puts a chunk's values into their places among the samples of its row.
    pub(super) fn put(&self, chunk: &Coordinates, values: &[u8], row: &mut [u8]) {
        let mut extents = self.chunk;
        let mut target = 0;
        for dimension in 1..self.rank {
            let start = chunk[dimension] as usize * self.chunk[dimension];
            // A chunk may reach beyond the array.
            extents[dimension] = extents[dimension].min(self.row[dimension].saturating_sub(start));
            target += start * self.row_strides[dimension];
        }
        if extents[..self.rank].contains(&0) {
            return;
        }
        self.copy(0, &extents, (values, 0), (row, target));
    }

    fn copy(
        &self,
        dimension: usize,
        extents: &Lengths,
        (values, from): (&[u8], usize),
        (row, to): (&mut [u8], usize),
    ) {
        let (chunk_stride, row_stride) =
            (self.chunk_strides[dimension], self.row_strides[dimension]);
        let is_last = dimension + 1 == self.rank;
        if is_last && chunk_stride == self.size && row_stride == self.size {
            let bytes = extents[dimension] * self.size;
            row[to..][..bytes].copy_from_slice(&values[from..][..bytes]);
            return;
        }
        for at in 0..extents[dimension] {
            let (from, to) = (from + at * chunk_stride, to + at * row_stride);
            if is_last {
                row[to..][..self.size].copy_from_slice(&values[from..][..self.size]);
            } else {
                self.copy(dimension + 1, extents, (values, from), (row, to));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Gather;
    use crate::{
        stored::array::ByteOrder,
        zarr::{
            data_type::DataType,
            grid::{ChunkKeys, Grid},
            metadata::{ArrayMetadata, Attributes, Layers},
        },
    };
    use proptest::prelude::*;

    fn array(shape: Vec<u64>, chunk: Vec<u64>, order: Vec<usize>) -> ArrayMetadata {
        ArrayMetadata {
            data_type: DataType::Unsigned(2),
            shape,
            chunk,
            sharding: None,
            keys: ChunkKeys {
                has_prefix: false,
                separator: b'.',
            },
            layers: Layers {
                order,
                byte_order: ByteOrder::Little,
                packings: Vec::new(),
            },
            fill: vec![0; 2],
            attributes: Attributes::new(),
        }
    }

    /// The value at a place, from its coordinates.
    fn value(at: [u64; 3]) -> [u8; 2] {
        ((at[0] * 100 + at[1] * 10 + at[2]) as u16).to_le_bytes()
    }

    /// A chunk's bytes, each value found by its coordinates.
    fn chunk(metadata: &ArrayMetadata, place: &[u64]) -> Vec<u8> {
        let order = &metadata.layers.order;
        let lengths: Vec<u64> = order.iter().map(|at| metadata.chunk[*at]).collect();
        let mut bytes = Vec::new();
        for a in 0..lengths[0] {
            for b in 0..lengths[1] {
                for c in 0..lengths[2] {
                    let mut at = [0; 3];
                    for (stored, within) in order.iter().zip([a, b, c]) {
                        at[*stored] = place[*stored] * metadata.chunk[*stored] + within;
                    }
                    bytes.extend(value(at));
                }
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn samples_are_whole_whatever_the_chunks(
            shape in prop::collection::vec(1_u64..10, 3),
            lengths in prop::collection::vec(1_u64..12, 3),
            order in Just(vec![0, 1, 2]).prop_shuffle(),
        ) {
            let metadata = array(shape.clone(), lengths, order);
            let grid = Grid::new(&metadata).unwrap();
            let gather = Gather::new(&metadata);
            for row in 0..grid.rows() {
                let mut samples = vec![0; gather.row_bytes()];
                for part in 0..grid.parts() {
                    let place = grid.chunk(row, part);
                    let bytes = chunk(&metadata, &place);
                    prop_assert_eq!(bytes.len(), gather.chunk_bytes());
                    gather.put(&place, &bytes, &mut samples);
                }
                let mut values = samples.chunks(2);
                for sample in row * metadata.chunk[0]..(row + 1) * metadata.chunk[0] {
                    for y in 0..shape[1] {
                        for x in 0..shape[2] {
                            prop_assert_eq!(values.next().unwrap(), value([sample, y, x]));
                        }
                    }
                }
            }
        }
    }
}
