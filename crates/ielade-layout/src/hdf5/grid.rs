//! How a dataset is cut into chunks.

use super::dataspace::Dataspace;
use crate::stored::gather::{Coordinates, MAX_DIMENSIONS};

/// Most chunks that one sample may be spread over.
const MAX_PARTS: u64 = 4096;

/// The chunks of a dataset: those that together hold the same samples are a *row*, and the *parts*
/// of a row are numbered in C order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grid {
    /// Length of a chunk in each dimension.
    chunk: Vec<u64>,
    /// Chunks in each dimension.
    counts: Vec<u64>,
    /// Chunks in each dimension once the dataset is as large as it may become.
    pub(super) most: Vec<u64>,
}

impl Grid {
    /// The grid of a dataset, or what is wrong with it.
    pub(super) fn new(space: &Dataspace, chunk: &[u64]) -> Result<Self, String> {
        if space.shape.len() != chunk.len() || chunk.is_empty() || chunk.contains(&0) {
            return Err(format!(
                "chunks of {} dimensions in a dataset of {}",
                chunk.len(),
                space.shape.len()
            ));
        }
        if chunk.len() > MAX_DIMENSIONS {
            return Err(format!("more than {MAX_DIMENSIONS} dimensions"));
        }
        let counts = |lengths: &[u64]| {
            let pairs = lengths.iter().zip(chunk);
            pairs
                .map(|(length, chunk)| length.div_ceil(*chunk))
                .collect()
        };
        let this = Self {
            counts: counts(&space.shape),
            most: counts(&space.most),
            chunk: chunk.to_vec(),
        };
        let product = |counts: &[u64]| {
            counts
                .iter()
                .try_fold(1_u64, |all, count| all.checked_mul(*count))
        };
        let parts = product(&this.counts[1..]);
        if parts.is_none_or(|parts| parts > MAX_PARTS) {
            return Err(format!(
                "its samples are cut into more than {MAX_PARTS} chunks each"
            ));
        }
        match product(&this.counts) {
            Some(_) => Ok(this),
            None => Err("more chunks than can be counted".to_owned()),
        }
    }

    /// Chunks in the first dimension.
    pub(super) fn rows(&self) -> u64 {
        self.counts.first().copied().unwrap_or(0)
    }

    /// Chunks of a row.
    pub(super) fn parts(&self) -> u64 {
        self.counts.iter().skip(1).product()
    }

    /// The place of a part of a row, in chunks, dimension by dimension.
    pub(super) fn place(&self, row: u64, mut part: u64) -> Coordinates {
        let mut place = [0; MAX_DIMENSIONS];
        place[0] = row;
        let counts = self.counts.iter().enumerate().skip(1).rev();
        for (dimension, count) in counts {
            place[dimension] = part % (*count).max(1);
            part /= (*count).max(1);
        }
        place
    }

    /// The number of the chunk at a place; `None` outside of the dataset as it is.
    pub(super) fn number(&self, place: &[u64]) -> Option<u64> {
        let mut number = 0_u64;
        for (at, count) in place.iter().zip(&self.counts) {
            if at >= count {
                return None;
            }
            number = number * count + at;
        }
        Some(number)
    }

    /// The number of the chunk that is an element of an array, whose elements are in the order of
    /// the chunks that there may become, with dimension `slowest` moved to the front.
    pub(super) fn number_of_element(&self, mut element: u64, slowest: usize) -> Option<u64> {
        let mut place = vec![0; self.counts.len()];
        let others = (0..place.len())
            .rev()
            .filter(|dimension| *dimension != slowest);
        for dimension in others {
            let count = self.most[dimension].max(1);
            place[dimension] = element % count;
            element /= count;
        }
        *place.get_mut(slowest)? = element;
        self.number(&place)
    }

    /// Whether a chunk reaches beyond the dataset.
    pub(super) fn is_edge(&self, place: &[u64], shape: &[u64]) -> bool {
        let mut dimensions = place.iter().zip(&self.chunk).zip(shape);
        dimensions.any(|((place, chunk), length)| (place + 1).saturating_mul(*chunk) > *length)
    }
}
