//! Files that others made: opened without a manifest.
//!
//! A container that recognises a file finds out what it holds, takes the names of images and
//! labels that the user gives, or guesses them, and says what it guessed. What a manifest would
//! tell and the file does not (the mean and deviation of the channels, names of classes) is left
//! plain: pixels are only scaled to 0..1, classes are numbered.

pub(crate) mod arrays;

use crate::{
    LayoutError, LayoutReader, StoreFolder, open_store, registry,
    store::{MANIFEST_FILE, manifest_of},
    stored::{SampleForm, StoreReader, StoredSamples, labels::Labels},
};
use ielade_core::{
    Encoding, ForeignNames, ImageShape, LayoutId, Manifest, Normalisation, OrientationRule, Split,
    manifest::{DataFile, FORMAT_VERSION, Provenance},
    sample::NO_LABEL,
};
use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

/// Bytes at the start of a file that are shown to the containers.
const HEAD_BYTES: u64 = 4096;

/// Most classes that a file without class names may have; its labels are numbers only.
const MAX_CLASSES: i64 = 1 << 20;

/// A file that others made, to be opened.
#[derive(Debug, Clone, Copy)]
pub struct ForeignFile<'a> {
    /// The file or folder.
    pub path: &'a Path,
    /// What the user says of it.
    pub names: &'a ForeignNames,
}

/// A store or foreign file, opened.
pub struct ForeignStore {
    /// Reads it.
    pub reader: Box<dyn LayoutReader>,
    /// What was guessed of it, one sentence each; nothing of a store.
    pub guesses: Vec<String>,
}

impl std::fmt::Debug for ForeignStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignStore")
            .field("layout", &self.reader.manifest().layout)
            .field("guesses", &self.guesses)
            .finish_non_exhaustive()
    }
}

/// Opens a store by its manifest, or a file that others made by what it turns out to be.
///
/// # Errors
/// Where no container recognises it, or it cannot be read.
pub fn open_any(path: &Path, names: &ForeignNames) -> Result<ForeignStore, LayoutError> {
    if path.join(MANIFEST_FILE).is_file() {
        return Ok(ForeignStore {
            reader: open_store(path)?,
            guesses: Vec::new(),
        });
    }
    let Some(found) = recognise(path)? else {
        let foreign = registry::CONTAINERS.iter().filter(|c| c.foreign.is_some());
        let known: Vec<&str> = foreign.map(|container| container.name).collect();
        return Err(LayoutError::UnknownFile {
            path: path.to_owned(),
            reason: "it has no manifest.json, and no container recognises it".to_owned(),
            known: known.join(", "),
        });
    };
    (found.open)(&ForeignFile { path, names })
}

/// Whether a path is a store, or a file or folder that a container recognises.
///
/// # Errors
/// Where it cannot be opened.
pub fn is_recognised(path: &Path) -> Result<bool, LayoutError> {
    Ok(path.join(MANIFEST_FILE).is_file() || recognise(path)?.is_some())
}

fn recognise(path: &Path) -> Result<Option<registry::Foreign>, LayoutError> {
    let head = head(path)?;
    let mut foreign = registry::CONTAINERS.iter().filter_map(|c| c.foreign);
    Ok(foreign.find(|foreign| (foreign.recognises)(path, &head)))
}

/// The first bytes of a file; none of a folder.
fn head(path: &Path) -> Result<Vec<u8>, LayoutError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(LayoutError::io("open", path))?;
    if path.is_file() {
        file.take(HEAD_BYTES)
            .read_to_end(&mut head)
            .map_err(LayoutError::io("read", path))?;
    }
    Ok(head)
}

/// The files that are read of a store or foreign file, for the page cache.
pub(crate) fn files_of(path: &Path) -> Result<Vec<PathBuf>, LayoutError> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    crate::digest::files_below(path)
}

/// What a container found in a foreign file.
pub(crate) struct Contents<S> {
    pub(crate) container: &'static str,
    pub(crate) form: SampleForm,
    pub(crate) shape: ImageShape,
    /// One a sample; -1 for none. Empty where the file has no labels at all.
    pub(crate) labels: Vec<i64>,
    pub(crate) count: u32,
    /// Empty where the file does not tell them.
    pub(crate) classes: Vec<String>,
    pub(crate) samples: S,
    pub(crate) guesses: Vec<String>,
}

impl<S: StoredSamples + 'static> Contents<S> {
    /// A reader with a manifest that tells what is known.
    pub(crate) fn into_store(self, file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
        let path = file.path;
        let mut guesses = self.guesses;
        if self.count == 0 || self.count == u32::MAX {
            return Err(LayoutError::Foreign {
                path: path.to_owned(),
                reason: format!("it holds {} samples", self.count),
                hint: "name the images with --images".to_owned(),
            });
        }
        let labels = if self.labels.is_empty() {
            guesses.push("no labels were found; every sample has none".to_owned());
            vec![NO_LABEL; self.count as usize]
        } else {
            self.labels
        };
        let classes = if self.classes.is_empty() {
            numbered_classes(&labels, path)?
        } else {
            self.classes
        };
        let labels = Labels::check(labels, self.count, classes.len(), path)?;
        let encoding = match self.form {
            SampleForm::Image(encoding) => encoding,
            SampleForm::Array(form) => Encoding::Raw(form.element),
        };
        let manifest = manifest(
            path,
            self.container,
            encoding,
            self.shape,
            self.count,
            classes,
        )?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let store = StoreFolder::new(folder, manifest);
        Ok(ForeignStore {
            reader: Box::new(StoreReader::new(store, self.form, labels, self.samples)),
            guesses,
        })
    }
}

/// `0`, `1`, ... up to the greatest label.
fn numbered_classes(labels: &[i64], path: &Path) -> Result<Vec<String>, LayoutError> {
    let greatest = labels.iter().copied().max().unwrap_or(NO_LABEL);
    if greatest >= MAX_CLASSES {
        return Err(LayoutError::Foreign {
            path: path.to_owned(),
            reason: format!("label {greatest} is too great to be a class"),
            hint: "name the labels with --labels".to_owned(),
        });
    }
    Ok((0..=greatest).map(|class| class.to_string()).collect())
}

fn manifest(
    path: &Path,
    container: &str,
    encoding: Encoding,
    shape: ImageShape,
    count: u32,
    classes: Vec<String>,
) -> Result<Manifest, LayoutError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut bytes = 0;
    for file in files_of(path)? {
        bytes += file
            .metadata()
            .map_err(LayoutError::io("read", &file))?
            .len();
    }
    let manifest = Manifest {
        format_version: FORMAT_VERSION,
        data_set: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        split: Split::Train,
        layout: LayoutId::new(container, encoding),
        shape,
        count,
        classes,
        normalisation: Normalisation::identity(ielade_codec::CHANNELS as u32),
        resized_to: None,
        orientation: OrientationRule::Apply,
        decoder: ielade_codec::DECODER.to_owned(),
        source_digest: String::new(),
        files: vec![DataFile {
            path: name.into_owned(),
            bytes,
            blake3: String::new(),
        }],
        made: Provenance {
            program: "not made by ielade".to_owned(),
            at: String::new(),
            seconds: 0.0,
            source: path.display().to_string(),
        },
    };
    manifest_of(manifest, path)
}
