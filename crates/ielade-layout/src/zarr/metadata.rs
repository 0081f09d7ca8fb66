//! `zarr.json` of Zarr v3 (<https://zarr-specs.readthedocs.io/en/latest/v3/core/>) and `.zarray` of
//! Zarr v2 (<https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html>), as far as images and labels
//! need them.

mod codecs;
mod version_2;

pub(crate) use version_2::parse_version_2;

use super::{data_type::DataType, grid::ChunkKeys, packing::Packing};
use crate::stored::{array::ByteOrder, gather::MAX_DIMENSIONS};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Bytes that a metadata document may have; one with 21,841 class names has about 1 MB.
pub(crate) const MAX_METADATA_BYTES: u64 = 8 << 20;

/// What the user has written beside an array or group.
pub(crate) type Attributes = Map<String, Value>;

/// A group or an array.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Group(Attributes),
    Array(Box<ArrayMetadata>),
}

/// What an array is and how it lies on disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ArrayMetadata {
    pub(crate) data_type: DataType,
    /// Length of each dimension.
    pub(crate) shape: Vec<u64>,
    /// Shape of what is unpacked together; at least 1 in each dimension.
    pub(crate) chunk: Vec<u64>,
    /// How several chunks lie in one file, where they do.
    pub(crate) sharding: Option<Sharding>,
    pub(crate) keys: ChunkKeys,
    pub(crate) layers: Layers,
    /// One value as it would lie in a chunk, for chunks that are not there.
    pub(crate) fill: Vec<u8>,
    pub(crate) attributes: Attributes,
}

/// How a chunk's values became bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layers {
    /// Which dimension of the array each dimension of the stored chunk is.
    pub(crate) order: Vec<usize>,
    pub(crate) byte_order: ByteOrder,
    /// What was done to the bytes, in this order.
    pub(crate) packings: Vec<Packing>,
}

impl Layers {
    /// Whether values lie in the array's own order.
    pub(crate) fn is_in_order(&self) -> bool {
        self.order.iter().copied().eq(0..self.order.len())
    }
}

/// How chunks lie in a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sharding {
    /// Chunks of a shard in each dimension.
    pub(crate) chunks: Vec<u64>,
    /// Whether the index is at the start of the shard and not at its end.
    pub(crate) index_first: bool,
    /// Whether a CRC32C follows the index.
    pub(crate) index_checked: bool,
    pub(crate) index_byte_order: ByteOrder,
}

/// Why a metadata document was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub(crate) struct MetadataError {
    /// Where in the document.
    pub(crate) offset: usize,
    pub(crate) reason: String,
}

impl MetadataError {
    /// What is wrong with the value of a key.
    fn at_key(document: &[u8], key: &str, reason: impl Into<String>) -> Self {
        let quoted = format!("\"{key}\"");
        let offset = document
            .windows(quoted.len())
            .position(|window| window == quoted.as_bytes());
        Self {
            offset: offset.unwrap_or(0),
            reason: reason.into(),
        }
    }

    fn of_json(document: &[u8], error: &serde_json::Error) -> Self {
        let lines = document.split_inclusive(|byte| *byte == b'\n');
        let before: usize = lines
            .take(error.line().saturating_sub(1))
            .map(<[u8]>::len)
            .sum();
        Self {
            offset: (before + error.column().saturating_sub(1)).min(document.len()),
            reason: error.to_string(),
        }
    }
}

/// A name with its configuration, or the name alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Extension {
    Name(String),
    Configured {
        name: String,
        #[serde(default)]
        configuration: Map<String, Value>,
    },
}

impl Extension {
    fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Configured { name, .. } => name,
        }
    }

    fn value(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Name(_) => None,
            Self::Configured { configuration, .. } => configuration.get(key),
        }
    }

    /// A list of lengths.
    fn lengths(&self, key: &str) -> Option<Vec<u64>> {
        let list = self.value(key)?.as_array()?;
        list.iter().map(Value::as_u64).collect()
    }
}

#[derive(Deserialize)]
struct Document {
    zarr_format: u64,
    node_type: String,
    #[serde(default)]
    shape: Vec<u64>,
    data_type: Option<Extension>,
    chunk_grid: Option<Extension>,
    chunk_key_encoding: Option<Extension>,
    fill_value: Option<Value>,
    #[serde(default)]
    codecs: Vec<Extension>,
    #[serde(default)]
    attributes: Attributes,
    #[serde(default)]
    storage_transformers: Vec<Value>,
    #[serde(default, rename = "dimension_names")]
    _dimension_names: IgnoredAny,
    #[serde(default, rename = "consolidated_metadata")]
    _consolidated_metadata: IgnoredAny,
    #[serde(flatten)]
    further: BTreeMap<String, Value>,
}

