//! `.zarray` of Zarr v2.

use super::{
    ArrayMetadata, Attributes, Fault, Layers, MetadataError, check_chunk, check_shape, fault,
    separator_byte,
};
use crate::{
    stored::array::ByteOrder,
    zarr::{data_type::DataType, grid::ChunkKeys, packing::Packing},
};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Document {
    zarr_format: u64,
    shape: Vec<u64>,
    chunks: Vec<u64>,
    dtype: Value,
    compressor: Option<Map<String, Value>>,
    fill_value: Option<Value>,
    order: String,
    filters: Option<Vec<Map<String, Value>>>,
    dimension_separator: Option<String>,
}

/// Reads `.zarray`; `attributes` are those of `.zattrs`. Trusts nothing in it.
///
/// # Errors
/// Where it is not such a document, or one of an array that is not read here.
pub(crate) fn parse_version_2(
    json: &[u8],
    attributes: Attributes,
) -> Result<ArrayMetadata, MetadataError> {
    let document: Document =
        serde_json::from_slice(json).map_err(|error| MetadataError::of_json(json, &error))?;
    array(document, attributes).map_err(|(key, reason)| MetadataError::at_key(json, key, reason))
}

fn array(document: Document, attributes: Attributes) -> Result<ArrayMetadata, Fault> {
    if document.zarr_format != 2 {
        let found = document.zarr_format;
        return fault("zarr_format", format!("format {found} where 2 belongs"));
    }
    check_shape(&document.shape)?;
    check_chunk("chunks", &document.chunks, &document.shape)?;
    let (data_type, byte_order) = data_type(&document)?;
    let rank = document.shape.len();
    let order = match document.order.as_str() {
        "C" => (0..rank).collect(),
        "F" => (0..rank).rev().collect(),
        other => return fault("order", format!("{other:?} is neither \"C\" nor \"F\"")),
    };
    let separator = document.dimension_separator.as_deref().unwrap_or(".");
    let Some(separator) = separator_byte(separator) else {
        return fault("dimension_separator", "neither \".\" nor \"/\"");
    };
    let mut packings = Vec::new();
    if let Some(compressor) = &document.compressor {
        if let Some(packing) = identifier(compressor).and_then(Packing::of_name) {
            packings.push(packing);
        } else {
            let name = identifier(compressor).unwrap_or_default();
            return fault("compressor", format!("compressor {name:?} is not read"));
        }
    }
    let Some(fill) = data_type.fill(document.fill_value.as_ref(), byte_order) else {
        return fault("fill_value", format!("no value of {}", data_type.name()));
    };
    Ok(ArrayMetadata {
        data_type,
        shape: document.shape,
        chunk: document.chunks,
        sharding: None,
        keys: ChunkKeys {
            has_prefix: false,
            separator,
        },
        layers: Layers {
            order,
            byte_order,
            packings,
        },
        fill,
        attributes,
    })
}

fn identifier(codec: &Map<String, Value>) -> Option<&str> {
    codec.get("id")?.as_str()
}

fn data_type(document: &Document) -> Result<(DataType, ByteOrder), Fault> {
    let filters = document.filters.as_deref().unwrap_or_default();
    let name = document.dtype.as_str().unwrap_or_default();
    match (name, filters) {
        ("|O", [filter]) if identifier(filter) == Some("vlen-bytes") => {
            Ok((DataType::Bytes, ByteOrder::Little))
        }
        (_, []) => match DataType::of_numpy(name) {
            Some(found) => Ok(found),
            None => fault("dtype", format!("data type {} is not read", document.dtype)),
        },
        (_, filters) => {
            let names: Vec<&str> = filters.iter().filter_map(identifier).collect();
            fault("filters", format!("filters {names:?} are not read"))
        }
    }
}
