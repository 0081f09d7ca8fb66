//! What is in a data set: counts, classes, formats, sizes, and broken files by name.

use crate::{DataSet, DataSetError, SampleBuffer, SplitSamples};
use ielade_codec::{Decoder, read_header};
use ielade_core::{OrientationRule, Payload, Split};
use rayon::prelude::*;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// Classes that a printed inspection shows one by one.
const CLASSES_SHOWN: usize = 20;

/// Broken files that a printed inspection shows.
const BROKEN_SHOWN: usize = 20;

/// How a data set is inspected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InspectOptions {
    /// Threads that decode; 0 takes one for each core.
    pub threads: usize,
}

/// What is in a data set. Printed it is a page for people; with `serde` it is all there is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// Name of the data set.
    pub name: String,
    /// The form in which it is published.
    pub kind: String,
    /// Where it comes from.
    pub source: String,
    /// What was decided for the user when it was opened.
    pub notes: Vec<String>,
    /// All samples, broken ones too.
    pub images: u64,
    /// The splits that there are.
    pub splits: Vec<SplitInspection>,
    /// The classes, in label order.
    pub classes: Vec<ClassInspection>,
    /// The smallest and the largest class; `None` without labels.
    pub balance: Option<Balance>,
    /// Images of each file format; `raw` for pixels without one.
    pub formats: BTreeMap<String, u64>,
    /// Images of each colour mode.
    pub colour_modes: BTreeMap<String, u64>,
    /// Images whose EXIF orientation says that they must be turned or mirrored.
    pub exif_turned: u64,
    /// Sizes of the images that are whole; `None` where none is.
    pub sizes: Option<Sizes>,
    /// Samples that cannot be read or decoded.
    pub broken: Vec<BrokenSample>,
}

/// One split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SplitInspection {
    /// Which one.
    pub split: Split,
    /// Its samples.
    pub images: u64,
    /// Those with a label.
    pub labelled: u64,
    /// Those that cannot be read or decoded.
    pub broken: u64,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassInspection {
    /// Its name.
    pub name: String,
    /// What it is called in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its samples in each split, in the order of [`Inspection::splits`].
    pub images: Vec<u64>,
}

impl ClassInspection {
    fn total(&self) -> u64 {
        self.images.iter().sum()
    }
}

/// How evenly the samples are spread over the classes, all splits together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Balance {
    /// The class with the fewest samples.
    pub smallest: String,
    /// Its samples.
    pub min: u64,
    /// The class with the most samples.
    pub largest: String,
    /// Its samples.
    pub max: u64,
    /// `max / min`; `None` where a class is empty.
    pub ratio: Option<f64>,
}

/// Sizes of images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sizes {
    /// Bytes as published.
    pub bytes: Distribution,
    /// Columns, with the EXIF orientation applied.
    pub width: Distribution,
    /// Rows, with the EXIF orientation applied.
    pub height: Distribution,
    /// Width × height.
    pub pixels: Distribution,
}

/// Summary of many numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Distribution {
    /// Arithmetic mean.
    pub mean: f64,
    /// Smallest.
    pub min: u64,
    /// Half are below, half above; the mean of the middle two where their number is even.
    pub median: f64,
    /// Largest.
    pub max: u64,
    /// Sum of all.
    pub total: u64,
}

impl Distribution {
    /// Summarises `values`, which are put in order on the way; `None` of nothing.
    pub(crate) fn of(values: &mut [u64]) -> Option<Self> {
        values.sort_unstable();
        let (min, max) = (*values.first()?, *values.last()?);
        let total: u64 = values.iter().sum();
        let count = values.len();
        let middle = (values[(count - 1) / 2], values[count / 2]);
        Some(Self {
            mean: total as f64 / count as f64,
            min,
            median: f64::midpoint(middle.0 as f64, middle.1 as f64),
            max,
            total,
        })
    }
}

/// A sample that cannot be read or decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenSample {
    /// Its split.
    pub split: Split,
    /// Its key: the path within the data set.
    pub key: String,
    /// Why.
    pub reason: String,
}

