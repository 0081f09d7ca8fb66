//! Which of a file's named arrays are the images, and which are their labels.

use super::ForeignFile;
use crate::{
    LayoutError,
    stored::array::{ArrayForm, Axes, ByteOrder},
};
use ielade_core::{Element, ImageSpec};

/// Names under which labels are usually kept, the likeliest first.
pub(crate) const LABEL_NAMES: [&str; 8] = [
    "labels", "label", "y", "targets", "target", "classes", "class", "cls",
];

/// Names under which the names of classes are usually kept.
pub(crate) const CLASS_NAMES: [&str; 4] = ["class_names", "classes", "label_names", "names"];

/// Bytes that are taken for an image of variable length, to tell which array is the largest.
const USUAL_IMAGE_BYTES: u64 = 16 << 10;

/// An array of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArrayEntry {
    pub(crate) name: String,
    pub(crate) scalar: Scalar,
    /// Length of each dimension, the slowest first.
    pub(crate) shape: Vec<u64>,
}

/// The type of an array's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// As the file calls it.
    pub(crate) name: String,
    /// What it is in images, if anything.
    pub(crate) element: Option<Element>,
    /// What it is in labels, if anything.
    pub(crate) integer: Option<Integer>,
}

/// A type of whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Integer {
    /// 1, 2, 4 or 8.
    pub(crate) bytes: usize,
    pub(crate) signed: bool,
}

impl Integer {
    /// The numbers in these bytes; those beyond `i64` are its greatest, which is no label either.
    pub(crate) fn values(
        self,
        bytes: &[u8],
        order: ByteOrder,
    ) -> impl Iterator<Item = i64> + use<'_> {
        let unused = 64 - 8 * self.bytes as u32;
        bytes.chunks_exact(self.bytes).map(move |value| {
            let mut wide = [0; 8];
            wide[..self.bytes].copy_from_slice(value);
            if order == ByteOrder::Big {
                wide[..self.bytes].reverse();
            }
            let number = u64::from_le_bytes(wide);
            if self.signed {
                (number << unused) as i64 >> unused
            } else {
                i64::try_from(number).unwrap_or(i64::MAX)
            }
        })
    }
}

impl ArrayEntry {
    /// How each image lies in the array and how many there are; else why it is none of images.
    pub(crate) fn images(&self) -> Result<(ArrayForm, u32), String> {
        let is_channels = |length: u64| matches!(length, 1 | 3);
        let Some(element) = self.scalar.element else {
            let hint = if ["F64", "float64"].contains(&&*self.scalar.name)
                || self.scalar.name.contains("f8")
            {
                "; write it again as float32"
            } else {
                ""
            };
            return Err(format!(
                "{} is not one of the types that images have{hint}",
                self.describe()
            ));
        };
        let (count, size, axes) = match *self.shape.as_slice() {
            [count, height, width] => (count, [height, width, 1], Axes::Interleaved),
            // Where both ends may be channels, floats are taken for planar as usual in training.
            [count, height, width, channels]
                if is_channels(channels) && !(element.is_float() && is_channels(height)) =>
            {
                (count, [height, width, channels], Axes::Interleaved)
            }
            [count, channels, height, width] if is_channels(channels) => {
                (count, [height, width, channels], Axes::Planar)
            }
            _ => {
                return Err(format!(
                    "{} is not of the shape (N, height, width), (N, height, width, 1 or 3) or (N, \
                     1 or 3, height, width)",
                    self.describe()
                ));
            }
        };
        let size = size.map(|length| u32::try_from(length).ok().filter(|length| *length > 0));
        let (Ok(count), [Some(height), Some(width), Some(channels)]) = (u32::try_from(count), size)
        else {
            return Err(format!("{} is too large, or empty", self.describe()));
        };
        let spec = ImageSpec {
            height,
            width,
            channels,
        };
        let pixels = u64::from(height) * u64::from(width);
        if pixels > ielade_codec::MAX_PIXELS {
            return Err(format!("{} has too large images", self.describe()));
        }
        let form = ArrayForm {
            axes,
            ..ArrayForm::of_stores(element, spec)
        };
        Ok((form, count))
    }

    /// Whether it can be the labels of `count` images.
    fn is_labels_of(&self, count: u32) -> bool {
        self.scalar.integer.is_some()
            && matches!(*self.shape.as_slice(), [n] | [n, 1] if n == u64::from(count))
    }

