//! How raw images in a column are described: a shape and a type by NumPy's name.

use crate::{
    foreign::arrays::{ArrayEntry, Scalar},
    stored::array::ArrayForm,
};
use ielade_core::Element;

/// Key of a file's or schema's metadata: the shape of each image, as a JSON list.
pub(crate) const SHAPE_KEY: &str = "image.shape";
/// Key of a file's or schema's metadata: the type of a value, by NumPy's (and `ml_dtypes`') name.
pub(crate) const DTYPE_KEY: &str = "image.dtype";

/// NumPy's name of an element type.
pub(crate) const fn dtype(element: Element) -> &'static str {
    match element {
        Element::U8 => "uint8",
        Element::U16 => "uint16",
        Element::F16 => "float16",
        Element::Bf16 => "bfloat16",
        Element::F32 => "float32",
    }
}

/// The element type of a NumPy name.
pub(crate) fn element_of(name: &str) -> Option<Element> {
    Element::ALL
        .into_iter()
        .find(|element| dtype(*element) == name)
}

/// A shape as it is kept in metadata: `[32, 32, 3]`.
pub(crate) fn shape_text(shape: [u32; 3]) -> String {
    format!("{shape:?}")
}

/// A shape from metadata.
pub(crate) fn shape_from(text: &str) -> Option<Vec<u64>> {
    serde_json::from_str(text).ok()
}

/// What images of this shape are; `None` where they are neither grey nor of three channels.
pub(crate) fn form_of(shape: &[u64], element: Element) -> Option<ArrayForm> {
    let one = ArrayEntry {
        name: String::new(),
        scalar: Scalar {
            name: String::new(),
            element: Some(element),
            integer: None,
        },
        shape: [&[1], shape].concat(),
    };
    one.images().ok().map(|(form, _)| form)
}

/// The shape that bytes without any description most likely have: a square of `u8`, of three
/// channels or of one.
pub(crate) fn square_of(bytes: u64) -> Option<Vec<u64>> {
    let side = |pixels: u64| Some(pixels.isqrt()).filter(|side| side * side == pixels);
    if bytes.is_multiple_of(3)
        && let Some(side) = side(bytes / 3)
    {
        return Some(vec![side, side, 3]);
    }
    side(bytes).map(|side| vec![side, side])
}

#[cfg(test)]
mod tests {
    use super::{element_of, form_of, shape_from, shape_text, square_of};
    use crate::stored::array::image_shape;
    use crate::stored::array::{ArrayForm, Axes};
    use ielade_core::{Element, ImageSpec};

    #[test]
    fn the_shapes_of_stores_come_back() {
        for element in Element::ALL {
            for spec in [ImageSpec::rgb(9, 12), ImageSpec::rgb(3, 3)] {
                let text = shape_text(image_shape(element, spec));
                let shape = shape_from(&text).unwrap();
                let form = form_of(&shape, element).unwrap();
                assert_eq!(form, ArrayForm::of_stores(element, spec), "{text}");
                assert_eq!(element_of(super::dtype(element)), Some(element));
            }
        }
    }

    #[test]
    fn channels_are_found_at_either_end_and_anything_else_is_refused() {
        let form = |shape: &[u64]| {
            let form = form_of(shape, Element::U8)?;
            Some((form.axes, form.spec.channels))
        };
        assert_eq!(form(&[32, 32]), Some((Axes::Interleaved, 1)));
        assert_eq!(form(&[3, 32, 32]), Some((Axes::Planar, 3)));
        assert_eq!(form(&[32, 32, 1]), Some((Axes::Interleaved, 1)));
        for wrong in [&[32, 32, 4][..], &[], &[0, 2, 3], &[1 << 40, 1 << 40, 3]] {
            assert_eq!(form(wrong), None, "{wrong:?}");
        }
        assert_eq!(square_of(3072), Some(vec![32, 32, 3]));
        assert_eq!(square_of(784), Some(vec![28, 28]));
        assert_eq!(square_of(100_001), None);
    }
}
