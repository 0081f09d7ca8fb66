use super::{
    CONTAINER, FILE_ENDING,
    column::Table,
    metadata::{Annotation, Leaf, Physical},
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    columns::{BYTES, IMAGE, LABEL, arrays, files},
    index::SampleIndex,
    stored::{
        SampleForm, StoreReader,
        array::image_shape,
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use std::path::{Path, PathBuf};

/// Opens the Parquet files of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let form = SampleForm::of_store(&store, CONTAINER.name)?;
    let paths = data_files(&store)?;
    let table = Table::read(files::map(&paths)?)?;
    let images = find(&table, &paths, &image_path(form))?;
    let labels = find(&table, &paths, &[LABEL])?;
    check_form(&table, &paths, images, form)?;
    if table.rows() != u64::from(manifest.count) {
        return Err(mismatch(
            store.folder(),
            format!(
                "its files hold {} rows for {} samples",
                table.rows(),
                manifest.count
            ),
        ));
    }
    table.check_rows(images)?;
    let classes = manifest.classes.len();
    let first = paths.first().map_or(store.folder(), PathBuf::as_path);
    let numbers = table.integers(labels)?;
    let checked = Labels::check(numbers, manifest.count, classes, first)?;
    if !table.is_uncompressed(images) {
        let samples = table.into_packed(images)?;
        return Ok(Box::new(StoreReader::new(store, form, checked, samples)));
    }
    let places = match form {
        // Where each lies is told by the value before it; the index saves going through all.
        SampleForm::Image(_) => SampleIndex::read_of_store(store.folder(), &paths)?.places,
        SampleForm::Array(_) => table.places(images)?,
    };
    if places.len() != manifest.count as usize {
        return Err(mismatch(
            store.folder(),
            format!("{} images for {} samples", places.len(), manifest.count),
        ));
    }
    let samples = MappedSamples::new(table.files, Places::Each(places))?;
    Ok(Box::new(StoreReader::new(store, form, checked, samples)))
}

/// The store's Parquet files, in the manifest's order.
fn data_files(store: &StoreFolder) -> Result<Vec<PathBuf>, LayoutError> {
    let files = store.manifest().files.iter();
    let paths: Vec<PathBuf> = files
        .map(|file| Path::new(&file.path))
        .filter(|path| path.extension().is_some_and(|ending| ending == FILE_ENDING))
        .map(|path| store.folder().join(path))
        .collect();
    if paths.is_empty() {
        return Err(LayoutError::Manifest {
            path: store.folder().join(crate::store::MANIFEST_FILE),
            reason: format!("it lists no .{FILE_ENDING} file"),
        });
    }
    Ok(paths)
}

fn image_path(form: SampleForm) -> Vec<&'static str> {
    match form {
        SampleForm::Image(_) => vec![IMAGE, BYTES],
        SampleForm::Array(_) => vec![IMAGE],
    }
}

fn mismatch(path: &Path, reason: impl Into<String>) -> LayoutError {
    LayoutError::Mismatch {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

fn find(table: &Table, paths: &[PathBuf], path: &[&str]) -> Result<usize, LayoutError> {
    let is_it = |leaf: &Leaf| leaf.path == path && !leaf.repeats;
    table.leaves().iter().position(is_it).ok_or_else(|| {
        let first = paths.first().map_or(Path::new(""), PathBuf::as_path);
        mismatch(first, format!("there is no column {:?}", path.join(".")))
    })
}

/// Fails unless the column of images is what the manifest says.
fn check_form(
    table: &Table,
    paths: &[PathBuf],
    images: usize,
    form: SampleForm,
) -> Result<(), LayoutError> {
    let leaf = &table.leaves()[images];
    for (path, metadata) in paths.iter().zip(&table.metadata) {
        let found = match form {
            SampleForm::Image(_) => (leaf.physical == Physical::Bytes
                && leaf.annotation == Annotation::None)
                .then_some(()),
            SampleForm::Array(form) => {
                let shape = arrays::shape_text(image_shape(form.element, form.spec));
                let is_it = metadata.entry(arrays::SHAPE_KEY) == Some(&shape)
                    && metadata.entry(arrays::DTYPE_KEY) == Some(arrays::dtype(form.element))
                    && leaf.physical == Physical::Fixed(form.image_bytes() as u32);
                is_it.then_some(())
            }
        };
        found.ok_or_else(|| {
            let told = |key| metadata.entry(key).unwrap_or("none").to_owned();
            let reason = format!(
                "its images are {:?} of the shape {} and type {}",
                leaf.physical,
                told(arrays::SHAPE_KEY),
                told(arrays::DTYPE_KEY)
            );
            mismatch(path, reason)
        })?;
    }
    Ok(())
}
