//! A folder with a folder of images for each class, with or without split folders around them.

use crate::{
    DataSetError, OpenOptions,
    data_set::Opened,
    folder::{Collector, Listing, file_sample, key_of},
    samples::{FileSample, SplitSamples, read_text},
};
use ielade_core::{Split, random::KeyedRandom};
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

/// Keeps the choice of test samples apart from other uses of the same seed.
const SET_ASIDE_DOMAIN: u64 = u64::from_be_bytes(*b"ielaside");

/// The split that a folder's name stands for.
fn split_of(folder: &OsStr) -> Option<Split> {
    match folder.to_str()?.to_ascii_lowercase().as_str() {
        "train" => Some(Split::Train),
        "val" | "valid" | "validation" => Some(Split::Val),
        "test" => Some(Split::Test),
        _ => None,
    }
}

/// The split folders of a data set; none where its folders are classes.
///
/// `train` is also the name of a thing that photographs show: split folders are believed only
/// where the training folder holds folders and no images.
pub(crate) fn split_folders(
    root: &Path,
    listing: &Listing,
) -> Result<BTreeMap<Split, OsString>, DataSetError> {
    let mut splits: BTreeMap<Split, OsString> = BTreeMap::new();
    for name in &listing.folders {
        let Some(split) = split_of(name) else {
            continue;
        };
        if let Some(first) = splits.insert(split, name.clone()) {
            return Err(DataSetError::SplitTwice {
                split,
                first: root.join(first),
                second: root.join(name),
            });
        }
    }
    if let Some(train) = splits.get(&Split::Train) {
        let inside = Listing::of(&root.join(train))?;
        if !inside.folders.is_empty() && inside.images.is_empty() {
            return Ok(splits);
        }
    }
    Ok(BTreeMap::new())
}

/// Opens a folder of class folders.
pub(crate) fn open(
    root: &Path,
    listing: &Listing,
    options: &OpenOptions,
) -> Result<Opened, DataSetError> {
    let mut reading = Reading {
        root,
        options,
        collector: Collector::new(root),
        notes: Vec::new(),
    };
    let split_folders = split_folders(root, listing)?;
    let (classes, splits) = if split_folders.is_empty() {
        reading.plain(listing)?
    } else {
        reading.with_split_folders(listing, &split_folders)?
    };
    let Reading {
        collector,
        mut notes,
        ..
    } = reading;
    notes.extend(collector.notes());
    let class_descriptions = descriptions(root, &classes)?;
    let mut opened = Opened {
        classes,
        class_descriptions,
        notes,
        splits: Vec::new(),
    };
    for (split, files) in splits {
        opened
            .splits
            .push((split, SplitSamples::of_files(root, files)?));
    }
    Ok(opened)
}

type SplitFiles = BTreeMap<Split, Vec<FileSample>>;

struct Reading<'a> {
    root: &'a Path,
    options: &'a OpenOptions,
    collector: Collector<'a>,
    notes: Vec<String>,
}

