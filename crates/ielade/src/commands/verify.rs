//! `ielade verify`: a store against its manifest and its source.

use super::{data_source, stores::names};
use crate::{arguments::VerifyOptions, exit::Exit, interrupt, progress};
use anyhow::Context;
use ielade::{
    core::Split,
    dataset::DataSet,
    layout::{
        DataSetSplit, Verification, read_manifest, verify::VerifyProgress, verify_against,
        verify_store,
    },
};
use std::{path::Path, sync::atomic::AtomicBool};

pub(crate) fn run(options: &VerifyOptions) -> anyhow::Result<Exit> {
    let stop = interrupt::stop_flag()?;
    let manifest = read_manifest(&options.store)?;
    let data_set = options
        .against
        .as_ref()
        .map(|source| data_source::open(source, &options.opening))
        .transpose()?;
    let source = data_set.as_ref().map(|data_set| (data_set, manifest.split));
    let found = check(&options.store, source, stop)?;
    print!("{found}");
    if found.holds() {
        return Ok(Exit::Done);
    }
    Ok(Exit::Differences)
}

/// Checks a store, against its source where one is given, with progress.
pub(crate) fn check(
    store: &Path,
    source: Option<(&DataSet, Split)>,
    stop: &AtomicBool,
) -> anyhow::Result<Verification> {
    let bar = progress::counting("verify", 0);
    let mut show = |sign: VerifyProgress| {
        let (what, done, total) = match sign {
            VerifyProgress::Files { done, total } => ("verify digests", done, total),
            VerifyProgress::Samples { done, total } => ("verify samples", done, total),
            _ => return,
        };
        bar.set_message(what);
        bar.set_length(total.into());
        bar.set_position(done.into());
    };
    let found = match source {
        None => verify_store(store, &mut show, stop),
        Some((data_set, split)) => {
            let source = DataSetSplit::of(data_set, split).with_context(|| {
                format!(
                    "{} has no {split} split to compare with; it has {}",
                    data_set.source(),
                    names(data_set.splits())
                )
            })?;
            verify_against(store, &source, &mut show, stop)
        }
    };
    bar.finish_and_clear();
    found.with_context(|| format!("cannot verify {}", store.display()))
}
