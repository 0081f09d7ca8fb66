//! EXIF orientation: reading it, and turning pixels by it.

use crate::CHANNELS;
use ielade_core::ImageSpec;

/// The orientation in an EXIF block, 1 to 8; 1 where there is none or it cannot be read.
pub(crate) fn of_exif(exif: &[u8]) -> u8 {
    let Ok(fields) = exif::Reader::new().read_raw(exif.to_vec()) else {
        return 1;
    };
    fields
        .get_field(exif::Tag::Orientation, exif::In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .and_then(|value| u8::try_from(value).ok())
        .filter(|value| (1..=8).contains(value))
        .unwrap_or(1)
}

/// Writes `pixels` (interleaved RGB) upright into `out` and returns the new size.
///
/// Orientations as in EXIF 2.3, table 8: 2 mirrors, 3 turns by 180°, 4 mirrors top to bottom,
/// 5 transposes, 6 turns right, 7 transposes along the other diagonal, 8 turns left.
pub(crate) fn upright(
    pixels: &[u8],
    spec: ImageSpec,
    orientation: u8,
    out: &mut Vec<u8>,
) -> ImageSpec {
    let (height, width) = (spec.height as usize, spec.width as usize);
    let swaps = orientation >= 5;
    let (out_height, out_width) = if swaps {
        (width, height)
    } else {
        (height, width)
    };
    out.clear();
    out.reserve(spec.values());
    for y in 0..out_height {
        for x in 0..out_width {
            let (from_y, from_x) = match orientation {
                2 => (y, width - 1 - x),
                3 => (height - 1 - y, width - 1 - x),
                4 => (height - 1 - y, x),
                5 => (x, y),
                6 => (height - 1 - x, y),
                7 => (height - 1 - x, width - 1 - y),
                8 => (x, width - 1 - y),
                _ => (y, x),
            };
            let at = (from_y * width + from_x) * CHANNELS;
            out.extend_from_slice(&pixels[at..at + CHANNELS]);
        }
    }
    ImageSpec::rgb(out_height as u32, out_width as u32)
}

#[cfg(test)]
mod tests {
    use super::upright;
    use ielade_core::ImageSpec;

    /// A 2×3 image whose pixels are numbered: rows `0 1 2` and `3 4 5`.
    fn turned(orientation: u8) -> (u32, u32, Vec<u8>) {
        let pixels: Vec<u8> = (0..6).flat_map(|pixel| [pixel; 3]).collect();
        let mut out = Vec::new();
        let spec = upright(&pixels, ImageSpec::rgb(2, 3), orientation, &mut out);
        let firsts = out.iter().step_by(3).copied().collect();
        (spec.height, spec.width, firsts)
    }

    #[test]
    fn each_orientation_is_turned_upright() {
        assert_eq!(turned(1), (2, 3, vec![0, 1, 2, 3, 4, 5]));
        assert_eq!(turned(2), (2, 3, vec![2, 1, 0, 5, 4, 3]));
        assert_eq!(turned(3), (2, 3, vec![5, 4, 3, 2, 1, 0]));
        assert_eq!(turned(4), (2, 3, vec![3, 4, 5, 0, 1, 2]));
        assert_eq!(turned(5), (3, 2, vec![0, 3, 1, 4, 2, 5]));
        assert_eq!(turned(6), (3, 2, vec![3, 0, 4, 1, 5, 2]));
        assert_eq!(turned(7), (3, 2, vec![5, 2, 4, 1, 3, 0]));
        assert_eq!(turned(8), (3, 2, vec![2, 5, 1, 4, 0, 3]));
    }

    #[test]
    fn rubbish_in_place_of_exif_counts_as_upright() {
        assert_eq!(super::of_exif(b"no exif at all"), 1);
        assert_eq!(super::of_exif(b""), 1);
    }
}
