//! A few images of a data set, made small enough to go into a report.

use crate::{DataSet, SampleBuffer, SplitSamples};
use ielade_codec::{Decoder, Resizer, encode_jpeg, encode_png};
use ielade_core::{
    Encoding, ImageSpec, OrientationRule, Payload, Split, Thumbnail, random::KeyedRandom,
};

/// Keeps these choices apart from other uses of the same seed.
const THUMBNAIL_DOMAIN: u64 = u64::from_be_bytes(*b"ielthumb");

/// The longest side in pixels.
const LONGEST_SIDE: u32 = 64;

/// Classes that are shown.
const CLASSES: usize = 12;

/// Images in all, at most.
const IMAGES: usize = 24;

/// Images of a class, at most.
const OF_A_CLASS: usize = 6;

/// Bytes of all image files together, at most; 147 KB as base64.
const BYTES: usize = 110_000;

/// Images of a class that are tried, since some may be broken.
const TRIES: usize = 8;

/// Quality of the JPEGs, as libjpeg counts it.
const QUALITY: u8 = 85;

/// A few images of the train split, chosen by the seed: of 12 classes at most, as many of each, 24 in
/// all and 6 of a class at most; where there are no labels, 24. They are scaled down to 64 pixels at most, and never up; each is a PNG or a JPEG, whichever is smaller.
/// All together have 110,000 bytes at most. An image that cannot be decoded is passed over.
///
/// ```
/// use ielade_core::OrientationRule;
/// use ielade_dataset::{DataSet, DemoOptions, thumbnails};
///
/// let data_set = DataSet::demo(DemoOptions { train: 100, ..DemoOptions::default() });
/// let found = thumbnails(&data_set, OrientationRule::Apply, 1);
/// assert_eq!(found.len(), 2 * data_set.classes().len());
/// assert_eq!(found[0].class.as_ref(), Some(&data_set.classes()[0]));
/// assert!(found.iter().all(|image| image.width <= 64 && image.height <= 64));
/// ```
pub fn thumbnails(data_set: &DataSet, orientation: OrientationRule, seed: u64) -> Vec<Thumbnail> {
    let Some(samples) = data_set.split(Split::Train) else {
        return Vec::new();
    };
    let candidates = candidates(data_set, samples, seed);
    let each = match candidates.as_slice() {
        [unlabelled] if unlabelled.class.is_none() => IMAGES,
        classes => (IMAGES / classes.len().max(1)).min(OF_A_CLASS),
    };
    let mut maker = Maker::new(samples, orientation);
    let mut found: Vec<Vec<Thumbnail>> = candidates
        .iter()
        .map(|class| maker.some_of(class, each))
        .collect();
    keep_within(BYTES, &mut found);
    found.into_iter().flatten().collect()
}

/// Images of one class, in the order in which they are tried.
struct Candidates {
    class: Option<String>,
    indices: Vec<usize>,
}

/// The classes that are shown, in the order of their labels, with their samples.
fn candidates(data_set: &DataSet, samples: &SplitSamples, seed: u64) -> Vec<Candidates> {
    let mut random = KeyedRandom::new(&[THUMBNAIL_DOMAIN, seed]);
    let mut classes: Vec<Vec<usize>> = vec![Vec::new(); data_set.classes().len()];
    let mut unlabelled = Vec::new();
    for index in 0..samples.len() {
        let class = samples.label(index).map(|label| label as usize);
        match class.and_then(|label| classes.get_mut(label)) {
            Some(indices) => indices.push(index),
            None => unlabelled.push(index),
        }
    }
    let mut labels: Vec<usize> = (0..classes.len())
        .filter(|label| !classes[*label].is_empty())
        .collect();
    random.shuffle(&mut labels);
    labels.truncate(CLASSES);
    labels.sort_unstable();
    let mut chosen: Vec<Candidates> = labels
        .into_iter()
        .map(|label| Candidates {
            class: Some(class_name(data_set, label)),
            indices: std::mem::take(&mut classes[label]),
        })
        .collect();
    if chosen.is_empty() {
        chosen.push(Candidates {
            class: None,
            indices: unlabelled,
        });
    }
    for class in &mut chosen {
        random.shuffle(&mut class.indices);
    }
    chosen
}

/// What a class is called in words, or else its name.
fn class_name(data_set: &DataSet, label: usize) -> String {
    let described = data_set.class_descriptions().get(label).cloned().flatten();
    described
        .or_else(|| data_set.classes().get(label).cloned())
        .unwrap_or_default()
}

/// Makes thumbnails, with memory that is used again.
struct Maker<'a> {
    samples: &'a SplitSamples,
    buffer: SampleBuffer,
    decoder: Decoder,
    resizer: Resizer,
}

impl<'a> Maker<'a> {
    fn new(samples: &'a SplitSamples, orientation: OrientationRule) -> Self {
        Self {
            samples,
            buffer: SampleBuffer::default(),
            decoder: Decoder::new(orientation),
            resizer: Resizer::default(),
        }
    }

    /// The first `count` that can be made.
    fn some_of(&mut self, class: &Candidates, count: usize) -> Vec<Thumbnail> {
        let tried = class.indices.iter().take(count.saturating_mul(TRIES));
        tried
            .filter_map(|index| self.make(*index, class.class.as_deref()))
            .take(count)
            .collect()
    }

