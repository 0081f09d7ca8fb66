//! The values of a page: where bytes lie in it, and what its numbers are
//! (<https://parquet.apache.org/docs/file-format/data-pages/encodings/>).

use super::{delta, levels, metadata::Physical};
use crate::{columns::fault::Fault, foreign::arrays::Integer, stored::array::ByteOrder};
use std::ops::Range;

/// As the format numbers it.
pub(super) const BIT_PACKED: i64 = 4;

/// How the values of a page are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    /// Numbers of values in the chunk's dictionary.
    Dictionary,
    /// Whole numbers as differences.
    Delta,
    /// The lengths of all values as differences, then all values.
    DeltaLengths,
    /// The first bytes of all values, then their second ones, and so on.
    Split,
}

impl Encoding {
    pub(super) fn from_code(code: i64) -> Result<Self, String> {
        let other = match code {
            0 => return Ok(Self::Plain),
            2 | 8 => return Ok(Self::Dictionary),
            5 => return Ok(Self::Delta),
            6 => return Ok(Self::DeltaLengths),
            9 => return Ok(Self::Split),
            3 => "RLE",
            BIT_PACKED => "BIT_PACKED",
            7 => "DELTA_BYTE_ARRAY",
            _ => return Err(format!("a page of the unknown encoding {code}")),
        };
        Err(not_read(other))
    }

    /// The format's name.
    const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::Dictionary => "RLE_DICTIONARY",
            Self::Delta => "DELTA_BINARY_PACKED",
            Self::DeltaLengths => "DELTA_LENGTH_BYTE_ARRAY",
            Self::Split => "BYTE_STREAM_SPLIT",
        }
    }
}

fn not_read(encoding: &str) -> String {
    format!("a page of the encoding {encoding}, which is not read; write it with PLAIN")
}

/// Where the `count` values of a page lie, of which `bytes` are the part behind the levels.
///
/// # Errors
/// Where they reach beyond the page, with the place in `bytes`.
pub(super) fn ranges(
    bytes: &[u8],
    encoding: Encoding,
    physical: Physical,
    count: usize,
) -> Result<Vec<Range<u32>>, Fault> {
    match (physical, encoding) {
        (Physical::Fixed(length), Encoding::Plain) => fixed_ranges(bytes, length, count),
        (Physical::Bytes, Encoding::Plain) => plain_ranges(bytes, count),
        (Physical::Bytes, Encoding::DeltaLengths) => delta_ranges(bytes, count),
        (_, encoding) => Err(Fault::new(0, not_read(encoding.name()))),
    }
}

fn fixed_ranges(bytes: &[u8], length: u32, count: usize) -> Result<Vec<Range<u32>>, Fault> {
    let end = (length as usize).checked_mul(count);
    if end.is_none_or(|end| end > bytes.len()) {
        let reason = format!("{count} values of {length} bytes in {}", bytes.len());
        return Err(Fault::new(0, reason));
    }
    let start = |at: usize| at as u32 * length;
    Ok((0..count).map(|at| start(at)..start(at + 1)).collect())
}

fn plain_ranges(bytes: &[u8], count: usize) -> Result<Vec<Range<u32>>, Fault> {
    if count.checked_mul(4).is_none_or(|least| least > bytes.len()) {
        let reason = format!("{count} values in {} bytes", bytes.len());
        return Err(Fault::new(0, reason));
    }
    let mut ranges = Vec::with_capacity(count);
    let mut at = 0;
    for number in 0..count {
        let length = bytes[at..]
            .first_chunk()
            .map(|four| u32::from_le_bytes(*four));
        let end = length.and_then(|length| (at + 4).checked_add(length as usize));
        let Some(end) = end.filter(|end| *end <= bytes.len()) else {
            let reason = format!("value {number} reaches beyond its page");
            return Err(Fault::new(at as u64, reason));
        };
        ranges.push(at as u32 + 4..end as u32);
        at = end;
    }
    Ok(ranges)
}

fn delta_ranges(bytes: &[u8], count: usize) -> Result<Vec<Range<u32>>, Fault> {
    let (lengths, mut at) = delta::numbers(bytes, count)?;
    let mut ranges = Vec::with_capacity(count);
    for length in lengths {
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| at.checked_add(length));
        let Some(end) = end.filter(|end| *end <= bytes.len()) else {
            let reason = format!("a value of {length} bytes reaches beyond its page");
            return Err(Fault::new(at as u64, reason));
        };
        ranges.push(at as u32..end as u32);
        at = end;
    }
    Ok(ranges)
}

