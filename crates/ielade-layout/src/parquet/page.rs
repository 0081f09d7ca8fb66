//! The pages of a column chunk: their headers, and what is in them.

use super::{
    levels,
    metadata::{Chunk, codec},
    thrift::{Kind, ThriftReader},
    values::{BIT_PACKED, Encoding},
};
use crate::columns::{
    compression::Compression,
    fault::{Fault, part},
};

/// A page, where it lies and how it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    /// First byte behind the header.
    pub(super) offset: u64,
    /// Bytes as they lie in the file.
    pub(super) packed: u32,
    /// Bytes after unpacking.
    pub(super) unpacked: u32,
    pub(super) compression: Compression,
    /// CRC-32 of the packed bytes, where the writer has kept it.
    crc: Option<u32>,
    pub(super) values: u32,
    pub(super) encoding: Encoding,
    pub(super) is_dictionary: bool,
    /// Bytes of levels before the values, in the second version of pages; they are never packed.
    /// In the first version the levels are among the values.
    levels: Option<u32>,
    /// Whether levels of the first version are written as nobody has for ten years; what parquet-mr
    /// says of columns that have none, too.
    has_packed_levels: bool,
}

/// What a header tells of the values.
#[derive(Debug, Default)]
struct Told {
    values: Option<u64>,
    encoding: Option<i64>,
    level_encoding: Option<i64>,
    levels: u64,
    repetition_levels: u64,
    is_compressed: bool,
}

impl Page {
    /// The header at the start of `bytes`, which lie at `start` of the file: the page, or `None` for
    /// one that holds no values; and where the next one starts.
    fn read(bytes: &[u8], start: u64, chunk: &Chunk) -> Result<(Option<Self>, u64), Fault> {
        let mut reader = ThriftReader::new(bytes);
        let [mut unpacked, mut packed] = [None; 2];
        let (mut kind, mut crc, mut told) = (None, None, None);
        reader
            .fields(Kind::Struct, |r, id, field| {
                match id {
                    1 => kind = Some(r.int(field)?),
                    2 => unpacked = Some(r.unsigned(field)?),
                    3 => packed = Some(r.unsigned(field)?),
                    4 => crc = Some(r.int(field)? as u32),
                    5 | 7 => told = Some(Told::read_first(r, field)?),
                    8 => told = Some(Told::read_second(r, field)?),
                    _ => r.skip(field)?,
                }
                Ok(())
            })
            .map_err(|fault| fault.behind(start))?;
        let fault = |reason: &str| Fault::new(start, reason);
        let (Some(kind), Some(unpacked), Some(packed)) = (kind, unpacked, packed) else {
            return Err(fault("a page header without its sizes"));
        };
        let head = reader.position() as u64;
        if packed > bytes.len() as u64 - head {
            return Err(Fault::new(
                start,
                format!("a page of {packed} bytes reaches beyond its column"),
            ));
        }
        let next = start + head + packed;
        let (is_dictionary, is_second) = match kind {
            0 => (false, false),
            2 => (true, false),
            3 => (false, true),
            _ => return Ok((None, next)),
        };
        let told = told.ok_or_else(|| fault("a page header without what it holds"))?;
        let (Some(values), Some(encoding)) = (told.values, told.encoding) else {
            return Err(fault("a page header without the number of its values"));
        };
        if told.repetition_levels != 0 {
            return Err(fault("a row with several values"));
        }
        let size = |number: u64| u32::try_from(number).map_err(|_| fault("a page of 4 GiB"));
        let compression = match is_second && !told.is_compressed {
            true => Compression::None,
            false => compression_of(chunk.codec).map_err(|reason| Fault::new(start, reason))?,
        };
        let encoding = Encoding::from_code(encoding).map_err(|reason| Fault::new(start, reason))?;
        if is_dictionary && !matches!(encoding, Encoding::Plain | Encoding::Dictionary) {
            return Err(fault("a dictionary that is not PLAIN"));
        }
        let page = Self {
            offset: start + head,
            packed: size(packed)?,
            unpacked: size(unpacked)?,
            compression,
            crc,
            values: size(values)?,
            encoding,
            is_dictionary,
            levels: match is_second {
                true => Some(size(told.levels)?),
                false => None,
            },
            has_packed_levels: told.level_encoding == Some(BIT_PACKED),
        };
        Ok((Some(page), next))
    }

