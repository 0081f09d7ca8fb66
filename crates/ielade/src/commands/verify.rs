//! `ielade verify`: stores against their manifests, their source, and each other.

mod training;

use super::{data_source, stores::names, watching::foreign_names};
use crate::{arguments::VerifyOptions, exit::Exit, interrupt, progress};
use anyhow::Context;
use ielade::{
    core::{ForeignNames, Split},
    dataset::DataSet,
    layout::{
        DataSetSplit, LayoutError, Verification, data_set_of, open_any, verify::VerifyProgress,
        verify_any, verify_any_against,
    },
};
use std::{
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

pub(crate) fn run(options: &VerifyOptions) -> anyhow::Result<Exit> {
    let stop = interrupt::stop_flag()?;
    let names = foreign_names(&options.names);
    let data_set = options
        .against
        .as_ref()
        .map(|source| data_source::open(source, &options.opening, &ForeignNames::default()))
        .transpose()?;
    let mut all_hold = true;
    for store in &options.stores {
        let opened = open_any(store, &names)?;
        for guess in &opened.guesses {
            println!("guessed: {guess}");
        }
        let split = opened.reader.manifest().split;
        let source = data_set.as_ref().map(|data_set| (data_set, split));
        let found = check_any(store, &names, source, stop)?;
        show(&options.stores, store, &found);
        all_hold &= found.holds();
    }
    let (first, others) = (&options.stores[0], &options.stores[1..]);
    for other in others {
        let found = compare(first, other, &names, stop)?;
        println!("{} compared with {}:", other.display(), first.display());
        print!("{found}");
        all_hold &= found.holds();
    }
    if options.training {
        all_hold &= training::compare(&options.stores, &names, options.model)?;
    }
    Ok(if all_hold {
        Exit::Done
    } else {
        Exit::Differences
    })
}

/// Prints what was found, with the store's name where there are several.
fn show(all: &[std::path::PathBuf], store: &Path, found: &Verification) {
    if all.len() > 1 {
        println!("{}:", store.display());
    }
    print!("{found}");
}

/// Checks a store, against its source where one is given, with progress.
pub(crate) fn check(
    store: &Path,
    source: Option<(&DataSet, Split)>,
    stop: &AtomicBool,
) -> anyhow::Result<Verification> {
    check_any(store, &ForeignNames::default(), source, stop)
}

fn check_any(
    store: &Path,
    names_in_file: &ForeignNames,
    source: Option<(&DataSet, Split)>,
    stop: &AtomicBool,
) -> anyhow::Result<Verification> {
    let source = source
        .map(|(data_set, split)| {
            DataSetSplit::of(data_set, split).with_context(|| {
                format!(
                    "{} has no {split} split to compare with; it has {}",
                    data_set.source(),
                    names(data_set.splits())
                )
            })
        })
        .transpose()?;
    with_progress(|show| match &source {
        None => verify_any(store, names_in_file, show, stop),
        Some(source) => verify_any_against(store, names_in_file, source, show, stop),
    })
    .with_context(|| format!("cannot verify {}", store.display()))
}

/// Every sample of a store against those of another.
fn compare(
    first: &Path,
    other: &Path,
    names: &ForeignNames,
    stop: &AtomicBool,
) -> anyhow::Result<Verification> {
    let opened = open_any(first, names)?;
    let split = opened.reader.manifest().split;
    let first = first.display().to_string();
    let data_set = data_set_of(Arc::from(opened.reader), &first)
        .map_err(anyhow::Error::from_boxed)
        .with_context(|| format!("cannot compare with {first}"))?;
    let source = DataSetSplit::of(&data_set, split).context("the store has no samples")?;
    with_progress(|show| verify_any_against(other, names, &source, show, stop))
        .with_context(|| format!("cannot compare {}", other.display()))
}

fn with_progress(
    work: impl FnOnce(&mut dyn FnMut(VerifyProgress)) -> Result<Verification, LayoutError>,
) -> Result<Verification, LayoutError> {
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
    let found = work(&mut show);
    bar.finish_and_clear();
    found
}
