//! The groups and arrays below a folder.

use super::{
    array::Array,
    metadata::{self, Attributes, MAX_METADATA_BYTES, Node},
};
use crate::LayoutError;
use serde_json::Value;
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

/// Metadata of a node of v3.
pub(crate) const METADATA_FILE: &str = "zarr.json";

/// Metadata of an array, a group, and the attributes of either in v2.
pub(crate) const ARRAY_FILE: &str = ".zarray";
pub(crate) const GROUP_FILE: &str = ".zgroup";
const ATTRIBUTES_FILE: &str = ".zattrs";

/// Groups within groups that are looked into, and nodes that are looked at, at most.
const MAX_DEPTH: usize = 16;
const MAX_NODES: usize = 4096;

/// An array below a folder, or why it is not read.
pub(crate) struct Listed {
    /// The names of its groups and its own, with `/` between them; empty for the folder itself.
    pub(crate) name: String,
    pub(crate) array: Result<Array, LayoutError>,
}

/// What a folder holds.
#[derive(Default)]
pub(crate) struct Hierarchy {
    /// Ordered by name.
    pub(crate) arrays: Vec<Listed>,
    /// Attributes of each group, by its name.
    pub(crate) groups: Vec<(String, Attributes)>,
}

impl Hierarchy {
    /// Everything below a folder.
    ///
    /// # Errors
    /// Where the folder itself is neither a group nor an array, or the groups are too many.
    pub(crate) fn find(folder: &Path) -> Result<Self, LayoutError> {
        let mut this = Self::default();
        let mut folders = vec![(folder.to_owned(), String::new(), 0)];
        let mut looked_at = 0;
        while let Some((folder, name, depth)) = folders.pop() {
            looked_at += 1;
            if looked_at > MAX_NODES || depth > MAX_DEPTH {
                let reason = format!(
                    "more than {MAX_NODES} groups and arrays, or groups within groups more than \
                     {MAX_DEPTH} deep, are not read"
                );
                return Err(LayoutError::container(&folder, 0, reason));
            }
            let is_root = name.is_empty();
            match node(&folder) {
                Ok(None) if is_root => {
                    let reason = format!("no {METADATA_FILE}, {ARRAY_FILE} or {GROUP_FILE} in it");
                    return Err(LayoutError::container(&folder, 0, reason));
                }
                Ok(None) => {}
                Ok(Some(Found::Group(attributes))) => {
                    for (path, child) in subfolders(&folder)? {
                        let child = if is_root {
                            child
                        } else {
                            format!("{name}/{child}")
                        };
                        folders.push((path, child, depth + 1));
                    }
                    this.groups.push((name, attributes));
                }
                Ok(Some(Found::Array(array))) => this.arrays.push(Listed {
                    name,
                    array: Ok(*array),
                }),
                Err(error) if is_root => return Err(error),
                Err(error) => this.arrays.push(Listed {
                    name,
                    array: Err(error),
                }),
            }
        }
        this.arrays.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(this)
    }
}

/// A node that was found.
enum Found {
    Group(Attributes),
    Array(Box<Array>),
}

/// The array in a folder.
///
/// # Errors
/// Where there is none, or one that is not read.
pub(crate) fn array(folder: &Path) -> Result<Array, LayoutError> {
    match node(folder)? {
        Some(Found::Array(array)) => Ok(*array),
        Some(Found::Group(_)) => {
            let path = folder.join(METADATA_FILE);
            Err(LayoutError::container(
                &path,
                0,
                "a group where an array belongs",
            ))
        }
        None => Err(LayoutError::MissingFile {
            path: folder.join(METADATA_FILE),
        }),
    }
}

/// The node in a folder, of either version; `None` where there is none.
fn node(folder: &Path) -> Result<Option<Found>, LayoutError> {
    let path = folder.join(METADATA_FILE);
    if let Some(json) = document(&path)? {
        let fault = |error: metadata::MetadataError| {
            LayoutError::container(&path, error.offset as u64, error.reason)
        };
        return Ok(Some(match metadata::parse(&json).map_err(fault)? {
            Node::Group(attributes) => Found::Group(attributes),
            Node::Array(metadata) => Found::Array(Box::new(Array {
                folder: folder.to_owned(),
                metadata: *metadata,
                metadata_path: path,
            })),
        }));
    }
    let path = folder.join(ARRAY_FILE);
    if let Some(json) = document(&path)? {
        let attributes = attributes(folder)?;
        let metadata = metadata::parse_version_2(&json, attributes)
            .map_err(|error| LayoutError::container(&path, error.offset as u64, error.reason))?;
        return Ok(Some(Found::Array(Box::new(Array {
            folder: folder.to_owned(),
            metadata,
            metadata_path: path,
        }))));
    }
    match document(&folder.join(GROUP_FILE))? {
        Some(_) => Ok(Some(Found::Group(attributes(folder)?))),
        None => Ok(None),
    }
}

/// Attributes of a node of v2; none without the file.
fn attributes(folder: &Path) -> Result<Attributes, LayoutError> {
    let path = folder.join(ATTRIBUTES_FILE);
    let Some(json) = document(&path)? else {
        return Ok(Attributes::new());
    };
    match serde_json::from_slice(&json) {
        Ok(Value::Object(attributes)) => Ok(attributes),
        Ok(_) => Err(LayoutError::container(
            &path,
            0,
            "the attributes are no object",
        )),
        Err(error) => Err(LayoutError::container(&path, 0, error.to_string())),
    }
}

/// A metadata document; `None` where there is no such file.
fn document(path: &Path) -> Result<Option<Vec<u8>>, LayoutError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(LayoutError::io("open", path)(error)),
    };
    let mut json = Vec::new();
    file.take(MAX_METADATA_BYTES + 1)
        .read_to_end(&mut json)
        .map_err(LayoutError::io("read", path))?;
    if json.len() as u64 > MAX_METADATA_BYTES {
        let reason = format!("metadata of more than {MAX_METADATA_BYTES} bytes are not read");
        return Err(LayoutError::container(path, MAX_METADATA_BYTES, reason));
    }
    Ok(Some(json))
}

/// Folders in a folder that may be nodes.
fn subfolders(folder: &Path) -> Result<Vec<(PathBuf, String)>, LayoutError> {
    let failed = |error| LayoutError::io("list", folder)(error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        // A link to a folder may be meant; one in a circle ends at the greatest depth.
        if entry.path().is_dir() {
            found.push((entry.path(), name));
        }
        if found.len() > MAX_NODES {
            break;
        }
    }
    Ok(found)
}
