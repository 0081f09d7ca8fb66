//! Databases that others made.

use super::{
    connection::{self, refused},
    meta,
    queried::QueriedRows,
    reader::{Column, class_names, meta_rows, quoted},
    rows::MappedRows,
    walk::PlainTable,
};
use crate::{
    LayoutError,
    foreign::{
        Contents, ForeignFile, ForeignStore,
        arrays::{LABEL_NAMES, listed},
    },
    index::SampleIndex,
    mapped::MappedFile,
    stored::{SampleForm, StoredSamples, array::ArrayForm},
};
use ielade_codec::FileFormat;
use ielade_core::{Encoding, ImageShape, sample::NO_LABEL};
use rusqlite::{Connection, types::ValueRef};
use std::path::{Path, PathBuf};

/// Most columns that are looked at.
const MAX_COLUMNS: usize = 4096;

/// Whether a file is an SQLite database.
pub(super) fn recognises(_path: &Path, head: &[u8]) -> bool {
    head.starts_with(b"SQLite format 3\0")
}

/// Opens such a file.
pub(super) fn open(file: &ForeignFile<'_>) -> Result<ForeignStore, LayoutError> {
    check_complete(file.path)?;
    let refused = refused(file.path);
    let connection = connection::open(file.path).map_err(&refused)?;
    let columns = columns(&connection).map_err(&refused)?;
    let meta = meta::parse(&meta_rows(&connection).unwrap_or_default());
    let mut guesses = Vec::new();
    let images = find_images(&connection, &columns, meta, file, &mut guesses)?;
    let labels = find_labels(&connection, &columns, &images, file, &mut guesses)?;
    let has_labels = labels.is_some();
    let Rows { labels, samples } = rows(&connection, &images, labels.as_ref(), file)?;
    let (form, shape) = match (images.encoding.element(), meta) {
        (Some(element), Some((_, ImageShape::Fixed(spec)))) => (
            SampleForm::Array(ArrayForm::of_stores(element, spec)),
            ImageShape::Fixed(spec),
        ),
        _ => (SampleForm::Image(images.encoding), ImageShape::Varies),
    };
    let most = labels.iter().copied().max().unwrap_or(NO_LABEL);
    let classes = class_names(&connection).unwrap_or_default();
    Contents {
        container: super::CONTAINER.name,
        form,
        shape,
        count: u32::try_from(labels.len()).unwrap_or(u32::MAX),
        labels: if has_labels { labels } else { Vec::new() },
        // A table of that name may be about something else.
        classes: if classes.len() as i64 > most {
            classes
        } else {
            Vec::new()
        },
        samples,
        guesses,
    }
    .into_store(file)
}

/// Fails where part of the content lies in a file beside, which is not read here.
fn check_complete(path: &Path) -> Result<(), LayoutError> {
    for (ending, pragma) in [
        ("-wal", "wal_checkpoint(truncate)"),
        ("-journal", "integrity_check"),
    ] {
        let mut name = path.as_os_str().to_owned();
        name.push(ending);
        let beside = PathBuf::from(name);
        if beside.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            return Err(LayoutError::Foreign {
                path: path.to_owned(),
                reason: format!("changes to it still lie in {}", beside.display()),
                hint: format!(
                    "bring them in: sqlite3 {} 'pragma {pragma}'",
                    path.display()
                ),
            });
        }
    }
    Ok(())
}

/// A column of a table of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TableColumn {
    table: String,
    column: String,
    /// Whether it is the row's number.
    is_id: bool,
}

impl TableColumn {
    fn as_column(&self) -> Column<'_> {
        Column {
            table: &self.table,
            column: &self.column,
        }
    }

    fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

/// The columns of all tables that are kept in the file as they are.
fn columns(connection: &Connection) -> rusqlite::Result<Vec<TableColumn>> {
    let mut select = connection.prepare(
        "select t.name, c.name, c.pk from sqlite_schema t, pragma_table_xinfo(t.name) c
         where t.type = 'table' and t.name not like 'sqlite\\_%' escape '\\'
             and t.sql not like 'create virtual%' and c.hidden = 0
         order by t.rowid, c.cid",
    )?;
    let rows = select.query_map([], |row| {
        Ok(TableColumn {
            table: row.get(0)?,
            column: row.get(1)?,
            is_id: row.get::<_, i64>(2)? > 0,
        })
    })?;
    rows.take(MAX_COLUMNS).collect()
}

/// The column of the images, and what they are.
struct Images {
    column: TableColumn,
    encoding: Encoding,
}

fn find_images(
    connection: &Connection,
    columns: &[TableColumn],
    meta: Option<(Encoding, ImageShape)>,
    file: &ForeignFile<'_>,
    guesses: &mut Vec<String>,
) -> Result<Images, LayoutError> {
    let sniffed = |column: &TableColumn| {
        // A table that cannot be read may have nothing to do with images.
        let first = column.as_column().first(connection, |value| match value {
            ValueRef::Blob(bytes) => FileFormat::sniff(bytes)?.encoding(),
            _ => None,
        });
        first.ok().flatten().flatten()
    };
    if let Some(name) = &file.names.images {
        let column = named(columns, name, file, "--images")?;
        let known = meta.filter(|_| column.as_column() == Column::OF_STORES);
        let encoding = known
            .map(|(encoding, _)| encoding)
            .or_else(|| sniffed(column));
        return match encoding {
            Some(encoding) => Ok(Images {
                column: column.clone(),
                encoding,
            }),
            None => Err(fault(
                file,
                format!("the values of {name:?} do not start like images"),
                columns,
                "--images",
            )),
        };
    }
    let of_stores = columns
        .iter()
        .find(|column| column.as_column() == Column::OF_STORES);
    let found = match (of_stores, meta) {
        (Some(column), Some((encoding, _))) => Some((column, encoding)),
        _ => columns
            .iter()
            .find_map(|column| Some((column, sniffed(column)?))),
    };
    let Some((column, encoding)) = found else {
        let reason = "no column has values that start like images".to_owned();
        return Err(fault(file, reason, columns, "--images"));
    };
    guesses.push(format!("the images are {}, {encoding}", column.name()));
    Ok(Images {
        column: column.clone(),
        encoding,
    })
}

