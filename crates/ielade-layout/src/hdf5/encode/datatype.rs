//! What the values of a dataset or an attribute are (message `0x0003`, version 1).

use super::{Bytes, global_heap::REFERENCE_BYTES};
use ielade_core::Element;

const FIXED_POINT: u8 = 0;
const FLOATING_POINT: u8 = 1;
const STRING: u8 = 3;
const VARIABLE_LENGTH: u8 = 9;

/// The bit of integers that says they have a sign.
const SIGNED: u8 = 0x08;

/// The leading 1 of a mantissa is not stored.
const IMPLIED_ONE: u8 = 0x20;

/// Strings: what follows the text up to the type's size, and UTF-8.
const NULL_PADDED: u8 = 0x01;
const UTF_8: u8 = 0x01;

/// A type, as it lies in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::hdf5) struct Datatype {
    encoded: Vec<u8>,
    size: u32,
}

/// Which bits of a floating-point number are which; the sign is the highest.
struct FloatBits {
    bytes: u32,
    exponent: u8,
    mantissa: u8,
    bias: u32,
}

impl Datatype {
    /// A class with its three bytes of flags, and what is particular to it.
    fn new(class: u8, flags: [u8; 3], size: u32, properties: &[u8]) -> Self {
        let mut bytes = Bytes::default();
        bytes.u8(1 << 4 | class).put(&flags);
        bytes.u32(size).put(properties);
        Self {
            encoded: bytes.take(),
            size,
        }
    }

    /// The type of an image's values.
    pub(in crate::hdf5) fn of_element(element: Element) -> Self {
        let float = |exponent, mantissa, bias| {
            Self::float(&FloatBits {
                bytes: element.size() as u32,
                exponent,
                mantissa,
                bias,
            })
        };
        match element {
            Element::U8 | Element::U16 => Self::integer(element.size() as u32, 0),
            Element::F16 => float(5, 10, 15),
            // What HDF5 2.0 names H5T_FLOAT_BFLOAT16LE; all versions convert it.
            Element::Bf16 => float(8, 7, 127),
            Element::F32 => float(8, 23, 127),
        }
    }

    /// A label: `int64`.
    pub(in crate::hdf5) fn label() -> Self {
        Self::integer(size_of::<i64>() as u32, SIGNED)
    }

    fn integer(bytes: u32, sign: u8) -> Self {
        let mut properties = Bytes::default();
        properties.u16(0).u16(bytes as u16 * 8);
        Self::new(FIXED_POINT, [sign, 0, 0], bytes, properties.as_slice())
    }

    fn float(bits: &FloatBits) -> Self {
        let all = bits.bytes as u8 * 8;
        let mut properties = Bytes::default();
        properties.u16(0).u16(all.into());
        properties.u8(bits.mantissa).u8(bits.exponent);
        properties.u8(0).u8(bits.mantissa).u32(bits.bias);
        Self::new(
            FLOATING_POINT,
            [IMPLIED_ONE, all - 1, 0],
            bits.bytes,
            properties.as_slice(),
        )
    }

    /// UTF-8 of up to `bytes` bytes, with zeros behind it.
    pub(in crate::hdf5) fn text(bytes: u32) -> Self {
        Self::new(STRING, [UTF_8 << 4 | NULL_PADDED, 0, 0], bytes, &[])
    }

    /// `uint8` of any length, which lie in the global heap.
    pub(in crate::hdf5) fn variable_bytes() -> Self {
        Self::variable([0; 3])
    }

    /// UTF-8 of any length, in the global heap.
    pub(in crate::hdf5) fn variable_text() -> Self {
        Self::variable([1, UTF_8, 0])
    }

    fn variable(flags: [u8; 3]) -> Self {
        let base = Self::integer(1, 0);
        Self::new(
            VARIABLE_LENGTH,
            flags,
            REFERENCE_BYTES as u32,
            &base.encoded,
        )
    }

    pub(in crate::hdf5) fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Bytes of a value where the dataset or attribute lies.
    pub(in crate::hdf5) const fn size(&self) -> u32 {
        self.size
    }
}
