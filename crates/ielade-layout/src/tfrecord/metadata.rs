//! What lies beside the shards so that TensorFlow Datasets reads the folder by itself
//! (`tfds.builder_from_directory`), and what is read of it where others made it.
//!
//! The files are those of `tensorflow_datasets/core/{dataset_info,features}`; the messages are
//! described in its `core/proto/{dataset_info,feature}.proto`.

use super::{ID, IMAGE, LABEL, dtype_of, element_of};
use crate::{LayoutError, sharded::ArrayType};
use ielade_core::{Element, Encoding};
use serde_json::{Value, json};
use std::{fs::File, io::Read, path::Path};

const FEATURES_FILE: &str = "features.json";

/// Bytes that a file of metadata may have.
const MAX_BYTES: u64 = 16 << 20;

const FEATURES: &str = "tensorflow_datasets.core.features";

/// Name and content of a file.
type Described = (&'static str, String);

fn pretty(name: &'static str, value: &Value) -> Described {
    (name, format!("{value:#}\n"))
}

/// The shards and how many samples each of them holds, as the one split `samples`.
pub(super) fn dataset_info(samples: &[u32]) -> Described {
    let lengths: Vec<String> = samples.iter().map(u32::to_string).collect();
    let info = json!({
        "name": "images",
        "version": "1.0.0",
        "fileFormat": "tfrecord",
        "splits": [{
            "name": "samples",
            "filepathTemplate": "{DATASET}-{SHARD_X_OF_Y}.{FILEFORMAT}",
            "shardLengths": lengths,
        }],
        "supervisedKeys": {
            "tuple": { "items": [{ "featureKey": IMAGE }, { "featureKey": LABEL }] },
        },
    });
    pretty("dataset_info.json", &info)
}

/// The features of a record.
pub(super) fn features(encoding: Encoding, array: Option<ArrayType>, classes: usize) -> Described {
    let features = json!({
        "pythonClassName": format!("{FEATURES}.features_dict.FeaturesDict"),
        "featuresDict": { "features": {
            ID: text(),
            IMAGE: match array {
                Some(array) => tensor(array),
                None => image(encoding),
            },
            LABEL: {
                "pythonClassName": format!("{FEATURES}.class_label_feature.ClassLabel"),
                "classLabel": { "numClasses": classes.to_string() },
            },
        } },
    });
    pretty(FEATURES_FILE, &features)
}

fn text() -> Value {
    json!({ "pythonClassName": format!("{FEATURES}.text_feature.Text"), "text": {} })
}

fn tensor(array: ArrayType) -> Value {
    json!({
        "pythonClassName": format!("{FEATURES}.tensor_feature.Tensor"),
        "tensor": {
            "dtype": dtype_of(array.element),
            "encoding": "bytes",
            "shape": { "dimensions": array.dimensions.map(|length| length.to_string()) },
        },
    })
}

/// An image where TensorFlow decodes such; its bytes otherwise.
fn image(encoding: Encoding) -> Value {
    let format = match encoding {
        Encoding::Jpeg | Encoding::Png => Some(encoding.name()),
        Encoding::Bmp => None,
        _ => return text(),
    };
    let mut image = json!({
        "dtype": "uint8",
        "shape": { "dimensions": ["-1", "-1", "3"] },
    });
    if let Some(format) = format {
        image["encodingFormat"] = format.into();
    }
    json!({
        "pythonClassName": format!("{FEATURES}.image_feature.Image"),
        "image": image,
    })
}

/// The names of the classes, one a line.
pub(super) fn class_names(classes: &[String]) -> Described {
    let mut lines = String::new();
    for class in classes {
        lines.push_str(&class.replace(['\n', '\r'], " "));
        lines.push('\n');
    }
    ("label.labels.txt", lines)
}

/// What a folder's `features.json` says of an array: its element type and dimensions, where it says
/// both.
pub(super) fn array_of_feature(
    folder: &Path,
    feature: &str,
) -> Result<Option<(Element, Vec<u64>)>, LayoutError> {
    let path = folder.join(FEATURES_FILE);
    let Some(content) = read(&path)? else {
        return Ok(None);
    };
    let value: Value = serde_json::from_str(&content)
        .map_err(|error| LayoutError::table(&path, error.line() as u64, error.to_string()))?;
    let tensor = &value["featuresDict"]["features"][feature]["tensor"];
    let dtype = tensor["dtype"].as_str().and_then(element_of);
    let dimensions = tensor["shape"]["dimensions"].as_array().map(|lengths| {
        let lengths = lengths.iter().map(|length| length.as_str()?.parse().ok());
        lengths.collect::<Option<Vec<u64>>>()
    });
    Ok(dtype.zip(dimensions.flatten()))
}

/// The names of the classes of a folder's labels, where they are there.
pub(super) fn class_names_of(folder: &Path, label: &str) -> Result<Vec<String>, LayoutError> {
    let path = folder.join(format!("{}.labels.txt", label.replace('/', "-")));
    let content = read(&path)?.unwrap_or_default();
    Ok(content.lines().map(str::to_owned).collect())
}

/// A small text file; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, LayoutError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LayoutError::io("open", path)(error)),
    };
    let mut content = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(LayoutError::io("read", path))?;
    if content.len() as u64 > MAX_BYTES {
        return Err(LayoutError::table(path, 1, "it is too long"));
    }
    match String::from_utf8(content) {
        Ok(content) => Ok(Some(content)),
        Err(_) => Err(LayoutError::table(path, 1, "it is not UTF-8")),
    }
}
