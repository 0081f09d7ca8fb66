//! Truncated, damaged, hostile and foreign bytes.

use crate::fixtures;
use ielade_codec::{CodecError, Decoder, FileFormat, read_header};
use ielade_core::Encoding;
use proptest::prelude::*;

fn decode(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    Decoder::default()
        .decode_any(bytes)
        .map(|(pixels, _)| pixels.to_vec())
}

#[test]
fn every_truncation_of_a_jpeg_is_an_error() {
    for name in fixtures::names(".jpg") {
        if name == "jpeg-tail" {
            continue;
        }
        let bytes = fixtures::bytes(&format!("{name}.jpg"));
        for end in 0..bytes.len() {
            let found = decode(&bytes[..end]);
            let expected = match end {
                0 => Err(CodecError::Empty),
                1 | 2 => {
                    assert!(matches!(found, Err(CodecError::NotAnImage { .. })));
                    continue;
                }
                _ => Err(CodecError::Truncated(FileFormat::Jpeg)),
            };
            assert_eq!(found, expected, "{name} cut to {end} bytes");
        }
    }
}

#[test]
fn a_jpeg_may_lose_its_tail_but_nothing_before() {
    let bytes = fixtures::bytes("jpeg-tail.jpg");
    let whole = decode(&bytes).unwrap();
    let image_ends = bytes.len() - b"a tail that belongs to no image \xff\xd9 \xff\xd8\xff".len();
    for end in 3..bytes.len() {
        match decode(&bytes[..end]) {
            Ok(pixels) => assert!(end >= image_ends && pixels == whole, "{end}"),
            Err(error) => {
                assert!(end < image_ends, "{end}: {error}");
                assert_eq!(error, CodecError::Truncated(FileFormat::Jpeg));
            }
        }
    }
}

#[test]
fn every_truncation_of_a_png_is_an_error() {
    for name in fixtures::names(".png") {
        let bytes = fixtures::bytes(&format!("{name}.png"));
        for end in 0..bytes.len() {
            let found = decode(&bytes[..end]);
            assert!(found.is_err(), "{name} cut to {end} bytes was decoded");
        }
    }
}

#[test]
fn every_truncation_of_any_other_format_is_an_error() {
    for ending in [".jp2", ".j2k", ".webp", ".qoi", ".jxl", ".bmp"] {
        for name in fixtures::names(ending) {
            let bytes = fixtures::bytes(&format!("{name}{ending}"));
            let mut decoder = Decoder::default();
            // What fills up the last row of a bitmap, or a chunk to an even length, is not missed.
            let spare = match ending {
                ".bmp" => 3,
                ".webp" => 1,
                _ => 0,
            };
            for end in 0..bytes.len() - spare {
                let found = decoder.decode_any(&bytes[..end]);
                assert!(
                    found.is_err(),
                    "{name} cut to {end} of {} was decoded",
                    bytes.len()
                );
            }
        }
    }
}

#[test]
fn a_jpeg_whose_data_end_early_is_an_error_even_with_an_end_marker() {
    for name in ["jpeg-gray", "jpeg-444", "jpeg-420", "jpeg-420-48x40"] {
        let bytes = fixtures::bytes(&format!("{name}.jpg"));
        let scan = bytes
            .windows(2)
            .position(|pair| pair == [0xff, 0xda])
            .unwrap();
        let data = scan + 2 + usize::from(bytes[scan + 3]);
        let half = data + (bytes.len() - data) / 2;
        let mended = [&bytes[..half], &[0xff, 0xd9]].concat();
        let error = decode(&mended).unwrap_err();
        assert!(
            matches!(error, CodecError::Corrupt { .. } | CodecError::Truncated(_)),
            "{name}: {error}"
        );
    }
}

