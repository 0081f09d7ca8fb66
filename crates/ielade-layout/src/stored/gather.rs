//! Samples that are spread over several chunks, or whose dimensions were turned: put together, value
//! by value or in runs.

/// Most dimensions of an array that is read.
pub(crate) const MAX_DIMENSIONS: usize = 8;

/// A chunk's or file's place in each dimension; 0 beyond the array's dimensions.
pub(crate) type Coordinates = [u64; MAX_DIMENSIONS];

type Lengths = [usize; MAX_DIMENSIONS];

/// How an array is cut into chunks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut<'a> {
    /// Length of each dimension; at most [`MAX_DIMENSIONS`], and of the other lists as many.
    pub(crate) shape: &'a [u64],
    /// Length of a chunk in each dimension.
    pub(crate) chunk: &'a [u64],
    /// Which dimension of the array each one of a chunk is, the slowest first.
    pub(crate) order: &'a [usize],
    /// Bytes of a value.
    pub(crate) value_bytes: usize,
}

/// How the values of chunks become samples.
#[derive(Debug, Clone)]
pub(crate) struct Gather {
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
    pub(crate) fn new(cut: &Cut<'_>) -> Self {
        let rank = cut.shape.len();
        let size = cut.value_bytes;
        let (mut chunk, mut row) = ([1; MAX_DIMENSIONS], [1; MAX_DIMENSIONS]);
        for dimension in 0..rank {
            chunk[dimension] = cut.chunk[dimension] as usize;
            row[dimension] = cut.shape[dimension] as usize;
        }
        row[0] = chunk[0];
        let (mut chunk_strides, mut row_strides) = ([0; MAX_DIMENSIONS], [0; MAX_DIMENSIONS]);
        let (mut in_chunk, mut in_row) = (size, size);
        for dimension in (0..rank).rev() {
            row_strides[dimension] = in_row;
            in_row *= row[dimension];
            let stored = cut.order[dimension];
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

    pub(crate) fn chunk_bytes(&self) -> usize {
        self.size * self.chunk.iter().product::<usize>()
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.size * self.row.iter().product::<usize>()
    }

    /// Puts a chunk's values into their places among the samples of its row.
    pub(crate) fn put(&self, chunk: &Coordinates, values: &[u8], row: &mut [u8]) {
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
    use super::{Coordinates, Cut, Gather, MAX_DIMENSIONS};
    use proptest::prelude::*;

    /// The value at a place, from its coordinates.
    fn value(at: [u64; 3]) -> [u8; 2] {
        ((at[0] * 100 + at[1] * 10 + at[2]) as u16).to_le_bytes()
    }

    /// A chunk's bytes, each value found by its coordinates.
    fn chunk(cut: &Cut<'_>, place: &Coordinates) -> Vec<u8> {
        let lengths: Vec<u64> = cut.order.iter().map(|at| cut.chunk[*at]).collect();
        let mut bytes = Vec::new();
        for a in 0..lengths[0] {
            for b in 0..lengths[1] {
                for c in 0..lengths[2] {
                    let mut at = [0; 3];
                    for (stored, within) in cut.order.iter().zip([a, b, c]) {
                        at[*stored] = place[*stored] * cut.chunk[*stored] + within;
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
            let cut = Cut { shape: &shape, chunk: &lengths, order: &order, value_bytes: 2 };
            let gather = Gather::new(&cut);
            for row in 0..shape[0].div_ceil(lengths[0]) {
                let mut samples = vec![0; gather.row_bytes()];
                for y in 0..shape[1].div_ceil(lengths[1]) {
                    for x in 0..shape[2].div_ceil(lengths[2]) {
                        let mut place = [0; MAX_DIMENSIONS];
                        place[..3].copy_from_slice(&[row, y, x]);
                        let bytes = chunk(&cut, &place);
                        prop_assert_eq!(bytes.len(), gather.chunk_bytes());
                        gather.put(&place, &bytes, &mut samples);
                    }
                }
                let mut values = samples.chunks(2);
                for sample in row * lengths[0]..(row + 1) * lengths[0] {
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
