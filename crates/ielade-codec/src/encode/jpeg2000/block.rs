//! Coding one block of coefficients, bit plane by bit plane (ITU-T T.800, annex D).

use super::arithmetic::{ArithmeticEncoder, Context, Ending};

/// Longest side of a block.
pub(super) const BLOCK: usize = 64;

/// Rows that are scanned together, column by column.
const STRIPE: usize = 4;

/// Which kind of subband a block belongs to: the context of a coefficient depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Band {
    /// Low in both directions.
    LowLow,
    /// High across, low down.
    HighLow,
    /// Low across, high down.
    LowHigh,
    /// High in both directions.
    HighHigh,
}

/// A coded block: its bytes, and where they may be cut.
#[derive(Debug)]
pub(super) struct CodedBlock {
    /// Bit planes down from the highest with a bit set.
    pub(super) planes: u8,
    bytes: Vec<u8>,
    /// One for each coding pass, `3 * planes - 2` in all.
    pub(super) passes: Vec<Pass>,
    /// The passes that are to be written, from the first on: all unless the block is cut.
    pub(super) kept: usize,
}

/// What is known at the end of a coding pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    pub(super) ending: Ending,
    /// By how much this pass and all before it lessen the sum of squared errors.
    pub(super) gain: f64,
}

impl CodedBlock {
    /// Appends the code of the passes that are kept.
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        if let Some(last) = self.kept.checked_sub(1) {
            self.passes[last].ending.append_to(&self.bytes, out);
        }
    }

    /// Bytes of the passes that are kept.
    pub(super) fn length(&self) -> usize {
        let last = self.kept.checked_sub(1);
        last.map_or(0, |last| self.passes[last].ending.len())
    }
}

// What is known of a coefficient, as bits: which neighbours are significant (have been found to
// be other than zero), which of the four nearest are negative, and what became of itself.
const NORTH: u16 = 1;
const SOUTH: u16 = 1 << 1;
const WEST: u16 = 1 << 2;
const EAST: u16 = 1 << 3;
const NORTH_WEST: u16 = 1 << 4;
const NORTH_EAST: u16 = 1 << 5;
const SOUTH_WEST: u16 = 1 << 6;
const SOUTH_EAST: u16 = 1 << 7;
const NEIGHBOURS: u16 = 0xff;
const NEGATIVE_SHIFT: u32 = 8;
const SIGNIFICANT: u16 = 1 << 12;
const VISITED: u16 = 1 << 13;
const REFINED: u16 = 1 << 14;

const CONTEXTS: usize = 19;
const FIRST_SIGN: usize = 9;
const FIRST_REFINEMENT: usize = 14;
const RUN: usize = 17;
const UNIFORM: usize = 18;

const fn count(flags: u16, mask: u16) -> u32 {
    (flags & mask).count_ones()
}

/// The context in which a coefficient's significance is coded, by its neighbours (table D.1).
const fn significance_context(band: Band, flags: u16) -> u8 {
    let across = count(flags, WEST | EAST);
    let down = count(flags, NORTH | SOUTH);
    let diagonal = count(flags, NORTH_WEST | NORTH_EAST | SOUTH_WEST | SOUTH_EAST);
    let (first, second) = match band {
        Band::HighLow => (down, across),
        _ => (across, down),
    };
    if matches!(band, Band::HighHigh) {
        return match (diagonal, across + down) {
            (0, 0) => 0,
            (0, 1) => 1,
            (0, _) => 2,
            (1, 0) => 3,
            (1, 1) => 4,
            (1, _) => 5,
            (2, 0) => 6,
            (2, _) => 7,
            _ => 8,
        };
    }
    match (first, second, diagonal) {
        (2, _, _) => 8,
        (1, 1 | 2, _) => 7,
        (1, _, 0) => 5,
        (1, _, _) => 6,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 0) => 0,
        (_, _, 1) => 1,
        _ => 2,
    }
}

const fn significance_contexts(band: Band) -> [u8; 256] {
    let mut contexts = [0; 256];
    let mut flags = 0;
    while flags < contexts.len() {
        contexts[flags] = significance_context(band, flags as u16);
        flags += 1;
    }
    contexts
}

