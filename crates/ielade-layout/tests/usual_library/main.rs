//! Stores read by the library that everybody uses for their container, and the other way round:
//! a file a container, each with tests that run a script with that library.
//!
//! `cargo xtask test` makes a Python that has them all, from `tests/requirements.txt` and
//! `tests/requirements-tensorflow.txt`; where a library is missing, its tests are ignored.

mod arrow;
mod cifar_bin;
mod files;
mod foreign_files;
mod hdf5_foreign;
mod hdf5_written;
mod lmdb;
mod npy;
mod npy_foreign;
mod opened;
mod parquet;
mod safetensors;
#[path = "../conformance/source.rs"]
mod source;
mod sqlite;
#[path = "../conformance/stores.rs"]
mod stores;
mod tables;
mod tfrecord;
mod webdataset;
mod zarr;

use ielade_core::LayoutId;
use ielade_testing::{Python, Trial, python_with, run, test};
use std::process::ExitCode;

fn main() -> ExitCode {
    let tests = [
        files::tests(),
        npy::tests(),
        hdf5_written::tests(),
        npy_foreign::tests(),
        safetensors::tests(),
        cifar_bin::tests(),
        lmdb::tests(),
        sqlite::tests(),
        parquet::tests(),
        arrow::tests(),
        tfrecord::tests(),
        webdataset::tests(),
        zarr::tests(),
        hdf5_foreign::tests(),
    ];
    run(tests.into_iter().flatten().collect())
}

/// A container's layouts in all variants.
fn layouts_of(container: &str) -> impl Iterator<Item = LayoutId> {
    stores::layouts()
        .into_iter()
        .filter(move |layout| layout.container == container)
}

/// One test for each of these layouts, given a Python that has these modules.
fn for_each(
    layouts: Vec<LayoutId>,
    name: &str,
    modules: &[&str],
    body: fn(&Python, &LayoutId),
) -> Vec<Trial> {
    layouts
        .into_iter()
        .map(|layout| {
            let name = format!("{layout}: {name}");
            test(name, python_with(modules), move |python| {
                body(python, &layout);
            })
        })
        .collect()
}
