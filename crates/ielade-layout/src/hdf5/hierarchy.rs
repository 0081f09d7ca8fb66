//! The groups and datasets of a file.

use super::{
    attributes::{TextAttribute, texts_of},
    cursor::Source,
    dataset::Dataset,
    links::{self, Link},
    object_header, superblock,
};
use crate::{LayoutError, columns::fault::Fault, mapped::MappedFile};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// Groups within groups that are looked into, and objects that are looked at, at most.
const MAX_DEPTH: usize = 16;
const MAX_OBJECTS: usize = 1 << 16;

/// An object with more messages than this counts as several.
const MESSAGES_OF_AN_OBJECT: usize = 64;

/// A mapped file whose superblock was read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) map: MappedFile,
    base: u64,
    offset_bytes: usize,
    length_bytes: usize,
    /// Address of the root group's header.
    root: u64,
}

/// A dataset of a file, or why it is not read.
#[derive(Debug)]
pub(super) struct Listed {
    /// The names of its groups and its own, with `/` between them.
    pub(super) name: String,
    pub(super) dataset: Result<Dataset, Fault>,
    pub(super) attributes: Vec<TextAttribute>,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Hierarchy {
    /// Ordered by name.
    pub(super) datasets: Vec<Listed>,
    /// Attributes of each group, by its name.
    pub(super) groups: Vec<(String, Vec<TextAttribute>)>,
}

impl File {
    pub(super) fn open(path: &Path) -> Result<Self, LayoutError> {
        let map = MappedFile::open(path)?;
        let (source, root) = superblock::read(map.bytes()).map_err(|fault| fault.of(path))?;
        let Source {
            base,
            offset_bytes,
            length_bytes,
            ..
        } = source;
        Ok(Self {
            path: path.to_owned(),
            map,
            base,
            offset_bytes,
            length_bytes,
            root,
        })
    }

    pub(super) fn source(&self) -> Source<'_> {
        Source {
            bytes: self.map.bytes(),
            base: self.base,
            offset_bytes: self.offset_bytes,
            length_bytes: self.length_bytes,
        }
    }

    /// What is wrong with it at a byte.
    pub(super) fn fault(&self, fault: Fault) -> LayoutError {
        fault.of(&self.path)
    }

    /// The dataset of a name in the root group.
    pub(super) fn dataset(&self, name: &str) -> Result<Dataset, LayoutError> {
        let fault = |fault| self.fault(fault);
        let links = links::at(self.source(), self.root).map_err(fault)?;
        let link = links
            .unwrap_or_default()
            .into_iter()
            .find(|link| link.name == name);
        let Some(link) = link else {
            return Err(LayoutError::Mismatch {
                path: self.path.clone(),
                reason: format!("there is no dataset {name:?}"),
            });
        };
        let messages = object_header::messages(self.source(), link.address).map_err(fault)?;
        let dataset = Dataset::of(&messages, self.base + link.address).map_err(fault)?;
        dataset.ok_or_else(|| fault(Fault::new(link.offset, format!("{name:?} is no dataset"))))
    }

    /// Everything in the file.
    pub(super) fn hierarchy(&self) -> Result<Hierarchy, LayoutError> {
        let mut this = Hierarchy::default();
        let mut search = Search {
            source: self.source(),
            groups: vec![(self.root, String::new(), 0)],
            seen: BTreeSet::from([self.root]),
            looked_at: 0,
        };
        while let Some((address, name, depth)) = search.groups.pop() {
            let is_root = name.is_empty();
            match search.group(address, &name, depth, &mut this) {
                Ok(()) => {}
                Err(fault) if is_root => return Err(self.fault(fault)),
                // A group that is not read does not hide the others.
                Err(fault) => this.datasets.push(Listed {
                    name,
                    dataset: Err(fault),
                    attributes: Vec::new(),
                }),
            }
            if search.looked_at > MAX_OBJECTS {
                return Err(LayoutError::Foreign {
                    path: self.path.clone(),
                    reason: format!("it holds more than {MAX_OBJECTS} objects"),
                    hint: "write images of one size as one dataset, and others as one of \
                           variable length"
                        .to_owned(),
                });
            }
        }
        this.datasets.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(this)
    }
}

/// A search for datasets.
struct Search<'a> {
    source: Source<'a>,
    /// Groups that are still to be looked into: address, name and depth.
    groups: Vec<(u64, String, usize)>,
    /// Groups that were found: one may be linked from several places, also from within.
    seen: BTreeSet<u64>,
    looked_at: usize,
}

impl Search<'_> {
    fn group(
        &mut self,
        address: u64,
        name: &str,
        depth: usize,
        found: &mut Hierarchy,
    ) -> Result<(), Fault> {
        let messages = object_header::messages(self.source, address)?;
        let Some(links) = links::of_group(self.source, &messages)? else {
            return Err(self
                .source
                .from(address)?
                .fault("the object is neither a group nor a dataset"));
        };
        let attributes = texts_of(self.source, &messages);
        found.groups.push((name.to_owned(), attributes));
        for link in links {
            self.looked_at += 1;
            if self.looked_at > MAX_OBJECTS {
                break;
            }
            let name = if name.is_empty() {
                link.name.clone()
            } else {
                format!("{name}/{}", link.name)
            };
            self.object(&link, name, depth, found);
        }
        Ok(())
    }

    fn object(&mut self, link: &Link, name: String, depth: usize, found: &mut Hierarchy) {
        let listed = |name, dataset, attributes| Listed {
            name,
            dataset,
            attributes,
        };
        let messages = match object_header::messages(self.source, link.address) {
            Ok(messages) => messages,
            Err(fault) => return found.datasets.push(listed(name, Err(fault), Vec::new())),
        };
        // Many links may lead to one object of many messages.
        self.looked_at += messages.len() / MESSAGES_OF_AN_OBJECT;
        let offset = self.source.base.saturating_add(link.address);
        match Dataset::of(&messages, offset) {
            Ok(None) => {
                let is_group = links::is_group(&messages);
                if is_group && depth < MAX_DEPTH && self.seen.insert(link.address) {
                    self.groups.push((link.address, name, depth + 1));
                }
            }
            Ok(Some(dataset)) => {
                let attributes = texts_of(self.source, &messages);
                found.datasets.push(listed(name, Ok(dataset), attributes));
            }
            Err(fault) => found.datasets.push(listed(name, Err(fault), Vec::new())),
        }
    }
}
