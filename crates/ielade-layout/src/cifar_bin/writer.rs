use super::{
    CLASSES_FILE, LABELS_FILE, SHAPE_FILE,
    records::{RecordFiles, shape_text},
};
use crate::{
    LayoutError, LayoutWriter, digest, disk, payload::ExpectedPayload, registry::StorePlan,
    store::one_size,
};
use ielade_codec::CHANNELS;
use ielade_core::{Sample, manifest::DataFile};
use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system.
const BUFFER_BYTES: usize = 1 << 20;

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
        data: GrowingFile::open(plan.folder.join(files.name(file)), u64::from(kept) * record)?,
        labels: GrowingFile::open(plan.folder.join(LABELS_FILE), plan.written.into())?,
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

/// A file that is written to its end.
struct GrowingFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl GrowingFile {
    /// Keeps the first `kept` bytes and cuts off what follows them.
    fn open(path: PathBuf, kept: u64) -> Result<Self, LayoutError> {
        let mut file = OpenOptions::new()
            .create(kept == 0)
            .truncate(kept == 0)
            .write(true)
            .open(&path)
            .map_err(LayoutError::io("open", &path))?;
        let found = file.metadata().map_err(LayoutError::io("read", &path))?;
        if found.len() < kept {
            return Err(LayoutError::FileSize {
                path,
                expected: kept,
                found: found.len(),
            });
        }
        file.set_len(kept)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(LayoutError::io("cut", &path))?;
        Ok(Self {
            path,
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LayoutError> {
        self.file
            .write_all(bytes)
            .map_err(LayoutError::io("write", &self.path))
    }

    fn sync(&mut self) -> Result<(), LayoutError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .map_err(LayoutError::io("sync", &self.path))
    }
}

struct CifarWriter {
    folder: PathBuf,
    expected: ExpectedPayload,
    files: RecordFiles,
    data: GrowingFile,
    labels: GrowingFile,
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
            if path != self.data.path {
                self.data.sync()?;
                self.data = GrowingFile::open(path, 0)?;
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

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.checkpoint()?;
        remove_later(&self.folder, self.files, self.written)?;
        let data = self.files.names(self.written).map(|(name, _)| name);
        let others = [LABELS_FILE, CLASSES_FILE, SHAPE_FILE];
        data.chain(others.map(str::to_owned))
            .map(|name| digest::data_file(&self.folder, &name))
            .collect()
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
