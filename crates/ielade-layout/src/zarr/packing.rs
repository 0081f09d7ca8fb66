//! The codecs that turn a chunk's bytes into fewer bytes, or guard them: Zarr's
//! "bytes to bytes" codecs, undone here. Each says how many bytes it may become at most, and never
//! makes more, so that a decompression bomb fills no memory.

use super::blosc;
use std::{cell::RefCell, io::Read};

/// One "bytes to bytes" codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// C-Blosc 1, which tells itself how it is compressed.
    Blosc,
    /// Zstandard frames.
    Zstd,
    /// Gzip members.
    Gzip,
    /// A zlib stream.
    Zlib,
    /// numcodecs' LZ4: the number of bytes (`u32`, little-endian) and an LZ4 block.
    Lz4,
    /// A CRC32C behind the bytes.
    Crc32c,
}

impl Packing {
    /// The codec of a name in `zarr.json`, or of an identifier in `.zarray`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name.strip_prefix("numcodecs.").unwrap_or(name) {
            "blosc" => Self::Blosc,
            "zstd" => Self::Zstd,
            "gzip" => Self::Gzip,
            "zlib" => Self::Zlib,
            "lz4" => Self::Lz4,
            "crc32c" => Self::Crc32c,
            _ => return None,
        })
    }

    /// Undoes the codec: appends at most `most` bytes to `unpacked`, which is empty.
    fn undo(self, packed: &[u8], most: usize, unpacked: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Blosc => blosc::decompress(packed, most, unpacked),
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed)
                    .map_err(|error| format!("zstd: {error}"))?;
                read_bounded("zstd", decoder, most, unpacked)
            }
            Self::Gzip => {
                let decoder = flate2::bufread::MultiGzDecoder::new(packed);
                read_bounded("gzip", decoder, most, unpacked)
            }
            Self::Zlib => {
                let decoder = flate2::bufread::ZlibDecoder::new(packed);
                read_bounded("zlib", decoder, most, unpacked)
            }
            Self::Lz4 => lz4(packed, most, unpacked),
            Self::Crc32c => {
                let (bytes, stored) = packed
                    .split_last_chunk()
                    .ok_or("the chunk ends within its CRC")?;
                check_crc32c(bytes, *stored)?;
                copy(bytes, Unpacked::AtMost(most), unpacked)
            }
        }
    }

    /// As [`Packing::undo`] where the number of bytes is known: straight into their place.
    fn undo_exactly(
        self,
        packed: &[u8],
        bytes: usize,
        unpacked: &mut Vec<u8>,
    ) -> Result<(), String> {
        if self == Self::Zstd {
            unpacked.reserve(bytes);
            ZSTD.with_borrow_mut(|decoder| {
                let made = match decoder {
                    Some(decoder) => decoder,
                    None => decoder.insert(
                        zstd::bulk::Decompressor::new()
                            .map_err(|error| format!("zstd: {error}"))?,
                    ),
                };
                made.decompress_to_buffer(packed, unpacked)
                    .map_err(|error| format!("zstd: {error}"))
            })?;
        } else {
            self.undo(packed, bytes, unpacked)?;
        }
        if unpacked.len() == bytes {
            return Ok(());
        }
        Err(format!(
            "it unpacks to {} bytes where {bytes} belong",
            unpacked.len()
        ))
    }
}

thread_local! {
    /// A decoder has 160 KB of tables, so a thread keeps one.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Fails where the CRC32C of `bytes` is not `stored` (little-endian).
pub(crate) fn check_crc32c(bytes: &[u8], stored: [u8; 4]) -> Result<(), String> {
    let (found, stored) = (crc32c::crc32c(bytes), u32::from_le_bytes(stored));
    if found == stored {
        return Ok(());
    }
    Err(format!(
        "its CRC32C is {found:08x} where {stored:08x} is recorded"
    ))
}

fn read_bounded(
    name: &str,
    decoder: impl Read,
    most: usize,
    unpacked: &mut Vec<u8>,
) -> Result<(), String> {
    decoder
        .take(most as u64 + 1)
        .read_to_end(unpacked)
        .map_err(|error| format!("{name}: {error}"))?;
    if unpacked.len() > most {
        return Err(format!("{name}: it unpacks to more than {most} bytes"));
    }
    Ok(())
}

fn lz4(packed: &[u8], most: usize, unpacked: &mut Vec<u8>) -> Result<(), String> {
    let (bytes, block) = packed
        .split_first_chunk()
        .ok_or("lz4: the chunk ends within its length")?;
    let bytes = u32::from_le_bytes(*bytes) as usize;
    if bytes > most {
        return Err(format!(
            "lz4: it unpacks to {bytes} bytes, more than {most}"
        ));
    }
    unpacked.resize(bytes, 0);
    let found = lz4_flex::block::decompress_into(block, unpacked)
        .map_err(|error| format!("lz4: {error}"))?;
    unpacked.truncate(found);
    Ok(())
}

/// How many bytes a chunk unpacks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpacked {
    /// So many.
    Exactly(usize),
    /// Not known, but no more than these.
    AtMost(usize),
}

