//! LZF as h5py's filter writes it: the stream of `LibLZF` (<http://oldhome.schmorp.de/marc/liblzf.html>).
//!
//! A byte below 32 is followed by one more literal byte than it says. Any other is a copy: its upper
//! three bits are the length less two, with another byte to be added where all three are set; its
//! lower five bits and the byte behind are how far back the copy starts, less one.

/// Appends the unpacked bytes to `target`, which is empty; at most `most`.
pub(super) fn decompress(packed: &[u8], most: usize, target: &mut Vec<u8>) -> Result<(), String> {
    let mut bytes = packed.iter().copied();
    while let Some(control) = bytes.next() {
        let control = usize::from(control);
        let length = if control < 32 {
            control + 1
        } else {
            control / 32 + 2
        };
        if control < 32 {
            room(target, length, most)?;
            let before = target.len();
            target.extend(bytes.by_ref().take(length));
            if target.len() - before < length {
                return Err("lzf: the chunk ends within its bytes".to_owned());
            }
            continue;
        }
        let mut next = || {
            bytes
                .next()
                .ok_or("lzf: the chunk ends within a copy")
                .map(usize::from)
        };
        let length = if control / 32 == 7 {
            length + next()?
        } else {
            length
        };
        let back = (control % 32) * 256 + next()? + 1;
        room(target, length, most)?;
        let start = target
            .len()
            .checked_sub(back)
            .ok_or("lzf: a copy from before the start")?;
        // A copy may reach into itself.
        for at in start..start + length {
            target.push(target[at]);
        }
    }
    Ok(())
}

fn room(target: &[u8], length: usize, most: usize) -> Result<(), String> {
    if target.len() + length <= most {
        return Ok(());
    }
    Err(format!("lzf: it unpacks to more than {most} bytes"))
}

#[cfg(test)]
mod tests {
    use super::decompress;

    fn unpacked(packed: &[u8], most: usize) -> Result<Vec<u8>, String> {
        let mut target = Vec::new();
        decompress(packed, most, &mut target).map(|()| target)
    }

    #[test]
    fn literals_and_copies_come_out() {
        assert_eq!(unpacked(&[2, b'a', b'b', b'c'], 3).unwrap(), b"abc");
        // Three bytes from three back, and ten of the last one.
        let packed = [2, b'a', b'b', b'c', 1 << 5, 2, 7 << 5, 1, 0];
        assert_eq!(unpacked(&packed, 16).unwrap(), b"abcabccccccccccc");
    }

    #[test]
    fn damage_is_told() {
        for (packed, expected) in [
            (&[2, 1][..], "ends within its bytes"),
            (&[0, 1, 1 << 5], "ends within a copy"),
            (&[0, 1, 1 << 5, 1], "before the start"),
            (&[0, 1, 7 << 5, 255, 0], "more than 100"),
        ] {
            let error = unpacked(packed, 100).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
