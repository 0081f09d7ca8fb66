//! A quick look at a data set: the headers of some of its images, and every label.

mod size_cells;

use crate::{
    DataSet, SampleBuffer, SplitSamples,
    inspect::{Distribution, Seen},
};
use ielade_core::{
    Split,
    composition::{ClassCount, Composition, Spread},
    random::KeyedRandom,
};
use size_cells::size_cells;
use std::collections::BTreeMap;

/// Keeps these choices apart from other uses of the same seed.
const SURVEY_DOMAIN: u64 = u64::from_be_bytes(*b"ielsurve");

/// How much is looked at.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Images whose headers are read.
    images: u64,
    /// Bytes that are read in all; a little more, as the last image is read whole.
    bytes: u64,
}

/// Enough for shares to within two percentage points, and for a second or two of reading.
const LIMITS: Limits = Limits {
    images: 2000,
    bytes: 256 << 20,
};

/// What the images of the train split and of the split to evaluate on are like: labels are counted
/// in full, headers read of 2,000 images at most (256 MiB at most), evenly spread. Nothing is
/// decoded; an image that is broken behind its header is not noticed, see
/// [`inspect`](fn@crate::inspect). The same seed chooses the same images.
///
/// ```
/// use ielade_dataset::{DataSet, DemoOptions, survey};
///
/// let data_set = DataSet::demo(DemoOptions { train: 50, test: 10, ..DemoOptions::default() });
/// let found = survey(&data_set, 1);
/// assert_eq!((found.images, found.looked_at), (60, 60));
/// assert_eq!(found.sizes[0].count, 60);
/// assert_eq!(found.classes.iter().map(|class| class.test).sum::<u64>(), 10);
/// ```
pub fn survey(data_set: &DataSet, seed: u64) -> Composition {
    survey_within(data_set, seed, LIMITS)
}

fn survey_within(data_set: &DataSet, seed: u64, limits: Limits) -> Composition {
    let train = data_set.split(Split::Train);
    let test = data_set.evaluation_split();
    let test = test.and_then(|split| data_set.split(split));
    let parts: Vec<&SplitSamples> = train.into_iter().chain(test).collect();
    let images = parts.iter().map(|samples| samples.len() as u64).sum();
    let mut found = Composition {
        images,
        classes: class_counts(data_set.classes().len(), [train, test]),
        ..Composition::default()
    };
    let mut seen: Vec<Seen> = Vec::new();
    let mut buffer = SampleBuffer::default();
    let mut bytes = 0;
    for place in places(images, limits.images, seed) {
        if bytes >= limits.bytes {
            break;
        }
        found.looked_at += 1;
        match header(&parts, place, &mut buffer) {
            Some(header) => {
                bytes += header.bytes;
                seen.push(header);
            }
            None => found.unreadable += 1,
        }
    }
    summarise(&seen, &mut found);
    found
}

/// Places of `0..images`, evenly spread and in random order, so that whatever comes of them before
/// a limit is spread as well.
fn places(images: u64, most: u64, seed: u64) -> Vec<u64> {
    let count = images.min(most);
    let spread = |step: u64| u128::from(step) * u128::from(images) / u128::from(count.max(1));
    let mut places: Vec<u64> = (0..count).map(|step| spread(step) as u64).collect();
    KeyedRandom::new(&[SURVEY_DOMAIN, seed]).shuffle(&mut places);
    places
}

/// The header at a place of all parts, one behind the other; `None` where it cannot be read.
fn header(parts: &[&SplitSamples], place: u64, buffer: &mut SampleBuffer) -> Option<Seen> {
    let mut index = usize::try_from(place).ok()?;
    for samples in parts {
        if index < samples.len() {
            let sample = samples.read(index, buffer).ok()?;
            return Seen::of(&sample.payload).ok();
        }
        index -= samples.len();
    }
    None
}

/// Samples of each class in the split to train on and in that to evaluate on.
fn class_counts(classes: usize, [train, test]: [Option<&SplitSamples>; 2]) -> Vec<ClassCount> {
    let mut counts = vec![ClassCount::default(); classes];
    let labels = |samples: &SplitSamples, count: &mut dyn FnMut(&mut ClassCount)| {
        for label in (0..samples.len()).filter_map(|index| samples.label(index)) {
            if let Some(class) = counts.get_mut(label as usize) {
                count(class);
            }
        }
    };
    let mut labels = labels;
    if let Some(samples) = train {
        labels(samples, &mut |class| class.train += 1);
    }
    if let Some(samples) = test {
        labels(samples, &mut |class| class.test += 1);
    }
    counts
}

