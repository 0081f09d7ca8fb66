//! Pixel values to batch values: interleaved to planar, integers to normalised floats.
//!
//! One formula for all, `v * scale + bias` (see [`Normalisation`]), with a separate multiplication
//! and addition, so that every lossless layout gives the same bits on every machine. 16-bit
//! values are divided by 257 first, which is exact for those that came from 8 bits.
//!
//! The loops are plain; [`pulp`] compiles each of them for the vector instructions that the
//! processor turns out to have. The most used one, 8 bits to `f32`, has a form of its own for
//! AVX2, which does the same arithmetic.

#[cfg(target_arch = "x86_64")]
mod avx2;

use crate::CHANNELS;
use half::{bf16, f16, slice::HalfFloatSliceExt};
use ielade_core::Normalisation;

/// What a 16-bit value is divided by to become an 8-bit one: 65,535 / 255.
const WIDEN: u16 = 257;

/// The normalisation of a store, ready to be applied.
///
/// ```
/// use ielade_codec::Normaliser;
/// use ielade_core::Normalisation;
///
/// let normaliser = Normaliser::new(&Normalisation::identity(3));
/// let mut planes = [0.0; 6];
/// normaliser.u8_to_f32(&[255, 0, 255, 0, 255, 0], &mut planes);
/// assert_eq!(planes, [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Normaliser {
    scale: [f32; CHANNELS],
    bias: [f32; CHANNELS],
    arch: pulp::Arch,
}

impl Normaliser {
    /// From the channel statistics of a store; channels that they lack are only scaled to 0..1.
    pub fn new(normalisation: &Normalisation) -> Self {
        let identity = Normalisation::identity(CHANNELS as u32);
        let of = |channel| {
            if channel < normalisation.channels() {
                normalisation.scale_and_bias(channel)
            } else {
                identity.scale_and_bias(channel)
            }
        };
        Self {
            scale: std::array::from_fn(|channel| of(channel).0),
            bias: std::array::from_fn(|channel| of(channel).1),
            arch: pulp::Arch::new(),
        }
    }

    /// What a black pixel becomes, for each channel.
    pub const fn black(&self) -> [f32; CHANNELS] {
        self.bias
    }

    /// Interleaved 8-bit pixels to normalised planes; both hold the same number of values.
    pub fn u8_to_f32(&self, interleaved: &[u8], planes: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        if let pulp::Arch::V3(simd) = self.arch {
            return self.u8_to_f32_by_shuffles(simd, interleaved, planes);
        }
        self.u8_to_f32_plain(interleaved, planes);
    }

    /// What [`Normaliser::u8_to_f32`] does, as a plain loop: its result on every processor, and
    /// the measure of its speed.
    pub fn u8_to_f32_plain(&self, interleaved: &[u8], planes: &mut [f32]) {
        let [red, green, blue] = thirds(planes, interleaved.len() / CHANNELS);
        self.plain(interleaved, [red, green, blue]);
    }

    #[cfg(target_arch = "x86_64")]
    fn u8_to_f32_by_shuffles(&self, simd: pulp::x86::V3, interleaved: &[u8], planes: &mut [f32]) {
        let mut planes = thirds(planes, interleaved.len() / CHANNELS);
        simd.vectorize(avx2::NormalisedPlanes {
            simd,
            interleaved,
            planes: planes.each_mut().map(|plane| &mut **plane),
            scale: self.scale,
            bias: self.bias,
        });
        let done = planes[0].len() / avx2::GROUP * avx2::GROUP;
        let rest = planes.map(|plane| &mut plane[done..]);
        self.plain(&interleaved[done * CHANNELS..], rest);
    }

    fn plain(&self, interleaved: &[u8], planes: [&mut [f32]; CHANNELS]) {
        let (scale, bias) = (self.scale, self.bias);
        self.arch.dispatch(Planes {
            interleaved,
            targets: planes,
            convert: |channel: usize, value: u8| f32::from(value) * scale[channel] + bias[channel],
        });
    }

    /// Planes of 8-bit values to normalised planes, the same bits as [`Normaliser::u8_to_f32`] makes
    /// of the same pixels interleaved; both hold the same number of values.
    pub fn u8_planes_to_f32(&self, from: &[u8], planes: &mut [f32]) {
        let pixels = from.len() / CHANNELS;
        if pixels == 0 {
            return;
        }
        let pairs = from
            .chunks_exact(pixels)
            .zip(planes.chunks_exact_mut(pixels));
        for ((from, to), (scale, bias)) in pairs.zip(self.scale.into_iter().zip(self.bias)) {
            self.arch.dispatch(Values {
                from,
                to,
                convert: |value: u8| f32::from(value) * scale + bias,
            });
        }
    }

    /// Interleaved 16-bit pixels to normalised planes; both hold the same number of values.
    pub fn u16_to_f32(&self, interleaved: &[u16], planes: &mut [f32]) {
        let (scale, bias) = (self.scale, self.bias);
        self.arch.dispatch(Planes {
            interleaved,
            targets: thirds(planes, interleaved.len() / CHANNELS),
            convert: |channel: usize, value: u16| {
                f32::from(value) / f32::from(WIDEN) * scale[channel] + bias[channel]
            },
        });
    }

