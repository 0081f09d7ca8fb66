use super::{IMAGES_FILE, LABELS_FILE, NpyHeader, kind_of, shape_of};
use crate::{
    LayoutError, LayoutReader, RawRegion, StoreFolder,
    error::BadSampleReason,
    mapped::{self, MappedFile},
    store::one_size,
};
use ielade_codec::{BatchSlot, SampleHead, ThreadContext};
use ielade_core::{AlignedBytes, Element, ImageSpec, Manifest, Payload, sample::NO_LABEL};
use std::path::{Path, PathBuf};

/// Opens `images.npy` and `labels.npy` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let element = manifest.encoding().element().unwrap_or(Element::U8);
    let spec = one_size(manifest.shape, store.folder(), super::CONTAINER.name)?;
    let path = store.path(IMAGES_FILE);
    let images = Array::open(&path)?;
    let shape = shape_of(element, spec, manifest.count);
    images.check(&NpyHeader {
        kind: kind_of(element),
        shape: shape.to_vec(),
        data_offset: 0,
    })?;
    let labels = read_labels(&store)?;
    if images.map.bytes().len() as u64 > physical_memory() {
        images.map.advise_random();
    }
    Ok(Box::new(NpyReader {
        image_bytes: spec.values() * element.size(),
        store,
        images,
        labels,
        element,
        spec,
    }))
}

fn physical_memory() -> u64 {
    let info = rustix::system::sysinfo();
    (info.totalram as u64).saturating_mul(u64::from(info.mem_unit))
}

/// A mapped npy file.
struct Array {
    path: PathBuf,
    map: MappedFile,
    header: NpyHeader,
    end: usize,
}

impl Array {
    fn open(path: &Path) -> Result<Self, LayoutError> {
        let map = MappedFile::open(path)?;
        let header = NpyHeader::parse(map.bytes()).map_err(|error| LayoutError::Npy {
            path: path.to_owned(),
            offset: error.offset as u64,
            reason: error.reason,
        })?;
        let found = map.bytes().len() as u64;
        let end = header
            .values()
            .and_then(|values| values.checked_mul(header.kind.size() as u64))
            .and_then(|bytes| bytes.checked_add(header.data_offset as u64))
            .unwrap_or(u64::MAX);
        if end > found {
            return Err(LayoutError::FileSize {
                path: path.to_owned(),
                expected: end,
                found,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            map,
            header,
            end: end as usize,
        })
    }

    fn check(&self, expected: &NpyHeader) -> Result<(), LayoutError> {
        if (self.header.kind, &self.header.shape) == (expected.kind, &expected.shape) {
            return Ok(());
        }
        let describe = |header: &NpyHeader| format!("{} {:?}", header.kind.descr(), header.shape);
        Err(LayoutError::Mismatch {
            path: self.path.clone(),
            reason: format!(
                "it holds {} where {} belongs",
                describe(&self.header),
                describe(expected)
            ),
        })
    }

    /// The array's values as bytes.
    fn data(&self) -> &[u8] {
        &self.map.bytes()[self.header.data_offset..self.end]
    }
}

fn read_labels(store: &StoreFolder) -> Result<Vec<i64>, LayoutError> {
    let manifest = store.manifest();
    let array = Array::open(&store.path(LABELS_FILE))?;
    array.check(&NpyHeader {
        kind: super::NpyType::I64,
        shape: vec![manifest.count.into()],
        data_offset: 0,
    })?;
    let labels: Vec<i64> = array
        .data()
        .chunks_exact(size_of::<i64>())
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()))
        .collect();
    let classes = manifest.classes.len() as i64;
    if let Some(at) = labels
        .iter()
        .position(|label| !(NO_LABEL..classes).contains(label))
    {
        return Err(LayoutError::Npy {
            path: array.path.clone(),
            offset: (array.header.data_offset + at * size_of::<i64>()) as u64,
            reason: format!(
                "sample {at} has label {} but there are {classes} classes",
                labels[at]
            ),
        });
    }
    Ok(labels)
}

