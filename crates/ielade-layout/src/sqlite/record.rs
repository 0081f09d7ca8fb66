//! The fields of a row: its first bytes tell their kinds and lengths
//! (<https://www.sqlite.org/fileformat2.html#record_format>).

use std::ops::Range;

/// A number of 1 to 9 bytes, the most significant first: 7 bits of each but the ninth, which has 8;
/// how many bytes it took. `None` where it is cut.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(8) {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    Some((value << 8 | u64::from(*bytes.get(8)?), 9))
}

/// What a field is, and which bytes of the row it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    /// The row was written before the table had this column.
    Missing,
    Null,
    /// 0 or 1, which take no bytes.
    Bit(i64),
    /// Up to 8 bytes, the most significant first.
    Integer(Range<usize>),
    Blob(Range<usize>),
    /// Anything else, or of a row with so many fields that their kinds do not lie on its leaf.
    Other,
}

impl Field {
    /// The field of a number, from 0, of a row of `total` bytes, of which these lie on its leaf.
    /// `None` where they contradict each other.
    pub(super) fn find(local: &[u8], total: usize, number: usize) -> Option<Self> {
        let (head, mut at) = varint(local)?;
        let head = usize::try_from(head).ok().filter(|head| *head <= total)?;
        let Some(kinds) = local.get(..head) else {
            return Some(Self::Other);
        };
        let mut start = head as u64;
        for before in 0..=number {
            if at == head {
                return Some(Self::Missing);
            }
            let (kind, bytes) = varint(kinds.get(at..)?)?;
            at += bytes;
            let end = start.checked_add(length(kind)?)?;
            if end > total as u64 {
                return None;
            }
            if before == number {
                return Some(Self::of(kind, start as usize..end as usize));
            }
            start = end;
        }
        None
    }

    fn of(kind: u64, bytes: Range<usize>) -> Self {
        match kind {
            0 => Self::Null,
            1..=6 => Self::Integer(bytes),
            8 | 9 => Self::Bit((kind - 8).cast_signed()),
            12.. if kind.is_multiple_of(2) => Self::Blob(bytes),
            _ => Self::Other,
        }
    }
}

/// Bytes of a field of a kind; `None` of kinds that have no meaning.
const fn length(kind: u64) -> Option<u64> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => Some(kind),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => Some((kind - 12) / 2),
    }
}

/// The number in these bytes, of which there are at most 8, the most significant first.
pub(super) fn integer(bytes: &[u8]) -> i64 {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let start = if negative { -1 } else { 0 };
    bytes
        .iter()
        .fold(start, |value, byte| value << 8 | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::{Field, integer, varint};

    #[test]
    fn varints_have_up_to_nine_bytes() {
        assert_eq!(varint(&[0x7f, 9]), Some((127, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((128, 2)));
        assert_eq!(varint(&[0x80, 0x80, 0x05]), Some((5, 3)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff; 20]), Some((u64::MAX, 9)));
        for cut in 0..9 {
            assert_eq!(varint(&[0xff; 9][..cut]), None);
        }
    }

    #[test]
    fn integers_have_a_sign() {
        assert_eq!(integer(&[]), 0);
        assert_eq!(integer(&[0x7f]), 127);
        assert_eq!(integer(&[0xff, 0xfe]), -2);
        assert_eq!(integer(&[0x80, 0, 0]), -(1 << 23));
        assert_eq!(integer(&i64::MIN.to_be_bytes()), i64::MIN);
    }

    #[test]
    fn fields_are_found_by_the_lengths_of_those_before() {
        // null, two bytes, text of 1, blob of 3, one
        let row = [6, 0, 2, 15, 18, 9, 1, 2, b'x', 7, 8, 9];
        let find = |number| Field::find(&row, row.len(), number);
        assert_eq!(find(0), Some(Field::Null));
        assert_eq!(find(1), Some(Field::Integer(6..8)));
        assert_eq!(find(2), Some(Field::Other));
        assert_eq!(find(3), Some(Field::Blob(9..12)));
        assert_eq!(find(4), Some(Field::Bit(1)));
        assert_eq!(find(5), Some(Field::Missing));
    }

    #[test]
    fn what_contradicts_itself_is_told() {
        let find = |local: &[u8], total| Field::find(local, total, 0);
        assert_eq!(find(&[], 0), None);
        // Head longer than the row; fields longer than the row; no such kind; a kind that is cut.
        assert_eq!(find(&[9, 1], 2), None);
        assert_eq!(find(&[2, 6, 1], 3), None);
        assert_eq!(find(&[2, 10], 2), None);
        assert_eq!(find(&[2, 0x81, 1], 3), None);
        // A head beyond the leaf is SQLite's business.
        assert_eq!(find(&[9, 1], 20), Some(Field::Other));
    }
}
