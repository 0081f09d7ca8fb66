//! JPEG 2000, WebP, QOI, JPEG XL and BMP: every colour mode, and what is encoded here.

use crate::fixtures;
use ielade_codec::{ColourMode, Decoder, ImageEncoder, Subsampling, read_header};
use ielade_core::{Encoding, ImageSpec, OrientationRule};
use proptest::prelude::*;

/// Endings of files, and what they hold.
const ENDINGS: [(&str, Encoding); 6] = [
    (".jp2", Encoding::Jp2),
    (".j2k", Encoding::Jp2),
    (".webp", Encoding::Webp),
    (".qoi", Encoding::Qoi),
    (".jxl", Encoding::Jxl),
    (".bmp", Encoding::Bmp),
];

fn lossless() -> impl Iterator<Item = ImageEncoder> {
    Encoding::IMAGES
        .into_iter()
        .filter_map(ImageEncoder::lossless)
}

/// Levels by which the pixels of lossy files may differ from those of the usual library, on
/// average and at most.
fn tolerance(name: &str) -> (f64, u8) {
    match name {
        "jp2-lossy" => (0.1, 1),
        // Rounded in one way here and in another there.
        "jp2-ycc" => (0.5, 1),
        // Half-sized chroma is stretched in one way here and in another there.
        "jp2-ycc-420" => (1.5, 20),
        "webp-lossy" | "webp-lossy-rgba" => (0.1, 2),
        "jxl-lossy" => (0.6, 3),
        _ => (0.0, 0),
    }
}

#[test]
fn every_colour_mode_is_decoded_to_the_usual_librarys_pixels() {
    for (ending, encoding) in ENDINGS {
        for name in fixtures::names(ending) {
            let bytes = fixtures::bytes(&format!("{name}{ending}"));
            let mut decoder = Decoder::new(OrientationRule::Apply);
            let (pixels, spec) = decoder
                .decode(encoding, &bytes)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            let (expected_spec, expected) = fixtures::pixels(&name);
            assert_eq!(spec, expected_spec, "{name}");
            let (mean, most) = fixtures::difference(pixels, &expected);
            let (mean_bound, bound) = tolerance(&name);
            assert!(
                mean <= mean_bound && most <= bound,
                "{name}: {mean:.3} levels on average, {most} at most"
            );
        }
    }
}

#[test]
fn headers_tell_size_colour_mode_and_depth() {
    let of = |name: &str| {
        let header = read_header(&fixtures::bytes(name)).unwrap();
        assert_eq!((header.height, header.width), (31, 17), "{name}");
        assert_eq!(header.orientation, 1, "{name}");
        (header.colour, header.bit_depth)
    };
    for (name, colour, depth) in [
        ("jp2-rgb.jp2", ColourMode::Rgb, 8),
        ("jp2-gray.jp2", ColourMode::Gray, 8),
        ("jp2-gray-alpha.jp2", ColourMode::GrayAlpha, 8),
        ("jp2-rgba.jp2", ColourMode::Rgba, 8),
        ("jp2-stream-rgba.j2k", ColourMode::Rgba, 8),
        ("jp2-rgb-12.jp2", ColourMode::Rgb, 12),
        ("jp2-rgb-16.jp2", ColourMode::Rgb, 16),
        ("jp2-palette.jp2", ColourMode::Palette, 8),
        ("jp2-tiled.jp2", ColourMode::Rgb, 8),
        ("webp-rgb.webp", ColourMode::Rgb, 8),
        ("webp-rgba.webp", ColourMode::Rgba, 8),
        ("qoi-rgb.qoi", ColourMode::Rgb, 8),
        ("jxl-rgb.jxl", ColourMode::Rgb, 8),
        ("jxl-gray.jxl", ColourMode::Gray, 8),
        ("jxl-gray-alpha.jxl", ColourMode::GrayAlpha, 8),
        ("jxl-rgba.jxl", ColourMode::Rgba, 8),
        ("jxl-rgb-16.jxl", ColourMode::Rgb, 16),
        ("bmp-rgb.bmp", ColourMode::Rgb, 8),
        ("bmp-rgba.bmp", ColourMode::Rgb, 8),
        ("bmp-masks.bmp", ColourMode::Rgba, 8),
        ("bmp-gray.bmp", ColourMode::Palette, 8),
        ("bmp-1.bmp", ColourMode::Palette, 1),
        ("bmp-565.bmp", ColourMode::Rgb, 5),
        ("bmp-core.bmp", ColourMode::Rgb, 8),
    ] {
        assert_eq!(of(name), (colour, depth), "{name}");
    }
    let header = read_header(&fixtures::bytes("qoi-rgba.qoi")).unwrap();
    assert_eq!(header.colour, ColourMode::Rgba);
}

