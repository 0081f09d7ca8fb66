//! Weights as safetensors files (<https://huggingface.co/docs/safetensors>), with PyTorch's names
//! and shapes: linear weights are `[out, in]`, convolutions `[out, in, height, width]`.

use crate::error::TrainError;
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    tensor::{Device, Shape, Tensor, TensorData},
};
use safetensors::{Dtype, SafeTensors};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufWriter, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// Bytes that a header may have: far more than any of the models needs.
const MOST_HEADER_BYTES: u64 = 1 << 20;

/// The name of the tensor that a walk through a module has reached.
#[derive(Debug, Default)]
pub(crate) struct TensorName {
    /// Name and container of every step on the way.
    path: Vec<(String, String)>,
}

impl TensorName {
    pub(crate) fn enter(&mut self, name: &str, container: &str) {
        self.path.push((name.to_owned(), container.to_owned()));
    }

    pub(crate) fn exit(&mut self) {
        self.path.pop();
    }

    /// True for the tensors of batch normalisation.
    pub(crate) fn is_batch_norm(&self) -> bool {
        self.path
            .last()
            .is_some_and(|(_, container)| container == "Struct:BatchNorm2d")
    }

    /// True for statistics that no gradient reaches.
    fn is_buffer(&self) -> bool {
        self.path
            .last()
            .is_some_and(|(name, _)| name.starts_with("running_"))
    }
}

impl std::fmt::Display for TensorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names = self
            .path
            .iter()
            .filter(|(_, container)| !container.starts_with("Enum:"))
            .map(
                |(name, container)| match (container.as_str(), name.as_str()) {
                    // A sequence of two in torchvision, whose members have numbers.
                    ("Struct:Downsample", "conv") => "0",
                    ("Struct:Downsample", "bn") => "1",
                    (_, name) => name,
                },
            );
        f.write_str(names.next().unwrap_or_default())?;
        names.try_for_each(|name| write!(f, ".{name}"))
    }
}

/// One tensor on its way to or from a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SavedTensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// All tensors of a model by name, as they are saved.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tensors {
    pub(crate) by_name: BTreeMap<String, SavedTensor>,
}

impl Tensors {
    /// Shape under which a tensor is saved: linear layers are transposed.
    pub(crate) fn saved_shape(shape: &Shape) -> Vec<usize> {
        let mut shape = shape.to_vec();
        if shape.len() == 2 {
            shape.reverse();
        }
        shape
    }

    /// A saved tensor as the model keeps it.
    pub(crate) fn to_device<const D: usize>(data: TensorData, device: &Device) -> Tensor<D> {
        let tensor = Tensor::<D>::from_data(data, device);
        if D == 2 {
            // Added to zero so that the transposed values are laid out anew, once, not at
            // every multiplication.
            tensor.swap_dims(0, 1) + 0.0
        } else {
            tensor
        }
    }

    /// The model's tensors, fetched from the device.
    ///
    /// # Errors
    /// Where the device fails.
    pub(crate) fn of<M: Module>(model: &M) -> Result<Self, TrainError> {
        let mut reader = Reader {
            name: TensorName::default(),
            tensors: Self::default(),
            error: None,
        };
        model.visit(&mut reader);
        match reader.error {
            Some(error) => Err(TrainError::Device(error)),
            None => Ok(reader.tensors),
        }
    }

    /// The model with these tensors in place of its own; all names and shapes must fit.
    pub(crate) fn put_into<M: Module>(self, model: M, device: &Device) -> M {
        model.map(&mut Writer {
            name: TensorName::default(),
            tensors: self,
            device: device.clone(),
        })
    }

