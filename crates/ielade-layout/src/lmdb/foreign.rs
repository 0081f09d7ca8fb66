//! LMDB files that others made.

use super::{
    DATA_FILE, IMAGE_PREFIX, META_KEY,
    labels::{self, LabelKey},
    meta::Meta,
    pages::{Environment, PageError, Tree, Value, is_lmdb},
};
use crate::{
    LayoutError,
    foreign::{Contents, ForeignFile, ForeignStore, arrays::listed},
    index::SampleIndex,
    mapped::MappedFile,
    stored::{
        SampleForm,
        array::ArrayForm,
        mapped::{MappedSamples, Place, Places},
    },
};
use ielade_codec::FileFormat;
use ielade_core::{Encoding, ForeignNames, ImageShape, sample::NO_LABEL};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs::File, io::Read, ops::Range, path::Path};

/// A value above this is no label.
const MAX_LABEL_BYTES: usize = 32;

/// Whether a path is an LMDB file, or a folder with one.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    if !path.is_dir() {
        return is_lmdb(head);
    }
    let mut head = Vec::new();
    let read = File::open(path.join(DATA_FILE))
        .and_then(|file| file.take(64).read_to_end(&mut head))
        .is_ok();
    read && is_lmdb(&head)
}

/// Opens such a file or folder.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let data = match file.path.is_dir() {
        true => file.path.join(DATA_FILE),
        false => file.path.to_owned(),
    };
    let map = MappedFile::open(&data)?;
    let files = [data.clone()];
    let survey = || Survey::make(&data, &map, file.names);
    // The index is that of what is guessed; for other names it would have to be another.
    let index = if *file.names == ForeignNames::default() {
        SampleIndex::of_foreign(file.path, &files, survey)?
    } else {
        survey()?
    };
    let notes: Notes = serde_json::from_slice(&index.notes).map_err(|error| {
        let reason = format!("its index is not understood: {error}; remove it");
        LayoutError::container(&data, 0, reason)
    })?;
    let (form, shape) = match (notes.meta.encoding, notes.meta.spec()) {
        (Encoding::Raw(element), Some(spec)) => (
            SampleForm::Array(ArrayForm::of_stores(element, spec)),
            ImageShape::Fixed(spec),
        ),
        (Encoding::Raw(_), None) => {
            let reason = "its __meta__ tells of raw images without a size";
            return Err(LayoutError::container(&data, 0, reason));
        }
        (encoding, _) => (SampleForm::Image(encoding), ImageShape::Varies),
    };
    Contents {
        container: super::CONTAINER.name,
        form,
        shape,
        labels: if notes.has_labels {
            index.labels
        } else {
            Vec::new()
        },
        count: u32::try_from(index.places.len()).unwrap_or(u32::MAX),
        classes: notes.meta.classes,
        samples: MappedSamples::new(vec![(data, map)], Places::Each(index.places))?,
        guesses: notes.guesses,
    }
    .into_store(file)
}

/// What the index keeps beside places and labels.
#[derive(Debug, Serialize, Deserialize)]
struct Notes {
    meta: Meta,
    has_labels: bool,
    guesses: Vec<String>,
}

