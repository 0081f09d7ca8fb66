//! Writing `data.h5`.
//!
//! The file is written front to back: room for the superblock, the images as they come, and when
//! all are there what tells of them: labels, names, the index of chunks or the references to the
//! heap, and the headers. So memory is bounded, and a store that was broken off is continued behind
//! its last image. What cannot be told before the end waits in files of its own
//! ([`crate::spool`]), samples that wait to be compressed in notes ([`crate::progress_notes`]).

mod array;
mod deflate;
mod encoded;
mod file;
mod metadata;

use super::{CONTAINER, DATA_FILE, encode};
use crate::{
    LayoutError, LayoutWriter, label_spool::LabelSpool, payload::ExpectedPayload,
    registry::StorePlan,
};
use array::ArrayForm;
use file::DataFile;
use ielade_core::{Encoding, Sample, manifest::DataFile as StoredFile};
use metadata::Contents;

/// First byte of the images: the start of a page, behind the superblock.
const DATA_START: u64 = 4096;

/// How the images are written.
trait ImagesWriter: Send {
    /// Appends an image.
    fn push(&mut self, file: &mut DataFile, bytes: &[u8]) -> Result<(), LayoutError>;

    /// Hands on what can be written already, and notes what cannot.
    fn checkpoint(&mut self, file: &mut DataFile, written: u32) -> Result<(), LayoutError>;

    /// Writes all that belongs to `count` images; what their dataset's header says of them.
    fn complete(
        &mut self,
        file: &mut DataFile,
        count: u32,
    ) -> Result<Vec<encode::Message>, LayoutError>;

    /// Removes the files that were only needed on the way.
    fn remove(self: Box<Self>) -> Result<(), LayoutError>;
}

/// A writer of images, and where in the file it goes on.
struct Opened {
    images: Box<dyn ImagesWriter>,
    end: u64,
}

/// Opens a folder to write `data.h5`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let expected = ExpectedPayload::of(plan, CONTAINER.name)?;
    let opened = match ArrayForm::of(plan)? {
        None => encoded::open(plan)?,
        Some(form) if form.is_packed() => deflate::open(plan, form)?,
        Some(form) => array::open(plan, form),
    };
    let path = plan.folder.join(DATA_FILE);
    Ok(Box::new(Hdf5Writer {
        classes: plan.classes.to_vec(),
        encoding: plan.encoding,
        expected,
        file: DataFile::open(&path, plan.written, opened.end)?,
        images: opened.images,
        labels: LabelSpool::open(plan.folder, plan.written)?,
        written: plan.written,
    }))
}

struct Hdf5Writer {
    classes: Vec<String>,
    encoding: Encoding,
    expected: ExpectedPayload,
    file: DataFile,
    images: Box<dyn ImagesWriter>,
    labels: LabelSpool,
    written: u32,
}

impl LayoutWriter for Hdf5Writer {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let bytes = self.expected.bytes(sample)?;
        let label = self.expected.label(sample)?;
        if u32::try_from(bytes.len()).is_err() {
            return Err(LayoutError::WrongPayload {
                key: sample.key.to_owned(),
                expected: "less than 4 GiB".to_owned(),
                found: format!("{} bytes", bytes.len()),
            });
        }
        self.images.push(&mut self.file, bytes)?;
        self.written += 1;
        self.labels.push(label)
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.images.checkpoint(&mut self.file, self.written)?;
        self.file.sync()?;
        self.labels.sync()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<StoredFile>, LayoutError> {
        let images = self.images.complete(&mut self.file, self.written)?;
        let contents = Contents {
            count: self.written,
            encoding: self.encoding,
            classes: &self.classes,
            images,
        };
        let root = contents.write(&mut self.file, &mut self.labels)?;
        let end = self.file.position();
        self.file.set(0, &encode::superblock(&root, end))?;
        let file = self.file.finish(DATA_FILE)?;
        self.images.remove()?;
        self.labels.remove()?;
        Ok(vec![file])
    }
}