impl Reading<'_> {
    /// The root's folders are the classes.
    fn plain(&mut self, listing: &Listing) -> Result<(Vec<String>, SplitFiles), DataSetError> {
        self.collector.skip(Path::new(""), &listing.others);
        if listing.folders.is_empty() {
            return Err(no_classes(self.root, listing.images.len()));
        }
        if !listing.images.is_empty() {
            let images = images(listing.images.len());
            let note = format!("left out {images} outside of the class folders");
            self.notes.push(note);
        }
        let labels = labels_of(listing.folders.iter());
        let samples = self.class_folders(Path::new(""), &listing.folders, &labels)?;
        let classes = labels.into_keys().collect();
        let splits = BTreeMap::from([(Split::Train, samples)]);
        Ok((
            classes,
            self.set_aside(splits, Split::Test, "no split folders"),
        ))
    }

    fn with_split_folders(
        &mut self,
        listing: &Listing,
        split_folders: &BTreeMap<Split, OsString>,
    ) -> Result<(Vec<String>, SplitFiles), DataSetError> {
        self.note_folders_beside_splits(listing, split_folders);
        let mut inside = BTreeMap::new();
        for (split, folder) in split_folders {
            inside.insert(*split, Listing::of(&self.root.join(folder))?);
        }
        let labels = labels_of(
            inside
                .iter()
                .filter(|(split, inside)| !is_unlabelled(**split, inside))
                .flat_map(|(_, inside)| &inside.folders),
        );
        let mut splits = BTreeMap::new();
        for (split, inside) in &inside {
            let folder = Path::new(&split_folders[split]);
            self.collector.skip(folder, &inside.others);
            let samples = if is_unlabelled(*split, inside) {
                self.unlabelled(folder, inside)?
            } else {
                self.note_missing_classes(*split, inside, &labels);
                self.labelled(folder, inside, &labels)?
            };
            splits.insert(*split, samples);
        }
        let classes = labels.into_keys().collect();
        Ok((classes, self.complete(splits)))
    }

    /// Sees to it that there is a labelled split to evaluate on.
    fn complete(&mut self, splits: SplitFiles) -> SplitFiles {
        let labelled = |split: Split| {
            splits
                .get(&split)
                .is_some_and(|samples| samples.iter().any(|sample| sample.label.is_some()))
        };
        if labelled(Split::Test) || labelled(Split::Val) {
            splits
        } else if splits.contains_key(&Split::Test) {
            self.set_aside(splits, Split::Val, "test has no labels and there is no val")
        } else {
            self.set_aside(splits, Split::Test, "only a train folder")
        }
    }

    fn labelled(
        &mut self,
        folder: &Path,
        inside: &Listing,
        labels: &BTreeMap<String, u32>,
    ) -> Result<Vec<FileSample>, DataSetError> {
        if inside.folders.is_empty() {
            return Err(no_classes(&self.root.join(folder), inside.images.len()));
        }
        if !inside.images.is_empty() {
            self.notes.push(format!(
                "left out {} in {}, outside of the class folders",
                images(inside.images.len()),
                folder.display()
            ));
        }
        self.class_folders(folder, &inside.folders, labels)
    }

    fn unlabelled(
        &mut self,
        folder: &Path,
        inside: &Listing,
    ) -> Result<Vec<FileSample>, DataSetError> {
        let direct = inside.images.iter();
        let mut samples: Vec<FileSample> = direct
            .map(|name| file_sample(&folder.join(name), None))
            .collect();
        for inner in &inside.folders {
            samples.extend(self.collector.beneath(&folder.join(inner), None)?);
        }
        self.notes.push(format!(
            "{} holds {} without class folders: they have no labels",
            folder.display(),
            images(samples.len())
        ));
        Ok(samples)
    }

    fn class_folders(
        &mut self,
        folder: &Path,
        names: &[OsString],
        labels: &BTreeMap<String, u32>,
    ) -> Result<Vec<FileSample>, DataSetError> {
        let mut samples = Vec::new();
        let mut empty = Vec::new();
        for name in names {
            let relative = folder.join(name);
            let label = labels[&key_of(Path::new(name))];
            let found = self.collector.beneath(&relative, Some(label))?;
            if found.is_empty() {
                empty.push(self.root.join(relative));
            }
            samples.extend(found);
        }
        if samples.is_empty() {
            return Err(no_classes(&self.root.join(folder), 0));
        }
        self.judge_empty(empty)?;
        Ok(samples)
    }

    fn judge_empty(&mut self, empty: Vec<PathBuf>) -> Result<(), DataSetError> {
        if self.options.allow_empty_classes {
            let shown = |path: &PathBuf| path.display().to_string();
            let paths: Vec<String> = empty.iter().map(shown).collect();
            if !paths.is_empty() {
                let note = format!("class folders without images: {}", paths.join(", "));
                self.notes.push(note);
            }
            return Ok(());
        }
        match empty.into_iter().next() {
            Some(path) => Err(DataSetError::EmptyClass { path }),
            None => Ok(()),
        }
    }

    /// Moves a share of each class from train to another split.
    fn set_aside(&mut self, mut splits: SplitFiles, into: Split, why: &str) -> SplitFiles {
        let OpenOptions {
            test_share, seed, ..
        } = *self.options;
        if test_share == 0.0 {
            self.notes
                .push(format!("{why}, and nothing set aside for {into}"));
            return splits;
        }
        let train = splits.remove(&Split::Train).unwrap_or_default();
        let (train, aside) = stratified(train, test_share, seed);
        self.notes.push(format!(
            "{why}: {} % of each class set aside for {into} ({} of {} images), seed {seed}",
            (test_share * 1000.0).round() / 10.0,
            aside.len(),
            train.len() + aside.len()
        ));
        splits.insert(Split::Train, train);
        splits.insert(into, aside);
        splits
    }

    fn note_folders_beside_splits(
        &mut self,
        listing: &Listing,
        split_folders: &BTreeMap<Split, OsString>,
    ) {
        self.collector.skip(Path::new(""), &listing.others);
        let used: BTreeSet<&OsString> = split_folders.values().collect();
        let others = listing.folders.iter().filter(|name| !used.contains(name));
        let others: Vec<String> = others.map(|name| key_of(Path::new(name))).collect();
        if !others.is_empty() {
            let others = others.join(", ");
            self.notes.push(format!(
                "left out folders beside the split folders: {others}"
            ));
        }
        if !listing.images.is_empty() {
            let images = images(listing.images.len());
            self.notes
                .push(format!("left out {images} beside the split folders"));
        }
    }

    fn note_missing_classes(
        &mut self,
        split: Split,
        inside: &Listing,
        labels: &BTreeMap<String, u32>,
    ) {
        let here: BTreeSet<String> = inside
            .folders
            .iter()
            .map(|name| key_of(Path::new(name)))
            .collect();
        let missing: Vec<&str> = labels
            .keys()
            .filter(|class| !here.contains(*class))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            self.notes.push(format!(
                "{split} has no folder for these classes: {missing}"
            ));
        }
    }
}

