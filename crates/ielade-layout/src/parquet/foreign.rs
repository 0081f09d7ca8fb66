//! Parquet files that others made.

use super::{
    CONTAINER, FILE_ENDING,
    column::Table,
    metadata::{Annotation, Leaf, MAGIC, Physical},
};
use crate::{
    LayoutError,
    columns::{
        arrays,
        choice::{Choice, Column, Use, choose},
        features::{self, Features},
        files, first_images,
    },
    foreign::{Contents, ForeignFile, ForeignStore},
    index::SampleIndex,
    stored::{
        SampleForm, StoredSamples,
        array::ArrayForm,
        mapped::{MappedSamples, Place, Places},
    },
};
use ielade_core::{Element, ImageShape, sample::NO_LABEL};
use std::path::{Path, PathBuf};

/// Bytes of encoded images from which on an index of them is kept: going through fewer takes no
/// time.
const INDEXED_BYTES: u64 = 64 << 20;

/// Whether a path is a Parquet file, or a folder with such files.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    head.starts_with(MAGIC) || head.starts_with(b"PARE") || {
        path.is_dir() && files::are_there(path, &[FILE_ENDING])
    }
}

/// Opens one file, or all of a folder.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let mut guesses = Vec::new();
    let paths = files::find(file.path, &[FILE_ENDING], &mut guesses)?;
    let table = Table::read(files::map(&paths)?)?;
    let features = features_of(&table);
    let columns = columns_of(&table);
    let choice = choose(file, &columns, &features, &mut guesses)?;
    table.check_rows(choice.images)?;
    let labels = match choice.labels {
        Some(leaf) => table.integers(leaf)?,
        None => Vec::new(),
    };
    let array = array_form(file, &table, choice.images, &mut guesses)?;
    let count = table.rows() as u32;
    let classes = choice
        .labels
        .map(|leaf| features.classes(&columns[leaf].name));
    let samples: Box<dyn StoredSamples> = if table.is_uncompressed(choice.images) {
        let places = places(file, &table, &paths, choice, &columns, &labels)?;
        Box::new(MappedSamples::new(table.files, Places::Each(places))?)
    } else {
        guesses.push("its pages are compressed; they are unpacked while it is read".to_owned());
        Box::new(table.into_packed(choice.images)?)
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

fn features_of(table: &Table) -> Features {
    let first = table.metadata.first();
    let entry = first.and_then(|metadata| metadata.entry(features::KEY));
    entry.map(Features::parse).unwrap_or_default()
}

/// The columns, as they can be chosen.
fn columns_of(table: &Table) -> Vec<Column> {
    let all = table.leaves().iter().enumerate();
    all.map(|(number, leaf)| Column {
        name: leaf.path.first().cloned().unwrap_or_default(),
        path: leaf.path.join("."),
        usable: usable(leaf),
        bytes: table.column_bytes(number),
    })
    .collect()
}

fn usable(leaf: &Leaf) -> Use {
    if leaf.repeats {
        return Use::Neither(
            "lists, of which Parquet makes 32-bit numbers; write images as bytes \
             (pyarrow's binary), or as fixed_size_binary",
        );
    }
    match (leaf.physical, leaf.annotation) {
        (Physical::Bytes | Physical::Fixed(_), Annotation::None) => Use::Images,
        (Physical::Bytes | Physical::Fixed(_), Annotation::Text) => Use::Neither("text"),
        (Physical::I32 | Physical::I64, Annotation::None | Annotation::Integer) => Use::Labels,
        (Physical::Other(what), _) => Use::Neither(what),
        _ => Use::Neither("dates, times or decimal numbers"),
    }
}

/// What raw images are; `None` of encoded ones.
fn array_form(
    file: &ForeignFile<'_>,
    table: &Table,
    images: usize,
    guesses: &mut Vec<String>,
) -> Result<Option<ArrayForm>, LayoutError> {
    let Physical::Fixed(bytes) = table.leaves()[images].physical else {
        return Ok(None);
    };
    let entry = |key| {
        table
            .metadata
            .first()
            .and_then(|metadata| metadata.entry(key))
    };
    let told = entry(arrays::SHAPE_KEY).and_then(arrays::shape_from);
    let element = entry(arrays::DTYPE_KEY).and_then(arrays::element_of);
    let form = if let (Some(shape), element) = (told, element) {
        arrays::form_of(&shape, element.unwrap_or(Element::U8))
    } else {
        let shape = arrays::square_of(bytes.into());
        if let Some(shape) = &shape {
            guesses.push(format!(
                "{bytes} bytes are a u8 image of the shape {shape:?}"
            ));
        }
        shape.and_then(|shape| arrays::form_of(&shape, Element::U8))
    };
    let fitting = form.filter(|form| form.image_bytes() == bytes as usize);
    fitting.map(Some).ok_or_else(|| LayoutError::Foreign {
        path: file.path.to_owned(),
        reason: format!("it does not tell the shape of its images of {bytes} bytes"),
        hint: format!(
            "give it the metadata {:?} (for example [32, 32, 3]) and {:?} (for example uint8)",
            arrays::SHAPE_KEY,
            arrays::DTYPE_KEY
        ),
    })
}

/// Where the images lie; by an index where finding out takes time.
fn places(
    file: &ForeignFile<'_>,
    table: &Table,
    paths: &[PathBuf],
    choice: Choice,
    columns: &[Column],
    labels: &[i64],
) -> Result<Vec<Place>, LayoutError> {
    let is_large = table.column_bytes(choice.images) >= INDEXED_BYTES;
    if !is_large || table.leaves()[choice.images].physical != Physical::Bytes {
        return table.places(choice.images);
    }
    let notes = format!("parquet {}", columns[choice.images].path);
    let index = SampleIndex::of_foreign(file.path, paths, || {
        let places = table.places(choice.images)?;
        let labels = match labels.is_empty() {
            true => vec![NO_LABEL; places.len()],
            false => labels.to_owned(),
        };
        Ok(SampleIndex {
            labels,
            places,
            notes: notes.clone().into_bytes(),
        })
    })?;
    // An index may be of another column, or not of a Parquet file's images at all.
    if index.notes == notes.as_bytes() && index.places.len() as u64 == table.rows() {
        return Ok(index.places);
    }
    table.places(choice.images)
}
