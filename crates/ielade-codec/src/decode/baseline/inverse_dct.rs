//! The inverse discrete cosine transform of 8×8 blocks, in integers.
//!
//! The algorithm is that of Loeffler, Ligtenberg and Moschytz (ICASSP 1989), with factors of 13
//! bits and 2 more bits kept between the passes: the accurate integer form that libjpeg calls
//! `islow`. In integers it has one result, so that pixels are the same here, there, and on every
//! processor.

use super::huffman::Block;

/// Bits of the fixed-point factors.
const FACTOR_BITS: i32 = 13;
/// Bits that are kept beyond the whole number after the first pass.
const KEPT_BITS: i32 = 2;
/// Both passes together scale by 8.
const SCALE_BITS: i32 = 3;

/// A factor in fixed point.
const fn factor(value: f64) -> i32 {
    (value * (1 << FACTOR_BITS) as f64 + 0.5) as i32
}

/// Eight 32-bit integers, and what is done to them; integers that grow too large wrap.
pub(super) trait Lanes: Copy {
    /// Eight integers.
    type Row: Copy;

    fn load(self, values: &[i32; 8]) -> Self::Row;
    fn splat(self, value: i32) -> Self::Row;
    fn add(self, a: Self::Row, b: Self::Row) -> Self::Row;
    fn subtract(self, a: Self::Row, b: Self::Row) -> Self::Row;
    fn multiply(self, a: Self::Row, b: Self::Row) -> Self::Row;
    fn shift_left<const BITS: i32>(self, a: Self::Row) -> Self::Row;
    fn shift_right<const BITS: i32>(self, a: Self::Row) -> Self::Row;
    fn transpose(self, rows: [Self::Row; 8]) -> [Self::Row; 8];
    /// The values, limited to 0..=255.
    fn bytes(self, rows: [Self::Row; 8]) -> [[u8; 8]; 8];
}

// Loops here, not closures or `map`: a closure's body would not be compiled for the processor's
// vector instructions, and each of them would become a call.

/// The pixels of a block, 0 to 255.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn inverse_dct<L: Lanes>(lanes: L, block: &Block) -> [[u8; 8]; 8] {
    const FIRST: i32 = FACTOR_BITS - KEPT_BITS;
    const SECOND: i32 = FACTOR_BITS + KEPT_BITS + SCALE_BITS;
    let mut rows = [lanes.splat(0); 8];
    for (row, values) in rows.iter_mut().zip(block.as_chunks::<8>().0) {
        *row = lanes.load(values);
    }
    let mut columns = pass(lanes, rows);
    for column in &mut columns {
        *column = rounded::<L, FIRST>(lanes, *column);
    }
    let mut rows = pass(lanes, lanes.transpose(columns));
    let middle = lanes.splat(128);
    for row in &mut rows {
        *row = lanes.add(rounded::<L, SECOND>(lanes, *row), middle);
    }
    lanes.bytes(lanes.transpose(rows))
}

