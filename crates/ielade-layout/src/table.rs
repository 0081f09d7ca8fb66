//! The tables (CSV, RFC 4180) that lie in a store: written row by row, cut back to a number of
//! rows, read with bounds.

use crate::LayoutError;
use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

/// Bytes a row may have on average; a longer table is refused before it is read.
const MAX_ROW_BYTES: u64 = 8 << 10;

/// A table that grows at its end.
pub(crate) struct TableWriter {
    path: PathBuf,
    writer: csv::Writer<File>,
}

impl TableWriter {
    /// An empty table with a line of column names.
    pub(crate) fn create(path: &Path, columns: &[&str]) -> Result<Self, LayoutError> {
        let file = File::create(path).map_err(LayoutError::io("create", path))?;
        let mut table = Self {
            path: path.to_owned(),
            writer: csv::Writer::from_writer(file),
        };
        table.push(columns)?;
        Ok(table)
    }

    /// A table of which the first `rows` rows are kept; whatever follows them is cut off.
    pub(crate) fn continue_after(
        path: &Path,
        columns: &[&str],
        rows: u32,
    ) -> Result<Self, LayoutError> {
        if rows == 0 {
            return Self::create(path, columns);
        }
        let end = end_of_row(path, columns, rows)?;
        let file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(LayoutError::io("open", path))?;
        file.set_len(end).map_err(LayoutError::io("cut", path))?;
        Ok(Self {
            path: path.to_owned(),
            writer: csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(file),
        })
    }

    pub(crate) fn push<T: AsRef<[u8]>>(&mut self, row: &[T]) -> Result<(), LayoutError> {
        self.writer
            .write_record(row)
            .map_err(|error| csv_error(&self.path, error))
    }

    /// Hands everything to the system.
    pub(crate) fn flush(&mut self) -> Result<(), LayoutError> {
        self.writer
            .flush()
            .map_err(LayoutError::io("write", &self.path))
    }

    /// Brings everything onto the disk.
    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.flush()?;
        self.writer
            .get_ref()
            .sync_data()
            .map_err(LayoutError::io("sync", &self.path))
    }
}

fn csv_error(path: &Path, error: csv::Error) -> LayoutError {
    let line = error.position().map_or(0, csv::Position::line);
    let reason = error.to_string();
    match error.into_kind() {
        csv::ErrorKind::Io(source) => LayoutError::io("access", path)(source),
        _ => LayoutError::table(path, line, reason),
    }
}

fn open(path: &Path, columns: &[&str], rows: u32) -> Result<csv::Reader<File>, LayoutError> {
    let file = File::open(path).map_err(LayoutError::io("open", path))?;
    let bytes = file
        .metadata()
        .map_err(LayoutError::io("read", path))?
        .len();
    if bytes > (u64::from(rows) + 1) * MAX_ROW_BYTES {
        let reason = format!("{bytes} bytes are too many for {rows} rows");
        return Err(LayoutError::table(path, 1, reason));
    }
    let mut reader = csv::ReaderBuilder::new()
        .buffer_capacity(64 << 10)
        .from_reader(file);
    let found = reader
        .byte_headers()
        .map_err(|error| csv_error(path, error))?;
    if found.iter().ne(columns.iter().map(|name| name.as_bytes())) {
        let reason = format!("the columns are not {}", columns.join(","));
        return Err(LayoutError::table(path, 1, reason));
    }
    Ok(reader)
}

/// Byte behind row number `rows` (from 1).
fn end_of_row(path: &Path, columns: &[&str], rows: u32) -> Result<u64, LayoutError> {
    // Rows may lie behind those that are kept, so the bound must not count them.
    let mut reader = open(path, columns, u32::MAX)?;
    let mut record = csv::ByteRecord::new();
    for row in 0..rows {
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|error| csv_error(path, error))?;
        if !more {
            let reason = format!("only {row} of {rows} rows are there");
            return Err(LayoutError::table(path, u64::from(row) + 1, reason));
        }
    }
    // The reader may not have passed the line's end yet; all tables here end their rows with \n.
    let position = reader.position().byte();
    let mut byte = [0];
    let next = std::os::unix::fs::FileExt::read_at(reader.get_ref(), &mut byte, position)
        .map_err(LayoutError::io("read", path))?;
    Ok(position + u64::from(next == 1 && byte[0] == b'\n'))
}