/// A fault of the value of a key.
type Fault = (&'static str, String);

fn fault<T>(key: &'static str, reason: impl Into<String>) -> Result<T, Fault> {
    Err((key, reason.into()))
}

/// Reads `zarr.json`. Trusts nothing in it.
///
/// # Errors
/// Where it is not such a document, or one of an array that is not read here.
pub(crate) fn parse(json: &[u8]) -> Result<Node, MetadataError> {
    let document: Document =
        serde_json::from_slice(json).map_err(|error| MetadataError::of_json(json, &error))?;
    node(document).map_err(|(key, reason)| MetadataError::at_key(json, key, reason))
}

fn node(document: Document) -> Result<Node, Fault> {
    if document.zarr_format != 3 {
        let found = document.zarr_format;
        return fault("zarr_format", format!("format {found} where 3 belongs"));
    }
    let optional = |value: &Value| value.get("must_understand") == Some(&Value::Bool(false));
    if let Some((key, _)) = document.further.iter().find(|(_, value)| !optional(value)) {
        return fault("node_type", format!("key {key:?} is not known"));
    }
    match document.node_type.as_str() {
        "group" => Ok(Node::Group(document.attributes)),
        "array" => Ok(Node::Array(Box::new(array(document)?))),
        other => fault("node_type", format!("a node of type {other:?}")),
    }
}

fn array(document: Document) -> Result<ArrayMetadata, Fault> {
    let name = match &document.data_type {
        Some(kind) => kind.name(),
        None => return fault("data_type", "the data type is missing"),
    };
    let Some(mut data_type) = DataType::of_name(name) else {
        return fault("data_type", format!("data type {name:?} is not read"));
    };
    if !document.storage_transformers.is_empty() {
        return fault("storage_transformers", "storage transformers are not read");
    }
    let shape = document.shape;
    check_shape(&shape)?;
    let file = file_shape(document.chunk_grid.as_ref())?;
    check_chunk("chunk_grid", &file, &shape)?;
    let keys = keys(document.chunk_key_encoding.as_ref())?;
    let (layers, sharding) = codecs::parse(&document.codecs, data_type, &file)?;
    let (chunk, sharding) = match sharding {
        Some((chunk, sharding)) => (chunk, Some(sharding)),
        None => (file, None),
    };
    let fill = data_type.fill(document.fill_value.as_ref(), layers.byte_order);
    let Some(fill) = fill else {
        return fault("fill_value", format!("no value of {name}"));
    };
    if data_type == DataType::Unsigned(2) && is_bfloat16(&document.attributes) {
        data_type = DataType::Bfloat16;
    }
    Ok(ArrayMetadata {
        data_type,
        shape,
        chunk,
        sharding,
        keys,
        layers,
        fill,
        attributes: document.attributes,
    })
}

/// Attribute that says which type of `ml_dtypes` the values are, for types that Zarr lacks.
pub(crate) const ML_DTYPES: &str = "ml_dtypes";

/// The type of `ml_dtypes` that is written so.
pub(crate) const BFLOAT16: &str = "bfloat16";

fn is_bfloat16(attributes: &Attributes) -> bool {
    attributes.get(ML_DTYPES).and_then(Value::as_str) == Some(BFLOAT16)
}

fn check_shape(shape: &[u64]) -> Result<(), Fault> {
    if shape.len() > MAX_DIMENSIONS {
        let most = format!("more than {MAX_DIMENSIONS} dimensions are not read");
        return fault("shape", most);
    }
    Ok(())
}

fn check_chunk(key: &'static str, chunk: &[u64], of: &[u64]) -> Result<(), Fault> {
    if chunk.len() != of.len() {
        let (found, expected) = (chunk.len(), of.len());
        return fault(key, format!("{found} dimensions where {expected} belong"));
    }
    if chunk.contains(&0) {
        return fault(key, "a chunk of no length");
    }
    Ok(())
}

fn file_shape(grid: Option<&Extension>) -> Result<Vec<u64>, Fault> {
    match grid {
        Some(grid) if grid.name() == "regular" => match grid.lengths("chunk_shape") {
            Some(shape) => Ok(shape),
            None => fault("chunk_shape", "the chunk's shape is no list of lengths"),
        },
        Some(grid) => fault(
            "chunk_grid",
            format!("chunk grid {:?} is not read, only \"regular\"", grid.name()),
        ),
        None => fault("chunk_grid", "the chunk grid is missing"),
    }
}

fn keys(encoding: Option<&Extension>) -> Result<ChunkKeys, Fault> {
    const KEY: &str = "chunk_key_encoding";
    let Some(encoding) = encoding else {
        return fault(KEY, "the chunk key encoding is missing");
    };
    let (is_default, usual) = match encoding.name() {
        "default" => (true, "/"),
        "v2" => (false, "."),
        other => return fault(KEY, format!("chunk key encoding {other:?} is not known")),
    };
    let separator = match encoding.value("separator") {
        None => Some(usual),
        Some(separator) => separator.as_str(),
    };
    match separator.and_then(separator_byte) {
        Some(separator) => Ok(ChunkKeys {
            has_prefix: is_default,
            separator,
        }),
        None => fault(KEY, "a separator other than \"/\" and \".\""),
    }
}

/// Only these two can appear in a key, so that no key leads out of the array's folder.
fn separator_byte(text: &str) -> Option<u8> {
    match text {
        "/" => Some(b'/'),
        "." => Some(b'.'),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
