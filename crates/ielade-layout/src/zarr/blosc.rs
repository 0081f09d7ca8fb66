//! C-Blosc 1 buffers, read and written here without the C library
//! (<https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst>).
//!
//! A header of 16 bytes: version of the format, version of the compressor's format, flags, bytes of
//! a value; then three `u32`: bytes unpacked, bytes of a block, bytes packed with the header. Then
//! the place of each block (`u32`), and the blocks. A block is one stream, or one for each byte of a
//! value; a stream is its length (`u32`) and as many bytes, stored as they are where they are as
//! many as they stand for. Numbers are little-endian.
//!
//! The flags: 0x01 values' bytes were shuffled, 0x02 the whole buffer is stored as it is, 0x04 their
//! bits were shuffled, 0x10 blocks are one stream each; the upper three bits name the compressor.

mod blosclz;
pub(crate) mod shuffle;

use std::io::Read;

const HEADER_BYTES: usize = 16;
const FORMAT_VERSION: u8 = 2;

const BYTE_SHUFFLED: u8 = 0x01;
const STORED: u8 = 0x02;
const BIT_SHUFFLED: u8 = 0x04;
const ONE_STREAM: u8 = 0x10;

/// Most bytes of a value for which a block is split, and fewest values.
const MAX_SPLIT: usize = 16;
const MIN_SPLIT_VALUES: usize = 128;

/// Bytes of a block that is written: fits the second-level cache with its shuffled copy.
const BLOCK_BYTES: usize = 128 << 10;

/// The compressor that is written, LZ4, and the version of its format.
const LZ4: u8 = 1;
const LZ4_VERSION: u8 = 1;

/// A buffer's header.
#[derive(Debug, Clone, Copy)]
struct Header {
    flags: u8,
    value_bytes: usize,
    bytes: usize,
    block_bytes: usize,
}

