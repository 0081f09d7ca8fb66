//! Resizing against Pillow's `BILINEAR`, which has an antialias filter.

use crate::fixtures;
use ielade_codec::{CodecError, Resizer};
use ielade_core::ImageSpec;

/// Levels by which a value may differ: the two passes are rounded differently.
const TOLERANCE: u8 = 1;

#[test]
fn every_size_has_pillows_pixels() {
    let (from, source) = fixtures::pixels("resize-source");
    let mut resizer = Resizer::default();
    let mut sizes = 0;
    for name in fixtures::names(".ppm") {
        if !name.starts_with("resize-") {
            continue;
        }
        let (to, expected) = fixtures::pixels(&name);
        let found = resizer.resize(&source, from, to).unwrap();
        let (mean, most) = fixtures::difference(found, &expected);
        assert!(
            most <= TOLERANCE,
            "{name}: {mean:.3} on average, {most} at most"
        );
        sizes += 1;
    }
    assert!(sizes >= 8);
}

#[test]
fn an_image_of_another_size_than_it_says_is_refused() {
    let mut resizer = Resizer::default();
    let spec = ImageSpec::rgb(4, 4);
    let short = resizer.resize(&[0; 47], spec, ImageSpec::rgb(2, 2));
    assert!(matches!(short, Err(CodecError::WrongSize { .. })));
    let nothing = resizer.resize(&[], ImageSpec::rgb(0, 4), ImageSpec::rgb(2, 2));
    assert!(nothing.is_err());
    assert!(
        resizer
            .resize(&[0; 48], spec, ImageSpec::rgb(0, 2))
            .is_err()
    );
}
