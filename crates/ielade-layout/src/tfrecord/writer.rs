use super::{
    CONTAINER, ID, IMAGE, IMAGE_DTYPE, IMAGE_SHAPE, LABEL, SHARDS, dtype_of,
    frame::{self, HEAD_BYTES, masked},
    metadata,
    wire::{push_varint, varint_len},
};
use crate::{
    LayoutError, LayoutWriter, digest, disk,
    registry::StorePlan,
    sharded::{
        ArrayType,
        writer::{Accepted, ShardWriter},
    },
};
use ielade_core::{Sample, manifest::DataFile, sample::NO_LABEL};
use std::path::PathBuf;

/// Raw arrays start at a multiple of this.
const ALIGNMENT: u64 = 64;

/// Tags of the fields that are written: number and wire type.
const FEATURES: u8 = tag(1);
const ENTRY: u8 = tag(1);
const NAME: u8 = tag(1);
const FEATURE: u8 = tag(2);
const BYTES_LIST: u8 = tag(1);
const INT64_LIST: u8 = tag(3);
const VALUES: u8 = tag(1);
const PADDING: u8 = tag(15);

/// The tag of a field that has a length.
const fn tag(number: u8) -> u8 {
    number << 3 | 2
}

/// Opens a folder to write shards and what TensorFlow Datasets wants beside them.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let accepted = Accepted::of(plan, CONTAINER.name)?;
    Ok(Box::new(TfrecordWriter {
        folder: plan.folder.to_owned(),
        classes: plan.classes.to_vec(),
        record: RecordHead::new(array_of(&accepted)),
        accepted,
        shards: ShardWriter::open(plan, SHARDS)?,
    }))
}

fn array_of(accepted: &Accepted) -> Option<ArrayType> {
    let element = accepted.encoding.element()?;
    Some(ArrayType::of_stores(element, accepted.spec?))
}

struct TfrecordWriter {
    folder: PathBuf,
    classes: Vec<String>,
    accepted: Accepted,
    record: RecordHead,
    shards: ShardWriter,
}

impl LayoutWriter for TfrecordWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let (image, len) = self.accepted.bytes(sample)?;
        self.shards.begin_sample()?;
        let start = self.shards.position();
        let head = self.record.encode(sample, image.len(), start);
        let record_bytes = head.len() - HEAD_BYTES + image.len();
        head[..HEAD_BYTES].copy_from_slice(&frame::head(record_bytes as u64));
        let sum = crc32c::crc32c_append(crc32c::crc32c(&head[HEAD_BYTES..]), image);
        let image_offset = start + head.len() as u64;
        self.shards.write(head)?;
        self.shards.write(image)?;
        self.shards.write(&masked(sum).to_le_bytes())?;
        self.shards.end_sample(image_offset, len, sample.label);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.shards.checkpoint()
    }

    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        let shards = self.shards.finish()?;
        let mut files = shards.files;
        let array = array_of(&self.accepted);
        let described = [
            metadata::dataset_info(&shards.samples),
            metadata::features(self.accepted.encoding, array, self.classes.len()),
            metadata::class_names(&self.classes),
        ];
        for (name, content) in described {
            disk::write_atomically(&self.folder.join(name), content.as_bytes())?;
            files.push(digest::data_file(&self.folder, name)?);
        }
        Ok(files)
    }
}

/// Makes everything of a record that stands in front of the image's bytes.
struct RecordHead {
    /// Entries that are the same in every record.
    same: Vec<u8>,
    is_array: bool,
    /// Room for the entries of one record.
    entries: Vec<u8>,
    /// Room for the whole.
    bytes: Vec<u8>,
}

