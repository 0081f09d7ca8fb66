//! Pixels of other channels and depths to 8-bit RGB.

use crate::CHANNELS;

/// Brings 8-bit pixels of 1, 2, 3 or 4 channels to three, in place: grey becomes three equal
/// channels, alpha, which is the last of two or four, is dropped.
pub(super) fn to_rgb(pixels: &mut Vec<u8>, channels: usize, count: usize) {
    match channels {
        CHANNELS => {}
        4 => {
            for pixel in 0..count {
                pixels.copy_within(pixel * 4..pixel * 4 + CHANNELS, pixel * CHANNELS);
            }
        }
        grey => {
            pixels.resize(count * CHANNELS, 0);
            // From the end, so that no value is overwritten before it is read.
            for pixel in (0..count).rev() {
                let value = pixels[pixel * grey];
                pixels[pixel * CHANNELS..][..CHANNELS].fill(value);
            }
        }
    }
    pixels.truncate(count * CHANNELS);
}

/// What four inks leave of white light; 255 is all of an ink.
pub(super) fn of_inks([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; CHANNELS] {
    [cyan, magenta, yellow].map(|ink| {
        let light = u32::from(255 - ink) * u32::from(255 - black);
        ((light + 127) / 255) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::{of_inks, to_rgb};

    #[test]
    fn every_number_of_channels_becomes_three() {
        for (channels, pixels) in [
            (1, vec![1, 2]),
            (2, vec![1, 9, 2, 9]),
            (3, vec![1, 1, 1, 2, 2, 2]),
            (4, vec![1, 1, 1, 9, 2, 2, 2, 9]),
        ] {
            let mut pixels = pixels;
            to_rgb(&mut pixels, channels, 2);
            assert_eq!(pixels, [1, 1, 1, 2, 2, 2], "{channels}");
        }
    }

    #[test]
    fn inks_take_away_light() {
        assert_eq!(of_inks([0, 0, 0, 0]), [255, 255, 255]);
        assert_eq!(of_inks([255, 0, 0, 0]), [0, 255, 255]);
        assert_eq!(of_inks([0, 0, 0, 255]), [0, 0, 0]);
    }
}
