//! Opening what a user names as a data set.

use crate::arguments::SourceOptions;
use ielade::dataset::{DataSet, DemoOptions, OpenOptions};
use std::path::Path;

/// The name under which the demo set goes in place of a folder.
pub(crate) const DEMO: &str = "demo";

/// Opens a folder, or the demo set.
pub(crate) fn open(source: &Path, options: &SourceOptions) -> anyhow::Result<DataSet> {
    open_with(
        source,
        &OpenOptions {
            test_share: options.test_share,
            allow_empty_classes: options.allow_empty_classes,
            ..OpenOptions::default()
        },
    )
}

/// As [`open`], with the library's own options.
pub(crate) fn open_with(source: &Path, options: &OpenOptions) -> anyhow::Result<DataSet> {
    // A folder of that name wins over the demo set.
    if source.as_os_str() == DEMO && !source.exists() {
        return Ok(DataSet::demo(DemoOptions {
            train: DEMO_TRAIN,
            test: DEMO_TEST,
            ..DemoOptions::default()
        }));
    }
    Ok(DataSet::open(source, options)?)
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