const LOW_LOW: [u8; 256] = significance_contexts(Band::LowLow);
const HIGH_LOW: [u8; 256] = significance_contexts(Band::HighLow);
const HIGH_HIGH: [u8; 256] = significance_contexts(Band::HighHigh);

const fn contexts_of(band: Band) -> &'static [u8; 256] {
    match band {
        Band::LowLow | Band::LowHigh => &LOW_LOW,
        Band::HighLow => &HIGH_LOW,
        Band::HighHigh => &HIGH_HIGH,
    }
}

/// The context in which a sign is coded, and what it is flipped by (tables D.2 and D.3).
const fn sign_context(flags: u16) -> (usize, u8) {
    let across = contribution(flags, WEST) + contribution(flags, EAST);
    let down = contribution(flags, NORTH) + contribution(flags, SOUTH);
    let (across, down) = (across.signum(), down.signum());
    let turned = if across == 0 { down < 0 } else { across < 0 };
    let (across, down) = if turned {
        (-across, -down)
    } else {
        (across, down)
    };
    let offset = match (across, down) {
        (0, 0) => 0,
        (0, _) => 1,
        (_, -1) => 2,
        (_, 0) => 3,
        _ => 4,
    };
    (FIRST_SIGN + offset, turned as u8)
}

/// 1 for a significant positive neighbour, -1 for a negative one.
const fn contribution(flags: u16, neighbour: u16) -> i32 {
    if flags & neighbour == 0 {
        0
    } else if flags & (neighbour << NEGATIVE_SHIFT) == 0 {
        1
    } else {
        -1
    }
}

/// Codes a block of `width` columns.
pub(super) fn encode(band: Band, width: usize, coefficients: &[i32]) -> CodedBlock {
    let largest = coefficients.iter().map(|value| value.unsigned_abs()).max();
    let planes = u32::BITS - largest.unwrap_or(0).leading_zeros();
    let mut coder = BlockCoder::new(band, width, coefficients);
    for plane in (0..planes).rev() {
        if plane + 1 < planes {
            coder.significance_pass(plane);
            coder.refinement_pass(plane);
        }
        coder.cleanup_pass(plane);
    }
    CodedBlock {
        planes: planes as u8,
        bytes: coder.encoder.bytes().to_vec(),
        kept: coder.passes.len(),
        passes: coder.passes,
    }
}

struct BlockCoder<'a> {
    coefficients: &'a [i32],
    width: usize,
    height: usize,
    /// With a margin of one on each side.
    flags: Vec<u16>,
    contexts: [Context; CONTEXTS],
    significance: &'static [u8; 256],
    encoder: ArithmeticEncoder,
    passes: Vec<Pass>,
    gain: f64,
}

impl<'a> BlockCoder<'a> {
    fn new(band: Band, width: usize, coefficients: &'a [i32]) -> Self {
        let height = coefficients.len() / width;
        let mut contexts = [Context::default(); CONTEXTS];
        contexts[0] = Context::at_state(4);
        contexts[RUN] = Context::at_state(3);
        contexts[UNIFORM] = Context::at_state(46);
        Self {
            coefficients,
            width,
            height,
            flags: vec![0; (width + 2) * (height + 2)],
            contexts,
            significance: contexts_of(band),
            encoder: ArithmeticEncoder::new(),
            passes: Vec::new(),
            gain: 0.0,
        }
    }

    const fn place(&self, x: usize, y: usize) -> usize {
        (y + 1) * (self.width + 2) + x + 1
    }

    fn bit(&self, x: usize, y: usize, plane: u32) -> u8 {
        (self.coefficients[y * self.width + x].unsigned_abs() >> plane & 1) as u8
    }

    fn code(&mut self, context: usize, symbol: u8) {
        self.encoder.encode(&mut self.contexts[context], symbol);
    }

