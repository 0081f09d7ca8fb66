//! A store in memory: what the loader's tests read from.

use ielade_codec::{BatchSlot, CodecError, SampleHead, ThreadContext};
use ielade_core::{
    Element, Encoding, ImageShape, ImageSpec, LayoutId, Manifest, Normalisation, OrientationRule,
    Payload, Split,
    manifest::{FORMAT_VERSION, Provenance},
};
use ielade_layout::{BadSampleReason, LayoutError, LayoutReader, StoredSample};

/// Images of 4×4 pixels whose values follow from their position in the store.
pub(crate) struct MemoryStore {
    pub(crate) manifest: Manifest,
    images: Vec<u8>,
    /// Positions of samples that cannot be decoded.
    pub(crate) bad: Vec<u32>,
    /// Position of a sample at which reading panics.
    pub(crate) panics_at: Option<u32>,
}

pub(crate) const IMAGE: ImageSpec = ImageSpec::rgb(4, 4);

impl MemoryStore {
    pub(crate) fn of(count: u32) -> Self {
        let values = IMAGE.values();
        let images = (0..count as usize * values)
            .map(|at| (at / values * 31 + at % values * 7) as u8)
            .collect();
        Self {
            manifest: manifest(count),
            images,
            bad: Vec::new(),
            panics_at: None,
        }
    }
}

fn manifest(count: u32) -> Manifest {
    Manifest {
        format_version: FORMAT_VERSION,
        data_set: "memory".to_owned(),
        split: Split::Train,
        layout: LayoutId::new("memory", Encoding::Raw(Element::U8)),
        shape: ImageShape::Fixed(IMAGE),
        count,
        classes: (0..10).map(|class| format!("class {class}")).collect(),
        normalisation: Normalisation::identity(3),
        resized_to: None,
        orientation: OrientationRule::Apply,
        decoder: String::new(),
        source_digest: String::new(),
        files: Vec::new(),
        made: Provenance {
            program: "test".to_owned(),
            at: String::new(),
            seconds: 0.0,
            source: String::new(),
        },
    }
}

impl LayoutReader for MemoryStore {
    fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    fn read_batch(
        &self,
        indices: &[u32],
        slot: &mut BatchSlot<'_>,
        context: &mut ThreadContext,
    ) -> Result<(), LayoutError> {
        for (place, &index) in indices.iter().enumerate() {
            assert_ne!(self.panics_at, Some(index), "told to panic");
            let bad = |reason: CodecError| LayoutError::BadSample {
                place,
                index,
                path: "memory".into(),
                reason: BadSampleReason::Codec(reason),
            };
            if self.bad.contains(&index) {
                return Err(bad(CodecError::Empty));
            }
            let head = SampleHead {
                index,
                label: Some(index % 10),
            };
            let values = &self.images[index as usize * IMAGE.values()..][..IMAGE.values()];
            let payload = Payload::PixelsU8 {
                spec: IMAGE,
                values,
            };
            slot.put(place, head, payload, &mut context.pixels)
                .map_err(bad)?;
        }
        Ok(())
    }

    fn sample<'a>(
        &'a self,
        index: u32,
        _context: &'a mut ThreadContext,
    ) -> Result<StoredSample<'a>, LayoutError> {
        let values = &self.images[index as usize * IMAGE.values()..][..IMAGE.values()];
        Ok(StoredSample {
            label: Some(index % 10),
            payload: Payload::PixelsU8 {
                spec: IMAGE,
                values,
            },
        })
    }

    fn key(&self, index: u32) -> String {
        format!("sample {index}")
    }
}
