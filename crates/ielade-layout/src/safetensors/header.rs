//! The header of a safetensors file.

use crate::foreign::arrays::{Integer, Scalar};
use ielade_core::Element;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, MapAccess, Visitor},
    ser::{SerializeMap, Serializer},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Bytes in front of the header: its length.
pub(super) const LENGTH_BYTES: u64 = 8;

/// Longest header that the usual library reads.
pub(super) const MAX_HEADER: u64 = 100_000_000;

/// The key that is no tensor's name.
const METADATA: &str = "__metadata__";

/// What a file's header tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) metadata: BTreeMap<String, String>,
    /// In the order of the file.
    pub(super) tensors: Vec<(String, TensorInfo)>,
    /// Bytes that the header is to have; shorter ones are filled up with spaces.
    pub(super) len: u64,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TensorInfo {
    pub(super) dtype: String,
    /// Length of each dimension, the slowest first.
    pub(super) shape: Vec<u64>,
    /// First byte and byte behind the last, counted from the end of the header.
    pub(super) data_offsets: [u64; 2],
}

/// Why a header was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub(super) struct HeaderError {
    pub(super) offset: u64,
    pub(super) reason: String,
}

impl Header {
    /// Reads the header of a file. Trusts nothing in it: every tensor lies within the file and has
    /// as many bytes as its shape and type ask for.
    pub(super) fn parse(file: &[u8]) -> Result<Self, HeaderError> {
        let fault = |offset: u64, reason: String| HeaderError { offset, reason };
        let cut = || fault(0, "the file ends within the header".to_owned());
        let (length, rest) = file.split_first_chunk().ok_or_else(cut)?;
        let len = u64::from_le_bytes(*length);
        if len > MAX_HEADER {
            let reason = format!("a header of {len} bytes; at most {MAX_HEADER} are read");
            return Err(fault(0, reason));
        }
        let (text, data) = rest.split_at_checked(len as usize).ok_or_else(cut)?;
        let content: HeaderContent = serde_json::from_slice(text).map_err(|error| {
            let offset = match error.line() {
                1 => LENGTH_BYTES + error.column() as u64,
                _ => LENGTH_BYTES,
            };
            fault(offset, format!("the header is not understood: {error}"))
        })?;
        let this = Self {
            metadata: content.metadata,
            tensors: content.tensors,
            len,
        };
        for (name, tensor) in &this.tensors {
            tensor.check(data.len() as u64).map_err(|reason| {
                let offset = this.data_offset().saturating_add(tensor.data_offsets[0]);
                fault(offset, format!("tensor {name:?} {reason}"))
            })?;
        }
        Ok(this)
    }

    /// The file's bytes up to its first tensor.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = self.len.to_le_bytes().to_vec();
        bytes.extend_from_slice(&self.json());
        bytes.resize((LENGTH_BYTES + self.len) as usize, b' ');
        bytes
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Strings and numbers always have a JSON form.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Byte of the file at which offsets start.
    pub(super) const fn data_offset(&self) -> u64 {
        LENGTH_BYTES + self.len
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        let mut tensors = self.tensors.iter();
        tensors.find_map(|(known, tensor)| (known == name).then_some(tensor))
    }
}

impl TensorInfo {
    /// Why it cannot lie in so many bytes.
    fn check(&self, data: u64) -> Result<(), String> {
        let [start, end] = self.data_offsets;
        if start > end || end > data {
            return Err(format!(
                "lies at bytes {start} to {end} of {data}; the file was cut or changed"
            ));
        }
        // Types that are not known here are not read either.
        let Some(size) = scalar_bytes(&self.dtype) else {
            return Ok(());
        };
        let bytes = self
            .shape
            .iter()
            .try_fold(size, |product, length| product.checked_mul(*length));
        if bytes == Some(end - start) {
            return Ok(());
        }
        Err(format!(
            "has {} bytes, which are no {} {:?}",
            end - start,
            self.dtype,
            self.shape
        ))
    }

    pub(super) fn scalar(&self) -> Scalar {
        let integer = |bytes, signed| Some(Integer { bytes, signed });
        let (element, integer) = match self.dtype.as_str() {
            "U8" => (Some(Element::U8), integer(1, false)),
            "U16" => (Some(Element::U16), integer(2, false)),
            "U32" => (None, integer(4, false)),
            "U64" => (None, integer(8, false)),
            "I8" => (None, integer(1, true)),
            "I16" => (None, integer(2, true)),
            "I32" => (None, integer(4, true)),
            "I64" => (None, integer(8, true)),
            "F16" => (Some(Element::F16), None),
            "BF16" => (Some(Element::Bf16), None),
            "F32" => (Some(Element::F32), None),
            _ => (None, None),
        };
        Scalar {
            name: self.dtype.clone(),
            element,
            integer,
        }
    }
}

