//! Compressed images: bytes of any length in the global heap, and a dataset of references to them.

use super::{DATA_START, ImagesWriter, Opened, file::DataFile};
use crate::{
    LayoutError,
    hdf5::{
        CONTAINER,
        encode::{Collection, Datatype, Extent, Message, REFERENCE_BYTES, reference},
    },
    progress_notes::Notes,
    registry::StorePlan,
    spool::Spool,
};

/// Opens the file behind the collections that are there.
pub(super) fn open(plan: &StorePlan<'_>) -> Result<Opened, LayoutError> {
    let notes = Notes::open(plan.folder, CONTAINER.name, plan.written)?;
    let (end, collection) = match plan.written {
        0 => (DATA_START, Collection::default()),
        written => notes.find(written, |note| {
            let (end, content) = note.split_first_chunk()?;
            Some((u64::from_le_bytes(*end), Collection::of_content(content)?))
        })?,
    };
    let path = Spool::<REFERENCE_BYTES>::path_in(plan.folder, "images");
    Ok(Opened {
        images: Box::new(EncodedWriter {
            collection,
            references: Spool::open(path, plan.written)?,
            notes,
        }),
        end,
    })
}

struct EncodedWriter {
    /// What will lie at the end of what is written.
    collection: Collection,
    references: Spool<REFERENCE_BYTES>,
    notes: Notes,
}

impl ImagesWriter for EncodedWriter {
    fn push(&mut self, file: &mut DataFile, bytes: &[u8]) -> Result<(), LayoutError> {
        if bytes.is_empty() {
            // Nothing lies nowhere.
            return self.references.push(reference(0, 0, 0));
        }
        let object = self.collection.push(bytes);
        let length = bytes.len() as u32;
        self.references
            .push(reference(length, file.position(), object.into()))?;
        if self.collection.is_full() {
            self.collection.end(|part| file.write(part))?;
        }
        Ok(())
    }

    fn checkpoint(&mut self, file: &mut DataFile, written: u32) -> Result<(), LayoutError> {
        self.references.sync()?;
        let content = self.collection.content();
        let note = [&file.position().to_le_bytes(), content].concat();
        self.notes.leave(written, note)
    }

    fn complete(&mut self, file: &mut DataFile, count: u32) -> Result<Vec<Message>, LayoutError> {
        if !self.collection.content().is_empty() {
            self.collection.end(|part| file.write(part))?;
        }
        let start = file.align()?;
        for reference in self.references.records()? {
            file.write(&reference?)?;
        }
        let shape = [u64::from(count)];
        let extent = Extent::Fixed(&shape);
        Ok(vec![
            Message::dataspace(extent),
            Message::datatype(&Datatype::variable_bytes()),
            Message::fill_value(extent),
            Message::contiguous(start, file.position() - start),
        ])
    }

    fn remove(mut self: Box<Self>) -> Result<(), LayoutError> {
        self.notes.remove()?;
        self.references.remove()
    }
}
