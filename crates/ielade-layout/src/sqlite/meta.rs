//! The table `meta`: what the images of a database are.

use ielade_core::{Encoding, ImageShape, ImageSpec};
use std::collections::BTreeMap;

/// Keys and values for images of an encoding and, where they are raw, a size.
pub(super) fn rows(encoding: Encoding, shape: ImageShape) -> BTreeMap<String, String> {
    let mut rows = vec![("encoding", encoding.to_string())];
    if let (Some(element), Some(spec)) = (encoding.element(), shape.fixed()) {
        let axes = if element.is_float() {
            "channels, height, width"
        } else {
            "height, width, channels"
        };
        rows.push(("axes", axes.to_owned()));
        rows.push(("height", spec.height.to_string()));
        rows.push(("width", spec.width.to_string()));
        rows.push(("channels", spec.channels.to_string()));
    }
    rows.into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What such rows say; `None` where they are none of these.
pub(super) fn parse(rows: &BTreeMap<String, String>) -> Option<(Encoding, ImageShape)> {
    let encoding: Encoding = rows.get("encoding")?.parse().ok()?;
    if encoding.is_compressed_image() {
        return Some((encoding, ImageShape::Varies));
    }
    let number = |key: &str| rows.get(key)?.parse::<u32>().ok();
    let spec = ImageSpec::rgb(number("height")?, number("width")?);
    let pixels = u64::from(spec.height) * u64::from(spec.width);
    let shape = ImageShape::Fixed(spec);
    let fits = (1..=ielade_codec::MAX_PIXELS).contains(&pixels);
    (fits && *rows == self::rows(encoding, shape)).then_some((encoding, shape))
}

#[cfg(test)]
mod tests {
    use super::{parse, rows};
    use ielade_core::{Element, Encoding, ImageShape, ImageSpec};

    #[test]
    fn rows_are_understood_again() {
        let shape = ImageShape::Fixed(ImageSpec::rgb(9, 12));
        for encoding in Encoding::ALL {
            let expected = match encoding {
                Encoding::Raw(_) => shape,
                _ => ImageShape::Varies,
            };
            assert_eq!(parse(&rows(encoding, shape)), Some((encoding, expected)));
        }
        let good = rows(Encoding::Raw(Element::U8), shape);
        for (key, value) in [
            ("encoding", "u9"),
            ("height", "0"),
            ("width", "4294967295"),
            ("channels", "4"),
            ("axes", "other"),
        ] {
            let mut other = good.clone();
            other.insert(key.to_owned(), value.to_owned());
            assert_eq!(parse(&other), None, "{key}");
            other.remove(key);
            assert_eq!(parse(&other), None, "{key}");
        }
    }
}
