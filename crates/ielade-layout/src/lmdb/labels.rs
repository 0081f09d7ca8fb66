//! Which values of a file that others made are the labels of its images.

use ielade_core::sample::NO_LABEL;

/// Databases that labels are usually in, under the keys of their images.
pub(super) const DATABASES: [&str; 7] = [
    "labels", "label", "y", "targets", "target", "classes", "cls",
];

/// Ways from an image's key to that of its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LabelKey {
    /// With another word in it.
    Word(&'static str, &'static str),
    /// With something behind it.
    Behind(&'static str),
    /// With something in front of it.
    Before(&'static str),
    /// With another ending in place of its own.
    Ending(&'static str),
}

impl LabelKey {
    /// All, the likeliest first.
    pub(super) const ALL: [Self; 11] = [
        Self::Word("image", "label"),
        Self::Word("img", "label"),
        Self::Word("image", "class"),
        Self::Word("jpg", "cls"),
        Self::Ending(".cls"),
        Self::Ending(".label"),
        Self::Behind(".cls"),
        Self::Behind("_label"),
        Self::Behind("-label"),
        Self::Before("label-"),
        Self::Before("label_"),
    ];

    /// The key of the label of the image under `key`.
    pub(super) fn of(self, key: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Word(word, by) => {
                let at = key
                    .windows(word.len())
                    .position(|part| part == word.as_bytes())?;
                let (before, rest) = key.split_at(at);
                Some([before, by.as_bytes(), &rest[word.len()..]].concat())
            }
            Self::Behind(text) => Some([key, text.as_bytes()].concat()),
            Self::Before(text) => Some([text.as_bytes(), key].concat()),
            Self::Ending(text) => {
                let dot = key.iter().rposition(|byte| *byte == b'.')?;
                Some([&key[..dot], text.as_bytes()].concat())
            }
        }
    }
}

/// The labels in these values, -1 where there is none: decimal text, or little-endian integers of
/// one size; `None` where they are neither.
pub(super) fn decode(values: &[Option<&[u8]>]) -> Option<Vec<i64>> {
    let text = |value: &[u8]| std::str::from_utf8(value).ok()?.trim().parse().ok();
    let all = |read: &dyn Fn(&[u8]) -> Option<i64>| -> Option<Vec<i64>> {
        let labels = values.iter().map(|value| match value {
            Some(value) => read(value),
            None => Some(NO_LABEL),
        });
        labels.collect()
    };
    all(&text).or_else(|| {
        let size = values.iter().flatten().next()?.len();
        all(&|value| (value.len() == size).then(|| integer(value))?)
    })
}

/// A little-endian integer: one byte without a sign, more with one.
fn integer(value: &[u8]) -> Option<i64> {
    Some(match *value {
        [byte] => byte.into(),
        [a, b] => i16::from_le_bytes([a, b]).into(),
        [a, b, c, d] => i32::from_le_bytes([a, b, c, d]).into(),
        _ => i64::from_le_bytes(value.try_into().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::{LabelKey, decode};

    #[test]
    fn keys_of_labels_are_made_from_those_of_images() {
        let of = |way: LabelKey, key: &str| {
            way.of(key.as_bytes())
                .map(|key| String::from_utf8(key).unwrap())
        };
        let found = of(LabelKey::Word("image", "label"), "image-000000001");
        assert_eq!(found.unwrap(), "label-000000001");
        assert_eq!(of(LabelKey::Word("image", "label"), "im-1"), None);
        assert_eq!(
            of(LabelKey::Ending(".cls"), "a.b/1.jpg").unwrap(),
            "a.b/1.cls"
        );
        assert_eq!(of(LabelKey::Ending(".cls"), "1"), None);
        assert_eq!(of(LabelKey::Behind("_label"), "7").unwrap(), "7_label");
        assert_eq!(of(LabelKey::Before("label-"), "7").unwrap(), "label-7");
    }

    #[test]
    fn labels_are_text_or_integers() {
        let decode = |values: &[&[u8]]| {
            let values: Vec<Option<&[u8]>> = values.iter().copied().map(Some).collect();
            super::decode(&values)
        };
        assert_eq!(decode(&[b"7", b"-1", b" 12\n"]), Some(vec![7, -1, 12]));
        assert_eq!(decode(&[b"\x07", b"\xff"]), Some(vec![7, 255]));
        assert_eq!(
            decode(&[b"\x07\0\0\0", b"\xff\xff\xff\xff"]),
            Some(vec![7, -1])
        );
        assert_eq!(decode(&[b"\x01\x02", b"\x01"]), None);
        assert_eq!(decode(&[b"cat", b"dog"]), None);
        assert_eq!(decode(&[b"123456789 words"]), None);
    }

    #[test]
    fn an_image_without_a_label_has_none() {
        assert_eq!(decode(&[Some(b"7"), None]), Some(vec![7, -1]));
        assert_eq!(decode(&[None]), Some(vec![-1]));
    }
}