    /// The page's bytes as they lie in the file.
    fn packed<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], Fault> {
        part(file, self.offset, self.packed.into())
    }

    /// The page's bytes, unpacked where they must be; appended to `room` then. Checks their CRC
    /// where the writer has kept it.
    pub(super) fn bytes<'a>(
        &self,
        file: &'a [u8],
        room: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], Fault> {
        let packed = self.packed(file)?;
        if let Some(crc) = self.crc
            && crc32fast::hash(packed) != crc
        {
            return Err(Fault::new(self.offset, "the page's CRC is wrong"));
        }
        if self.compression == Compression::None {
            self.check_size()?;
            return Ok(packed);
        }
        let fault = |reason| Fault::new(self.offset, reason);
        // Levels of the second version lie unpacked before the rest.
        let levels = self.levels.unwrap_or(0);
        let (levels, values) = packed
            .split_at_checked(levels as usize)
            .ok_or_else(|| fault("levels that are longer than their page".to_owned()))?;
        let rest = u64::from(self.unpacked).checked_sub(levels.len() as u64);
        let rest =
            rest.ok_or_else(|| fault("levels that are longer than their page".to_owned()))?;
        let start = room.len();
        room.extend_from_slice(levels);
        // A page without values may lack the packed form of nothing.
        if rest > 0 {
            self.compression.unpack(values, rest, room).map_err(fault)?;
        }
        Ok(&room[start..])
    }

    fn check_size(&self) -> Result<(), Fault> {
        if self.packed == self.unpacked {
            return Ok(());
        }
        let reason = format!(
            "an uncompressed page of {} bytes says that it has {}",
            self.packed, self.unpacked
        );
        Err(Fault::new(self.offset, reason))
    }

    /// Which of the page's rows have a value, and where the values start; `bytes` are the page's,
    /// unpacked, and `defined` is the level of a value that is there.
    pub(super) fn presence(&self, bytes: &[u8], defined: u8) -> Result<(Presence, usize), Fault> {
        if self.is_dictionary {
            return Ok((Presence::All, 0));
        }
        if self.has_packed_levels && defined > 0 {
            let reason = "levels of the encoding BIT_PACKED, which is not read";
            return Err(Fault::new(self.offset, reason));
        }
        let (levels, end) = match self.levels {
            Some(length) => (bytes.get(..length as usize), length as usize),
            None if defined == 0 => (Some(&bytes[..0]), 0),
            None => {
                let length = bytes.first_chunk().map(|four| u32::from_le_bytes(*four));
                let end = length.and_then(|length| (length as usize).checked_add(4));
                (end.and_then(|end| bytes.get(4..end)), end.unwrap_or(0))
            }
        };
        let levels = levels.ok_or_else(|| {
            let reason = "levels that are longer than their page";
            Fault::new(self.offset, reason)
        })?;
        if defined == 0 {
            return Ok((Presence::All, end));
        }
        let width = u8::BITS - defined.leading_zeros();
        let mut rows: Vec<(bool, usize)> = Vec::new();
        levels::runs(levels, width, self.values as usize, |level, times| {
            let is_there = level == u32::from(defined);
            match rows.last_mut() {
                Some((known, before)) if *known == is_there => *before += times,
                _ => rows.push((is_there, times)),
            }
            Ok(())
        })
        .map_err(|fault| fault.behind(self.offset))?;
        let presence = match rows.iter().all(|(is_there, _)| *is_there) {
            true => Presence::All,
            false => Presence::Runs(rows),
        };
        Ok((presence, end))
    }
}

