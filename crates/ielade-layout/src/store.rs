//! A store as a folder: its manifest, its place, and opening it.

use crate::{LayoutError, LayoutReader, disk, registry, samples::SampleNames};
use ielade_codec::{CHANNELS, MAX_PIXELS};
use ielade_core::{
    Encoding, ImageShape, ImageSpec, LayoutId, Manifest, Split, manifest::FORMAT_VERSION,
};
use std::{
    fs::File,
    io::Read,
    path::{Component, Path, PathBuf},
};

pub use crate::samples::SAMPLES_FILE;

/// Name of the manifest within a store.
pub const MANIFEST_FILE: &str = "manifest.json";

/// Bytes a manifest may have; one with 21,841 classes has about 1 MB.
const MAX_MANIFEST_BYTES: u64 = 16 << 20;

/// A store's folder with its manifest, before a container has looked at it.
#[derive(Debug)]
pub struct StoreFolder {
    folder: PathBuf,
    manifest: Manifest,
    names: SampleNames,
}

impl StoreFolder {
    /// The store in `folder`, whose manifest has been read already.
    pub fn new(folder: &Path, manifest: Manifest) -> Self {
        Self {
            folder: folder.to_owned(),
            manifest,
            names: SampleNames::default(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the store says of itself.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// A file of the store.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The name of a sample within its data set; its number where the store has no names.
    pub fn key(&self, index: u32) -> String {
        let classes = self.manifest.classes.len();
        self.names
            .get(&self.folder, index, self.manifest.count, classes)
    }

    /// The error for a position behind the end.
    pub(crate) fn no_such_sample(&self, index: u32) -> LayoutError {
        LayoutError::NoSuchSample {
            path: self.folder.clone(),
            index,
            count: self.manifest.count,
        }
    }
}

/// Where the store of a split is kept, unless the user names a folder:
/// `stores/<data set>-<split>/<container>-<encoding>`.
///
/// ```
/// use ielade_core::{LayoutId, Split};
/// let layout: LayoutId = "npy/u8".parse().unwrap();
/// let folder = ielade_layout::store::default_folder("cifar10", Split::Train, &layout);
/// assert_eq!(folder.to_str(), Some("stores/cifar10-train/npy-u8"));
/// ```
pub fn default_folder(data_set: &str, split: Split, layout: &LayoutId) -> PathBuf {
    let plain: String = data_set
        .chars()
        .map(|letter| match letter {
            '/' | '\\' | '\0' => '_',
            other => other,
        })
        .collect();
    Path::new("stores")
        .join(format!("{plain}-{split}"))
        .join(layout.directory_name())
}

/// Opens a store: checks its manifest against the files that are there, and hands it to its
/// container.
///
/// # Errors
/// Where there is no store, it was made by a newer version, or its files are not those that the
/// manifest tells of.
pub fn open_store(folder: &Path) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let manifest = read_manifest(folder)?;
    let container = registry::check(&manifest.layout).map_err(|error| LayoutError::Manifest {
        path: folder.join(MANIFEST_FILE),
        reason: error.to_string(),
    })?;
    check_files(folder, &manifest)?;
    (container.open)(StoreFolder::new(folder, manifest))
}

/// Bytes of the container's own files: what is compared between layouts. `samples.csv`, which
/// every store has and no loader reads, is not among them.
pub fn data_bytes(manifest: &Manifest) -> u64 {
    manifest
        .files
        .iter()
        .filter(|file| file.path != SAMPLES_FILE)
        .map(|file| file.bytes)
        .sum()
}

/// BLAKE3 of a manifest, in hexadecimal: tells a store from one that was made again.
pub fn manifest_digest(manifest: &Manifest) -> String {
    // A manifest is plain data, which always has a JSON form; without one, all would be equal.
    let json = serde_json::to_vec(manifest).unwrap_or_default();
    blake3::hash(&json).to_hex().to_string()
}

/// Reads and checks `manifest.json` of a store.
///
/// # Errors
/// Where there is none, it was written by a newer version, or it contradicts itself.
pub fn read_manifest(folder: &Path) -> Result<Manifest, LayoutError> {
    let path = folder.join(MANIFEST_FILE);
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(LayoutError::NotAStore {
                path: folder.to_owned(),
            });
        }
        Err(error) => return Err(LayoutError::io("open", &path)(error)),
    };
    let unusable = |reason: String| LayoutError::Manifest {
        path: path.clone(),
        reason,
    };
    let mut content = Vec::new();
    file.take(MAX_MANIFEST_BYTES + 1)
        .read_to_end(&mut content)
        .map_err(LayoutError::io("read", &path))?;
    if content.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(unusable(format!(
            "it has more than {MAX_MANIFEST_BYTES} bytes"
        )));
    }
    // The version first: a newer manifest may lack or rename anything else.
    let value: serde_json::Value =
        serde_json::from_slice(&content).map_err(|error| unusable(error.to_string()))?;
    if let Some(found) = value["format_version"].as_u64()
        && found > u64::from(FORMAT_VERSION)
    {
        return Err(LayoutError::NewerFormat {
            path,
            found,
            known: FORMAT_VERSION,
        });
    }
    // From the text once more: of a key that is there twice, the value above kept the last.
    let manifest = serde_json::from_slice(&content).map_err(|error| unusable(error.to_string()))?;
    check_manifest(&manifest).map_err(unusable)?;
    Ok(manifest)
}

