use super::{
    CLASSES_FILE, LABELS_FILE, SHAPE_FILE,
    records::{RecordFiles, shape_text},
};
use crate::{
    LayoutError, LayoutWriter, digest, disk, output_file::OutputFile, payload::ExpectedPayload,
    registry::StorePlan, store::one_size,
};
use ielade_codec::CHANNELS;
use ielade_core::{Sample, manifest::DataFile};
use std::path::{Path, PathBuf};

/// Opens a folder to write records.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let spec = one_size(plan.shape, plan.folder, super::CONTAINER.name)?;
    let files = RecordFiles::of(plan.options);
    let record = spec.values() as u64 + 1;
    let (file, kept) = files.place(plan.written);
    let texts = [
        (CLASSES_FILE, classes_text(plan.classes)),
        (SHAPE_FILE, shape_text(spec)),
    ];
    for (name, text) in texts {
        disk::write_atomically(&plan.folder.join(name), text.as_bytes())?;
    }
    Ok(Box::new(CifarWriter {
        folder: plan.folder.to_owned(),
        expected: ExpectedPayload::of(plan, super::CONTAINER.name)?,
        files,
        data: OutputFile::open(
            &plan.folder.join(files.name(file)),
            u64::from(kept) * record,
        )?,
        labels: OutputFile::open(&plan.folder.join(LABELS_FILE), plan.written.into())?,
        complete: Vec::new(),
        written: plan.written,
        planes: Vec::new(),
    }))
}

/// One name a line.
fn classes_text(classes: &[String]) -> String {
    let mut text = String::new();
    for class in classes {
        text.extend(class.chars().map(|c| if c.is_control() { ' ' } else { c }));
        text.push('\n');
    }
    text
}

struct CifarWriter {
    folder: PathBuf,
    expected: ExpectedPayload,
    files: RecordFiles,
    data: OutputFile,
    labels: OutputFile,
    /// Files of records that this run completed.
    complete: Vec<DataFile>,
    written: u32,
    /// Room for one image.
    planes: Vec<u8>,
}

impl CifarWriter {
    /// Goes on to the next file where the last one is full.
    fn next_file(&mut self) -> Result<(), LayoutError> {
        let (file, place) = self.files.place(self.written);
        if place == 0 && file > 0 {
            let path = self.folder.join(self.files.name(file));
            if path != self.data.path() {
                let full = std::mem::replace(&mut self.data, OutputFile::create(&path)?);
                self.complete.push(full.finish(&self.files.name(file - 1))?);
            }
        }
        Ok(())
    }
}

/// The planes of an image whose channels lie together.
fn put_planes(pixels: &[u8], planes: &mut [u8]) {
    let plane = pixels.len() / CHANNELS;
    let (red, others) = planes.split_at_mut(plane);
    let (green, blue) = others.split_at_mut(plane);
    let (pixels, _) = pixels.as_chunks::<CHANNELS>();
    for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
        [*red, *green, *blue] = *pixel;
    }
}

impl LayoutWriter for CifarWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let label = self.expected.label(sample)?;
        let pixels = self.expected.bytes(sample)?;
        let label = [u8::try_from(label).map_err(|_| LayoutError::NeedsLabel {
            key: sample.key.to_owned(),
            container: super::CONTAINER.name,
        })?];
        self.next_file()?;
        self.data.write(&label)?;
        self.planes.resize(pixels.len(), 0);
        put_planes(pixels, &mut self.planes);
        self.data.write(&self.planes)?;
        self.written += 1;
        self.labels.write(&label)
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.data.sync()?;
        self.labels.sync()
    }

    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        remove_later(&self.folder, self.files, self.written)?;
        let Self {
            folder,
            files,
            data,
            labels,
            mut complete,
            written,
            ..
        } = *self;
        let last = data.path().file_name().unwrap_or_default().to_owned();
        complete.push(data.finish(&last.to_string_lossy())?);
        let labels = labels.finish(LABELS_FILE)?;
        let found = |name: &str| match complete.iter().find(|file| file.path == name) {
            Some(file) => Ok(file.clone()),
            None => digest::data_file(&folder, name),
        };
        let data = files.names(written).map(|(name, _)| found(&name));
        let others = [CLASSES_FILE, SHAPE_FILE].map(found);
        data.chain([Ok(labels)]).chain(others).collect()
    }
}

/// Removes files behind the last one, which a run that was broken off may have left.
fn remove_later(folder: &Path, files: RecordFiles, written: u32) -> Result<(), LayoutError> {
    if files.per_file.is_none() {
        return Ok(());
    }
    for file in files.names(written).count() as u32.. {
        let path = folder.join(files.name(file));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => break,
            result => result.map_err(LayoutError::io("remove", &path))?,
        }
    }
    Ok(())
}
