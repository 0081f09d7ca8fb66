//! Raw values, in one piece or in chunks, as they are.

use super::{DATA_START, ImagesWriter, Opened, file::DataFile};
use crate::{
    LayoutError,
    hdf5::{
        CONTAINER,
        encode::{ChunkPlace, ChunkTree, Datatype, Extent, Filter, Message},
    },
    options,
    registry::StorePlan,
    store::one_size,
    stored::array::stack_shape,
};
use ielade_core::{Element, ImageSpec};

/// Bytes of a chunk, at most: the index has 32 bits for them.
const MAX_CHUNK_BYTES: u64 = u32::MAX as u64;

/// Bytes of a compressed chunk, at most: it is held in memory.
const MAX_PACKED_CHUNK_BYTES: u64 = 256 << 20;

/// Level of zlib: what h5py takes for `compression='gzip'`.
const DEFLATE_LEVEL: u32 = 4;

/// What the dataset of raw images is.
#[derive(Debug, Clone)]
pub(super) struct ArrayForm {
    element: Element,
    spec: ImageSpec,
    /// Images of a chunk.
    chunk: Option<u32>,
    filters: Vec<Filter>,
}

impl ArrayForm {
    /// What a plan asks for; `None` where images are bytes of any length.
    pub(super) fn of(plan: &StorePlan<'_>) -> Result<Option<Self>, LayoutError> {
        let Some(element) = plan.encoding.element() else {
            return Ok(None);
        };
        let mut filters = Vec::new();
        if plan.options.has("shuffle") {
            filters.push(Filter::Shuffle(element.size() as u32));
        }
        if plan.options.has("deflate") {
            filters.push(Filter::Deflate(DEFLATE_LEVEL));
        }
        // A chunk that is longer than the data set would be padding for the most part.
        let form = Self {
            element,
            spec: one_size(plan.shape, plan.folder, CONTAINER.name)?,
            chunk: options::number(plan.options, "chunk")
                .map(|chunk| chunk.min(plan.expected).max(1)),
            filters,
        };
        form.check()?;
        Ok(Some(form))
    }

    /// Fails where a chunk would be larger than it can be.
    fn check(&self) -> Result<(), LayoutError> {
        let Some(chunk) = self.chunk else {
            return Ok(());
        };
        let (most, why) = if self.is_packed() {
            (MAX_PACKED_CHUNK_BYTES, "are compressed together")
        } else {
            (MAX_CHUNK_BYTES, "a chunk can have")
        };
        let bytes = self.image_bytes().saturating_mul(chunk.into());
        if bytes <= most {
            return Ok(());
        }
        Err(LayoutError::Option {
            what: CONTAINER.name.to_owned(),
            reason: format!(
                "chunks of {chunk} images have {bytes} bytes, and at most {most} {why}; make \
                 chunk smaller"
            ),
        })
    }

    /// Whether chunks are compressed.
    pub(super) fn is_packed(&self) -> bool {
        !self.filters.is_empty()
    }

    pub(super) fn filters(&self) -> &[Filter] {
        &self.filters
    }

    /// Images of a chunk; an image is one where they lie in one piece.
    pub(super) fn images_a_chunk(&self) -> u32 {
        self.chunk.unwrap_or(1)
    }

    fn image_bytes(&self) -> u64 {
        (self.spec.values() * self.element.size()) as u64
    }

    pub(super) fn chunk_bytes(&self) -> u64 {
        self.image_bytes() * u64::from(self.images_a_chunk())
    }

    /// Lengths of a chunk, and the bytes of a value.
    fn chunk_lengths(&self) -> Vec<u32> {
        let of_chunk = stack_shape(self.element, self.spec, self.images_a_chunk());
        let mut lengths = of_chunk.map(|length| length as u32).to_vec();
        lengths.push(self.element.size() as u32);
        lengths
    }

    /// What the header says of `count` images in one piece.
    fn contiguous(&self, count: u32, start: u64) -> Vec<Message> {
        let shape = stack_shape(self.element, self.spec, count);
        let bytes = u64::from(count) * self.image_bytes();
        let mut messages = self.messages(Extent::Fixed(&shape));
        messages.push(Message::contiguous(start, bytes));
        messages
    }

    /// Writes the index of the chunks of `count` images; what the header says of them. `next` tells
    /// where chunk after chunk lies.
    pub(super) fn index_chunks(
        &self,
        file: &mut DataFile,
        count: u32,
        next: impl FnMut() -> Result<ChunkPlace, LayoutError>,
    ) -> Result<Vec<Message>, LayoutError> {
        let lengths = self.chunk_lengths();
        let tree = ChunkTree {
            lengths: &lengths,
            chunks: count.div_ceil(self.images_a_chunk()).into(),
            start: file.align()?,
        };
        let root = tree.write(next, |node| file.write(node))?;
        let shape = stack_shape(self.element, self.spec, count);
        let mut messages = self.messages(Extent::Growing(&shape));
        messages.push(Message::chunked(root, &lengths));
        if self.is_packed() {
            messages.push(Message::filters(&self.filters));
        }
        Ok(messages)
    }

    fn messages(&self, extent: Extent<'_>) -> Vec<Message> {
        vec![
            Message::dataspace(extent),
            Message::datatype(&Datatype::of_element(self.element)),
            Message::fill_value(extent),
        ]
    }
}

/// Opens the file behind the images that are there.
pub(super) fn open(plan: &StorePlan<'_>, form: ArrayForm) -> Opened {
    let end = DATA_START + u64::from(plan.written) * form.image_bytes();
    Opened {
        images: Box::new(ArrayWriter { form }),
        end,
    }
}

/// Values lie one behind the other, chunks too: to write them, there is no difference.
struct ArrayWriter {
    form: ArrayForm,
}

impl ImagesWriter for ArrayWriter {
    fn push(&mut self, file: &mut DataFile, bytes: &[u8]) -> Result<(), LayoutError> {
        file.write(bytes)
    }

    fn checkpoint(&mut self, _: &mut DataFile, _: u32) -> Result<(), LayoutError> {
        Ok(())
    }

    fn complete(&mut self, file: &mut DataFile, count: u32) -> Result<Vec<Message>, LayoutError> {
        let Self { form } = self;
        if form.chunk.is_none() {
            return Ok(form.contiguous(count, DATA_START));
        }
        let chunk = form.images_a_chunk();
        let lacking = u64::from(count.next_multiple_of(chunk) - count);
        file.zeros(lacking * form.image_bytes())?;
        let bytes = form.chunk_bytes();
        let mut address = DATA_START;
        form.index_chunks(file, count, || {
            let place = ChunkPlace {
                address,
                bytes: bytes as u32,
            };
            address += bytes;
            Ok(place)
        })
    }

    fn remove(self: Box<Self>) -> Result<(), LayoutError> {
        Ok(())
    }
}
