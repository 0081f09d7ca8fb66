//! Foreign files that are compressed as a whole, by GZIP or ZLIB.
//!
//! Nothing in such a file can be reached without inflating all before it. So it is inflated once,
//! into a file beside it (`FILE.ielade-inflated`) or, where that cannot be written, in the user's
//! cache folder, and read from there like any other. That file holds the inflated bytes and behind
//! them 64 bytes by which it is told whether the compressed file is still the same: `IELADEUZ`;
//! size and modification time (nanoseconds since 1970) of the compressed file, and number of
//! inflated bytes, each 8 bytes little-endian; BLAKE3 of these, 32 bytes.
//!
//! Memory is bounded by two buffers; the disk by [`most_bytes`].

use crate::{
    LayoutError,
    index::{Stamp, sidecars},
};
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

const ENDING: &str = "ielade-inflated";
const MAGIC: &[u8; 8] = b"IELADEUZ";
const TRAILER_BYTES: usize = 64;

/// First bytes of a file that are looked at, and first bytes that are inflated of them.
const HEAD_BYTES: u64 = 4096;

const BUFFER_BYTES: usize = 1 << 18;

/// What a compressed file of `bytes` may become: 200 times as much and 64 MiB. Images compress by
/// a few times, and a file of nothing but zeros by a thousand.
const fn most_bytes(bytes: u64) -> u64 {
    bytes.saturating_mul(200).saturating_add(64 << 20)
}

/// Where the bytes of a file are, inflated.
pub(crate) struct Inflated {
    /// The file itself, or the one it was inflated into.
    pub(crate) path: PathBuf,
    /// Bytes that count, where not all do.
    len: Option<u64>,
}

impl Inflated {
    /// Bytes that count, of a file that was mapped with `mapped` bytes.
    pub(crate) fn len(&self, mapped: usize) -> Result<usize, LayoutError> {
        let len = self.len.unwrap_or(mapped as u64);
        if len <= mapped as u64 {
            return Ok(len as usize);
        }
        Err(LayoutError::FileSize {
            path: self.path.clone(),
            expected: len,
            found: mapped as u64,
        })
    }
}

/// The first bytes that a compressed file's first bytes inflate to; `None` where they are not
/// compressed.
pub(crate) fn inflated_head(head: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    // The head ends within the compressed data, which is no fault here.
    let _ = Decoder::of(head)?
        .take(HEAD_BYTES)
        .read_to_end(&mut inflated);
    Some(inflated)
}

