//! The filters that a dataset's chunks went through, undone. Each says how many bytes it may become
//! at most, and never makes more, so that a decompression bomb fills no memory.

mod lzf;

use super::{checksum::fletcher32, cursor::Cursor};
use crate::{
    columns::fault::Fault,
    zarr::blosc::{self, shuffle},
};
use std::io::Read;

/// Most filters of a dataset.
const MAX_FILTERS: u8 = 32;

/// A filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Filter {
    /// A zlib stream.
    Deflate,
    /// First bytes of all values, then all second ones, of values of so many bytes.
    Shuffle(usize),
    /// A checksum behind the bytes.
    Fletcher32,
    /// LZF, h5py's own.
    Lzf,
    /// C-Blosc 1.
    Blosc,
    /// Zstandard.
    Zstd,
    /// One that is not read, by its number.
    Other(u16),
}

impl Filter {
    /// The filters of a dataset, in the order in which they were applied.
    pub(super) fn parse(mut cursor: Cursor<'_>) -> Result<Vec<Self>, Fault> {
        let version = cursor.version(&[1, 2], "the filters")?;
        let count = cursor.u8()?;
        if count > MAX_FILTERS {
            return Err(cursor.fault(format!("{count} filters, more than {MAX_FILTERS}")));
        }
        if version == 1 {
            cursor.skip(6)?;
        }
        (0..count)
            .map(|_| Self::parse_one(&mut cursor, version))
            .collect()
    }

    fn parse_one(cursor: &mut Cursor<'_>, version: u8) -> Result<Self, Fault> {
        /// Filters below are the library's own, and in version 2 have no name.
        const FIRST_REGISTERED: u16 = 256;
        let here = *cursor;
        let number = cursor.u16()?;
        let name_bytes = if version == 1 || number >= FIRST_REGISTERED {
            u64::from(cursor.u16()?)
        } else {
            0
        };
        // Flags, which tell the writer what to do where the filter fails.
        cursor.skip(2)?;
        let values = cursor.u16()?;
        // In version 1 it is filled up, which its length tells already or not.
        cursor.skip(if version == 1 {
            name_bytes.next_multiple_of(8)
        } else {
            name_bytes
        })?;
        let mut settings = cursor.piece(4 * u64::from(values))?;
        if version == 1 && values % 2 == 1 {
            cursor.skip(4)?;
        }
        Ok(match number {
            1 => Self::Deflate,
            // Of values whose size varies it has no setting, and is left out chunk by chunk.
            2 if values == 0 => Self::Shuffle(1),
            2 => match settings.u32()? {
                0 => return Err(here.fault("shuffled values of no bytes")),
                bytes => Self::Shuffle(bytes as usize),
            },
            3 => Self::Fletcher32,
            32_000 => Self::Lzf,
            32_001 => Self::Blosc,
            32_015 => Self::Zstd,
            other => Self::Other(other),
        })
    }

    /// Undoes the filter: appends at most `most` bytes to `target`, which is empty.
    fn undo(self, packed: &[u8], most: usize, target: &mut Vec<u8>) -> Result<(), String> {
        match self {
            Self::Deflate => {
                let decoder = flate2::bufread::ZlibDecoder::new(packed);
                read_bounded("deflate", decoder, most, target)
            }
            Self::Zstd => {
                let decoder = zstd::stream::read::Decoder::with_buffer(packed);
                let decoder = decoder.map_err(|error| format!("zstd: {error}"))?;
                read_bounded("zstd", decoder, most, target)
            }
            Self::Blosc => blosc::decompress(packed, most, target),
            Self::Lzf => lzf::decompress(packed, most, target),
            Self::Shuffle(bytes) => {
                bounded("shuffle", packed, most)?;
                target.resize(packed.len(), 0);
                shuffle::undo_bytes(packed, bytes, target);
                Ok(())
            }
            Self::Fletcher32 => {
                let bytes = check_fletcher32(packed)?;
                bounded("fletcher32", bytes, most)?;
                target.extend_from_slice(bytes);
                Ok(())
            }
            Self::Other(number) => Err(format!("it went through {}", name_of(number))),
        }
    }
}

/// Fails for the first filter that is not read.
pub(super) fn check(filters: &[Filter]) -> Result<(), String> {
    let unknown = filters.iter().find_map(|filter| match filter {
        Filter::Other(number) => Some(number),
        _ => None,
    });
    match unknown {
        None => Ok(()),
        Some(number) => Err(format!(
            "its chunks went through {}, which is not read; write it again with gzip, shuffle, \
             fletcher32, lzf, blosc or zstd, or without filters",
            name_of(*number)
        )),
    }
}

/// A filter that is not read (<https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md>).
fn name_of(number: u16) -> String {
    let name = match number {
        4 => "szip",
        5 => "nbit",
        6 => "scaleoffset",
        307 => "bzip2",
        32_004 => "lz4",
        32_008 => "bitshuffle",
        32_013 => "zfp",
        32_017 => "sz",
        32_026 => "blosc2",
        _ => return format!("filter {number}"),
    };
    format!("filter {number} ({name})")
}

fn bounded(name: &str, bytes: &[u8], most: usize) -> Result<(), String> {
    if bytes.len() <= most {
        return Ok(());
    }
    Err(format!(
        "{name}: it has {} bytes, more than {most}",
        bytes.len()
    ))
}

fn read_bounded(
    name: &str,
    decoder: impl Read,
    most: usize,
    target: &mut Vec<u8>,
) -> Result<(), String> {
    decoder
        .take(most as u64 + 1)
        .read_to_end(target)
        .map_err(|error| format!("{name}: {error}"))?;
    if target.len() > most {
        return Err(format!("{name}: it unpacks to more than {most} bytes"));
    }
    Ok(())
}

