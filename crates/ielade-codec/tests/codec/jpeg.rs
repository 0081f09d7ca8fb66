//! JPEG against libjpeg-turbo's pixels, through Pillow.

use crate::fixtures;
use ielade_codec::{CodecError, ColourMode, Decoder, read_header};
use ielade_core::{Encoding, ImageSpec, OrientationRule};

/// Levels by which pixels may differ from libjpeg-turbo's, on average and at most: not at all
/// where the same arithmetic is done, a few where a library decodes a rare kind in its own way.
fn tolerance(name: &str) -> (f64, u8) {
    const RARE: [&str; 2] = ["progressive", "cmyk"];
    if RARE.iter().any(|kind| name.contains(kind)) {
        (0.6, 4)
    } else {
        (0.0, 0)
    }
}

fn decoded(name: &str, rule: OrientationRule) -> (ImageSpec, Vec<u8>) {
    let bytes = fixtures::bytes(&format!("{name}.jpg"));
    let mut decoder = Decoder::new(rule);
    let (pixels, spec) = decoder
        .decode(Encoding::Jpeg, &bytes)
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    (spec, pixels.to_vec())
}

#[test]
fn every_kind_of_jpeg_has_pillows_pixels() {
    for name in fixtures::names(".jpg") {
        let (spec, pixels) = decoded(&name, OrientationRule::Apply);
        let (expected_spec, expected) = fixtures::pixels(&name);
        assert_eq!(spec, expected_spec, "{name}");
        let (mean, most) = fixtures::difference(&pixels, &expected);
        let (mean_bound, bound) = tolerance(&name);
        assert!(
            mean <= mean_bound && most <= bound,
            "{name}: {mean:.3} levels on average, {most} at most"
        );
    }
}

#[test]
fn all_eight_orientations_show_the_same_picture() {
    let (upright_spec, upright) = fixtures::pixels("upright");
    for orientation in 1..=8 {
        let name = format!("jpeg-orientation-{orientation}");
        let header = read_header(&fixtures::bytes(&format!("{name}.jpg"))).unwrap();
        assert_eq!(header.orientation, orientation);
        let (spec, pixels) = decoded(&name, OrientationRule::Apply);
        assert_eq!(spec, upright_spec);
        // The stored pictures are lossy, each in its own way.
        let (mean, _) = fixtures::difference(&pixels, &upright);
        assert!(mean < 2.0, "{name}: {mean}");
        let (stored, _) = decoded(&name, OrientationRule::Ignore);
        assert_eq!((stored.height, stored.width), (header.height, header.width));
    }
}

#[test]
fn headers_tell_colour_mode_and_size() {
    let mode = |name: &str| {
        let header = read_header(&fixtures::bytes(name)).unwrap();
        assert_eq!((header.height, header.width), (31, 17), "{name}");
        assert_eq!((header.bit_depth, header.orientation), (8, 1), "{name}");
        header.colour
    };
    assert_eq!(mode("jpeg-gray.jpg"), ColourMode::Gray);
    assert_eq!(mode("jpeg-420.jpg"), ColourMode::Rgb);
    assert_eq!(mode("jpeg-progressive.jpg"), ColourMode::Rgb);
    assert_eq!(mode("jpeg-cmyk-adobe.jpg"), ColourMode::Cmyk);
    assert_eq!(mode("jpeg-thumbnail.jpg"), ColourMode::Rgb);
    assert_eq!(mode("jpeg-stray.jpg"), ColourMode::Rgb);
}

#[test]
fn inks_as_luma_and_chroma_give_the_same_picture_as_plain_inks() {
    let (spec, pixels) = fixtures::pixels("jpeg-cmyk-adobe");
    let inks: Vec<u8> = pixels
        .as_chunks::<3>()
        .0
        .iter()
        .flat_map(|[red, green, blue]| [255 - red, 255 - green, 255 - blue, 0])
        .collect();
    let encoded = |colour| {
        let mut bytes = Vec::new();
        jpeg_encoder::Encoder::new(&mut bytes, 95)
            .encode(&inks, spec.width as u16, spec.height as u16, colour)
            .unwrap();
        bytes
    };
    for colour in [
        jpeg_encoder::ColorType::Cmyk,
        jpeg_encoder::ColorType::CmykAsYcck,
    ] {
        let bytes = encoded(colour);
        let mut decoder = Decoder::default();
        let (found, found_spec) = decoder.decode_any(&bytes).unwrap();
        assert_eq!(found_spec, spec);
        let (mean, _) = fixtures::difference(found, &pixels);
        assert!(mean < 5.0, "{colour:?}: {mean}");
    }
}

#[test]
fn rare_kinds_of_compression_are_refused_by_name() {
    for (code, name) in [(0xc3, "lossless"), (0xc9, "arithmetic")] {
        let mut bytes = fixtures::bytes("jpeg-444.jpg");
        let frame = bytes
            .windows(2)
            .position(|pair| pair == [0xff, 0xc0])
            .unwrap();
        bytes[frame + 1] = code;
        let error = Decoder::default().decode_any(&bytes).unwrap_err();
        assert!(matches!(error, CodecError::UnsupportedFeature { .. }));
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_decoder_keeps_nothing_of_the_image_before() {
    let mut decoder = Decoder::default();
    for name in [
        "jpeg-420-48x40",
        "jpeg-1x1",
        "jpeg-orientation-6",
        "jpeg-gray",
    ] {
        let bytes = fixtures::bytes(&format!("{name}.jpg"));
        let (pixels, spec) = decoder.decode_any(&bytes).unwrap();
        assert_eq!(
            (spec, pixels.to_vec()),
            decoded(name, OrientationRule::Apply)
        );
    }
}
