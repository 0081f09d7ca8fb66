//! Arrow files and streams that others made.

use super::{
    CONTAINER,
    column::Table,
    file::{CONTINUATION, FEATHER_1, MAGIC, is_stream},
    images,
    schema::{Column as SchemaColumn, Values},
};
use crate::{
    LayoutError,
    columns::{
        arrays,
        choice::{Column, Use, choose},
        features::{self, Features},
        files, first_images,
    },
    foreign::{Contents, ForeignFile, ForeignStore},
    stored::{
        SampleForm, StoredSamples,
        array::ArrayForm,
        mapped::{MappedSamples, Places},
    },
};
use ielade_core::ImageShape;
use std::path::Path;

/// The usual endings of files.
const ENDINGS: [&str; 4] = ["arrow", "feather", "arrows", "ipc"];

/// Whether a path is an Arrow file or stream, or a folder with such files.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    if path.is_dir() {
        return files::are_there(path, &ENDINGS);
    }
    let of_file = head.starts_with(MAGIC) || head.starts_with(FEATHER_1);
    // A stream has no magic bytes; a cut one is known by its name.
    let of_stream = head.starts_with(&CONTINUATION) && files::are_there(path, &ENDINGS);
    of_file || of_stream || is_stream(head)
}

/// Opens one file, or all of a folder.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let mut guesses = Vec::new();
    let paths = files::find(file.path, &ENDINGS, &mut guesses)?;
    let table = Table::read(files::map(&paths)?)?;
    let features = table.schema.entry(features::KEY);
    let features = features.map(Features::parse).unwrap_or_default();
    let columns = columns_of(&table);
    let choice = choose(file, &columns, &features, &mut guesses)?;
    let labels = match choice.labels {
        Some(number) => table.integers(&table.schema.columns[number])?,
        None => Vec::new(),
    };
    let classes = choice
        .labels
        .map(|number| features.classes(&columns[number].name));
    let count = table.rows();
    let images = &table.schema.columns[choice.images];
    let (stored, shape) = table.stored(images)?;
    let array = match images.values {
        Values::Bytes { .. } => None,
        _ => Some(array_form(file, &table, images, &shape, &mut guesses)?),
    };
    let samples: Box<dyn StoredSamples> = if table.is_uncompressed()? {
        let places = table.places(images, &stored)?;
        Box::new(MappedSamples::new(table.files, Places::Each(places))?)
    } else {
        guesses.push(
            "its batches are compressed; they are unpacked while it is read, each as a whole"
                .to_owned(),
        );
        Box::new(table.into_packed(choice.images, stored))
    };
    let (form, shape) = if let Some(form) = array {
        (SampleForm::Array(form), ImageShape::Fixed(form.delivered()))
    } else {
        let (encoding, shape) =
            first_images::describe(samples.as_ref(), count, file.path, &mut guesses)?;
        (SampleForm::Image(encoding), shape)
    };
    let contents = Contents {
        container: CONTAINER.name,
        form,
        shape,
        labels,
        count,
        classes: classes.unwrap_or_default(),
        samples,
        guesses,
    };
    contents.into_store(file)
}

/// The columns, as they can be chosen.
fn columns_of(table: &Table) -> Vec<Column> {
    let columns = table.schema.columns.iter();
    columns
        .map(|column| Column {
            name: column.path.first().cloned().unwrap_or_default(),
            path: column.path.join("."),
            usable: match column.values {
                Values::Bytes { .. } | Values::FixedBytes(_) | Values::Array(_) => Use::Images,
                Values::Integer(_) => Use::Labels,
                Values::Other(what) => Use::Neither(what),
            },
            bytes: table.column_bytes(column),
        })
        .collect()
}

fn array_form(
    file: &ForeignFile<'_>,
    table: &Table,
    images: &SchemaColumn,
    shape: &[u64],
    guesses: &mut Vec<String>,
) -> Result<ArrayForm, LayoutError> {
    let form = images::array_form(&table.schema, images, shape, guesses);
    form.ok_or_else(|| LayoutError::Foreign {
        path: file.path.to_owned(),
        reason: format!("it does not tell the shape of its images, which are lists of {shape:?}"),
        hint: format!(
            "make them {} of the shape height × width × 3, or give the schema the metadata {:?} \
             (for example [32, 32, 3])",
            images::TENSOR,
            arrays::SHAPE_KEY
        ),
    })
}
