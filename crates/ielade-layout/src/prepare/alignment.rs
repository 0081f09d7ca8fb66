//! Which sample of a source lies at which position of a store.

use crate::{LayoutError, SampleSource, table};
use ielade_core::Manifest;
use std::{collections::HashSet, path::Path};

/// Samples that were left out, beside the store's data; only where there are any.
pub(crate) const SKIPPED_FILE: &str = "skipped.csv";
pub(crate) const SKIPPED_COLUMNS: [&str; 2] = ["key", "reason"];

/// For every position of the store the sample's position in the source.
///
/// `None` where the store cannot be of this source: the numbers of samples do not add up.
pub(crate) fn source_positions<S: SampleSource>(
    store: &Path,
    manifest: &Manifest,
    source: &S,
) -> Result<Option<Vec<u32>>, LayoutError> {
    let all = source.len();
    let Some(left_out) = all.checked_sub(manifest.count as usize) else {
        return Ok(None);
    };
    let listed = manifest.files.iter().any(|file| file.path == SKIPPED_FILE);
    if listed != (left_out > 0) {
        return Ok(None);
    }
    let mut skipped = HashSet::new();
    if listed {
        let path = store.join(SKIPPED_FILE);
        table::read(&path, &SKIPPED_COLUMNS, left_out as u32, |_, row| {
            skipped.insert(row.text(0)?.to_owned());
            Ok(())
        })?;
    }
    let kept = |index: &u32| !skipped.contains(source.key(*index as usize));
    let positions: Vec<u32> = (0..all as u32).filter(kept).collect();
    Ok((positions.len() == manifest.count as usize).then_some(positions))
}