fn check_fletcher32(packed: &[u8]) -> Result<&[u8], String> {
    let (bytes, stored) = packed
        .split_last_chunk()
        .ok_or("fletcher32: the chunk ends within its checksum")?;
    let (found, stored) = (fletcher32(bytes), u32::from_le_bytes(*stored));
    // Before 1.6.3 the library swapped the bytes of both halves.
    let swapped = ((found >> 8) & 0x00ff_00ff) | ((found & 0x00ff_00ff) << 8);
    if stored == found || stored == swapped {
        return Ok(bytes);
    }
    Err(format!(
        "fletcher32: its checksum is {found:08x} where {stored:08x} is recorded"
    ))
}

/// A chunk as it lies in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedChunk<'a> {
    pub(super) packed: &'a [u8],
    /// Filters that it did not go through, by bit.
    pub(super) left_out: u32,
    /// Bytes that it is to have.
    pub(super) bytes: usize,
}

impl PackedChunk<'_> {
    /// Undoes the filters, the last one first, into `target`, which is empty; `room` is for what
    /// lies between two of them.
    pub(super) fn undo(
        self,
        filters: &[Filter],
        room: &mut Vec<u8>,
        target: &mut Vec<u8>,
    ) -> Result<(), String> {
        let applied = filters.iter().enumerate().rev();
        let mut applied = applied
            .filter(|(number, _)| self.left_out & (1 << (number % 32)) == 0)
            .map(|(_, filter)| *filter)
            .peekable();
        let Some(last) = applied.next() else {
            bounded("the chunk", self.packed, self.bytes)?;
            target.extend_from_slice(self.packed);
            return self.check(target);
        };
        // What lies between two filters may be a little longer than the chunk.
        let between = self.bytes + self.bytes / 16 + (64 << 10);
        let most = |is_end: bool| if is_end { self.bytes } else { between };
        last.undo(self.packed, most(applied.peek().is_none()), target)?;
        while let Some(filter) = applied.next() {
            std::mem::swap(room, target);
            target.clear();
            filter.undo(room, most(applied.peek().is_none()), target)?;
        }
        self.check(target)
    }

    fn check(self, unpacked: &[u8]) -> Result<(), String> {
        let (found, bytes) = (unpacked.len(), self.bytes);
        if found == bytes {
            return Ok(());
        }
        Err(format!("it unpacks to {found} bytes where {bytes} belong"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Filter, PackedChunk};
    use std::io::Write;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let level = flate2::Compression::fast();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn undone(
        filters: &[Filter],
        left_out: u32,
        packed: &[u8],
        bytes: usize,
    ) -> Result<Vec<u8>, String> {
        let mut target = Vec::new();
        let chunk = PackedChunk {
            packed,
            left_out,
            bytes,
        };
        let undone = chunk.undo(filters, &mut Vec::new(), &mut target);
        assert!(
            target.capacity() < 4 * bytes + 4096,
            "{}",
            target.capacity()
        );
        undone.map(|()| target)
    }

    #[test]
    fn filters_are_undone_in_reverse_but_those_that_were_left_out() {
        let shuffled = [0, 3, 6, 1, 4, 7, 2, 5, 8, 9];
        let plain: Vec<u8> = (0..10).collect();
        let filters = [Filter::Shuffle(3), Filter::Deflate];
        assert_eq!(
            undone(&filters, 0, &deflated(&shuffled), 10).unwrap(),
            plain
        );
        assert_eq!(undone(&filters, 2, &shuffled, 10).unwrap(), plain);
        assert_eq!(undone(&filters, 1, &deflated(&plain), 10).unwrap(), plain);
        assert_eq!(undone(&filters, 3, &plain, 10).unwrap(), plain);
        for (bytes, values) in [(2, 5), (4, 3), (8, 2), (5, 4)] {
            let planes: Vec<u8> = (0..bytes * values)
                .map(|at| (at % values * bytes + at / values) as u8)
                .collect();
            let plain: Vec<u8> = (0..(bytes * values) as u8).collect();
            assert_eq!(
                undone(&[Filter::Shuffle(bytes)], 0, &planes, plain.len()).unwrap(),
                plain
            );
        }
    }

    #[test]
    fn checksums_are_checked_in_either_form() {
        for sum in [[0x06, 0x04, 0x08, 0x05], [0x04, 0x06, 0x05, 0x08]] {
            let packed = [&[1, 2, 3, 4], &sum[..]].concat();
            assert_eq!(
                undone(&[Filter::Fletcher32], 0, &packed, 4).unwrap(),
                [1, 2, 3, 4]
            );
            let changed = [&[1, 2, 3, 5], &sum[..]].concat();
            let error = undone(&[Filter::Fletcher32], 0, &changed, 4).unwrap_err();
            assert!(error.contains("checksum"), "{error}");
        }
        assert!(undone(&[Filter::Fletcher32], 0, &[1, 2, 3], 4).is_err());
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let zeros = vec![0; 20 << 20];
        let zstd = zstd::bulk::compress(&zeros, 1).unwrap();
        for (filter, packed) in [(Filter::Deflate, deflated(&zeros)), (Filter::Zstd, zstd)] {
            let error = undone(&[filter], 0, &packed, 1000).unwrap_err();
            assert!(error.contains("more than 1000"), "{error}");
        }
        let error = undone(&[Filter::Other(4)], 0, &[0; 9], 9).unwrap_err();
        assert!(error.contains("szip"), "{error}");
    }
}
