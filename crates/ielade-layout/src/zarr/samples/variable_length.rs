//! Samples of variable length in a chunk, as numcodecs' `vlen-bytes` lays them: their number
//! (`u32`), then for each its length (`u32`) and its bytes. Numbers are little-endian.

use crate::error::BadSampleReason;

const NUMBER_BYTES: u64 = 4;

/// Bytes of a sample's entry in the table behind an unpacked chunk: first byte and end.
pub(super) const TABLE_BYTES: usize = 8;

/// What is wrong, and at which byte of the chunk.
type Fault = (u64, String);

fn number(chunk: &[u8], at: u64) -> Result<u64, Fault> {
    let bytes = chunk.get(at as usize..).and_then(<[u8]>::first_chunk);
    match bytes {
        Some(bytes) => Ok(u32::from_le_bytes(*bytes).into()),
        None => Err((at, "the chunk ends within a length".to_owned())),
    }
}

/// First byte and length of each sample of a chunk of `count`; ends with the first fault.
pub(super) fn frames(
    chunk: &[u8],
    count: u64,
) -> impl Iterator<Item = Result<(u64, u64), Fault>> + '_ {
    let mut at = NUMBER_BYTES;
    let mut first = number(chunk, 0).and_then(|found| {
        let reason = || format!("the chunk tells of {found} samples where {count} belong");
        if found == count {
            Ok(())
        } else {
            Err((0, reason()))
        }
    });
    (0..count).scan(false, move |failed, _| {
        if *failed {
            return None;
        }
        let frame = std::mem::replace(&mut first, Ok(()))
            .and_then(|()| number(chunk, at))
            .and_then(|bytes| {
                let start = at + NUMBER_BYTES;
                if start + bytes > chunk.len() as u64 {
                    let left = chunk.len() as u64 - start;
                    let reason = format!("a sample of {bytes} bytes where {left} are left");
                    return Err((at, reason));
                }
                at = start + bytes;
                Ok((start, bytes))
            });
        *failed = frame.is_err();
        Some(frame)
    })
}

/// The sample of a chunk of one.
pub(super) fn only(chunk: &[u8]) -> Result<&[u8], BadSampleReason> {
    let damaged = |(offset, reason)| BadSampleReason::Damaged { offset, reason };
    let count = number(chunk, 0).map_err(damaged)?;
    if count != 1 {
        let reason = format!("the chunk tells of {count} samples where 1 belongs");
        return Err(damaged((0, reason)));
    }
    let bytes = number(chunk, NUMBER_BYTES).map_err(damaged)?;
    let sample = &chunk[2 * NUMBER_BYTES as usize..];
    if sample.len() as u64 == bytes {
        return Ok(sample);
    }
    Err(BadSampleReason::FileSize {
        expected: bytes + 2 * NUMBER_BYTES,
        found: chunk.len() as u64,
    })
}

/// Appends a table of its samples to an unpacked chunk, so that each is found at once.
pub(super) fn append_table(chunk: &mut Vec<u8>, count: u32) -> Result<(), Fault> {
    let mut table = Vec::new();
    for frame in frames(chunk, count.into()) {
        let (start, bytes) = frame?;
        // A chunk has less than 2³² bytes.
        table.extend_from_slice(&(start as u32).to_le_bytes());
        table.extend_from_slice(&((start + bytes) as u32).to_le_bytes());
    }
    chunk.append(&mut table);
    Ok(())
}

/// The sample at a place of an unpacked chunk with its table.
pub(super) fn look_up(chunk: &[u8], place: u32, count: u32) -> Option<&[u8]> {
    let table = chunk.len().checked_sub(count as usize * TABLE_BYTES)?;
    let (chunk, table) = chunk.split_at(table);
    let (entries, _) = table.as_chunks::<TABLE_BYTES>();
    let [a, b, c, d, e, f, g, h] = *entries.get(place as usize)?;
    let start = u32::from_le_bytes([a, b, c, d]) as usize;
    let end = u32::from_le_bytes([e, f, g, h]) as usize;
    chunk.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::{append_table, frames, look_up, only};

    const CHUNK: &[u8] = b"\x03\0\0\0\x02\0\0\0ab\0\0\0\0\x01\0\0\0c";

    #[test]
    fn samples_are_found_by_frame_and_by_table() {
        let found: Vec<_> = frames(CHUNK, 3).map(Result::unwrap).collect();
        assert_eq!(found, [(8, 2), (14, 0), (18, 1)]);
        let mut chunk = CHUNK.to_vec();
        append_table(&mut chunk, 3).unwrap();
        let samples = [0, 1, 2, 3].map(|place| look_up(&chunk, place, 3));
        assert_eq!(samples, [Some(&b"ab"[..]), Some(b""), Some(b"c"), None]);
        assert_eq!(only(b"\x01\0\0\0\x02\0\0\0ab").unwrap(), b"ab");
    }

    #[test]
    fn every_cut_and_every_changed_length_is_refused_or_stays_within_the_chunk() {
        for kept in 0..CHUNK.len() {
            assert!(
                frames(&CHUNK[..kept], 3).any(|frame| frame.is_err()),
                "{kept}"
            );
        }
        for at in 0..CHUNK.len() {
            let mut changed = CHUNK.to_vec();
            changed[at] ^= 0xff;
            for (start, bytes) in frames(&changed, 3).flatten() {
                assert!(start + bytes <= CHUNK.len() as u64);
            }
        }
        assert_eq!(frames(CHUNK, 1 << 40).count(), 1);
        for chunk in [&b"\x02\0\0\0\x02\0\0\0ab"[..], b"\x01\0\0\0", b""] {
            assert!(only(chunk).is_err());
        }
        let error = only(b"\x01\0\0\0\x03\0\0\0ab").unwrap_err().to_string();
        assert!(error.contains("10 bytes where 11 were recorded"), "{error}");
    }
}
