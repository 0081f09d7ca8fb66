//! Opening what a user names as a data set.

use crate::arguments::SourceOptions;
use anyhow::Context;
use ielade::{
    core::ForeignNames,
    dataset::{DataSet, DemoOptions, OpenOptions},
    layout::{data_set_of, foreign::is_recognised, open_any, store::MANIFEST_FILE},
};
use std::{path::Path, sync::Arc};

/// The name under which the demo set goes in place of a folder.
pub(crate) const DEMO: &str = "demo";

/// Opens a folder of images, a store, a file that others made, or the demo set.
pub(crate) fn open(
    source: &Path,
    options: &SourceOptions,
    names: &ForeignNames,
) -> anyhow::Result<DataSet> {
    let options = OpenOptions {
        test_share: options.test_share,
        allow_empty_classes: options.allow_empty_classes,
        ..OpenOptions::default()
    };
    open_with(source, &options, names)
}

/// As [`open`], with the library's own options.
pub(crate) fn open_with(
    source: &Path,
    options: &OpenOptions,
    names: &ForeignNames,
) -> anyhow::Result<DataSet> {
    // A folder of that name wins over the demo set.
    if source.as_os_str() == DEMO && !source.exists() {
        return Ok(DataSet::demo(DemoOptions {
            train: DEMO_TRAIN,
            test: DEMO_TEST,
            ..DemoOptions::default()
        }));
    }
    if is_store(source) {
        return open_store(source, names);
    }
    // What is a folder of images goes as that, whatever else it might be.
    match DataSet::open(source, options) {
        Ok(data_set) => Ok(data_set),
        Err(_) if is_recognised(source).unwrap_or(false) => open_store(source, names),
        Err(error) => Err(error.into()),
    }
}

fn is_store(source: &Path) -> bool {
    source.join(MANIFEST_FILE).is_file()
}

/// The samples of a store or of a file that others made.
fn open_store(source: &Path, names: &ForeignNames) -> anyhow::Result<DataSet> {
    let opened = open_any(source, names)?;
    for guess in &opened.guesses {
        eprintln!("guessed: {guess}");
    }
    data_set_of(Arc::from(opened.reader), &source.display().to_string())
        .map_err(anyhow::Error::from_boxed)
        .with_context(|| format!("cannot read samples from {}", source.display()))
}

/// Images of the demo set: enough for epochs that can be timed, few enough for five minutes.
const DEMO_TRAIN: u32 = 5000;
const DEMO_TEST: u32 = 1000;

/// Says what was decided for the user when the data set was opened.
pub(crate) fn print_notes(data_set: &DataSet) {
    for note in data_set.notes() {
        eprintln!("note: {note}");
    }
}