/// Looks at every sample of a data set: each is read and decoded in full, by several threads;
/// memory holds one image a thread and a few numbers a sample.
///
/// `progress` is called with the samples done and the samples in all, from any thread.
pub fn inspect(
    data_set: &DataSet,
    options: &InspectOptions,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Inspection {
    let splits: Vec<(Split, &SplitSamples)> = data_set
        .splits()
        .filter_map(|split| Some((split, data_set.split(split)?)))
        .collect();
    let total = splits.iter().map(|(_, samples)| samples.len() as u64).sum();
    let done = AtomicU64::new(0);
    let look_at = |samples: &SplitSamples| {
        let counted = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        look_at_all(samples, &counted)
    };
    let look = || -> Vec<Vec<Finding>> { splits.iter().map(|(_, s)| look_at(s)).collect() };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build();
    let findings = match pool {
        Ok(pool) => pool.install(look),
        // No threads to be had: the current one will do.
        Err(_) => look(),
    };
    summarise(data_set, &splits, findings)
}

/// What was seen of one sample.
enum Finding {
    Whole(Seen),
    Broken(String),
}

/// What the header of a sample says.
pub(crate) struct Seen {
    pub(crate) format: &'static str,
    pub(crate) colour: &'static str,
    pub(crate) turned: bool,
    pub(crate) bytes: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

fn look_at_all(samples: &SplitSamples, counted: &(dyn Fn() + Sync)) -> Vec<Finding> {
    (0..samples.len())
        .into_par_iter()
        .map_init(
            || {
                (
                    SampleBuffer::default(),
                    Decoder::new(OrientationRule::Ignore),
                )
            },
            |(buffer, decoder), index| {
                let finding = look_at_one(samples, index, buffer, decoder);
                counted();
                finding.unwrap_or_else(Finding::Broken)
            },
        )
        .collect()
}

fn look_at_one(
    samples: &SplitSamples,
    index: usize,
    buffer: &mut SampleBuffer,
    decoder: &mut Decoder,
) -> Result<Finding, String> {
    let sample = samples
        .read(index, buffer)
        .map_err(|error: DataSetError| error.reason())?;
    let seen = Seen::of(&sample.payload)?;
    if let Payload::Encoded { encoding, bytes } = sample.payload {
        decoder
            .decode(encoding, bytes)
            .map_err(|error| error.to_string())?;
    }
    Ok(Finding::Whole(seen))
}

impl Seen {
    /// Looks at the header alone; pixels are not decoded.
    pub(crate) fn of(payload: &Payload<'_>) -> Result<Self, String> {
        let size = payload.bytes().len() as u64;
        let Payload::Encoded { bytes, .. } = payload else {
            let spec = payload.spec();
            return Ok(Self {
                format: "raw",
                colour: "rgb",
                turned: false,
                bytes: size,
                width: spec.map_or(0, |spec| spec.width),
                height: spec.map_or(0, |spec| spec.height),
            });
        };
        let header = read_header(bytes).map_err(|error| error.to_string())?;
        // Orientations 5 to 8 lay the image on its side.
        let (width, height) = if header.orientation >= 5 {
            (header.height, header.width)
        } else {
            (header.width, header.height)
        };
        Ok(Self {
            format: header.format.name(),
            colour: header.colour.name(),
            turned: header.orientation != 1,
            bytes: size,
            width,
            height,
        })
    }
}

fn summarise(
    data_set: &DataSet,
    splits: &[(Split, &SplitSamples)],
    findings: Vec<Vec<Finding>>,
) -> Inspection {
    let classes = count_classes(data_set, splits);
    let mut inspection = Inspection {
        name: data_set.name().to_owned(),
        kind: data_set.kind().to_string(),
        source: data_set.source(),
        notes: data_set.notes().to_vec(),
        images: findings.iter().map(|split| split.len() as u64).sum(),
        splits: Vec::new(),
        balance: balance(&classes),
        classes,
        formats: BTreeMap::new(),
        colour_modes: BTreeMap::new(),
        exif_turned: 0,
        sizes: None,
        broken: Vec::new(),
    };
    let mut seen = Vec::new();
    for ((split, samples), findings) in splits.iter().zip(findings) {
        let before = inspection.broken.len();
        let labelled = (0..samples.len()).filter(|index| samples.label(*index).is_some());
        let labelled = labelled.count() as u64;
        for (index, finding) in findings.into_iter().enumerate() {
            match finding {
                Finding::Whole(image) => seen.push(image),
                Finding::Broken(reason) => inspection.broken.push(BrokenSample {
                    split: *split,
                    key: samples.key(index).to_owned(),
                    reason,
                }),
            }
        }
        inspection.splits.push(SplitInspection {
            split: *split,
            images: samples.len() as u64,
            labelled,
            broken: (inspection.broken.len() - before) as u64,
        });
    }
    for image in &seen {
        *inspection
            .formats
            .entry(image.format.to_owned())
            .or_default() += 1;
        *inspection
            .colour_modes
            .entry(image.colour.to_owned())
            .or_default() += 1;
        inspection.exif_turned += u64::from(image.turned);
    }
    inspection.sizes = sizes(&seen);
    inspection
}

fn count_classes(data_set: &DataSet, splits: &[(Split, &SplitSamples)]) -> Vec<ClassInspection> {
    let names = data_set.classes().iter().zip(data_set.class_descriptions());
    let mut classes: Vec<ClassInspection> = names
        .map(|(name, description)| ClassInspection {
            name: name.clone(),
            description: description.clone(),
            images: vec![0; splits.len()],
        })
        .collect();
    for (place, (_, samples)) in splits.iter().enumerate() {
        for label in (0..samples.len()).filter_map(|index| samples.label(index)) {
            classes[label as usize].images[place] += 1;
        }
    }
    classes
}

fn balance(classes: &[ClassInspection]) -> Option<Balance> {
    let smallest = classes.iter().min_by_key(|class| class.total())?;
    // Of several equals the first one, as for the smallest.
    let largest = classes.iter().rev().max_by_key(|class| class.total())?;
    let (min, max) = (smallest.total(), largest.total());
    (max > 0).then(|| Balance {
        smallest: smallest.name.clone(),
        min,
        largest: largest.name.clone(),
        max,
        ratio: (min > 0).then(|| max as f64 / min as f64),
    })
}

fn sizes(seen: &[Seen]) -> Option<Sizes> {
    let of = |number: fn(&Seen) -> u64| {
        Distribution::of(&mut seen.iter().map(number).collect::<Vec<u64>>())
    };
    Some(Sizes {
        bytes: of(|image| image.bytes)?,
        width: of(|image| u64::from(image.width))?,
        height: of(|image| u64::from(image.height))?,
        pixels: of(|image| u64::from(image.width) * u64::from(image.height))?,
    })
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}): {}", self.name, self.kind, self.source)?;
        let classes = grouped(self.classes.len() as u64);
        writeln!(f, "{} images in {classes} classes", grouped(self.images))?;
        for note in &self.notes {
            writeln!(f, "  note: {note}")?;
        }
        writeln!(f)?;
        self.write_splits(f)?;
        self.write_classes(f)?;
        self.write_sizes(f)?;
        writeln!(f, "formats: {}", list(&self.formats))?;
        writeln!(f, "colour modes: {}", list(&self.colour_modes))?;
        writeln!(
            f,
            "turned or mirrored by EXIF orientation: {}",
            grouped(self.exif_turned)
        )?;
        self.write_broken(f)
    }
}