    /// Interleaved 8-bit pixels to planes of the same values.
    pub fn u8_to_planes(&self, interleaved: &[u8], planes: &mut [u8]) {
        self.arch.dispatch(Planes {
            interleaved,
            targets: thirds(planes, interleaved.len() / CHANNELS),
            convert: |_, value: u8| value,
        });
    }

    /// Interleaved 16-bit pixels to planes of 8-bit values, rounded to the nearest.
    pub fn u16_to_u8(&self, interleaved: &[u16], planes: &mut [u8]) {
        self.arch.dispatch(Planes {
            interleaved,
            targets: thirds(planes, interleaved.len() / CHANNELS),
            convert: |_, value: u16| u16_to_u8(value),
        });
    }
}

/// An 8-bit value as a 16-bit one: 0 stays 0, 255 becomes 65,535.
pub const fn u8_to_u16(value: u8) -> u16 {
    value as u16 * WIDEN
}

/// A 16-bit value as the nearest 8-bit one; the exact inverse of [`u8_to_u16`].
pub const fn u16_to_u8(value: u16) -> u8 {
    ((value as u32 + WIDEN as u32 / 2) / WIDEN as u32) as u8
}

/// Single to half precision, rounded to the nearest; both hold the same number of values.
pub fn f32_to_f16(from: &[f32], to: &mut [f16]) {
    to.convert_from_f32_slice(from);
}

/// Half to single precision, exact; both hold the same number of values.
pub fn f16_to_f32(from: &[f16], to: &mut [f32]) {
    from.convert_to_f32_slice(to);
}

/// Single precision to brain floating point, rounded to the nearest; both hold the same number of
/// values.
pub fn f32_to_bf16(from: &[f32], to: &mut [bf16]) {
    pulp::Arch::new().dispatch(Values {
        from,
        to,
        convert: nearest_bf16,
    });
}

/// Brain floating point to single precision, exact; both hold the same number of values.
pub fn bf16_to_f32(from: &[bf16], to: &mut [f32]) {
    pulp::Arch::new().dispatch(Values {
        from,
        to,
        convert: |value: bf16| f32::from_bits(u32::from(value.to_bits()) << 16),
    });
}

/// The nearest value, of two equally near the even one, as IEEE 754 rounds; without branches, so
/// that a loop over it becomes vector instructions. What is not a number stays none.
#[allow(clippy::inline_always)]
#[inline(always)]
fn nearest_bf16(value: f32) -> bf16 {
    let bits = value.to_bits();
    let half = 0x7fff + (bits >> 16 & 1);
    // Only what is not a number can overflow here, and is replaced below.
    let rounded = bits.wrapping_add(half) >> 16;
    let quiet = bits >> 16 | 0x40;
    bf16::from_bits(if value.is_nan() { quiet } else { rounded } as u16)
}

/// One pass over values that keeps their order.
struct Values<'a, From, To, Convert> {
    from: &'a [From],
    to: &'a mut [To],
    convert: Convert,
}

impl<From, To, Convert> pulp::WithSimd for Values<'_, From, To, Convert>
where
    From: Copy,
    To: Copy,
    Convert: Fn(From) -> To,
{
    type Output = ();

    // Must be inlined into the caller that pulp compiles for the processor's instructions.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        for (value, to) in self.from.iter().zip(self.to) {
            *to = (self.convert)(*value);
        }
    }
}

/// The red, green and blue plane of an image of so many pixels.
fn thirds<T>(planes: &mut [T], pixels: usize) -> [&mut [T]; CHANNELS] {
    let (red, rest) = planes.split_at_mut(pixels);
    let (green, blue) = rest.split_at_mut(pixels);
    [red, green, blue]
}

/// One pass over interleaved pixels that writes three planes.
struct Planes<'a, From, To, Convert> {
    interleaved: &'a [From],
    targets: [&'a mut [To]; CHANNELS],
    convert: Convert,
}