/// The file itself, or what it was inflated to, now or earlier, where its inflated head is one that
/// `is_plain` knows.
pub(crate) fn of_file(path: &Path, is_plain: fn(&[u8]) -> bool) -> Result<Inflated, LayoutError> {
    let mut file = File::open(path).map_err(LayoutError::io("open", path))?;
    let mut head = Vec::new();
    Read::by_ref(&mut file)
        .take(HEAD_BYTES)
        .read_to_end(&mut head)
        .map_err(LayoutError::io("read", path))?;
    if is_plain(&head) || !inflated_head(&head).is_some_and(|inflated| is_plain(&inflated)) {
        return Ok(Inflated {
            path: path.to_owned(),
            len: None,
        });
    }
    let stamp = Stamp::of(path)?;
    let places = sidecars(path, ENDING);
    for place in &places {
        if let Some(len) = inflated_before(place, stamp) {
            return Ok(Inflated {
                path: place.clone(),
                len: Some(len),
            });
        }
    }
    let mut refused = None;
    for place in places {
        file.seek(SeekFrom::Start(0))
            .map_err(LayoutError::io("read", path))?;
        match inflate(&Source { path, stamp }, &file, &place) {
            Ok(len) => {
                return Ok(Inflated {
                    path: place,
                    len: Some(len),
                });
            }
            Err(error @ (LayoutError::Io { .. } | LayoutError::DiskFull { .. })) => {
                refused = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(refused
        .unwrap_or_else(|| LayoutError::container(path, 0, "there is no place to inflate it")))
}

/// Bytes of what was inflated earlier, if it is whole and of the file as it is now.
fn inflated_before(place: &Path, stamp: Stamp) -> Option<u64> {
    let mut file = File::open(place).ok()?;
    let bytes = file.metadata().ok()?.len();
    let len = bytes.checked_sub(TRAILER_BYTES as u64)?;
    file.seek(SeekFrom::Start(len)).ok()?;
    let mut found = [0; TRAILER_BYTES];
    file.read_exact(&mut found).ok()?;
    (found == trailer(stamp, len)).then_some(len)
}

fn trailer(stamp: Stamp, len: u64) -> [u8; TRAILER_BYTES] {
    let mut trailer = [0; TRAILER_BYTES];
    trailer[..8].copy_from_slice(MAGIC);
    for (at, number) in [stamp.bytes, stamp.modified, len].into_iter().enumerate() {
        trailer[8 + 8 * at..][..8].copy_from_slice(&number.to_le_bytes());
    }
    let digest = blake3::hash(&trailer[..32]);
    trailer[32..].copy_from_slice(digest.as_bytes());
    trailer
}

/// A compressed file.
struct Source<'a> {
    path: &'a Path,
    stamp: Stamp,
}

/// Inflates a file to `place`, which gets its name when it is whole.
fn inflate(source: &Source<'_>, file: &File, place: &Path) -> Result<u64, LayoutError> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}-{number}.new", std::process::id()));
    let temporary = place.with_file_name(name);
    let inflated = inflate_into(source, file, &temporary).and_then(|len| {
        std::fs::rename(&temporary, place).map_err(LayoutError::io("rename", &temporary))?;
        Ok(len)
    });
    if inflated.is_err() {
        // What is left of it is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&temporary);
    }
    inflated
}

fn inflate_into(source: &Source<'_>, file: &File, target: &Path) -> Result<u64, LayoutError> {
    let mut reader = BufReader::with_capacity(BUFFER_BYTES, file);
    let unreadable = |error| LayoutError::io("read", source.path)(error);
    let head = reader.fill_buf().map_err(unreadable)?;
    let kind = Kind::of(head)
        .ok_or_else(|| LayoutError::container(source.path, 0, "it changed while it was read"))?;
    let mut decoder = kind.decoder(reader);
    let mut written = File::create(target).map_err(LayoutError::io("create", target))?;
    let most = most_bytes(source.stamp.bytes);
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut len = 0_u64;
    loop {
        let more = match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(more) => more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(source, &mut decoder, error)),
        };
        len += more as u64;
        if len > most {
            let reason = format!(
                "it inflates to more than {most} bytes, 200 times its size: it is no data set but \
                 made to fill the disk; inflate it by hand if it is not"
            );
            return Err(LayoutError::container(source.path, 0, reason));
        }
        written
            .write_all(&buffer[..more])
            .map_err(LayoutError::io("write", target))?;
    }
    let at = decoder.position().map_err(unreadable)?;
    if at != source.stamp.bytes {
        let reason = "something follows the compressed data";
        return Err(LayoutError::container(source.path, at, reason));
    }
    written
        .write_all(&trailer(source.stamp, len))
        .and_then(|()| written.sync_all())
        .map_err(LayoutError::io("write", target))?;
    Ok(len)
}

fn damaged(
    source: &Source<'_>,
    decoder: &mut Decoder<BufReader<&File>>,
    error: io::Error,
) -> LayoutError {
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            let at = decoder.position().unwrap_or(0);
            let reason = format!("the compressed data is damaged or cut ({error})");
            LayoutError::container(source.path, at, reason)
        }
        _ => LayoutError::io("read", source.path)(error),
    }
}

/// The way in which a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// RFC 1952.
    Gzip,
    /// RFC 1950.
    Zlib,
}

