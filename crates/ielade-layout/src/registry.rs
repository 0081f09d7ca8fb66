//! The registry of containers: one line each.

use crate::{
    LayoutError, LayoutReader, LayoutWriter, StoreFolder, arrow, cifar_bin, files,
    foreign::{ForeignFile, ForeignStore},
    hdf5, lmdb, npy,
    options::{self, OptionRule},
    parquet, safetensors, sqlite,
    store::names_of,
    tfrecord, webdataset, zarr,
};
use ielade_core::{Encoding, ImageShape, LayoutId, LayoutOptions, Split};
use std::path::Path;

/// All containers, in the order in which they are listed.
pub const CONTAINERS: &[Container] = &[
    files::CONTAINER,
    npy::CONTAINER,
    hdf5::CONTAINER,
    zarr::CONTAINER,
    tfrecord::CONTAINER,
    webdataset::CONTAINER,
    parquet::CONTAINER,
    arrow::CONTAINER,
    lmdb::CONTAINER,
    safetensors::CONTAINER,
    sqlite::CONTAINER,
    cifar_bin::CONTAINER,
];

/// How samples lie on disk.
#[derive(Debug, Clone, Copy)]
pub struct Container {
    /// The name in layouts, `container/encoding`.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub description: &'static str,
    /// What each sample can be inside it.
    pub encodings: &'static [Encoding],
    /// The ways in which it can be written.
    pub options: &'static [OptionRule],
    /// Options that stand for all the ways in which it can be written, beside none: each is put
    /// through every test. Only with the encodings that [`Container::allows`] lets them have.
    pub variants: &'static [&'static str],
    /// Whether it can be written with these options in this encoding.
    pub allows: fn(&LayoutOptions, Encoding) -> Result<(), &'static str>,
    /// Which labels its samples may have.
    pub labels: LabelsHeld,
    /// How its samples are reached.
    pub access: Access,
    /// Library that reads it with no help from here.
    pub usual_library: &'static str,
    /// Whether a store that was broken off is continued; otherwise it is started over.
    pub continues: bool,
    /// Opens a store for reading.
    pub open: fn(StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError>,
    /// Opens a folder for writing.
    pub create: fn(&StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError>,
    /// Opens a file that others made; `None` where the container is not a file.
    pub foreign: Option<Foreign>,
}

/// Which labels a container can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelsHeld {
    /// Any, or none.
    AnyOrNone,
    /// A byte for each sample, which therefore needs one: at most 256 classes.
    OneByte,
}

impl LabelsHeld {
    /// Most classes that the labels can tell apart.
    pub const fn most_classes(self) -> usize {
        match self {
            Self::AnyOrNone => usize::MAX,
            Self::OneByte => 1 << u8::BITS,
        }
    }

    /// Whether a sample may be without a label.
    pub const fn or_none(self) -> bool {
        matches!(self, Self::AnyOrNone)
    }
}

/// How the samples of a container are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Whether it is read through a mapping of its files, without a system call a sample, unless
    /// it is compressed.
    pub memory_mapped: bool,
    /// What makes each sample reachable without reading those before it.
    pub random: &'static str,
    /// What lets several threads read at once.
    pub parallel: &'static str,
}

/// How a container's files are recognised and opened without a manifest.
#[derive(Debug, Clone, Copy)]
pub struct Foreign {
    /// Whether a path is such a file (or folder); `head` are the first bytes of a file.
    pub recognises: fn(path: &Path, head: &[u8]) -> bool,
    /// Opens it.
    pub open: fn(&ForeignFile<'_>) -> Result<ForeignStore, LayoutError>,
}

/// What a container's writer needs to know.
#[derive(Debug, Clone, Copy)]
pub struct StorePlan<'a> {
    /// The folder to write into; it exists.
    pub folder: &'a Path,
    /// The part of the data set, after which some containers name their files.
    pub split: Split,
    /// What each sample is.
    pub encoding: Encoding,
    /// How the container is to be written; checked against its rules.
    pub options: &'a LayoutOptions,
    /// The size of the images. Varies where the encoding is a compressed image.
    pub shape: ImageShape,
    /// Names of the classes; a label is an index into them.
    pub classes: &'a [String],
    /// Samples that are expected; there may be fewer in the end.
    pub expected: u32,
    /// Samples that the folder already holds, from a run that was broken off: the writer keeps
    /// these, cuts off whatever follows them, and goes on behind. 0 starts anew.
    pub written: u32,
}

