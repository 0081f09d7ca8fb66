use super::{IMAGES_FILE, LABELS_FILE, NpyHeader, kind_of, shape_of};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    mapped::MappedFile,
    store::one_size,
    stored::{
        SampleForm, StoreReader,
        array::ArrayForm,
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use ielade_core::Element;
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
    let form = ArrayForm::of_stores(element, spec);
    let bytes = form.image_bytes() as u64;
    let places = Places::Even {
        first: images.header.data_offset as u64,
        stride: bytes,
        len: bytes,
        count: manifest.count,
    };
    let samples = MappedSamples::new(vec![(images.path, images.map)], places)?;
    let form = SampleForm::Array(form);
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
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
        let header = NpyHeader::parse(map.bytes())
            .map_err(|error| LayoutError::container(path, error.offset as u64, error.reason))?;
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

fn read_labels(store: &StoreFolder) -> Result<Labels, LayoutError> {
    let manifest = store.manifest();
    let array = Array::open(&store.path(LABELS_FILE))?;
    array.check(&NpyHeader {
        kind: super::NpyType::I64,
        shape: vec![manifest.count.into()],
        data_offset: 0,
    })?;
    let numbers = array
        .data()
        .chunks_exact(size_of::<i64>())
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    Labels::check(numbers, manifest.count, manifest.classes.len(), &array.path)
}
