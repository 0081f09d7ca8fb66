//! One header of a tar file: 512 bytes in front of every member.
//!
//! `ustar` as POSIX 1003.1-1988 lays it out, with sizes in base 256 as GNU tar writes those of 8 GiB
//! and more (<https://www.gnu.org/software/tar/manual/html_node/Standard.html>).

use std::ops::Range;

/// Headers and members take a multiple of this.
pub(super) const BLOCK: usize = 512;

/// What ends an archive: two blocks of zeros.
pub(super) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const OWNER: Range<usize> = 108..116;
const GROUP: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const TIME: Range<usize> = 136..148;
const SUM: Range<usize> = 148..156;
const KIND: usize = 156;
const MAGIC: Range<usize> = 257..265;
const PREFIX: Range<usize> = 345..500;

/// `ustar`, ended by a NUL, version 00.
const USTAR: &[u8; 8] = b"ustar\x0000";

/// What a header is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file with its content behind.
    File,
    /// GNU's: the name of the next member.
    LongName,
    /// POSIX's extended header of the next member.
    Extended,
    /// POSIX's extended header of all members from here on.
    Global,
    /// GNU's: a file with holes.
    Sparse,
    /// A folder, a link, a device: nothing behind it.
    Empty,
    /// Something else, with content behind it.
    Other,
}

/// What a header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) name: Vec<u8>,
    /// Bytes of the content.
    pub(super) size: u64,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(super) fn parse(block: &[u8; BLOCK]) -> Result<Self, &'static str> {
        if !sum_fits(block) {
            return Err("the check sum of the header is wrong");
        }
        let mut name = until_nul(&block[NAME]).to_vec();
        if block[MAGIC][..6] == USTAR[..6] {
            let prefix = until_nul(&block[PREFIX]);
            if !prefix.is_empty() {
                name = [prefix, b"/", &name].concat();
            }
        }
        let size = number(&block[SIZE]).ok_or("the size in the header is no number")?;
        let kind = match block[KIND] {
            // Before 1988, a folder was a file whose name ends so.
            0 if name.ends_with(b"/") => Kind::Empty,
            0 | b'0' | b'7' => Kind::File,
            b'L' => Kind::LongName,
            b'x' | b'X' => Kind::Extended,
            b'g' => Kind::Global,
            b'S' => Kind::Sparse,
            b'1'..=b'6' => Kind::Empty,
            _ => Kind::Other,
        };
        Ok(Self { kind, name, size })
    }
}

/// True for a block that is a header by its check sum.
pub(super) fn is_header(bytes: &[u8]) -> bool {
    bytes
        .first_chunk()
        .is_some_and(|block: &[u8; BLOCK]| block != &[0; BLOCK] && sum_fits(block))
}

fn until_nul(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// A number in octal digits, or in base 256 where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    let (first, rest) = field.split_first()?;
    if first & 0x80 != 0 {
        // The bit behind is the sign; no size is negative.
        return rest
            .iter()
            .try_fold(u64::from(first & 0x7f), |value, byte| {
                (value >> 56 == 0).then(|| value << 8 | u64::from(*byte))
            });
    }
    let text = until_nul(field).trim_ascii();
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = u64::from(digit.wrapping_sub(b'0'));
        (digit < 8 && value >> 60 == 0).then_some(value << 3 | digit)
    })
}

/// Compares the sum of all bytes, those of the sum itself taken as spaces; some writers of old took
/// bytes for signed.
fn sum_fits(block: &[u8; BLOCK]) -> bool {
    let Some(expected) = number(&block[SUM]) else {
        return false;
    };
    let mut spaced = *block;
    spaced[SUM].fill(b' ');
    let signed: i64 = spaced.iter().map(|byte| i64::from(*byte as i8)).sum();
    u64::from(sum(&spaced)) == expected || i64::try_from(expected) == Ok(signed)
}

fn sum(block: &[u8; BLOCK]) -> u32 {
    block.iter().map(|byte| u32::from(*byte)).sum()
}

/// Makes headers of files that anyone may read, without owner and time.
#[derive(Debug, Clone)]
pub(super) struct HeaderWriter {
    /// Everything but name, size and check sum, whose field holds spaces.
    template: [u8; BLOCK],
}