/// One row of a table, with the means to complain about it.
pub(crate) struct Row<'a> {
    path: &'a Path,
    line: u64,
    record: &'a csv::ByteRecord,
}

impl<'a> Row<'a> {
    pub(crate) fn bytes(&self, column: usize) -> &'a [u8] {
        self.record.get(column).unwrap_or_default()
    }

    pub(crate) fn text(&self, column: usize) -> Result<&'a str, LayoutError> {
        std::str::from_utf8(self.bytes(column)).map_err(|_| self.error("not UTF-8"))
    }

    pub(crate) fn number(&self, column: usize) -> Result<u64, LayoutError> {
        let text = self.text(column)?;
        text.parse()
            .map_err(|_| self.error(format!("{text:?} is not a number")))
    }

    /// A label below `classes`, or none in an empty field.
    pub(crate) fn label(&self, column: usize, classes: usize) -> Result<Option<u32>, LayoutError> {
        if self.bytes(column).is_empty() {
            return Ok(None);
        }
        let label = self.number(column)?;
        match u32::try_from(label) {
            Ok(small) if (small as usize) < classes => Ok(Some(small)),
            _ => Err(self.error(format!("label {label} but there are {classes} classes"))),
        }
    }

    pub(crate) fn error(&self, reason: impl Into<String>) -> LayoutError {
        LayoutError::table(self.path, self.line, reason)
    }
}

/// Gives every row to `visit`; fails unless there are exactly `rows` of them.
pub(crate) fn read(
    path: &Path,
    columns: &[&str],
    rows: u32,
    mut visit: impl FnMut(u32, &Row<'_>) -> Result<(), LayoutError>,
) -> Result<(), LayoutError> {
    let mut reader = open(path, columns, rows)?;
    let mut record = csv::ByteRecord::new();
    let mut found = 0;
    loop {
        let line = reader.position().line();
        let more = reader
            .read_byte_record(&mut record)
            .map_err(|error| csv_error(path, error))?;
        if !more && found == rows {
            return Ok(());
        }
        if !more || found == rows {
            let word = if more { "more than" } else { "fewer than" };
            return Err(LayoutError::table(
                path,
                line,
                format!("the table has {word} the {rows} rows that the manifest tells of"),
            ));
        }
        let row = Row {
            path,
            line,
            record: &record,
        };
        visit(found, &row)?;
        found += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{TableWriter, read};
    use std::path::Path;

    const COLUMNS: [&str; 2] = ["a", "b"];

    fn rows(path: &Path, count: u32) -> Result<Vec<(String, String)>, crate::LayoutError> {
        let mut rows = Vec::new();
        read(path, &COLUMNS, count, |_, row| {
            rows.push((row.text(0)?.to_owned(), row.text(1)?.to_owned()));
            Ok(())
        })?;
        Ok(rows)
    }

    #[test]
    fn a_table_continues_after_any_of_its_rows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let all = [["1", "plain"], ["2", "a \"quoted\",\nname"], ["3", "é"]];
        for kept in 0..=3 {
            let mut table = TableWriter::create(&path, &COLUMNS).unwrap();
            for row in all {
                table.push(&row).unwrap();
            }
            table.sync().unwrap();
            let whole = std::fs::read(&path).unwrap();
            drop(table);
            let mut table = TableWriter::continue_after(&path, &COLUMNS, kept).unwrap();
            for row in &all[kept as usize..] {
                table.push(row).unwrap();
            }
            table.flush().unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), whole, "kept {kept}");
        }
        let read = rows(&path, 3).unwrap();
        assert_eq!(read[1].1, "a \"quoted\",\nname");
    }

    #[test]
    fn faults_are_told_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        for (content, count, expected) in [
            ("a,b\n1,2\n", 2, "line 3: the table has fewer"),
            ("a,b\n1,2\n3,4\n", 1, "line 3: the table has more"),
            ("a,c\n1,2\n", 1, "line 1: the columns are not a,b"),
            ("a,b\n1,2\n3\n", 2, "line 3: "),
            ("", 1, "line 1: the columns"),
        ] {
            std::fs::write(&path, content).unwrap();
            let error = rows(&path, count).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_table_far_too_long_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, format!("a,b\n1,\"{}", "x".repeat(20 << 10))).unwrap();
        let error = rows(&path, 1).unwrap_err().to_string();
        assert!(error.contains("too many for 1 rows"), "{error}");
    }
}
