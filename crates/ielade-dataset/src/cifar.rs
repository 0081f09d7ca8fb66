//! CIFAR-10 as its authors publish it: the binary archive and the Python archive.
//!
//! Formats: <https://www.cs.toronto.edu/~kriz/cifar.html>. Both archives hold the same images in
//! the same order, and their samples have the same keys here.

use crate::{
    DataSetError,
    data_set::Opened,
    pickle::{Id, Pickle, PickledArray, PickledBytes},
    planar_records::{IMAGE, IMAGE_BYTES, Pixels, PlanarRecords},
    samples::{Images, KeyTable, SplitSamples, read_bounded, read_text},
};
use ielade_core::Split;
use std::{fs::File, os::unix::fs::FileExt, path::Path};

/// Bytes of a record of the binary archive: a label and the pixels.
const RECORD_BYTES: u64 = 1 + IMAGE_BYTES as u64;

/// A batch of the Python archive has 31 MB.
const MAX_PYTHON_BATCH_BYTES: u64 = 512 << 20;

/// The classes, in label order, for an archive without its list of names.
const CLASSES: [&str; 10] = [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
];

/// Which of the two archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Archive {
    Binary,
    Python,
}

impl Archive {
    const fn title(self) -> &'static str {
        match self {
            Self::Binary => "CIFAR-10 binary archive",
            Self::Python => "CIFAR-10 Python archive",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Binary => ".bin",
            Self::Python => "",
        }
    }

    /// True where a folder with a file of this name is such an archive.
    pub(crate) fn is_marked_by(self, file_name: &str) -> bool {
        self.training_batch(file_name).is_some()
            || self.is_test_batch(file_name)
            || (self == Self::Python && file_name == "batches.meta")
    }

    /// The number of a training batch.
    fn training_batch(self, file_name: &str) -> Option<u32> {
        file_name
            .strip_prefix("data_batch_")?
            .strip_suffix(self.ending())?
            .parse()
            .ok()
    }

    fn is_test_batch(self, file_name: &str) -> bool {
        file_name.strip_suffix(self.ending()) == Some("test_batch")
    }
}

/// Opens the archive whose files lie in `folder`.
pub(crate) fn open(
    archive: Archive,
    folder: &Path,
    file_names: &[String],
) -> Result<Opened, DataSetError> {
    let mut training: Vec<(u32, &String)> = file_names
        .iter()
        .filter_map(|name| Some((archive.training_batch(name)?, name)))
        .collect();
    training.sort_unstable();
    if training.is_empty() {
        return Err(DataSetError::Incomplete {
            set: archive.title(),
            path: folder.join(format!("data_batch_1{}", archive.ending())),
        });
    }
    let training: Vec<&String> = training.into_iter().map(|(_, name)| name).collect();
    let test: Vec<&String> = file_names
        .iter()
        .filter(|name| archive.is_test_batch(name))
        .collect();

    let mut opened = Opened::default();
    opened.classes = class_names(archive, folder, &mut opened.notes)?;
    opened.class_descriptions = vec![None; opened.classes.len()];
    for (split, names) in [(Split::Train, training), (Split::Test, test)] {
        if names.is_empty() {
            let missing = format!("test_batch{}", archive.ending());
            opened
                .notes
                .push(format!("no {missing}: there is no test split"));
            continue;
        }
        opened
            .splits
            .push((split, open_split(archive, folder, split, &names)?));
    }
    Ok(opened)
}

fn open_split(
    archive: Archive,
    folder: &Path,
    split: Split,
    file_names: &[&String],
) -> Result<SplitSamples, DataSetError> {
    let mut records = PlanarRecords::default();
    let mut keys = KeyTable::default();
    let mut labels = Vec::new();
    for name in file_names {
        let path = folder.join(name);
        let batch = match archive {
            Archive::Binary => open_binary_batch(&path)?,
            Archive::Python => open_python_batch(&path)?,
        };
        let stem = name.strip_suffix(archive.ending()).unwrap_or(name);
        for number in 0..batch.labels.len() {
            keys.push(&format!("{split}/{stem}/{number:05}"));
        }
        records.push(path, batch.labels.len(), batch.pixels);
        labels.extend(batch.labels);
    }
    Ok(SplitSamples::new(keys, labels, Images::Planar(records)))
}

/// Labels and pixels of one file.
struct Batch {
    labels: Vec<u32>,
    pixels: Pixels,
}

fn open_binary_batch(path: &Path) -> Result<Batch, DataSetError> {
    let file = File::open(path).map_err(DataSetError::io("open", path))?;
    let metadata = file.metadata().map_err(DataSetError::io("read", path))?;
    let bytes = metadata.len();
    if bytes == 0 {
        return Err(DataSetError::EmptyFile {
            path: path.to_owned(),
        });
    }
    if bytes % RECORD_BYTES != 0 {
        return Err(DataSetError::PartialRecord {
            path: path.to_owned(),
            bytes,
            record: RECORD_BYTES,
        });
    }
    let count = u32::try_from(bytes / RECORD_BYTES).map_err(|_| DataSetError::TooManySamples {
        path: path.to_owned(),
    })?;
    let labels = (0..u64::from(count))
        .map(|record| binary_label(path, &file, record * RECORD_BYTES))
        .collect::<Result<_, _>>()?;
    Ok(Batch {
        labels,
        pixels: Pixels::InFile {
            file,
            first: 1,
            stride: RECORD_BYTES,
        },
    })
}

