//! `BloscLZ`, Blosc's own compressor, a relative of `FastLZ`: literals and references to what was
//! written before.
//!
//! A stream is a row of instructions. A first byte below 32 stands for that many literals and one
//! more. Any other is a reference: its upper three bits are the length less 2 (7: bytes are added
//! until one is not 255), its lower five the upper bits of the distance, and a byte with the lower
//! bits follows; a distance of 8,191 is followed by two more bytes, the upper first, to be added to
//! it. One byte more is the distance from 1 on. The first byte of a stream is always of literals.

/// The greatest distance that is told in the instruction itself.
const NEAR: usize = 8191;

const ENDS: &str = "blosc: a stream ends within an instruction";

/// Unpacks a stream into `target`; the number of bytes written.
pub(super) fn decompress(stream: &[u8], target: &mut [u8]) -> Result<usize, String> {
    let mut source = stream.iter().copied();
    let mut next = || source.next().map(usize::from);
    let mut written = 0;
    let mut instruction = match next() {
        Some(first) => first & 31,
        None => return Ok(0),
    };
    loop {
        if instruction < 32 {
            for _ in 0..=instruction {
                let literal = next().ok_or(ENDS)?;
                *target
                    .get_mut(written)
                    .ok_or("blosc: a stream is too long")? = literal as u8;
                written += 1;
            }
        } else {
            let mut length = (instruction >> 5) + 2;
            if length == 9 {
                loop {
                    let more = next().ok_or(ENDS)?;
                    length += more;
                    if more != 255 {
                        break;
                    }
                }
            }
            let mut distance = ((instruction & 31) << 8) + next().ok_or(ENDS)?;
            if distance == NEAR {
                let upper = next().ok_or(ENDS)?;
                distance += (upper << 8) + next().ok_or(ENDS)?;
            }
            repeat(target, written, distance + 1, length)?;
            written += length;
        }
        match next() {
            Some(byte) => instruction = byte,
            None => return Ok(written),
        }
    }
}

/// Writes `length` bytes from `at` on, each the one `distance` before it.
fn repeat(target: &mut [u8], at: usize, distance: usize, length: usize) -> Result<(), String> {
    let start = at
        .checked_sub(distance)
        .ok_or("blosc: a stream refers to bytes before its start")?;
    if target.len() - at < length {
        return Err("blosc: a stream is too long".to_owned());
    }
    if distance >= length {
        target.copy_within(start..start + length, at);
    } else {
        for place in at..at + length {
            target[place] = target[place - distance];
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::decompress;

    fn unpack(stream: &[u8], room: usize) -> Result<Vec<u8>, String> {
        let mut target = vec![0; room];
        let written = decompress(stream, &mut target)?;
        target.truncate(written);
        Ok(target)
    }

    #[test]
    fn literals_and_references_near_and_far() {
        assert_eq!(unpack(&[2, 1, 2, 3], 9).unwrap(), [1, 2, 3]);
        // Three bytes from two before, which overlaps what is written.
        assert_eq!(unpack(&[1, 8, 9, 1 << 5, 1], 9).unwrap(), [8, 9, 8, 9, 8]);
        // 9 + 255 + 1 bytes of the byte before.
        let long = unpack(&[0, 5, 7 << 5, 255, 1, 0, 0, 6], 300).unwrap();
        assert_eq!(long, [[5; 266].to_vec(), vec![6]].concat());
        // A distance of 8191 + 256 + 2 + 1.
        let mut stream = Vec::new();
        for block in 0..300 {
            stream.push(31);
            stream.extend((0..32).map(|at| (block + at) as u8));
        }
        let plain = unpack(&stream, 9600).unwrap();
        stream.extend([(1 << 5) | 31, 255, 1, 2]);
        let found = unpack(&stream, 9603).unwrap();
        assert_eq!(found[9600..], plain[9600 - 8450..][..3]);
    }

    #[test]
    fn streams_that_lead_astray_are_refused() {
        for (stream, expected) in [
            (&[3, 1][..], "ends"),
            (&[0, 1, 32], "ends"),
            (&[0, 1, 7 << 5], "ends"),
            (&[0, 1, 7 << 5, 255], "ends"),
            (&[0, 1, 32 | 31, 255, 1], "ends"),
            (&[0, 1, 32, 1], "before its start"),
            (&[0, 1, 7 << 5, 200, 0], "too long"),
            (&[9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "too long"),
        ] {
            let error = unpack(stream, 9).unwrap_err();
            assert!(error.contains(expected), "{stream:?}: {error}");
        }
        assert!(unpack(&[], 3).unwrap().is_empty());
    }
}