/// The column of the labels, in the table of the images.
fn find_labels(
    connection: &Connection,
    columns: &[TableColumn],
    images: &Images,
    file: &ForeignFile<'_>,
    guesses: &mut Vec<String>,
) -> Result<Option<TableColumn>, LayoutError> {
    let beside: Vec<TableColumn> = columns
        .iter()
        .filter(|column| column.table == images.column.table)
        .cloned()
        .collect();
    if let Some(name) = &file.names.labels {
        return named(&beside, name, file, "--labels").map(|column| Some(column.clone()));
    }
    let integers: Vec<&TableColumn> = beside
        .iter()
        .filter(|column| !column.is_id)
        .filter(|column| {
            let is_integer = |value: ValueRef<'_>| matches!(value, ValueRef::Integer(_));
            matches!(
                column.as_column().first(connection, is_integer),
                Ok(Some(true))
            )
        })
        .collect();
    let by_name = LABEL_NAMES.iter().find_map(|name| {
        let mut named = integers.iter();
        named.find(|column| column.column.to_lowercase() == *name)
    });
    let found = by_name.or(match &integers[..] {
        [only] => Some(only),
        _ => None,
    });
    if let Some(column) = found {
        guesses.push(format!("the labels are {}", column.name()));
    }
    Ok(found.map(|column| (*column).clone()))
}

/// The column that the user names: `TABLE.COLUMN`, or `COLUMN` alone.
fn named<'a>(
    columns: &'a [TableColumn],
    name: &str,
    file: &ForeignFile<'_>,
    option: &str,
) -> Result<&'a TableColumn, LayoutError> {
    columns
        .iter()
        .find(|column| column.name() == name)
        .or_else(|| columns.iter().find(|column| column.column == name))
        .ok_or_else(|| {
            let reason = format!("there is no column {name:?} for {option}");
            fault(file, reason, columns, option)
        })
}

fn fault(
    file: &ForeignFile<'_>,
    reason: String,
    columns: &[TableColumn],
    option: &str,
) -> LayoutError {
    let names: Vec<String> = columns.iter().map(TableColumn::name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    LayoutError::Foreign {
        path: file.path.to_owned(),
        reason,
        hint: format!("name a column with {option}; there are {}", listed(&names)),
    }
}

/// The rows with an image.
struct Rows {
    /// One a row.
    labels: Vec<i64>,
    samples: Box<dyn StoredSamples>,
}

/// Finds the rows in the file's pages, or asks SQLite where they do not lie there as they are.
fn rows(
    connection: &Connection,
    images: &Images,
    labels: Option<&TableColumn>,
    file: &ForeignFile<'_>,
) -> Result<Rows, LayoutError> {
    let column = images.column.as_column();
    let names = labels.map(|labels| labels.column.as_str());
    let table = PlainTable::find(connection, column, names).map_err(refused(file.path))?;
    if let Some(table) = table {
        let map = MappedFile::open(file.path)?;
        if let Some((_, SampleIndex { places, labels, .. })) = table.rows(file.path, map.bytes())? {
            let samples = MappedRows::new((file.path, map), &table, places)?;
            return Ok(Rows {
                labels,
                samples: Box::new(samples),
            });
        }
    }
    let (ids, labels) = read_rows(connection, images, labels, file)?;
    Ok(Rows {
        labels,
        samples: Box::new(QueriedRows::new(file.path, column, ids)),
    })
}

/// Row numbers and labels of all rows with an image. Row numbers rise, so that a table that leads
/// to the same rows again comes to an end.
fn read_rows(
    connection: &Connection,
    images: &Images,
    labels: Option<&TableColumn>,
    file: &ForeignFile<'_>,
) -> Result<(Vec<i64>, Vec<i64>), LayoutError> {
    let refused = refused(file.path);
    let (table, column) = images.column.as_column().quoted();
    let label = labels.map_or("null".to_owned(), |labels| quoted(&labels.column));
    let sql =
        format!("select rowid, {label} from {table} where {column} is not null order by rowid");
    let mut select = connection.prepare(&sql).map_err(&refused)?;
    let mut rows = select.query([]).map_err(&refused)?;
    let (mut ids, mut found) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(&refused)? {
        let id: i64 = row.get(0).map_err(&refused)?;
        if ids.last().is_some_and(|last| *last >= id) {
            let reason = format!("row {id} of {table} comes after a greater one");
            return Err(LayoutError::container(file.path, 0, reason));
        }
        ids.push(id);
        found.push(match row.get_ref(1).map_err(&refused)? {
            ValueRef::Integer(label) => label,
            ValueRef::Null => NO_LABEL,
            other => {
                return Err(LayoutError::Foreign {
                    path: file.path.to_owned(),
                    reason: format!("the label of row {id} is {}", other.data_type()),
                    hint: "name a column of integers with --labels".to_owned(),
                });
            }
        });
    }
    Ok((ids, found))
}
