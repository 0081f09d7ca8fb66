//! The tidy tables as Parquet files: flat columns that may lack values, `PLAIN` and uncompressed,
//! which every reader knows. Written after the format's own description
//! (<https://parquet.apache.org/docs/file-format/>, `parquet.thrift` of parquet-format 2.10).
//!
//! A few hundred rows need no more than this; the library that writes all of Parquet would be the
//! largest dependency of the report by far. Unit and meaning of each column stand in the file's
//! metadata under `ielade.columns`, as JSON, and in the metadata of the column.

mod thrift;

use crate::tidy::{TidyColumn, TidyTable, Values};
use std::io;
use thrift::{Structure, Writer};

const MAGIC: &[u8; 4] = b"PAR1";

/// Rows of a row group, so that no page comes near the limit of 2 GiB.
const GROUP_ROWS: usize = 50_000;

// Numbers of the format.
const INT64: i32 = 2;
const BOOLEAN: i32 = 0;
const DOUBLE: i32 = 5;
const BYTE_ARRAY: i32 = 6;
const OPTIONAL: i32 = 1;
const UTF8: i32 = 0;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UNCOMPRESSED: i32 = 0;
const DATA_PAGE: i32 = 0;

/// A column's piece of a row group, as the footer names it.
struct Chunk {
    offset: i64,
    bytes: i64,
    values: i64,
}

/// A table as a Parquet file.
///
/// # Errors
/// Where a page would be larger than the format allows.
pub(crate) fn parquet(table: &TidyTable) -> io::Result<Vec<u8>> {
    let mut file = MAGIC.to_vec();
    let mut groups: Vec<(usize, Vec<Chunk>)> = Vec::new();
    let rows = table.rows();
    for start in (0..rows).step_by(GROUP_ROWS) {
        let end = (start + GROUP_ROWS).min(rows);
        let chunks = table.columns.iter().map(|column| {
            let offset = file.len() as i64;
            page(column, start..end, &mut file)?;
            Ok(Chunk {
                offset,
                bytes: file.len() as i64 - offset,
                values: (end - start) as i64,
            })
        });
        groups.push((end - start, chunks.collect::<io::Result<_>>()?));
    }
    let footer = footer(table, &groups);
    let length = u32::try_from(footer.len()).map_err(io::Error::other)?;
    file.extend(footer);
    file.extend(length.to_le_bytes());
    file.extend(MAGIC);
    Ok(file)
}

/// Appends a data page: header, definition levels, values.
fn page(column: &TidyColumn, rows: std::ops::Range<usize>, file: &mut Vec<u8>) -> io::Result<()> {
    let count = i32::try_from(rows.len()).map_err(io::Error::other)?;
    let body = body(&column.values, rows);
    let size = i32::try_from(body.len()).map_err(io::Error::other)?;
    let mut writer = Writer::default();
    writer.structure(|header| {
        header.i32(1, DATA_PAGE);
        header.i32(2, size);
        header.i32(3, size);
        header.structure(5, |data| {
            data.i32(1, count);
            data.i32(2, PLAIN);
            data.i32(3, RLE);
            data.i32(4, RLE);
        });
    });
    file.extend(writer.bytes());
    file.extend(body);
    Ok(())
}

fn body(values: &Values, rows: std::ops::Range<usize>) -> Vec<u8> {
    let mut body = Vec::new();
    match values {
        Values::Text(all) => write(&all[rows], &mut body, |text, body| {
            body.extend((text.len() as u32).to_le_bytes());
            body.extend(text.as_bytes());
        }),
        Values::Whole(all) => write(&all[rows], &mut body, |value, body| {
            body.extend(value.to_le_bytes());
        }),
        Values::Real(all) => write(&all[rows], &mut body, |value, body| {
            body.extend(value.to_le_bytes());
        }),
        Values::Truth(all) => {
            levels(&all[rows.clone()], &mut body);
            let bits: Vec<bool> = all[rows].iter().flatten().copied().collect();
            body.extend(packed(&bits));
        }
    }
    body
}

fn write<T>(values: &[Option<T>], body: &mut Vec<u8>, one: impl Fn(&T, &mut Vec<u8>)) {
    levels(values, body);
    for value in values.iter().flatten() {
        one(value, body);
    }
}

/// Which rows have a value: one bit each, as a bit-packed run behind its length.
fn levels<T>(values: &[Option<T>], body: &mut Vec<u8>) {
    let bits: Vec<bool> = values.iter().map(Option::is_some).collect();
    let mut run = Vec::new();
    thrift::unsigned((bits.len().div_ceil(8) as u64) << 1 | 1, &mut run);
    run.extend(packed(&bits));
    body.extend((run.len() as u32).to_le_bytes());
    body.extend(run);
}

