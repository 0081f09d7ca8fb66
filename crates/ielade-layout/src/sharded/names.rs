//! The shards of a foreign data set: which files of a folder belong together, and in which order.

use super::MAX_SHARDS;
use crate::LayoutError;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Endings of files that lie beside shards and are none.
const COMPANIONS: [&str; 9] = [
    ".ielade-index",
    ".ielade-inflated",
    ".idx",
    ".index",
    "_index",
    ".json",
    ".txt",
    ".md5",
    ".new",
];

/// The shards that a path stands for: the file itself, or the files of a folder.
///
/// A folder may hold the shards of several sets, told apart by their names without the shard's
/// number; of these, the one for training is taken. What was chosen is added to `guesses`.
///
/// # Errors
/// Where the folder holds no shard, several sets and none for training, or lacks a shard of those
/// that the others' names count.
pub(crate) fn shards_of(
    path: &Path,
    is_shard: fn(&str) -> bool,
    guesses: &mut Vec<String>,
) -> Result<Vec<PathBuf>, LayoutError> {
    if !path.is_dir() {
        if let Some(numbered) = Numbered::of(&name_of(path)).filter(|numbered| numbered.of > 1) {
            guesses.push(format!(
                "this is one shard of {}; open its folder for all of them",
                numbered.of
            ));
        }
        return Ok(vec![path.to_owned()]);
    }
    let mut sets = sets_in(path, is_shard)?;
    let foreign = |reason: String, hint: &str| LayoutError::Foreign {
        path: path.to_owned(),
        reason,
        hint: hint.to_owned(),
    };
    let chosen = match sets.len() {
        0 => return Err(foreign("it holds no shard".to_owned(), "name a file")),
        1 => sets.pop_first(),
        _ => {
            let names: Vec<String> = sets.keys().cloned().collect();
            let list = names.join(", ");
            let mut training = names.iter().filter(|name| name.contains("train"));
            let (Some(name), None) = (training.next(), training.next()) else {
                let reason = format!("it holds the shards of several sets: {list}");
                return Err(foreign(reason, "put each set into a folder of its own"));
            };
            guesses.push(format!(
                "of the sets {list} in the folder, {name} was taken; put another one into a folder \
                 of its own"
            ));
            sets.remove_entry(name)
        }
    };
    let (_, files) = chosen.unwrap_or_default();
    check_complete(path, &files)?;
    if files.len() > MAX_SHARDS {
        let reason = format!("it holds {} shards", files.len());
        return Err(foreign(reason, "at most 16,384 are read; join some"));
    }
    Ok(files)
}

/// True where a folder holds a shard.
pub(crate) fn holds_shards(folder: &Path, is_shard: fn(&str) -> bool) -> bool {
    folder.is_dir() && sets_in(folder, is_shard).is_ok_and(|sets| !sets.is_empty())
}

