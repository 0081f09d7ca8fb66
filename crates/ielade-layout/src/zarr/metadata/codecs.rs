//! The list of codecs of an array: at most one that turns its dimensions, one that makes bytes of
//! it, and any that pack these.

use super::{Extension, Fault, Layers, Sharding, check_chunk, fault};
use crate::{
    stored::array::ByteOrder,
    zarr::{data_type::DataType, packing::Packing},
};
use serde_json::Value;

const KEY: &str = "codecs";

/// Most codecs of one list.
const MAX_CODECS: usize = 8;

/// Shape of the chunks of a shard, and how they lie in it.
type Sharded = (Vec<u64>, Sharding);

/// How chunks became bytes; and, where the file's chunk is a shard, its chunks.
pub(super) fn parse(
    codecs: &[Extension],
    data_type: DataType,
    file: &[u64],
) -> Result<(Layers, Option<Sharded>), Fault> {
    let [codec] = codecs else {
        if codecs.iter().any(|codec| codec.name() == SHARDING) {
            let reason = "shards that are turned or packed as a whole are not read";
            return fault(KEY, reason);
        }
        return Ok((layers(codecs, data_type, file.len())?, None));
    };
    if codec.name() != SHARDING {
        return Ok((layers(codecs, data_type, file.len())?, None));
    }
    let Some(chunk) = codec.lengths("chunk_shape") else {
        return fault(SHARDING, "the chunk's shape is no list of lengths");
    };
    check_chunk(SHARDING, &chunk, file)?;
    let mut chunks = Vec::new();
    for (shard, chunk) in file.iter().zip(&chunk) {
        if !shard.is_multiple_of(*chunk) {
            let reason = format!("chunks of {chunk} do not fill a shard of {shard}");
            return fault(SHARDING, reason);
        }
        chunks.push(shard / chunk);
    }
    let inner = list(codec, "codecs")?;
    if inner.iter().any(|codec| codec.name() == SHARDING) {
        return fault(SHARDING, "shards within shards are not read");
    }
    let (index_byte_order, index_checked) = index(codec)?;
    let index_first = match codec.value("index_location").map(Value::as_str) {
        None | Some(Some("end")) => false,
        Some(Some("start")) => true,
        _ => return fault("index_location", "neither \"start\" nor \"end\""),
    };
    let sharding = Sharding {
        chunks,
        index_first,
        index_checked,
        index_byte_order,
    };
    let layers = layers(&inner, data_type, chunk.len())?;
    Ok((layers, Some((chunk, sharding))))
}

const SHARDING: &str = "sharding_indexed";

/// A list of codecs in a codec's configuration.
fn list(codec: &Extension, key: &'static str) -> Result<Vec<Extension>, Fault> {
    let value = codec.value(key).cloned().unwrap_or_default();
    serde_json::from_value(value).or_else(|_| fault(key, "no list of codecs"))
}

/// Byte order of a shard's index, and whether a CRC32C follows it.
fn index(codec: &Extension) -> Result<(ByteOrder, bool), Fault> {
    let codecs = list(codec, "index_codecs")?;
    let layers = layers(&codecs, DataType::Unsigned(8), 0)?;
    match layers.packings[..] {
        [] => Ok((layers.byte_order, false)),
        [Packing::Crc32c] => Ok((layers.byte_order, true)),
        _ => fault("index_codecs", "an index that is packed is not read"),
    }
}

fn layers(codecs: &[Extension], data_type: DataType, rank: usize) -> Result<Layers, Fault> {
    if codecs.len() > MAX_CODECS {
        return fault(KEY, format!("more than {MAX_CODECS} codecs are not read"));
    }
    let mut layers = Layers {
        order: (0..rank).collect(),
        byte_order: ByteOrder::Little,
        packings: Vec::new(),
    };
    let mut codecs = codecs.iter().peekable();
    if let Some(transpose) = codecs.next_if(|codec| codec.name() == "transpose") {
        layers.order = order(transpose, rank)?;
    }
    match codecs.next() {
        Some(codec) if codec.name() == "bytes" => {
            layers.byte_order = byte_order(codec, data_type)?;
        }
        Some(codec) if is_variable_length(codec) && data_type == DataType::Bytes => {}
        Some(codec) => {
            let (name, kind) = (codec.name(), data_type.name());
            return fault(KEY, format!("codec {name:?} is not read for {kind}"));
        }
        None => return fault(KEY, "no codec makes bytes of the array"),
    }
    for codec in codecs {
        match Packing::of_name(codec.name()) {
            Some(packing) => layers.packings.push(packing),
            None => return fault(KEY, format!("codec {:?} is not read", codec.name())),
        }
    }
    Ok(layers)
}

fn is_variable_length(codec: &Extension) -> bool {
    matches!(codec.name(), "vlen-bytes" | "numcodecs.vlen-bytes")
}

fn byte_order(codec: &Extension, data_type: DataType) -> Result<ByteOrder, Fault> {
    if data_type == DataType::Bytes {
        return fault(KEY, "codec \"bytes\" makes no bytes of variable length");
    }
    match codec.value("endian").map(Value::as_str) {
        Some(Some("little")) => Ok(ByteOrder::Little),
        Some(Some("big")) => Ok(ByteOrder::Big),
        None if data_type.size() == 1 => Ok(ByteOrder::Little),
        _ => fault("endian", "neither \"little\" nor \"big\""),
    }
}

fn order(transpose: &Extension, rank: usize) -> Result<Vec<usize>, Fault> {
    let order: Vec<usize> = match transpose.value("order") {
        // Written before the specification was settled.
        Some(Value::String(order)) if order == "C" => (0..rank).collect(),
        Some(Value::String(order)) if order == "F" => (0..rank).rev().collect(),
        _ => transpose
            .lengths("order")
            .unwrap_or_default()
            .into_iter()
            .map(|dimension| dimension as usize)
            .collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.into_iter().eq(0..rank) {
        return Ok(order);
    }
    fault(
        "transpose",
        format!("{order:?} is no order of {rank} dimensions"),
    )
}
