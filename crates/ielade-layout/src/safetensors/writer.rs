use super::{
    DATA_FILE, IMAGES, LABEL_TYPE, LABELS,
    header::{Header, LENGTH_BYTES, MAX_HEADER, TensorInfo},
    type_of,
};
use crate::{
    LayoutError, LayoutWriter, label_spool::LabelSpool, output_file::OutputFile,
    payload::ExpectedPayload, registry::StorePlan, store::one_size, stored::array::stack_shape,
};
use ielade_core::{Element, ImageSpec, Sample, manifest::DataFile};
use std::collections::BTreeMap;

/// Bytes of labels that are put into the file together.
const BUFFER_BYTES: usize = 64 << 10;

/// Images start at a multiple of this: a cache line.
const ALIGNMENT: u64 = 64;

const LABEL_BYTES: u64 = size_of::<i64>() as u64;

/// Opens a folder to write `data.safetensors`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let element = plan.encoding.element().unwrap_or(Element::U8);
    let expected = ExpectedPayload::of(plan, super::CONTAINER.name)?;
    let tensors = Tensors {
        element,
        spec: one_size(plan.shape, plan.folder, super::CONTAINER.name)?,
        classes: serde_json::json!(plan.classes).to_string(),
    };
    let path = plan.folder.join(DATA_FILE);
    let images_at = tensors.images_at(plan.expected);
    let mut file = OutputFile::open(
        &path,
        match plan.written {
            0 => 0,
            written => images_at + u64::from(written) * tensors.image_bytes(),
        },
    )?;
    file.fill_to(images_at)?;
    Ok(Box::new(SafetensorsWriter {
        file,
        labels: LabelSpool::open(plan.folder, plan.written)?,
        expected,
        tensors,
        images_at,
        written: plan.written,
    }))
}

/// What the header says but for the number of samples.
struct Tensors {
    element: Element,
    spec: ImageSpec,
    /// As JSON.
    classes: String,
}

impl Tensors {
    fn image_bytes(&self) -> u64 {
        (self.spec.values() * self.element.size()) as u64
    }

    /// The header of a file with `count` samples, as short as it can be.
    fn header(&self, count: u32) -> Header {
        let labels_end = u64::from(count) * LABEL_BYTES;
        let images_end = labels_end + u64::from(count) * self.image_bytes();
        let axes = if self.element.is_float() {
            "N, channels, height, width"
        } else {
            "N, height, width, channels"
        };
        let labels = TensorInfo {
            dtype: LABEL_TYPE.to_owned(),
            shape: vec![count.into()],
            data_offsets: [0, labels_end],
        };
        let images = TensorInfo {
            dtype: type_of(self.element).to_owned(),
            shape: stack_shape(self.element, self.spec, count).to_vec(),
            data_offsets: [labels_end, images_end],
        };
        let metadata = [("axes", axes), ("classes", &self.classes)];
        let mut header = Header {
            metadata: BTreeMap::from(metadata.map(|(key, text)| (key.to_owned(), text.to_owned()))),
            tensors: vec![(LABELS.to_owned(), labels), (IMAGES.to_owned(), images)],
            len: 0,
        };
        header.len = header.json().len() as u64;
        header
    }

    /// Where the images of a file of at most `count` samples start.
    fn images_at(&self, count: u32) -> u64 {
        let header = LENGTH_BYTES + self.header(count).len;
        (header + u64::from(count) * LABEL_BYTES).next_multiple_of(ALIGNMENT)
    }
}

struct SafetensorsWriter {
    file: OutputFile,
    labels: LabelSpool,
    expected: ExpectedPayload,
    tensors: Tensors,
    images_at: u64,
    written: u32,
}

impl SafetensorsWriter {
    /// Puts header and labels right before the images. Both come from elsewhere, so that a
    /// process that is killed meanwhile can do it again.
    fn write_head(&mut self) -> Result<(), LayoutError> {
        let labels_at = self.images_at - u64::from(self.written) * LABEL_BYTES;
        let mut header = self.tensors.header(self.written);
        header.len = labels_at - LENGTH_BYTES;
        if header.len > MAX_HEADER {
            let left_out = header.len / LABEL_BYTES;
            return Err(LayoutError::container(
                self.file.path(),
                0,
                format!(
                    "about {left_out} samples were left out of those that were expected; take \
                     them out of the source and prepare it anew"
                ),
            ));
        }
        let Self { file, labels, .. } = self;
        file.set(0, &header.encode())?;
        let mut at = labels_at;
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        labels.read(|label| {
            buffer.extend_from_slice(&label.to_le_bytes());
            if buffer.len() == BUFFER_BYTES {
                file.set(at, &buffer)?;
                at += buffer.len() as u64;
                buffer.clear();
            }
            Ok(())
        })?;
        file.set(at, &buffer)
    }
}

impl LayoutWriter for SafetensorsWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let label = self.expected.label(sample)?;
        self.file.write(self.expected.bytes(sample)?)?;
        self.written += 1;
        self.labels.push(label)
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.file.sync()?;
        self.labels.sync()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.write_head()?;
        let file = self.file.finish(DATA_FILE)?;
        self.labels.remove()?;
        Ok(vec![file])
    }
}
