//! The programs of `examples/`, which `cargo test` builds beside the tests.

use std::path::PathBuf;

/// Where a program of `examples/` lies.
pub(crate) fn example(name: &str) -> PathBuf {
    // target/debug/deps/test-1234 → target/debug/examples/name
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(
        program.exists(),
        "{} is missing; build it: cargo build -p ielade-bench --examples",
        program.display()
    );
    program
}
