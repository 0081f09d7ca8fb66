//! What a store has to deliver for given pixels, and how near to it a delivery comes.

use half::{bf16, f16};
use ielade_codec::{CHANNELS, Normaliser};
use ielade_core::{Element, Encoding, Manifest, Normalisation};

/// How near the delivered pixels of a whole store are to the source's.
///
/// Differences are in steps of 8-bit values (0..255), also for normalised values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Fidelity {
    /// Samples that were compared.
    pub samples: u32,
    /// Samples without any difference.
    pub identical: u32,
    /// Largest difference of a value.
    pub largest_difference: f64,
    /// Peak signal-to-noise ratio of the worst sample, in dB; `None` where all are identical.
    pub worst_psnr_db: Option<f64>,
    /// Mean of the samples' peak signal-to-noise ratios, in dB, over those that are not
    /// identical; `None` where all are.
    pub mean_psnr_db: Option<f64>,
}

impl Fidelity {
    pub(super) fn add(&mut self, sample: SampleFidelity) {
        self.samples += 1;
        self.largest_difference = self.largest_difference.max(sample.largest);
        if sample.mean_square == 0.0 {
            self.identical += 1;
            return;
        }
        let psnr = 10.0 * (255.0 * 255.0 / sample.mean_square).log10();
        let lossy = f64::from(self.samples - self.identical);
        let mean = self.mean_psnr_db.unwrap_or(0.0);
        self.mean_psnr_db = Some(mean + (psnr - mean) / lossy);
        self.worst_psnr_db = Some(self.worst_psnr_db.map_or(psnr, |worst| worst.min(psnr)));
    }
}

impl std::fmt::Display for Fidelity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.identical == self.samples {
            return write!(f, "all pixels identical to the source's");
        }
        write!(
            f,
            "{} of {} samples identical to the source's, largest difference {:.4} of 255",
            self.identical, self.samples, self.largest_difference
        )?;
        match (self.worst_psnr_db, self.mean_psnr_db) {
            (Some(worst), Some(mean)) => write!(f, ", PSNR {mean:.1} dB (worst {worst:.1} dB)"),
            _ => Ok(()),
        }
    }
}

/// How near one sample's delivered pixels are to the source's.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct SampleFidelity {
    pub(super) largest: f64,
    pub(super) mean_square: f64,
}

/// Peak signal-to-noise ratio, in dB, below which an image that was encoded with loss counts as
/// another image: far below what the coarsest settings leave of a photograph.
const NEAR_DB: f64 = 15.0;

impl SampleFidelity {
    /// Whether an image that was encoded with loss may be the source's.
    pub(super) fn is_near(self) -> bool {
        self.mean_square <= 255.0 * 255.0 / 10_f64.powf(NEAR_DB / 10.0)
    }
}

/// What a store has to deliver.
pub(super) struct Expectation {
    encoding: Encoding,
    normaliser: Normaliser,
    /// What a step of 8 bits is in delivered values, a channel.
    step: [f64; CHANNELS],
}

impl Expectation {
    pub(super) fn new(manifest: &Manifest) -> Self {
        let normalisation = &manifest.normalisation;
        let is_float = manifest.encoding().element().is_some_and(Element::is_float);
        Self {
            encoding: manifest.encoding(),
            normaliser: Normaliser::new(normalisation),
            step: std::array::from_fn(|channel| step(normalisation, channel, is_float)),
        }
    }

    /// The planes that the store has to deliver for these pixels, to the last bit.
    pub(super) fn of(&self, pixels: &[u8]) -> Vec<f32> {
        let mut planes = self.exact(pixels);
        let rounded: fn(f32) -> f32 = match self.encoding {
            Encoding::Raw(Element::F16) => |value| f16::from_f32(value).to_f32(),
            Encoding::Raw(Element::Bf16) => |value| bf16::from_f32(value).to_f32(),
            _ => return planes,
        };
        for value in &mut planes {
            *value = rounded(*value);
        }
        planes
    }

    /// The planes of these pixels before any rounding to 16 bits.
    pub(super) fn exact(&self, pixels: &[u8]) -> Vec<f32> {
        if self.encoding.element().is_some_and(Element::is_float) {
            let mut planes = vec![0.0; pixels.len()];
            self.normaliser.u8_to_f32(pixels, &mut planes);
            return planes;
        }
        let mut planes = vec![0; pixels.len()];
        self.normaliser.u8_to_planes(pixels, &mut planes);
        planes.into_iter().map(f32::from).collect()
    }

    pub(super) fn fidelity(&self, pixels: &[u8], delivered: &[f32]) -> SampleFidelity {
        let exact = self.exact(pixels);
        let plane = (exact.len() / CHANNELS).max(1);
        let mut fidelity = SampleFidelity::default();
        let mut squares = 0.0;
        for (channel, (exact, delivered)) in
            exact.chunks(plane).zip(delivered.chunks(plane)).enumerate()
        {
            for (exact, delivered) in exact.iter().zip(delivered) {
                let steps = f64::from((exact - delivered).abs()) / self.step[channel];
                fidelity.largest = fidelity.largest.max(steps);
                squares += steps * steps;
            }
        }
        fidelity.mean_square = squares / exact.len().max(1) as f64;
        fidelity
    }
}

fn step(normalisation: &Normalisation, channel: usize, is_float: bool) -> f64 {
    if is_float {
        f64::from(normalisation.scale_and_bias(channel).0)
    } else {
        1.0
    }
}

/// Values that are not the same, bit for bit.
pub(super) fn differing(expected: &[f32], delivered: &[f32]) -> usize {
    let changed = expected
        .iter()
        .zip(delivered)
        .filter(|(a, b)| a.to_bits() != b.to_bits())
        .count();
    changed + expected.len().abs_diff(delivered.len())
}

#[cfg(test)]
mod tests {
    use super::{Fidelity, SampleFidelity};

    #[test]
    fn the_signal_to_noise_ratio_is_that_of_the_definition() {
        let mut fidelity = Fidelity::default();
        fidelity.add(SampleFidelity::default());
        assert_eq!(fidelity.worst_psnr_db, None);
        for mean_square in [1.0, 255.0 * 255.0 / 100.0] {
            fidelity.add(SampleFidelity {
                largest: 3.0,
                mean_square,
            });
        }
        assert_eq!((fidelity.samples, fidelity.identical), (3, 1));
        let (worst, mean) = (
            fidelity.worst_psnr_db.unwrap(),
            fidelity.mean_psnr_db.unwrap(),
        );
        assert!((worst - 20.0).abs() < 1e-9, "{worst}");
        assert!((mean - 34.065_401_804_339).abs() < 1e-9, "{mean}");
    }
}
