//! The framing of `TFRecord` files: lengths and check sums around records.

use super::wire::Wire;
use crate::sharded::Fault;

/// Bytes in front of a record: its length, and the check sum of that.
pub(super) const HEAD_BYTES: usize = 12;

/// Bytes behind a record: its check sum.
const TAIL_BYTES: usize = 4;

/// CRC32C as `TFRecord` stores it: turned and shifted, since a record may itself hold check sums
/// (`masked_crc` in TensorFlow's `lib/hash/crc32c.h`).
pub(super) const fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// The head of a record of `len` bytes.
pub(super) fn head(len: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    let length = len.to_le_bytes();
    head[..8].copy_from_slice(&length);
    head[8..].copy_from_slice(&masked(crc32c::crc32c(&length)).to_le_bytes());
    head
}

/// True where the first bytes of a file are the head of a record.
pub(super) fn starts_with_head(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    let sum = rest.first_chunk().map(|sum| u32::from_le_bytes(*sum));
    sum == Some(masked(crc32c::crc32c(length)))
}

/// Which check sums are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Checked {
    /// Those of the lengths: no more of a record is read than is asked for.
    Lengths,
    /// Those of the records too.
    All,
}

/// A record and where it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    /// The record's bytes.
    pub(super) record: Wire<'a>,
    /// The byte behind its check sum.
    pub(super) end: u64,
}

/// The records of a file, one after the other. Ends with the first fault.
#[derive(Debug, Clone)]
pub(super) struct Frames<'a> {
    file: &'a [u8],
    at: usize,
    checked: Checked,
}

impl<'a> Frames<'a> {
    pub(super) const fn new(file: &'a [u8], checked: Checked) -> Self {
        Self {
            file,
            at: 0,
            checked,
        }
    }

    fn frame(&mut self) -> Result<Frame<'a>, Fault> {
        let start = self.at;
        let fault = |at: usize, reason: String| Err(Fault::new(at as u64, reason));
        let rest = &self.file[start..];
        let Some((head, rest)) = rest.split_at_checked(HEAD_BYTES) else {
            let found = rest.len();
            return fault(
                start,
                format!("the file ends within the head of a record, {found} bytes of 12"),
            );
        };
        if !starts_with_head(head) {
            let reason = match start {
                0 => {
                    "the check sum of the first record's length is wrong: this is no TFRecord file"
                }
                _ => "the check sum of a record's length is wrong: the file is damaged here",
            };
            return fault(start, reason.to_owned());
        }
        let len = head.iter().take(8).rev();
        let len = len.fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
        let record = usize::try_from(len)
            .ok()
            .filter(|len| rest.len().saturating_sub(TAIL_BYTES) >= *len && rest.len() >= TAIL_BYTES)
            .map(|len| &rest[..len]);
        let Some(record) = record else {
            return fault(
                start,
                format!(
                    "a record of {len} bytes reaches beyond the end of the file, which has {} left",
                    rest.len()
                ),
            );
        };
        let data = start + HEAD_BYTES;
        let tail = data + record.len();
        self.at = tail + TAIL_BYTES;
        if self.checked == Checked::All {
            let sum = masked(crc32c::crc32c(record)).to_le_bytes();
            if self.file[tail..self.at] != sum {
                return fault(
                    tail,
                    format!(
                        "the check sum of the record at byte {data} is wrong: its {} bytes are \
                         damaged",
                        record.len()
                    ),
                );
            }
        }
        Ok(Frame {
            record: Wire {
                bytes: record,
                offset: data as u64,
            },
            end: self.at as u64,
        })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.file.len() {
            return None;
        }
        let frame = self.frame();
        if frame.is_err() {
            self.at = self.file.len();
        }
        Some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::{Checked, Frames, head, masked, starts_with_head};

    fn file(records: &[&[u8]]) -> Vec<u8> {
        let mut file = Vec::new();
        for record in records {
            file.extend(head(record.len() as u64));
            file.extend(*record);
            file.extend(masked(crc32c::crc32c(record)).to_le_bytes());
        }
        file
    }

    fn read(file: &[u8], checked: Checked) -> Result<Vec<Vec<u8>>, String> {
        Frames::new(file, checked)
            .map(|frame| match frame {
                Ok(frame) => Ok(frame.record.bytes.to_vec()),
                Err(fault) => Err(format!("byte {}: {}", fault.offset, fault.reason)),
            })
            .collect()
    }

    #[test]
    fn check_sums_are_those_of_tensorflow() {
        // Castagnoli's check value, and heads as TensorFlow wrote them.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        let written_by_tensorflow = [0x18, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22];
        assert_eq!(head(24), written_by_tensorflow);
        assert_eq!(head(0)[8..], [0x29, 3, 0x98, 7]);
        assert!(starts_with_head(&written_by_tensorflow));
    }

    #[test]
    fn records_come_back_and_no_cut_or_changed_byte_goes_unnoticed() {
        let records: [&[u8]; 3] = [b"one", b"", b"three records"];
        let whole = file(&records);
        assert_eq!(read(&whole, Checked::All).unwrap(), records);
        let boundaries = [0, 12 + 3 + 4, 2 * 16 + 3, whole.len()];
        for kept in 0..whole.len() {
            let found = read(&whole[..kept], Checked::All);
            assert_eq!(
                found.is_ok(),
                boundaries.contains(&kept),
                "{kept}: {found:?}"
            );
        }
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x40;
            assert!(read(&changed, Checked::All).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_length_that_overflows_is_refused() {
        for len in [14, u64::MAX, u64::MAX - 15, 1 << 63] {
            let mut file = head(len).to_vec();
            file.extend([0; 17]);
            for checked in [Checked::Lengths, Checked::All] {
                let error = read(&file, checked).unwrap_err();
                assert!(error.contains("beyond the end"), "{error}");
            }
        }
    }
}