/// Everything in a file that may matter.
struct Survey<'a> {
    path: &'a Path,
    file: &'a [u8],
    environment: Environment<'a>,
    databases: Vec<(&'a [u8], Tree)>,
    images: Vec<(&'a [u8], Range<usize>)>,
    /// Values of the main database that are small enough to be labels.
    small: BTreeMap<&'a [u8], &'a [u8]>,
    meta: Option<Meta>,
    entries: u64,
    guesses: Vec<String>,
}

impl<'a> Survey<'a> {
    /// Where the images of a file lie, and their labels.
    fn make(
        path: &'a Path,
        map: &'a MappedFile,
        names: &ForeignNames,
    ) -> Result<SampleIndex, LayoutError> {
        let file = map.bytes();
        let environment = Environment::parse(file).map_err(|error| damaged(path, error))?;
        let mut survey = Self {
            path,
            file,
            environment,
            databases: Vec::new(),
            images: Vec::new(),
            small: BTreeMap::new(),
            meta: None,
            entries: 0,
            guesses: Vec::new(),
        };
        survey.read_main(names)?;
        survey.find_images(names)?;
        let meta = survey.meta()?;
        let labels = survey.labels(names)?;
        let places = survey.images.iter().map(|(_, range)| Place {
            file: 0,
            // A value is smaller than 4 GiB: its size has 32 bits in the file.
            len: range.len() as u32,
            offset: range.start as u64,
        });
        let notes = Notes {
            meta,
            has_labels: labels.is_some(),
            guesses: survey.guesses,
        };
        Ok(SampleIndex {
            places: places.collect(),
            labels: labels.unwrap_or_else(|| vec![NO_LABEL; survey.images.len()]),
            // Plain data always has a JSON form.
            notes: serde_json::to_vec(&notes).unwrap_or_default(),
        })
    }

    /// Reads the main database.
    fn read_main(&mut self, names: &ForeignNames) -> Result<(), LayoutError> {
        let file = self.file;
        let environment = self.environment;
        let walked = environment.walk(environment.main, |key, value| {
            self.entries += 1;
            match value {
                Value::Tree(tree) => self.databases.push((key, tree)),
                Value::Bytes(range) => {
                    let bytes = &file[range.clone()];
                    if key == META_KEY.as_bytes() {
                        self.meta = Meta::parse(bytes);
                    }
                    let is_image = match (&names.images, &self.meta) {
                        (Some(prefix), _) => key.starts_with(prefix.as_bytes()),
                        (None, Some(_)) => key.starts_with(IMAGE_PREFIX.as_bytes()),
                        (None, None) => encoding_of(bytes).is_some(),
                    };
                    if is_image {
                        self.images.push((key, range));
                    } else if bytes.len() <= MAX_LABEL_BYTES {
                        self.small.insert(key, bytes);
                    }
                }
            }
            Ok(())
        });
        walked.map_err(|error| damaged(self.path, error))
    }

    /// All values of a database of its own, by their keys.
    fn read_database(&self, tree: Tree) -> Result<Vec<(&'a [u8], Range<usize>)>, LayoutError> {
        let mut values = Vec::new();
        let walked = self.environment.walk(tree, |key, value| {
            if let Value::Bytes(range) = value {
                values.push((key, range));
            }
            Ok(())
        });
        walked.map_err(|error| damaged(self.path, error))?;
        Ok(values)
    }

    fn database(&self, name: &str) -> Option<Tree> {
        let mut databases = self.databases.iter();
        databases.find_map(|(known, tree)| (*known == name.as_bytes()).then_some(*tree))
    }

    /// Finds the images where the main database did not have them.
    fn find_images(&mut self, names: &ForeignNames) -> Result<(), LayoutError> {
        if let Some(name) = &names.images {
            if let Some(tree) = self.database(name) {
                self.images = self.read_database(tree)?;
            }
            return Ok(());
        }
        for (name, tree) in self.databases.clone() {
            if !self.images.is_empty() {
                break;
            }
            let mut values = self.read_database(tree)?;
            values.retain(|(_, range)| encoding_of(&self.file[range.clone()]).is_some());
            if !values.is_empty() {
                let name = String::from_utf8_lossy(name);
                self.guesses
                    .push(format!("the images are those of the database {name:?}"));
                self.images = values;
            }
        }
        Ok(())
    }

    /// What the images are: by `__meta__`, or by how the first one starts.
    fn meta(&mut self) -> Result<Meta, LayoutError> {
        if let Some(meta) = self.meta.take() {
            return Ok(meta);
        }
        let first = self.images.first();
        let found =
            first.and_then(|(key, range)| Some((key, encoding_of(&self.file[range.clone()])?)));
        let Some((key, encoding)) = found else {
            let databases: Vec<String> = self
                .databases
                .iter()
                .map(|(name, _)| String::from_utf8_lossy(name).into_owned())
                .collect();
            let databases: Vec<&str> = databases.iter().map(String::as_str).collect();
            return Err(LayoutError::Foreign {
                path: self.path.to_owned(),
                reason: format!(
                    "none of its {} values that may be meant starts like an image (databases: {})",
                    self.entries,
                    listed(&databases)
                ),
                hint: "name a database or the start of keys with --images; Caffe's Datum, pickled \
                       values and bare arrays are not read"
                    .to_owned(),
            });
        };
        let key = String::from_utf8_lossy(key);
        self.guesses.push(format!(
            "the images are {} values, {encoding}, the first under the key {key:?}",
            self.images.len()
        ));
        Ok(Meta::new(encoding, ImageShape::Varies, &[]))
    }

    /// One label an image; `None` where there are none.
    fn labels(&mut self, names: &ForeignNames) -> Result<Option<Vec<i64>>, LayoutError> {
        if let Some(name) = &names.labels {
            return self.named_labels(name).map(Some);
        }
        for name in labels::DATABASES {
            let Some(tree) = self.database(name) else {
                continue;
            };
            let values: BTreeMap<&[u8], Range<usize>> =
                self.read_database(tree)?.into_iter().collect();
            let found = self.values_of(|key| Some(&self.file[values.get(key)?.clone()]));
            if let Some(found) = found {
                let guess = format!("the labels are those of the database {name:?}");
                return Ok(self.decode(&found, guess));
            }
        }
        for way in LabelKey::ALL {
            let found = self.values_of(|key| self.small.get(way.of(key)?.as_slice()).copied());
            if let Some(found) = found {
                let first = self.images.first().and_then(|(key, _)| way.of(key));
                let first = first.unwrap_or_default();
                let first = String::from_utf8_lossy(&first);
                let guess = format!("the first label is that under the key {first:?}");
                return Ok(self.decode(&found, guess));
            }
        }
        Ok(None)
    }

    /// The value of every image, `None` unless the first has one.
    fn values_of(
        &self,
        value: impl Fn(&'a [u8]) -> Option<&'a [u8]>,
    ) -> Option<Vec<Option<&'a [u8]>>> {
        let (first, _) = self.images.first()?;
        value(first)?;
        Some(self.images.iter().map(|(key, _)| value(key)).collect())
    }

    fn decode(&mut self, values: &[Option<&[u8]>], guess: String) -> Option<Vec<i64>> {
        let labels = labels::decode(values);
        let note = if labels.is_some() {
            ""
        } else {
            ", but the values are no numbers"
        };
        self.guesses.push(guess + note);
        labels
    }

    /// The labels of the name that the user gives: a database, or the start or end of keys.
    fn named_labels(&self, name: &str) -> Result<Vec<i64>, LayoutError> {
        let values: Vec<Option<&[u8]>> = match self.database(name) {
            Some(tree) => self
                .read_database(tree)?
                .into_iter()
                .map(|(_, range)| Some(&self.file[range]))
                .collect(),
            None => self
                .small
                .iter()
                .filter(|(key, _)| {
                    key.starts_with(name.as_bytes()) || key.ends_with(name.as_bytes())
                })
                .map(|(_, value)| Some(*value))
                .collect(),
        };
        let fault = |reason: String| LayoutError::Foreign {
            path: self.path.to_owned(),
            reason,
            hint: "name a database, or the start or end of keys, with --labels".to_owned(),
        };
        if values.len() != self.images.len() {
            return Err(fault(format!(
                "{name:?} has {} values for {} images",
                values.len(),
                self.images.len()
            )));
        }
        labels::decode(&values)
            .ok_or_else(|| fault(format!("the values of {name:?} are no numbers")))
    }
}

/// What an image is, by how it starts.
fn encoding_of(bytes: &[u8]) -> Option<Encoding> {
    FileFormat::sniff(bytes)?.encoding()
}

fn damaged(path: &Path, error: PageError) -> LayoutError {
    LayoutError::container(path, error.offset, error.reason)
}
