//! Which columns of a foreign table are the images and the labels.

use super::features::Features;
use crate::{
    LayoutError,
    foreign::{ForeignFile, arrays::listed},
};

/// Usual names of a column of images, the likeliest first.
const IMAGE_NAMES: [&str; 14] = [
    "image", "img", "images", "jpg", "jpeg", "png", "webp", "pixels", "picture", "photo", "bytes",
    "data", "content", "x",
];

/// Usual names of a column of labels, the likeliest first.
const LABEL_NAMES: [&str; 12] = [
    "label",
    "labels",
    "class",
    "cls",
    "target",
    "targets",
    "y",
    "fine_label",
    "label_idx",
    "class_id",
    "category",
    "category_id",
];

/// What a column can be taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Bytes: encoded images or raw values.
    Images,
    /// Whole numbers.
    Labels,
    /// Neither; says what it holds, and why that is not read.
    Neither(&'static str),
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The name by which the column is known.
    pub(crate) name: String,
    /// Its name with those of the structures around it: `image.bytes`.
    pub(crate) path: String,
    pub(crate) usable: Use,
    /// How much it holds, to tell the images from names and other text.
    pub(crate) bytes: u64,
}

/// The chosen columns, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) images: usize,
    pub(crate) labels: Option<usize>,
}

/// Takes the columns that the user names, or guesses them.
///
/// # Errors
/// Where a named column is not there or cannot be used, or none looks like images; with the names
/// of all columns.
pub(crate) fn choose(
    file: &ForeignFile<'_>,
    columns: &[Column],
    features: &Features,
    guesses: &mut Vec<String>,
) -> Result<Choice, LayoutError> {
    let images = match &file.names.images {
        Some(name) => named(file, columns, name, Use::Images)?,
        None => guessed_images(file, columns, features, guesses)?,
    };
    let labels = match &file.names.labels {
        Some(name) => Some(named(file, columns, name, Use::Labels)?),
        None => guessed_labels(columns, features, guesses),
    };
    for chosen in labels.into_iter().chain([images]) {
        let name = &columns[chosen].path;
        let of_name = columns.iter().filter(|column| column.path == *name);
        let count = of_name.count();
        if count > 1 {
            return Err(LayoutError::Foreign {
                path: file.path.to_owned(),
                reason: format!("it has {count} columns {name:?}"),
                hint: "give each column a name of its own".to_owned(),
            });
        }
    }
    Ok(Choice { images, labels })
}

fn named(
    file: &ForeignFile<'_>,
    columns: &[Column],
    name: &str,
    wanted: Use,
) -> Result<usize, LayoutError> {
    let matching = |column: &Column| column.name == name || column.path == name;
    let fault = |reason: String| LayoutError::Foreign {
        path: file.path.to_owned(),
        reason,
        hint: all_columns(columns),
    };
    let usable = columns
        .iter()
        .position(|column| matching(column) && column.usable == wanted);
    if let Some(found) = usable {
        return Ok(found);
    }
    let Some(found) = columns.iter().find(|column| matching(column)) else {
        return Err(fault(format!("there is no column {name:?}")));
    };
    Err(fault(match found.usable {
        Use::Neither(what) => format!("column {name:?} holds {what}"),
        Use::Images => format!("column {name:?} holds bytes, which are no labels"),
        Use::Labels => format!("column {name:?} holds numbers, which are no images"),
    }))
}

fn all_columns(columns: &[Column]) -> String {
    let mut names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    names.dedup();
    format!("its columns are {}", listed(&names))
}

fn guessed_images(
    file: &ForeignFile<'_>,
    columns: &[Column],
    features: &Features,
    guesses: &mut Vec<String>,
) -> Result<usize, LayoutError> {
    let usable = || {
        let all = columns.iter().enumerate();
        all.filter(|(_, column)| column.usable == Use::Images)
    };
    let of_name = |name: &str| usable().find(|(_, column)| column.name.eq_ignore_ascii_case(name));
    let found = features
        .images
        .iter()
        .find_map(|name| of_name(name))
        .or_else(|| IMAGE_NAMES.iter().find_map(|name| of_name(name)))
        .or_else(|| usable().max_by_key(|(_, column)| column.bytes));
    let Some((at, column)) = found else {
        let refused = columns.iter().find_map(|column| match column.usable {
            Use::Neither(what) if IMAGE_NAMES.contains(&column.name.as_str()) => {
                Some(format!("column {:?} holds {what}", column.name))
            }
            _ => None,
        });
        return Err(LayoutError::Foreign {
            path: file.path.to_owned(),
            reason: refused.unwrap_or_else(|| "no column holds images".to_owned()),
            hint: all_columns(columns),
        });
    };
    guesses.push(format!("the images are in column {:?}", column.name));
    Ok(at)
}