impl RecordHead {
    fn new(array: Option<ArrayType>) -> Self {
        let mut same = Vec::new();
        if let Some(array) = array {
            let dtype = dtype_of(array.element).as_bytes();
            push_entry_head(&mut same, IMAGE_DTYPE, BYTES_LIST, dtype.len());
            same.extend_from_slice(dtype);
            let mut lengths = Vec::new();
            for length in array.dimensions {
                push_varint(&mut lengths, length);
            }
            push_entry_head(&mut same, IMAGE_SHAPE, INT64_LIST, lengths.len());
            same.extend_from_slice(&lengths);
        }
        Self {
            same,
            is_array: array.is_some(),
            entries: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Room for the frame's head, then the record up to the image's bytes, of a record whose frame
    /// starts at byte `start` of its file.
    fn encode(&mut self, sample: &Sample<'_>, image_bytes: usize, start: u64) -> &mut [u8] {
        let entries = &mut self.entries;
        entries.clear();
        entries.extend_from_slice(&self.same);
        push_entry_head(entries, ID, BYTES_LIST, sample.key.len());
        entries.extend_from_slice(sample.key.as_bytes());
        let label = sample.label.map_or(NO_LABEL, i64::from) as u64;
        push_entry_head(entries, LABEL, INT64_LIST, varint_len(label));
        push_varint(entries, label);
        push_entry_head(entries, IMAGE, BYTES_LIST, image_bytes);

        let features = entries.len() + image_bytes;
        let in_front = HEAD_BYTES + 1 + varint_len(features as u64) + entries.len();
        self.bytes.clear();
        self.bytes.resize(HEAD_BYTES, 0);
        if self.is_array {
            push_padding(&mut self.bytes, start + in_front as u64);
        }
        self.bytes.push(FEATURES);
        push_varint(&mut self.bytes, features as u64);
        self.bytes.extend_from_slice(entries);
        &mut self.bytes
    }
}

/// Appends an entry of the map of features up to its value, which has `len` bytes.
fn push_entry_head(bytes: &mut Vec<u8>, name: &str, list: u8, len: usize) {
    let with_head = |len: usize| 1 + varint_len(len as u64) + len;
    let values = with_head(len);
    let feature = with_head(values);
    let entry = with_head(name.len()) + with_head(feature);
    push_head(bytes, ENTRY, entry);
    push_head(bytes, NAME, name.len());
    bytes.extend_from_slice(name.as_bytes());
    push_head(bytes, FEATURE, feature);
    push_head(bytes, list, values);
    push_head(bytes, VALUES, len);
}

fn push_head(bytes: &mut Vec<u8>, tag: u8, len: usize) {
    bytes.push(tag);
    push_varint(bytes, len as u64);
}

/// Appends a field that makes `offset` a multiple of [`ALIGNMENT`].
fn push_padding(bytes: &mut Vec<u8>, offset: u64) {
    let missing = (offset.next_multiple_of(ALIGNMENT) - offset) as usize;
    // The field itself takes two bytes, tag and length.
    let padding = match missing {
        0 => return,
        1 => 1 + ALIGNMENT as usize,
        more => more,
    };
    bytes.extend_from_slice(&[PADDING, padding as u8 - 2]);
    bytes.resize(bytes.len() + padding - 2, 0);
}

#[cfg(test)]
mod tests {
    use super::{
        super::{example, frame::HEAD_BYTES, wire::Wire},
        RecordHead,
    };
    use crate::sharded::ArrayType;
    use ielade_core::{Element, Encoding, ImageSpec, Payload, Sample};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_record_is_read_as_it_was_written_and_its_array_is_aligned(
            key in ".{0,200}",
            label in prop::option::of(0..40_000_u32),
            start in 0..300_u64,
            image in prop::collection::vec(any::<u8>(), 0..400),
            is_array: bool,
        ) {
            let array = ArrayType::of_stores(Element::U16, ImageSpec::rgb(9, 12));
            let mut record = RecordHead::new(is_array.then_some(array));
            let payload = Payload::Encoded { encoding: Encoding::Jpeg, bytes: &image };
            let sample = Sample { key: &key, label, payload };
            let head = record.encode(&sample, image.len(), start);
            let image_offset = start + head.len() as u64;
            if is_array {
                prop_assert_eq!(image_offset % 64, 0);
            }
            let bytes = [&head[HEAD_BYTES..], &image].concat();
            let whole = Wire { bytes: &bytes, offset: start + HEAD_BYTES as u64 };
            let [id, found_label, found_image, shape, dtype] =
                example::find(whole, ["id", "label", "image", "image/shape", "image/dtype"]).unwrap();
            prop_assert_eq!(id.unwrap().byte_string().unwrap().unwrap().bytes, key.as_bytes());
            let label = label.map_or(-1, i64::from);
            prop_assert_eq!(found_label.unwrap().integer().unwrap(), Some(label));
            let found = found_image.unwrap().byte_string().unwrap().unwrap();
            prop_assert_eq!((found.bytes, found.offset), (image.as_slice(), image_offset));
            if is_array {
                prop_assert_eq!(shape.unwrap().integers().unwrap(), [9, 12, 3]);
                let dtype = dtype.unwrap().byte_string().unwrap().unwrap();
                prop_assert_eq!(dtype.bytes, b"uint16");
            }
        }
    }
}
