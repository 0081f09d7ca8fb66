//! The metadata documents of a store, as they are written.

use super::{ChunkPacking, chunk_files::KEYS};
use crate::{
    LayoutError,
    zarr::{
        Chunking,
        data_type::DataType,
        hierarchy::METADATA_FILE,
        metadata::{BFLOAT16, ML_DTYPES},
    },
};
use ielade_core::{Element, Encoding, sample::NO_LABEL};
use serde_json::{Value, json};
use std::path::Path;

/// What the values of the images are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values {
    /// Raw values in an array of this shape.
    Array(Element, [u64; 4]),
    /// So many compressed images.
    Bytes(Encoding, u32),
}

/// The array of images.
#[derive(Debug, Clone, Copy)]
pub(super) struct ArrayForm {
    pub(super) values: Values,
    pub(super) chunking: Chunking,
    pub(super) packing: ChunkPacking,
}

impl ArrayForm {
    /// Its `zarr.json`.
    pub(super) fn document(self) -> Value {
        let (shape, data_type, names, attributes) = match self.values {
            Values::Array(element, shape) => (
                shape.to_vec(),
                DataType::of_element(element),
                if element.is_float() {
                    &["sample", "channel", "height", "width"][..]
                } else {
                    &["sample", "height", "width", "channel"]
                },
                match element {
                    Element::Bf16 => json!({ML_DTYPES: BFLOAT16}),
                    _ => json!({}),
                },
            ),
            Values::Bytes(encoding, count) => (
                vec![count.into()],
                DataType::Bytes,
                &["sample"][..],
                json!({"encoding": encoding.name()}),
            ),
        };
        let of = |samples: u32| {
            let mut lengths = shape.clone();
            lengths[0] = samples.into();
            lengths
        };
        let mut codecs = vec![match self.values {
            Values::Array(..) => little_endian(),
            Values::Bytes(..) => json!({"name": "vlen-bytes", "configuration": {}}),
        }];
        codecs.extend(self.packing_codec(data_type));
        let chunk = of(self.chunking.chunk);
        let (file, codecs) = match self.chunking.chunks_in_shard {
            None => (chunk, codecs),
            Some(chunks) => {
                let file = of(self.chunking.chunk * chunks);
                (file, vec![sharding(&chunk, &codecs)])
            }
        };
        let fill = match self.values {
            Values::Array(..) => json!(0),
            Values::Bytes(..) => json!(""),
        };
        array(&shape, data_type, &file, &codecs, &fill, names, &attributes)
    }

    fn packing_codec(self, data_type: DataType) -> Option<Value> {
        match self.packing {
            ChunkPacking::None => None,
            ChunkPacking::Zstd => Some(json!({
                "name": "zstd",
                "configuration": {"level": super::ZSTD_LEVEL, "checksum": false},
            })),
            ChunkPacking::Blosc => Some(json!({
                "name": "blosc",
                "configuration": {
                    "cname": "lz4",
                    "clevel": 5,
                    "shuffle": "shuffle",
                    "typesize": data_type.size(),
                    "blocksize": 0,
                },
            })),
        }
    }
}

fn little_endian() -> Value {
    json!({"name": "bytes", "configuration": {"endian": "little"}})
}

fn sharding(chunk: &[u64], codecs: &[Value]) -> Value {
    json!({
        "name": "sharding_indexed",
        "configuration": {
            "chunk_shape": chunk,
            "codecs": codecs,
            "index_codecs": [little_endian(), {"name": "crc32c"}],
            "index_location": "end",
        },
    })
}

fn array(
    shape: &[u64],
    data_type: DataType,
    file: &[u64],
    codecs: &[Value],
    fill: &Value,
    names: &[&str],
    attributes: &Value,
) -> Value {
    let separator = char::from(KEYS.separator).to_string();
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": shape,
        "data_type": data_type.name(),
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": file}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": separator}},
        "fill_value": fill,
        "codecs": codecs,
        "dimension_names": names,
        "attributes": attributes,
    })
}

/// `zarr.json` of the labels.
pub(super) fn labels(count: u32, per_chunk: u32, classes: &[String]) -> Value {
    array(
        &[count.into()],
        DataType::Signed(8),
        &[per_chunk.into()],
        &[little_endian()],
        &json!(NO_LABEL),
        &["sample"],
        &json!({"class_names": classes}),
    )
}

/// `zarr.json` of the group.
pub(super) fn group() -> Value {
    json!({"zarr_format": 3, "node_type": "group", "attributes": {}})
}

/// Writes a document into a folder.
pub(super) fn write(folder: &Path, document: &Value) -> Result<(), LayoutError> {
    let path = folder.join(METADATA_FILE);
    let mut text = format!("{document:#}");
    text.push('\n');
    std::fs::write(&path, text).map_err(LayoutError::io("write", &path))
}
