//! Huffman tables and the bits that they decode (ITU-T T.81, annexes C and F.2.2).

/// Bits that are looked up at once; codes that are longer are rare.
const LOOKAHEAD: u32 = 10;

/// Longest code.
const LONGEST: usize = 16;

/// A table as the file defines it: the number of codes of each length, and the symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Definition<'a> {
    pub(super) counts: &'a [u8; LONGEST],
    pub(super) symbols: &'a [u8],
}

/// What the next bits mean, in 32 bits: from the lowest, 8 bits number of bits to take (0 where
/// the code is too long for the lookup), 4 bits run of zeros, 4 bits size of a magnitude that
/// has yet to be read, 16 bits the coefficient itself, where its magnitude was within reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning(u32);

impl Meaning {
    const UNKNOWN: Self = Self(0);

    /// A symbol, whose high half is a run and whose low half is a size.
    const fn symbol(bits: u32, symbol: u8) -> Self {
        let (run, size) = (symbol as u32 >> 4, symbol as u32 & 15);
        Self(bits | run << 8 | size << 12)
    }

    const fn coefficient(bits: u32, symbol: u8, value: i32) -> Self {
        Self(Self::symbol(bits, symbol).0 | (value as u32) << 16)
    }

    const fn bits(self) -> u32 {
        self.0 & 0xff
    }

    const fn run(self) -> usize {
        (self.0 >> 8 & 15) as usize
    }

    const fn size(self) -> u32 {
        self.0 >> 12 & 15
    }

    const fn value(self) -> i32 {
        self.0 as i32 >> 16
    }
}

/// A Huffman table, ready to decode with.
#[derive(Debug)]
pub(super) struct HuffmanTable {
    counts: [u8; LONGEST],
    symbols: Vec<u8>,
    lookup: Box<[Meaning; 1 << LOOKAHEAD]>,
    /// By length: one more than the last code, moved to the top of 16 bits.
    ends: [u32; LONGEST + 1],
    /// By length: what to add to a code to find its symbol.
    offsets: [i32; LONGEST + 1],
}

impl HuffmanTable {
    /// The table of a definition; `None` where no prefix code has such lengths.
    pub(super) fn new(definition: Definition<'_>) -> Option<Self> {
        let mut table = Self {
            counts: *definition.counts,
            symbols: definition.symbols.to_vec(),
            lookup: Box::new([Meaning::UNKNOWN; 1 << LOOKAHEAD]),
            ends: [0; LONGEST + 1],
            offsets: [0; LONGEST + 1],
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=LONGEST {
            table.offsets[length] = index as i32 - code as i32;
            for _ in 0..definition.counts[length - 1] {
                table.enter(code, length as u32, *definition.symbols.get(index)?);
                code += 1;
                index += 1;
            }
            // No code is all ones.
            if code >= 1 << length {
                return None;
            }
            table.ends[length] = code << (LONGEST - length);
            code <<= 1;
        }
        Some(table)
    }

    /// Whether this table was made of this definition.
    pub(super) fn is_of(&self, definition: Definition<'_>) -> bool {
        self.counts == *definition.counts && self.symbols == definition.symbols
    }

    /// Writes down what all bits that begin with this code mean.
    fn enter(&mut self, code: u32, length: u32, symbol: u8) {
        let Some(free) = LOOKAHEAD.checked_sub(length) else {
            return;
        };
        let first = (code << free) as usize;
        let Some(reach) = self.lookup.get_mut(first..first + (1 << free)) else {
            return;
        };
        let size = u32::from(symbol & 15);
        if size == 0 || size > free {
            reach.fill(Meaning::symbol(length, symbol));
            return;
        }
        for (magnitude, same) in reach.chunks_exact_mut(1 << (free - size)).enumerate() {
            let value = extended(magnitude as u32, size);
            same.fill(Meaning::coefficient(length + size, symbol, value));
        }
    }

    /// What the next bits mean; `None` where they are no code.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn meaning(&self, bits: &Bits<'_>) -> Option<Meaning> {
        let meaning = self.lookup[bits.next(LOOKAHEAD) as usize];
        if meaning == Meaning::UNKNOWN {
            return self.long_code(bits.next(LONGEST as u32));
        }
        Some(meaning)
    }

    #[cold]
    fn long_code(&self, next: u32) -> Option<Meaning> {
        let length = (LOOKAHEAD as usize + 1..=LONGEST).find(|at| next < self.ends[*at])?;
        let code = next >> (LONGEST - length);
        let index = code as i32 + self.offsets[length];
        let symbol = *self.symbols.get(usize::try_from(index).ok()?)?;
        Some(Meaning::symbol(length as u32, symbol))
    }
}

/// The value of a magnitude of so many bits (T.81, figure F.12): the lower half is negative.
const fn extended(magnitude: u32, size: u32) -> i32 {
    let half = 1 << (size - 1);
    if magnitude < half {
        magnitude as i32 - (2 * half as i32 - 1)
    } else {
        magnitude as i32
    }
}

/// Bytes behind the data that a reader must be able to read.
pub(super) const PADDING: usize = 8;

/// Reads bits from bytes that hold no stuffed zeros, highest bit first. Behind the end come zeros.
#[derive(Debug)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, at the top.
    buffer: u64,
    filled: u32,
}