struct NpyReader {
    store: StoreFolder,
    images: Array,
    labels: Vec<i64>,
    element: Element,
    spec: ImageSpec,
    image_bytes: usize,
}

impl NpyReader {
    fn image(&self, index: u32) -> Option<&[u8]> {
        let start = (index as usize).checked_mul(self.image_bytes)?;
        self.images.data().get(start..)?.get(..self.image_bytes)
    }

    /// The image as a payload; `None` where the values are not aligned to their type.
    fn payload<'a>(&self, bytes: &'a [u8]) -> Option<Payload<'a>> {
        let spec = self.spec;
        Some(match self.element {
            Element::U8 => Payload::PixelsU8 {
                spec,
                values: bytes,
            },
            Element::U16 => Payload::PixelsU16 {
                spec,
                values: bytemuck::try_cast_slice(bytes).ok()?,
            },
            Element::F16 => Payload::NormalisedF16 {
                spec,
                values: bytemuck::try_cast_slice(bytes).ok()?,
            },
            Element::Bf16 => Payload::NormalisedBf16 {
                spec,
                values: bytemuck::try_cast_slice(bytes).ok()?,
            },
            Element::F32 => Payload::NormalisedF32 {
                spec,
                values: bytemuck::try_cast_slice(bytes).ok()?,
            },
        })
    }

    fn put(
        &self,
        slot: &mut BatchSlot<'_>,
        place: usize,
        index: u32,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError> {
        let bytes = self
            .image(index)
            .ok_or_else(|| self.store.no_such_sample(index))?;
        let head = SampleHead {
            index,
            label: u32::try_from(self.labels[index as usize]).ok(),
        };
        let ThreadContext {
            layout_state,
            pixels,
            ..
        } = context;
        let result = if let Some(payload) = self.payload(bytes) {
            slot.put(place, head, payload, pixels)
        } else {
            let copy = aligned_copy(layout_state, bytes);
            match self.payload(copy) {
                Some(payload) => slot.put(place, head, payload, pixels),
                None => return Err(self.store.no_such_sample(index)),
            }
        };
        result.map_err(|error| LayoutError::BadSample {
            place,
            index,
            path: self.images.path.clone(),
            reason: BadSampleReason::Codec(error),
        })
    }
}

/// A copy at an address that suits every element type, in memory that the thread keeps. Only a
/// foreign file with an odd header needs it.
fn aligned_copy<'a>(
    state: &'a mut Option<Box<dyn std::any::Any + Send>>,
    bytes: &[u8],
) -> &'a [u8] {
    let fits = |state: &Option<Box<dyn std::any::Any + Send>>| {
        state
            .as_ref()
            .and_then(|state| state.downcast_ref::<AlignedBytes>())
            .is_some_and(|copy| copy.len() == bytes.len())
    };
    if !fits(state) {
        *state = Some(Box::new(AlignedBytes::zeroed(bytes.len())));
    }
    let copy = state
        .as_mut()
        .and_then(|state| state.downcast_mut::<AlignedBytes>());
    copy.map_or(&[], |copy| {
        copy.as_bytes_mut().copy_from_slice(bytes);
        copy.as_bytes()
    })
}

impl LayoutReader for NpyReader {
    fn manifest(&self) -> &Manifest {
        self.store.manifest()
    }

    fn read_batch(
        &self,
        indices: &[u32],
        slot: &mut BatchSlot<'_>,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError> {
        for (place, index) in indices.iter().enumerate() {
            // A shuffled epoch misses the processor's cache with every sample: bring the next one
            // while this one is converted.
            if let Some(next) = indices.get(place + 1).and_then(|next| self.image(*next)) {
                mapped::prefetch(next);
            }
            self.put(slot, place, *index, context)?;
        }
        Ok(())
    }

    fn key(&self, index: u32) -> String {
        self.store.key(index)
    }

    fn contiguous(&self) -> Option<RawRegion<'_>> {
        Some(RawRegion {
            bytes: self.images.data(),
        })
    }
}
