//! Packet headers: which blocks are there, how many of their bit planes are empty, how long their
//! code is (ITU-T T.800, annex B.10).

use super::block::CodedBlock;

/// The blocks of one subband, row after row.
#[derive(Debug)]
pub(super) struct BandBlocks {
    /// Blocks in a row, and rows.
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) blocks: Vec<CodedBlock>,
    /// Bit planes that a block of this band can have.
    pub(super) planes: u8,
    /// What one squared error in this band costs in pixels.
    pub(super) energy: f64,
}

/// Bits to bytes; behind 0xff a byte has seven bits, so that no marker comes about.
#[derive(Debug, Default)]
struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are still free.
    free: u32,
}

impl BitWriter {
    fn put(&mut self, bit: bool) {
        if self.free == 0 {
            self.free = if self.bytes.last() == Some(&0xff) {
                7
            } else {
                8
            };
            self.bytes.push(0);
        }
        self.free -= 1;
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }

    /// The lowest `count` bits, the highest of them first.
    fn put_bits(&mut self, value: usize, count: u32) {
        for at in (0..count).rev() {
            self.put(value >> at & 1 == 1);
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.bytes.last() == Some(&0xff) {
            self.bytes.push(0);
        }
        self.bytes
    }
}

/// A tree of minima over a field of numbers, which tells each number by what it exceeds them.
#[derive(Debug)]
struct TagTree {
    /// Each level's columns and nodes, leaves first.
    levels: Vec<(usize, Vec<Node>)>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    value: u32,
    /// What a decoder knows: the value is at least this.
    told: u32,
    is_known: bool,
}

impl TagTree {
    fn new(columns: usize, rows: usize, values: impl Iterator<Item = u32>) -> Self {
        let node = |value| Node {
            value,
            told: 0,
            is_known: false,
        };
        let mut levels = vec![(columns, values.map(node).collect::<Vec<_>>())];
        let (mut columns, mut rows) = (columns, rows);
        while columns * rows > 1 {
            let (wide, high) = (columns.div_ceil(2), rows.div_ceil(2));
            let mut parents = vec![node(u32::MAX); wide * high];
            if let Some((_, children)) = levels.last() {
                for (at, child) in children.iter().enumerate() {
                    let parent = &mut parents[at / columns / 2 * wide + at % columns / 2];
                    parent.value = parent.value.min(child.value);
                }
            }
            levels.push((wide, parents));
            (columns, rows) = (wide, high);
        }
        Self { levels }
    }

    /// Tells whether the value of leaf `at` is below `threshold`, and what it is if so.
    fn encode(&mut self, at: usize, threshold: u32, out: &mut BitWriter) {
        let columns = self.levels[0].0;
        let (x, y) = (at % columns, at / columns);
        let mut told = 0;
        for (level, (columns, nodes)) in self.levels.iter_mut().enumerate().rev() {
            let node = &mut nodes[(y >> level) * *columns + (x >> level)];
            told = told.max(node.told);
            while told < threshold && told < node.value {
                out.put(false);
                told += 1;
            }
            if told < threshold && !node.is_known {
                out.put(true);
                node.is_known = true;
            }
            node.told = told;
        }
    }
}

/// Appends the packet of one resolution of one component: of each block the passes that are kept.
pub(super) fn append_packet(bands: &[BandBlocks], out: &mut Vec<u8>) {
    let mut header = BitWriter::default();
    let mut blocks = bands.iter().flat_map(|band| &band.blocks);
    let is_empty = blocks.all(|block| block.kept == 0);
    header.put(!is_empty);
    if !is_empty {
        for band in bands {
            put_band(band, &mut header);
        }
    }
    out.extend(header.finish());
    for block in bands.iter().flat_map(|band| &band.blocks) {
        block.append_to(out);
    }
}

fn put_band(band: &BandBlocks, out: &mut BitWriter) {
    let absent = band.blocks.iter().map(|block| u32::from(block.kept == 0));
    let mut inclusion = TagTree::new(band.columns, band.rows, absent);
    let empty = |block: &CodedBlock| u32::from(band.planes - block.planes);
    let mut empty_planes = TagTree::new(band.columns, band.rows, band.blocks.iter().map(empty));
    for (at, block) in band.blocks.iter().enumerate() {
        inclusion.encode(at, 1, out);
        if block.kept > 0 {
            empty_planes.encode(at, empty(block) + 1, out);
            put_passes(block.kept, out);
            put_length(block.length(), block.kept, out);
        }
    }
}

/// The number of passes, 1 to 164 (table B.4).
fn put_passes(passes: usize, out: &mut BitWriter) {
    match passes {
        1 => out.put(false),
        2 => out.put_bits(0b10, 2),
        3..=5 => out.put_bits(0b1100 + passes - 3, 4),
        6..=36 => out.put_bits((0b1111 << 5) + passes - 6, 9),
        _ => out.put_bits((0b1_1111_1111 << 7) + passes - 37, 16),
    }
}

/// The length of a block's code (B.10.7.1).
fn put_length(length: usize, passes: usize, out: &mut BitWriter) {
    const FIRST_BITS: u32 = 3;
    let by_passes = passes.ilog2();
    let needed = usize::BITS - length.leading_zeros();
    let bits = needed.saturating_sub(by_passes).max(FIRST_BITS);
    for _ in FIRST_BITS..bits {
        out.put(true);
    }
    out.put(false);
    out.put_bits(length, bits + by_passes);
}

#[cfg(test)]
mod tests {
    use super::{BitWriter, TagTree};

    #[test]
    fn the_tag_tree_of_the_standards_example_is_coded_as_there() {
        // ITU-T T.800, figure B.12: a field of 6 × 3 and the codes of its first leaves.
        let values = [1, 3, 2, 3, 2, 3, 2, 2, 1, 4, 3, 2, 2, 2, 2, 2, 1, 2];
        let mut tree = TagTree::new(6, 3, values.into_iter());
        for (leaf, code) in [(0, "01111"), (1, "001"), (2, "101")] {
            let mut out = BitWriter::default();
            tree.encode(leaf, values[leaf] + 1, &mut out);
            let bits = out.bytes.len() as u32 * 8 - out.free;
            let found: String = (0..bits)
                .map(|at| char::from(b'0' + (out.bytes[at as usize / 8] >> (7 - at % 8) & 1)))
                .collect();
            assert_eq!(found, code, "leaf {leaf}");
        }
    }

    #[test]
    fn behind_a_full_byte_one_bit_is_stuffed() {
        let mut out = BitWriter::default();
        out.put_bits(0xffff, 16);
        assert_eq!(out.finish(), [0xff, 0x7f, 0x80]);
        let mut out = BitWriter::default();
        out.put_bits(0xff, 8);
        assert_eq!(out.finish(), [0xff, 0]);
    }
}