    /// Writes a safetensors file: into a sibling first, then renamed, so that a crash leaves
    /// either the old file or the new one. The same tensors give the same bytes.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub(crate) fn save(
        &self,
        path: &Path,
        metadata: &BTreeMap<&str, String>,
    ) -> Result<(), TrainError> {
        let partial = partial_path(path);
        let written = self
            .write(&partial, metadata)
            .and_then(|()| std::fs::rename(&partial, path));
        written.map_err(|source| {
            // Best effort; the write's own error matters more.
            let _ = std::fs::remove_file(&partial);
            TrainError::File {
                path: path.to_owned(),
                source,
            }
        })
    }

    fn write(&self, path: &Path, metadata: &BTreeMap<&str, String>) -> std::io::Result<()> {
        let header = self.header(metadata)?;
        let mut out = BufWriter::new(File::create(path)?);
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(&header)?;
        for tensor in self.by_name.values() {
            for value in &tensor.values {
                out.write_all(&value.to_le_bytes())?;
            }
        }
        out.into_inner()?.sync_all()
    }

    /// The JSON header, padded to a multiple of 8 bytes. Written here because the safetensors
    /// crate writes metadata in random order, and equal weights shall be equal files.
    fn header(&self, metadata: &BTreeMap<&str, String>) -> std::io::Result<Vec<u8>> {
        let mut entries = BTreeMap::new();
        entries.insert("__metadata__", serde_json::to_value(metadata)?);
        let mut start = 0;
        for (name, tensor) in &self.by_name {
            let end = start + tensor.values.len() * size_of::<f32>();
            let entry = serde_json::json!({
                "dtype": "F32", "shape": tensor.shape, "data_offsets": [start, end],
            });
            entries.insert(name, entry);
            start = end;
        }
        let mut header = serde_json::to_vec(&entries)?;
        header.resize(header.len().next_multiple_of(8), b' ');
        Ok(header)
    }

    /// Reads the tensors of a safetensors file, which must be exactly those of `self`.
    ///
    /// # Errors
    /// Where the file cannot be read, is damaged, or belongs to another model; the tensor that
    /// does not fit is named.
    pub(crate) fn load(&self, path: &Path) -> Result<Self, TrainError> {
        let bytes = self.read_file(path)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| TrainError::WeightsFormat {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let mut by_name = BTreeMap::new();
        for (name, own) in &self.by_name {
            by_name.insert(name.clone(), own.replacement(path, name, &file)?);
        }
        match file.iter().find(|(name, _)| !by_name.contains_key(*name)) {
            Some((name, _)) => Err(TrainError::UnknownTensor {
                path: path.to_owned(),
                tensor: name.to_owned(),
            }),
            None => Ok(Self { by_name }),
        }
    }

    /// The file's bytes, no more than the model and a generous header can need.
    fn read_file(&self, path: &Path) -> Result<Vec<u8>, TrainError> {
        let values: usize = self.by_name.values().map(|one| one.values.len()).sum();
        // Twice, for a file of doubles, which is refused by tensor and type.
        let most = 2 * (values * size_of::<f32>()) as u64 + MOST_HEADER_BYTES;
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(most + 1).read_to_end(&mut bytes))
            .map_err(|source| TrainError::File {
                path: path.to_owned(),
                source,
            })?;
        if bytes.len() as u64 > most {
            return Err(TrainError::WeightsFormat {
                path: path.to_owned(),
                reason: format!("larger than {most} bytes: the file belongs to a larger model"),
            });
        }
        Ok(bytes)
    }
}

impl SavedTensor {
    /// The tensor of this name in the file, if it has the same type and shape.
    fn replacement(
        &self,
        path: &Path,
        name: &str,
        file: &SafeTensors<'_>,
    ) -> Result<Self, TrainError> {
        let view = file.tensor(name).map_err(|_| TrainError::MissingTensor {
            path: path.to_owned(),
            tensor: name.to_owned(),
        })?;
        if view.dtype() != Dtype::F32 || view.shape() != self.shape {
            return Err(TrainError::TensorShape {
                path: path.to_owned(),
                tensor: name.to_owned(),
                found: format!("{:?} {:?}", view.dtype(), view.shape()),
                expected: format!("F32 {:?}", self.shape),
            });
        }
        let (values, _) = view.data().as_chunks::<4>();
        Ok(Self {
            shape: self.shape.clone(),
            values: values
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect(),
        })
    }
}

/// A sibling of the file, under a name that no other process uses.
fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

/// Counts the weights and biases that gradients reach.
pub(crate) fn count_parameters<M: Module>(model: &M) -> u64 {
    let mut counter = Counter {
        name: TensorName::default(),
        parameters: 0,
    };
    model.visit(&mut counter);
    counter.parameters
}

struct Counter {
    name: TensorName,
    parameters: u64,
}

impl ModuleVisitor for Counter {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !self.name.is_buffer() {
            self.parameters += param.lazy_shape().num_elements() as u64;
        }
    }
}

struct Reader {
    name: TensorName,
    tensors: Tensors,
    error: Option<String>,
}

impl ModuleVisitor for Reader {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = param.val();
        let tensor = if D == 2 {
            tensor.swap_dims(0, 1)
        } else {
            tensor
        };
        let shape = tensor.dims().to_vec();
        let values = tensor
            .try_into_data()
            .map_err(|error| error.to_string())
            .and_then(|data| {
                data.try_into_vec::<f32>()
                    .map_err(|error| error.to_string())
            });
        match values {
            Ok(values) => {
                let saved = SavedTensor { shape, values };
                self.tensors.by_name.insert(self.name.to_string(), saved);
            }
            Err(error) => self.error = Some(error),
        }
    }
}

struct Writer {
    name: TensorName,
    tensors: Tensors,
    device: Device,
}

impl ModuleMapper for Writer {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.name.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.name.exit();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(saved) = self.tensors.by_name.remove(&self.name.to_string()) else {
            return param;
        };
        let data = TensorData::new(saved.values, saved.shape);
        let tensor = Tensors::to_device::<D>(data, &self.device);
        Param::initialized(param.id, tensor.set_require_grad(!self.name.is_buffer()))
    }
}
