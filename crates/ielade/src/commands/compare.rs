//! `ielade compare`: two experiments side by side, from their records.

use crate::{
    arguments::{CompareOptions, ComparisonFormat},
    exit::Exit,
};
use anyhow::Context;
use ielade::{
    bench::{
        analysis::{Analysis, analyse},
        records,
    },
    report::compare::{Comparison, Side},
};
use std::path::Path;

pub(crate) fn run(options: &CompareOptions) -> anyhow::Result<Exit> {
    let first = analysis(&options.first)?;
    let second = analysis(&options.second)?;
    let names = names(&options.first, &options.second);
    let side = |name, analysis| Side { name, analysis };
    let comparison = Comparison::of(side(&names.0, &first), side(&names.1, &second));
    match options.format {
        ComparisonFormat::Text => print!("{}", comparison.text()),
        ComparisonFormat::Markdown => print!("{}", comparison.markdown()),
    }
    Ok(Exit::Done)
}

fn analysis(folder: &Path) -> anyhow::Result<Analysis> {
    let found = records::read(folder)?;
    if let Some(torn) = &found.torn {
        eprintln!("warning: {}: {torn}", folder.display());
    }
    analyse(&found.records).with_context(|| folder.display().to_string())
}

/// The folders by their last names; in full where these are the same.
fn names(first: &Path, second: &Path) -> (String, String) {
    let last = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    match (last(first), last(second)) {
        (Some(one), Some(other)) if one != other => (one, other),
        _ => (first.display().to_string(), second.display().to_string()),
    }
}