/// Numbers of values in a dictionary of `size`: a byte with their width, then runs.
pub(super) fn indices(bytes: &[u8], count: usize, size: usize) -> Result<Vec<u32>, Fault> {
    let mut found = Vec::new();
    if count == 0 {
        return Ok(found);
    }
    let Some((width, bytes)) = bytes.split_first() else {
        return Err(Fault::new(0, "a page without indices"));
    };
    levels::runs(bytes, (*width).into(), count, |index, times| {
        if index as usize >= size {
            let reason = format!("index {index} into a dictionary of {size}");
            return Err(Fault::new(0, reason));
        }
        found.extend(std::iter::repeat_n(index, times));
        Ok(())
    })
    .map_err(|fault| fault.behind(1))?;
    Ok(found)
}

/// Whole numbers of a page, of which `bytes` are the part behind the levels.
pub(super) fn integers(
    bytes: &[u8],
    encoding: Encoding,
    physical: Physical,
    count: usize,
) -> Result<Vec<i64>, Fault> {
    let size = match physical {
        Physical::I32 => 4,
        _ => 8,
    };
    if encoding == Encoding::Delta {
        return Ok(delta::numbers(bytes, count)?.0);
    }
    let stored = count.checked_mul(size).and_then(|end| bytes.get(..end));
    let stored = stored.ok_or_else(|| {
        let found = bytes.len();
        Fault::new(0, format!("{count} numbers in {found} bytes"))
    })?;
    let kind = Integer {
        bytes: size,
        signed: true,
    };
    match encoding {
        Encoding::Plain => Ok(kind.values(stored, ByteOrder::Little).collect()),
        Encoding::Split => {
            let joined: Vec<u8> = (0..count)
                .flat_map(|value| (0..size).map(move |byte| stored[byte * count + value]))
                .collect();
            Ok(kind.values(&joined, ByteOrder::Little).collect())
        }
        _ => Err(Fault::new(0, not_read(encoding.name()))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Encoding, indices, integers, ranges};
    use crate::parquet::metadata::Physical;

    #[test]
    fn numbers_are_the_same_in_every_encoding() {
        let expected = [-1, 2, 300, -70_000];
        let plain: Vec<u8> = expected
            .iter()
            .flat_map(|n: &i32| n.to_le_bytes())
            .collect();
        let split: Vec<u8> = (0..16).map(|at| plain[at % 4 * 4 + at / 4]).collect();
        let read = |bytes, encoding| integers(bytes, encoding, Physical::I32, 4).unwrap();
        let expected = expected.map(i64::from);
        assert_eq!(read(&plain, Encoding::Plain), expected);
        assert_eq!(read(&split, Encoding::Split), expected);
        assert!(integers(&plain, Encoding::Plain, Physical::I64, 4).is_err());
        assert!(integers(&plain, Encoding::Split, Physical::I32, usize::MAX).is_err());
    }

    #[test]
    fn values_beyond_the_page_are_refused() {
        let cut = |bytes: &[u8], encoding, physical, count| {
            ranges(bytes, encoding, physical, count).unwrap_err().reason
        };
        let plain = [1, 0, 0, 0, 7, 2, 0, 0, 0, 8];
        let found = ranges(&plain, Encoding::Plain, Physical::Bytes, 1).unwrap();
        assert_eq!((found.len(), found[0].clone()), (1, 4..5));
        let reason = cut(&plain, Encoding::Plain, Physical::Bytes, 2);
        assert!(reason.contains("value 1 reaches beyond"), "{reason}");
        let huge = [0xff, 0xff, 0xff, 0xff, 7];
        let reason = cut(&huge, Encoding::Plain, Physical::Bytes, 1);
        assert!(reason.contains("value 0 reaches beyond"), "{reason}");
        let reason = cut(&plain, Encoding::Plain, Physical::Fixed(4), usize::MAX);
        assert!(reason.contains("values of 4 bytes in 10"), "{reason}");
        let reason = cut(&plain, Encoding::Split, Physical::Fixed(5), 2);
        assert!(
            reason.contains("BYTE_STREAM_SPLIT, which is not read"),
            "{reason}"
        );
        // Three values by lengths, of which each is two less than the one before.
        let lengths = [0x80, 1, 4, 3, 2, 3, 0, 0, 0, 0, 9, 9, 9];
        let reason = cut(&lengths, Encoding::DeltaLengths, Physical::Bytes, 3);
        assert!(reason.contains("-1 bytes reaches beyond"), "{reason}");
    }

    #[test]
    fn indices_beyond_the_dictionary_are_refused() {
        // Five times 2, of two bits.
        assert_eq!(indices(&[2, 10, 2], 5, 3).unwrap(), [2; 5]);
        let reason = indices(&[2, 10, 2], 5, 2).unwrap_err().reason;
        assert!(
            reason.contains("index 2 into a dictionary of 2"),
            "{reason}"
        );
        assert!(indices(&[], 1, 2).is_err());
        assert!(indices(&[2, 10], 5, 3).is_err());
        assert!(indices(&[200, 10, 2], 5, 3).is_err());
        assert!(indices(&[], 0, 0).unwrap().is_empty());
    }
}