    /// All columns of all stripes: column, first row, rows.
    fn columns(&self) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let (width, height) = (self.width, self.height);
        (0..height).step_by(STRIPE).flat_map(move |top| {
            let rows = STRIPE.min(height - top);
            (0..width).map(move |x| (x, top, rows))
        })
    }

    fn end_pass(&mut self) {
        self.passes.push(Pass {
            ending: self.encoder.ending(),
            gain: self.gain,
        });
    }

    /// Codes what becomes significant in this plane beside what is already.
    fn significance_pass(&mut self, plane: u32) {
        for (x, top, rows) in self.columns() {
            for y in top..top + rows {
                let flags = self.flags[self.place(x, y)];
                if flags & SIGNIFICANT == 0 && flags & NEIGHBOURS != 0 {
                    self.code_significance(x, y, plane);
                    let place = self.place(x, y);
                    self.flags[place] |= VISITED;
                }
            }
        }
        self.end_pass();
    }

    /// Codes one more bit of what was significant before this plane.
    fn refinement_pass(&mut self, plane: u32) {
        for (x, top, rows) in self.columns() {
            for y in top..top + rows {
                let place = self.place(x, y);
                let flags = self.flags[place];
                if flags & (SIGNIFICANT | VISITED) != SIGNIFICANT {
                    continue;
                }
                let context = match (flags & REFINED != 0, flags & NEIGHBOURS != 0) {
                    (true, _) => 2,
                    (false, true) => 1,
                    (false, false) => 0,
                };
                let symbol = self.bit(x, y, plane);
                self.code(FIRST_REFINEMENT + context, symbol);
                self.flags[place] |= REFINED;
                let value = self.coefficients[y * self.width + x].unsigned_abs();
                self.gain += squared_error(value, plane + 1) - squared_error(value, plane);
            }
        }
        self.end_pass();
    }

    /// Codes all that the other two passes left out.
    fn cleanup_pass(&mut self, plane: u32) {
        for (x, top, rows) in self.columns() {
            let mut y = top;
            let is_run = rows == STRIPE
                && (top..top + STRIPE).all(|y| {
                    self.flags[self.place(x, y)] & (NEIGHBOURS | SIGNIFICANT | VISITED) == 0
                });
            if is_run {
                let first = (0..STRIPE).find(|row| self.bit(x, top + row, plane) == 1);
                self.code(RUN, u8::from(first.is_some()));
                let Some(row) = first else {
                    continue;
                };
                self.code(UNIFORM, (row >> 1) as u8);
                self.code(UNIFORM, (row & 1) as u8);
                self.become_significant(x, top + row, plane);
                y = top + row + 1;
            }
            for y in y..top + rows {
                if self.flags[self.place(x, y)] & (SIGNIFICANT | VISITED) == 0 {
                    self.code_significance(x, y, plane);
                }
            }
            for y in top..top + rows {
                let place = self.place(x, y);
                self.flags[place] &= !VISITED;
            }
        }
        self.end_pass();
    }

    fn code_significance(&mut self, x: usize, y: usize, plane: u32) {
        let flags = self.flags[self.place(x, y)];
        let context = self.significance[usize::from(flags & NEIGHBOURS)];
        let symbol = self.bit(x, y, plane);
        self.code(usize::from(context), symbol);
        if symbol == 1 {
            self.become_significant(x, y, plane);
        }
    }

    /// Codes the sign and tells the neighbours.
    fn become_significant(&mut self, x: usize, y: usize, plane: u32) {
        let place = self.place(x, y);
        let value = self.coefficients[y * self.width + x];
        let negative = value < 0;
        let (context, flip) = sign_context(self.flags[place]);
        self.code(context, u8::from(negative) ^ flip);
        let stride = self.width + 2;
        let sign = |side: u16| {
            if negative {
                side | side << NEGATIVE_SHIFT
            } else {
                side
            }
        };
        let flags = &mut self.flags;
        flags[place] |= SIGNIFICANT;
        flags[place - stride] |= sign(SOUTH);
        flags[place + stride] |= sign(NORTH);
        flags[place - 1] |= sign(EAST);
        flags[place + 1] |= sign(WEST);
        flags[place - stride - 1] |= SOUTH_EAST;
        flags[place - stride + 1] |= SOUTH_WEST;
        flags[place + stride - 1] |= NORTH_EAST;
        flags[place + stride + 1] |= NORTH_WEST;
        let magnitude = value.unsigned_abs();
        self.gain += f64::from(magnitude).powi(2) - squared_error(magnitude, plane);
    }
}

/// The squared error of a value of which all planes down to `plane` are known: a decoder takes the
/// middle of what is possible.
fn squared_error(value: u32, plane: u32) -> f64 {
    let known = value >> plane << plane;
    let middle = f64::from(known) + f64::from(1_u32 << plane >> 1);
    (f64::from(value) - middle).powi(2)
}