#[test]
fn an_orientation_in_a_webp_is_applied_or_ignored_as_asked() {
    let bytes = fixtures::bytes("webp-orientation-6.webp");
    assert_eq!(read_header(&bytes).unwrap().orientation, 6);
    let (upright, _) = fixtures::pixels("webp-orientation-6");
    let mut decoder = Decoder::new(OrientationRule::Ignore);
    let (_, stored) = decoder.decode_any(&bytes).unwrap();
    assert_eq!(
        (stored.height, stored.width),
        (upright.width, upright.height)
    );
}

#[test]
fn animations_are_refused_by_name() {
    for (name, format) in [
        ("frames.webp.refused", "webp"),
        ("frames.jxl.refused", "jpeg xl"),
    ] {
        let bytes = fixtures::bytes(name);
        let expected = format!(
            "{format} images with more than one frame are not supported; convert them to PNG or JPEG"
        );
        let error = Decoder::default().decode_any(&bytes).unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert_eq!(read_header(&bytes).unwrap_err().to_string(), expected);
    }
}

/// Pixels of noise below `noise` upon a slope.
fn picture(spec: ImageSpec, seed: u64, noise: u64) -> Vec<u8> {
    let width = spec.width as usize * 3;
    (0..spec.values())
        .map(|at| {
            let random = (at as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let slope = at % width / 3 * 2 + at / width + at % 3 * 40;
            (slope as u64 + random % noise) as u8
        })
        .collect()
}

fn encoded(encoder: ImageEncoder, pixels: &[u8], spec: ImageSpec) -> Vec<u8> {
    let mut bytes = b"what was there before".to_vec();
    encoder
        .encode(pixels, spec, &mut bytes)
        .unwrap_or_else(|error| panic!("{encoder:?} {spec}: {error}"));
    bytes
}

fn comes_back(encoder: ImageEncoder, pixels: &[u8], spec: ImageSpec) {
    let bytes = encoded(encoder, pixels, spec);
    let mut decoder = Decoder::default();
    let (found, found_spec) = decoder
        .decode(encoder.encoding(), &bytes)
        .unwrap_or_else(|error| panic!("{encoder:?} {spec}: {error}"));
    assert_eq!(found_spec, spec, "{encoder:?}");
    assert!(found == pixels, "{encoder:?} {spec}: other pixels");
    let header = read_header(&bytes).unwrap();
    assert_eq!((header.height, header.width), (spec.height, spec.width));
    assert_eq!((header.colour, header.bit_depth), (ColourMode::Rgb, 8));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_encoded_without_loss_comes_back(
        height in 2_u32..90, width in 2_u32..90, seed in any::<u64>(),
        noise in prop::sample::select(vec![1_u64, 2, 17, 256]),
    ) {
        let spec = ImageSpec::rgb(height, width);
        let pixels = picture(spec, seed, noise);
        for encoder in lossless() {
            comes_back(encoder, &pixels, spec);
        }
    }
}

#[test]
fn extreme_sizes_and_contents_come_back_too() {
    for (height, width) in [
        (1, 1),
        (1, 2),
        (1, 77),
        (300, 1),
        (130, 193),
        (2, 1025),
        (3, 33_000),
    ] {
        let spec = ImageSpec::rgb(height, width);
        let contents = [
            picture(spec, 5, 40),
            vec![0; spec.values()],
            vec![255; spec.values()],
            // The largest steps that there are, in every channel and direction.
            (0..spec.values())
                .map(|at| [0, 255][(at / 3 + at / 3 / width as usize) & 1])
                .collect(),
            (0..spec.values()).map(|at| [0, 255][at & 1]).collect(),
        ];
        for encoder in lossless() {
            let is_too_small = encoder == ImageEncoder::Jxl && height.min(width) == 1;
            let is_too_large = encoder == ImageEncoder::Webp && width > 16_384;
            for pixels in contents.iter().filter(|_| !is_too_small && !is_too_large) {
                comes_back(encoder, pixels, spec);
            }
        }
    }
}

#[test]
fn sizes_that_a_format_cannot_hold_are_refused() {
    for (encoder, spec) in [
        (ImageEncoder::Jxl, ImageSpec::rgb(1, 5)),
        (ImageEncoder::Webp, ImageSpec::rgb(1, 16_385)),
        (jpeg(90, Subsampling::Full), ImageSpec::rgb(1, 65_536)),
    ] {
        let mut bytes = Vec::new();
        let error = encoder
            .encode(&vec![0; spec.values()], spec, &mut bytes)
            .unwrap_err();
        let start = format!("cannot encode as {}: ", encoder.encoding());
        assert!(error.to_string().starts_with(&start), "{error}");
    }
}

#[test]
fn pixels_that_are_no_image_of_the_size_are_refused_by_every_encoder() {
    let grey = ImageSpec {
        channels: 1,
        ..ImageSpec::rgb(2, 2)
    };
    for encoder in lossless().chain([jpeg(90, Subsampling::Quarter)]) {
        for (values, spec) in [
            (11, ImageSpec::rgb(2, 2)),
            (13, ImageSpec::rgb(2, 2)),
            (4, grey),
            (0, ImageSpec::rgb(0, 2)),
        ] {
            let error = encoder.encode(&vec![0; values], spec, &mut Vec::new());
            assert!(error.is_err(), "{encoder:?} {spec}");
        }
    }
}

const fn jpeg(quality: u8, subsampling: Subsampling) -> ImageEncoder {
    ImageEncoder::Jpeg {
        quality,
        subsampling,
    }
}

const fn jp2(rate: f32) -> ImageEncoder {
    ImageEncoder::Jp2 { rate: Some(rate) }
}

#[test]
fn options_out_of_range_are_refused() {
    let spec = ImageSpec::rgb(4, 4);
    for encoder in [
        jpeg(0, Subsampling::Full),
        jpeg(101, Subsampling::Full),
        jp2(0.9),
        jp2(-1.0),
        jp2(f32::NAN),
    ] {
        assert!(encoder.encode(&[9; 48], spec, &mut Vec::new()).is_err());
    }
}

#[test]
fn what_keeps_pixels_says_so() {
    assert!(lossless().all(ImageEncoder::keeps_pixels));
    assert_eq!(lossless().count(), Encoding::IMAGES.len() - 1);
    for encoder in lossless() {
        assert_eq!(ImageEncoder::lossless(encoder.encoding()), Some(encoder));
    }
    assert!(!jpeg(100, Subsampling::Full).keeps_pixels());
    assert!(!jp2(1.0).keeps_pixels());
}

/// Peak signal-to-noise ratio of what an encoder keeps, in dB, and the bytes that it takes.
fn fidelity(encoder: ImageEncoder, pixels: &[u8], spec: ImageSpec) -> (f64, usize) {
    let bytes = encoded(encoder, pixels, spec);
    let mut decoder = Decoder::default();
    let (found, found_spec) = decoder.decode(encoder.encoding(), &bytes).unwrap();
    assert_eq!(found_spec, spec);
    let squares: f64 = found
        .iter()
        .zip(pixels)
        .map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2))
        .sum();
    let mean = squares / pixels.len() as f64;
    (10.0 * (255.0 * 255.0 / mean).log10(), bytes.len())
}

