//! The segments of a JPEG (ITU-T T.81, annex B), walked from marker to marker without decoding.
//!
//! This tells what the decoder itself does not: whether the file is whole. An end-of-image marker
//! somewhere is no proof, since the thumbnail inside an EXIF block has one too.

use crate::{CodecError, FileFormat};
use std::{borrow::Cow, ops::Range};

/// What follows 0xff in a marker.
pub(super) mod marker {
    use std::ops::RangeInclusive;

    pub(crate) const STUFFED_ZERO: u8 = 0x00;
    pub(crate) const PROGRESSIVE_FRAME: u8 = 0xc2;
    pub(crate) const HUFFMAN_TABLES: u8 = 0xc4;
    pub(crate) const RESTART: RangeInclusive<u8> = 0xd0..=0xd7;
    pub(crate) const START_OF_IMAGE: u8 = 0xd8;
    pub(crate) const END_OF_IMAGE: u8 = 0xd9;
    pub(crate) const START_OF_SCAN: u8 = 0xda;
    pub(crate) const QUANTISATION_TABLES: u8 = 0xdb;
    pub(crate) const RESTART_INTERVAL: u8 = 0xdd;
    pub(crate) const APP0: u8 = 0xe0;
    pub(crate) const APP1: u8 = 0xe1;
    pub(crate) const APP14: u8 = 0xee;
    pub(crate) const FILL: u8 = 0xff;

    /// True for every start-of-frame marker: all of 0xc0..=0xcf but three.
    pub(crate) const fn starts_frame(code: u8) -> bool {
        const EXTENSION: u8 = 0xc8;
        const ARITHMETIC_CONDITIONING: u8 = 0xcc;
        matches!(code, 0xc0..=0xcf)
            && !matches!(code, HUFFMAN_TABLES | EXTENSION | ARITHMETIC_CONDITIONING)
    }
}

const EXIF_START: &[u8] = b"Exif\0\0";

/// Length of the start-of-image marker.
const FIRST_SEGMENT: usize = 2;

/// The frame header: size and components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JpegFrame {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) components: u8,
}

/// All that the headers before the first scan say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JpegStructure<'a> {
    /// The whole file.
    pub(super) bytes: &'a [u8],
    pub(crate) frame: JpegFrame,
    /// Whether the image comes in several scans, from coarse to fine.
    pub(super) is_progressive: bool,
    /// The EXIF block, from its TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
    /// Where the coded data of the first scan begins.
    pub(super) scan: usize,
    /// Whether bytes that belong to no segment lie between the headers.
    has_stray_bytes: bool,
}

pub(super) fn corrupt(reason: &str) -> CodecError {
    CodecError::Corrupt {
        format: FileFormat::Jpeg,
        reason: reason.to_owned(),
    }
}

const TRUNCATED: CodecError = CodecError::Truncated(FileFormat::Jpeg);

/// One marker segment: its second byte, its whole extent, and what it holds.
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    extent: Range<usize>,
    pub(super) content: &'a [u8],
}

/// The segment that begins at `at` or, after stray bytes, behind it.
fn segment(bytes: &[u8], at: usize) -> Result<Segment<'_>, CodecError> {
    let mut code = at + 1;
    loop {
        let before = *bytes.get(code - 1).ok_or(TRUNCATED)?;
        let marker = *bytes.get(code).ok_or(TRUNCATED)?;
        if before == marker::FILL && marker != marker::FILL && marker != marker::STUFFED_ZERO {
            return segment_of(bytes, code, marker);
        }
        code += 1;
    }
}

/// The segment whose marker's second byte lies at `code`.
fn segment_of(bytes: &[u8], code: usize, marker: u8) -> Result<Segment<'_>, CodecError> {
    if marker == marker::END_OF_IMAGE {
        return Err(corrupt("the image ends before its data begin"));
    }
    if marker == marker::START_OF_IMAGE || marker::RESTART.contains(&marker) {
        return Err(corrupt("a marker stands where none may be"));
    }
    let length = bytes.get(code + 1..code + 3).ok_or(TRUNCATED)?;
    let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
    if length < 2 {
        return Err(corrupt("a segment is shorter than its own length field"));
    }
    let end = code + 1 + length;
    Ok(Segment {
        marker,
        extent: code - 1..end,
        content: bytes.get(code + 3..end).ok_or(TRUNCATED)?,
    })
}

fn frame(content: &[u8]) -> Result<JpegFrame, CodecError> {
    let [precision, h1, h0, w1, w0, components, ..] = *content else {
        return Err(corrupt("the frame header is too short"));
    };
    if precision != 8 {
        return Err(CodecError::UnsupportedFeature {
            format: FileFormat::Jpeg,
            feature: format!("{precision} bits a value"),
        });
    }
    let frame = JpegFrame {
        width: u16::from_be_bytes([w1, w0]),
        height: u16::from_be_bytes([h1, h0]),
        components,
    };
    CodecError::check_size(FileFormat::Jpeg, frame.width.into(), frame.height.into())?;
    Ok(frame)
}

/// Fails for kinds of compression other than baseline, extended and progressive Huffman coding.
fn check_process(marker: u8) -> Result<(), CodecError> {
    let feature = match marker {
        0xc0..=0xc2 => return Ok(()),
        0xc3 => "lossless compression",
        0xc5..=0xc7 => "hierarchical compression",
        _ => "arithmetic coding",
    };
    Err(CodecError::UnsupportedFeature {
        format: FileFormat::Jpeg,
        feature: feature.to_owned(),
    })
}