    pub(crate) fn describe(&self) -> String {
        format!("{:?}, {} {:?},", self.name, self.scalar.name, self.shape)
    }

    pub(crate) fn bytes(&self) -> u64 {
        let size = self.scalar.element.map_or(0, Element::size) as u64;
        self.shape
            .iter()
            .fold(size, |product, length| product.saturating_mul(*length))
    }

    /// The words that its name is made of.
    fn words(&self) -> Vec<String> {
        self.name
            .trim_end_matches(".npy")
            .split(|letter: char| !letter.is_alphanumeric())
            .map(str::to_lowercase)
            .collect()
    }
}

/// Which arrays are images and labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Number of the images among the entries.
    pub(crate) images: usize,
    pub(crate) form: ArrayForm,
    pub(crate) count: u32,
    /// Number of the labels among the entries.
    pub(crate) labels: Option<usize>,
}

/// Finds images and labels: those that are named, else the largest array that can be images and
/// the integers of matching length whose name tells the most. Says in `guesses` what was guessed.
///
/// # Errors
/// Where nothing can be images, or what is named is not there or is something else.
pub(crate) fn choose(
    entries: &[ArrayEntry],
    file: &ForeignFile<'_>,
    guesses: &mut Vec<String>,
) -> Result<Choice, LayoutError> {
    let (images, (form, count)) = match &file.names.images {
        Some(name) => {
            let at = named(entries, name, file, "--images")?;
            let found = entries[at].images();
            (at, found.map_err(|reason| fault(file, reason, "--images"))?)
        }
        None => guess_images(entries, file, guesses)?,
    };
    let labels = choose_labels(entries, file, (images, count), guesses)?;
    Ok(Choice {
        images,
        form,
        count,
        labels,
    })
}

/// Which arrays are images and labels, where images may also be bytes of variable length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnyChoice {
    /// Number of the images among the entries.
    pub(crate) images: usize,
    /// How an image lies in the array; `None` for compressed images.
    pub(crate) form: Option<ArrayForm>,
    pub(crate) count: u32,
    /// Number of the labels among the entries.
    pub(crate) labels: Option<usize>,
}

/// As [`choose`], of arrays of which some are lists of bytes of variable length: `lists` has the
/// length of each of these.
///
/// # Errors
/// As [`choose`].
pub(crate) fn choose_any(
    entries: &[ArrayEntry],
    lists: &[Option<u32>],
    file: &ForeignFile<'_>,
    guesses: &mut Vec<String>,
) -> Result<AnyChoice, LayoutError> {
    let Some((images, count)) = compressed_images(entries, lists, file) else {
        let choice = choose(entries, file, guesses)?;
        return Ok(AnyChoice {
            images: choice.images,
            form: Some(choice.form),
            count: choice.count,
            labels: choice.labels,
        });
    };
    if file.names.images.is_none() {
        guesses.push(format!(
            "the images are {} taken as compressed images",
            entries[images].describe()
        ));
    }
    Ok(AnyChoice {
        images,
        form: None,
        count,
        labels: choose_labels(entries, file, (images, count), guesses)?,
    })
}

/// The list of bytes that the user names or, without a name, the longest one unless another array
/// is larger; and its length.
fn compressed_images(
    entries: &[ArrayEntry],
    lists: &[Option<u32>],
    file: &ForeignFile<'_>,
) -> Option<(usize, u32)> {
    let lists = lists.iter().enumerate();
    let mut lists = lists.filter_map(|(at, length)| Some((at, (*length)?)));
    if let Some(name) = &file.names.images {
        return lists.find(|(at, _)| entries[*at].name == *name);
    }
    let (at, count) = lists.rev().max_by_key(|(_, count)| *count)?;
    let pixels = entries.iter().filter(|entry| entry.images().is_ok());
    let largest = pixels.map(ArrayEntry::bytes).max().unwrap_or(0);
    (u64::from(count) * USUAL_IMAGE_BYTES > largest).then_some((at, count))
}

/// Finds the labels of the `count` images that are the entry of this number, as [`choose`] does.
///
/// # Errors
/// Where what is named is not there or is no labels.
pub(crate) fn choose_labels(
    entries: &[ArrayEntry],
    file: &ForeignFile<'_>,
    (images, count): (usize, u32),
    guesses: &mut Vec<String>,
) -> Result<Option<usize>, LayoutError> {
    let Some(name) = &file.names.labels else {
        return Ok(guess_labels(entries, images, count, guesses));
    };
    let at = named(entries, name, file, "--labels")?;
    if !entries[at].is_labels_of(count) {
        let reason = format!(
            "{} is not {count} integers, one for each image",
            entries[at].describe()
        );
        return Err(fault(file, reason, "--labels"));
    }
    Ok(Some(at))
}

