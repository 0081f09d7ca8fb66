use super::{
    ARRAY, CONTAINER, LABEL, SHARDS,
    header::{BLOCK, HeaderWriter},
    npy_type_of,
};
use crate::{
    LayoutError, LayoutWriter,
    npy::NpyHeader,
    registry::StorePlan,
    sharded::{
        ArrayType,
        writer::{Accepted, ShardWriter},
    },
};
use ielade_core::{Sample, manifest::DataFile, sample::NO_LABEL};

/// Opens a folder to write shards.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let accepted = Accepted::of(plan, CONTAINER.name)?;
    let (suffix, array_header) = match (accepted.encoding.element(), accepted.spec) {
        (Some(element), Some(spec)) => {
            let array = ArrayType::of_stores(element, spec);
            let header = NpyHeader::encode(npy_type_of(element), &array.dimensions);
            (ARRAY, header)
        }
        _ => (accepted.encoding.file_extension(), Vec::new()),
    };
    Ok(Box::new(WebdatasetWriter {
        accepted,
        suffix,
        array_header,
        headers: HeaderWriter::new(),
        number: plan.written,
        shards: ShardWriter::open(plan, SHARDS)?,
    }))
}

struct WebdatasetWriter {
    accepted: Accepted,
    /// Ending of the image's name.
    suffix: &'static str,
    /// What stands in front of the values of an array.
    array_header: Vec<u8>,
    headers: HeaderWriter,
    /// Of the next sample.
    number: u32,
    shards: ShardWriter,
}

impl WebdatasetWriter {
    fn write_header(&mut self, suffix: &str, size: usize) -> Result<(), LayoutError> {
        let name = format!("{:09}.{suffix}", self.number);
        let header = self.headers.header(name.as_bytes(), size as u64);
        self.shards.write(&header)
    }

    fn write_padding(&mut self, size: usize) -> Result<(), LayoutError> {
        let padding = size.next_multiple_of(BLOCK) - size;
        self.shards.write(&[0; BLOCK][..padding])
    }
}

impl LayoutWriter for WebdatasetWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let (image, len) = self.accepted.bytes(sample)?;
        self.shards.begin_sample()?;
        let size = self.array_header.len() + image.len();
        self.write_header(self.suffix, size)?;
        self.shards.write(&self.array_header)?;
        let offset = self.shards.position();
        self.shards.write(image)?;
        self.write_padding(size)?;
        let label = sample.label.map_or(NO_LABEL, i64::from).to_string();
        self.write_header(LABEL, label.len())?;
        self.shards.write(label.as_bytes())?;
        self.write_padding(label.len())?;
        self.shards.end_sample(offset, len, sample.label);
        self.number += 1;
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.shards.checkpoint()
    }

    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        Ok(self.shards.finish()?.files)
    }
}