/// `1 image`, `2 images`.
fn images(count: usize) -> String {
    format!("{count} image{}", if count == 1 { "" } else { "s" })
}

fn no_classes(path: &Path, images: usize) -> DataSetError {
    let found = match images {
        0 => "holds no images".to_owned(),
        1 => "holds an image, but no class folders".to_owned(),
        _ => format!("holds {images} images, but no class folders"),
    };
    DataSetError::NoClassFolders {
        path: path.to_owned(),
        found,
    }
}

/// A test folder with images directly in it has no labels to give.
fn is_unlabelled(split: Split, inside: &Listing) -> bool {
    let only_a_bag = inside.folders.len() == 1 && inside.folders[0] == "images";
    split == Split::Test && (only_a_bag || (inside.folders.is_empty() && !inside.images.is_empty()))
}

/// Numbers the classes by name.
fn labels_of<'n>(names: impl Iterator<Item = &'n OsString>) -> BTreeMap<String, u32> {
    let names: BTreeSet<String> = names.map(|name| key_of(Path::new(name))).collect();
    names.into_iter().zip(0..).collect()
}

/// Parts each class by its share, rounded; at least one sample of each stays for training.
///
/// Who goes is decided by a keyed hash of the sample's key, so it hangs on nothing but the seed
/// and the names: not on the file system's order, nor on the order of the list.
fn stratified(
    samples: Vec<FileSample>,
    share: f64,
    seed: u64,
) -> (Vec<FileSample>, Vec<FileSample>) {
    let mut classes: BTreeMap<Option<u32>, Vec<(u64, FileSample)>> = BTreeMap::new();
    for sample in samples {
        let rank = rank(seed, &sample.key);
        classes
            .entry(sample.label)
            .or_default()
            .push((rank, sample));
    }
    let (mut kept, mut aside) = (Vec::new(), Vec::new());
    for (_, mut class) in classes {
        class.sort_unstable_by(|a, b| (a.0, &a.1.key).cmp(&(b.0, &b.1.key)));
        let count = (share * class.len() as f64).round() as usize;
        let count = count.min(class.len().saturating_sub(1));
        let rest = class.split_off(count);
        aside.extend(class.into_iter().map(|(_, sample)| sample));
        kept.extend(rest.into_iter().map(|(_, sample)| sample));
    }
    (kept, aside)
}

