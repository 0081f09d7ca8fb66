//! Where the members of a zip archive lie, as `np.savez` writes it
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
//!
//! Only what is needed to find stored members: the directory at the archive's end, also of Zip64.

use std::{collections::BTreeSet, ops::Range};

const END_MAGIC: &[u8; 4] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const MAX_COMMENT: usize = u16::MAX as usize;
const WIDE_LOCATOR_MAGIC: &[u8; 4] = b"PK\x06\x07";
const WIDE_LOCATOR_BYTES: usize = 20;
const WIDE_END_MAGIC: &[u8; 4] = b"PK\x06\x06";
const ENTRY_MAGIC: &[u8; 4] = b"PK\x01\x02";
const ENTRY_BYTES: usize = 46;
const LOCAL_MAGIC: &[u8; 4] = b"PK\x03\x04";
const LOCAL_BYTES: usize = 30;

/// Tag of the extra field that holds what does not fit 32 bits.
const WIDE_EXTRA: u16 = 1;

/// Stands in 32 bits for a number that is elsewhere.
const ELSEWHERE: u64 = u32::MAX as u64;

/// A member of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Its bytes in the file; `None` where it is compressed or encrypted.
    pub(super) stored: Option<Range<usize>>,
}

/// Why an archive was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub(super) struct ArchiveError {
    pub(super) offset: usize,
    pub(super) reason: String,
}

fn fault(offset: usize, reason: impl Into<String>) -> ArchiveError {
    ArchiveError {
        offset,
        reason: reason.into(),
    }
}

/// The members of an archive, in the order of its directory. Trusts nothing in it: every stored
/// member lies within the file, and no two have the same name.
pub(super) fn members(file: &[u8]) -> Result<Vec<Member>, ArchiveError> {
    let directory = directory(file)?;
    let mut names = BTreeSet::new();
    let mut members = Vec::new();
    let mut at = directory.start;
    while at < directory.end {
        let entry = Entry::parse(file, at)?;
        let member = entry.member(file, directory.start)?;
        if !names.insert(member.name.clone()) {
            return Err(fault(
                at,
                format!("member {:?} is there twice", member.name),
            ));
        }
        members.push(member);
        at += entry.bytes;
    }
    if at != directory.end {
        return Err(fault(at, "the directory ends within an entry"));
    }
    Ok(members)
}

/// The little-endian number of so many bytes at a place.
fn number(file: &[u8], at: usize, bytes: usize) -> Result<u64, ArchiveError> {
    let value = at
        .checked_add(bytes)
        .and_then(|end| file.get(at..end))
        .ok_or_else(|| fault(at, "the file ends within a number"))?;
    let mut wide = [0; 8];
    wide[..bytes].copy_from_slice(value);
    Ok(u64::from_le_bytes(wide))
}

fn magic(file: &[u8], at: usize, magic: &[u8], what: &str) -> Result<(), ArchiveError> {
    match file.get(at..).is_some_and(|rest| rest.starts_with(magic)) {
        true => Ok(()),
        false => Err(fault(at, format!("no {what} is here"))),
    }
}

/// Where the directory is.
fn directory(file: &[u8]) -> Result<Range<usize>, ArchiveError> {
    let first = file.len().saturating_sub(END_BYTES + MAX_COMMENT);
    let last = file
        .len()
        .checked_sub(END_BYTES)
        .ok_or_else(|| fault(0, "too short for a zip archive"))?;
    let ends_file = |at: &usize| {
        file[*at..].starts_with(END_MAGIC)
            && number(file, at + 20, 2)
                .is_ok_and(|comment| at + END_BYTES + comment as usize == file.len())
    };
    let end = (first..=last).rev().find(ends_file).ok_or_else(|| {
        fault(
            file.len(),
            "the archive has no end; the file was cut or is still being written",
        )
    })?;
    let (mut bytes, mut start) = (number(file, end + 12, 4)?, number(file, end + 16, 4)?);
    let mut limit = end;
    let locator = end.saturating_sub(WIDE_LOCATOR_BYTES);
    if file[locator..].starts_with(WIDE_LOCATOR_MAGIC) {
        let wide = number(file, locator + 8, 8)?;
        let wide = usize::try_from(wide).unwrap_or(usize::MAX);
        if wide > locator {
            return Err(fault(locator + 8, "the Zip64 end lies outside the file"));
        }
        magic(file, wide, WIDE_END_MAGIC, "Zip64 end")?;
        (bytes, start) = (number(file, wide + 40, 8)?, number(file, wide + 48, 8)?);
        limit = wide;
    }
    let range = start
        .checked_add(bytes)
        .filter(|end| *end <= limit as u64)
        .map(|end| start as usize..end as usize);
    range.ok_or_else(|| {
        fault(
            end,
            format!("a directory of {bytes} bytes at {start} lies outside"),
        )
    })
}

/// An entry of the directory.
struct Entry<'a> {
    name: &'a [u8],
    encrypted: bool,
    method: u64,
    packed: u64,
    unpacked: u64,
    local: u64,
    /// Where it is.
    at: usize,
    /// Its own size.
    bytes: usize,
}