impl Header {
    fn parse(packed: &[u8], most: usize) -> Result<Self, String> {
        let header: &[u8; HEADER_BYTES] = packed
            .first_chunk()
            .ok_or("blosc: the chunk ends within its header")?;
        let number = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
                as usize
        };
        let this = Self {
            flags: header[2],
            value_bytes: usize::from(header[3]),
            bytes: number(4),
            block_bytes: number(8),
        };
        if header[0] != FORMAT_VERSION {
            return Err(format!(
                "blosc: format version {} is not known; {FORMAT_VERSION} is (Blosc 1)",
                header[0]
            ));
        }
        if number(12) != packed.len() {
            return Err(format!(
                "blosc: its header tells of {} bytes but the chunk has {}",
                number(12),
                packed.len()
            ));
        }
        if this.bytes > most {
            return Err(format!(
                "blosc: it unpacks to {} bytes, more than {most}",
                this.bytes
            ));
        }
        if this.value_bytes == 0 || (this.bytes > 0 && this.block_bytes == 0) {
            return Err("blosc: values or blocks of no bytes".to_owned());
        }
        Ok(this)
    }

    const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Streams of a block of so many bytes.
    const fn streams(&self, block: usize) -> usize {
        let split = !self.has(ONE_STREAM)
            && self.value_bytes <= MAX_SPLIT
            && self.block_bytes / self.value_bytes >= MIN_SPLIT_VALUES
            && block == self.block_bytes;
        if split { self.value_bytes } else { 1 }
    }

    const fn compressor(&self) -> Result<Compressor, &'static str> {
        match self.flags >> 5 {
            0 => Ok(Compressor::BloscLz),
            1 => Ok(Compressor::Lz4),
            2 => Err("blosc: Snappy is not read; write it with cname='zstd'"),
            3 => Ok(Compressor::Zlib),
            4 => Ok(Compressor::Zstd),
            _ => Err("blosc: an unknown compressor"),
        }
    }

    /// Whether the values of a block were put in another order.
    const fn is_shuffled(&self) -> bool {
        (self.has(BYTE_SHUFFLED) && self.value_bytes > 1) || self.has(BIT_SHUFFLED)
    }

    fn unshuffle(&self, shuffled: &[u8], block: &mut [u8]) {
        if self.has(BIT_SHUFFLED) {
            shuffle::undo_bits(shuffled, self.value_bytes, block);
        } else {
            shuffle::undo_bytes(shuffled, self.value_bytes, block);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Compressor {
    BloscLz,
    Lz4,
    Zlib,
    Zstd,
}

impl Compressor {
    /// Fills `target` from a stream.
    fn unpack(self, stream: &[u8], target: &mut [u8]) -> Result<(), String> {
        let found = match self {
            Self::BloscLz => blosclz::decompress(stream, target)?,
            Self::Lz4 => lz4_flex::block::decompress_into(stream, target)
                .map_err(|error| format!("blosc: lz4: {error}"))?,
            Self::Zlib => {
                flate2::bufread::ZlibDecoder::new(stream)
                    .read_exact(target)
                    .map_err(|error| format!("blosc: zlib: {error}"))?;
                target.len()
            }
            Self::Zstd => zstd::bulk::decompress_to_buffer(stream, target)
                .map_err(|error| format!("blosc: zstd: {error}"))?,
        };
        if found == target.len() {
            return Ok(());
        }
        Err(format!(
            "blosc: a stream of {found} bytes where {} belong",
            target.len()
        ))
    }
}

/// Unpacks a buffer of at most `most` bytes into `unpacked`, which is empty. Trusts nothing in it.
///
/// # Errors
/// Where the buffer is damaged, or compressed in a way that is not read.
pub(crate) fn decompress(packed: &[u8], most: usize, unpacked: &mut Vec<u8>) -> Result<(), String> {
    let header = Header::parse(packed, most)?;
    let content = &packed[HEADER_BYTES..];
    if header.has(STORED) {
        let stored = content
            .get(..header.bytes)
            .ok_or("blosc: the chunk ends within its stored bytes")?;
        unpacked.extend_from_slice(stored);
        return Ok(());
    }
    if header.bytes == 0 {
        return Ok(());
    }
    let compressor = header.compressor()?;
    let blocks = header.bytes.div_ceil(header.block_bytes);
    let places = content
        .get(..blocks.saturating_mul(4))
        .ok_or("blosc: the chunk ends within the places of its blocks")?;
    unpacked.resize(header.bytes, 0);
    let mut shuffled = Vec::new();
    let (places, _) = places.as_chunks();
    for (block, place) in unpacked.chunks_mut(header.block_bytes).zip(places) {
        let start = u32::from_le_bytes(*place) as usize;
        let mut source = packed
            .get(start..)
            .filter(|_| start >= HEADER_BYTES)
            .ok_or("blosc: a block lies outside the chunk")?;
        let is_shuffled = header.is_shuffled();
        if is_shuffled {
            shuffled.resize(block.len(), 0);
        }
        let target = if is_shuffled {
            &mut shuffled[..]
        } else {
            &mut *block
        };
        let stream_bytes = target.len() / header.streams(target.len());
        for part in target.chunks_mut(stream_bytes.max(1)) {
            source = unpack_stream(compressor, source, part)?;
        }
        if is_shuffled {
            header.unshuffle(&shuffled, block);
        }
    }
    Ok(())
}

/// Unpacks one stream into `target` and gives back what follows it.
fn unpack_stream<'a>(
    compressor: Compressor,
    source: &'a [u8],
    target: &mut [u8],
) -> Result<&'a [u8], String> {
    let (length, rest) = source
        .split_first_chunk()
        .ok_or("blosc: the chunk ends within the length of a stream")?;
    let length = u32::from_le_bytes(*length) as usize;
    let (stream, rest) = rest
        .split_at_checked(length)
        .ok_or("blosc: the chunk ends within a stream")?;
    if stream.len() == target.len() {
        target.copy_from_slice(stream);
    } else {
        compressor.unpack(stream, target)?;
    }
    Ok(rest)
}

