//! Interleaved 8-bit pixels to normalised planes with AVX2 byte shuffles.
//!
//! Compilers do not find this form of the loop by themselves: they take the three colours apart
//! with many more shuffles. The arithmetic is that of the plain loop, bit for bit.

use crate::CHANNELS;
use pulp::{NullaryFnOnce, u8x16, x86::V3};
use std::arch::x86_64::{__m256, __m256i};

/// Pixels of one step, and the bytes and values that they take.
pub(super) const GROUP: usize = 8;
const GROUP_BYTES: usize = GROUP * CHANNELS;

/// Position for which a byte shuffle writes zero.
const ZERO: i8 = -1;

/// Converts all whole groups of [`GROUP`] pixels; the caller does the rest.
pub(super) struct NormalisedPlanes<'a> {
    pub(super) simd: V3,
    pub(super) interleaved: &'a [u8],
    /// Red, green and blue, one value a pixel each.
    pub(super) planes: [&'a mut [f32]; CHANNELS],
    pub(super) scale: [f32; CHANNELS],
    pub(super) bias: [f32; CHANNELS],
}

/// What is the same for every group of one channel.
#[derive(Clone, Copy)]
struct Channel {
    shuffle: __m256i,
    scale: __m256,
    bias: __m256,
}

/// Where the bytes of a channel lie, so that each lands in the lowest byte of a 32-bit lane.
///
/// The lower half of the register holds bytes 0..16 of the group, pixels 0 to 3 at its start; the
/// upper half bytes 8..24, pixels 4 to 7 from its fifth byte on.
const fn shuffle_of(channel: usize) -> [i8; 32] {
    let mut positions = [ZERO; 32];
    let mut pixel = 0;
    while pixel < GROUP / 2 {
        let at = (pixel * CHANNELS + channel) as i8;
        positions[pixel * 4] = at;
        positions[16 + pixel * 4] = 4 + at;
        pixel += 1;
    }
    positions
}

const SHUFFLES: [[i8; 32]; CHANNELS] = [shuffle_of(0), shuffle_of(1), shuffle_of(2)];

impl NullaryFnOnce for NormalisedPlanes<'_> {
    type Output = ();

    // Must be inlined into the function that pulp compiles for these instructions.
    #[allow(clippy::inline_always)]
    #[inline(always)]
    fn call(self) {
        let Self {
            simd,
            interleaved,
            planes,
            scale,
            bias,
        } = self;
        let channels: [Channel; CHANNELS] = std::array::from_fn(|channel| Channel {
            shuffle: pulp::cast(SHUFFLES[channel]),
            scale: simd.avx._mm256_set1_ps(scale[channel]),
            bias: simd.avx._mm256_set1_ps(bias[channel]),
        });
        let [red, green, blue] = planes.map(|plane| plane.as_chunks_mut::<GROUP>().0);
        let groups = interleaved.as_chunks::<GROUP_BYTES>().0;
        let targets = red.iter_mut().zip(green).zip(blue);
        for (group, ((red, green), blue)) in groups.iter().zip(targets) {
            let bytes = halves(simd, group);
            *red = normalised(simd, bytes, channels[0]);
            *green = normalised(simd, bytes, channels[1]);
            *blue = normalised(simd, bytes, channels[2]);
        }
    }
}

/// The first and the last 16 bytes of a group, which overlap.
#[allow(clippy::inline_always)]
#[inline(always)]
fn halves(simd: V3, group: &[u8; GROUP_BYTES]) -> __m256i {
    let (mut low, mut high) = ([0; 16], [0; 16]);
    low.copy_from_slice(&group[..16]);
    high.copy_from_slice(&group[GROUP_BYTES - 16..]);
    let half = |bytes: [u8; 16]| pulp::cast(pulp::cast::<_, u8x16>(bytes));
    simd.avx._mm256_set_m128i(half(high), half(low))
}

#[allow(clippy::inline_always)]
#[inline(always)]
fn normalised(simd: V3, bytes: __m256i, channel: Channel) -> [f32; GROUP] {
    let values = simd.avx2._mm256_shuffle_epi8(bytes, channel.shuffle);
    let values = simd.avx._mm256_cvtepi32_ps(values);
    let scaled = simd.avx._mm256_mul_ps(values, channel.scale);
    pulp::cast(simd.avx._mm256_add_ps(scaled, channel.bias))
}
