use super::{ArrayMetadata, Node, parse, parse_version_2};
use crate::{
    stored::array::ByteOrder,
    zarr::{data_type::DataType, grid::ChunkKeys, packing::Packing},
};
use serde_json::{Value, json};

/// A way to spoil metadata.
type Change = fn(&mut Value);

fn document() -> Value {
    json!({
        "zarr_format": 3,
        "node_type": "array",
        "shape": [10, 8, 6, 3],
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [4, 8, 6, 3]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 7,
        "codecs": [
            {"name": "bytes", "configuration": {"endian": "big"}},
            {"name": "zstd", "configuration": {"level": 0, "checksum": false}},
            {"name": "crc32c"},
        ],
        "attributes": {"note": "x"},
        "storage_transformers": [],
        "dimension_names": null,
    })
}

fn sharded() -> Value {
    let mut document = document();
    document["codecs"] = json!([{"name": "sharding_indexed", "configuration": {
        "chunk_shape": [2, 8, 3, 3],
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "index_codecs": [
            {"name": "bytes", "configuration": {"endian": "little"}},
            {"name": "crc32c"},
        ],
        "index_location": "start",
    }}]);
    document
}

fn array(document: &Value) -> ArrayMetadata {
    match parse(document.to_string().as_bytes()).unwrap() {
        Node::Array(array) => *array,
        other @ Node::Group(_) => panic!("{other:?}"),
    }
}

fn refusal(document: &Value) -> String {
    parse(document.to_string().as_bytes())
        .unwrap_err()
        .to_string()
}

#[test]
fn an_array_is_understood() {
    let found = array(&document());
    assert_eq!(found.data_type, DataType::Unsigned(2));
    assert_eq!(found.chunk, [4, 8, 6, 3]);
    assert_eq!(found.layers.byte_order, ByteOrder::Big);
    assert_eq!(found.layers.packings, [Packing::Zstd, Packing::Crc32c]);
    assert!(found.layers.is_in_order() && found.sharding.is_none());
    assert_eq!(found.fill, [0, 7]);
    assert_eq!(found.attributes["note"], "x");
    let slash = ChunkKeys {
        has_prefix: true,
        separator: b'/',
    };
    assert_eq!(found.keys, slash);
}

#[test]
fn a_sharded_array_is_understood() {
    let found = array(&sharded());
    assert_eq!(found.chunk, [2, 8, 3, 3]);
    let sharding = found.sharding.unwrap();
    assert_eq!(sharding.chunks, [2, 1, 2, 1]);
    assert!(sharding.index_first && sharding.index_checked);
}

#[test]
fn turned_dimensions_and_the_bits_of_bfloat16_are_understood() {
    let mut turned = document();
    turned["codecs"] = json!([
        {"name": "transpose", "configuration": {"order": [3, 0, 2, 1]}},
        {"name": "bytes", "configuration": {"endian": "little"}},
    ]);
    turned["attributes"] = json!({"ml_dtypes": "bfloat16"});
    let found = array(&turned);
    assert_eq!(found.layers.order, [3, 0, 2, 1]);
    assert!(!found.layers.is_in_order());
    assert_eq!(found.data_type, DataType::Bfloat16);
}

#[test]
fn a_group_and_keys_that_need_not_be_understood() {
    let mut group = json!({"zarr_format": 3, "node_type": "group", "attributes": {"a": 1}});
    group["consolidated_metadata"] = json!({"kind": "inline", "metadata": {}});
    group["new"] = json!({"must_understand": false});
    match parse(group.to_string().as_bytes()).unwrap() {
        Node::Group(attributes) => assert_eq!(attributes["a"], 1),
        other @ Node::Array(_) => panic!("{other:?}"),
    }
    group["new"] = json!({"must_understand": true});
    assert!(refusal(&group).contains("\"new\" is not known"));
}

