//! Reading all that a reader offers.

use ielade_codec::{AugmentationKey, BatchSlot, PixelPipeline, ThreadContext, read_header};
use ielade_core::{Augmentation, Batch, Element, ImageSpec, OutputSpec, Payload};
use ielade_layout::{LayoutError, LayoutReader};

/// Samples that are read of one store: the first and the last.
const MOST_SAMPLES: u32 = 64;

/// Pixels of an image that is still decoded. Larger ones are decoded too, up to
/// [`ielade_codec::MAX_PIXELS`], but take so long that little else would be tried.
pub(crate) const MOST_PIXELS: u64 = 1 << 18;

/// Reads samples as they are stored and as they go into a batch.
///
/// # Errors
/// The first that there is; the samples after it are read nevertheless.
pub(crate) fn read_all(reader: &dyn LayoutReader) -> Result<(), LayoutError> {
    let count = reader.manifest().count;
    let first = 0..count.min(MOST_SAMPLES / 2);
    let last = count.saturating_sub(MOST_SAMPLES / 2).max(first.end)..count;
    let mut result = reader.contiguous().map_or(Ok(()), |region| {
        // Whether the bytes are there shows when they are asked for.
        std::hint::black_box(region.bytes.iter().step_by(4096).fold(0, |a, b| a ^ b));
        Ok(())
    });
    let mut context = ThreadContext::default();
    for index in first.chain(last) {
        let read = read_sample(reader, index, &mut context);
        result = result.and(read);
    }
    result
}

fn read_sample(
    reader: &dyn LayoutReader,
    index: u32,
    context: &mut ThreadContext,
) -> Result<(), LayoutError> {
    let _ = reader.key(index);
    let sample = reader.sample(index, context)?;
    let classes = reader.manifest().classes.len();
    assert!(
        sample.label.is_none_or(|label| (label as usize) < classes),
        "a label that is no class"
    );
    let Some(image) = size_of(&sample.payload) else {
        return Ok(());
    };
    let read = put_into_batch(reader, index, image);
    if let Err(LayoutError::BadSample { index: named, .. }) = &read {
        assert_eq!(*named, index, "another sample is called bad");
    }
    read
}

/// The size of an image that is not too large to be decoded here.
fn size_of(payload: &Payload<'_>) -> Option<ImageSpec> {
    let spec = match payload {
        Payload::Encoded { bytes, .. } => match read_header(bytes) {
            Ok(header) => ImageSpec::rgb(header.height, header.width),
            // Decoding is to fail too, whatever the size.
            Err(_) => ImageSpec::rgb(1, 1),
        },
        array => array.spec()?,
    };
    (u64::from(spec.height) * u64::from(spec.width) <= MOST_PIXELS).then_some(spec)
}

fn put_into_batch(
    reader: &dyn LayoutReader,
    index: u32,
    image: ImageSpec,
) -> Result<(), LayoutError> {
    let output = OutputSpec {
        element: Element::F32,
        image,
    };
    let manifest = reader.manifest();
    let pipeline =
        PixelPipeline::new(output, &manifest.normalisation, manifest.orientation).resizing();
    let mut context = ThreadContext::new(&pipeline);
    let mut batch = Batch::with_capacity(output, 1);
    let key = AugmentationKey {
        augmentation: Augmentation::NONE,
        seed: 0,
        epoch: 0,
    };
    let mut slot = BatchSlot::new(
        &pipeline,
        key,
        batch.images.as_bytes_mut(),
        &mut batch.labels,
        &mut batch.sample_indices,
    );
    reader.read_batch(&[index], &mut slot, &mut context)
}