#[test]
fn a_stated_rate_is_kept_to_and_nearly_used_up() {
    let (spec, pixels) = fixtures::pixels("resize-source");
    let large = ImageSpec::rgb(200, 150);
    for (spec, pixels) in [(spec, pixels), (large, picture(large, 1, 60))] {
        let mut before = f64::INFINITY;
        for rate in [2.0, 3.0, 5.0, 8.0] {
            let (psnr, bytes) = fidelity(jp2(rate), &pixels, spec);
            let budget = pixels.len() as f64 / f64::from(rate);
            let used = bytes as f64 / budget;
            assert!(used <= 1.0, "{spec} at {rate}: {bytes} of {budget}");
            let (_, whole) = fidelity(ImageEncoder::Jp2 { rate: None }, &pixels, spec);
            assert!(
                used > 0.9 || bytes == whole,
                "{spec} at {rate}: {bytes} of {budget}"
            );
            assert!(psnr <= before, "{spec} at {rate}: {psnr} after {before}");
            before = psnr;
        }
    }
}

#[test]
fn a_rate_that_cannot_be_had_gives_the_smallest_file() {
    let spec = ImageSpec::rgb(16, 16);
    let (_, bytes) = fidelity(jp2(1e9), &picture(spec, 3, 200), spec);
    assert!(bytes < 250, "{bytes}");
}

