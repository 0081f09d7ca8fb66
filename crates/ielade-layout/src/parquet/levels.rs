//! Runs of small numbers: definition levels and indices into a dictionary
//! (<https://parquet.apache.org/docs/file-format/data-pages/encodings/#RLE>).

use crate::columns::fault::Fault;

/// Gives `count` numbers of `width` bits to `emit`, as (number, how often).
///
/// # Errors
/// Where the bytes end before, with the place in them.
pub(super) fn runs(
    bytes: &[u8],
    width: u32,
    count: usize,
    mut emit: impl FnMut(u32, usize) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if width > 32 {
        return Err(Fault::new(0, format!("numbers of {width} bits")));
    }
    let (mut at, mut left) = (0, count);
    while left > 0 {
        let (head, length) = head(&bytes[at..]).ok_or_else(|| cut(at))?;
        at += length;
        let times = usize::try_from(head >> 1).unwrap_or(usize::MAX);
        if head & 1 == 0 {
            let size = width.div_ceil(8) as usize;
            let stored = bytes.get(at..at + size).ok_or_else(|| cut(at))?;
            at += size;
            let mut number = [0; 4];
            number[..size].copy_from_slice(stored);
            let number = u32::from_le_bytes(number);
            if times == 0 {
                return Err(Fault::new(at as u64, "a run of nothing"));
            }
            if u64::from(number) >> width > 0 {
                let reason = format!("{number} among numbers of {width} bits");
                return Err(Fault::new(at as u64, reason));
            }
            let times = times.min(left);
            emit(number, times)?;
            left -= times;
        } else {
            // Groups of eight; the last one may reach beyond the count.
            let size = times.checked_mul(width as usize);
            let stored = size.and_then(|size| bytes[at..].get(..size));
            let groups = match stored {
                Some(stored) => stored,
                // Some writers leave out the end of the last group.
                None if times.saturating_mul(8) >= left => &bytes[at..],
                None => return Err(cut(at)),
            };
            at += groups.len();
            let times = times.saturating_mul(8).min(left);
            if times == 0 {
                return Err(Fault::new(at as u64, "a run of nothing"));
            }
            if (times * width as usize).div_ceil(8) > groups.len() {
                return Err(cut(at));
            }
            for number in 0..times {
                emit(bits(groups, number * width as usize, width), 1)?;
            }
            left -= times;
        }
    }
    Ok(())
}

fn cut(at: usize) -> Fault {
    Fault::new(at as u64, "the page ends within its levels or indices")
}

/// A run's head, a number of 7 bits a byte, and its length.
fn head(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(9).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// `width` bits from bit `start` on, the lowest first; zeros behind the end.
fn bits(bytes: &[u8], start: usize, width: u32) -> u32 {
    let mut window = [0; 8];
    let from = bytes.get(start / 8..).unwrap_or_default();
    let length = from.len().min(8);
    window[..length].copy_from_slice(&from[..length]);
    let value = u64::from_le_bytes(window) >> (start % 8);
    (value & ((1 << width) - 1)) as u32
}

/// Levels of `count` values that are all there, for a column that need not have any.
pub(super) fn all_defined(level: u8, count: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut head = u64::from(count) << 1;
    while head >= 0x80 {
        bytes.push(head as u8 | 0x80);
        head >>= 7;
    }
    bytes.extend([head as u8, level]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::{all_defined, runs};
    use proptest::prelude::*;

    fn numbers(bytes: &[u8], width: u32, count: usize) -> Result<Vec<u32>, String> {
        let mut found = Vec::new();
        runs(bytes, width, count, |number, times| {
            found.extend(std::iter::repeat_n(number, times));
            Ok(())
        })
        .map_err(|fault| fault.reason)?;
        Ok(found)
    }

    #[test]
    fn the_examples_of_the_format_are_read() {
        // 0 to 7 in three bits each, as the format's description shows them.
        let packed = [0x03, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(numbers(&packed, 3, 8).unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(numbers(&packed, 3, 5).unwrap(), [0, 1, 2, 3, 4]);
        // 300 times 2.
        assert_eq!(numbers(&[0xd8, 0x04, 2], 2, 300).unwrap(), [2; 300]);
        assert_eq!(numbers(&[], 0, 0).unwrap(), [0; 0]);
        assert_eq!(numbers(&[10], 0, 5).unwrap(), [0; 5]);
        assert_eq!(numbers(&all_defined(2, 4_000_000), 2, 9).unwrap(), [2; 9]);
    }

    #[test]
    fn what_is_cut_or_empty_is_refused() {
        for bytes in [
            &[][..],
            &[0x03, 1],
            &[0x80],
            &[0xff; 12],
            &[0, 1],
            &[1],
            &[0x08],
        ] {
            assert!(numbers(bytes, 3, 8).is_err(), "{bytes:?}");
        }
        assert!(numbers(&[2, 0, 0, 0, 0, 0], 33, 1).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_give_as_many_numbers_as_asked_or_a_fault(
            bytes in prop::collection::vec(any::<u8>(), 0..60),
            width in 0_u32..34,
            count in 0_usize..500,
        ) {
            if let Ok(found) = numbers(&bytes, width, count) {
                prop_assert_eq!(found.len(), count);
                prop_assert!(found.iter().all(|n| u64::from(*n) < 1 << width));
            }
        }
    }
}
