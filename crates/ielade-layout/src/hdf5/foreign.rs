//! HDF5 files that others made.

use super::{
    CONTAINER,
    attributes::{TextAttribute, Texts, is_text},
    cursor::Source,
    dataset::Dataset,
    datatype::Kind,
    hierarchy::{File, Hierarchy, Listed},
    reader::read_labels,
    samples::{self, for_each_value},
    superblock,
};
use crate::{
    LayoutError,
    columns::first_images,
    foreign::{
        Contents, ForeignFile, ForeignStore,
        arrays::{self, ArrayEntry, CLASS_NAMES, Scalar},
    },
    mapped::MappedFile,
    stored::{SampleForm, array::ArrayForm},
};
use ielade_core::ImageShape;
use std::path::Path;

/// Datasets that are not read and told of, at most.
const MOST_UNREAD: usize = 10;

/// Whether a file is an HDF5 file, also behind a block that is the user's.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    if superblock::find(head).is_some() {
        return true;
    }
    // A long block of the user's reaches beyond the head.
    path.is_file()
        && MappedFile::open(path).is_ok_and(|map| superblock::find(map.bytes()).is_some())
}

/// Opens a file.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let hdf5 = File::open(file.path)?;
    let Hierarchy {
        mut datasets,
        groups,
    } = hdf5.hierarchy()?;
    let entries: Vec<ArrayEntry> = datasets.iter().map(entry).collect();
    let lists: Vec<Option<u32>> = datasets.iter().map(list_of_bytes).collect();
    let mut guesses = Vec::new();
    let chosen = arrays::choose_any(&entries, &lists, file, &mut guesses)?;
    let unread = datasets.iter().filter_map(|listed| {
        let fault = listed.dataset.as_ref().err()?;
        let (name, offset) = (&listed.name, fault.offset);
        let reason = &fault.reason;
        Some(format!(
            "dataset {name:?} is not read: byte {offset}: {reason}"
        ))
    });
    guesses.extend(unread.take(MOST_UNREAD));
    let labels = match chosen.labels.map(|at| &datasets[at]) {
        Some(Listed {
            dataset: Ok(dataset),
            ..
        }) => read_labels(&hdf5, dataset).map_err(|fault| hdf5.fault(fault))?,
        _ => Vec::new(),
    };
    let images_and_labels = [Some(chosen.images), chosen.labels];
    let around = Around {
        file: &hdf5,
        datasets: &datasets,
        groups: &groups,
    };
    let classes = around.classes(images_and_labels.into_iter().flatten().rev());
    // Names that are too few are names of something else.
    let greatest = labels.iter().copied().max().unwrap_or(-1);
    let are_enough = usize::try_from(greatest).is_ok_and(|greatest| greatest < classes.len());
    let images = datasets.swap_remove(chosen.images).dataset;
    let images = images.map_err(|fault| hdf5.fault(fault))?;
    let byte_order = images.datatype.byte_order;
    let samples = samples::open(hdf5, &images)?;
    let (form, shape) = if let Some(form) = chosen.form {
        let form = ArrayForm { byte_order, ..form };
        let shape = ImageShape::Fixed(form.delivered());
        (SampleForm::Array(form), shape)
    } else {
        let (encoding, shape) =
            first_images::describe(samples.as_ref(), chosen.count, file.path, &mut guesses)?;
        (SampleForm::Image(encoding), shape)
    };
    Contents {
        container: CONTAINER.name,
        form,
        shape,
        labels,
        count: chosen.count,
        classes: if are_enough { classes } else { Vec::new() },
        samples,
        guesses,
    }
    .into_store(file)
}

/// What a dataset is, for guessing.
fn entry(listed: &Listed) -> ArrayEntry {
    let (scalar, shape) = match &listed.dataset {
        Ok(dataset) => (
            Scalar {
                name: dataset.datatype.name(),
                element: dataset.datatype.element(),
                integer: dataset.datatype.integer(),
            },
            dataset.shape(),
        ),
        // One that is not read does not hide the others.
        Err(fault) => (
            Scalar {
                name: format!("byte {}: {}", fault.offset, fault.reason),
                element: None,
                integer: None,
            },
            Vec::new(),
        ),
    };
    ArrayEntry {
        name: listed.name.clone(),
        scalar,
        shape,
    }
}

/// The length of a list of bytes of variable length.
fn list_of_bytes(listed: &Listed) -> Option<u32> {
    let dataset = listed.dataset.as_ref().ok()?;
    match dataset.shape()[..] {
        [length] if dataset.datatype.kind == Kind::VariableBytes => u32::try_from(length).ok(),
        _ => None,
    }
}

/// Where names of classes may be.
struct Around<'a> {
    file: &'a File,
    datasets: &'a [Listed],
    groups: &'a [(String, Vec<TextAttribute>)],
}

impl Around<'_> {
    /// Names of classes among the attributes of these datasets, of the groups around them, or in
    /// a dataset beside them.
    fn classes(&self, of: impl Iterator<Item = usize>) -> Vec<String> {
        for at in of {
            let listed = &self.datasets[at];
            let group = listed.name.rsplit_once('/').map_or("", |(group, _)| group);
            let around = self
                .groups
                .iter()
                .filter(|(name, _)| name == group || name.is_empty())
                .map(|(_, attributes)| attributes);
            let mut attributes = std::iter::once(&listed.attributes).chain(around);
            let found = attributes
                .find_map(|attributes| class_names(attributes))
                .or_else(|| self.dataset(group))
                .or_else(|| self.dataset(""));
            if let Some(found) = found {
                return found;
            }
        }
        Vec::new()
    }

    /// The texts of a dataset of a group that is called as names of classes are.
    fn dataset(&self, group: &str) -> Option<Vec<String>> {
        CLASS_NAMES.iter().find_map(|name| {
            let wanted = if group.is_empty() {
                (*name).to_owned()
            } else {
                format!("{group}/{name}")
            };
            let listed = self.datasets.iter().find(|listed| listed.name == wanted)?;
            read_texts(self.file, listed.dataset.as_ref().ok()?)
        })
    }
}

fn class_names(attributes: &[TextAttribute]) -> Option<Vec<String>> {
    CLASS_NAMES.iter().find_map(|name| {
        let found = attributes
            .iter()
            .find(|attribute| attribute.name == *name)?;
        Some(found.texts.clone())
    })
}

/// The texts of a dataset; `None` where it holds none, or they cannot be read.
fn read_texts(file: &File, dataset: &Dataset) -> Option<Vec<String>> {
    let shape = dataset.shape();
    let [count] = shape[..] else {
        return None;
    };
    if !is_text(&dataset.datatype) {
        return None;
    }
    let mut texts = Texts::new(file.source());
    let mut found = Vec::new();
    let read = for_each_value(file, dataset, &mut |bytes| {
        let value = Source {
            bytes,
            base: 0,
            ..file.source()
        };
        if (found.len() as u64) < count {
            found.push(texts.read(&dataset.datatype, value.from(0)?)?);
        }
        Ok(())
    });
    read.ok()?;
    Some(found)
}