/// Bytes of a value of a type that is known here.
fn scalar_bytes(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "BOOL" | "U8" | "I8" => 1,
        "U16" | "I16" | "F16" | "BF16" => 2,
        "U32" | "I32" | "F32" => 4,
        "U64" | "I64" | "F64" => 8,
        _ => return None,
    })
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(METADATA, &self.metadata)?;
        for (name, tensor) in &self.tensors {
            map.serialize_entry(name, tensor)?;
        }
        map.end()
    }
}

/// The header's JSON.
#[derive(Default)]
struct HeaderContent {
    metadata: BTreeMap<String, String>,
    tensors: Vec<(String, TensorInfo)>,
}

impl<'de> Deserialize<'de> for HeaderContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Content;
        impl<'de> Visitor<'de> for Content {
            type Value = HeaderContent;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut content = HeaderContent::default();
                let mut seen = BTreeSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !seen.insert(name.clone()) {
                        return Err(M::Error::custom(format!("{name:?} is there twice")));
                    }
                    if name == METADATA {
                        content.metadata = map.next_value()?;
                    } else {
                        content.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(content)
            }
        }
        deserializer.deserialize_map(Content)
    }
}

#[cfg(test)]
mod tests {
    use super::{Header, TensorInfo};
    use proptest::prelude::*;

    /// A file with this header and so many bytes of data.
    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(json.as_bytes());
        bytes.resize(bytes.len() + data, 7);
        bytes
    }

    const GOOD: &str = r#"{"__metadata__":{"a":"b"},"y":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"x":{"dtype":"U8","shape":[2,3],"data_offsets":[16,22]}}   "#;

    #[test]
    fn a_header_comes_back_as_written() {
        let header = Header::parse(&file(GOOD, 22)).unwrap();
        assert_eq!(header.metadata["a"], "b");
        assert_eq!(header.tensor("x").unwrap().shape, [2, 3]);
        assert_eq!(header.data_offset(), 8 + GOOD.len() as u64);
        let mut bytes = header.encode();
        assert_eq!(bytes.len() as u64, header.data_offset());
        bytes.resize(bytes.len() + 22, 0);
        assert_eq!(Header::parse(&bytes).unwrap(), header);
    }

    #[test]
    fn headers_that_lie_are_refused_with_their_reason() {
        let cases = [
            (file(GOOD, 21), "file was cut"),
            (file("[]", 0), "not understood"),
            (file("", 0), "not understood"),
            (file("{}", 0)[..9].to_vec(), "ends within the header"),
            (vec![1, 2, 3], "ends within the header"),
            (u64::MAX.to_le_bytes().to_vec(), "at most 100000000"),
            (file(&GOOD.replace("[2,3]", "[2,4]"), 22), "no U8 [2, 4]"),
            (
                file(&GOOD.replace("[2,3]", "[9223372036854775808,2]"), 22),
                "no U8",
            ),
            (
                file(&GOOD.replace("[16,22]", "[22,16]"), 22),
                "bytes 22 to 16",
            ),
            (
                file(&GOOD.replace("[16,22]", "[16,18446744073709551615]"), 22),
                "file was cut",
            ),
            (
                file(&GOOD.replace("[16,22]", "[-1,22]"), 22),
                "not understood",
            ),
            (
                file(&GOOD.replace("\"y\"", "\"x\""), 22),
                "\"x\" is there twice",
            ),
            (
                file(&GOOD.replace("{\"a\":\"b\"}", "{\"a\":1}"), 22),
                "not understood",
            ),
        ];
        for (bytes, reason) in cases {
            let error = Header::parse(&bytes).unwrap_err().to_string();
            assert!(error.contains(reason), "{reason}: {error}");
        }
        let deep = "[".repeat(100_000);
        assert!(Header::parse(&file(&deep, 0)).is_err());
    }

    #[test]
    fn a_type_that_is_not_known_does_not_hide_the_others() {
        let other = GOOD.replace("I64", "F8_E4M3");
        let header = Header::parse(&file(&other, 22)).unwrap();
        let scalar = header.tensor("y").map(TensorInfo::scalar).unwrap();
        assert_eq!((scalar.element, scalar.integer), (None, None));
    }

    proptest! {
        #[test]
        fn no_change_makes_the_parser_panic_or_a_tensor_leave_the_file(
            at in 0..GOOD.len() + 8,
            byte: u8,
            cut in 0..40_usize,
        ) {
            let mut bytes = file(GOOD, 22);
            bytes[at] = byte;
            bytes.truncate(bytes.len() - cut);
            if let Ok(header) = Header::parse(&bytes) {
                for (_, tensor) in &header.tensors {
                    let end = header.data_offset() + tensor.data_offsets[1];
                    prop_assert!(end <= bytes.len() as u64);
                }
            }
        }
    }
}
