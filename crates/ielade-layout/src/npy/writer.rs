use super::{IMAGES_FILE, LABELS_FILE, NpyHeader, NpyType, kind_of, shape_of};
use crate::{LayoutError, LayoutWriter, digest, registry::StorePlan, store::one_size};
use ielade_core::{Element, ImageSpec, Payload, Sample, manifest::DataFile, sample::NO_LABEL};
use std::{
    fs::{File, OpenOptions},
    io::{BufWriter, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes that are collected before they are handed to the system.
const BUFFER_BYTES: usize = 1 << 20;

/// Opens a folder to write `images.npy` and `labels.npy`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let element = plan.encoding.element().unwrap_or(Element::U8);
    let spec = one_size(plan.shape, plan.folder, super::CONTAINER.name)?;
    let rows = Rows {
        expected: plan.expected,
        written: plan.written,
    };
    let shape = shape_of(element, spec, 0);
    Ok(Box::new(NpyWriter {
        folder: plan.folder.to_owned(),
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
    folder: PathBuf,
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
        self.images.sync()?;
        self.labels.sync()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.images.complete()?;
        self.labels.complete()?;
        [IMAGES_FILE, LABELS_FILE]
            .into_iter()
            .map(|name| digest::data_file(&self.folder, name))
            .collect()
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
    path: PathBuf,
    file: BufWriter<File>,
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
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(rows.written == 0)
            .read(true)
            .write(true)
            .open(path)
            .map_err(LayoutError::io("create", path))?;
        let header = Self::header(kind, row_shape, rows.expected);
        let row_bytes = row_shape.iter().product::<u64>() * kind.size() as u64;
        let end = header.len() as u64 + u64::from(rows.written) * row_bytes;
        if rows.written == 0 {
            file.write_all(&header)
                .map_err(LayoutError::io("write", path))?;
        } else {
            let found = file
                .metadata()
                .map_err(LayoutError::io("read", path))?
                .len();
            if found < end {
                return Err(LayoutError::FileSize {
                    path: path.to_owned(),
                    expected: end,
                    found,
                });
            }
        }
        file.set_len(end).map_err(LayoutError::io("cut", path))?;
        file.seek(SeekFrom::Start(end))
            .map_err(LayoutError::io("seek in", path))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
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
        self.file
            .write_all(row)
            .map_err(LayoutError::io("write", &self.path))?;
        self.rows.written += 1;
        Ok(())
    }

    fn sync(&mut self) -> Result<(), LayoutError> {
        self.file
            .flush()
            .map_err(LayoutError::io("write", &self.path))?;
        self.file
            .get_ref()
            .sync_data()
            .map_err(LayoutError::io("sync", &self.path))
    }

    /// Corrects the header where fewer rows came than were expected, and syncs.
    fn complete(&mut self) -> Result<(), LayoutError> {
        if self.rows.written != self.rows.expected {
            let header = Self::header(self.kind, &self.row_shape, self.rows.written);
            self.file
                .get_ref()
                .write_all_at(&header, 0)
                .map_err(LayoutError::io("write", &self.path))?;
        }
        self.sync()
    }
}
