//! Channel statistics and the one formula that normalises a pixel.

use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each channel, of pixel values scaled to 0..1.
///
/// A value `v` of 0..255 becomes `v * scale + bias` with `scale = 1 / (255 * std)` and
/// `bias = -mean / std`, both computed in double precision and rounded once. Every layout goes
/// through this formula, with a separate multiplication and addition (never fused), so that
/// lossless layouts give the same bits on every machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normalisation {
    /// Mean of each channel, 0..1.
    pub mean: Vec<f64>,
    /// Standard deviation of each channel, 0..1; never zero.
    pub std: Vec<f64>,
}

/// The smallest standard deviation that is divided by; a constant channel would give zero.
const SMALLEST_STD: f64 = 1.0 / 255.0;

impl Normalisation {
    /// No shift and no scale beyond 0..1.
    pub fn identity(channels: u32) -> Self {
        Self {
            mean: vec![0.0; channels as usize],
            std: vec![1.0; channels as usize],
        }
    }

    /// From exact sums over all pixels of a split: number of pixels, and for each channel the
    /// sum and the sum of squares of the values 0..255.
    ///
    /// ```
    /// use ielade_core::Normalisation;
    /// // Two pixels, one black and one white.
    /// let n = Normalisation::from_sums(2, &[255], &[255 * 255]);
    /// assert_eq!(n.mean, [0.5]);
    /// assert_eq!(n.std, [0.5]);
    /// ```
    pub fn from_sums(pixels: u64, sums: &[u64], squares: &[u64]) -> Self {
        let count = pixels.max(1) as f64;
        let mean: Vec<f64> = sums.iter().map(|sum| *sum as f64 / count / 255.0).collect();
        let std = squares
            .iter()
            .zip(&mean)
            .map(|(square, mean)| {
                let variance = *square as f64 / count / (255.0 * 255.0) - mean * mean;
                variance.max(0.0).sqrt().max(SMALLEST_STD)
            })
            .collect();
        Self { mean, std }
    }

    /// Number of channels.
    pub fn channels(&self) -> usize {
        self.mean.len()
    }

    /// `(scale, bias)` of a channel, for values 0..255.
    pub fn scale_and_bias(&self, channel: usize) -> (f32, f32) {
        let std = self.std[channel].max(SMALLEST_STD);
        let scale = 1.0 / (255.0 * std);
        let bias = -self.mean[channel] / std;
        (scale as f32, bias as f32)
    }
}
