use super::{IMAGES_FILE, LABELS_FILE, NpyHeader, NpyType, kind_of};
use crate::{
    LayoutError, LayoutWriter, output_file::OutputFile, registry::StorePlan, store::one_size,
    stored::array::stack_shape,
};
use ielade_core::{Element, ImageSpec, Payload, Sample, manifest::DataFile, sample::NO_LABEL};
use std::path::Path;

/// Opens a folder to write `images.npy` and `labels.npy`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let element = plan.encoding.element().unwrap_or(Element::U8);
    let spec = one_size(plan.shape, plan.folder, super::CONTAINER.name)?;
    let rows = Rows {
        expected: plan.expected,
        written: plan.written,
    };
    let shape = stack_shape(element, spec, 0);
    Ok(Box::new(NpyWriter {
        element,
        spec,
        images: ArrayFile::open(
            &plan.folder.join(IMAGES_FILE),
            kind_of(element),
            &shape[1..],
            rows,
        )?,
        labels: ArrayFile::open(&plan.folder.join(LABELS_FILE), NpyType::I64, &[], rows)?,
    }))
}

struct NpyWriter {
    element: Element,
    spec: ImageSpec,
    images: ArrayFile,
    labels: ArrayFile,
}

impl LayoutWriter for NpyWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        let payload = &sample.payload;
        self.check(sample.key, payload)?;
        self.images.push(payload.bytes())?;
        let label = sample.label.map_or(NO_LABEL, i64::from);
        self.labels.push(&label.to_le_bytes())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.images.file.sync()?;
        self.labels.file.sync()
    }

    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        let images = self.images.finish(IMAGES_FILE)?;
        Ok(vec![images, self.labels.finish(LABELS_FILE)?])
    }
}

impl NpyWriter {
    fn check(&self, key: &str, payload: &Payload<'_>) -> Result<(), LayoutError> {
        if payload.encoding().element() != Some(self.element) {
            return Err(LayoutError::WrongPayload {
                key: key.to_owned(),
                expected: self.element.to_string(),
                found: payload.encoding().to_string(),
            });
        }
        match payload.spec() {
            Some(spec) if spec == self.spec => {}
            other => {
                return Err(LayoutError::SizesDiffer {
                    key: key.to_owned(),
                    found: other.map_or_else(String::new, |spec| spec.to_string()),
                    expected: self.spec.to_string(),
                    container: super::CONTAINER.name,
                });
            }
        }
        let bytes = self.spec.values() * self.element.size();
        if payload.bytes().len() != bytes {
            return Err(LayoutError::WrongPayload {
                key: key.to_owned(),
                expected: format!("{bytes} bytes"),
                found: format!("{} bytes", payload.bytes().len()),
            });
        }
        Ok(())
    }
}

/// Rows that a file shall have, and those it has already.
#[derive(Clone, Copy)]
struct Rows {
    expected: u32,
    written: u32,
}

/// An npy file that grows along its first dimension.
struct ArrayFile {
    file: OutputFile,
    kind: NpyType,
    row_shape: Vec<u64>,
    rows: Rows,
}

impl ArrayFile {
    fn open(
        path: &Path,
        kind: NpyType,
        row_shape: &[u64],
        rows: Rows,
    ) -> Result<Self, LayoutError> {
        let header = Self::header(kind, row_shape, rows.expected);
        let row_bytes = row_shape.iter().product::<u64>() * kind.size() as u64;
        let file = if rows.written == 0 {
            let mut file = OutputFile::create(path)?;
            file.write(&header)?;
            file
        } else {
            OutputFile::open(
                path,
                header.len() as u64 + u64::from(rows.written) * row_bytes,
            )?
        };
        Ok(Self {
            file,
            kind,
            row_shape: row_shape.to_vec(),
            rows,
        })
    }

    fn header(kind: NpyType, row_shape: &[u64], rows: u32) -> Vec<u8> {
        let shape: Vec<u64> = std::iter::once(rows.into())
            .chain(row_shape.iter().copied())
            .collect();
        NpyHeader::encode(kind, &shape)
    }

    fn push(&mut self, row: &[u8]) -> Result<(), LayoutError> {
        self.rows.written += 1;
        self.file.write(row)
    }

    /// Corrects the header where fewer rows came than were expected, and completes the file.
    fn finish(mut self, name: &str) -> Result<DataFile, LayoutError> {
        if self.rows.written != self.rows.expected {
            let header = Self::header(self.kind, &self.row_shape, self.rows.written);
            self.file.set(0, &header)?;
        }
        self.file.finish(name)
    }
}
