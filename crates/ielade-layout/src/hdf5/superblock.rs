//! The superblock: where the file's own addresses start, how long numbers are, and the root group.

use super::cursor::Source;
use crate::columns::fault::Fault;

pub(super) const SIGNATURE: &[u8; 8] = b"\x89HDF\r\n\x1a\n";

/// The first place behind the file's start where a superblock may be; further ones double.
const FIRST_BEHIND: u64 = 512;

/// Finds the superblock: at the start, or behind a block that is the user's.
pub(super) fn find(bytes: &[u8]) -> Option<u64> {
    let mut at = 0_u64;
    while let Some(rest) = usize::try_from(at).ok().and_then(|at| bytes.get(at..)) {
        if rest.starts_with(SIGNATURE) {
            return Some(at);
        }
        at = if at == 0 {
            FIRST_BEHIND
        } else {
            at.checked_mul(2)?
        };
    }
    None
}

/// Reads the superblock. Gives the file as it is to be read and the address of the root group.
pub(super) fn read(bytes: &[u8]) -> Result<(Source<'_>, u64), Fault> {
    let base = find(bytes).ok_or_else(|| Fault::new(0, "there is no HDF5 signature"))?;
    // The sizes are told only within.
    let mut source = Source {
        bytes,
        base,
        offset_bytes: 8,
        length_bytes: 8,
    };
    let mut cursor = source.from(SIGNATURE.len() as u64)?;
    let version = cursor.version(&[0, 1, 2, 3], "the superblock")?;
    let is_old = version < 2;
    if is_old {
        // Versions of parts, which are all 0.
        cursor.skip(4)?;
    }
    let here = cursor;
    let sizes = [cursor.u8()?, cursor.u8()?].map(usize::from);
    if sizes.iter().any(|size| !matches!(size, 2 | 4 | 8)) {
        return Err(here.fault(format!(
            "addresses of {} and lengths of {} bytes are not known",
            sizes[0], sizes[1]
        )));
    }
    [source.offset_bytes, source.length_bytes] = sizes;
    let mut cursor = source.from(cursor.offset() - base)?;
    if is_old {
        read_old(&mut cursor, version)?;
    } else {
        let bytes = 12 + 4 * source.offset_bytes as u64 + 4;
        source.checked(0, bytes)?;
        cursor.skip(1)?;
    }
    let stated_base = cursor.defined_address("the file's start")?;
    // Free space, or the superblock's extension.
    cursor.address()?;
    let here = cursor;
    let end = cursor.defined_address("the file's end")?;
    // Whoever put something in front of the file did not move what is written in it.
    let end = end.saturating_sub(stated_base).saturating_add(base);
    if end > bytes.len() as u64 {
        return Err(here.fault(format!(
            "the file is to have {end} bytes and has {}: it was cut, or not closed by its writer",
            bytes.len()
        )));
    }
    if is_old {
        // The driver's block, and the name of the root group.
        cursor.address()?;
        cursor.skip(source.offset_bytes as u64)?;
    }
    Ok((source, cursor.defined_address("the root group")?))
}

/// What stands between the sizes and the addresses before version 2.
fn read_old(cursor: &mut super::cursor::Cursor<'_>, version: u8) -> Result<(), Fault> {
    // A reserved byte, sizes of nodes of groups, flags.
    cursor.skip(1 + 2 + 2 + 4)?;
    if version == 1 {
        cursor.skip(4)?;
    }
    Ok(())
}
