//! What the report shows of the images themselves.

use ielade::{
    bench::{plan::Plan, thumbnails},
    core::Composition,
    dataset::{self, DataSet},
};
use std::path::Path;

/// Sizes, formats and classes, by the headers of some images.
pub(super) fn composition(plan: &Plan, data_set: &DataSet) -> Composition {
    dataset::survey(data_set, plan.seed)
}

/// Keeps a few small images beside the records, once; deletes them where the plan wants none. The
/// experiment goes on without them, so a failure is only told.
pub(super) fn keep_thumbnails(plan: &Plan, data_set: &DataSet, out: &Path) {
    let kept = if !plan.data.thumbnails {
        thumbnails::delete(out)
    } else if out.join(thumbnails::THUMBNAILS_FILE).exists() {
        Ok(())
    } else {
        let images = dataset::thumbnails(data_set, plan.data.orientation, plan.seed);
        thumbnails::write(out, &images)
    };
    if let Err(error) = kept {
        eprintln!("warning: {error}");
    }
}