impl<From, To, Convert> pulp::WithSimd for Planes<'_, From, To, Convert>
where
    From: Copy,
    To: Copy,
    Convert: Fn(usize, From) -> To,
{
    type Output = ();

    // Must be inlined into the caller that pulp compiles for the processor's instructions.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _simd: S) {
        let [red, green, blue] = self.targets;
        let targets = red.iter_mut().zip(green).zip(blue);
        for (pixel, ((red, green), blue)) in self.interleaved.chunks_exact(CHANNELS).zip(targets) {
            *red = (self.convert)(0, pixel[0]);
            *green = (self.convert)(1, pixel[1]);
            *blue = (self.convert)(2, pixel[2]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Normaliser, bf16_to_f32, f16_to_f32, f32_to_bf16, f32_to_f16, u8_to_u16, u16_to_u8,
    };
    use half::{bf16, f16};
    use ielade_core::Normalisation;
    use proptest::prelude::*;

    fn cifar() -> Normalisation {
        Normalisation {
            mean: vec![0.4914, 0.4822, 0.4465],
            std: vec![0.2470, 0.2435, 0.2616],
        }
    }

    proptest! {
        #[test]
        fn eight_bits_are_normalised_by_the_formula(
            pixels in proptest::collection::vec(any::<[u8; 3]>(), 0..200),
        ) {
            let normalisation = cifar();
            let interleaved: Vec<u8> = pixels.concat();
            let mut planes = vec![0.0; interleaved.len()];
            Normaliser::new(&normalisation).u8_to_f32(&interleaved, &mut planes);
            for channel in 0..3 {
                let (scale, bias) = normalisation.scale_and_bias(channel);
                for (at, pixel) in pixels.iter().enumerate() {
                    let expected = f32::from(pixel[channel]) * scale + bias;
                    let found = planes[channel * pixels.len() + at];
                    prop_assert_eq!(found.to_bits(), expected.to_bits());
                }
            }
        }

        #[test]
        fn sixteen_bits_made_of_eight_give_the_same_bits(
            pixels in proptest::collection::vec(any::<[u8; 3]>(), 0..200),
        ) {
            let normaliser = Normaliser::new(&cifar());
            let narrow: Vec<u8> = pixels.concat();
            let wide: Vec<u16> = narrow.iter().copied().map(u8_to_u16).collect();
            let (mut a, mut b) = (vec![0.0; narrow.len()], vec![0.0; narrow.len()]);
            normaliser.u8_to_f32(&narrow, &mut a);
            normaliser.u16_to_f32(&wide, &mut b);
            prop_assert_eq!(a, b);
            let (mut c, mut d) = (vec![0; narrow.len()], vec![0; narrow.len()]);
            normaliser.u8_to_planes(&narrow, &mut c);
            normaliser.u16_to_u8(&wide, &mut d);
            prop_assert_eq!(c, d);
        }
    }

    proptest! {
        #[test]
        fn planes_give_the_same_bits_as_interleaved_pixels(
            pixels in proptest::collection::vec(any::<[u8; 3]>(), 0..200),
        ) {
            let normaliser = Normaliser::new(&cifar());
            let interleaved = pixels.concat();
            let mut planes = vec![0; interleaved.len()];
            normaliser.u8_to_planes(&interleaved, &mut planes);
            let (mut a, mut b) = (vec![0.0; planes.len()], vec![0.0; planes.len()]);
            normaliser.u8_to_f32(&interleaved, &mut a);
            normaliser.u8_planes_to_f32(&planes, &mut b);
            prop_assert_eq!(a, b);
        }
    }

    proptest! {
        #[test]
        fn brain_floats_are_the_nearest_and_come_back_exactly(
            bits in proptest::collection::vec(any::<u32>(), 0..100),
        ) {
            let special = [0x7f80_0001, 0xffff_ffff, 0x7f7f_ffff, 0x3f80_8000, 0x3f81_8000];
            let values: Vec<f32> = bits.into_iter().chain(special).map(f32::from_bits).collect();
            let mut narrow = vec![bf16::ZERO; values.len()];
            f32_to_bf16(&values, &mut narrow);
            let mut wide = vec![0.0; values.len()];
            bf16_to_f32(&narrow, &mut wide);
            for (at, value) in values.iter().enumerate() {
                prop_assert_eq!(narrow[at].to_bits(), bf16::from_f32(*value).to_bits());
                prop_assert_eq!(wide[at].to_bits(), u32::from(narrow[at].to_bits()) << 16);
            }
        }
    }

    #[test]
    fn widening_is_undone_exactly_and_narrowing_rounds_to_the_nearest() {
        for value in 0..=255 {
            assert_eq!(u16_to_u8(u8_to_u16(value)), value);
        }
        assert_eq!(
            [u16_to_u8(128), u16_to_u8(129), u16_to_u8(65_535)],
            [0, 1, 255]
        );
    }

    #[test]
    fn normalised_values_follow_the_textbook_formula_closely() {
        let normalisation = cifar();
        let mut planes = [0.0; 3];
        Normaliser::new(&normalisation).u8_to_f32(&[200, 100, 50], &mut planes);
        for (channel, (value, found)) in [200.0, 100.0, 50.0].iter().zip(planes).enumerate() {
            let exact = (value / 255.0 - normalisation.mean[channel]) / normalisation.std[channel];
            assert!((f64::from(found) - exact).abs() < 1e-6);
        }
    }

    #[test]
    fn half_precision_rounds_to_the_nearest() {
        let mut halves = [f16::ZERO; 2];
        f32_to_f16(&[0.1, 65_504.0], &mut halves);
        let mut back = [0.0; 2];
        f16_to_f32(&halves, &mut back);
        assert!((back[0] - 0.1).abs() < 0.000_05);
        assert!((back[1] - 65_504.0).abs() < f32::EPSILON);
    }
}