/// The manifest, if a reader can rely on it; `path` is what it is of.
pub(crate) fn manifest_of(manifest: Manifest, path: &Path) -> Result<Manifest, LayoutError> {
    match check_manifest(&manifest) {
        Ok(()) => Ok(manifest),
        Err(reason) => Err(LayoutError::Manifest {
            path: path.to_owned(),
            reason,
        }),
    }
}

/// Refuses what would otherwise surprise a reader later: sizes that overflow, paths that lead out
/// of the store, statistics that are no numbers.
fn check_manifest(manifest: &Manifest) -> Result<(), String> {
    if let ImageShape::Fixed(spec) = manifest.shape {
        let pixels = u64::from(spec.height) * u64::from(spec.width);
        if spec.channels as usize != CHANNELS || pixels == 0 || pixels > MAX_PIXELS {
            return Err(format!("no image can be {spec}"));
        }
    }
    if manifest.count == u32::MAX {
        return Err(format!("it counts {} samples", manifest.count));
    }
    let normalisation = &manifest.normalisation;
    let all = || normalisation.mean.iter().chain(&normalisation.std);
    if normalisation.mean.len() != CHANNELS || normalisation.std.len() != CHANNELS {
        return Err(format!(
            "its normalisation is not of {CHANNELS} means and {CHANNELS} standard deviations"
        ));
    }
    if all().any(|value| !value.is_finite()) || normalisation.std.iter().any(|std| *std <= 0.0) {
        return Err("its normalisation has no sense".to_owned());
    }
    for file in &manifest.files {
        if !is_inside(&file.path) {
            return Err(format!("{:?} is not a path within the store", file.path));
        }
    }
    Ok(())
}

/// True for a relative path that stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\0')
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
}

/// Fails unless every data file is there with the size that the manifest tells. The many files of
/// a folder are looked at one by one only when they are read.
fn check_files(folder: &Path, manifest: &Manifest) -> Result<(), LayoutError> {
    for file in &manifest.files {
        let path = folder.join(&file.path);
        let metadata = match std::fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(LayoutError::MissingFile { path });
            }
            Err(error) => return Err(LayoutError::io("read", &path)(error)),
        };
        if metadata.is_file() && metadata.len() != file.bytes {
            return Err(LayoutError::FileSize {
                path,
                expected: file.bytes,
                found: metadata.len(),
            });
        }
    }
    Ok(())
}

/// The size of every image, for a container that holds one size only.
pub(crate) fn one_size(
    shape: ImageShape,
    folder: &Path,
    container: &str,
) -> Result<ImageSpec, LayoutError> {
    shape.fixed().ok_or_else(|| LayoutError::Manifest {
        path: folder.join(MANIFEST_FILE),
        reason: format!("{container} holds images of one size, but the sizes vary"),
    })
}

/// Writes `manifest.json`, whole or not at all.
///
/// # Errors
/// Where the disk refuses.
pub fn write_manifest(folder: &Path, manifest: &Manifest) -> Result<(), LayoutError> {
    let path = folder.join(MANIFEST_FILE);
    let mut content =
        serde_json::to_vec_pretty(manifest).map_err(|error| LayoutError::Manifest {
            path: path.clone(),
            reason: error.to_string(),
        })?;
    content.push(b'\n');
    disk::write_atomically(&path, &content)
}