#[test]
fn foreign_bytes_are_named() {
    let cases: [(&[u8], &str); 8] = [
        (b"", "the file is empty"),
        (
            b"This is a text.",
            "not an image (starts with \"This is a te\")",
        ),
        (
            b"GIF89a\x01\x00\x01\x00",
            "gif images are not supported; convert them to PNG or JPEG",
        ),
        (
            b"RIFF\x10\0\0\0WEBPVP8 ",
            "truncated webp: the image data ends before the image does",
        ),
        (
            b"BM\x10\0\0\0",
            "truncated bmp: the image data ends before the image does",
        ),
        (
            b"II*\0\x08\0\0\0",
            "tiff images are not supported; convert them to PNG or JPEG",
        ),
        (
            b"\xff\x4f\xff\x51\0",
            "truncated jpeg 2000: the image data ends before the image does",
        ),
        (
            b"\xff\xd8\xff",
            "truncated jpeg: the image data ends before the image does",
        ),
    ];
    for (bytes, message) in cases {
        assert_eq!(decode(bytes).unwrap_err().to_string(), message);
        assert_eq!(read_header(bytes).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_png_where_a_jpeg_was_promised_is_refused() {
    let bytes = fixtures::bytes("png-1x1.png");
    let error = Decoder::default()
        .decode(Encoding::Jpeg, &bytes)
        .unwrap_err();
    assert_eq!(error.to_string(), "expected jpeg but found png");
}

#[test]
fn a_decompression_bomb_is_refused_by_its_header() {
    let mut jpeg = fixtures::bytes("jpeg-444.jpg");
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    let mut png = fixtures::bytes("png-1x1.png");
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let checksum = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    for bytes in [jpeg, png] {
        let expected = CodecError::TooLarge {
            width: 65_535,
            height: 65_535,
        };
        assert_eq!(decode(&bytes), Err(expected.clone()));
        assert_eq!(read_header(&bytes), Err(expected));
    }
}

/// The checksum of a PNG chunk, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |state, byte| {
        (0..8).fold(state ^ u32::from(*byte), |state, _| {
            (state >> 1) ^ (0xedb8_8320 & (state & 1).wrapping_neg())
        })
    })
}

#[test]
fn an_image_without_pixels_is_refused() {
    let mut bytes = fixtures::bytes("jpeg-444.jpg");
    let frame = bytes
        .windows(2)
        .position(|pair| pair == [0xff, 0xc0])
        .unwrap();
    bytes[frame + 7..frame + 9].fill(0);
    let error = decode(&bytes).unwrap_err().to_string();
    assert_eq!(error, "corrupt jpeg: the image has no pixels");
}

/// All fixtures, to be damaged.
fn images() -> Vec<Vec<u8>> {
    let of = |ending: &str| -> Vec<Vec<u8>> {
        fixtures::names(ending)
            .iter()
            .map(|name| fixtures::bytes(&format!("{name}{ending}")))
            .collect()
    };
    let endings = [
        ".jpg", ".png", ".jp2", ".j2k", ".webp", ".qoi", ".jxl", ".bmp", ".refused",
    ];
    endings.map(of).concat()
}

/// What files of each format begin with.
const STARTS: [&[u8]; 11] = [
    b"",
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\x4f\xff\x51\0\x2f\0\0",
    b"\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14ftypjp2 \0\0\0\0jp2 ",
    b"RIFF\x40\0\0\0WEBPVP8L",
    b"RIFF\x40\0\0\0WEBPVP8X",
    b"qoif\0\0\0\x08\0\0\0\x08\x04\0",
    b"\xff\x0a",
    b"\0\0\0\x0cJXL \r\n\x87\n",
    b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn damaged_images_do_not_end_the_program(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        cuts: bool,
    ) {
        let images = images();
        let mut bytes = which.get(&images).clone();
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cuts {
            bytes.truncate(cut.index(bytes.len()));
        }
        let header = read_header(&bytes);
        // A damaged size is refused or real; the largest that is real takes seconds.
        if header.is_ok_and(|it| u64::from(it.width) * u64::from(it.height) < 1 << 20)
            && let Ok(pixels) = decode(&bytes)
        {
            prop_assert!(!pixels.is_empty());
        }
    }

    #[test]
    fn rubbish_behind_a_magic_number_does_not_end_the_program(
        start in prop::sample::select(STARTS.to_vec()),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [start, &rest].concat();
        // A few bytes may be a small image by chance; a large one takes too long to decode.
        let header = read_header(&bytes);
        let is_small = header.as_ref().is_ok_and(|it| it.width.max(it.height) < 1 << 10);
        if is_small || header.is_err() {
            let pixels = decode(&bytes);
            prop_assert!(header.is_ok() || pixels.is_err());
        }
    }
}