impl Inspection {
    fn write_splits(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::with_head(&["split", "images", "labelled", "broken"]);
        for split in &self.splits {
            table.row(vec![
                split.split.to_string(),
                grouped(split.images),
                grouped(split.labelled),
                grouped(split.broken),
            ]);
        }
        writeln!(f, "{table}")
    }

    fn write_classes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = vec!["class".to_owned()];
        head.extend(self.splits.iter().map(|split| split.split.to_string()));
        head.push("all".to_owned());
        let mut table = Table { rows: vec![head] };
        let mut order: Vec<&ClassInspection> = self.classes.iter().collect();
        let left_out = order.len().saturating_sub(CLASSES_SHOWN);
        if left_out > 0 {
            // The extremes say most about the balance.
            order.sort_by_key(|class| std::cmp::Reverse(class.total()));
            order.drain(CLASSES_SHOWN / 2..CLASSES_SHOWN / 2 + left_out);
        }
        for (place, class) in order.into_iter().enumerate() {
            if left_out > 0 && place == CLASSES_SHOWN / 2 {
                table.row(vec![format!("... {left_out} classes between")]);
            }
            let mut name = class.name.clone();
            if let Some(description) = &class.description {
                let short: String = description.chars().take(40).collect();
                name = format!("{name} ({short})");
            }
            let mut row = vec![name];
            row.extend(class.images.iter().map(|count| grouped(*count)));
            row.push(grouped(class.total()));
            table.row(row);
        }
        write!(f, "{table}")?;
        if let Some(balance) = &self.balance {
            write!(
                f,
                "balance: from {} ({}) to {} ({})",
                grouped(balance.min),
                balance.smallest,
                grouped(balance.max),
                balance.largest
            )?;
            match balance.ratio {
                Some(ratio) => writeln!(f, ", ratio {ratio:.2}")?,
                None => writeln!(f, ": a class is empty")?,
            }
        }
        writeln!(f)
    }

    fn write_sizes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(sizes) = &self.sizes else {
            return writeln!(f, "no image can be decoded");
        };
        let mut table = Table::with_head(&["", "mean", "min", "median", "max"]);
        for (name, numbers) in [
            ("bytes", &sizes.bytes),
            ("width", &sizes.width),
            ("height", &sizes.height),
            ("pixels", &sizes.pixels),
        ] {
            table.row(vec![
                name.to_owned(),
                grouped(numbers.mean.round() as u64),
                grouped(numbers.min),
                grouped(numbers.median.round() as u64),
                grouped(numbers.max),
            ]);
        }
        writeln!(f, "{table}total bytes: {}\n", grouped(sizes.bytes.total))
    }

    fn write_broken(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.broken.is_empty() {
            return writeln!(f, "broken files: none");
        }
        writeln!(f, "broken files: {}", grouped(self.broken.len() as u64))?;
        for broken in self.broken.iter().take(BROKEN_SHOWN) {
            writeln!(f, "  {}: {}", broken.key, broken.reason)?;
        }
        let left_out = self.broken.len().saturating_sub(BROKEN_SHOWN);
        if left_out > 0 {
            writeln!(f, "  ... and {left_out} more")?;
        }
        Ok(())
    }
}

/// Rows of text: the first column to the left, numbers to the right.
struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    fn with_head(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|name| (*name).to_owned()).collect()],
        }
    }

    fn row(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let padding = " ".repeat(widths[column] - cell.chars().count());
                if column == 0 {
                    line.push_str(cell);
                    line.push_str(&padding);
                } else {
                    line.push_str("  ");
                    line.push_str(&padding);
                    line.push_str(cell);
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let parts = counts
        .iter()
        .map(|(name, count)| format!("{name} {}", grouped(*count)));
    parts.collect::<Vec<_>>().join(", ")
}

/// A number with a comma between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Distribution, grouped};

    #[test]
    fn a_distribution_says_mean_extremes_and_median() {
        let odd = Distribution::of(&mut [5, 1, 3]).unwrap();
        assert_eq!((odd.mean, odd.min, odd.median, odd.max), (3.0, 1, 3.0, 5));
        let even = Distribution::of(&mut [4, 1, 10, 3]).unwrap();
        assert_eq!((even.mean, even.median, even.total), (4.5, 3.5, 18));
        assert_eq!(Distribution::of(&mut []), None);
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