/// The shards of a folder, in order, by their names without the shard's number.
fn sets_in(
    folder: &Path,
    is_shard: fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<PathBuf>>, LayoutError> {
    let mut sets: BTreeMap<String, Vec<(Option<u64>, PathBuf)>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(LayoutError::io("list", folder))? {
        let path = entry.map_err(LayoutError::io("list", folder))?.path();
        let name = name_of(&path);
        let is_companion = name.starts_with('.') || COMPANIONS.iter().any(|e| name.ends_with(e));
        if is_companion || !is_shard(&name) || !path.is_file() {
            continue;
        }
        let (set, number) = set_and_number(&name);
        sets.entry(set).or_default().push((number, path));
    }
    let ordered = sets.into_iter().map(|(set, mut files)| {
        // By number, since shard 10 comes behind shard 9 even where no zeros are put in front.
        files.sort_unstable();
        (set, files.into_iter().map(|(_, path)| path).collect())
    });
    Ok(ordered.collect())
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// A name with `-NUMBER-of-COUNT` in it, as TensorFlow writes them.
struct Numbered {
    before: usize,
    after: usize,
    number: u64,
    of: u64,
}

impl Numbered {
    fn of(name: &str) -> Option<Self> {
        let middle = name.find("-of-")?;
        let before = name[..middle].trim_end_matches(|c: char| c.is_ascii_digit());
        let rest = &name[middle + "-of-".len()..];
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        Some(Self {
            before: before.len(),
            after: name.len() - after.len(),
            number: name[before.len()..middle].parse().ok()?,
            of: rest[..rest.len() - after.len()].parse().ok()?,
        })
    }
}

/// The name of the set that a shard belongs to, and its number: `train-#.tar` and 7 of
/// `train-000007.tar`.
fn set_and_number(name: &str) -> (String, Option<u64>) {
    if let Some(found) = Numbered::of(name) {
        let set = format!("{}#{}", &name[..found.before], &name[found.after..]);
        return (set, Some(found.number));
    }
    let stem = name.find(".t").map_or(name, |end| &name[..end]);
    let Some(last) = stem.rfind(|c: char| c.is_ascii_digit()) else {
        return (name.to_owned(), None);
    };
    let start = stem[..=last].trim_end_matches(|c: char| c.is_ascii_digit());
    let number = stem[start.len()..=last].parse().ok();
    let set = format!("{}#{}", start, &name[last + 1..]);
    (set, number)
}

/// Fails where the names tell of more shards than there are.
fn check_complete(folder: &Path, files: &[PathBuf]) -> Result<(), LayoutError> {
    let numbered = |path: &PathBuf| Numbered::of(&name_of(path));
    let Some(first) = files.first().and_then(numbered) else {
        return Ok(());
    };
    for (expected, path) in files.iter().enumerate() {
        let number = numbered(path).map_or(0, |numbered| numbered.number);
        if number != expected as u64 {
            return Err(missing(folder, expected, first.of));
        }
    }
    if (files.len() as u64) < first.of {
        return Err(missing(folder, files.len(), first.of));
    }
    Ok(())
}

fn missing(folder: &Path, shard: usize, of: u64) -> LayoutError {
    LayoutError::Foreign {
        path: folder.to_owned(),
        reason: format!("shard {shard} of {of} is missing, or another is there twice"),
        hint: "complete the folder, or name one file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{set_and_number, shards_of};

    fn names_in(files: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            std::fs::write(folder.path().join(file), "").unwrap();
        }
        let mut guesses = Vec::new();
        let is_shard = |name: &str| name.contains(".tar") || name.contains("tfrecord");
        let found = shards_of(folder.path(), is_shard, &mut guesses);
        let names = found.map_err(|error| error.to_string())?;
        let name = |path: &std::path::PathBuf| super::name_of(path);
        Ok((names.iter().map(name).collect(), guesses))
    }

    #[test]
    fn the_number_of_a_shard_is_told_from_the_rest_of_its_name() {
        for (name, set, number) in [
            ("train-000007.tar", "train-#.tar", Some(7)),
            ("cifar10-train-2.tar.gz", "cifar10-train-#.tar.gz", Some(2)),
            ("00012.tar", "#.tar", Some(12)),
            ("images.tar", "images.tar", None),
            (
                "mnist-test.tfrecord-00003-of-00010",
                "mnist-test.tfrecord-#",
                Some(3),
            ),
            (
                "images-00000-of-00001.tfrecord",
                "images-#.tfrecord",
                Some(0),
            ),
            ("cifar10.tfrecord", "cifar#.tfrecord", Some(10)),
            ("x-of-.tar", "x-of-.tar", None),
        ] {
            assert_eq!(set_and_number(name), (set.to_owned(), number), "{name}");
        }
    }

    #[test]
    fn shards_come_in_the_order_of_their_numbers_without_companions() {
        let (names, guesses) = names_in(&[
            "a-10.tar",
            "a-9.tar",
            "a-9.tar.ielade-index",
            "a-9.tar.idx",
            ".a-8.tar",
            "other",
        ])
        .unwrap();
        assert_eq!(names, ["a-9.tar", "a-10.tar"]);
        assert!(guesses.is_empty());
    }

    #[test]
    fn of_several_sets_the_one_for_training_is_taken_and_told() {
        let (names, guesses) = names_in(&["train-0.tar", "train-1.tar", "val-0.tar"]).unwrap();
        assert_eq!(names, ["train-0.tar", "train-1.tar"]);
        assert!(guesses[0].contains("train-#.tar was taken"), "{guesses:?}");
        let error = names_in(&["a-0.tar", "b-0.tar"]).unwrap_err();
        assert!(error.contains("a-#.tar, b-#.tar"), "{error}");
        let error = names_in(&["other"]).unwrap_err();
        assert!(error.contains("no shard"), "{error}");
    }

    #[test]
    fn a_missing_shard_is_named() {
        let all = ["a.tfrecord-00000-of-00003", "a.tfrecord-00002-of-00003"];
        let error = names_in(&all).unwrap_err();
        assert!(error.contains("shard 1 of 3 is missing"), "{error}");
        let error = names_in(&["a.tfrecord-00000-of-00002"]).unwrap_err();
        assert!(error.contains("shard 1 of 2 is missing"), "{error}");
    }
}
