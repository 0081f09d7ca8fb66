//! Tiny ImageNet's own tree.
//!
//! `wnids.txt` gives the classes (`WordNet` numbers) in label order, `words.txt` their names;
//! `train/WNID/images/*.JPEG`, `val/images/*.JPEG` with the labels in `val/val_annotations.txt`
//! (file, WNID and a box, with tabs between), and `test/images/*.JPEG` without labels.

use crate::{
    DataSetError,
    class_folders::descriptions,
    data_set::Opened,
    folder::{Collector, Listing, key_of},
    samples::{FileSample, SplitSamples, read_text},
};
use ielade_core::Split;
use std::{collections::HashMap, path::Path};

const TITLE: &str = "Tiny ImageNet tree";

/// True where a folder is such a tree.
pub(crate) fn recognise(listing: &Listing) -> bool {
    listing.has_folder("train") && listing.others.iter().any(|name| name == "wnids.txt")
}

/// Opens the tree at `root`.
pub(crate) fn open(root: &Path) -> Result<Opened, DataSetError> {
    let classes = class_ids(&root.join("wnids.txt"))?;
    let class_descriptions = descriptions(root, &classes)?;
    let mut tree = Tree {
        root,
        labels: classes.iter().cloned().zip(0..).collect(),
        collector: Collector::new(root),
        notes: Vec::new(),
    };
    let mut splits = vec![(Split::Train, tree.class_folders(Path::new("train"))?)];
    if root.join("val").is_dir() {
        splits.push((Split::Val, tree.val()?));
    }
    if root.join("test").is_dir() {
        let test = tree.collector.beneath(Path::new("test"), None)?;
        if !test.is_empty() {
            splits.push((Split::Test, test));
        }
    }
    let notes = tree.notes;
    let splits = splits
        .into_iter()
        .map(|(split, files)| Ok((split, SplitSamples::of_files(root, files)?)))
        .collect::<Result<_, DataSetError>>()?;
    Ok(Opened {
        classes,
        class_descriptions,
        notes,
        splits,
    })
}

fn class_ids(path: &Path) -> Result<Vec<String>, DataSetError> {
    let text = read_text(path)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let classes: Vec<String> = lines.map(str::to_owned).collect();
    if classes.is_empty() {
        return Err(DataSetError::content(path, "names no classes"));
    }
    let mut sorted = classes.clone();
    sorted.sort_unstable();
    if let Some([twice, _]) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let reason = format!("names the class {twice:?} twice");
        return Err(DataSetError::content(path, reason));
    }
    Ok(classes)
}

struct Tree<'a> {
    root: &'a Path,
    labels: HashMap<String, u32>,
    collector: Collector<'a>,
    notes: Vec<String>,
}

impl Tree<'_> {
    /// A split whose images lie in one folder for each class.
    fn class_folders(&mut self, folder: &Path) -> Result<Vec<FileSample>, DataSetError> {
        let mut wanted: Vec<(String, u32)> = self.labels.clone().into_iter().collect();
        wanted.sort_unstable();
        self.note_unknown_folders(folder)?;
        let mut samples = Vec::new();
        for (class, label) in wanted {
            let relative = folder.join(&class);
            let path = self.root.join(&relative);
            if !path.is_dir() {
                return Err(DataSetError::Incomplete { set: TITLE, path });
            }
            let found = self.collector.beneath(&relative, Some(label))?;
            if found.is_empty() {
                return Err(DataSetError::EmptyClass { path });
            }
            samples.extend(found);
        }
        Ok(samples)
    }

    fn note_unknown_folders(&mut self, folder: &Path) -> Result<(), DataSetError> {
        let listing = Listing::of(&self.root.join(folder))?;
        let names = listing.folders.iter().map(|name| key_of(Path::new(name)));
        let unknown: Vec<String> = names
            .filter(|name| !self.labels.contains_key(name))
            .collect();
        if !unknown.is_empty() {
            let (folder, unknown) = (folder.display(), unknown.join(", "));
            self.notes.push(format!(
                "left out folders in {folder} that wnids.txt does not name: {unknown}"
            ));
        }
        Ok(())
    }

    fn val(&mut self) -> Result<Vec<FileSample>, DataSetError> {
        let annotations = self.root.join("val/val_annotations.txt");
        if annotations.is_file() {
            return self.annotated(&annotations);
        }
        // Many tutorials move the images into class folders and drop the list.
        self.notes
            .push("val has no val_annotations.txt: its folders give the labels".to_owned());
        self.class_folders(Path::new("val"))
    }

    fn annotated(&mut self, list: &Path) -> Result<Vec<FileSample>, DataSetError> {
        let text = read_text(list)?;
        let mut labels = self.read_annotations(list, &text)?;
        let mut samples = self.collector.beneath(Path::new("val"), None)?;
        for sample in &mut samples {
            let name = sample.key.rsplit('/').next().unwrap_or(&sample.key);
            let label = labels.remove(name).ok_or_else(|| {
                let reason = format!("has no line for {}, so its label is not known", sample.key);
                DataSetError::content(list, reason)
            })?;
            sample.label = Some(label);
        }
        if !labels.is_empty() {
            let count = labels.len();
            let first = labels.keys().min().copied().unwrap_or_default();
            self.notes.push(format!(
                "val_annotations.txt names {count} images that are not there, for example {first}"
            ));
        }
        Ok(samples)
    }

    fn read_annotations<'t>(
        &self,
        list: &Path,
        text: &'t str,
    ) -> Result<HashMap<&'t str, u32>, DataSetError> {
        let mut labels = HashMap::new();
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let refuse = |reason: String| DataSetError::Line {
                path: list.to_owned(),
                line: number + 1,
                reason,
            };
            let mut fields = line.split('\t').map(str::trim);
            let (Some(name), Some(class)) = (fields.next(), fields.next()) else {
                return Err(refuse("expected a file name, a tab and a class".to_owned()));
            };
            let label = self.labels.get(class).copied();
            let label =
                label.ok_or_else(|| refuse(format!("wnids.txt names no class {class:?}")))?;
            if labels.insert(name, label).is_some() {
                return Err(refuse(format!("{name} has a label already")));
            }
        }
        Ok(labels)
    }
}
