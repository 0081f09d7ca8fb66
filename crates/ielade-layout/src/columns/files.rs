//! The files of a foreign table: one, or several parts in a folder.

use crate::{LayoutError, mapped::MappedFile};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Words in the names of files by which the parts of a data set are told apart.
const SPLITS: [&str; 7] = [
    "train",
    "training",
    "test",
    "val",
    "valid",
    "validation",
    "dev",
];

/// The part that is taken of a folder that holds several.
const FAVOURITE: &str = "train";

/// A mapped file and its place.
pub(crate) type NamedFile = (PathBuf, MappedFile);

/// True for a file with one of these endings, and for a folder that holds one.
pub(crate) fn are_there(path: &Path, endings: &[&str]) -> bool {
    if !path.is_dir() {
        return has_ending(path, endings);
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .any(|path| path.is_file() && has_ending(&path, endings))
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.contains(&ending))
}

/// The file itself, or a folder's files with these endings, ordered by name. Of a folder that holds
/// several parts of a data set the training part is taken, and that is said.
///
/// # Errors
/// Where the folder cannot be listed, or holds several parts and none for training.
pub(crate) fn find(
    path: &Path,
    endings: &[&str],
    guesses: &mut Vec<String>,
) -> Result<Vec<PathBuf>, LayoutError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut parts: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for entry in std::fs::read_dir(path).map_err(LayoutError::io("list", path))? {
        let file = entry.map_err(LayoutError::io("list", path))?.path();
        if file.is_file() && has_ending(&file, endings) {
            parts.entry(part_of(&file)).or_default().push(file);
        }
    }
    let names: Vec<String> = parts.keys().cloned().collect();
    let chosen = match names.as_slice() {
        [only] => only.clone(),
        several if several.iter().any(|name| name == FAVOURITE) => {
            guesses.push(format!(
                "of the parts {} the files of {FAVOURITE:?} are read; name one file to read \
                 another",
                several.join(", ")
            ));
            FAVOURITE.to_owned()
        }
        several => {
            return Err(LayoutError::Foreign {
                path: path.to_owned(),
                reason: format!("it holds files of several parts: {}", several.join(", ")),
                hint: "name one file, or put the files of one part into a folder".to_owned(),
            });
        }
    };
    let mut files = parts.remove(&chosen).unwrap_or_default();
    files.sort_unstable();
    if files.len() > 1 {
        guesses.push(format!("{} files are read as one", files.len()));
    }
    Ok(files)
}

/// The part of a data set that a file belongs to: a word like `train` in its name; else what
/// stands before `-00000-of-00001`; else nothing.
fn part_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let words: Vec<&str> = stem.split(['-', '_', '.']).collect();
    if let Some(split) = words.iter().find(|word| SPLITS.contains(word)) {
        return (*split).to_owned();
    }
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    match words.as_slice() {
        [name @ .., number, "of", count] if is_number(number) && is_number(count) => name.join("-"),
        _ => String::new(),
    }
}

/// Maps files.
pub(crate) fn map(paths: &[PathBuf]) -> Result<Vec<NamedFile>, LayoutError> {
    paths
        .iter()
        .map(|path| Ok((path.clone(), MappedFile::open(path)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{are_there, find};
    use std::fs;

    fn found(names: &[&str]) -> Result<(Vec<String>, Vec<String>), String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), b"").unwrap();
        }
        let mut guesses = Vec::new();
        let files = find(folder.path(), &["parquet"], &mut guesses).map_err(|e| e.to_string())?;
        let names = files.iter().map(|file| file.file_name().unwrap());
        let names = names.map(|name| name.to_str().unwrap().to_owned());
        Ok((names.collect(), guesses))
    }

    #[test]
    fn parts_are_told_apart_and_put_in_order() {
        let (files, guesses) = found(&[
            "train-00001-of-00002.parquet",
            "test-00000-of-00001.parquet",
            "train-00000-of-00002.parquet",
            "README.md",
        ])
        .unwrap();
        let expected = [
            "train-00000-of-00002.parquet",
            "train-00001-of-00002.parquet",
        ];
        assert_eq!(files, expected);
        assert!(guesses[0].contains("test, train"), "{guesses:?}");
        let (files, _) = found(&["part-1.parquet", "part-0.parquet"]).unwrap();
        assert_eq!(files, ["part-0.parquet", "part-1.parquet"]);
        let error = found(&["a-0-of-1.parquet", "b-0-of-1.parquet"]).unwrap_err();
        assert!(error.contains("several parts: a, b"), "{error}");
    }

    #[test]
    fn a_folder_is_known_by_the_files_directly_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("x.arrow")).unwrap();
        assert!(!are_there(folder.path(), &["arrow"]));
        fs::write(folder.path().join("y.arrow"), b"").unwrap();
        assert!(are_there(folder.path(), &["arrow"]));
        assert!(are_there(&folder.path().join("y.arrow"), &["arrow"]));
    }
}
