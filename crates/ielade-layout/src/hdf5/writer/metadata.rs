//! What lies behind the images: labels, names of the classes, and what says where all is.

use super::file::DataFile;
use crate::{
    LayoutError,
    hdf5::{
        CLASS_NAMES, ENCODING, IMAGES, LABELS,
        encode::{
            Collection, Datatype, Extent, Group, Message, REFERENCE_BYTES, object_header, reference,
        },
    },
    label_spool::LabelSpool,
};
use ielade_core::Encoding;

/// The attribute in which the dimensions' names are, by HDF5's "dimension scales": h5py's
/// `dataset.dims[0].label`.
const DIMENSION_LABELS: &str = "DIMENSION_LABELS";

/// What the file tells beside the images' values.
pub(super) struct Contents<'a> {
    pub(super) count: u32,
    pub(super) encoding: Encoding,
    pub(super) classes: &'a [String],
    /// What the header of the images says of their values.
    pub(super) images: Vec<Message>,
}

impl Contents<'_> {
    /// Writes all of it; the root group.
    pub(super) fn write(
        mut self,
        file: &mut DataFile,
        labels: &mut LabelSpool,
    ) -> Result<Group, LayoutError> {
        let mut entries = vec![(LABELS, self.write_labels(file, labels)?)];
        if !self.classes.is_empty() {
            entries.push((CLASS_NAMES, self.write_class_names(file)?));
        }
        let attributes = self.write_attributes(file)?;
        self.images.extend(attributes);
        entries.push((IMAGES, file.put(&object_header(&self.images))?));
        let root = Group::encode(file.align()?, &entries);
        file.write(&root.bytes)?;
        Ok(root)
    }

    fn write_labels(
        &self,
        file: &mut DataFile,
        labels: &mut LabelSpool,
    ) -> Result<u64, LayoutError> {
        let start = file.align()?;
        labels.read(|label| file.write(&label.to_le_bytes()))?;
        array(file, &Datatype::label(), self.count.into(), start)
    }

    fn write_class_names(&self, file: &mut DataFile) -> Result<u64, LayoutError> {
        let longest = self.classes.iter().map(String::len).max().unwrap_or(0);
        let length = longest.max(1);
        let start = file.align()?;
        for name in self.classes {
            file.write(name.as_bytes())?;
            file.zeros((length - name.len()) as u64)?;
        }
        let count = self.classes.len() as u64;
        array(file, &Datatype::text(length as u32), count, start)
    }

    /// The attributes of the images. Their texts are of any length, in the heap: only these h5py
    /// gives as `str`.
    fn write_attributes(&self, file: &mut DataFile) -> Result<Vec<Message>, LayoutError> {
        let mut texts = Texts {
            collection: Collection::default(),
            address: file.align()?,
        };
        let dimensions = match self.encoding.element() {
            None => &["sample"][..],
            Some(element) if element.is_float() => &["sample", "channel", "height", "width"],
            Some(_) => &["sample", "height", "width", "channel"],
        };
        let text = Datatype::variable_text();
        let mut attributes = Vec::new();
        if self.encoding.is_compressed_image() {
            let name = texts.add(self.encoding.name());
            let scalar = Extent::Fixed(&[]);
            attributes.push(Message::attribute(ENCODING, &text, scalar, &name));
        }
        let names: Vec<u8> = dimensions.iter().flat_map(|name| texts.add(name)).collect();
        let shape = [dimensions.len() as u64];
        let extent = Extent::Fixed(&shape);
        attributes.push(Message::attribute(DIMENSION_LABELS, &text, extent, &names));
        texts.collection.end(|part| file.write(part))?;
        Ok(attributes)
    }
}

/// Texts in a collection that will lie at an address.
struct Texts {
    collection: Collection,
    address: u64,
}

impl Texts {
    /// Adds a text that is not empty; what refers to it.
    fn add(&mut self, text: &str) -> [u8; REFERENCE_BYTES] {
        let object = self.collection.push(text.as_bytes());
        reference(text.len() as u32, self.address, object.into())
    }
}

/// Writes the header of a dataset of one dimension whose `count` values lie at `start`; its
/// address.
fn array(
    file: &mut DataFile,
    datatype: &Datatype,
    count: u64,
    start: u64,
) -> Result<u64, LayoutError> {
    let shape = [count];
    let extent = Extent::Fixed(&shape);
    file.put(&object_header(&[
        Message::dataspace(extent),
        Message::datatype(datatype),
        Message::fill_value(extent),
        Message::contiguous(start, count * u64::from(datatype.size())),
    ]))
}
