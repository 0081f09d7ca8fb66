//! The tidy tables as CSV (RFC 4180, UTF-8): decimal points, nothing for what was not measured,
//! `true` and `false`. What each column is stands in a file beside them.

use crate::{markdown::plain, tidy::TidyTable};
use std::{fmt::Write, io};

/// Name of the file that says what the columns are.
pub(crate) const DICTIONARY: &str = "columns.md";

/// A table as CSV.
pub(crate) fn csv(table: &TidyTable) -> io::Result<Vec<u8>> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.name))?;
    for row in 0..table.rows() {
        writer.write_record(table.columns.iter().map(|column| column.values.text(row)))?;
    }
    writer
        .into_inner()
        .map_err(::csv::IntoInnerError::into_error)
}

/// What the columns of all tables are, as Markdown.
pub(crate) fn dictionary(tables: &[TidyTable]) -> String {
    let mut text = "# Columns\n\nAn empty value was not measured. Shares are 0 to 1, times in \
                    seconds, sizes in bytes.\n"
        .to_owned();
    for table in tables {
        let _ = write!(
            text,
            "\n## {}\n\nOne row is {}.\n\n| column | unit | values | meaning |\n|---|---|---|---|\n",
            table.name, table.row
        );
        for column in &table.columns {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                column.name,
                column.unit,
                column.values.kind(),
                plain(&column.meaning)
            );
        }
    }
    text
}
