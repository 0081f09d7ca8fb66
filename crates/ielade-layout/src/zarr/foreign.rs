//! Zarr groups and arrays that others made.

use super::{
    array::Array,
    chunks::Missing,
    data_type::DataType,
    hierarchy::{ARRAY_FILE, GROUP_FILE, Hierarchy, Listed, METADATA_FILE},
    metadata::Attributes,
    samples::{self, read_labels},
};
use crate::{
    LayoutError,
    foreign::{
        Contents, ForeignFile, ForeignStore,
        arrays::{self, ArrayEntry, CLASS_NAMES, Scalar},
    },
    stored::{FetchScratch, SampleForm, StoredSamples, array::ArrayForm},
};
use ielade_codec::FileFormat;
use ielade_core::{Encoding, ImageShape};
use serde_json::Value;
use std::path::Path;

/// First samples that are looked at to tell what images are.
const LOOKED_AT: u32 = 16;

/// Arrays that are not read and told of, at most.
const MOST_UNREAD: usize = 10;

/// Most samples of a file that others made. Chunks need not be there, so nothing else bounds what
/// their labels would take.
const MAX_SAMPLES: u32 = 1 << 26;

/// A folder with Zarr's metadata; or a zip archive of such, to be refused with a hint.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    let files = [METADATA_FILE, ARRAY_FILE, GROUP_FILE];
    if path.is_dir() {
        return files.iter().any(|name| path.join(name).is_file());
    }
    let names = |name: &str| {
        head.windows(name.len())
            .any(|window| window == name.as_bytes())
    };
    head.starts_with(b"PK\x03\x04") && files.into_iter().any(names)
}

/// Opens a group or array.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    if !file.path.is_dir() {
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: "a Zarr store in a zip archive is not read".to_owned(),
            hint: "unpack it, and open the folder".to_owned(),
        });
    }
    let Hierarchy { mut arrays, groups } = Hierarchy::find(file.path)?;
    // An array that is the folder itself has no name of its own.
    for listed in arrays.iter_mut().filter(|listed| listed.name.is_empty()) {
        let name = file.path.file_stem().unwrap_or_default();
        listed.name = name.to_string_lossy().into_owned();
    }
    let entries: Vec<ArrayEntry> = arrays.iter().map(entry).collect();
    let mut guesses = Vec::new();
    let lists: Vec<Option<u32>> = arrays.iter().map(list_of_bytes).collect();
    let chosen = arrays::choose_any(&entries, &lists, file, &mut guesses)?;
    let unread = arrays.iter().filter_map(|listed| {
        let error = listed.array.as_ref().err()?;
        Some(format!("array {:?} is not read: {error}", listed.name))
    });
    guesses.extend(unread.take(MOST_UNREAD));
    if chosen.count > MAX_SAMPLES {
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!(
                "{} has more than {MAX_SAMPLES} samples",
                entries[chosen.images].describe()
            ),
            hint: "name another array with --images".to_owned(),
        });
    }
    let labels = match chosen.labels {
        Some(at) => arrays[at].array.as_ref().ok().cloned(),
        None => None,
    };
    let classes = chosen
        .labels
        .map(|at| classes(&arrays[at], &groups))
        .unwrap_or_default();
    let labels = match labels {
        Some(labels) => read_labels(labels, Missing::FillValue)?,
        None => Vec::new(),
    };
    // Names that are too few are names of something else.
    let greatest = labels.iter().copied().max().unwrap_or(-1);
    let are_enough = usize::try_from(greatest).is_ok_and(|greatest| greatest < classes.len());
    let images = arrays.swap_remove(chosen.images).array?;
    let found = describe(images, chosen.form, chosen.count)?;
    Contents {
        container: super::CONTAINER.name,
        form: found.form,
        shape: found.shape,
        labels,
        count: chosen.count,
        classes: if are_enough { classes } else { Vec::new() },
        samples: found.samples,
        guesses,
    }
    .into_store(file)
}

/// What an array is, for guessing.
fn entry(listed: &Listed) -> ArrayEntry {
    let (name, element, integer, shape) = match &listed.array {
        Ok(array) => {
            let kind = array.metadata.data_type;
            let shape = array.metadata.shape.clone();
            (
                kind.name().to_owned(),
                kind.element(),
                kind.integer(),
                shape,
            )
        }
        // One that is not read does not hide the others.
        Err(error) => (error.to_string(), None, None, Vec::new()),
    };
    ArrayEntry {
        name: listed.name.clone(),
        scalar: Scalar {
            name,
            element,
            integer,
        },
        shape,
    }
}

/// The length of a list of bytes of variable length.
fn list_of_bytes(listed: &Listed) -> Option<u32> {
    let metadata = &listed.array.as_ref().ok()?.metadata;
    match metadata.shape[..] {
        [length] if metadata.data_type == DataType::Bytes => u32::try_from(length).ok(),
        _ => None,
    }
}

/// What images are, and the images.
struct Images {
    form: SampleForm,
    shape: ImageShape,
    samples: Box<dyn StoredSamples>,
}

fn describe(images: Array, form: Option<ArrayForm>, count: u32) -> Result<Images, LayoutError> {
    if let Some(form) = form {
        let form = ArrayForm {
            byte_order: images.metadata.layers.byte_order,
            ..form
        };
        return Ok(Images {
            form: SampleForm::Array(form),
            shape: ImageShape::Fixed(form.delivered()),
            samples: samples::open(images, Missing::FillValue)?,
        });
    }
    let path = images.metadata_path.clone();
    let stated = images.metadata.attributes.get("encoding");
    let stated = stated
        .and_then(Value::as_str)
        .and_then(|name| name.parse::<Encoding>().ok());
    let samples = samples::open(images, Missing::FillValue)?;
    let mut scratch = FetchScratch::default();
    let looked_at = count.min(LOOKED_AT);
    let sniffed = (0..looked_at).find_map(|index| {
        let bytes = samples.fetch(index, &mut scratch).ok()?;
        FileFormat::sniff(bytes)?.encoding()
    });
    let stated = stated.filter(|encoding| encoding.is_compressed_image());
    let Some(encoding) = sniffed.or(stated) else {
        return Err(LayoutError::Foreign {
            path,
            reason: format!("the first {looked_at} of its samples are no images that are decoded"),
            hint: "name another array with --images".to_owned(),
        });
    };
    Ok(Images {
        form: SampleForm::Image(encoding),
        shape: ImageShape::Varies,
        samples,
    })
}

/// Names of classes among the attributes of the labels, or of the groups around them.
fn classes(labels: &Listed, groups: &[(String, Attributes)]) -> Vec<String> {
    let group = labels.name.rsplit_once('/').map_or("", |(group, _)| group);
    let own = labels.array.as_ref().ok();
    let own = own.map(|array| &array.metadata.attributes);
    let around = groups
        .iter()
        .filter(|(name, _)| name == group || name.is_empty())
        .map(|(_, attributes)| attributes);
    own.into_iter()
        .chain(around)
        .find_map(class_names)
        .unwrap_or_default()
}

fn class_names(attributes: &Attributes) -> Option<Vec<String>> {
    CLASS_NAMES.iter().find_map(|key| {
        let list = attributes.get(*key)?.as_array()?;
        let name = |value: &Value| value.as_str().map(str::to_owned);
        list.iter().map(name).collect()
    })
}