impl HeaderWriter {
    pub(super) fn new() -> Self {
        let mut template = [0; BLOCK];
        template[MODE].copy_from_slice(b"0000644\0");
        template[OWNER].copy_from_slice(b"0000000\0");
        template[GROUP].copy_from_slice(b"0000000\0");
        template[TIME].copy_from_slice(b"00000000000\0");
        template[SUM].fill(b' ');
        template[KIND] = b'0';
        template[MAGIC].copy_from_slice(USTAR);
        Self { template }
    }

    /// The header of a member; `name` has at most 100 bytes, and `size` is below 8 GiB, which is
    /// what eleven octal digits can tell.
    pub(super) fn header(&self, name: &[u8], size: u64) -> [u8; BLOCK] {
        let mut header = self.template;
        let len = name.len().min(NAME.len());
        header[..len].copy_from_slice(&name[..len]);
        octal(&mut header[SIZE], size);
        let sum = sum(&header);
        octal(&mut header[SUM][..7], sum.into());
        header
    }
}

/// Octal digits with zeros in front, ended by a NUL.
fn octal(field: &mut [u8], mut number: u64) {
    if let Some((last, digits)) = field.split_last_mut() {
        *last = 0;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number & 7) as u8;
            number >>= 3;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Header, HeaderWriter, Kind, SUM, is_header, number, octal, sum};
    use proptest::prelude::*;

    fn with_sum(mut block: [u8; BLOCK]) -> [u8; BLOCK] {
        block[SUM].fill(b' ');
        let sum = sum(&block);
        octal(&mut block[SUM][..7], sum.into());
        block
    }

    proptest! {
        #[test]
        fn a_header_comes_back(name in "[a-zé/.]{1,50}", size in 0..1_u64 << 33) {
            let block = HeaderWriter::new().header(name.as_bytes(), size);
            prop_assert!(is_header(&block));
            let header = Header::parse(&block).unwrap();
            prop_assert_eq!(header, Header { kind: Kind::File, name: name.into(), size });
        }

        #[test]
        fn no_changed_byte_of_a_header_goes_unnoticed(at in 0..BLOCK, change in 1..255_u8) {
            let mut block = HeaderWriter::new().header(b"1.jpg", 99);
            block[at] ^= change;
            // The NUL and the space behind the sum's digits may be others.
            if !(SUM.end - 2..SUM.end).contains(&at) {
                prop_assert!(Header::parse(&block).is_err());
            }
        }
    }

    #[test]
    fn sizes_are_octal_or_in_base_256() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"     17 \0\0\0\0"), Some(15));
        assert_eq!(number(b"\0\0\0"), Some(0));
        assert_eq!(number(b"0000x\0"), None);
        assert_eq!(number(b"-1\0"), None);
        assert_eq!(number(b"777777777777777777777777\0"), None);
        let base_256 = [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1];
        assert_eq!(number(&base_256), Some(0x2_0000_0001));
        assert_eq!(number(&[0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
        assert_eq!(number(&[0xff; 12]), None);
    }

    #[test]
    fn names_may_have_a_prefix_and_kinds_are_told() {
        let mut block = HeaderWriter::new().header(b"1.jpg", 5);
        block[345..350].copy_from_slice(b"train");
        assert_eq!(
            Header::parse(&with_sum(block)).unwrap().name,
            b"train/1.jpg"
        );
        // GNU's own header has other things there.
        block[257..265].copy_from_slice(b"ustar  \0");
        assert_eq!(Header::parse(&with_sum(block)).unwrap().name, b"1.jpg");
        for (letter, kind) in [
            (b'0', Kind::File),
            (0, Kind::File),
            (b'5', Kind::Empty),
            (b'2', Kind::Empty),
            (b'L', Kind::LongName),
            (b'x', Kind::Extended),
            (b'g', Kind::Global),
            (b'S', Kind::Sparse),
            (b'V', Kind::Other),
        ] {
            block[156] = letter;
            assert_eq!(Header::parse(&with_sum(block)).unwrap().kind, kind);
        }
        let mut folder = HeaderWriter::new().header(b"train/", 0);
        folder[156] = 0;
        assert_eq!(Header::parse(&with_sum(folder)).unwrap().kind, Kind::Empty);
        assert!(!is_header(&[0; BLOCK]));
    }
}
