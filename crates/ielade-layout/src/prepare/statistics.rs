//! Mean and standard deviation of each channel over a whole split.

use super::{OnBadSample, Progress, conversion::PixelReader};
use crate::{LayoutError, SampleSource, SourceError};
use ielade_codec::CHANNELS;
use ielade_core::{Normalisation, OrientationRule};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Samples between two signs of progress.
const CHUNK: usize = 1024;

/// How the pixels are read that the statistics are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatisticsRequest {
    /// What is done with EXIF orientations.
    pub orientation: OrientationRule,
    /// Size (height, width) to which images are resized first.
    pub resize: Option<(u32, u32)>,
    /// What happens to a sample that cannot be decoded.
    pub on_bad_sample: OnBadSample,
}

/// Exact sums over pixels, so that the result does not depend on the order of adding.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    pixels: u64,
    values: [u64; CHANNELS],
    squares: [u64; CHANNELS],
}

impl Sums {
    fn of(pixels: &[u8]) -> Self {
        let mut sums = Self {
            pixels: (pixels.len() / CHANNELS) as u64,
            ..Self::default()
        };
        for pixel in pixels.chunks_exact(CHANNELS) {
            for (channel, value) in pixel.iter().enumerate() {
                let value = u64::from(*value);
                sums.values[channel] += value;
                sums.squares[channel] += value * value;
            }
        }
        sums
    }

    fn add(mut self, other: Self) -> Self {
        self.pixels += other.pixels;
        for channel in 0..CHANNELS {
            self.values[channel] += other.values[channel];
            self.squares[channel] += other.squares[channel];
        }
        self
    }
}

/// Mean and standard deviation of each channel over all pixels of a split: the same to the last
/// bit for any number of threads.
///
/// # Errors
/// Where a sample cannot be decoded (unless such are skipped), no sample can, or the user stops.
pub fn channel_statistics<S: SampleSource>(
    request: &StatisticsRequest,
    source: &S,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Normalisation, LayoutError> {
    let total = source.len();
    let mut sums = Sums::default();
    let mut done = 0;
    while done < total {
        let end = total.min(done + CHUNK);
        let chunk = (done..end)
            .into_par_iter()
            .map_init(
                || {
                    let reader = PixelReader::new(request.orientation, request.resize);
                    (S::Buffer::default(), reader)
                },
                |(buffer, reader), index| sums_of(source, index, buffer, reader),
            )
            .map(|result| match result {
                Err((_, _)) if request.on_bad_sample == OnBadSample::Skip => Ok(Sums::default()),
                other => other,
            })
            // All results before the first failure are looked at, so that it is always the same.
            .collect::<Vec<_>>();
        for result in chunk {
            let one = result.map_err(|(index, source_error)| LayoutError::BadSource {
                key: source.key(index).to_owned(),
                source: source_error,
            })?;
            sums = sums.add(one);
        }
        done = end;
        progress(Progress::Statistics {
            done: done as u32,
            total: total as u32,
        });
        if stop.load(Ordering::Relaxed) && done < total {
            return Err(LayoutError::Stopped {
                done: done as u32,
                total: total as u32,
            });
        }
    }
    if sums.pixels == 0 {
        return Err(LayoutError::NoSamples {
            name: source.data_set().to_owned(),
            split: source.split(),
        });
    }
    Ok(Normalisation::from_sums(
        sums.pixels,
        &sums.values,
        &sums.squares,
    ))
}

fn sums_of<S: SampleSource>(
    source: &S,
    index: usize,
    buffer: &mut S::Buffer,
    reader: &mut PixelReader,
) -> Result<Sums, (usize, SourceError)> {
    let sample = source.read(index, buffer).map_err(|error| (index, error))?;
    let (pixels, _) = reader
        .pixels(&sample.payload)
        .map_err(|error| (index, error))?;
    Ok(Sums::of(pixels))
}

#[cfg(test)]
mod tests {
    use super::Sums;

    #[test]
    fn sums_are_those_of_the_values() {
        let pixels: Vec<u8> = (0..60_u8).map(|at| at.wrapping_mul(97)).collect();
        let sums = Sums::of(&pixels);
        assert_eq!(sums.pixels, 20);
        for channel in 0..3 {
            let values = || {
                pixels
                    .iter()
                    .skip(channel)
                    .step_by(3)
                    .map(|v| u64::from(*v))
            };
            assert_eq!(sums.values[channel], values().sum::<u64>());
            assert_eq!(sums.squares[channel], values().map(|v| v * v).sum::<u64>());
        }
    }
}
