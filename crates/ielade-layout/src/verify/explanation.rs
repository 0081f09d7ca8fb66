//! What would explain pixels that differ: the mistakes that converters of data sets make.

use super::{Comparison, ComparisonThread, Difference, deliver, pipeline, pixels};
use crate::SampleSource;
use ielade_codec::CHANNELS;
use ielade_core::{Element, Normalisation};
use std::fmt;

/// What would explain that an image has other pixels than the source.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Explanation {
    /// Nothing that is looked for.
    Unknown,
    /// The channels are in the order blue, green, red.
    ChannelsReversed,
    /// It is the image of the sample before or behind: an index is off by one.
    OffByOne {
        /// The sample whose image it is.
        key: String,
    },
    /// It was normalised by other statistics than the manifest tells.
    OtherNormalisation(Normalisation),
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no usual mistake explains it"),
            Self::ChannelsReversed => {
                f.write_str("flipped channel order: blue, green, red instead of red, green, blue")
            }
            Self::OffByOne { key } => {
                write!(f, "off by one: it is the image of its neighbour {key}")
            }
            Self::OtherNormalisation(normalisation) => write!(
                f,
                "wrong normalisation: mean {:.4?}, standard deviation {:.4?} were used",
                normalisation.mean, normalisation.std
            ),
        }
    }
}

impl<S: SampleSource> Comparison<'_, S> {
    /// Adds what explains a difference of pixels.
    pub(super) fn explain(
        &self,
        difference: &mut Difference,
        thread: &mut ComparisonThread<S::Buffer>,
    ) {
        if let Difference::Pixels {
            index, explanation, ..
        } = difference
            && let Some(found) = self.explanation(*index, thread)
        {
            *explanation = found;
        }
    }

    fn explanation(
        &self,
        index: u32,
        thread: &mut ComparisonThread<S::Buffer>,
    ) -> Option<Explanation> {
        let manifest = self.reader.manifest();
        let (own, spec) = self.source_pixels(index, thread)?;
        let delivered = deliver(
            self.reader,
            index,
            &pipeline(manifest, spec),
            &mut thread.context,
        )
        .ok()?
        .values;
        if self.are_reversed(&own, &delivered) {
            return Some(Explanation::ChannelsReversed);
        }
        for neighbour in [index.checked_sub(1), index.checked_add(1)] {
            let Some(neighbour) = neighbour.filter(|at| *at < manifest.count) else {
                continue;
            };
            if let Some((pixels, _)) = self.source_pixels(neighbour, thread)
                && pixels::differing(&self.expectation.of(&pixels), &delivered) == 0
            {
                return Some(Explanation::OffByOne {
                    key: self.reader.key(neighbour),
                });
            }
        }
        let element = manifest.encoding().element()?;
        if element.is_float() {
            let exact = self.expectation.exact(&own);
            let by = &manifest.normalisation;
            return other_normalisation(by, &exact, &delivered, tolerance(element))
                .map(Explanation::OtherNormalisation);
        }
        None
    }

    fn source_pixels(
        &self,
        index: u32,
        thread: &mut ComparisonThread<S::Buffer>,
    ) -> Option<(Vec<u8>, ielade_core::ImageSpec)> {
        let position = *self.positions.get(index as usize)? as usize;
        let sample = self.source.read(position, &mut thread.buffer).ok()?;
        let (pixels, spec) = thread.pixels.pixels(&sample.payload).ok()?;
        Some((pixels.to_vec(), spec))
    }

    /// True where the channels were reversed, before normalising or after.
    fn are_reversed(&self, own: &[u8], delivered: &[f32]) -> bool {
        let before: Vec<u8> = own
            .chunks_exact(CHANNELS)
            .flat_map(|pixel| [pixel[2], pixel[1], pixel[0]])
            .collect();
        let expected = self.expectation.of(own);
        let plane = (expected.len() / CHANNELS).max(1);
        let after: Vec<f32> = expected.chunks(plane).rev().flatten().copied().collect();
        pixels::differing(&self.expectation.of(&before), delivered) == 0
            || pixels::differing(&after, delivered) == 0
    }
}

