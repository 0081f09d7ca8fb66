use super::{
    CONTAINER, FILE_ENDING,
    file::{CONTINUATION, MAGIC},
    messages::{ALIGNMENT, Block, SCHEMA_START, Schema},
};
use crate::{
    LayoutError, LayoutWriter, options, output_file::OutputFile, payload::ExpectedPayload,
    registry::StorePlan,
};
use ielade_core::{Sample, manifest::DataFile};

/// Rows of a batch, unless the options say otherwise.
const BATCH_ROWS: u32 = 1000;

/// Bytes of images after which a batch ends, whatever its rows: offsets have 31 bits.
const BATCH_BYTES: u64 = 64 << 20;

/// Bytes of a label.
const LABEL_BYTES: u64 = 8;

/// Place and length of a buffer that is not there: nothing is missing.
const NONE: (u64, u64) = (0, 0);

/// Opens a folder to write an Arrow file.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let payload = ExpectedPayload::of(plan, CONTAINER.name)?;
    let schema = Schema::of(plan, CONTAINER.name)?;
    let name = format!("{}.{FILE_ENDING}", plan.split);
    let mut output = OutputFile::create(&plan.folder.join(&name))?;
    output.write(MAGIC)?;
    output.fill_to(SCHEMA_START)?;
    output.write(&schema.message())?;
    Ok(Box::new(ArrowWriter {
        name,
        is_raw: !plan.encoding.is_compressed_image(),
        payload,
        schema,
        output,
        batch_rows: options::number(plan.options, "batch").unwrap_or(BATCH_ROWS),
        left: plan.expected,
        batch: Batch::default(),
        blocks: Vec::new(),
    }))
}

struct ArrowWriter {
    name: String,
    is_raw: bool,
    payload: ExpectedPayload,
    schema: Schema,
    output: OutputFile,
    batch_rows: u32,
    /// Samples that are expected still.
    left: u32,
    batch: Batch,
    blocks: Vec<Block>,
}

/// A batch that is being filled. Its images are written as they come, the small columns when it
/// ends.
#[derive(Default)]
struct Batch {
    rows: u32,
    /// First byte of the message.
    start: u64,
    /// First byte of the body.
    body: u64,
    /// First byte of the images.
    images: u64,
    /// The message as it was written before the batch was filled.
    foretold: Vec<u8>,
    /// Ends of encoded images within their buffer.
    ends: Vec<u8>,
    path_ends: Vec<u8>,
    paths: Vec<u8>,
    labels: Vec<u8>,
}

impl ArrowWriter {
    /// Writes the message as it will be if the batch has all the rows that are expected; room for the
    /// offsets of encoded images, which are known when the batch ends.
    fn start_batch(&mut self, image_bytes: u64) -> Result<(), LayoutError> {
        let batch = &mut self.batch;
        batch.start = self.output.position().next_multiple_of(ALIGNMENT);
        let none = vec![(0, 0); self.schema.buffers()];
        batch.foretold = self.schema.batch(0, &none, 0);
        batch.body = batch.start + batch.foretold.len() as u64;
        let rows = u64::from(self.batch_rows.min(self.left.max(1)));
        batch.images = match self.is_raw {
            true => batch.body,
            false => (batch.body + 4 * (rows + 1)).next_multiple_of(ALIGNMENT),
        };
        let zero = 0_u32.to_le_bytes();
        batch.ends.extend_from_slice(&zero);
        batch.path_ends.extend_from_slice(&zero);
        if self.is_raw {
            let rows = rows.min(BATCH_BYTES.div_ceil(image_bytes.max(1)));
            batch.foretold = raw_message(&self.schema, batch.body, rows, image_bytes);
        }
        self.output.fill_to(batch.start)?;
        self.output.write(&batch.foretold)?;
        self.output.fill_to(batch.images)
    }