/// Encodings as text, for messages.
pub(crate) fn names_of(encodings: &[Encoding]) -> String {
    let names: Vec<&str> = encodings.iter().map(|encoding| encoding.name()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{MANIFEST_FILE, check_manifest, open_store, read_manifest, write_manifest};
    use ielade_core::{
        ImageShape, ImageSpec, Manifest, Normalisation, OrientationRule, Split,
        manifest::{DataFile, FORMAT_VERSION, Provenance},
    };

    fn manifest() -> Manifest {
        Manifest {
            format_version: FORMAT_VERSION,
            data_set: "d".to_owned(),
            split: Split::Train,
            layout: "npy/u8".parse().unwrap(),
            shape: ImageShape::Fixed(ImageSpec::rgb(2, 2)),
            count: 1,
            classes: vec!["a".to_owned()],
            normalisation: Normalisation {
                mean: vec![0.1, 1.0 / 3.0, 0.473_630_043_232_161_2],
                std: vec![0.2; 3],
            },
            resized_to: None,
            orientation: OrientationRule::Apply,
            decoder: "d".to_owned(),
            source_digest: String::new(),
            files: vec![DataFile {
                path: "images.npy".to_owned(),
                bytes: 140,
                blake3: String::new(),
            }],
            made: Provenance {
                program: "p".to_owned(),
                at: String::new(),
                seconds: 0.0,
                source: "s".to_owned(),
            },
        }
    }

    #[test]
    fn a_manifest_comes_back_as_written_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        write_manifest(folder.path(), &manifest()).unwrap();
        assert_eq!(read_manifest(folder.path()).unwrap(), manifest());
    }

    #[test]
    fn a_folder_without_a_manifest_is_no_store() {
        let folder = tempfile::tempdir().unwrap();
        let error = open_store(folder.path()).err().unwrap().to_string();
        assert!(error.contains("ielade prepare"), "{error}");
        let error = open_store(&folder.path().join("none")).err().unwrap();
        assert!(error.to_string().contains("is not a store"), "{error}");
    }

    #[test]
    fn a_newer_format_says_so_whatever_else_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(MANIFEST_FILE),
            r#"{"format_version": 9, "new": 1}"#,
        )
        .unwrap();
        let error = read_manifest(folder.path()).unwrap_err().to_string();
        assert!(error.contains("newer ielade"), "{error}");
    }

    #[test]
    fn a_missing_or_short_data_file_is_named_with_both_sizes() {
        let folder = tempfile::tempdir().unwrap();
        write_manifest(folder.path(), &manifest()).unwrap();
        let error = open_store(folder.path()).err().unwrap().to_string();
        assert!(error.contains("images.npy is missing"), "{error}");
        std::fs::write(folder.path().join("images.npy"), b"12345").unwrap();
        let error = open_store(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains("images.npy has 5 bytes where 140"),
            "{error}"
        );
    }

    #[test]
    fn manifests_that_would_mislead_a_reader_are_refused() {
        type Change = fn(&mut Manifest);
        let changes: [Change; 7] = [
            |m| m.shape = ImageShape::Fixed(ImageSpec::rgb(u32::MAX, u32::MAX)),
            |m| m.shape = ImageShape::Fixed(ImageSpec::rgb(0, 4)),
            |m| m.normalisation.std.clear(),
            |m| m.normalisation.std[1] = 0.0,
            |m| m.normalisation.mean[1] = f64::NAN,
            |m| m.files[0].path = "../../etc/passwd".to_owned(),
            |m| m.files[0].path = "/etc/passwd".to_owned(),
        ];
        assert_eq!(check_manifest(&manifest()), Ok(()));
        for change in changes {
            let mut changed = manifest();
            change(&mut changed);
            assert!(check_manifest(&changed).is_err(), "{changed:?}");
        }
    }

    #[test]
    fn rubbish_instead_of_a_manifest_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(MANIFEST_FILE), "{\n  oops").unwrap();
        let error = read_manifest(folder.path()).unwrap_err().to_string();
        assert!(error.contains("line 2"), "{error}");
    }
}