/// Bits packed into bytes, the first into the lowest bit.
fn packed(bits: &[bool]) -> Vec<u8> {
    bits.chunks(8)
        .map(|eight| {
            let set = eight.iter().enumerate().filter(|(_, bit)| **bit);
            set.fold(0, |byte, (place, _)| byte | 1 << place)
        })
        .collect()
}

const fn physical_type(values: &Values) -> i32 {
    match values {
        Values::Text(_) => BYTE_ARRAY,
        Values::Whole(_) => INT64,
        Values::Real(_) => DOUBLE,
        Values::Truth(_) => BOOLEAN,
    }
}

/// The file's metadata: schema, row groups, what the columns are.
fn footer(table: &TidyTable, groups: &[(usize, Vec<Chunk>)]) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.structure(|file| {
        file.i32(1, 1);
        file.list(2, table.columns.len() + 1, |place, element| {
            let column = place
                .checked_sub(1)
                .and_then(|place| table.columns.get(place));
            if let Some(column) = column {
                schema_element(column, element);
            } else {
                element.text(4, "schema");
                element.i32(5, table.columns.len() as i32);
            }
        });
        file.i64(3, table.rows() as i64);
        file.list(4, groups.len(), |place, group| {
            if let Some((rows, chunks)) = groups.get(place) {
                row_group(table, *rows, chunks, group);
            }
        });
        let columns = [("ielade.columns", dictionary(table))];
        file.list(5, columns.len(), |place, pair| {
            if let Some((key, value)) = columns.get(place) {
                pair.text(1, key);
                pair.text(2, value);
            }
        });
        file.text(
            6,
            concat!("ielade-report version ", env!("CARGO_PKG_VERSION")),
        );
    });
    writer.bytes()
}

fn schema_element(column: &TidyColumn, element: &mut Structure<'_>) {
    element.i32(1, physical_type(&column.values));
    element.i32(3, OPTIONAL);
    element.text(4, column.name);
    if matches!(column.values, Values::Text(_)) {
        element.i32(6, UTF8);
        // The logical type STRING, a union with an empty structure in its first place.
        element.structure(10, |logical| logical.structure(1, |_| {}));
    }
}

fn row_group(table: &TidyTable, rows: usize, chunks: &[Chunk], group: &mut Structure<'_>) {
    let columns: Vec<(&TidyColumn, &Chunk)> = table.columns.iter().zip(chunks).collect();
    group.list(1, columns.len(), |place, chunk| {
        if let Some((column, found)) = columns.get(place) {
            chunk.i64(2, found.offset);
            chunk.structure(3, |metadata| column_metadata(column, found, metadata));
        }
    });
    group.i64(2, chunks.iter().map(|chunk| chunk.bytes).sum());
    group.i64(3, rows as i64);
}

fn column_metadata(column: &TidyColumn, chunk: &Chunk, metadata: &mut Structure<'_>) {
    metadata.i32(1, physical_type(&column.values));
    metadata.i32_list(2, &[PLAIN, RLE]);
    metadata.text_list(3, &[column.name]);
    metadata.i32(4, UNCOMPRESSED);
    metadata.i64(5, chunk.values);
    metadata.i64(6, chunk.bytes);
    metadata.i64(7, chunk.bytes);
    let pairs = [("unit", column.unit), ("meaning", column.meaning.as_str())];
    metadata.list(8, pairs.len(), |place, pair| {
        if let Some((key, value)) = pairs.get(place) {
            pair.text(1, key);
            pair.text(2, value);
        }
    });
    metadata.i64(9, chunk.offset);
}

/// Unit and meaning of each column as JSON.
fn dictionary(table: &TidyTable) -> String {
    let columns = table.columns.iter().map(|column| {
        let words = serde_json::json!({ "unit": column.unit, "meaning": column.meaning });
        (column.name.to_owned(), words)
    });
    serde_json::Value::Object(columns.collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::{levels, packed};

    #[test]
    fn bits_fill_bytes_from_the_lowest() {
        assert_eq!(packed(&[true, false, true]), [0b101]);
        assert_eq!(packed(&[false; 9]), [0, 0]);
    }

    #[test]
    fn levels_say_which_rows_have_values() {
        let mut body = Vec::new();
        levels(&[Some(1), None, Some(2)], &mut body);
        // Two bytes follow: a run of one group of eight, and the group.
        assert_eq!(body, [2, 0, 0, 0, 0b11, 0b101]);
    }
}
