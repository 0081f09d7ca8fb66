//! `ielade report`: the table and the reports, from the records.

use crate::{arguments::ReportOptions, exit::Exit};
use anyhow::Context;
use ielade::{
    bench::{
        analysis::{Analysis, analyse},
        record::Record,
        records,
    },
    report::{Format, Language, TableOptions, formats, terminal_table},
};
use std::{fs, io::IsTerminal, path::Path};

pub(crate) fn run(options: &ReportOptions) -> anyhow::Result<Exit> {
    let (analysis, records) = read(&options.results)?;
    let folder = options.out.as_ref().unwrap_or(&options.results);
    fs::create_dir_all(folder)
        .with_context(|| format!("{}: the folder could not be made", folder.display()))?;
    print!("{}", terminal_table(&analysis, &table_options()));
    println!();
    for (format, language) in wanted(&options.format, &options.lang) {
        let experiment = (&analysis, records.as_slice());
        for path in formats::write(format, language, experiment, folder)? {
            println!("report: {}", path.display());
        }
    }
    Ok(Exit::Done)
}

/// Each format in each language that it has, once.
fn wanted(asked: &[Format], languages: &[Language]) -> Vec<(Format, Language)> {
    let mut wanted = Vec::new();
    for format in asked {
        let all: &[Language] = if format.has_languages() {
            languages
        } else {
            &[Language::English]
        };
        for language in all {
            if !wanted.contains(&(*format, *language)) {
                wanted.push((*format, *language));
            }
        }
    }
    wanted
}

/// Prints the table of the records in a folder, and writes the page beside them.
pub(crate) fn show(results: &Path) -> anyhow::Result<()> {
    let (analysis, records) = read(results)?;
    print!("{}", terminal_table(&analysis, &table_options()));
    let experiment = (&analysis, records.as_slice());
    for page in formats::write(Format::Html, Language::English, experiment, results)? {
        println!("\nreport: {}", page.display());
    }
    Ok(())
}

fn read(results: &Path) -> anyhow::Result<(Analysis, Vec<Record>)> {
    let found = records::read(results)?;
    if let Some(torn) = &found.torn {
        eprintln!("warning: {torn}");
    }
    if let Some(error) = &found.no_thumbnails {
        eprintln!("warning: {error}");
    }
    Ok((analyse(&found.records)?, found.records))
}

fn table_options() -> TableOptions {
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let width = rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0);
    TableOptions {
        width: width.unwrap_or(TableOptions::default().width),
        colour,
    }
}
