//! Made-up images of a data set: sizes, formats, and two squares of colour.

use ielade_core::{
    Composition, Encoding, Thumbnail,
    composition::{ClassCount, SizeCell, Spread},
};

pub(crate) fn composition() -> Composition {
    let spread = |min, median, max| Some(Spread { min, median, max });
    let cell = |width, height, count| SizeCell {
        width,
        height,
        count,
    };
    Composition {
        images: 60_000,
        looked_at: 2000,
        unreadable: 1,
        width: spread(110, 320.0, 3456),
        height: spread(141, 428.0, 4608),
        bytes: spread(3447, 21_924.0, 3_113_649),
        sizes: vec![
            cell([260, 400], [337, 520], 1200),
            cell([169, 259], [218, 336], 500),
            cell([110, 168], [141, 217], 279),
            cell([2246, 3456], [2980, 4608], 20),
        ],
        formats: [("jpeg".to_owned(), 1900), ("png".to_owned(), 99)].into(),
        colour_modes: [("rgb".to_owned(), 1999)].into(),
        turned: 4,
        classes: [20_000, 16_000, 14_000]
            .map(|train| ClassCount { train, test: 3333 })
            .to_vec(),
    }
}

/// One image of a class, and one without.
pub(crate) fn thumbnails() -> Vec<Thumbnail> {
    [Some("cat & <dog>"), None]
        .map(|class| Thumbnail {
            class: class.map(str::to_owned),
            encoding: Encoding::Png,
            width: 1,
            height: 1,
            bytes: PIXEL.to_vec(),
        })
        .to_vec()
}

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53,
    0xde, 0x00, 0x00, 0x00, 0x0c, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0xb8, 0x1a, 0xc7, 0x00,
    0x00, 0x03, 0x3f, 0x01, 0x34, 0x93, 0x77, 0xeb, 0x31, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e,
    0x44, 0xae, 0x42, 0x60, 0x82,
];