fn guessed_labels(
    columns: &[Column],
    features: &Features,
    guesses: &mut Vec<String>,
) -> Option<usize> {
    let usable = || {
        let all = columns.iter().enumerate();
        all.filter(|(_, column)| column.usable == Use::Labels)
    };
    let of_name = |name: &str| usable().find(|(_, column)| column.name.eq_ignore_ascii_case(name));
    let (at, column) = features
        .labels
        .iter()
        .find_map(|(name, _)| of_name(name))
        .or_else(|| LABEL_NAMES.iter().find_map(|name| of_name(name)))
        .or_else(|| {
            guesses.extend(refused_labels(columns));
            None
        })?;
    guesses.push(format!("the labels are in column {:?}", column.name));
    Some(at)
}

/// Says why the column whose name is the likeliest for labels is not taken.
fn refused_labels(columns: &[Column]) -> Option<String> {
    LABEL_NAMES.iter().find_map(|name| {
        let mut named = columns.iter().filter(|column| column.path == *name);
        named.find_map(|column| match column.usable {
            Use::Neither(what) => Some(format!(
                "column {name:?} holds {what}, not the numbers of classes; write those as int64 \
                 (datasets: class_encode_column({name:?}))"
            )),
            _ => None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Choice, Column, Use, choose};
    use crate::{columns::features::Features, foreign::ForeignFile};
    use ielade_core::ForeignNames;
    use std::path::Path;

    fn column(name: &str, usable: Use, bytes: u64) -> Column {
        Column {
            name: name.to_owned(),
            path: format!("{name}.bytes"),
            usable,
            bytes,
        }
    }

    fn chosen(columns: &[Column], features: &Features, names: [&str; 2]) -> Result<Choice, String> {
        let [images, labels] =
            names.map(|name| Some(name.to_owned()).filter(|name| !name.is_empty()));
        let file = ForeignFile {
            path: Path::new("table"),
            names: &ForeignNames { images, labels },
        };
        choose(&file, columns, features, &mut Vec::new()).map_err(|error| error.to_string())
    }

    #[test]
    fn features_come_before_names_and_names_before_size() {
        let columns = [
            column("key", Use::Images, 900),
            column("IMG", Use::Images, 5),
            column("thumbnail", Use::Images, 1),
            column("count", Use::Labels, 0),
            column("y", Use::Labels, 0),
        ];
        let none = Features::default();
        let choice = |images, labels| Choice { images, labels };
        let found = chosen(&columns, &none, ["", ""]).unwrap();
        assert_eq!(found, choice(1, Some(4)));
        let features = Features {
            images: vec!["thumbnail".to_owned()],
            labels: vec![("count".to_owned(), Vec::new())],
        };
        let found = chosen(&columns, &features, ["", ""]).unwrap();
        assert_eq!(found, choice(2, Some(3)));
        let found = chosen(&columns[..1], &none, ["", ""]).unwrap();
        assert_eq!(found, choice(0, None));
        let found = chosen(&columns, &none, ["key.bytes", "count"]).unwrap();
        assert_eq!(found, choice(0, Some(3)));
    }

    #[test]
    fn a_wrong_name_is_told_with_the_names_there_are() {
        let columns = [
            column("image", Use::Neither("lists"), 5),
            column("label", Use::Labels, 0),
        ];
        let none = Features::default();
        for (names, expected) in [
            (
                ["", ""],
                "\"image\" holds lists; its columns are image, label",
            ),
            (
                ["picture", ""],
                "no column \"picture\"; its columns are image, label",
            ),
            (["label", ""], "\"label\" holds numbers"),
        ] {
            let error = chosen(&columns, &none, names).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = chosen(&columns[1..], &none, ["", ""]).unwrap_err();
        assert!(error.contains("no column holds images"), "{error}");
    }
}