/// The error for a file in which something is not as it should be; `option` says what it is.
fn fault(file: &ForeignFile<'_>, reason: String, option: &str) -> LayoutError {
    LayoutError::Foreign {
        path: file.path.to_owned(),
        reason,
        hint: format!("name another array with {option}"),
    }
}

/// The array that the user names.
fn named(
    entries: &[ArrayEntry],
    name: &str,
    file: &ForeignFile<'_>,
    option: &str,
) -> Result<usize, LayoutError> {
    let found = entries
        .iter()
        .position(|entry| entry.name == name || entry.name.strip_suffix(".npy") == Some(name));
    found.ok_or_else(|| {
        let known: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!("there is no array {name:?} for {option}"),
            hint: format!("it holds {}", listed(&known)),
        }
    })
}

/// Names for a message; not more than a reader will read.
pub(crate) fn listed(names: &[&str]) -> String {
    const MOST: usize = 20;
    let mut text = names[..names.len().min(MOST)].join(", ");
    if names.is_empty() {
        text.push_str("nothing");
    }
    if names.len() > MOST {
        text.push_str(" and more");
    }
    text
}

fn guess_images(
    entries: &[ArrayEntry],
    file: &ForeignFile<'_>,
    guesses: &mut Vec<String>,
) -> Result<(usize, (ArrayForm, u32)), LayoutError> {
    let found = entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Some((at, entry.images().ok()?)))
        // The first of equal ones.
        .rev()
        .max_by_key(|(at, _)| entries[*at].bytes());
    let Some((at, (form, count))) = found else {
        let reasons: Vec<String> = entries
            .iter()
            .filter_map(|entry| entry.images().err())
            .collect();
        let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
        let reason = format!("none of its arrays can be images: {}", listed(&reasons));
        return Err(fault(file, reason, "--images"));
    };
    let axes = match (form.axes, form.spec.channels) {
        (_, 1) => "N × height × width, grey",
        (Axes::Interleaved, _) => "N × height × width × channels",
        (Axes::Planar, _) => "N × channels × height × width",
    };
    guesses.push(format!(
        "the images are {} taken as {axes}",
        entries[at].describe()
    ));
    Ok((at, (form, count)))
}

