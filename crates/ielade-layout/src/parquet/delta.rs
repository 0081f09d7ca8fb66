//! Whole numbers as differences from one to the next
//! (<https://parquet.apache.org/docs/file-format/data-pages/encodings/#DELTAENC>).

use crate::columns::fault::Fault;

/// Values of a block, most; what is usual is 128.
const MAX_BLOCK: u64 = 1 << 16;

struct Bytes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.at as u64, reason)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let part = self.bytes[self.at..].get(..length);
        let part = part.ok_or_else(|| self.fault("the page ends within its numbers"))?;
        self.at += length;
        Ok(part)
    }

    fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.fault("a number of more than 64 bits"))
    }

    fn zigzag(&mut self) -> Result<i64, Fault> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

/// Reads `count` numbers; gives them and the bytes they took.
///
/// # Errors
/// Where the bytes end before or count differently, with the place in them.
pub(super) fn numbers(bytes: &[u8], count: usize) -> Result<(Vec<i64>, usize), Fault> {
    let mut reader = Bytes { bytes, at: 0 };
    let (block, miniblocks) = (reader.varint()?, reader.varint()?);
    let told = reader.varint()?;
    let mut value = reader.zigzag()?;
    if told != count as u64 {
        return Err(reader.fault(format!("{told} numbers where {count} belong")));
    }
    let per_miniblock = block.checked_div(miniblocks).unwrap_or(0) as usize;
    if block > MAX_BLOCK || per_miniblock == 0 || !per_miniblock.is_multiple_of(8) {
        return Err(reader.fault(format!("blocks of {block} in {miniblocks} parts")));
    }
    let mut found = Vec::new();
    if count > 0 {
        found.push(value);
    }
    while found.len() < count {
        let least = reader.zigzag()?;
        let widths = reader.take(miniblocks as usize)?;
        for width in widths {
            let left = count - found.len();
            if left == 0 {
                break;
            }
            let width = usize::from(*width);
            if width > 64 {
                return Err(reader.fault(format!("numbers of {width} bits")));
            }
            let packed = reader.take(per_miniblock / 8 * width)?;
            for at in 0..per_miniblock.min(left) {
                let difference = bits(packed, at * width, width);
                value = value.wrapping_add(least).wrapping_add(difference as i64);
                found.push(value);
            }
        }
    }
    Ok((found, reader.at))
}

/// `width` bits from bit `start` on, the lowest first.
fn bits(bytes: &[u8], start: usize, width: usize) -> u64 {
    if width == 0 {
        return 0;
    }
    let mut window = [0; 16];
    let from = bytes.get(start / 8..).unwrap_or_default();
    let length = from.len().min(16);
    window[..length].copy_from_slice(&from[..length]);
    let value = u128::from_le_bytes(window) >> (start % 8);
    (value & ((1 << width) - 1)) as u64
}

#[cfg(test)]
mod tests {
    use super::numbers;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_format_are_read() {
        // 1, 2, 3, 4, 5: all differences are 1, so no bits are needed.
        let even = [0x80, 1, 4, 5, 2, 2, 0, 0, 0, 0];
        assert_eq!(numbers(&even, 5).unwrap(), (vec![1, 2, 3, 4, 5], 10));
        // 7, 5, 3, 1, 2, 3, 4, 5: the least difference is -2; 0 0 0 3 3 3 3 in two bits.
        let mut uneven = vec![0x80, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0b1100_0000, 0b0011_1111];
        uneven.resize(10 + 8, 0);
        let expected = vec![7, 5, 3, 1, 2, 3, 4, 5];
        assert_eq!(numbers(&uneven, 8).unwrap(), (expected, 18));
        assert_eq!(numbers(&[0x80, 1, 4, 0, 0], 0).unwrap(), (vec![], 5));
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        for bytes in [
            &[0x80, 1, 4, 5, 2][..],
            &[0x80, 1, 0, 5, 2, 2],
            &[0x80, 1, 3, 5, 2, 2, 0, 0, 0, 0],
            &[0x80, 1, 4, 6, 2, 2, 0, 0, 0, 0],
            &[0x80, 1, 4, 5, 2, 2, 65, 0, 0, 0],
            &[],
        ] {
            assert!(numbers(bytes, 5).is_err(), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_as_many_numbers_as_asked_or_a_fault(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            count in 0_u8..100,
        ) {
            bytes.splice(0..0, [0x80, 1, 4, count]);
            if let Ok((found, read)) = numbers(&bytes, count.into()) {
                prop_assert_eq!(found.len(), usize::from(count));
                prop_assert!(read <= bytes.len());
            }
        }
    }
}
