//! What Hugging Face's `datasets` keeps of a table's columns: the `huggingface` entry of a schema's
//! metadata (<https://huggingface.co/docs/datasets/about_dataset_features>).
//!
//! `{"info": {"features": {"image": {"_type": "Image"}, "label": {"names": [...], "_type":
//! "ClassLabel"}}}}`.

use super::{IMAGE, LABEL};
use ielade_core::Encoding;
use serde_json::{Value, json};

/// The key of the entry.
pub(crate) const KEY: &str = "huggingface";

/// The features of a table that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// Columns of the type `Image`.
    pub(crate) images: Vec<String>,
    /// Columns of the type `ClassLabel`, with the names of the classes.
    pub(crate) labels: Vec<(String, Vec<String>)>,
}

impl Features {
    /// From the entry's text; nothing where it is not understood.
    pub(crate) fn parse(text: &str) -> Self {
        let mut features = Self::default();
        let entry: Value = serde_json::from_str(text).unwrap_or_default();
        let Some(columns) = entry["info"]["features"].as_object() else {
            return features;
        };
        for (name, feature) in columns {
            match feature["_type"].as_str() {
                Some("Image") => features.images.push(name.clone()),
                Some("ClassLabel") => features.labels.push((name.clone(), class_names(feature))),
                _ => {}
            }
        }
        features
    }

    /// The names of a label column's classes; empty where they are not told.
    pub(crate) fn classes(&self, column: &str) -> Vec<String> {
        self.labels
            .iter()
            .find(|(name, _)| name == column)
            .map(|(_, classes)| classes.clone())
            .unwrap_or_default()
    }
}

fn class_names(feature: &Value) -> Vec<String> {
    let names = feature["names"].as_array();
    let names = names.into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The entry of a store. Raw images are no `Image` there, since `datasets` would try to decode
/// them: `raw` says what they are.
pub(crate) fn text(encoding: Encoding, classes: &[String], raw: &Value) -> String {
    let image = match encoding.is_compressed_image() {
        true => json!({"_type": "Image"}),
        false => raw.clone(),
    };
    let label = match classes.is_empty() {
        true => json!({"_type": "Value", "dtype": "int64"}),
        false => json!({"_type": "ClassLabel", "names": classes}),
    };
    json!({"info": {"features": {IMAGE: image, LABEL: label}}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Features, text};
    use ielade_core::Encoding;
    use serde_json::json;

    #[test]
    fn class_names_come_back() {
        let classes = ["ant".to_owned(), "cat \"dog\" é".to_owned()];
        let features = Features::parse(&text(Encoding::Jpeg, &classes, &json!({})));
        assert_eq!(features.images, ["image"]);
        assert_eq!(features.classes("label"), classes);
        assert!(features.classes("image").is_empty());
    }

    #[test]
    fn what_is_not_understood_tells_nothing() {
        for text in [
            "",
            "[",
            "7",
            "{}",
            "{\"info\": []}",
            "{\"info\": {\"features\": [3]}}",
            "{\"info\": {\"features\": {\"a\": 1, \"b\": {\"_type\": 3}}}}",
        ] {
            assert_eq!(Features::parse(text), Features::default(), "{text}");
        }
    }
}
