//! Values whose bytes, or bits, were put together by their significance, so that they compress
//! better: the first byte of every value, then the second of every value, and so on.

/// Shuffles the bytes of values of `width` bytes; what follows the last whole value stays.
pub(crate) fn bytes(values: &[u8], width: usize, shuffled: &mut [u8]) {
    let count = values.len() / width;
    let (whole, rest) = values.split_at(count * width);
    for (byte, plane) in shuffled[..whole.len()]
        .chunks_exact_mut(count.max(1))
        .enumerate()
    {
        for (target, value) in plane.iter_mut().zip(whole.chunks_exact(width)) {
            *target = value[byte];
        }
    }
    shuffled[whole.len()..].copy_from_slice(rest);
}

/// Undoes [`bytes`].
pub(crate) fn undo_bytes(shuffled: &[u8], width: usize, values: &mut [u8]) {
    match width {
        2 => undo_bytes_of::<2>(shuffled, values),
        4 => undo_bytes_of::<4>(shuffled, values),
        8 => undo_bytes_of::<8>(shuffled, values),
        _ => {
            let count = shuffled.len() / width;
            let whole = count * width;
            for (byte, plane) in shuffled[..whole].chunks_exact(count.max(1)).enumerate() {
                for (value, source) in values[..whole].chunks_exact_mut(width).zip(plane) {
                    value[byte] = *source;
                }
            }
            values[whole..].copy_from_slice(&shuffled[whole..]);
        }
    }
}

/// As [`undo_bytes`], for a width that the compiler knows: one pass over the values.
fn undo_bytes_of<const WIDTH: usize>(shuffled: &[u8], values: &mut [u8]) {
    let count = shuffled.len() / WIDTH;
    let whole = count * WIDTH;
    let planes: [&[u8]; WIDTH] = std::array::from_fn(|byte| &shuffled[byte * count..][..count]);
    let (targets, rest) = values.as_chunks_mut::<WIDTH>();
    for (at, value) in targets.iter_mut().enumerate() {
        *value = std::array::from_fn(|byte| planes[byte][at]);
    }
    rest.copy_from_slice(&shuffled[whole..]);
}

/// Undoes bit shuffling: eight rows of bits for each byte of a value, from the lowest bit on. Blocks
/// whose values are no multiple of eight are not shuffled at all.
pub(super) fn undo_bits(shuffled: &[u8], width: usize, values: &mut [u8]) {
    let count = shuffled.len() / width;
    if count == 0 || !count.is_multiple_of(8) {
        values.copy_from_slice(shuffled);
        return;
    }
    let whole = count * width;
    let row = count / 8;
    for (byte, rows) in shuffled[..whole].chunks_exact(8 * row).enumerate() {
        for group in 0..row {
            let bits = u64::from_le_bytes(std::array::from_fn(|bit| rows[bit * row + group]));
            for (value, transposed) in transpose(bits).to_le_bytes().into_iter().enumerate() {
                values[(group * 8 + value) * width + byte] = transposed;
            }
        }
    }
    values[whole..].copy_from_slice(&shuffled[whole..]);
}

/// Mirrors a matrix of 8 × 8 bits at its diagonal: bit j of byte i goes to bit i of byte j
/// (Warren, *Hacker's Delight*, 7-3).
const fn transpose(mut bits: u64) -> u64 {
    let swap = (bits ^ (bits >> 7)) & 0x00aa_00aa_00aa_00aa;
    bits ^= swap ^ (swap << 7);
    let swap = (bits ^ (bits >> 14)) & 0x0000_cccc_0000_cccc;
    bits ^= swap ^ (swap << 14);
    let swap = (bits ^ (bits >> 28)) & 0x0000_0000_f0f0_f0f0;
    bits ^ swap ^ (swap << 28)
}

#[cfg(test)]
mod tests {
    use super::{bytes, transpose, undo_bits, undo_bytes};

    #[test]
    fn shuffled_bytes_come_back() {
        for width in 1..10 {
            for count in [0, 1, 5, 31, 32, 1000] {
                let values: Vec<u8> = (0..count).map(|at| (at * 7 % 251) as u8).collect();
                let mut shuffled = vec![0; count];
                bytes(&values, width, &mut shuffled);
                let mut found = vec![0; count];
                undo_bytes(&shuffled, width, &mut found);
                assert_eq!(found, values, "{width} {count}");
            }
        }
        let mut shuffled = [0; 7];
        bytes(&[1, 2, 3, 4, 5, 6, 7], 2, &mut shuffled);
        assert_eq!(shuffled, [1, 3, 5, 2, 4, 6, 7]);
    }

    #[test]
    fn bits_are_put_back_where_they_were() {
        // Sixteen values of two bytes: bit `row` of a value's bytes is in rows of two bytes.
        let values: Vec<u8> = (0..32_u32).map(|at| (at * 37 + 11) as u8).collect();
        let mut shuffled = vec![0_u8; 32];
        for (at, value) in values.iter().enumerate() {
            let (value_number, byte) = (at / 2, at % 2);
            for bit in 0..8 {
                let row = byte * 8 + bit;
                shuffled[row * 2 + value_number / 8] |= (value >> bit & 1) << (value_number % 8);
            }
        }
        let mut found = vec![0; 32];
        undo_bits(&shuffled, 2, &mut found);
        assert_eq!(found, values);
        undo_bits(&shuffled[..10], 2, &mut found[..10]);
        assert_eq!(found[..10], shuffled[..10]);
    }

    #[test]
    fn a_matrix_mirrored_twice_is_itself() {
        assert_eq!(transpose(0xff), 0x0101_0101_0101_0101);
        for seed in 1..100_u64 {
            let bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert_eq!(transpose(transpose(bits)), bits);
        }
    }
}
