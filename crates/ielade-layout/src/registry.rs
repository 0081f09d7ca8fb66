//! The registry of containers: one line each.

use crate::{LayoutError, LayoutReader, LayoutWriter, StoreFolder, files, npy, store::names_of};
use ielade_core::{Encoding, ImageShape, LayoutId};
use std::path::Path;

/// All containers, in the order in which they are listed.
pub const CONTAINERS: &[Container] = &[files::CONTAINER, npy::CONTAINER];

/// How samples lie on disk.
#[derive(Debug, Clone, Copy)]
pub struct Container {
    /// The name in layouts, `container/encoding`.
    pub name: &'static str,
    /// What it is, in one sentence.
    pub description: &'static str,
    /// What each sample can be inside it.
    pub encodings: &'static [Encoding],
    /// Whether it is read through a mapping of its file.
    pub memory_mapped: bool,
    /// Whether all images must have one size.
    pub one_size: bool,
    /// Opens a store for reading.
    pub open: fn(StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError>,
    /// Opens a folder for writing.
    pub create: fn(&StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError>,
}

/// What a container's writer needs to know.
#[derive(Debug, Clone, Copy)]
pub struct StorePlan<'a> {
    /// The folder to write into; it exists.
    pub folder: &'a Path,
    /// What each sample is.
    pub encoding: Encoding,
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

/// The container of a layout, if it can hold the layout's encoding.
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
/// For an unknown container, or an encoding that it cannot hold.
pub fn check(layout: &LayoutId) -> Result<&'static Container, LayoutError> {
    let container = find(&layout.container)?;
    if container.encodings.contains(&layout.encoding) {
        return Ok(container);
    }
    Err(LayoutError::EncodingNotHeld {
        container: container.name,
        encoding: layout.encoding,
        known: names_of(container.encodings),
    })
}

/// Every layout that can be written: each container with each of its encodings.
pub fn layouts() -> impl Iterator<Item = LayoutId> {
    CONTAINERS.iter().flat_map(|container| {
        container
            .encodings
            .iter()
            .map(|encoding| LayoutId::new(container.name, *encoding))
    })
}

#[cfg(test)]
mod tests {
    use super::{CONTAINERS, find, layouts};
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_found() {
        for (at, container) in CONTAINERS.iter().enumerate() {
            assert_eq!(find(container.name).unwrap().name, container.name);
            assert!(CONTAINERS[..at].iter().all(|c| c.name != container.name));
            assert!(!container.encodings.is_empty());
        }
        let names: HashSet<String> = layouts().map(|layout| layout.to_string()).collect();
        assert_eq!(names.len(), layouts().count());
    }

    #[test]
    fn an_unknown_name_lists_the_known_ones_and_guesses_only_near_ones() {
        let error = find("file").unwrap_err().to_string();
        assert!(error.contains("did you mean \"files\"?"), "{error}");
        assert!(error.contains("known: files, npy"), "{error}");
        let error = find("parquet").unwrap_err().to_string();
        assert!(!error.contains("did you mean"), "{error}");
    }
}
