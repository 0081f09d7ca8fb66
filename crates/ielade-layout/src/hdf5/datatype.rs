//! The datatype message: what one value of a dataset is.

use super::cursor::Cursor;
use crate::{columns::fault::Fault, foreign::arrays::Integer, stored::array::ByteOrder};
use ielade_core::Element;

/// Types within types that are followed, at most.
const MAX_DEPTH: usize = 4;

/// What one value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A whole number; enumerations too.
    Integer(Integer),
    /// IEEE 754 of so many bytes.
    Float(usize),
    /// The upper half of an IEEE 754 single.
    Bfloat16,
    /// Bytes, as many as there are, in the file's heap.
    VariableBytes,
    /// Text, as long as it is, in the file's heap.
    VariableText,
    /// Text of one length, filled up with NUL or spaces.
    Text,
    /// Something else, by its name.
    Other(String),
}

/// A dataset's datatype.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Datatype {
    pub(super) kind: Kind,
    /// Bytes of a value, all of an array.
    pub(super) size: u32,
    pub(super) byte_order: ByteOrder,
    /// Dimensions of a value that is an array; they follow those of the dataset.
    pub(super) shape: Vec<u64>,
}

/// The first bytes of a datatype.
struct Head {
    version: u8,
    class: u8,
    bits: u32,
    size: u32,
}

impl Head {
    const fn byte_order(&self) -> ByteOrder {
        if self.bits & 1 == 0 {
            ByteOrder::Little
        } else {
            ByteOrder::Big
        }
    }
}

impl Datatype {
    pub(super) fn parse(mut cursor: Cursor<'_>) -> Result<Self, Fault> {
        read(&mut cursor, MAX_DEPTH)
    }

    fn plain(kind: Kind, head: &Head) -> Self {
        Self {
            kind,
            size: head.size,
            byte_order: head.byte_order(),
            shape: Vec::new(),
        }
    }

    /// What images of this type are; `None` where they are not read.
    pub(super) const fn element(&self) -> Option<Element> {
        match self.kind {
            Kind::Integer(Integer {
                bytes: 1,
                signed: false,
            }) => Some(Element::U8),
            Kind::Integer(Integer {
                bytes: 2,
                signed: false,
            }) => Some(Element::U16),
            Kind::Float(2) => Some(Element::F16),
            Kind::Float(4) => Some(Element::F32),
            Kind::Bfloat16 => Some(Element::Bf16),
            _ => None,
        }
    }

    /// What labels of this type are; `None` where they are none.
    pub(super) const fn integer(&self) -> Option<Integer> {
        match self.kind {
            Kind::Integer(integer) => Some(integer),
            _ => None,
        }
    }

    /// The type as NumPy calls it, as far as it knows it.
    pub(super) fn name(&self) -> String {
        match &self.kind {
            Kind::Integer(Integer { bytes, signed }) => {
                format!("{}int{}", if *signed { "" } else { "u" }, 8 * bytes)
            }
            Kind::Float(bytes) => format!("float{}", 8 * bytes),
            Kind::Bfloat16 => "bfloat16".to_owned(),
            Kind::VariableBytes => "bytes of variable length".to_owned(),
            Kind::VariableText | Kind::Text => "text".to_owned(),
            Kind::Other(name) => name.clone(),
        }
    }
}

fn read(cursor: &mut Cursor<'_>, depth: usize) -> Result<Datatype, Fault> {
    let here = *cursor;
    let Some(depth) = depth.checked_sub(1) else {
        return Err(here.fault("types within types within types are not read"));
    };
    let first = cursor.u8()?;
    let head = Head {
        version: first >> 4,
        class: first & 0x0f,
        bits: cursor.number(3)? as u32,
        size: cursor.u32()?,
    };
    if !(1..=5).contains(&head.version) {
        return Err(here.fault(format!(
            "version {} of a datatype is not known",
            head.version
        )));
    }
    if head.size == 0 {
        return Err(here.fault("values of no bytes"));
    }
    let other = |name: &str| Ok(Datatype::plain(Kind::Other(name.to_owned()), &head));
    match head.class {
        0 => integer(cursor, &head),
        1 => float(cursor, &head),
        2 => other("times"),
        3 => Ok(Datatype::plain(Kind::Text, &head)),
        4 => other("bit fields"),
        5 => other("opaque values"),
        6 => other("compound values"),
        7 => other("references"),
        8 => enumeration(cursor, depth),
        9 => variable(cursor, &head, depth),
        10 => array(cursor, &head, depth),
        class => Err(here.fault(format!("class {class} of a datatype is not known"))),
    }
}

