use super::{
    DATA_FILE, IMAGES, LABEL_TYPE, LABELS,
    header::{Header, TensorInfo},
    type_of,
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    foreign::{
        Contents, ForeignFile, ForeignStore,
        arrays::{self, ArrayEntry},
    },
    mapped::MappedFile,
    store::one_size,
    stored::{
        SampleForm, StoreReader,
        array::{ArrayForm, ByteOrder, stack_shape},
        labels::Labels,
        mapped::{MappedSamples, Places},
    },
};
use ielade_core::{Element, ImageShape};
use std::path::{Path, PathBuf};

/// Opens `data.safetensors` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = store.manifest();
    let element = manifest.encoding().element().unwrap_or(Element::U8);
    let spec = one_size(manifest.shape, store.folder(), super::CONTAINER.name)?;
    let file = TensorFile::open(&store.path(DATA_FILE))?;
    let shape = stack_shape(element, spec, manifest.count);
    let images = file.expect(IMAGES, type_of(element), &shape)?;
    let first = file.header.data_offset() + images.data_offsets[0];
    let labels = file.expect(LABELS, LABEL_TYPE, &shape[..1])?;
    let numbers = file
        .bytes(labels)
        .chunks_exact(size_of::<i64>())
        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    let labels = Labels::check(
        numbers,
        manifest.count,
        manifest.classes.len(),
        &store.path(DATA_FILE),
    )?;
    let form = ArrayForm::of_stores(element, spec);
    let samples = file.samples(first, form, manifest.count)?;
    let form = SampleForm::Array(form);
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Whether a file is a safetensors file: by its name, or by a header's start.
pub(super) fn recognises(path: &Path, head: &[u8]) -> bool {
    let by_name = path
        .extension()
        .is_some_and(|ending| ending == "safetensors");
    // The length of a header, and the brace that it starts with.
    let by_content = matches!(head, [_, _, _, _, 0, 0, 0, 0, b'{', b'"', ..]);
    !head.is_empty() && (by_name || by_content)
}

/// Opens a safetensors file that others made.
pub(super) fn open_foreign(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    let tensors = TensorFile::open(file.path)?;
    let entries: Vec<ArrayEntry> = tensors
        .header
        .tensors
        .iter()
        .map(|(name, tensor)| ArrayEntry {
            name: name.clone(),
            scalar: tensor.scalar(),
            shape: tensor.shape.clone(),
        })
        .collect();
    let mut guesses = Vec::new();
    let choice = arrays::choose(&entries, file, &mut guesses)?;
    let tensor = |at: usize| &tensors.header.tensors[at].1;
    let first = tensors.header.data_offset() + tensor(choice.images).data_offsets[0];
    let labels = choice.labels.and_then(|at| {
        let integer = entries[at].scalar.integer?;
        let bytes = tensors.bytes(tensor(at));
        Some(integer.values(bytes, ByteOrder::Little).collect())
    });
    let classes = tensors.classes();
    Contents {
        container: super::CONTAINER.name,
        form: SampleForm::Array(choice.form),
        shape: ImageShape::Fixed(choice.form.delivered()),
        labels: labels.unwrap_or_default(),
        count: choice.count,
        classes,
        samples: tensors.samples(first, choice.form, choice.count)?,
        guesses,
    }
    .into_store(file)
}

/// A mapped safetensors file.
struct TensorFile {
    path: PathBuf,
    map: MappedFile,
    header: Header,
}

impl TensorFile {
    fn open(path: &Path) -> Result<Self, LayoutError> {
        let map = MappedFile::open(path)?;
        let header = Header::parse(map.bytes())
            .map_err(|error| LayoutError::container(path, error.offset, error.reason))?;
        Ok(Self {
            path: path.to_owned(),
            map,
            header,
        })
    }

    /// The tensor of a name, if it is what the manifest tells.
    fn expect(&self, name: &str, dtype: &str, shape: &[u64]) -> Result<&TensorInfo, LayoutError> {
        let mismatch = |found: String| LayoutError::Mismatch {
            path: self.path.clone(),
            reason: format!("tensor {name:?} {found}, where {dtype} {shape:?} belongs"),
        };
        let found = self.header.tensor(name);
        let found = found.ok_or_else(|| mismatch("is not there".to_owned()))?;
        if (found.dtype.as_str(), found.shape.as_slice()) == (dtype, shape) {
            return Ok(found);
        }
        Err(mismatch(format!("is {} {:?}", found.dtype, found.shape)))
    }

    /// A tensor's values; it was checked to lie within the file.
    fn bytes(&self, tensor: &TensorInfo) -> &[u8] {
        let [start, end] = tensor
            .data_offsets
            .map(|offset| (self.header.data_offset() + offset) as usize);
        self.map.bytes().get(start..end).unwrap_or_default()
    }

    /// The names of the classes, where the file has them as ours do.
    fn classes(&self) -> Vec<String> {
        let text = self.header.metadata.get("classes");
        text.and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default()
    }

    fn samples(
        self,
        first: u64,
        form: ArrayForm,
        count: u32,
    ) -> Result<MappedSamples, LayoutError> {
        let bytes = form.image_bytes() as u64;
        let places = Places::Even {
            first,
            stride: bytes,
            len: bytes,
            count,
        };
        MappedSamples::new(vec![(self.path, self.map)], places)
    }
}
