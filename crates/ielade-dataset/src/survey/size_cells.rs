//! How many images have which size, in a few numbers.

use ielade_core::composition::{Composition, SizeCell};
use std::collections::BTreeMap;

/// Bins of each side where there are more sizes than cells.
const BINS: u32 = 8;

/// Each size alone where there are few; otherwise bins of both sides, each as many times wider than
/// the one before. The fullest first.
pub(super) fn size_cells(sizes: &[(u32, u32)]) -> Vec<SizeCell> {
    let mut counts: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for size in sizes {
        *counts.entry(*size).or_default() += 1;
    }
    let mut cells = if counts.len() <= Composition::SIZE_CELLS {
        exact(&counts)
    } else {
        binned(&counts)
    };
    cells.sort_by_key(|cell| (std::cmp::Reverse(cell.count), cell.width, cell.height));
    cells
}

fn exact(counts: &BTreeMap<(u32, u32), u64>) -> Vec<SizeCell> {
    let cell = |((width, height), count): (&(u32, u32), &u64)| SizeCell {
        width: [*width; 2],
        height: [*height; 2],
        count: *count,
    };
    counts.iter().map(cell).collect()
}

fn binned(counts: &BTreeMap<(u32, u32), u64>) -> Vec<SizeCell> {
    let widths = bins(counts.keys().map(|size| size.0));
    let heights = bins(counts.keys().map(|size| size.1));
    let mut cells: BTreeMap<([u32; 2], [u32; 2]), u64> = BTreeMap::new();
    for ((width, height), count) in counts {
        let ranges = (bin_of(*width, &widths), bin_of(*height, &heights));
        *cells.entry(ranges).or_default() += count;
    }
    let cells = cells.into_iter();
    cells
        .map(|((width, height), count)| SizeCell {
            width,
            height,
            count,
        })
        .collect()
}

/// Ranges that cover all values and do not overlap.
fn bins(values: impl Iterator<Item = u32> + Clone) -> Vec<[u32; 2]> {
    let (Some(low), Some(high)) = (values.clone().min(), values.max()) else {
        return Vec::new();
    };
    let (from, to) = (f64::from(low.max(1)), f64::from(high.max(1)));
    let start = |bin: u32| from * (to / from).powf(f64::from(bin) / f64::from(BINS));
    let mut starts: Vec<u32> = (1..BINS).map(|bin| start(bin).round() as u32).collect();
    starts.insert(0, low);
    starts.dedup();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([high]);
    starts
        .iter()
        .zip(ends)
        .map(|(low, high)| [*low, high])
        .collect()
}

/// The range that holds a value; the value itself, were there none.
fn bin_of(value: u32, bins: &[[u32; 2]]) -> [u32; 2] {
    let found = bins.iter().find(|bin| (bin[0]..=bin[1]).contains(&value));
    found.copied().unwrap_or([value; 2])
}

#[cfg(test)]
mod tests {
    use super::size_cells;
    use ielade_core::composition::Composition;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_image_is_in_one_cell_that_holds_its_size(
            sizes in prop::collection::vec((0_u32..5000, 1_u32..70_000), 0..400),
        ) {
            let cells = size_cells(&sizes);
            prop_assert!(cells.len() <= Composition::SIZE_CELLS);
            prop_assert_eq!(cells.iter().map(|cell| cell.count).sum::<u64>(), sizes.len() as u64);
            for (width, height) in sizes {
                let holding = cells.iter().filter(|cell| {
                    (cell.width[0]..=cell.width[1]).contains(&width)
                        && (cell.height[0]..=cell.height[1]).contains(&height)
                });
                prop_assert_eq!(holding.count(), 1);
            }
        }
    }

    #[test]
    fn few_sizes_stand_alone_and_the_commonest_first() {
        let cells = size_cells(&[(3, 2), (8, 9), (8, 9)]);
        assert_eq!(cells.len(), 2);
        assert_eq!(
            (cells[0].width, cells[0].height, cells[0].count),
            ([8, 8], [9, 9], 2)
        );
    }
}