impl<'a> Bits<'a> {
    /// A reader that begins at byte `at`.
    pub(super) const fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            buffer: 0,
            filled: 0,
        }
    }

    /// Position of the byte that holds the last bit that was taken, and one more.
    pub(super) const fn bytes_begun(&self) -> usize {
        self.at - (self.filled / 8) as usize
    }

    /// Afterwards 32 bits or more can be looked at and taken: a code and its magnitude.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn refill(&mut self) {
        if self.filled < 32 {
            let word = self
                .bytes
                .get(self.at..)
                .and_then(|rest| rest.first_chunk::<8>())
                .map_or(0, |word| u64::from_be_bytes(*word));
            self.buffer |= word >> self.filled;
            let bytes = (63 - self.filled) / 8;
            self.at += bytes as usize;
            self.filled += bytes * 8;
        }
    }

    #[allow(clippy::inline_always)]
    #[inline(always)]
    const fn next(&self, bits: u32) -> u32 {
        (self.buffer >> (64 - bits)) as u32
    }

    #[allow(clippy::inline_always)]
    #[inline(always)]
    const fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.filled -= bits;
    }

    /// Takes a meaning's bits, and its magnitude where that was not within reach.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn take(&mut self, meaning: Meaning) -> i32 {
        self.skip(meaning.bits());
        let (value, size) = (meaning.value(), meaning.size());
        if value != 0 || size == 0 {
            return value;
        }
        let magnitude = self.next(size);
        self.skip(size);
        extended(magnitude, size)
    }
}

/// Coefficients of a block, dequantised, rows from top to bottom.
pub(super) type Block = [i32; 64];

/// The place of each coefficient in a block, in the order in which they are coded (T.81, figure
/// A.6: along diagonals).
pub(super) const ZIGZAG: [u8; 64] = zigzag();

const fn zigzag() -> [u8; 64] {
    let mut places = [0; 64];
    let (mut row, mut column) = (0_i32, 0_i32);
    let mut at = 0;
    while at < 64 {
        places[at] = (row * 8 + column) as u8;
        let (next_row, next_column) = if (row + column) % 2 == 0 {
            (row - 1, column + 1)
        } else {
            (row + 1, column - 1)
        };
        // A diagonal that ran out of the block turns at its edge.
        if next_column > 7 {
            row += 1;
        } else if next_row > 7 {
            column += 1;
        } else {
            row = if next_row < 0 { 0 } else { next_row };
            column = if next_column < 0 { 0 } else { next_column };
        }
        at += 1;
    }
    places
}

/// What decodes the blocks of one component.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockTables<'a> {
    pub(super) dc: &'a HuffmanTable,
    pub(super) ac: &'a HuffmanTable,
    /// In the order of coding.
    pub(super) quantisation: &'a [i32; 64],
}

/// How much of a block is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Only the first coefficient may be: the block is flat.
    Flat,
    /// Any coefficient may be.
    Full,
}

/// Decodes a block that is all zero before; `None` where the bits are no codes.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn decode_block(
    bits: &mut Bits<'_>,
    tables: BlockTables<'_>,
    last_dc: &mut i32,
    block: &mut Block,
) -> Option<Extent> {
    bits.refill();
    let meaning = tables.dc.meaning(bits)?;
    *last_dc = last_dc.wrapping_add(bits.take(meaning));
    block[0] = last_dc.wrapping_mul(tables.quantisation[0]);
    let mut extent = Extent::Flat;
    let mut at = 1;
    while at < 64 {
        bits.refill();
        let meaning = tables.ac.meaning(bits)?;
        let value = bits.take(meaning);
        if value == 0 {
            // A run of 16 zeros, or the end of the block.
            if meaning.run() != 15 {
                break;
            }
            at += 16;
            continue;
        }
        at += meaning.run();
        let quantisation = tables.quantisation.get(at)?;
        block[usize::from(ZIGZAG[at & 63] & 63)] = value.wrapping_mul(*quantisation);
        extent = Extent::Full;
        at += 1;
    }
    Some(extent)
}

#[cfg(test)]
mod tests {
    use super::{Bits, Definition, HuffmanTable, ZIGZAG};

    #[test]
    fn the_zigzag_is_that_of_the_standard() {
        let start = [0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5];
        assert_eq!(ZIGZAG[..16], start);
        assert_eq!(ZIGZAG[62..], [62, 63]);
        let mut all = ZIGZAG;
        all.sort_unstable();
        assert!(
            all.iter()
                .enumerate()
                .all(|(at, place)| at == usize::from(*place))
        );
    }

    #[test]
    fn short_and_long_codes_and_their_magnitudes_are_decoded() {
        // Codes 0, 10, and one of 12 bits: 110000000000.
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[11]) = (1, 1, 1);
        let definition = Definition {
            counts: &counts,
            symbols: &[0x00, 0x12, 0x03],
        };
        let table = HuffmanTable::new(definition).unwrap();
        assert!(table.is_of(definition));
        // 10 01 | 0 | 110000000000 111 | 10 11
        let bytes = [
            0b1001_0110,
            0b0000_0000,
            0b0111_1011,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        let mut bits = Bits::new(&bytes, 0);
        bits.refill();
        let mut taken = || {
            let meaning = table.meaning(&bits).unwrap();
            (meaning.run(), bits.take(meaning))
        };
        assert_eq!(
            [taken(), taken(), taken(), taken()],
            [(1, -2), (0, 0), (0, 7), (1, 3)]
        );
        assert_eq!(bits.bytes_begun(), 3);
    }

    #[test]
    fn lengths_that_no_prefix_code_has_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 2;
        let all_ones = Definition {
            counts: &counts,
            symbols: &[1, 2],
        };
        assert!(HuffmanTable::new(all_ones).is_none());
        counts[0] = 1;
        counts[1] = 5;
        let too_many = Definition {
            counts: &counts,
            symbols: &[1, 2, 3, 4, 5, 6],
        };
        assert!(HuffmanTable::new(too_many).is_none());
    }
}