fn binary_label(path: &Path, file: &File, offset: u64) -> Result<u32, DataSetError> {
    let mut label = [0];
    file.read_exact_at(&mut label, offset)
        .map_err(DataSetError::io("read", path))?;
    if usize::from(label[0]) >= CLASSES.len() {
        return Err(DataSetError::Label {
            path: path.to_owned(),
            offset,
            label: i64::from(label[0]),
            classes: CLASSES.len(),
        });
    }
    Ok(u32::from(label[0]))
}

fn open_python_batch(path: &Path) -> Result<Batch, DataSetError> {
    let mut content = Vec::new();
    read_bounded(path, MAX_PYTHON_BATCH_BYTES, &mut content)?;
    let pickle = read_pickle(path, &content)?;
    let lacks = |what: &str| {
        let reason = format!("holds no {what}; is it a batch of CIFAR-10's Python archive?");
        DataSetError::content(path, reason)
    };
    let labels = pickle.get("labels").and_then(|id| pickle.members(id));
    let labels = python_labels(path, &pickle, labels.ok_or_else(|| lacks("list `labels`"))?)?;
    let array = pickle.get("data").and_then(|id| pickle.array(id));
    let array = array.ok_or_else(|| lacks("array `data`"))?;
    let pixels = python_pixels(path, &pickle, array, labels.len())?;
    Ok(Batch { labels, pixels })
}

fn read_pickle<'a>(path: &Path, content: &'a [u8]) -> Result<Pickle<'a>, DataSetError> {
    Pickle::read(content).map_err(|source| DataSetError::Pickle {
        path: path.to_owned(),
        source,
    })
}

fn python_labels(
    path: &Path,
    pickle: &Pickle<'_>,
    labels: &[Id],
) -> Result<Vec<u32>, DataSetError> {
    labels
        .iter()
        .enumerate()
        .map(|(number, label)| {
            pickle
                .integer(*label)
                .and_then(|label| u32::try_from(label).ok())
                .filter(|label| (*label as usize) < CLASSES.len())
                .ok_or_else(|| {
                    let reason = format!("the label of image {number} is none of 0 to 9");
                    DataSetError::content(path, reason)
                })
        })
        .collect()
}

fn python_pixels(
    path: &Path,
    pickle: &Pickle<'_>,
    array: &PickledArray,
    count: usize,
) -> Result<Pixels, DataSetError> {
    let count = count as u64;
    let height = u64::from(IMAGE.height);
    let width = u64::from(IMAGE.width);
    let flat = array.shape == [count, IMAGE_BYTES as u64];
    let is_image_array = flat || array.shape == [count, 3, height, width];
    if !is_image_array || !matches!(array.element.as_str(), "u1" | "|u1" | "uint8") {
        let reason = format!(
            "`data` is an array of {:?} of {}, but the {count} labels ask for [{count}, {IMAGE_BYTES}] of u1",
            array.shape, array.element
        );
        return Err(DataSetError::content(path, reason));
    }
    let expected = count as usize * IMAGE_BYTES;
    let wrong_size =
        || DataSetError::content(path, "`data` has fewer or more bytes than its shape");
    let bytes = pickle.pickled_bytes(array.data).ok_or_else(wrong_size)?;
    let pixels = match bytes {
        PickledBytes::InFile(range) if range.len() == expected && !array.column_major => {
            Pixels::InFile {
                file: File::open(path).map_err(DataSetError::io("open", path))?,
                first: range.start as u64,
                stride: IMAGE_BYTES as u64,
            }
        }
        _ => {
            let bytes = pickle.resolve(bytes);
            if bytes.len() != expected {
                return Err(wrong_size());
            }
            if array.column_major && !flat {
                return Err(DataSetError::content(
                    path,
                    "`data` is a column-major array of four dimensions",
                ));
            }
            Pixels::InMemory(if array.column_major {
                row_major(bytes, count as usize)
            } else {
                bytes.to_vec()
            })
        }
    };
    Ok(pixels)
}

/// A table of images × values in which the image number ran fastest.
fn row_major(bytes: &[u8], count: usize) -> Vec<u8> {
    let mut rows = vec![0; bytes.len()];
    for (place, column) in bytes.chunks_exact(count.max(1)).enumerate() {
        for (image, value) in column.iter().enumerate() {
            rows[image * IMAGE_BYTES + place] = *value;
        }
    }
    rows
}

fn class_names(
    archive: Archive,
    folder: &Path,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, DataSetError> {
    let path = folder.join(match archive {
        Archive::Binary => "batches.meta.txt",
        Archive::Python => "batches.meta",
    });
    if !path.exists() {
        let name = path.file_name().unwrap_or_default().display().to_string();
        notes.push(format!(
            "no {name}: the usual names of CIFAR-10's classes are taken"
        ));
        return Ok(CLASSES.map(str::to_owned).to_vec());
    }
    let names = match archive {
        Archive::Binary => text_names(&path)?,
        Archive::Python => pickled_names(&path)?,
    };
    if names.len() != CLASSES.len() {
        let reason = format!("names {} classes; CIFAR-10 has 10", names.len());
        return Err(DataSetError::content(&path, reason));
    }
    Ok(names)
}

fn text_names(path: &Path) -> Result<Vec<String>, DataSetError> {
    let text = read_text(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Ok(lines.map(str::to_owned).collect())
}

fn pickled_names(path: &Path) -> Result<Vec<String>, DataSetError> {
    let mut content = Vec::new();
    read_bounded(path, 1 << 20, &mut content)?;
    let pickle = read_pickle(path, &content)?;
    let names = pickle.get("label_names").and_then(|id| pickle.members(id));
    let names = names.and_then(|names| {
        let names = names.iter().map(|id| Some(pickle.text(*id)?.into_owned()));
        names.collect::<Option<Vec<String>>>()
    });
    names.ok_or_else(|| DataSetError::content(path, "holds no list `label_names`"))
}