impl<'a> JpegStructure<'a> {
    /// Reads all headers before the first scan of a file that begins as a JPEG does.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, CodecError> {
        let (mut found, mut exif) = (None, None);
        let (mut is_progressive, mut has_stray_bytes) = (false, false);
        let mut at = FIRST_SEGMENT;
        loop {
            let segment = segment(bytes, at)?;
            has_stray_bytes |= segment.extent.start != at;
            at = segment.extent.end;
            match segment.marker {
                marker::START_OF_SCAN => break,
                marker::APP1 => exif = exif.or(segment.content.strip_prefix(EXIF_START)),
                code if marker::starts_frame(code) => {
                    is_progressive = code == marker::PROGRESSIVE_FRAME;
                    check_process(code)?;
                    found = Some(frame(segment.content)?);
                }
                _ => {}
            }
        }
        Ok(Self {
            bytes,
            frame: found.ok_or_else(|| corrupt("no frame header before the image data"))?,
            is_progressive,
            exif,
            scan: at,
            has_stray_bytes,
        })
    }

    /// The image from its first to its last marker: without anything behind it and without stray
    /// bytes between the headers, which the decoder would take for damage.
    pub(crate) fn whole(&self) -> Result<Cow<'a, [u8]>, CodecError> {
        let end = self.end()?;
        if !self.has_stray_bytes {
            return Ok(Cow::Borrowed(&self.bytes[..end]));
        }
        let mut clean = self.bytes[..FIRST_SEGMENT].to_vec();
        for segment in self.segments() {
            clean.extend_from_slice(&self.bytes[segment?.extent]);
        }
        clean.extend_from_slice(&self.bytes[self.scan..end]);
        Ok(Cow::Owned(clean))
    }

    /// The segments up to the first scan's header.
    pub(super) fn segments(&self) -> impl Iterator<Item = Result<Segment<'a>, CodecError>> {
        let (bytes, scan) = (self.bytes, self.scan);
        let mut at = FIRST_SEGMENT;
        std::iter::from_fn(move || {
            (at < scan).then(|| {
                let segment = segment(bytes, at)?;
                at = segment.extent.end;
                Ok(segment)
            })
        })
    }

    /// The end of the end-of-image marker, behind the last scan.
    fn end(&self) -> Result<usize, CodecError> {
        let bytes = self.bytes;
        let mut at = self.scan;
        loop {
            let rest = bytes.get(at..).ok_or(TRUNCATED)?;
            let code = at + memchr::memchr(marker::FILL, rest).ok_or(TRUNCATED)? + 1;
            at = match *bytes.get(code).ok_or(TRUNCATED)? {
                marker::END_OF_IMAGE => return Ok(code + 1),
                marker::STUFFED_ZERO => code + 1,
                marker::FILL => code,
                restart if marker::RESTART.contains(&restart) => code + 1,
                other => segment_of(bytes, code, other)?.extent.end,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JpegStructure;
    use crate::{CodecError, FileFormat};

    /// A JPEG of nothing but markers: a 7×5 frame of three components, one scan, the end.
    fn skeleton(before_frame: &[u8]) -> Vec<u8> {
        let frame = [
            0xff, 0xc0, 0, 17, 8, 0, 5, 0, 7, 3, 1, 0x11, 0, 2, 0x11, 1, 3, 0x11, 1,
        ];
        let scan = [
            0xff, 0xda, 0, 12, 3, 1, 0, 2, 0x11, 3, 0x11, 0, 63, 0, 0x12, 0xff, 0x00, 0x34,
        ];
        [&[0xff, 0xd8], before_frame, &frame, &scan, &[0xff, 0xd9]].concat()
    }

    #[test]
    fn the_end_of_a_thumbnail_is_not_the_end_of_the_image() {
        let thumbnail = b"\xff\xe1\x00\x0cExif\0\0\xff\xd8\xff\xd9";
        let bytes = skeleton(thumbnail);
        let structure = JpegStructure::read(&bytes).unwrap();
        assert_eq!(structure.exif, Some(&b"\xff\xd8\xff\xd9"[..]));
        assert_eq!(structure.whole().unwrap(), &bytes[..]);
        let cut = &bytes[..bytes.len() - 2];
        let structure = JpegStructure::read(cut).unwrap();
        assert_eq!(
            structure.whole(),
            Err(CodecError::Truncated(FileFormat::Jpeg))
        );
    }

    #[test]
    fn stray_bytes_and_a_tail_are_left_out() {
        let clean = skeleton(b"");
        let mut dirty = skeleton(b"stray\xff\x00bytes");
        dirty.extend_from_slice(b"tail\xff\xd9");
        let structure = JpegStructure::read(&dirty).unwrap();
        assert_eq!(structure.whole().unwrap(), &clean[..]);
        assert_eq!((structure.frame.width, structure.frame.height), (7, 5));
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = skeleton(b"\xff\xff\xe0\x00\x04ab");
        for end in 2..bytes.len() {
            let found = JpegStructure::read(&bytes[..end]).and_then(|it| it.whole());
            assert_eq!(found, Err(CodecError::Truncated(FileFormat::Jpeg)), "{end}");
        }
    }

    #[test]
    fn other_kinds_of_compression_are_named() {
        for (code, name) in [
            (0xc3, "lossless"),
            (0xc5, "hierarchical"),
            (0xc9, "arithmetic"),
        ] {
            let mut bytes = skeleton(b"");
            bytes[3] = code;
            let error = JpegStructure::read(&bytes).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
