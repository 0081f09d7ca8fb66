//! Stores read by the library that everybody uses for their container, and the other way round:
//! a file a container, each with tests that run a script with that library.
//!
//! `cargo xtask test` makes a Python that has them all, from `tests/requirements.txt` and
//! `tests/requirements-tensorflow.txt`; where a library is missing, its tests are ignored.

mod files;
mod npy;
#[path = "../conformance/source.rs"]
mod source;
#[path = "../conformance/stores.rs"]
mod stores;

use ielade_core::LayoutId;
use ielade_testing::{Python, Trial, python_with, run, test};
use std::process::ExitCode;

fn main() -> ExitCode {
    run([files::tests(), npy::tests()]
        .into_iter()
        .flatten()
        .collect())
}

/// One test for each layout of a container, given a Python that has these modules.
fn for_each_layout(
    container: &str,
    name: &str,
    modules: &[&str],
    body: fn(&Python, &LayoutId),
) -> Vec<Trial> {
    stores::layouts()
        .into_iter()
        .filter(|layout| layout.container == container)
        .map(|layout| {
            test(
                format!("{layout}: {name}"),
                python_with(modules),
                move |python| body(python, &layout),
            )
        })
        .collect()
}
