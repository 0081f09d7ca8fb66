//! PNG: every colour type and depth, exactly.

use crate::fixtures;
use ielade_codec::{ColourMode, Decoder, encode_png, read_header};
use ielade_core::{Encoding, ImageSpec, OrientationRule};
use proptest::prelude::*;

#[test]
fn every_colour_type_and_depth_is_decoded_exactly() {
    let names = fixtures::names(".png");
    assert!(names.len() > 20);
    for name in names {
        let bytes = fixtures::bytes(&format!("{name}.png"));
        let mut decoder = Decoder::new(OrientationRule::Apply);
        let (pixels, spec) = decoder
            .decode(Encoding::Png, &bytes)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let (expected_spec, expected) = fixtures::pixels(&name);
        assert_eq!(spec, expected_spec, "{name}");
        assert!(pixels == expected, "{name}: other pixels");
    }
}

#[test]
fn headers_tell_colour_mode_depth_and_orientation() {
    let header = |name: &str| {
        let header = read_header(&fixtures::bytes(name)).unwrap();
        (header.colour, header.bit_depth, header.orientation)
    };
    assert_eq!(header("png-gray-1.png"), (ColourMode::Gray, 1, 1));
    assert_eq!(
        header("png-gray-alpha-16.png"),
        (ColourMode::GrayAlpha, 16, 1)
    );
    assert_eq!(header("png-palette-4.png"), (ColourMode::Palette, 4, 1));
    assert_eq!(header("png-rgb-16.png"), (ColourMode::Rgb, 16, 1));
    assert_eq!(header("png-rgba-8.png"), (ColourMode::Rgba, 8, 1));
    assert_eq!(header("png-orientation-6.png"), (ColourMode::Rgb, 8, 6));
}

#[test]
fn an_orientation_is_ignored_where_that_is_asked_for() {
    let bytes = fixtures::bytes("png-orientation-6.png");
    let (upright, _) = fixtures::pixels("upright");
    let mut decoder = Decoder::new(OrientationRule::Ignore);
    let (_, spec) = decoder.decode_any(&bytes).unwrap();
    assert_eq!((spec.height, spec.width), (upright.width, upright.height));
}

proptest! {
    #[test]
    fn what_is_encoded_comes_back(
        height in 1_u32..20, width in 1_u32..20, seed in any::<u64>(),
    ) {
        let spec = ImageSpec::rgb(height, width);
        let pixels: Vec<u8> = (0..spec.values() as u64)
            .map(|at| (at.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
            .collect();
        let mut bytes = Vec::new();
        encode_png(&pixels, spec, &mut bytes).unwrap();
        let mut decoder = Decoder::default();
        let (found, found_spec) = decoder.decode(Encoding::Png, &bytes).unwrap();
        prop_assert_eq!(found_spec, spec);
        prop_assert_eq!(found, &pixels[..]);
    }
}