fn integer(cursor: &mut Cursor<'_>, head: &Head) -> Result<Datatype, Fault> {
    const SIGNED: u32 = 1 << 3;
    let (first_bit, bits) = (cursor.u16()?, cursor.u16()?);
    let is_whole = first_bit == 0 && u32::from(bits) == head.size.saturating_mul(8);
    let kind = match head.size {
        bytes @ (1 | 2 | 4 | 8) if is_whole => Kind::Integer(Integer {
            bytes: bytes as usize,
            signed: head.bits & SIGNED != 0,
        }),
        bytes => Kind::Other(format!("integers of {bits} bits in {bytes} bytes")),
    };
    Ok(Datatype::plain(kind, head))
}

fn float(cursor: &mut Cursor<'_>, head: &Head) -> Result<Datatype, Fault> {
    /// With the first bit, an order that is neither.
    const MIXED_ORDER: u32 = 1 << 6;
    /// Mantissas start with a 1 that is not stored.
    const IMPLIED_ONE: u32 = 2;
    let (first_bit, bits) = (cursor.u16()?, cursor.u16()?);
    let fields = [cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?];
    let bias = cursor.u32()?;
    let sign = (head.bits >> 8) & 0xff;
    let is_plain = first_bit == 0
        && u32::from(bits) == head.size.saturating_mul(8)
        && head.bits & MIXED_ORDER == 0
        && (head.bits >> 4) & 3 == IMPLIED_ONE;
    // Place and length of exponent and mantissa.
    let kind = match (head.size, sign, fields, bias) {
        (2, 15, [10, 5, 0, 10], 15) if is_plain => Kind::Float(2),
        (2, 15, [7, 8, 0, 7], 127) if is_plain => Kind::Bfloat16,
        (4, 31, [23, 8, 0, 23], 127) if is_plain => Kind::Float(4),
        (8, 63, [52, 11, 0, 52], 1023) if is_plain => Kind::Float(8),
        _ => Kind::Other(format!(
            "floats of {bits} bits of a layout that is not IEEE 754's"
        )),
    };
    Ok(Datatype::plain(kind, head))
}

/// Names and values of an enumeration follow its base, and are of no use here.
fn enumeration(cursor: &mut Cursor<'_>, depth: usize) -> Result<Datatype, Fault> {
    read(cursor, depth)
}

fn variable(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<Datatype, Fault> {
    const TEXT: u32 = 1;
    let base = read(cursor, depth)?;
    let kind = match base.kind {
        _ if head.bits & 0x0f == TEXT => Kind::VariableText,
        Kind::Integer(Integer { bytes: 1, .. }) if base.shape.is_empty() => Kind::VariableBytes,
        _ => Kind::Other(format!("{} of variable length", base.name())),
    };
    let expected = 4 + cursor.source.offset_bytes as u32 + 4;
    if head.size != expected {
        let reason = format!(
            "references to the heap of {} bytes, not {expected}",
            head.size
        );
        return Err(cursor.fault(reason));
    }
    Ok(Datatype::plain(kind, head))
}

fn array(cursor: &mut Cursor<'_>, head: &Head, depth: usize) -> Result<Datatype, Fault> {
    let rank = cursor.u8()?;
    let has_order = head.version < 3;
    if has_order {
        cursor.skip(3)?;
    }
    let shape: Vec<u64> = (0..rank)
        .map(|_| cursor.u32().map(u64::from))
        .collect::<Result<_, _>>()?;
    if has_order {
        // The order of the dimensions, which is always that in which they stand.
        cursor.skip(4 * u64::from(rank))?;
    }
    let here = *cursor;
    let base = read(cursor, depth)?;
    let bytes = shape
        .iter()
        .try_fold(u64::from(base.size), |product, length| {
            product.checked_mul(*length)
        });
    if bytes != Some(head.size.into()) || !base.shape.is_empty() {
        return Err(here.fault("an array's length is not that of its values"));
    }
    Ok(Datatype {
        shape,
        size: head.size,
        ..base
    })
}