/// Undoes codecs, the last one first. `unpacked` is empty.
pub(crate) fn unpack(
    packings: &[Packing],
    packed: &[u8],
    expected: Unpacked,
    unpacked: &mut Vec<u8>,
) -> Result<(), String> {
    let Some((first, further)) = packings.split_first() else {
        return copy(packed, expected, unpacked);
    };
    let mut between: Option<Vec<u8>> = None;
    // What lies between two codecs may be a little longer than the chunk.
    let most = match expected {
        Unpacked::Exactly(bytes) | Unpacked::AtMost(bytes) => bytes + bytes / 64 + (64 << 10),
    };
    for packing in further.iter().rev() {
        let mut next = Vec::new();
        packing.undo(between.as_deref().unwrap_or(packed), most, &mut next)?;
        between = Some(next);
    }
    let packed = between.as_deref().unwrap_or(packed);
    match expected {
        Unpacked::Exactly(bytes) => first.undo_exactly(packed, bytes, unpacked),
        Unpacked::AtMost(most) => first.undo(packed, most, unpacked),
    }
}

fn copy(bytes: &[u8], expected: Unpacked, target: &mut Vec<u8>) -> Result<(), String> {
    match expected {
        Unpacked::Exactly(exact) if exact != bytes.len() => Err(format!(
            "it has {} bytes where {exact} were expected",
            bytes.len()
        )),
        Unpacked::AtMost(most) if bytes.len() > most => {
            Err(format!("it has {} bytes, more than {most}", bytes.len()))
        }
        _ => {
            target.extend_from_slice(bytes);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Packing, Unpacked, unpack};
    use std::io::Write;

    fn content() -> Vec<u8> {
        (0..5000_u32).map(|at| (at / 7 % 250) as u8).collect()
    }

    fn pack(packing: Packing, bytes: &[u8]) -> Vec<u8> {
        match packing {
            Packing::Zstd => zstd::bulk::compress(bytes, 3).unwrap(),
            Packing::Gzip => {
                let mut writer =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(5));
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Packing::Zlib => {
                let mut writer =
                    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(5));
                writer.write_all(bytes).unwrap();
                writer.finish().unwrap()
            }
            Packing::Lz4 => lz4_flex::block::compress_prepend_size(bytes),
            Packing::Crc32c => [bytes, &crc32c::crc32c(bytes).to_le_bytes()].concat(),
            Packing::Blosc => {
                let mut packed = Vec::new();
                super::blosc::compress(bytes, 1, &mut packed);
                packed
            }
        }
    }

    const ALL: [Packing; 6] = [
        Packing::Blosc,
        Packing::Zstd,
        Packing::Gzip,
        Packing::Zlib,
        Packing::Lz4,
        Packing::Crc32c,
    ];

    #[test]
    fn every_codec_is_undone_alone_and_in_pairs() {
        for first in ALL {
            for second in ALL {
                let once = pack(first, &content());
                let twice = pack(second, &once);
                for (codecs, packed) in [(&[first][..], &once), (&[first, second], &twice)] {
                    for expected in [Unpacked::Exactly(5000), Unpacked::AtMost(9000)] {
                        let mut found = Vec::new();
                        unpack(codecs, packed, expected, &mut found).unwrap();
                        assert!(found == content(), "{codecs:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_codec_makes_more_than_it_may_or_less_than_it_must() {
        for packing in ALL {
            let packed = pack(packing, &content());
            for expected in [
                Unpacked::Exactly(4999),
                Unpacked::Exactly(5001),
                Unpacked::AtMost(4999),
            ] {
                let mut found = Vec::new();
                let error = unpack(&[packing], &packed, expected, &mut found);
                assert!(error.is_err(), "{packing:?} {expected:?}");
                assert!(
                    found.capacity() < 20_000,
                    "{packing:?}: {}",
                    found.capacity()
                );
            }
        }
    }

    #[test]
    fn cut_and_changed_chunks_never_make_a_codec_panic() {
        for packing in ALL {
            let packed = pack(packing, &content());
            for kept in 0..packed.len() {
                let mut found = Vec::new();
                let cut = unpack(
                    &[packing],
                    &packed[..kept],
                    Unpacked::Exactly(5000),
                    &mut found,
                );
                assert!(cut.is_err(), "{packing:?} {kept}");
            }
            for at in 0..packed.len() {
                for change in [0x01, 0x80, 0xff] {
                    let mut changed = packed.clone();
                    changed[at] ^= change;
                    let mut found = Vec::new();
                    let _ = unpack(&[packing], &changed, Unpacked::AtMost(6000), &mut found);
                    assert!(found.len() <= 6000);
                }
            }
        }
    }

    #[test]
    fn bombs_are_stopped_at_the_bound() {
        let zeros = vec![0; 64 << 20];
        for packing in [Packing::Zstd, Packing::Gzip, Packing::Zlib] {
            let packed = pack(packing, &zeros);
            assert!(packed.len() < 1 << 20);
            let mut found = Vec::new();
            let error = unpack(&[packing], &packed, Unpacked::AtMost(1000), &mut found);
            assert!(error.unwrap_err().contains("more than 1000"));
            assert!(found.capacity() < 1 << 20);
        }
    }
}
