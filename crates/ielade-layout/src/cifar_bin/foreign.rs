//! The authors' own files: a folder as they publish it, or one of its files.

use super::{
    CLASSES_FILE, DATA_FILE,
    reader::{form, record_bytes, samples},
    records::{RecordFiles, read_shape, read_text},
};
use crate::{
    LayoutError,
    foreign::{Contents, ForeignFile, ForeignStore},
    mapped::MappedFile,
    stored::SampleForm,
};
use ielade_core::{ImageShape, ImageSpec};
use std::path::{Path, PathBuf};

const CIFAR: ImageSpec = ImageSpec::rgb(32, 32);
const FINE_CLASSES_FILE: &str = "fine_label_names.txt";
const COARSE_CLASSES_FILE: &str = "coarse_label_names.txt";

/// Files of a folder, looked for in this order where there are no numbered ones.
const SINGLE_FILES: [&str; 4] = ["train.bin", DATA_FILE, "test_batch.bin", "test.bin"];

/// Whether a path is such a folder or file.
pub(super) fn recognises(path: &Path, _head: &[u8]) -> bool {
    if path.is_dir() {
        let files = files_of_folder(path);
        return !files.is_empty() && records_of(&files).is_ok_and(|records| records.is_some());
    }
    let files = [path.to_owned()];
    path.extension().is_some_and(|ending| ending == "bin")
        && records_of(&files).is_ok_and(|records| records.is_some())
}

/// Opens such a folder or file.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let mut guesses = Vec::new();
    let files = files_of(file, &mut guesses);
    let records = records_of(&files)?.ok_or_else(|| LayoutError::Foreign {
        path: file.path.to_owned(),
        reason: "its size is not that of whole records of one or two labels and an image"
            .to_owned(),
        hint: "for images that are not 32×32, write \"3 HEIGHT WIDTH\" into shape.txt beside it"
            .to_owned(),
    })?;
    guesses.push(format!(
        "a record is {} of label and an image of {}",
        if records.label_bytes == 1 {
            "one byte"
        } else {
            "two bytes"
        },
        records.spec
    ));
    let place = records.label_place(file, &mut guesses)?;
    let mut maps = Vec::new();
    for path in files {
        let map = MappedFile::open(&path)?;
        maps.push((path, map));
    }
    let bytes = record_bytes(records.label_bytes, records.spec) as usize;
    let labels: Vec<i64> = maps
        .iter()
        .flat_map(|(_, map)| map.bytes().chunks_exact(bytes))
        .map(|record| record[place].into())
        .collect();
    let classes = records.classes(&maps, place, &labels, &mut guesses)?;
    Contents {
        container: super::CONTAINER.name,
        form: SampleForm::Array(form(records.spec)),
        shape: ImageShape::Fixed(records.spec),
        count: u32::try_from(labels.len()).unwrap_or(u32::MAX),
        labels,
        classes,
        samples: samples(maps, records.label_bytes, records.spec)?,
        guesses,
    }
    .into_store(file)
}

/// The files to be read: the one that is named, all numbered ones, or the likeliest.
fn files_of(file: &ForeignFile<'_>, guesses: &mut Vec<String>) -> Vec<PathBuf> {
    if !file.path.is_dir() {
        return vec![file.path.to_owned()];
    }
    if let Some(name) = &file.names.images {
        return vec![file.path.join(name)];
    }
    let files = files_of_folder(file.path);
    let names: Vec<String> = files
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    guesses.push(format!(
        "the records are those of {}; name another file with --images",
        names.join(", ")
    ));
    files
}

/// Numbered files that are looked for, at most.
const MOST_FILES: u32 = 100_000;

fn files_of_folder(folder: &Path) -> Vec<PathBuf> {
    let numbered = RecordFiles { per_file: Some(1) };
    let batches: Vec<PathBuf> = (0..MOST_FILES)
        .map(|file| folder.join(numbered.name(file)))
        .take_while(|path| path.is_file())
        .collect();
    if !batches.is_empty() {
        return batches;
    }
    let single = SINGLE_FILES.map(|name| folder.join(name));
    single
        .into_iter()
        .find(|path| path.is_file())
        .into_iter()
        .collect()
}

/// What the records of some files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Records {
    label_bytes: u64,
    spec: ImageSpec,
}

/// What the records are of which these files are made; `None` where they are of none.
fn records_of(files: &[PathBuf]) -> Result<Option<Records>, LayoutError> {
    let Some(folder) = files.first().and_then(|path| path.parent()) else {
        return Ok(None);
    };
    let spec = read_shape(folder)?.unwrap_or(CIFAR);
    let fine_first = folder.join(FINE_CLASSES_FILE).is_file();
    let candidates = if fine_first { [2, 1] } else { [1, 2] };
    let mut sizes = Vec::new();
    for path in files {
        let metadata = path.metadata().map_err(LayoutError::io("read", path))?;
        sizes.push(metadata.len());
    }
    let fits = |label_bytes: &u64| {
        let record = record_bytes(*label_bytes, spec);
        sizes.iter().all(|size| *size > 0 && size % record == 0)
    };
    let label_bytes = candidates.into_iter().find(fits);
    Ok(label_bytes.map(|label_bytes| Records { label_bytes, spec }))
}

impl Records {
    /// Which byte of a record is the label.
    fn label_place(
        self,
        file: &ForeignFile<'_>,
        guesses: &mut Vec<String>,
    ) -> Result<usize, LayoutError> {
        let known: &[&str] = match self.label_bytes {
            1 => &["labels"],
            _ => &["coarse", "fine"],
        };
        let Some(name) = &file.names.labels else {
            if self.label_bytes == 2 {
                guesses.push("the labels are the second ones, the fine".to_owned());
            }
            return Ok(known.len() - 1);
        };
        known.iter().position(|known| known == name).ok_or_else(|| {
            let known = known.join(" and ");
            LayoutError::Foreign {
                path: file.path.to_owned(),
                reason: format!("there are no labels {name:?}"),
                hint: format!("a record has {known}"),
            }
        })
    }

    /// The names of the classes, where a text beside the records has one for every label.
    fn classes(
        self,
        maps: &[(PathBuf, MappedFile)],
        place: usize,
        labels: &[i64],
        guesses: &mut Vec<String>,
    ) -> Result<Vec<String>, LayoutError> {
        let name = match (self.label_bytes, place) {
            (1, _) => CLASSES_FILE,
            (_, 0) => COARSE_CLASSES_FILE,
            _ => FINE_CLASSES_FILE,
        };
        let folder = maps.first().and_then(|(path, _)| path.parent());
        let text = match folder {
            Some(folder) => read_text(&folder.join(name))?,
            None => None,
        };
        // The authors' own file ends with an empty line.
        let classes: Vec<String> = text
            .unwrap_or_default()
            .trim_end()
            .lines()
            .map(str::to_owned)
            .collect();
        let most = labels.iter().copied().max().unwrap_or(0);
        if classes.len() as i64 > most {
            return Ok(classes);
        }
        guesses.push(format!(
            "{name} does not name the classes; they are numbered"
        ));
        Ok(Vec::new())
    }
}