/// Which rows have a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    All,
    /// Whether, and how often.
    Runs(Vec<(bool, usize)>),
}

impl Presence {
    /// Values that are there, of `rows`.
    pub(super) fn count(&self, rows: u32) -> usize {
        match self {
            Self::All => rows as usize,
            Self::Runs(runs) => runs.iter().filter(|run| run.0).map(|run| run.1).sum(),
        }
    }

    /// The values in their rows; `missing` where there is none.
    pub(super) fn spread<T: Clone>(&self, values: Vec<T>, missing: &T) -> Vec<T> {
        let Self::Runs(runs) = self else {
            return values;
        };
        let mut values = values.into_iter();
        let mut rows = Vec::new();
        for (is_there, times) in runs {
            if *is_there {
                rows.extend(values.by_ref().take(*times));
            } else {
                rows.extend(std::iter::repeat_n(missing.clone(), *times));
            }
        }
        rows
    }
}

impl Told {
    /// Of a page of the first version, or a dictionary.
    fn read_first(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let mut this = Self {
            is_compressed: true,
            ..Self::default()
        };
        reader.fields(kind, |r, id, kind| {
            match id {
                1 => this.values = Some(r.unsigned(kind)?),
                2 => this.encoding = Some(r.int(kind)?),
                3 if matches!(kind, Kind::I32) => this.level_encoding = Some(r.int(kind)?),
                _ => r.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(this)
    }

    fn read_second(reader: &mut ThriftReader<'_>, kind: Kind) -> Result<Self, Fault> {
        let mut this = Self {
            is_compressed: true,
            ..Self::default()
        };
        reader.fields(kind, |r, id, kind| {
            match id {
                1 => this.values = Some(r.unsigned(kind)?),
                4 => this.encoding = Some(r.int(kind)?),
                5 => this.levels = r.unsigned(kind)?,
                6 => this.repetition_levels = r.unsigned(kind)?,
                7 => this.is_compressed = r.boolean(kind)?,
                _ => r.skip(kind)?,
            }
            Ok(())
        })?;
        Ok(this)
    }
}

fn compression_of(code: i64) -> Result<Compression, String> {
    let other = match code {
        codec::NONE => return Ok(Compression::None),
        codec::SNAPPY => return Ok(Compression::Snappy),
        codec::GZIP => return Ok(Compression::Gzip),
        codec::ZSTD => return Ok(Compression::Zstd),
        codec::LZ4_RAW => return Ok(Compression::Lz4Block),
        3 => "LZO",
        4 => "Brotli",
        5 => "LZ4 as Hadoop frames it",
        _ => return Err(format!("pages of the unknown compression {code}")),
    };
    Err(format!(
        "pages compressed with {other}, which is not read; write it with zstd, snappy, gzip or none"
    ))
}

/// Gives each page of a chunk that holds values to `visit`: the dictionary, if any, then as many
/// pages as have the chunk's values.
///
/// # Errors
/// Where the chunk is not within the file, or its pages do not add up.
pub(super) fn pages(
    file: &[u8],
    chunk: &Chunk,
    mut visit: impl FnMut(&Page) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let bytes = part(file, chunk.start, chunk.bytes)?;
    let end = chunk.start + chunk.bytes;
    let (mut at, mut values) = (chunk.start, 0);
    while values < chunk.values {
        if at >= end {
            let reason = format!("the column ends after {values} of {} values", chunk.values);
            return Err(Fault::new(at, reason));
        }
        let rest = &bytes[(at - chunk.start) as usize..];
        let (page, next) = Page::read(rest, at, chunk)?;
        if let Some(page) = page {
            if !page.is_dictionary {
                values += u64::from(page.values);
            }
            if values > chunk.values {
                let reason = format!("pages of more than the {} values told", chunk.values);
                return Err(Fault::new(at, reason));
            }
            visit(&page)?;
        }
        at = next;
    }
    Ok(())
}