/// Packs bytes with LZ4 after shuffling values of `value_bytes` bytes, as numcodecs and zarr v2 do
/// unless told otherwise; appended to `packed`.
pub(crate) fn compress(bytes: &[u8], value_bytes: u8, packed: &mut Vec<u8>) {
    let width = usize::from(value_bytes.max(1));
    let block_bytes = (BLOCK_BYTES / width * width).min(bytes.len()).max(1);
    let start = packed.len();
    let blocks = bytes.len().div_ceil(block_bytes);
    let mut flags = BYTE_SHUFFLED | ONE_STREAM | LZ4 << 5;
    packed.resize(start + HEADER_BYTES + 4 * blocks, 0);
    let mut shuffled = Vec::new();
    let mut stream = Vec::new();
    for (number, block) in bytes.chunks(block_bytes).enumerate() {
        let block = if width > 1 {
            shuffled.resize(block.len(), 0);
            shuffle::bytes(block, width, &mut shuffled);
            &shuffled[..]
        } else {
            block
        };
        let place = (packed.len() - start) as u32;
        packed[start + HEADER_BYTES + 4 * number..][..4].copy_from_slice(&place.to_le_bytes());
        stream.resize(lz4_flex::block::get_maximum_output_size(block.len()), 0);
        // The room is the greatest that LZ4 asks for, so it cannot lack any.
        let length = lz4_flex::block::compress_into(block, &mut stream).unwrap_or(usize::MAX);
        let stored = stream
            .get(..length)
            .filter(|_| length < block.len())
            .unwrap_or(block);
        packed.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        packed.extend_from_slice(stored);
    }
    if packed.len() - start >= HEADER_BYTES + bytes.len() {
        flags |= STORED;
        packed.truncate(start + HEADER_BYTES);
        packed.extend_from_slice(bytes);
    }
    let whole = (packed.len() - start) as u32;
    let header = &mut packed[start..][..HEADER_BYTES];
    header[..4].copy_from_slice(&[FORMAT_VERSION, LZ4_VERSION, flags, value_bytes.max(1)]);
    header[4..8].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
    header[8..12].copy_from_slice(&(block_bytes as u32).to_le_bytes());
    header[12..].copy_from_slice(&whole.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::{STORED, compress, decompress};
    use proptest::prelude::*;

    fn there_and_back(bytes: &[u8], value_bytes: u8) -> Vec<u8> {
        let mut packed = vec![7];
        compress(bytes, value_bytes, &mut packed);
        let mut unpacked = Vec::new();
        decompress(&packed[1..], bytes.len(), &mut unpacked).unwrap();
        assert!(unpacked == bytes);
        packed.split_off(1)
    }

    #[test]
    fn buffers_of_every_size_come_back() {
        for size in [0, 1, 2, 7, 100, 128 << 10, (128 << 10) + 3, 300_000] {
            for value_bytes in [1, 2, 3, 4, 8] {
                let even: Vec<u8> = (0..size).map(|at| (at / 64) as u8).collect();
                there_and_back(&even, value_bytes);
                let noise: Vec<u8> = (0..size as u64)
                    .map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 51) as u8)
                    .collect();
                let packed = there_and_back(&noise, value_bytes);
                assert!(packed.len() <= size + 16);
            }
        }
    }

    #[test]
    fn what_does_not_shrink_is_stored() {
        let packed = there_and_back(&[1, 2, 3], 1);
        assert_eq!(packed[2] & STORED, STORED);
        assert_eq!(packed.len(), 19);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            mut bytes in prop::collection::vec(any::<u8>(), 16..200),
            flags: u8,
            value_bytes in 0_u8..20,
            length in 0_u32..5000,
            block in 0_u32..5000,
        ) {
            let whole = bytes.len() as u32;
            bytes[..4].copy_from_slice(&[2, 1, flags, value_bytes]);
            bytes[4..8].copy_from_slice(&length.to_le_bytes());
            bytes[8..12].copy_from_slice(&block.to_le_bytes());
            bytes[12..16].copy_from_slice(&whole.to_le_bytes());
            let mut unpacked = Vec::new();
            let _ = decompress(&bytes, 4000, &mut unpacked);
            prop_assert!(unpacked.len() <= 4000);
        }
    }

    #[test]
    fn headers_that_claim_too_much_are_refused() {
        let mut packed = Vec::new();
        compress(&[5; 1000], 2, &mut packed);
        let refused = |at: usize, value: u8| {
            let mut changed = packed.clone();
            changed[at] = value;
            decompress(&changed, 1000, &mut Vec::new()).unwrap_err()
        };
        assert!(refused(0, 3).contains("version 3"));
        assert!(refused(2, 2 << 5).contains("Snappy"));
        assert!(refused(2, 7 << 5).contains("unknown compressor"));
        assert!(refused(3, 0).contains("no bytes"));
        assert!(refused(6, 1).contains("more than 1000"));
        assert!(refused(12, 0).contains("tells of"));
        assert!(refused(18, 0xff).contains("outside"));
        assert!(refused(16, 0).contains("outside"));
        assert!(refused(8, 1).contains("lz4"));
        // Blocks of 232 and of 1 byte: the places of the latter are more than the chunk.
        assert!(refused(9, 0).contains("blosc"));
        packed[8..12].copy_from_slice(&1_u32.to_le_bytes());
        let error = decompress(&packed, 1000, &mut Vec::new()).unwrap_err();
        assert!(error.contains("places"), "{error}");
    }
}
