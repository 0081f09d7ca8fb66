//! What one value of an array is.

use crate::{foreign::arrays::Integer, stored::array::ByteOrder};
use half::{bf16, f16};
use ielade_core::Element;
use serde_json::Value;

/// What one value of an array is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DataType {
    /// Unsigned integer of so many bytes.
    Unsigned(u8),
    /// Signed integer of so many bytes.
    Signed(u8),
    /// One byte, 0 or 1.
    Bool,
    /// IEEE 754 of so many bytes.
    Float(u8),
    /// The upper half of an IEEE 754 single.
    Bfloat16,
    /// Bytes, as many as there are.
    Bytes,
}

impl DataType {
    /// The type of a name in `zarr.json`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "bool" => Self::Bool,
            "uint8" => Self::Unsigned(1),
            "uint16" => Self::Unsigned(2),
            "uint32" => Self::Unsigned(4),
            "uint64" => Self::Unsigned(8),
            "int8" => Self::Signed(1),
            "int16" => Self::Signed(2),
            "int32" => Self::Signed(4),
            "int64" => Self::Signed(8),
            "float16" => Self::Float(2),
            "float32" => Self::Float(4),
            "float64" => Self::Float(8),
            "bfloat16" => Self::Bfloat16,
            // The first is zarr-python's name, the second that of the extension's registry.
            "variable_length_bytes" | "bytes" => Self::Bytes,
            _ => return None,
        })
    }

    /// The type and byte order of a NumPy type string, as `.zarray` has them.
    pub(crate) fn of_numpy(name: &str) -> Option<(Self, ByteOrder)> {
        let order = match name.as_bytes().first()? {
            b'<' | b'|' => ByteOrder::Little,
            b'>' => ByteOrder::Big,
            _ => return None,
        };
        let kind = match name.get(1..)? {
            "b1" => Self::Bool,
            "u1" => Self::Unsigned(1),
            "u2" => Self::Unsigned(2),
            "u4" => Self::Unsigned(4),
            "u8" => Self::Unsigned(8),
            "i1" => Self::Signed(1),
            "i2" => Self::Signed(2),
            "i4" => Self::Signed(4),
            "i8" => Self::Signed(8),
            "f2" => Self::Float(2),
            "f4" => Self::Float(4),
            "f8" => Self::Float(8),
            _ => return None,
        };
        Some((kind, order))
    }

    /// The type that an element of a store is written as. Zarr has no `bf16` in its core, so its
    /// bits are written as `uint16`.
    pub(crate) const fn of_element(element: Element) -> Self {
        match element {
            Element::U8 => Self::Unsigned(1),
            Element::U16 | Element::Bf16 => Self::Unsigned(2),
            Element::F16 => Self::Float(2),
            Element::F32 => Self::Float(4),
        }
    }

    /// The element that images of this type have; `None` where they are not read.
    pub(crate) const fn element(self) -> Option<Element> {
        match self {
            Self::Unsigned(1) => Some(Element::U8),
            Self::Unsigned(2) => Some(Element::U16),
            Self::Float(2) => Some(Element::F16),
            Self::Bfloat16 => Some(Element::Bf16),
            Self::Float(4) => Some(Element::F32),
            _ => None,
        }
    }

    /// The whole numbers that labels of this type are; `None` where they are no labels.
    pub(crate) const fn integer(self) -> Option<Integer> {
        let (bytes, signed) = match self {
            Self::Unsigned(bytes) => (bytes as usize, false),
            Self::Signed(bytes) => (bytes as usize, true),
            Self::Bool => (1, false),
            _ => return None,
        };
        Some(Integer { bytes, signed })
    }

    /// Bytes of a value; 0 where they differ.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::Unsigned(bytes) | Self::Signed(bytes) | Self::Float(bytes) => bytes as usize,
            Self::Bool => 1,
            Self::Bfloat16 => 2,
            Self::Bytes => 0,
        }
    }

    /// The name in `zarr.json`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Unsigned(1) => "uint8",
            Self::Unsigned(2) => "uint16",
            Self::Unsigned(4) => "uint32",
            Self::Unsigned(_) => "uint64",
            Self::Signed(1) => "int8",
            Self::Signed(2) => "int16",
            Self::Signed(4) => "int32",
            Self::Signed(_) => "int64",
            Self::Float(2) => "float16",
            Self::Float(4) => "float32",
            Self::Float(_) => "float64",
            Self::Bfloat16 => "bfloat16",
            Self::Bytes => "variable_length_bytes",
        }
    }

    /// The bytes of a fill value as they would lie in a chunk; `None` where it has no sense for the
    /// type. Without one, v2 leaves it open, and it is 0 here.
    pub(crate) fn fill(self, value: Option<&Value>, order: ByteOrder) -> Option<Vec<u8>> {
        let size = self.size();
        let value = value.filter(|value| !value.is_null());
        let Some(value) = value.filter(|_| self != Self::Bytes) else {
            return Some(vec![0; size]);
        };
        let mut bytes = match self {
            Self::Unsigned(_) | Self::Signed(_) | Self::Bool => integer(value)?.to_vec(),
            Self::Bytes => Vec::new(),
            Self::Float(_) | Self::Bfloat16 => match bits(value) {
                Some(bits) => bits.to_le_bytes().to_vec(),
                None => self.float_bytes(number(value)?),
            },
        };
        bytes.resize(size, 0);
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        Some(bytes)
    }

    fn float_bytes(self, value: f64) -> Vec<u8> {
        match self {
            Self::Float(2) => f16::from_f64(value).to_le_bytes().to_vec(),
            Self::Float(4) => (value as f32).to_le_bytes().to_vec(),
            Self::Bfloat16 => bf16::from_f64(value).to_le_bytes().to_vec(),
            _ => value.to_le_bytes().to_vec(),
        }
    }
}

