//! Finds the real images for tests.

use std::path::{Path, PathBuf};

/// A file of the folder with real images: `IELADE_TEST_DATA`, or `../shared/data` beside the
/// workspace. Says so where it is not there; the test then has nothing to test.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("IELADE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if path.is_file() {
        return Some(path);
    }
    eprintln!(
        "skipped: {} is not there; name its folder in IELADE_TEST_DATA",
        path.display()
    );
    None
}