/// The pixels of a block whose only coefficient is the first.
#[allow(clippy::inline_always)]
#[inline(always)]
pub(super) fn inverse_dct_of_flat(first: i32) -> u8 {
    // What the two passes come to: both leave the bits that they keep, and the last one rounds.
    let kept = first.wrapping_shl(KEPT_BITS as u32);
    let rounded = kept.wrapping_add(1 << (KEPT_BITS + SCALE_BITS - 1)) >> (KEPT_BITS + SCALE_BITS);
    rounded.wrapping_add(128).clamp(0, 255) as u8
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn rounded<L: Lanes, const BITS: i32>(lanes: L, row: L::Row) -> L::Row {
    lanes.shift_right::<BITS>(lanes.add(row, lanes.splat(1 << (BITS - 1))))
}

/// One transform along the rows' index, for eight columns at once.
#[allow(clippy::inline_always)]
#[inline(always)]
fn pass<L: Lanes>(lanes: L, rows: [L::Row; 8]) -> [L::Row; 8] {
    let (even, odd) = (even_part(lanes, rows), odd_part(lanes, rows));
    let mut out = rows;
    for row in 0..4 {
        out[row] = lanes.add(even[row], odd[row]);
        out[7 - row] = lanes.subtract(even[row], odd[row]);
    }
    out
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn times<L: Lanes>(lanes: L, row: L::Row, by: f64) -> L::Row {
    lanes.multiply(row, lanes.splat(factor(by)))
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn even_part<L: Lanes>(lanes: L, rows: [L::Row; 8]) -> [L::Row; 4] {
    let both = times(lanes, lanes.add(rows[2], rows[6]), 0.541_196_100);
    let low = lanes.subtract(both, times(lanes, rows[6], 1.847_759_065));
    let high = lanes.add(both, times(lanes, rows[2], 0.765_366_865));
    let sum = lanes.shift_left::<FACTOR_BITS>(lanes.add(rows[0], rows[4]));
    let difference = lanes.shift_left::<FACTOR_BITS>(lanes.subtract(rows[0], rows[4]));
    [
        lanes.add(sum, high),
        lanes.add(difference, low),
        lanes.subtract(difference, low),
        lanes.subtract(sum, high),
    ]
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn odd_part<L: Lanes>(lanes: L, rows: [L::Row; 8]) -> [L::Row; 4] {
    let [_, first, _, third, _, fifth, _, seventh] = rows;
    let outer = lanes.add(seventh, third);
    let inner = lanes.add(fifth, first);
    let all = times(lanes, lanes.add(outer, inner), 1.175_875_602);
    let outer = lanes.subtract(all, times(lanes, outer, 1.961_570_560));
    let inner = lanes.subtract(all, times(lanes, inner, 0.390_180_644));
    let ends = times(lanes, lanes.add(seventh, first), 0.899_976_223);
    let middle = times(lanes, lanes.add(fifth, third), 2.562_915_447);
    let first = lanes.add(times(lanes, first, 1.501_321_110), inner);
    let third = lanes.add(times(lanes, third, 3.072_711_026), outer);
    let fifth = lanes.add(times(lanes, fifth, 2.053_119_869), inner);
    let seventh = lanes.add(times(lanes, seventh, 0.298_631_336), outer);
    [
        lanes.subtract(first, ends),
        lanes.subtract(third, middle),
        lanes.subtract(fifth, middle),
        lanes.subtract(seventh, ends),
    ]
}

/// Lanes as plain arrays, for every processor.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable;

#[allow(clippy::inline_always)]
impl Lanes for Portable {
    type Row = [i32; 8];

    #[inline(always)]
    fn load(self, values: &[i32; 8]) -> Self::Row {
        *values
    }

    #[inline(always)]
    fn splat(self, value: i32) -> Self::Row {
        [value; 8]
    }

    #[inline(always)]
    fn add(self, a: Self::Row, b: Self::Row) -> Self::Row {
        std::array::from_fn(|at| a[at].wrapping_add(b[at]))
    }

    #[inline(always)]
    fn subtract(self, a: Self::Row, b: Self::Row) -> Self::Row {
        std::array::from_fn(|at| a[at].wrapping_sub(b[at]))
    }

    #[inline(always)]
    fn multiply(self, a: Self::Row, b: Self::Row) -> Self::Row {
        std::array::from_fn(|at| a[at].wrapping_mul(b[at]))
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(self, a: Self::Row) -> Self::Row {
        a.map(|value| value << BITS)
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(self, a: Self::Row) -> Self::Row {
        a.map(|value| value >> BITS)
    }

    #[inline(always)]
    fn transpose(self, rows: [Self::Row; 8]) -> [Self::Row; 8] {
        std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
    }

    #[inline(always)]
    fn bytes(self, rows: [Self::Row; 8]) -> [[u8; 8]; 8] {
        rows.map(|row| row.map(|value| value.clamp(0, 255) as u8))
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(clippy::inline_always)]
mod avx2 {
    use super::Lanes;
    use pulp::x86::V3;
    use std::arch::x86_64::__m256i;

    impl Lanes for V3 {
        type Row = __m256i;

        #[inline(always)]
        fn load(self, values: &[i32; 8]) -> Self::Row {
            pulp::cast(*values)
        }

        #[inline(always)]
        fn splat(self, value: i32) -> Self::Row {
            self.avx._mm256_set1_epi32(value)
        }

        #[inline(always)]
        fn add(self, a: Self::Row, b: Self::Row) -> Self::Row {
            self.avx2._mm256_add_epi32(a, b)
        }

        #[inline(always)]
        fn subtract(self, a: Self::Row, b: Self::Row) -> Self::Row {
            self.avx2._mm256_sub_epi32(a, b)
        }

        #[inline(always)]
        fn multiply(self, a: Self::Row, b: Self::Row) -> Self::Row {
            self.avx2._mm256_mullo_epi32(a, b)
        }

        #[inline(always)]
        fn shift_left<const BITS: i32>(self, a: Self::Row) -> Self::Row {
            self.avx2._mm256_slli_epi32::<BITS>(a)
        }

        #[inline(always)]
        fn shift_right<const BITS: i32>(self, a: Self::Row) -> Self::Row {
            self.avx2._mm256_srai_epi32::<BITS>(a)
        }

        #[inline(always)]
        fn transpose(self, rows: [Self::Row; 8]) -> [Self::Row; 8] {
            let avx2 = self.avx2;
            // Of columns 0 to 3 in the lower halves and 4 to 7 in the upper, four rows each.
            let upper = columns_of_four(self, [rows[0], rows[1], rows[2], rows[3]]);
            let lower = columns_of_four(self, [rows[4], rows[5], rows[6], rows[7]]);
            let mut columns = rows;
            for at in 0..4 {
                let (a, b) = (upper[at], lower[at]);
                columns[at] = avx2._mm256_permute2x128_si256::<0x20>(a, b);
                columns[at + 4] = avx2._mm256_permute2x128_si256::<0x31>(a, b);
            }
            columns
        }

        #[inline(always)]
        fn bytes(self, rows: [Self::Row; 8]) -> [[u8; 8]; 8] {
            let upper = bytes_of_four(self, [rows[0], rows[1], rows[2], rows[3]]);
            let lower = bytes_of_four(self, [rows[4], rows[5], rows[6], rows[7]]);
            pulp::cast([upper, lower])
        }
    }

    #[inline(always)]
    fn columns_of_four(simd: V3, rows: [__m256i; 4]) -> [__m256i; 4] {
        let avx2 = simd.avx2;
        let [a, b, c, d] = rows;
        let ab = avx2._mm256_unpacklo_epi32(a, b);
        let cd = avx2._mm256_unpacklo_epi32(c, d);
        let ab_high = avx2._mm256_unpackhi_epi32(a, b);
        let cd_high = avx2._mm256_unpackhi_epi32(c, d);
        [
            avx2._mm256_unpacklo_epi64(ab, cd),
            avx2._mm256_unpackhi_epi64(ab, cd),
            avx2._mm256_unpacklo_epi64(ab_high, cd_high),
            avx2._mm256_unpackhi_epi64(ab_high, cd_high),
        ]
    }

    #[inline(always)]
    fn bytes_of_four(simd: V3, rows: [__m256i; 4]) -> __m256i {
        let avx2 = simd.avx2;
        let [a, b, c, d] = rows;
        let values =
            avx2._mm256_packus_epi16(avx2._mm256_packs_epi32(a, b), avx2._mm256_packs_epi32(c, d));
        // Packing works in halves: the 4-byte pieces must be put in order.
        avx2._mm256_permutevar8x32_epi32(values, pulp::cast([0, 4, 1, 5, 2, 6, 3, 7]))
    }
}

#[cfg(test)]
mod tests {
    use super::{Block, Portable, inverse_dct, inverse_dct_of_flat};
    use proptest::prelude::*;
    use std::f64::consts::PI;

    /// The definition (T.81, A.3.3), in floating point.
    fn definition(block: &Block, row: usize, column: usize) -> f64 {
        let weight = |at: usize| if at == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |at: usize, frequency: usize| {
            ((2 * at + 1) as f64 * frequency as f64 * PI / 16.0).cos()
        };
        let mut sum = 128.0;
        for v in 0..8 {
            for u in 0..8 {
                let coefficient = f64::from(block[v * 8 + u]);
                sum += weight(u) * weight(v) * coefficient * wave(column, u) * wave(row, v) / 4.0;
            }
        }
        sum.clamp(0.0, 255.0)
    }

    fn blocks() -> impl Strategy<Value = Block> {
        prop::collection::vec((0_usize..64, -900_i32..900), 1..12).prop_map(|set| {
            let mut block = [0; 64];
            for (at, value) in set {
                block[at] = value;
            }
            block
        })
    }

    proptest! {
        #[test]
        fn pixels_are_those_of_the_definition_to_one_level(block in blocks()) {
            let pixels = inverse_dct(Portable, &block);
            for (at, found) in pixels.as_flattened().iter().enumerate() {
                let exact = definition(&block, at / 8, at % 8);
                let found = f64::from(*found);
                prop_assert!((found - exact).abs() <= 1.0, "{found} for {exact}");
            }
        }

        #[test]
        fn flat_blocks_have_a_short_cut(first in -40_000_i32..40_000) {
            let mut block = [0; 64];
            block[0] = first;
            let pixels = inverse_dct(Portable, &block);
            prop_assert_eq!(pixels, [[inverse_dct_of_flat(first); 8]; 8]);
        }

        #[test]
        #[cfg(target_arch = "x86_64")]
        fn avx2_gives_the_same_pixels(block in blocks()) {
            if let Some(simd) = pulp::x86::V3::try_new() {
                prop_assert_eq!(inverse_dct(simd, &block), inverse_dct(Portable, &block));
            }
        }
    }
}