#[test]
fn what_is_not_read_is_refused_with_a_reason() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 21] = [
        ("format 2", |d| d["zarr_format"] = json!(2)),
        ("node of type", |d| d["node_type"] = json!("stray")),
        ("\"complex64\"", |d| d["data_type"] = json!("complex64")),
        ("is missing", |d| d["data_type"] = json!(null)),
        ("3 dimensions where 4", |d| {
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1, 2, 3]);
        }),
        ("no length", |d| {
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1, 2, 3, 0]);
        }),
        ("no list of lengths", |d| {
            d["chunk_grid"]["configuration"]["chunk_shape"] = json!([1, 2, 3, -1]);
        }),
        ("\"rectilinear\"", |d| {
            d["chunk_grid"]["name"] = json!("rectilinear");
        }),
        ("more than 8 dimensions", |d| {
            d["shape"] = json!([1, 1, 1, 1, 1, 1, 1, 1, 1]);
        }),
        ("separator", |d| {
            d["chunk_key_encoding"]["configuration"]["separator"] = json!("/../");
        }),
        ("\"suffix\"", |d| {
            d["chunk_key_encoding"]["name"] = json!("suffix");
        }),
        ("no value of uint16", |d| d["fill_value"] = json!("x")),
        ("transformers", |d| {
            d["storage_transformers"] = json!([{"name": "x"}]);
        }),
        ("no codec makes", |d| d["codecs"] = json!([])),
        ("\"vlen-utf8\"", |d| {
            d["codecs"] = json!([{"name": "vlen-utf8"}]);
        }),
        ("\"lzma\"", |d| d["codecs"][1]["name"] = json!("lzma")),
        ("neither \"little\"", |d| {
            d["codecs"][0]["configuration"] = json!({});
        }),
        ("no order of 4", |d| {
            d["codecs"][0] = json!({"name": "transpose", "configuration": {"order": [0, 1, 1, 2]}});
        }),
        ("as a whole", |d| {
            let packed = json!([sharded()["codecs"][0], {"name": "zstd"}]);
            d["codecs"] = packed;
        }),
        ("more than 8 codecs", |d| {
            let zstd = json!({"name": "zstd"});
            d["codecs"].as_array_mut().unwrap().extend(vec![zstd; 8]);
        }),
        ("invalid", |d| d["shape"] = json!([1.5, 1, 1, 1])),
    ];
    for (expected, change) in changes {
        let mut changed = document();
        change(&mut changed);
        let error = refusal(&changed);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn shards_that_are_not_read_are_refused_with_a_reason() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 6] = [
        ("do not fill", |c| c["chunk_shape"] = json!([3, 8, 6, 3])),
        ("no length", |c| c["chunk_shape"] = json!([0, 8, 6, 3])),
        ("no list of codecs", |c| c["codecs"] = json!(5)),
        ("within shards", |c| {
            c["codecs"] = json!([{"name": "sharding_indexed"}]);
        }),
        ("packed", |c| c["index_codecs"][1]["name"] = json!("gzip")),
        ("neither \"start\"", |c| {
            c["index_location"] = json!("middle");
        }),
    ];
    for (expected, change) in changes {
        let mut changed = sharded();
        change(&mut changed["codecs"][0]["configuration"]);
        let error = refusal(&changed);
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn faults_are_told_by_their_byte() {
    let error = parse(b"{\n  \"zarr_format\": oops").unwrap_err();
    assert_eq!(error.offset, 19, "{error}");
    let text = document().to_string().replace("uint16", "uint15");
    let error = parse(text.as_bytes()).unwrap_err();
    assert_eq!(error.offset, text.find("\"data_type\"").unwrap());
}

#[test]
fn the_same_key_twice_and_deep_nesting_are_refused() {
    let twice = document().to_string().replacen('{', "{\"shape\":[1],", 1);
    let error = parse(twice.as_bytes()).unwrap_err();
    assert!(error.reason.contains("duplicate"), "{error}");
    for opening in ["{\"attributes\":{\"a\":", "{\"further\":"] {
        let deep = format!("{opening}{}", "[".repeat(1 << 20));
        assert!(
            parse(deep.as_bytes())
                .unwrap_err()
                .reason
                .contains("recursion")
        );
    }
}

#[test]
fn every_cut_of_a_document_is_refused() {
    for document in [document(), sharded()] {
        let text = document.to_string();
        for kept in 0..text.len() {
            parse(&text.as_bytes()[..kept]).unwrap_err();
        }
    }
}

fn version_2() -> Value {
    json!({
        "zarr_format": 2,
        "shape": [10, 8, 6, 3],
        "chunks": [4, 8, 6, 3],
        "dtype": "<f4",
        "compressor": {"id": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1, "blocksize": 0},
        "fill_value": "NaN",
        "order": "F",
        "filters": null,
        "dimension_separator": "/",
    })
}

#[test]
fn arrays_of_version_2_are_understood_or_refused_with_a_reason() {
    let parse = |document: &Value| {
        let text = document.to_string();
        parse_version_2(text.as_bytes(), super::Attributes::new())
    };
    let found = parse(&version_2()).unwrap();
    assert_eq!(found.data_type, DataType::Float(4));
    assert_eq!(found.layers.order, [3, 2, 1, 0]);
    assert_eq!(found.layers.packings, [Packing::Blosc]);
    assert_eq!(found.keys.separator, b'/');
    let mut bytes = version_2();
    bytes["dtype"] = json!("|O");
    bytes["filters"] = json!([{"id": "vlen-bytes"}]);
    bytes["compressor"] = json!(null);
    bytes["fill_value"] = json!("");
    assert_eq!(parse(&bytes).unwrap().data_type, DataType::Bytes);

    let changes: [(&str, Change); 8] = [
        ("format 3", |d| d["zarr_format"] = json!(3)),
        ("is not read", |d| d["dtype"] = json!("|O")),
        ("is not read", |d| d["dtype"] = json!([["a", "<f4"]])),
        ("\"lzma\"", |d| d["compressor"]["id"] = json!("lzma")),
        ("\"delta\"", |d| d["filters"] = json!([{"id": "delta"}])),
        ("neither \"C\"", |d| d["order"] = json!("K")),
        ("neither \".\"", |d| d["dimension_separator"] = json!("..")),
        ("no length", |d| d["chunks"] = json!([1, 2, 0, 1])),
    ];
    for (expected, change) in changes {
        let mut changed = version_2();
        change(&mut changed);
        let error = parse(&changed).unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