/// For containers that can be written in one way only.
// Has the form of a container's rule.
#[allow(clippy::unnecessary_wraps)]
pub(crate) const fn allows_all(_: &LayoutOptions, _: Encoding) -> Result<(), &'static str> {
    Ok(())
}

/// The container of a name.
///
/// # Errors
/// For an unknown name, with the known ones and the nearest of them.
pub fn find(name: &str) -> Result<&'static Container, LayoutError> {
    CONTAINERS
        .iter()
        .find(|container| container.name == name)
        .ok_or_else(|| LayoutError::UnknownContainer {
            name: name.to_owned(),
            nearest: nearest(name).map(str::to_owned),
            known: CONTAINERS
                .iter()
                .map(|container| container.name)
                .collect::<Vec<_>>()
                .join(", "),
        })
}

/// The known name that differs by a letter or two.
fn nearest(name: &str) -> Option<&'static str> {
    CONTAINERS
        .iter()
        .map(|container| (strsim::damerau_levenshtein(name, container.name), container))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, container)| *distance <= 2 && *distance < container.name.len())
        .map(|(_, container)| container.name)
}

/// The container of a layout, if it can hold the layout's encoding and be written as its options
/// say.
///
/// ```
/// use ielade_layout::registry;
/// assert!(registry::check(&"npy/u8".parse().unwrap()).is_ok());
/// let error = registry::check(&"npy/jpeg".parse().unwrap()).unwrap_err();
/// assert_eq!(error.to_string(), "npy cannot hold jpeg; it holds u8, u16, f16, bf16, f32");
/// let error = registry::check(&"npz/u8".parse().unwrap()).unwrap_err();
/// assert!(error.to_string().contains("did you mean \"npy\"?"));
/// ```
///
/// # Errors
/// For an unknown container, an encoding that it cannot hold, or an option that it does not have.
pub fn check(layout: &LayoutId) -> Result<&'static Container, LayoutError> {
    let container = find(&layout.container)?;
    if !container.encodings.contains(&layout.encoding) {
        return Err(LayoutError::EncodingNotHeld {
            container: container.name,
            encoding: layout.encoding,
            known: names_of(container.encodings),
        });
    }
    options::check(container.name, &layout.container_options, container.options)?;
    (container.allows)(&layout.container_options, layout.encoding).map_err(|reason| {
        LayoutError::Option {
            what: layout.to_string(),
            reason: reason.to_owned(),
        }
    })?;
    crate::encoder::of_layout(layout)?;
    Ok(container)
}

/// Every layout that can be written, each container with each of its encodings, without options.
pub fn layouts() -> impl Iterator<Item = LayoutId> {
    CONTAINERS.iter().flat_map(|container| {
        container
            .encodings
            .iter()
            .map(|encoding| LayoutId::new(container.name, *encoding))
    })
}

/// As [`layouts`], and each container in all its variants.
pub fn layouts_in_all_variants() -> impl Iterator<Item = LayoutId> {
    let variants = CONTAINERS.iter().flat_map(|container| {
        let options = container
            .variants
            .iter()
            .filter_map(|text| text.parse().ok());
        options.flat_map(|options: LayoutOptions| {
            container
                .encodings
                .iter()
                .filter(|encoding| (container.allows)(&options, **encoding).is_ok())
                .map(|encoding| LayoutId {
                    container_options: options.clone(),
                    ..LayoutId::new(container.name, *encoding)
                })
                .collect::<Vec<_>>()
        })
    });
    layouts().chain(variants)
}

#[cfg(test)]
mod tests {
    use super::{CONTAINERS, check, find, layouts_in_all_variants};
    use ielade_core::LayoutOptions;

    #[test]
    fn names_are_unique_and_found() {
        for (at, container) in CONTAINERS.iter().enumerate() {
            assert_eq!(find(container.name).unwrap().name, container.name);
            assert!(CONTAINERS[..at].iter().all(|c| c.name != container.name));
            assert!(!container.encodings.is_empty());
        }
    }

    #[test]
    fn every_variant_of_the_registry_can_be_written() {
        for container in CONTAINERS {
            for variant in container.variants {
                variant.parse::<LayoutOptions>().unwrap();
            }
        }
        let mut names = std::collections::BTreeSet::new();
        for layout in layouts_in_all_variants() {
            check(&layout).unwrap();
            assert!(
                names.insert(layout.directory_name()),
                "{layout} is there twice"
            );
        }
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_and_guesses_only_near_ones() {
        let error = find("file").unwrap_err().to_string();
        assert!(error.contains("did you mean \"files\"?"), "{error}");
        assert!(error.contains("known: files, npy"), "{error}");
        let error = find("directory").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