impl Kind {
    fn of(head: &[u8]) -> Option<Self> {
        match *head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // Deflate with a window of at most 32 KiB, no dictionary, and a check of both bytes.
            [first, second, ..]
                if first & 0x0f == 8
                    && first >> 4 <= 7
                    && second & 0x20 == 0
                    && u16::from_be_bytes([first, second]).is_multiple_of(31) =>
            {
                Some(Self::Zlib)
            }
            _ => None,
        }
    }

    fn decoder<R: BufRead>(self, reader: R) -> Decoder<R> {
        match self {
            Self::Gzip => Decoder::Gzip(MultiGzDecoder::new(reader)),
            Self::Zlib => Decoder::Zlib(ZlibDecoder::new(reader)),
        }
    }
}

enum Decoder<R> {
    Gzip(MultiGzDecoder<R>),
    Zlib(ZlibDecoder<R>),
}

impl<'a> Decoder<&'a [u8]> {
    fn of(head: &'a [u8]) -> Option<Self> {
        Kind::of(head).map(|kind| kind.decoder(head))
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zlib(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: BufRead + Seek> Decoder<R> {
    /// Compressed bytes that were used so far.
    fn position(&mut self) -> io::Result<u64> {
        match self {
            Self::Gzip(decoder) => decoder.get_mut().stream_position(),
            Self::Zlib(decoder) => decoder.get_mut().stream_position(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{most_bytes, of_file};
    use flate2::{Compression, write::GzEncoder, write::ZlibEncoder};
    use std::{
        fs,
        io::Write,
        path::{Path, PathBuf},
    };

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(content: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn starts_plain(head: &[u8]) -> bool {
        head.starts_with(b"plain")
    }

    fn inflated(path: &Path) -> Result<(PathBuf, Vec<u8>), String> {
        let found = of_file(path, starts_plain).map_err(|error| error.to_string())?;
        let content = fs::read(&found.path).unwrap();
        let len = found.len(content.len()).unwrap();
        Ok((found.path, content[..len].to_vec()))
    }

    #[test]
    fn a_compressed_file_is_inflated_once_and_again_when_it_changed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content = b"plain text ".repeat(100_000);
        for compress in [gzip, zlib] {
            fs::write(&path, compress(&content)).unwrap();
            let (place, found) = inflated(&path).unwrap();
            assert!(found == content);
            assert_ne!(place, path);
            // Were it inflated again, it would be another file.
            let inode =
                |path: &Path| std::os::unix::fs::MetadataExt::ino(&path.metadata().unwrap());
            let before = inode(&place);
            assert_eq!(inflated(&path).unwrap().0, place);
            assert_eq!(inode(&place), before);
        }
        let two = [gzip(b"plain one"), gzip(b", two")].concat();
        fs::write(&path, two).unwrap();
        assert_eq!(inflated(&path).unwrap().1, b"plain one, two");
    }

    #[test]
    fn a_file_that_is_not_compressed_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        for content in [b"plain".to_vec(), b"x\x9c other".to_vec(), gzip(b"other")] {
            fs::write(&path, &content).unwrap();
            assert_eq!(inflated(&path).unwrap(), (path.clone(), content));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn damaged_and_cut_data_is_refused_by_byte_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let noise: Vec<u8> = (0..50_000_u32).map(|at| ((at * at) >> 7) as u8).collect();
        let content = [&b"plain"[..], &noise].concat();
        for compress in [gzip, zlib] {
            let whole = compress(&content);
            for kept in [whole.len() / 2, whole.len() - 9, whole.len() - 1] {
                fs::write(&path, &whole[..kept]).unwrap();
                let error = inflated(&path).unwrap_err();
                assert!(error.contains("damaged or cut"), "{error}");
            }
            let mut wrong = whole.clone();
            let last = wrong.len() - 5;
            wrong[last] ^= 1;
            fs::write(&path, &wrong).unwrap();
            assert!(inflated(&path).is_err());
            fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
            assert!(inflated(&path).is_err());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_made_to_fill_the_disk_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"plain").unwrap();
        for _ in 0..100 {
            encoder.write_all(&vec![0; 1 << 20]).unwrap();
        }
        let bomb = encoder.finish().unwrap();
        assert!(most_bytes(bomb.len() as u64) < 100 << 20);
        fs::write(&path, bomb).unwrap();
        let error = inflated(&path).unwrap_err();
        assert!(error.contains("made to fill the disk"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