#[test]
fn a_rate_of_one_that_is_enough_loses_nothing() {
    let spec = ImageSpec::rgb(64, 64);
    let (psnr, _) = fidelity(jp2(1.0), &picture(spec, 3, 4), spec);
    assert!(psnr.is_infinite());
}

#[test]
fn quality_and_subsampling_of_a_jpeg_are_what_was_asked_for() {
    let (spec, pixels) = fixtures::pixels("resize-source");
    let qualities = [30, 60, 90, 100].map(|quality| jpeg(quality, Subsampling::Full));
    let kinds = Subsampling::ALL.map(|subsampling| jpeg(95, subsampling));
    for encoders in [&qualities[..], &kinds.map(|it| it)[..]] {
        let found: Vec<_> = encoders
            .iter()
            .map(|encoder| fidelity(*encoder, &pixels, spec))
            .collect();
        let rises = encoders == qualities;
        for pair in found.windows(2) {
            let (worse, better) = if rises {
                (pair[0], pair[1])
            } else {
                (pair[1], pair[0])
            };
            assert!(worse.0 < better.0 && worse.1 < better.1, "{found:?}");
        }
    }
    // The sampling factors of luma, in the frame header.
    for (encoder, factors) in kinds.into_iter().zip([0x11, 0x21, 0x22]) {
        let bytes = encoded(encoder, &pixels, spec);
        let frame = bytes
            .windows(2)
            .position(|pair| pair == [0xff, 0xc0])
            .unwrap();
        assert_eq!(bytes[frame + 11], factors, "{encoder:?}");
    }
}

#[test]
fn a_decoder_keeps_nothing_of_the_image_before_of_any_format() {
    let mut decoder = Decoder::default();
    for name in [
        "jxl-large.jxl",
        "jp2-rgb.jp2",
        "jxl-rgb-16.jxl",
        "webp-rgba.webp",
        "jxl-gray.jxl",
        "bmp-palette-4.bmp",
        "qoi-rgba.qoi",
        "jxl-rgb.jxl",
        "jp2-1x1.jp2",
    ] {
        let bytes = fixtures::bytes(name);
        let mut fresh = Decoder::default();
        let (expected, expected_spec) = fresh.decode_any(&bytes).unwrap();
        let (pixels, spec) = decoder.decode_any(&bytes).unwrap();
        assert_eq!((spec, pixels), (expected_spec, expected), "{name}");
        // What fails leaves nothing behind either.
        assert!(
            decoder.decode_any(&bytes[..bytes.len() / 2]).is_err(),
            "{name}"
        );
    }
}
