//! Archives of real images, which are not part of the project.

use crate::Missing;
use std::path::{Path, PathBuf};

/// An archive in the folder that `IELADE_TEST_DATA` names, or in `shared/data` beside the checkout.
///
/// # Errors
///
/// Where it is not there.
pub fn real_images(archive: &str) -> Result<PathBuf, Missing> {
    let folder =
        std::env::var_os("IELADE_TEST_DATA").map_or_else(beside_the_checkout, PathBuf::from);
    let path = folder.join(archive);
    if path.is_file() {
        return Ok(path);
    }
    let path = path.display();
    Err(Missing(format!(
        "{path} is not there; name its folder in IELADE_TEST_DATA"
    )))
}

fn beside_the_checkout() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).join("shared/data")
}

#[cfg(test)]
mod tests {
    use super::real_images;

    #[test]
    fn an_archive_that_is_not_there_is_named() {
        let missing = real_images("no such archive.zip").unwrap_err();
        assert!(missing.0.contains("no such archive.zip"), "{missing}");
    }
}
