//! `ielade report`: the table and the page, from the records.

use crate::{arguments::ReportOptions, exit::Exit};
use ielade::{
    bench::{analysis::analyse, record::Record, records},
    report::{TableOptions, terminal_table, write_html},
};
use std::{io::IsTerminal, path::Path};

pub(crate) fn run(options: &ReportOptions) -> anyhow::Result<Exit> {
    show(&options.results)?;
    Ok(Exit::Done)
}

/// Prints the table of the records in a folder, and writes the page beside them.
pub(crate) fn show(results: &Path) -> anyhow::Result<()> {
    let found = records::read(results)?;
    if let Some(torn) = &found.torn {
        eprintln!("warning: {torn}");
    }
    write(results, &found.records)
}

fn write(results: &Path, records: &[Record]) -> anyhow::Result<()> {
    let analysis = analyse(records)?;
    print!("{}", terminal_table(&analysis, &table_options()));
    let page = write_html(results, &analysis, records)?;
    println!("\nreport: {}", page.display());
    Ok(())
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