/// The statistics by which `delivered` was normalised, where `exact`, normalised by `own`, differs
/// from it by a scale and a shift of each channel.
fn other_normalisation(
    own: &Normalisation,
    exact: &[f32],
    delivered: &[f32],
    tolerance: f64,
) -> Option<Normalisation> {
    let plane = (exact.len() / CHANNELS).max(1);
    let mut found = own.clone();
    let channels = exact.chunks_exact(plane).zip(delivered.chunks_exact(plane));
    for (channel, (exact, delivered)) in channels.enumerate() {
        let (scale, shift) = line_through(exact, delivered, tolerance)?;
        let std = own.std[channel] / scale;
        found.mean[channel] = own.mean[channel] - shift * std;
        found.std[channel] = std;
    }
    Some(found)
}

/// How far a stored value may lie from a line through others: several roundings of its type.
const fn tolerance(element: Element) -> f64 {
    match element {
        Element::Bf16 => 0.016,
        _ => 0.002,
    }
}

/// Scale (above zero) and shift that take every `x` to its `y`, within `tolerance`: those of least
/// squares. `None` where there are none, or all `x` are the same.
fn line_through(x: &[f32], y: &[f32], tolerance: f64) -> Option<(f64, f64)> {
    let pairs = || {
        let both = x.iter().zip(y);
        both.map(|(x, y)| (f64::from(*x), f64::from(*y)))
    };
    let count = x.len() as f64;
    let sums = pairs().fold((0.0, 0.0), |sums, (x, y)| (sums.0 + x, sums.1 + y));
    let centre = (sums.0 / count, sums.1 / count);
    let (products, squares) = pairs().fold((0.0, 0.0), |sums, (x, y)| {
        let (x, y) = (x - centre.0, y - centre.1);
        (sums.0 + x * y, sums.1 + x * x)
    });
    let scale = products / squares;
    if !scale.is_finite() || scale <= 0.0 {
        return None;
    }
    let shift = centre.1 - scale * centre.0;
    let is_on_line = |(x, y): (f64, f64)| {
        let expected = scale * x + shift;
        (expected - y).abs() <= tolerance * (1.0 + expected.abs())
    };
    pairs().all(is_on_line).then_some((scale, shift))
}

#[cfg(test)]
mod tests {
    use super::{line_through, other_normalisation};
    use ielade_core::Normalisation;

    #[test]
    fn the_statistics_that_were_used_are_found_again() {
        let of = |mean: f64, std: f64| Normalisation {
            mean: vec![mean; 3],
            std: vec![std; 3],
        };
        let normalised = |by: &Normalisation| -> Vec<f32> {
            let (scale, bias) = by.scale_and_bias(0);
            (0..30_u8)
                .map(|value| f32::from(value * 8) * scale + bias)
                .collect()
        };
        let (own, other) = (of(0.48, 0.24), of(0.5, 0.5));
        let found =
            other_normalisation(&own, &normalised(&own), &normalised(&other), 0.002).unwrap();
        assert!((found.mean[0] - 0.5).abs() < 1e-4, "{found:?}");
        assert!((found.std[2] - 0.5).abs() < 1e-4, "{found:?}");
    }

    #[test]
    fn values_on_no_line_are_not_explained() {
        assert!(line_through(&[0.0, 1.0, 2.0], &[0.0, 5.0, 2.0], 0.002).is_none());
        assert!(line_through(&[1.0, 1.0], &[1.0, 2.0], 0.002).is_none());
        assert!(line_through(&[1.0, 2.0], &[2.0, 1.0], 0.002).is_none());
        assert!(line_through(&[], &[], 0.002).is_none());
    }
}
