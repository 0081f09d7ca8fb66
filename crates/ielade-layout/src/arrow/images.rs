//! What the images of a column are, by its type and metadata.

use super::{
    column::element_of,
    schema::{Column, Schema, Values},
};
use crate::{columns::arrays, stored::array::ArrayForm};
use ielade_core::Element;
use serde_json::Value;

/// Keys of a field's metadata: the extension type that it is of, and what the extension keeps.
const EXTENSION: &str = "ARROW:extension:name";
const EXTENSION_METADATA: &str = "ARROW:extension:metadata";
/// Lists of a fixed size that are arrays of one shape
/// (<https://arrow.apache.org/docs/format/CanonicalExtensions.html#fixed-shape-tensor>).
pub(super) const TENSOR: &str = "arrow.fixed_shape_tensor";

/// What raw images are; `None` where that is not told. `shape` is that of the lists.
pub(super) fn array_form(
    schema: &Schema,
    column: &Column,
    shape: &[u64],
    guesses: &mut Vec<String>,
) -> Option<ArrayForm> {
    let told = schema.entry(arrays::DTYPE_KEY).and_then(arrays::element_of);
    let element = match (element_of(column), told) {
        // Arrow has no type of its own for it.
        (Some(Element::U16), Some(Element::Bf16)) => Element::Bf16,
        (Some(element), _) => element,
        (None, told) => told.unwrap_or(Element::U8),
    };
    let bytes = shape
        .iter()
        .try_fold(1_u64, |all, size| all.checked_mul(*size))?;
    let bytes = match column.values {
        Values::FixedBytes(_) => bytes,
        _ => bytes.checked_mul(element.size() as u64)?,
    };
    let shape = match (tensor_shape(column), shape) {
        (Some(tensor), _) => tensor?,
        (None, [_]) => match schema.entry(arrays::SHAPE_KEY) {
            Some(text) => arrays::shape_from(text)?,
            None if element == Element::U8 => {
                let shape = arrays::square_of(bytes)?;
                guesses.push(format!(
                    "{bytes} values are a u8 image of the shape {shape:?}"
                ));
                shape
            }
            None => return None,
        },
        (None, several) => several.to_vec(),
    };
    let form = arrays::form_of(&shape, element)?;
    (form.image_bytes() as u64 == bytes).then_some(form)
}

/// The shape of a tensor; `None` for another column, and `Some(None)` for a tensor that cannot be
/// understood.
fn tensor_shape(column: &Column) -> Option<Option<Vec<u64>>> {
    if column.entry(EXTENSION) != Some(TENSOR) {
        return None;
    }
    let parse = || {
        let metadata: Value = serde_json::from_str(column.entry(EXTENSION_METADATA)?).ok()?;
        let numbers = |key: &str| -> Option<Vec<u64>> {
            metadata[key]
                .as_array()?
                .iter()
                .map(Value::as_u64)
                .collect()
        };
        // The axes may be told to be in another order than they lie in; nobody does.
        let in_order = match metadata.get("permutation") {
            None | Some(Value::Null) => true,
            Some(_) => numbers("permutation")?.is_sorted(),
        };
        numbers("shape").filter(|_| in_order)
    };
    Some(parse())
}
