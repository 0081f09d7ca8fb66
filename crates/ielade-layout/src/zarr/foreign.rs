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
    foreign::{Contents, ForeignFile, ForeignStore},
    stored::{
        FetchScratch, SampleForm, StoredSamples,
        array::{ArrayForm, Axes},
    },
};
use ielade_codec::FileFormat;
use ielade_core::{Encoding, ImageShape, ImageSpec};
use serde_json::Value;
use std::path::Path;

/// Names under which labels are kept, the likeliest first.
const LABEL_NAMES: [&str; 9] = [
    "labels",
    "label",
    "y",
    "targets",
    "target",
    "classes",
    "class",
    "cls",
    "fine_labels",
];

/// Attributes under which names of classes are kept.
const CLASS_NAMES: [&str; 4] = ["class_names", "classes", "label_names", "names"];

/// First samples that are looked at to tell what images are.
const LOOKED_AT: u32 = 16;

/// A folder with Zarr's metadata; or a zip archive that starts with such, to be refused with a hint.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    let files = [METADATA_FILE, ARRAY_FILE, GROUP_FILE];
    if path.is_dir() {
        return files.iter().any(|name| path.join(name).is_file());
    }
    is_zip(head) && {
        let first = head.get(30..).unwrap_or_default();
        let names_it = |name: &&str| {
            let name = name.as_bytes();
            first.windows(name.len()).any(|window| window == name)
        };
        path.to_string_lossy().contains(".zarr") || files.iter().any(|name| names_it(name))
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04")
}

/// Opens a group or array.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    if !file.path.is_dir() {
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: "Zarr stores in zip archives are not read".to_owned(),
            hint: "unpack it, or copy it into a folder with zarr.copy_store".to_owned(),
        });
    }
    let mut hierarchy = Hierarchy::find(file.path)?;
    let mut guesses = Vec::new();
    let images = choose_images(file, &mut hierarchy, &mut guesses)?;
    let labels = choose_labels(file, &mut hierarchy, &images, &mut guesses)?;
    let classes = labels
        .as_ref()
        .map(|labels| classes(&hierarchy, labels))
        .unwrap_or_default();
    let labels = match labels {
        Some(labels) => read_labels(labels.array, Missing::FillValue)?,
        None => Vec::new(),
    };
    let greatest = labels.iter().copied().max().unwrap_or(-1);
    // Names that are too few are names of something else.
    let classes = match usize::try_from(greatest) {
        Ok(greatest) if greatest >= classes.len() => Vec::new(),
        _ => classes,
    };
    let fault = images
        .array
        .fault("it holds more samples than can be numbered");
    let count = u32::try_from(images.array.metadata.shape[0]).map_err(|_| fault)?;
    let found = describe(images, count)?;
    Contents {
        container: super::CONTAINER.name,
        form: found.form,
        shape: found.shape,
        labels,
        count,
        classes,
        samples: found.samples,
        guesses,
    }
    .into_store(file)
}

/// An array that was chosen.
struct Chosen {
    name: String,
    array: Array,
}

/// What images are, and the images.
struct Images {
    form: SampleForm,
    shape: ImageShape,
    samples: Box<dyn StoredSamples>,
}

fn describe(images: Chosen, count: u32) -> Result<Images, LayoutError> {
    let metadata = images.array.metadata.clone();
    let path = images.array.metadata_path.clone();
    let form = array_form(&images.array);
    let samples = samples::open(images.array, Missing::FillValue)?;
    if let Some(form) = form {
        return Ok(Images {
            form: SampleForm::Array(form),
            shape: ImageShape::Fixed(form.delivered()),
            samples,
        });
    }
    let stated = metadata.attributes.get("encoding").and_then(Value::as_str);
    let stated = stated.and_then(|name| name.parse::<Encoding>().ok());
    let mut scratch = FetchScratch::default();
    let sniffed = (0..count.min(LOOKED_AT)).find_map(|index| {
        let bytes = samples.fetch(index, &mut scratch).ok()?;
        FileFormat::sniff(bytes)?.encoding()
    });
    let encoding = sniffed.or(stated.filter(|encoding| encoding.is_compressed_image()));
    let Some(encoding) = encoding else {
        return Err(LayoutError::Foreign {
            path,
            reason: format!(
                "the first {} of its samples are no images that are decoded",
                count.min(LOOKED_AT)
            ),
            hint: "name the images with --images".to_owned(),
        });
    };
    Ok(Images {
        form: SampleForm::Image(encoding),
        shape: ImageShape::Varies,
        samples,
    })
}

/// How an image lies in an array; `None` where it holds no images of one size.
fn array_form(array: &Array) -> Option<ArrayForm> {
    let metadata = &array.metadata;
    let element = metadata.data_type.element()?;
    let (height, width, channels, axes) = match metadata.shape[..] {
        [_, height, width] => (height, width, 1, Axes::Interleaved),
        [_, height, width, channels @ (1 | 3)] => (height, width, channels, Axes::Interleaved),
        [_, channels @ (1 | 3), height, width] => (height, width, channels, Axes::Planar),
        _ => return None,
    };
    let length = |length: u64| u32::try_from(length).ok().filter(|length| *length > 0);
    Some(ArrayForm {
        element,
        spec: ImageSpec {
            height: length(height)?,
            width: length(width)?,
            channels: channels as u32,
        },
        axes,
        byte_order: metadata.layers.byte_order,
    })
}