impl<'a> Entry<'a> {
    fn parse(file: &'a [u8], at: usize) -> Result<Self, ArchiveError> {
        magic(file, at, ENTRY_MAGIC, "entry of the directory")?;
        let field = |offset, bytes| number(file, at + offset, bytes);
        let length = |offset| Ok(field(offset, 2)? as usize);
        let (name, extra, comment) = (length(28)?, length(30)?, length(32)?);
        let text = file.get(at + ENTRY_BYTES..).unwrap_or_default();
        let (Some(name), Some(extra)) = (text.get(..name), text.get(name..name + extra)) else {
            return Err(fault(at, "the file ends within an entry of the directory"));
        };
        let mut entry = Self {
            name,
            encrypted: field(8, 2)? & 1 == 1,
            method: field(10, 2)?,
            packed: field(20, 4)?,
            unpacked: field(24, 4)?,
            local: field(42, 4)?,
            at,
            bytes: ENTRY_BYTES + name.len() + extra.len() + comment,
        };
        entry.widen(extra)?;
        Ok(entry)
    }

    /// Takes the numbers that do not fit 32 bits from the extra fields.
    fn widen(&mut self, mut extra: &[u8]) -> Result<(), ArchiveError> {
        while extra.len() >= 4 {
            let (tag, bytes) = (number(extra, 0, 2)?, number(extra, 2, 2)? as usize);
            let content = extra
                .get(4..4 + bytes)
                .ok_or_else(|| fault(self.at, "an extra field leaves its entry"))?;
            if tag == u64::from(WIDE_EXTRA) {
                let mut place = 0;
                for value in [&mut self.unpacked, &mut self.packed, &mut self.local] {
                    if *value == ELSEWHERE {
                        *value = number(content, place, 8)
                            .map_err(|_| fault(self.at, "a Zip64 field is cut"))?;
                        place += 8;
                    }
                }
            }
            extra = &extra[4 + bytes..];
        }
        Ok(())
    }

    /// `limit` is where the members end.
    fn member(&self, file: &[u8], limit: usize) -> Result<Member, ArchiveError> {
        let name = String::from_utf8_lossy(self.name).into_owned();
        if self.method != 0 || self.encrypted {
            return Ok(Member { name, stored: None });
        }
        if self.packed != self.unpacked {
            let reason = format!("member {name:?} is stored and yet has two sizes");
            return Err(fault(self.at, reason));
        }
        let local = usize::try_from(self.local).unwrap_or(usize::MAX);
        magic(file, local, LOCAL_MAGIC, "member")?;
        let before =
            LOCAL_BYTES as u64 + number(file, local + 26, 2)? + number(file, local + 28, 2)?;
        let start = local as u64 + before;
        let end = start.checked_add(self.packed);
        match end.filter(|end| *end <= limit as u64) {
            Some(end) => Ok(Member {
                name,
                stored: Some(start as usize..end as usize),
            }),
            None => Err(fault(local, format!("member {name:?} leaves the archive"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Member, members};
    use proptest::prelude::*;

    /// A stored archive of one member, `a` with the bytes `xyz`, as far as it is read.
    fn archive() -> Vec<u8> {
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.resize(26, 0);
        bytes.extend_from_slice(&[1, 0, 2, 0, b'a', 9, 9]);
        bytes.extend_from_slice(b"xyz");
        let directory = bytes.len() as u32;
        bytes.extend_from_slice(b"PK\x01\x02");
        bytes.resize(bytes.len() + 16, 0);
        bytes.extend_from_slice(&[3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        bytes.resize(bytes.len() + 12, 0);
        bytes.push(b'a');
        let size = bytes.len() as u32 - directory;
        bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&directory.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes
    }

    #[test]
    fn a_stored_member_is_found() {
        let file = archive();
        let found = members(&file).unwrap();
        let stored = Some(33..36);
        assert_eq!(file[33..36], *b"xyz");
        let name = "a".to_owned();
        assert_eq!(found, [Member { name, stored }]);
    }

    #[test]
    fn a_compressed_or_encrypted_member_has_no_place() {
        for (at, value) in [(36 + 10, 8), (36 + 8, 1)] {
            let mut file = archive();
            file[at] = value;
            assert_eq!(members(&file).unwrap()[0].stored, None);
        }
    }

    #[test]
    fn archives_that_lie_are_refused_with_their_reason() {
        let cases: [(usize, u8, &str); 9] = [
            (0, 0, "no member"),
            (36, 0, "no entry"),
            (36 + 20, 4, "two sizes"),
            (36 + 28, 200, "ends within an entry"),
            (36 + 42, 50, "no member"),
            (26, 9, "leaves the archive"),
            (36 + 32, 1, "ends within an entry"),
            (83 + 12, 255, "lies outside"),
            (83, 0, "has no end"),
        ];
        for (at, value, reason) in cases {
            let mut file = archive();
            file[at] = value;
            let error = members(&file).unwrap_err().to_string();
            assert!(error.contains(reason), "{reason}: {error}");
        }
        let whole = archive();
        for cut in 0..whole.len() {
            assert!(members(&whole[..cut]).is_err(), "{cut}");
        }
    }

    proptest! {
        #[test]
        fn no_change_makes_a_member_leave_the_file(
            changes in prop::collection::vec((0_usize..105, any::<u8>()), 1..6),
        ) {
            let mut file = archive();
            for (at, byte) in changes {
                file[at] = byte;
            }
            for member in members(&file).unwrap_or_default() {
                if let Some(range) = member.stored {
                    prop_assert!(range.start <= range.end && range.end <= file.len());
                }
            }
        }
    }
}