fn guess_labels(
    entries: &[ArrayEntry],
    images: usize,
    count: u32,
    guesses: &mut Vec<String>,
) -> Option<usize> {
    let fitting: Vec<usize> = (0..entries.len())
        .filter(|at| *at != images && entries[*at].is_labels_of(count))
        .collect();
    let shared = entries[images].words();
    let likely = |at: usize| {
        let words = entries[at].words();
        let place = LABEL_NAMES
            .iter()
            .position(|name| words.iter().any(|word| word == name))?;
        let common = words.iter().filter(|word| shared.contains(word)).count();
        Some((common, LABEL_NAMES.len() - place))
    };
    let by_name = fitting
        .iter()
        .rev()
        .filter_map(|at| Some((likely(*at)?, *at)))
        .max_by_key(|(likelihood, _)| *likelihood)
        .map(|(_, at)| at);
    let found = by_name.or(match fitting[..] {
        [only] => Some(only),
        _ => None,
    })?;
    guesses.push(format!(
        "the labels are {}",
        entries[found].describe().trim_end_matches(',')
    ));
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{ArrayEntry, Choice, Integer, Scalar, choose};
    use crate::{
        foreign::ForeignFile,
        stored::array::{Axes, ByteOrder},
    };
    use ielade_core::{Element, ForeignNames};
    use std::path::Path;

    fn entry(name: &str, element: Option<Element>, shape: &[u64]) -> ArrayEntry {
        let integer = Integer {
            bytes: element.map_or(8, Element::size),
            signed: element.is_none(),
        };
        ArrayEntry {
            name: name.to_owned(),
            scalar: Scalar {
                name: element.map_or("i64", Element::name).to_owned(),
                element,
                integer: element.is_none_or(|e| !e.is_float()).then_some(integer),
            },
            shape: shape.to_vec(),
        }
    }

    const U8: Option<Element> = Some(Element::U8);

    fn choice(
        entries: &[ArrayEntry],
        images: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Choice, String> {
        let names = ForeignNames {
            images: images.map(str::to_owned),
            labels: labels.map(str::to_owned),
        };
        let file = ForeignFile {
            path: Path::new("some.npz"),
            names: &names,
        };
        choose(entries, &file, &mut Vec::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_largest_images_and_the_labels_that_go_with_them_are_chosen() {
        let entries = [
            entry("x_test", U8, &[10, 4, 4]),
            entry("y_test", None, &[10]),
            entry("ids", None, &[60]),
            entry("y_train", None, &[60, 1]),
            entry("x_train", U8, &[60, 4, 4]),
        ];
        let found = choice(&entries, None, None).unwrap();
        assert_eq!((found.images, found.labels, found.count), (4, Some(3), 60));
        let found = choice(&entries, Some("x_test"), None).unwrap();
        assert_eq!((found.images, found.labels), (0, Some(1)));
        let found = choice(&entries, None, Some("ids")).unwrap();
        assert_eq!(found.labels, Some(2));
        // Names without a meaning are no labels unless there is one array only.
        let found = choice(&[&entries[2..3], &entries[4..]].concat(), None, None).unwrap();
        assert_eq!(found.labels, Some(0));
        let other = entry("others", None, &[60]);
        let found = choice(&[entries[2].clone(), other, entries[4].clone()], None, None).unwrap();
        assert_eq!(found.labels, None);
    }

    #[test]
    fn axes_are_told_by_the_number_of_channels() {
        use Axes::{Interleaved, Planar};
        let axes = |element, shape: &[u64]| {
            let (form, _) = entry("a", Some(element), shape).images().unwrap();
            (form.axes, form.spec.channels)
        };
        assert_eq!(axes(Element::U8, &[5, 4, 6]), (Interleaved, 1));
        assert_eq!(axes(Element::U8, &[5, 4, 6, 3]), (Interleaved, 3));
        assert_eq!(axes(Element::U8, &[5, 3, 4, 6]), (Planar, 3));
        assert_eq!(axes(Element::U8, &[5, 3, 4, 3]), (Interleaved, 3));
        assert_eq!(axes(Element::F32, &[5, 3, 4, 3]), (Planar, 3));
        assert_eq!(axes(Element::F32, &[5, 4, 6, 1]), (Interleaved, 1));
        for shape in [
            &[5, 4, 6, 4][..],
            &[5],
            &[5, 3, 4, 6, 1],
            &[5, 0, 4],
            &[1 << 33, 2, 2],
            &[2, 1 << 30, 1 << 30],
            &[2, 1 << 33, 2],
        ] {
            assert!(entry("a", U8, shape).images().is_err(), "{shape:?}");
        }
    }

    #[test]
    fn wrong_names_are_answered_with_the_right_ones() {
        let entries = [entry("a", U8, &[6, 4, 4]), entry("b", None, &[6])];
        let error = choice(&entries, Some("c"), None).unwrap_err();
        assert!(error.contains("\"c\"") && error.contains("a, b"), "{error}");
        let error = choice(&entries, Some("b"), None).unwrap_err();
        assert!(error.contains("not one of the types"), "{error}");
        let error = choice(&entries, None, Some("a")).unwrap_err();
        assert!(error.contains("6 integers"), "{error}");
        let error = choice(&entries[1..], None, None).unwrap_err();
        assert!(error.contains("none of its arrays"), "{error}");
    }

    #[test]
    fn integers_of_every_size_and_order_are_read() {
        let values = |bytes, signed, data: &[u8], order| {
            Integer { bytes, signed }
                .values(data, order)
                .collect::<Vec<_>>()
        };
        assert_eq!(values(1, false, &[7, 255], ByteOrder::Big), [7, 255]);
        assert_eq!(values(1, true, &[7, 255], ByteOrder::Little), [7, -1]);
        assert_eq!(values(2, true, &[255, 254], ByteOrder::Big), [-2]);
        assert_eq!(values(4, false, &[1, 1, 0, 0], ByteOrder::Little), [257]);
        assert_eq!(values(8, false, &[255; 8], ByteOrder::Little), [i64::MAX]);
        assert_eq!(values(8, true, &[255; 8], ByteOrder::Little), [-1]);
    }
}