fn summarise(seen: &[Seen], found: &mut Composition) {
    let spread = |number: fn(&Seen) -> u64| {
        let values = &mut seen.iter().map(number).collect::<Vec<u64>>();
        Distribution::of(values).map(|all| Spread {
            min: all.min,
            median: all.median,
            max: all.max,
        })
    };
    found.width = spread(|image| image.width.into());
    found.height = spread(|image| image.height.into());
    found.bytes = spread(|image| image.bytes);
    let sizes: Vec<(u32, u32)> = seen
        .iter()
        .map(|image| (image.width, image.height))
        .collect();
    found.sizes = size_cells(&sizes);
    found.formats = counts(seen, |image| image.format);
    found.colour_modes = counts(seen, |image| image.colour);
    found.turned = seen.iter().filter(|image| image.turned).count() as u64;
}

fn counts(seen: &[Seen], name: fn(&Seen) -> &'static str) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for image in seen {
        *counts.entry(name(image).to_owned()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::{Limits, places, survey_within};
    use crate::{DataSet, DemoOptions, OpenOptions};
    use ielade_codec::{encode_jpeg, encode_png};
    use ielade_core::ImageSpec;
    use std::fs;

    const ALL: Limits = Limits {
        images: 1000,
        bytes: u64::MAX,
    };

    /// Two classes of PNGs and JPEGs in two sizes, and one file that is no image.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, count) in [("cat", 6), ("dog", 3)] {
            let class = folder.path().join(class);
            fs::create_dir(&class).unwrap();
            for place in 0..count {
                let mut file = Vec::new();
                if place % 2 == 0 {
                    encode_png(&[7; 60], ImageSpec::rgb(4, 5), &mut file).unwrap();
                } else {
                    encode_jpeg(&[7; 24], ImageSpec::rgb(4, 2), 90, &mut file).unwrap();
                }
                let ending = ["png", "jpg"][place % 2];
                fs::write(class.join(format!("{place}.{ending}")), file).unwrap();
            }
        }
        fs::write(folder.path().join("cat/broken.png"), b"\x89PNG\r\n\x1a\n").unwrap();
        folder
    }

    #[test]
    fn every_image_and_label_is_counted_once() {
        let folder = folder();
        let options = OpenOptions {
            test_share: 0.0,
            ..OpenOptions::default()
        };
        let data_set = DataSet::open(folder.path(), &options).unwrap();
        let found = survey_within(&data_set, 1, ALL);
        assert_eq!(
            (found.images, found.looked_at, found.unreadable),
            (10, 10, 1)
        );
        assert_eq!(found.formats["png"] + found.formats["jpeg"], 9);
        let sizes: Vec<_> = found
            .sizes
            .iter()
            .map(|cell| (cell.width, cell.height, cell.count))
            .collect();
        assert_eq!(sizes, [([5, 5], [4, 4], 5), ([2, 2], [4, 4], 4)]);
        let width = found.width.unwrap();
        assert_eq!((width.min, width.median, width.max), (2, 5.0, 5));
        let classes: Vec<u64> = found.classes.iter().map(|class| class.train).collect();
        assert_eq!(classes, [7, 3]);
    }

    #[test]
    fn no_more_is_looked_at_than_the_limits_allow_and_the_same_for_the_same_seed() {
        let data_set = DataSet::demo(DemoOptions {
            train: 90,
            test: 10,
            ..DemoOptions::default()
        });
        let few = Limits { images: 20, ..ALL };
        let found = survey_within(&data_set, 3, few);
        assert_eq!((found.images, found.looked_at), (100, 20));
        assert_eq!(found, survey_within(&data_set, 3, few));
        let one = Limits { bytes: 1, ..ALL };
        assert_eq!(survey_within(&data_set, 3, one).looked_at, 1);
    }

    #[test]
    fn places_are_spread_over_all_images() {
        let mut found = places(1000, 10, 5);
        found.sort_unstable();
        assert_eq!(found, (0..10).map(|step| step * 100).collect::<Vec<u64>>());
        assert_eq!(places(0, 10, 5), []);
    }
}
