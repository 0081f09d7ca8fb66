use super::{
    CONTAINER, FILE_ENDING,
    column::Table,
    images,
    places::Stored,
    schema::{Column, Values},
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    columns::{BYTES, IMAGE, LABEL, files},
    foreign::arrays::Integer,
    stored::{
        SampleForm, StoreReader,
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use std::path::{Path, PathBuf};

/// Opens the Arrow file of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let form = SampleForm::of_store(&store, CONTAINER.name)?;
    let path = data_file(&store)?;
    let table = Table::read(files::map(std::slice::from_ref(&path))?)?;
    let mismatch = |reason: String| LayoutError::Mismatch {
        path: path.clone(),
        reason,
    };
    if table.rows() != manifest.count {
        let (rows, count) = (table.rows(), manifest.count);
        return Err(mismatch(format!(
            "it holds {rows} rows for {count} samples"
        )));
    }
    let image_path: &[&str] = match form {
        SampleForm::Image(_) => &[IMAGE, BYTES],
        SampleForm::Array(_) => &[IMAGE],
    };
    let images = find(&table, image_path, &path)?;
    let labels = find(&table, &[LABEL], &path)?;
    let (stored, shape) = table.stored(images)?;
    let is_it = match form {
        SampleForm::Image(_) => matches!(stored, Stored::Bytes { .. }),
        SampleForm::Array(form) => {
            let found = images::array_form(&table.schema, images, &shape, &mut Vec::new());
            found == Some(form)
        }
    };
    if !is_it {
        let reason = format!("its images are not {}", manifest.encoding());
        return Err(mismatch(reason + " of the size told"));
    }
    let is_int64 = Values::Integer(Integer {
        bytes: 8,
        signed: true,
    });
    if labels.values != is_int64 {
        return Err(mismatch("its labels are not of 64 bits".to_owned()));
    }
    let numbers = table.integers(labels)?;
    let checked = Labels::check(numbers, manifest.count, manifest.classes.len(), &path)?;
    if !table.is_uncompressed()? {
        return Err(mismatch("it is compressed".to_owned()));
    }
    let places = table.places(images, &stored)?;
    let samples = MappedSamples::new(table.files, Places::Each(places))?;
    Ok(Box::new(StoreReader::new(store, form, checked, samples)))
}

fn data_file(store: &StoreFolder) -> Result<PathBuf, LayoutError> {
    let mut files = store
        .manifest()
        .files
        .iter()
        .map(|file| Path::new(&file.path));
    let found = files.find(|path| path.extension().is_some_and(|ending| ending == FILE_ENDING));
    found
        .map(|path| store.folder().join(path))
        .ok_or_else(|| LayoutError::Manifest {
            path: store.folder().join(crate::store::MANIFEST_FILE),
            reason: format!("it lists no .{FILE_ENDING} file"),
        })
}

fn find<'a>(table: &'a Table, names: &[&str], path: &Path) -> Result<&'a Column, LayoutError> {
    let found = table
        .schema
        .columns
        .iter()
        .find(|column| column.path == names);
    found.ok_or_else(|| LayoutError::Mismatch {
        path: path.to_owned(),
        reason: format!("there is no column {:?}", names.join(".")),
    })
}
