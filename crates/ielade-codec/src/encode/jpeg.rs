//! 8-bit RGB to JPEG.
//!
//! The encoder takes one chroma value of each group that shares it; here they are replaced by
//! their mean before, as libjpeg does it, which is nearer to the picture.

use super::Subsampling;
use crate::CHANNELS;
use ielade_core::ImageSpec;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Appends the pixels as a baseline JPEG.
pub(super) fn append_jpeg(
    pixels: &[u8],
    spec: ImageSpec,
    (quality, subsampling): (u8, Subsampling),
    out: &mut Vec<u8>,
) -> Result<(), String> {
    let side = |length: u32| {
        u16::try_from(length).map_err(|_| "a side is longer than 65,535 pixels".to_owned())
    };
    let (width, height) = (side(spec.width)?, side(spec.height)?);
    if !(1..=100).contains(&quality) {
        return Err(format!("quality {quality} does not lie between 1 and 100"));
    }
    let mut encoder = Encoder::new(out, quality);
    let (factor, group) = match subsampling {
        Subsampling::Full => (SamplingFactor::F_1_1, None),
        Subsampling::Half => (SamplingFactor::F_2_1, Some((2, 1))),
        Subsampling::Quarter => (SamplingFactor::F_2_2, Some((2, 2))),
    };
    encoder.set_sampling_factor(factor);
    match group {
        None => encoder.encode(pixels, width, height, ColorType::Rgb),
        Some(group) => {
            let values = luma_and_mean_chroma(pixels, spec.width as usize, group);
            encoder.encode(&values, width, height, ColorType::Ycbcr)
        }
    }
    .map_err(|error| error.to_string())
}

/// Luma and chroma of each pixel, the chroma being the mean of a group of `across` × `down` pixels;
/// where a group reaches over the edge the last pixels count again.
fn luma_and_mean_chroma(pixels: &[u8], width: usize, (across, down): (usize, usize)) -> Vec<u8> {
    let mut values: Vec<[u8; CHANNELS]> = pixels
        .as_chunks::<CHANNELS>()
        .0
        .iter()
        .copied()
        .map(luma_and_chroma)
        .collect();
    let height = values.len() / width;
    for top in (0..height).step_by(down) {
        for left in (0..width).step_by(across) {
            let rows = (top..top + down).map(|y| y.min(height - 1));
            let places =
                rows.flat_map(|y| (left..left + across).map(move |x| y * width + x.min(width - 1)));
            let sums = places.clone().fold([0; 2], |[blue, red], at| {
                let [_, b, r] = values[at];
                [blue + usize::from(b), red + usize::from(r)]
            });
            let count = across * down;
            // Halves are rounded up in one group and down in the next, so that none prevail.
            let rounding = if left / across % 2 == 0 {
                (count - 1) / 2
            } else {
                count / 2
            };
            let means = sums.map(|sum| ((sum + rounding) / count) as u8);
            for at in places {
                values[at][1..].copy_from_slice(&means);
            }
        }
    }
    values.into_flattened()
}

/// Luma and chroma of a colour (ITU-T T.871, section 7), rounded.
fn luma_and_chroma(colour: [u8; CHANNELS]) -> [u8; CHANNELS] {
    const WEIGHTS: [[f32; CHANNELS]; CHANNELS] = [
        [0.299, 0.587, 0.114],
        [-0.168_735_89, -0.331_264_1, 0.5],
        [0.5, -0.418_687_6, -0.081_312_41],
    ];
    let [red, green, blue] = colour.map(f32::from);
    let weighted = WEIGHTS.map(|[r, g, b]| r * red + g * green + b * blue);
    [
        (weighted[0] + 0.5) as u8,
        (weighted[1] + 128.5) as u8,
        (weighted[2] + 128.5) as u8,
    ]
}

#[cfg(test)]
mod tests {
    use super::{luma_and_chroma, luma_and_mean_chroma};

    #[test]
    fn colours_have_the_luma_and_chroma_of_the_standard() {
        for (colour, expected) in [
            ([0, 0, 0], [0, 128, 128]),
            ([255, 255, 255], [255, 128, 128]),
            ([255, 0, 0], [76, 85, 255]),
            ([0, 255, 0], [150, 44, 21]),
            ([0, 0, 255], [29, 255, 107]),
        ] {
            assert_eq!(luma_and_chroma(colour), expected);
        }
    }

    #[test]
    fn a_group_shares_its_mean_chroma_and_each_pixel_keeps_its_luma() {
        let pixels = [[255, 0, 0], [0, 0, 255], [0, 255, 0]].concat();
        let values = luma_and_mean_chroma(&pixels, 3, (2, 2));
        assert_eq!(values, [76, 170, 181, 29, 170, 181, 150, 44, 21]);
    }
}
