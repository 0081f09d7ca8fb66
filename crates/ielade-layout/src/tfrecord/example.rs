//! `tf.train.Example`: a record of named features, each bytes, floats or integers
//! (TensorFlow's `core/example/{example,feature}.proto`).
//!
//! ```text
//! Example { Features features = 1 }           SequenceExample { context = 1, feature_lists = 2 }
//! Features { map<string, Feature> feature = 1 }
//! Feature { oneof: BytesList = 1, FloatList = 2, Int64List = 3 }, each { repeated value = 1 }
//! ```

use super::wire::{Field, Value, Wire};
use crate::sharded::Fault;

/// Most integers that a feature is read with; a shape has three.
const MAX_INTEGERS: usize = 16;

/// What kind of values a feature has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bytes,
    Floats,
    Integers,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Floats => "floats",
            Self::Integers => "integers",
        }
    }
}

/// The values of a feature, where they lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Values<'a> {
    /// `None` where the feature is there and holds nothing.
    pub(super) kind: Option<Kind>,
    list: Wire<'a>,
}

impl<'a> Values<'a> {
    /// Of a `Feature` message.
    fn of(feature: Wire<'a>) -> Result<Self, Fault> {
        let mut found = Self {
            kind: None,
            list: feature,
        };
        for field in feature.fields() {
            let Field { number, value } = field?;
            let kind = match number {
                1 => Kind::Bytes,
                2 => Kind::Floats,
                3 => Kind::Integers,
                _ => continue,
            };
            let Value::Bytes(list) = value else {
                return Err(Fault::new(feature.offset, "a feature that is no list"));
            };
            if found.kind.replace(kind).is_some() {
                return Err(Fault::new(list.offset, "a feature of two lists"));
            }
            found.list = list;
        }
        Ok(found)
    }

    fn expect(&self, kind: Kind) -> Result<bool, Fault> {
        match self.kind {
            Some(found) if found != kind => Err(Fault::new(
                self.list.offset,
                format!("{} where {} belong", found.name(), kind.name()),
            )),
            found => Ok(found.is_some()),
        }
    }

    /// The one string of bytes; `None` where there is none.
    pub(super) fn byte_string(&self) -> Result<Option<Wire<'a>>, Fault> {
        if !self.expect(Kind::Bytes)? {
            return Ok(None);
        }
        let mut only = None;
        for field in self.list.fields() {
            match field? {
                Field {
                    number: 1,
                    value: Value::Bytes(bytes),
                } => {
                    if only.replace(bytes).is_some() {
                        let reason = "several strings of bytes where one belongs";
                        return Err(Fault::new(bytes.offset, reason));
                    }
                }
                Field { number: 1, .. } => {
                    return Err(Fault::new(
                        self.list.offset,
                        "a string of bytes that is none",
                    ));
                }
                Field { .. } => {}
            }
        }
        Ok(only)
    }

    /// The integers, packed or not.
    pub(super) fn integers(&self) -> Result<Vec<i64>, Fault> {
        let mut integers = Vec::new();
        if !self.expect(Kind::Integers)? {
            return Ok(integers);
        }
        let mut push = |value: u64, offset: u64| {
            if integers.len() == MAX_INTEGERS {
                let reason = format!("more than {MAX_INTEGERS} integers");
                return Err(Fault::new(offset, reason));
            }
            integers.push(value as i64);
            Ok(())
        };
        for field in self.list.fields() {
            match field? {
                Field {
                    number: 1,
                    value: Value::Varint(value),
                } => push(value, self.list.offset)?,
                Field {
                    number: 1,
                    value: Value::Bytes(mut packed),
                } => {
                    while !packed.bytes.is_empty() {
                        let at = packed.offset;
                        push(packed.varint()?, at)?;
                    }
                }
                Field { number: 1, .. } => {
                    return Err(Fault::new(self.list.offset, "an integer that is none"));
                }
                Field { .. } => {}
            }
        }
        Ok(integers)
    }

    /// The one integer; `None` where there is none.
    pub(super) fn integer(&self) -> Result<Option<i64>, Fault> {
        match self.integers()?[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(Fault::new(
                self.list.offset,
                "several integers where one belongs",
            )),
        }
    }

    /// The floats in one piece, little-endian; `None` where there are none.
    pub(super) fn packed_floats(&self) -> Result<Option<Wire<'a>>, Fault> {
        if !self.expect(Kind::Floats)? {
            return Ok(None);
        }
        let mut only = None;
        for field in self.list.fields() {
            match field? {
                Field {
                    number: 1,
                    value: Value::Bytes(packed),
                } if only.is_none() => only = Some(packed),
                Field { number: 1, .. } => {
                    let reason = "floats that are not packed; write them again with TensorFlow";
                    return Err(Fault::new(self.list.offset, reason));
                }
                Field { .. } => {}
            }
        }
        Ok(only)
    }
}

/// Gives all features of a record to `visit`, by name.
pub(super) fn features<'a>(
    record: Wire<'a>,
    mut visit: impl FnMut(Wire<'a>, Values<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for field in record.fields() {
        match field? {
            Field {
                number: 1,
                value: Value::Bytes(map),
            } => {
                for entry in map.fields() {
                    if let Field {
                        number: 1,
                        value: Value::Bytes(entry),
                    } = entry?
                    {
                        let (name, values) = named(entry)?;
                        visit(name, values)?;
                    }
                }
            }
            Field {
                number: 2,
                value: Value::Bytes(lists),
            } => {
                return Err(Fault::new(
                    lists.offset,
                    "the record is a tf.train.SequenceExample, a series and no image; only \
                     tf.train.Example is read",
                ));
            }
            Field { .. } => {}
        }
    }
    Ok(())
}

/// Name and values of an entry of the map.
fn named(entry: Wire<'_>) -> Result<(Wire<'_>, Values<'_>), Fault> {
    let nothing = Wire {
        bytes: b"",
        offset: entry.offset,
    };
    let (mut name, mut feature) = (nothing, nothing);
    for field in entry.fields() {
        match field? {
            Field {
                number: 1,
                value: Value::Bytes(bytes),
            } => name = bytes,
            Field {
                number: 2,
                value: Value::Bytes(bytes),
            } => feature = bytes,
            Field { .. } => {}
        }
    }
    Ok((name, Values::of(feature)?))
}

/// The features of these names; none for an empty name.
///
/// # Errors
/// Where one of them is there twice, or the record is none.
pub(super) fn find<'a, const COUNT: usize>(
    record: Wire<'a>,
    names: [&str; COUNT],
) -> Result<[Option<Values<'a>>; COUNT], Fault> {
    let mut found = [None; COUNT];
    features(record, |name, values| {
        for (place, wanted) in found.iter_mut().zip(names) {
            let is_wanted = !wanted.is_empty() && name.bytes == wanted.as_bytes();
            if is_wanted && place.replace(values).is_some() {
                let reason = format!("feature {wanted:?} is there twice");
                return Err(Fault::new(name.offset, reason));
            }
        }
        Ok(())
    })?;
    Ok(found)
}