fn is_images(array: &Array) -> bool {
    let is_bytes = array.metadata.data_type == DataType::Bytes && array.metadata.shape.len() == 1;
    is_bytes || array_form(array).is_some()
}

/// Bytes that are taken for an image of variable length, to tell which array is the largest.
const USUAL_IMAGE_BYTES: usize = 16 << 10;

/// Bytes of an array's values, about.
fn weight(array: &Array) -> u128 {
    let size = match array.metadata.data_type {
        DataType::Bytes => USUAL_IMAGE_BYTES as u128,
        other => other.size() as u128,
    };
    let shape = array.metadata.shape.iter();
    shape.fold(size, |product, length| {
        product.saturating_mul(u128::from(*length))
    })
}

fn choose_images(
    file: &ForeignFile<'_>,
    hierarchy: &mut Hierarchy,
    guesses: &mut Vec<String>,
) -> Result<Chosen, LayoutError> {
    if let Some(name) = &file.names.images {
        let chosen = take(file, hierarchy, name, "images")?;
        if is_images(&chosen.array) {
            return Ok(chosen);
        }
        let metadata = &chosen.array.metadata;
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!(
                "{name:?} is {} {:?}, which are no images",
                metadata.data_type.name(),
                metadata.shape
            ),
            hint: "images have the shape (N, height, width, channels), (N, channels, height, \
                   width) or (N, height, width), or are bytes of variable length"
                .to_owned(),
        });
    }
    let readable = hierarchy.arrays.iter().enumerate();
    let best = readable
        .filter_map(|(at, listed)| Some((at, listed.array.as_ref().ok()?)))
        .filter(|(_, array)| is_images(array))
        // The first of several of the same size.
        .max_by_key(|(at, array)| (weight(array), std::cmp::Reverse(*at)))
        .map(|(at, _)| at);
    let Some(best) = best else {
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!("no array of images was found{}", listing(hierarchy)),
            hint: "name the images with --images".to_owned(),
        });
    };
    let Listed { name, array } = hierarchy.arrays.remove(best);
    guesses.push(format!("the images are {}", shown(&name)));
    Ok(Chosen {
        name,
        array: array?,
    })
}

fn shown(name: &str) -> String {
    match name {
        "" => "the array itself".to_owned(),
        name => format!("array {name:?}"),
    }
}

/// What there is, for messages.
fn listing(hierarchy: &Hierarchy) -> String {
    const MOST: usize = 20;
    let mut text = String::new();
    for listed in hierarchy.arrays.iter().take(MOST) {
        text.push_str(if text.is_empty() {
            "; there are "
        } else {
            ", "
        });
        text.push_str(&match &listed.array {
            Ok(array) => {
                let metadata = &array.metadata;
                let kind = metadata.data_type.name();
                format!("{:?} ({kind} {:?})", listed.name, metadata.shape)
            }
            Err(error) => format!("{:?} ({error})", listed.name),
        });
    }
    if hierarchy.arrays.len() > MOST {
        text.push_str(", ...");
    }
    text
}

/// The array that the user names.
fn take(
    file: &ForeignFile<'_>,
    hierarchy: &mut Hierarchy,
    name: &str,
    what: &str,
) -> Result<Chosen, LayoutError> {
    let wanted = name.trim_matches('/');
    let found = hierarchy
        .arrays
        .iter()
        .position(|listed| listed.name == wanted);
    let Some(found) = found else {
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: format!("there is no array {name:?}{}", listing(hierarchy)),
            hint: format!("name one of them with --{what}"),
        });
    };
    let Listed { name, array } = hierarchy.arrays.remove(found);
    Ok(Chosen {
        name,
        array: array?,
    })
}

fn choose_labels(
    file: &ForeignFile<'_>,
    hierarchy: &mut Hierarchy,
    images: &Chosen,
    guesses: &mut Vec<String>,
) -> Result<Option<Chosen>, LayoutError> {
    if let Some(name) = &file.names.labels {
        return take(file, hierarchy, name, "labels").map(Some);
    }
    let count = images.array.metadata.shape[0];
    let fits = |array: &Array| {
        array.metadata.data_type.is_integer()
            && matches!(array.metadata.shape[..], [length] | [length, 1] if length == count)
    };
    let group = parent(&images.name);
    let fitting: Vec<&str> = hierarchy
        .arrays
        .iter()
        .filter(|listed| listed.array.as_ref().is_ok_and(fits))
        .map(|listed| &listed.name[..])
        .collect();
    // Of the same group before others, by name; any other only where there is no choice.
    let known = fitting
        .iter()
        .filter_map(|name| {
            let last = name.rsplit('/').next()?.to_lowercase();
            let rank = LABEL_NAMES.iter().position(|known| *known == last)?;
            Some(((parent(name) != group, rank), *name))
        })
        .min();
    let name = match (known, &fitting[..]) {
        (Some((_, name)), _) => name.to_owned(),
        (None, [only]) => (*only).to_owned(),
        _ => return Ok(None),
    };
    guesses.push(format!("the labels are {}", shown(&name)));
    take(file, hierarchy, &name, "labels").map(Some)
}

/// The group that an array is in.
fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Names of classes among the attributes of the labels, or of the groups around them.
fn classes(hierarchy: &Hierarchy, labels: &Chosen) -> Vec<String> {
    let group = parent(&labels.name);
    let groups = hierarchy.groups.iter();
    let around = groups.filter(|(name, _)| name == group || name.is_empty());
    std::iter::once(&labels.array.metadata.attributes)
        .chain(around.map(|(_, attributes)| attributes))
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