    fn end_batch(&mut self) -> Result<(), LayoutError> {
        let mut batch = std::mem::take(&mut self.batch);
        if batch.rows == 0 {
            return Ok(());
        }
        let output = &mut self.output;
        let images = (batch.images - batch.body, output.position() - batch.images);
        let mut append = |bytes: &[u8]| {
            let start = output.position().next_multiple_of(ALIGNMENT);
            output.fill_to(start)?;
            output.write(bytes)?;
            Ok::<_, LayoutError>((start - batch.body, bytes.len() as u64))
        };
        let buffers = if self.is_raw {
            let labels = append(&batch.labels)?;
            vec![NONE, NONE, NONE, NONE, images, NONE, labels]
        } else {
            let ends = (0, batch.ends.len() as u64);
            let path_ends = append(&batch.path_ends)?;
            let paths = append(&batch.paths)?;
            let labels = append(&batch.labels)?;
            vec![
                NONE, NONE, ends, images, NONE, path_ends, paths, NONE, labels,
            ]
        };
        let end = output.position().next_multiple_of(ALIGNMENT);
        output.fill_to(end)?;
        let body = end - batch.body;
        let message = self.schema.batch(batch.rows, &buffers, body);
        // A change behind what was written last is dear: its piece is read and hashed again.
        if message != batch.foretold {
            output.set(batch.start, &message)?;
        }
        if !self.is_raw {
            output.set(batch.body, &batch.ends)?;
        }
        self.blocks.push(Block {
            offset: batch.start,
            metadata: (batch.body - batch.start) as u32,
            body,
        });
        // What was asked of memory serves the next batch.
        batch.rows = 0;
        batch.ends.clear();
        batch.path_ends.clear();
        batch.paths.clear();
        batch.labels.clear();
        self.batch = batch;
        Ok(())
    }
}

/// The message of a batch of so many raw images, all of one length: these, then the labels.
fn raw_message(schema: &Schema, body: u64, rows: u64, image_bytes: u64) -> Vec<u8> {
    let aligned = |length: u64| (body + length).next_multiple_of(ALIGNMENT) - body;
    let images = (0, rows * image_bytes);
    let labels = (aligned(images.1), rows * LABEL_BYTES);
    let buffers = [NONE, NONE, NONE, NONE, images, NONE, labels];
    schema.batch(rows as u32, &buffers, aligned(labels.0 + labels.1))
}

impl LayoutWriter for ArrowWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let bytes = self.payload.bytes(sample)?;
        let label = self.payload.label(sample)?;
        let most = i32::MAX as u64 - BATCH_BYTES;
        if bytes.len() as u64 > most {
            return Err(LayoutError::WrongPayload {
                key: sample.key.to_owned(),
                expected: format!("up to {most} bytes"),
                found: format!("{} bytes", bytes.len()),
            });
        }
        if self.batch.rows == 0 {
            self.start_batch(bytes.len() as u64)?;
        }
        self.output.write(bytes)?;
        let batch = &mut self.batch;
        let end = self.output.position() - batch.images;
        batch.rows += 1;
        batch.labels.extend_from_slice(&label.to_le_bytes());
        if !self.is_raw {
            batch.ends.extend_from_slice(&(end as u32).to_le_bytes());
            batch.paths.extend_from_slice(sample.key.as_bytes());
            let path_end = (batch.paths.len() as u32).to_le_bytes();
            batch.path_ends.extend_from_slice(&path_end);
        }
        self.left = self.left.saturating_sub(1);
        let is_full = batch.rows >= self.batch_rows || end >= BATCH_BYTES;
        // The room for offsets is that of the samples that were expected.
        if is_full || self.left == 0 {
            self.end_batch()?;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        // The file is nothing without its end; a store that is broken off is started over.
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.end_batch()?;
        // As a stream ends, so that the file can be read as one from its ninth byte on.
        self.output.write(&CONTINUATION)?;
        self.output.write(&0_u32.to_le_bytes())?;
        let footer = self.schema.footer(&self.blocks);
        self.output.write(&footer)?;
        self.output.write(&(footer.len() as u32).to_le_bytes())?;
        self.output.write(MAGIC)?;
        Ok(vec![self.output.finish(&self.name)?])
    }
}