/// A number that looks random and depends on the seed and the key alone.
fn rank(seed: u64, key: &str) -> u64 {
    let mut parts = vec![SET_ASIDE_DOMAIN, seed, key.len() as u64];
    parts.extend(key.as_bytes().chunks(8).map(|chunk| {
        let mut part = [0; 8];
        part[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(part)
    }));
    KeyedRandom::new(&parts).next_u64()
}

/// What the classes are called in words, from `words.txt` (class, tab, words) where there is one.
pub(crate) fn descriptions(
    root: &Path,
    classes: &[String],
) -> Result<Vec<Option<String>>, DataSetError> {
    let path = root.join("words.txt");
    if !path.is_file() {
        return Ok(vec![None; classes.len()]);
    }
    let text = read_text(&path)?;
    let words: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.trim_end().split_once('\t'))
        .collect();
    Ok(classes
        .iter()
        .map(|class| words.get(class.as_str()).map(|words| (*words).to_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{rank, stratified};
    use crate::samples::FileSample;
    use proptest::prelude::*;

    fn samples(classes: &[usize]) -> Vec<FileSample> {
        let mut samples = Vec::new();
        for (class, count) in classes.iter().enumerate() {
            samples.extend((0..*count).map(|number| FileSample {
                key: format!("class{class}/{number}.jpg"),
                unusual_path: None,
                label: Some(class as u32),
            }));
        }
        samples
    }

    fn keys(samples: &[FileSample]) -> Vec<&str> {
        let mut keys: Vec<&str> = samples.iter().map(|sample| sample.key.as_str()).collect();
        keys.sort_unstable();
        keys
    }

    proptest! {
        #[test]
        fn each_class_gives_its_rounded_share(
            classes in proptest::collection::vec(0_usize..60, 1..5),
            share in 0.01_f64..0.99,
            seed: u64,
        ) {
            let all = samples(&classes);
            let (kept, aside) = stratified(all.clone(), share, seed);
            for (class, count) in classes.iter().enumerate() {
                let expected = ((share * *count as f64).round() as usize)
                    .min(count.saturating_sub(1));
                let given = aside.iter().filter(|s| s.label == Some(class as u32)).count();
                prop_assert_eq!(given, expected);
            }
            let mut together = keys(&kept);
            together.extend(keys(&aside));
            together.sort_unstable();
            prop_assert_eq!(together, keys(&all));
        }

        #[test]
        fn the_order_of_the_list_does_not_matter(seed: u64) {
            let all = samples(&[30, 20]);
            let mut turned = all.clone();
            turned.reverse();
            let (_, first) = stratified(all, 0.3, seed);
            let (_, second) = stratified(turned, 0.3, seed);
            prop_assert_eq!(keys(&first), keys(&second));
        }
    }

    #[test]
    fn another_seed_sets_others_aside() {
        let (_, first) = stratified(samples(&[50]), 0.2, 0);
        let (_, second) = stratified(samples(&[50]), 0.2, 1);
        assert_ne!(keys(&first), keys(&second));
    }

    #[test]
    fn the_choice_never_changes_between_versions() {
        // Written down once; the test splits of old experiments hang on it.
        assert_eq!(rank(0, "cat/0001.jpg"), GOLDEN);
    }

    const GOLDEN: u64 = 5_433_008_123_948_102_316;
}