fn integer(value: &Value) -> Option<[u8; 8]> {
    match value {
        Value::Bool(value) => Some(u64::from(*value).to_le_bytes()),
        value => match value.as_i64() {
            Some(signed) => Some(signed.to_le_bytes()),
            None => value.as_u64().map(u64::to_le_bytes),
        },
    }
}

fn number(value: &Value) -> Option<f64> {
    match value.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => value.as_f64(),
    }
}

/// The bits of a float that is written as `0x7fc0`.
fn bits(value: &Value) -> Option<u64> {
    u64::from_str_radix(value.as_str()?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::DataType;
    use crate::stored::array::ByteOrder::{Big, Little};
    use serde_json::json;

    #[test]
    fn names_come_back() {
        for name in [
            "bool",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "int8",
            "int16",
            "int32",
            "int64",
            "float16",
            "float32",
            "float64",
            "bfloat16",
            "variable_length_bytes",
        ] {
            assert_eq!(DataType::of_name(name).unwrap().name(), name);
        }
        assert_eq!(DataType::of_name("complex64"), None);
        assert_eq!(DataType::of_numpy(">f4"), Some((DataType::Float(4), Big)));
        for unknown in ["", "<", "|O", "=i4", "<U5", "é8"] {
            assert_eq!(DataType::of_numpy(unknown), None);
        }
    }

    #[test]
    fn fill_values_lie_as_in_a_chunk() {
        for (kind, value, order, expected) in [
            (DataType::Unsigned(1), json!(255), Little, vec![255]),
            (DataType::Signed(2), json!(-2), Big, vec![255, 254]),
            (DataType::Bool, json!(true), Little, vec![1]),
            (DataType::Unsigned(8), json!(u64::MAX), Little, vec![255; 8]),
            (DataType::Float(4), json!(1.5), Big, vec![0x3f, 0xc0, 0, 0]),
            (
                DataType::Float(2),
                json!("-Infinity"),
                Little,
                vec![0, 0xfc],
            ),
            (DataType::Bfloat16, json!(1), Little, vec![0x80, 0x3f]),
            (
                DataType::Float(4),
                json!("0x7fc00001"),
                Little,
                vec![1, 0, 0xc0, 0x7f],
            ),
            (DataType::Float(8), json!(null), Little, vec![0; 8]),
            (DataType::Bytes, json!("AAA="), Little, vec![]),
        ] {
            assert_eq!(kind.fill(Some(&value), order), Some(expected), "{value}");
        }
        for (kind, value) in [
            (DataType::Unsigned(1), json!("x")),
            (DataType::Unsigned(1), json!(0.5)),
            (DataType::Float(4), json!([1])),
            (DataType::Float(4), json!("x")),
        ] {
            assert_eq!(kind.fill(Some(&value), Little), None, "{value}");
        }
    }
}
