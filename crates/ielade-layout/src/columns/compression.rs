//! Unpacking what the pages and buffers of columns are compressed with, within bounds.

use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Bytes that one page or buffer may unpack to.
pub(crate) const MAX_UNPACKED: u64 = 256 << 20;

/// Bytes to which Snappy (64 of a 3-byte copy) and LZ4 (255 of a length byte) can unpack one, at
/// most.
const SNAPPY_RATIO: u64 = 22;
const LZ4_RATIO: u64 = 255;

/// A way of compressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compression {
    /// Bytes as they are.
    None,
    /// Snappy's raw format.
    Snappy,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
    /// An LZ4 block.
    Lz4Block,
    /// LZ4's frame format.
    Lz4Frame,
}

impl Compression {
    /// Appends the unpacked bytes, which must be exactly `size`. What is asked of memory grows with
    /// what truly comes out, or is bounded by what could come out of so few bytes.
    pub(crate) fn unpack(
        self,
        packed: &[u8],
        size: u64,
        target: &mut Vec<u8>,
    ) -> Result<(), String> {
        if size > MAX_UNPACKED {
            return Err(format!(
                "it unpacks to {size} bytes and only up to {MAX_UNPACKED} are unpacked at once; \
                 write it again uncompressed, or in smaller pages or batches"
            ));
        }
        let start = target.len();
        match self {
            Self::None => target.extend_from_slice(packed),
            Self::Snappy => {
                let told = snap::raw::decompress_len(packed).map_err(|e| e.to_string())?;
                if told as u64 != size {
                    return Err(format!("it unpacks to {told} bytes where {size} belong"));
                }
                let room = room(target, size, packed.len(), SNAPPY_RATIO)?;
                snap::raw::Decoder::new()
                    .decompress(packed, room)
                    .map_err(|error| error.to_string())?;
            }
            Self::Lz4Block => {
                let room = room(target, size, packed.len(), LZ4_RATIO)?;
                let found = lz4_flex::block::decompress_into(packed, room)
                    .map_err(|error| error.to_string())?;
                target.truncate(start + found);
            }
            Self::Gzip => read_all(MultiGzDecoder::new(packed), size, target)?,
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed);
                read_all(decoder.map_err(|error| error.to_string())?, size, target)?;
            }
            Self::Lz4Frame => {
                read_all(lz4_flex::frame::FrameDecoder::new(packed), size, target)?;
            }
        }
        match (target.len() - start) as u64 {
            found if found == size => Ok(()),
            found => Err(format!("it unpacks to {found} bytes where {size} belong")),
        }
    }
}

/// Room for `size` bytes at the end of `target`, if so many can come out of `packed` bytes.
fn room(target: &mut Vec<u8>, size: u64, packed: usize, ratio: u64) -> Result<&mut [u8], String> {
    if size > packed as u64 * ratio + 64 {
        return Err(format!("{packed} bytes cannot unpack to {size}"));
    }
    let start = target.len();
    target.resize(start + size as usize, 0);
    Ok(&mut target[start..])
}

/// Reads to the end, but no more than one byte beyond `size`.
fn read_all(reader: impl Read, size: u64, target: &mut Vec<u8>) -> Result<(), String> {
    let read = reader.take(size + 1).read_to_end(target);
    read.map(|_| ()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Compression, MAX_UNPACKED};
    use std::io::Write;

    fn packed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        match compression {
            Compression::None => bytes.to_vec(),
            Compression::Snappy => snap::raw::Encoder::new().compress_vec(bytes).unwrap(),
            Compression::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
            Compression::Zstd => zstd::bulk::compress(bytes, 1).unwrap(),
            Compression::Lz4Block => lz4_flex::block::compress(bytes),
            Compression::Lz4Frame => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(bytes).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    const ALL: [Compression; 6] = [
        Compression::None,
        Compression::Snappy,
        Compression::Gzip,
        Compression::Zstd,
        Compression::Lz4Block,
        Compression::Lz4Frame,
    ];

    #[test]
    fn everything_comes_back_behind_what_was_there() {
        let bytes: Vec<u8> = (0..70_000_u32).map(|at| (at / 300) as u8).collect();
        for compression in ALL {
            let mut target = b"before".to_vec();
            let packed = packed(compression, &bytes);
            compression
                .unpack(&packed, bytes.len() as u64, &mut target)
                .unwrap();
            assert!(
                target.strip_prefix(b"before").unwrap() == bytes,
                "{compression:?}"
            );
        }
    }

    #[test]
    fn another_size_than_was_told_is_refused() {
        for compression in ALL {
            let packed = packed(compression, &[7; 5000]);
            for size in [0, 4999, 5001, MAX_UNPACKED, MAX_UNPACKED + 1, u64::MAX] {
                let mut target = Vec::new();
                let unpacked = compression.unpack(&packed, size, &mut target);
                assert!(unpacked.is_err(), "{compression:?} {size}");
                assert!(target.capacity() < 2_000_000, "{compression:?} {size}");
            }
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        // Zeros pack to less than a thousandth; the page says that they are few.
        for compression in &ALL[1..] {
            let packed = packed(*compression, &vec![0; 20 << 20]);
            let mut target = Vec::new();
            let unpacked = compression.unpack(&packed, 1000, &mut target);
            assert!(unpacked.is_err(), "{compression:?}");
            assert!(target.capacity() < 1 << 20, "{compression:?}");
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_or_other_bytes_and_never_a_panic() {
        let bytes: Vec<u8> = (0..3000_u32).map(|at| (at * at / 77) as u8).collect();
        for compression in ALL {
            let packed = packed(compression, &bytes);
            for at in 0..packed.len().min(400) {
                let mut changed = packed.clone();
                changed[at] ^= 0x41;
                let _ = compression.unpack(&changed, 3000, &mut Vec::new());
                let _ = compression.unpack(&packed[..at], 3000, &mut Vec::new());
            }
        }
    }
}
