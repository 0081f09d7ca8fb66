//! `samples.csv`: which sample of the data set lies at which position of a store.
//!
//! Every store has one, whatever its container: `index,label,key,source_blake3`, one row a
//! sample, in order. `label` is empty where there is none; `source_blake3` is the digest of the
//! bytes as published. Loading needs none of it but the names in messages, so it is read only
//! when first asked for.

use crate::{
    LayoutError,
    digest::SourceDigest,
    table::{self, TableWriter},
};
use std::{path::Path, sync::OnceLock};

/// Name of the table within a store.
pub const SAMPLES_FILE: &str = "samples.csv";

const COLUMNS: [&str; 4] = ["index", "label", "key", "source_blake3"];

/// One row: a sample, where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SampleRow<'a> {
    pub(crate) index: u32,
    pub(crate) label: Option<u32>,
    pub(crate) key: &'a str,
    /// BLAKE3 of the bytes as published.
    pub(crate) source: [u8; 32],
}

/// Writes `samples.csv`.
pub(crate) struct SamplesWriter(TableWriter);

impl SamplesWriter {
    /// Continues after the first `rows` samples; 0 starts anew.
    pub(crate) fn continue_after(store: &Path, rows: u32) -> Result<Self, LayoutError> {
        TableWriter::continue_after(&store.join(SAMPLES_FILE), &COLUMNS, rows).map(Self)
    }

    pub(crate) fn push(&mut self, row: &SampleRow<'_>) -> Result<(), LayoutError> {
        let label = row
            .label
            .map_or_else(String::new, |label| label.to_string());
        let source = blake3::Hash::from_bytes(row.source).to_hex();
        self.0
            .push(&[&row.index.to_string(), &label, row.key, source.as_str()])
    }

    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.0.sync()
    }
}

/// Gives every row of a store's `samples.csv` to `visit`.
pub(crate) fn read_samples(
    store: &Path,
    count: u32,
    classes: usize,
    mut visit: impl FnMut(SampleRow<'_>) -> Result<(), LayoutError>,
) -> Result<(), LayoutError> {
    table::read(&store.join(SAMPLES_FILE), &COLUMNS, count, |at, row| {
        if row.number(0)? != u64::from(at) {
            return Err(row.error(format!("index {} where {at} belongs", row.text(0)?)));
        }
        let source = blake3::Hash::from_hex(row.bytes(3))
            .map_err(|_| row.error("source_blake3 is not 64 hexadecimal digits"))?;
        visit(SampleRow {
            index: at,
            label: row.label(1, classes)?,
            key: row.text(2)?,
            source: *source.as_bytes(),
        })
    })
}

/// The digest that a manifest calls `source_digest`, from a store's `samples.csv`.
pub(crate) fn source_digest(
    store: &Path,
    count: u32,
    classes: usize,
) -> Result<String, LayoutError> {
    let mut digest = SourceDigest::default();
    read_samples(store, count, classes, |row| {
        digest.update(row.key, row.label, &row.source);
        Ok(())
    })?;
    Ok(digest.finish())
}

/// The names of a store's samples, in one piece of memory.
#[derive(Debug, Default)]
struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    fn read(store: &Path, count: u32, classes: usize) -> Result<Self, LayoutError> {
        let mut names = Self::default();
        read_samples(store, count, classes, |row| {
            names.text.push_str(row.key);
            names.ends.push(names.text.len());
            Ok(())
        })?;
        Ok(names)
    }

    fn get(&self, index: u32) -> Option<&str> {
        let index = index as usize;
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }
}

/// The names of a store's samples, read when first asked for.
#[derive(Debug, Default)]
pub(crate) struct SampleNames(OnceLock<Names>);

impl SampleNames {
    /// The name of a sample; its number where the table cannot be read, since names are asked
    /// for when something else has already gone wrong.
    pub(crate) fn get(&self, store: &Path, index: u32, count: u32, classes: usize) -> String {
        self.0
            .get_or_init(|| Names::read(store, count, classes).unwrap_or_default())
            .get(index)
            .map_or_else(|| format!("sample {index}"), str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::{SampleNames, SampleRow, SamplesWriter, read_samples, source_digest};

    fn write(store: &std::path::Path, rows: &[(&str, Option<u32>)]) {
        let mut table = SamplesWriter::continue_after(store, 0).unwrap();
        for (index, (key, label)) in rows.iter().enumerate() {
            let row = SampleRow {
                index: index as u32,
                label: *label,
                key,
                source: [index as u8; 32],
            };
            table.push(&row).unwrap();
        }
        table.sync().unwrap();
    }

    #[test]
    fn names_labels_and_digests_come_back() {
        let store = tempfile::tempdir().unwrap();
        write(
            store.path(),
            &[("a b,\"c\"", Some(1)), ("", None), ("ü", Some(0))],
        );
        let mut labels = Vec::new();
        read_samples(store.path(), 3, 2, |row| {
            labels.push((row.key.to_owned(), row.label, row.source[0]));
            Ok(())
        })
        .unwrap();
        assert_eq!(labels[0], ("a b,\"c\"".to_owned(), Some(1), 0));
        assert_eq!(labels[1], (String::new(), None, 1));
        let names = SampleNames::default();
        assert_eq!(names.get(store.path(), 2, 3, 2), "ü");
        assert_eq!(names.get(store.path(), 1, 3, 2), "");
        assert_eq!(names.get(store.path(), 3, 3, 2), "sample 3");
    }

    #[test]
    fn the_source_digest_tells_names_and_labels_apart() {
        let store = tempfile::tempdir().unwrap();
        let mut seen = Vec::new();
        for rows in [
            [("ab", Some(0)), ("c", None)],
            [("a", Some(0)), ("bc", None)],
            [("ab", None), ("c", None)],
        ] {
            write(store.path(), &rows);
            let digest = source_digest(store.path(), 2, 1).unwrap();
            assert!(!seen.contains(&digest));
            seen.push(digest);
        }
    }

    #[test]
    fn a_wrong_label_index_or_digest_is_told_by_line() {
        let store = tempfile::tempdir().unwrap();
        let hash = "0".repeat(64);
        for (row, expected) in [
            (format!("0,7,k,{hash}"), "line 2: label 7"),
            (format!("0,-1,k,{hash}"), "line 2: \"-1\" is not a number"),
            (format!("1,0,k,{hash}"), "line 2: index 1"),
            ("0,0,k,xyz".to_owned(), "line 2: source_blake3"),
        ] {
            let table = format!("index,label,key,source_blake3\n{row}\n");
            std::fs::write(store.path().join("samples.csv"), table).unwrap();
            let error = read_samples(store.path(), 1, 2, |_| Ok(()))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