    /// `None` where the image is broken, or holds normalised values, which are no picture.
    fn make(&mut self, index: usize, class: Option<&str>) -> Option<Thumbnail> {
        let sample = self.samples.read(index, &mut self.buffer).ok()?;
        let upper;
        let (pixels, spec) = match sample.payload {
            Payload::Encoded { encoding, bytes } => self.decoder.decode(encoding, bytes).ok()?,
            Payload::PixelsU8 { spec, values } => (values, spec),
            Payload::PixelsU16 { spec, values } => {
                upper = values
                    .iter()
                    .map(|value| (value >> 8) as u8)
                    .collect::<Vec<u8>>();
                (upper.as_slice(), spec)
            }
            _ => return None,
        };
        let small = small(spec)?;
        let pixels = if small == spec {
            pixels
        } else {
            self.resizer.resize(pixels, spec, small).ok()?
        };
        let (encoding, bytes) = encoded(pixels, small)?;
        Some(Thumbnail {
            class: class.map(str::to_owned),
            encoding,
            width: small.width,
            height: small.height,
            bytes,
        })
    }
}

/// The size at which an image is shown; `None` for what is no colour image.
fn small(spec: ImageSpec) -> Option<ImageSpec> {
    let longest = spec.height.max(spec.width);
    if spec.channels != 3 || spec.height.min(spec.width) == 0 {
        return None;
    }
    if longest <= LONGEST_SIDE {
        return Some(spec);
    }
    let scaled = |side: u32| {
        let side = f64::from(side) * f64::from(LONGEST_SIDE) / f64::from(longest);
        (side.round() as u32).max(1)
    };
    Some(ImageSpec::rgb(scaled(spec.height), scaled(spec.width)))
}

/// A PNG or a JPEG, whichever is smaller.
fn encoded(pixels: &[u8], spec: ImageSpec) -> Option<(Encoding, Vec<u8>)> {
    let (mut png, mut jpeg) = (Vec::new(), Vec::new());
    encode_png(pixels, spec, &mut png).ok()?;
    encode_jpeg(pixels, spec, QUALITY, &mut jpeg).ok()?;
    Some(if png.len() <= jpeg.len() {
        (Encoding::Png, png)
    } else {
        (Encoding::Jpeg, jpeg)
    })
}

/// Leaves out the last images of the classes, in turns, until all together are small enough.
fn keep_within(limit: usize, found: &mut [Vec<Thumbnail>]) {
    let mut bytes: usize = found.iter().flatten().map(|image| image.bytes.len()).sum();
    while bytes > limit {
        let fullest = found.iter_mut().rev().max_by_key(|class| class.len());
        match fullest.and_then(Vec::pop) {
            Some(left_out) => bytes -= left_out.bytes.len(),
            None => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{keep_within, small, thumbnails};
    use crate::{DataSet, DemoOptions, OpenOptions};
    use ielade_codec::{Decoder, encode_png};
    use ielade_core::{Encoding, ImageSpec, OrientationRule, Thumbnail};
    use std::fs;

    #[test]
    fn the_longest_side_is_64_and_no_side_is_0() {
        let of = |height, width| small(ImageSpec::rgb(height, width));
        assert_eq!(of(32, 32), Some(ImageSpec::rgb(32, 32)));
        assert_eq!(of(480, 640), Some(ImageSpec::rgb(48, 64)));
        assert_eq!(of(10, 60_000), Some(ImageSpec::rgb(1, 64)));
        assert_eq!(of(0, 5), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_images_and_another_one_others() {
        let data_set = DataSet::demo(DemoOptions {
            train: 200,
            ..DemoOptions::default()
        });
        let of = |seed| thumbnails(&data_set, OrientationRule::Apply, seed);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }

    #[test]
    fn of_many_classes_twelve_are_shown_and_broken_images_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for class in 0..30 {
            let class = folder.path().join(format!("class {class:02}"));
            fs::create_dir(&class).unwrap();
            let mut file = Vec::new();
            encode_png(&[90; 100 * 50 * 3], ImageSpec::rgb(50, 100), &mut file).unwrap();
            fs::write(class.join("whole.png"), &file).unwrap();
            fs::write(class.join("torn.png"), &file[..40]).unwrap();
        }
        let options = OpenOptions {
            test_share: 0.0,
            ..OpenOptions::default()
        };
        let data_set = DataSet::open(folder.path(), &options).unwrap();
        let found = thumbnails(&data_set, OrientationRule::Apply, 1);
        assert_eq!(found.len(), 12, "each class has one that is whole");
        assert!(found.is_sorted_by_key(|image| image.class.clone()));
        for image in found {
            assert_eq!((image.width, image.height), (64, 32));
            let mut decoder = Decoder::default();
            let (_, spec) = decoder.decode(image.encoding, &image.bytes).unwrap();
            assert_eq!(spec, ImageSpec::rgb(32, 64));
        }
    }

    #[test]
    fn what_is_too_much_is_left_out_of_the_fullest_classes() {
        let image = |class: &str| Thumbnail {
            class: Some(class.to_owned()),
            encoding: Encoding::Png,
            width: 1,
            height: 1,
            bytes: vec![0; 10],
        };
        let mut found = vec![vec![image("a"), image("a")], vec![image("b"), image("b")]];
        keep_within(30, &mut found);
        assert_eq!(found.iter().map(Vec::len).sum::<usize>(), 3);
        keep_within(20, &mut found);
        assert!(found.iter().all(|class| class.len() == 1));
        keep_within(0, &mut found);
        assert!(found.iter().all(Vec::is_empty));
    }
}
