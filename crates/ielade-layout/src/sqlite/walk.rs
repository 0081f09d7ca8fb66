//! The rows of a table, found by walking its pages once.
//!
//! SQLite tells where the table's tree starts and which field of a row is which column. Tables whose
//! rows do not lie in the file as they are asked for (without row numbers, views, generated columns,
//! values that a column turns into others) are left to SQLite.

use super::{
    pages::{Database, PageError, PageSet, PageSize, Row},
    reader::Column,
    record::{Field, integer},
};
use crate::{LayoutError, index::SampleIndex, stored::mapped::Place};
use ielade_core::sample::NO_LABEL;
use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use std::path::Path;

/// "File" of a [`Place`]: all bytes of the image lie where the place tells.
pub(super) const WHOLE: u32 = 0;

/// "File" of a [`Place`]: the image's row starts where the place tells, and the image goes on in
/// overflow pages.
pub(super) const SPILLED: u32 = 1;

/// A table whose rows lie in the file as they are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PlainTable {
    /// First page of its tree.
    root: u32,
    /// Which field of a row is the image.
    pub(super) image: StoredColumn,
    /// Which one is the label.
    label: Option<StoredColumn>,
}

/// A column as the fields of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StoredColumn {
    /// Number of the field.
    pub(super) field: usize,
    /// Whether rows that were written before the column was added have something in it.
    has_default: bool,
    /// Whether it may be another name of the row's number, which is then not in the field.
    is_key: bool,
}

impl PlainTable {
    /// The table of a column of images and, in the same table, one of labels; `None` where its rows
    /// are to be read by SQLite.
    pub(super) fn find(
        connection: &Connection,
        images: Column<'_>,
        labels: Option<&str>,
    ) -> rusqlite::Result<Option<Self>> {
        let root: Option<u32> = connection
            .prepare(
                "select s.rootpage from sqlite_schema s, pragma_table_list(s.name) l
                 where s.type = 'table' and s.name = ?1
                     and l.schema = 'main' and l.type = 'table' and not l.wr",
            )?
            .query_row([images.table], |row| row.get(0))
            .optional()?;
        let image = stored_column(connection, images)?.filter(|image| !image.is_key);
        let (Some(root), Some(image)) = (root, image) else {
            return Ok(None);
        };
        let mut this = Self {
            root,
            image,
            label: None,
        };
        let Some(column) = labels else {
            return Ok(Some(this));
        };
        let labels = Column { column, ..images };
        this.label = stored_column(connection, labels)?.filter(|label| !label.is_key);
        let is_as_stored = this.label.is_some() && holds_integers(connection, labels)?;
        Ok(is_as_stored.then_some(this))
    }

    /// Numbers, places and labels of all rows with an image; `None` where SQLite is to read them.
    pub(super) fn rows(
        &self,
        path: &Path,
        file: &[u8],
    ) -> Result<Option<(Vec<i64>, SampleIndex)>, LayoutError> {
        let damaged = |error: PageError| LayoutError::container(path, error.offset, error.reason);
        let page = PageSize::of(file).map_err(damaged)?;
        let mut rows = (Vec::new(), SampleIndex::default());
        let walked = Database::new(file, page).walk(self.root, |row, seen| {
            if let Some((place, label)) = self.sample(row, seen)? {
                rows.0.push(row.id);
                rows.1.places.push(place);
                rows.1.labels.push(label);
            }
            Ok(())
        });
        match walked {
            Ok(()) => Ok(Some(rows)),
            Err(Stop::ForSqlite) => Ok(None),
            Err(Stop::Damaged(error)) => Err(damaged(error)),
        }
    }

    /// Place and label of a row's image, if it has one.
    fn sample(&self, row: &Row<'_>, seen: &mut PageSet) -> Result<Option<(Place, i64)>, Stop> {
        let bytes = match self.image.of(row)? {
            Field::Blob(bytes) => bytes,
            Field::Null => return Ok(None),
            _ => return Err(Stop::ForSqlite),
        };
        let (file, offset) = match row.on_leaf(&bytes) {
            Some(offset) => (WHOLE, offset),
            None => (SPILLED, row.at),
        };
        let place = Place {
            file,
            // Below the greatest length of a row.
            len: bytes.len() as u32,
            offset: offset as u64,
        };
        let label = match self.label.map(|label| label.of(row)).transpose()? {
            None | Some(Field::Null) => NO_LABEL,
            Some(Field::Bit(label)) => label,
            Some(Field::Integer(bytes)) => {
                let mut number = Vec::with_capacity(8);
                row.read_noting(&bytes, seen, &mut number)?;
                integer(&number)
            }
            Some(_) => return Err(Stop::ForSqlite),
        };
        Ok(Some((place, label)))
    }
}

/// Why a walk ends early.
enum Stop {
    ForSqlite,
    Damaged(PageError),
}

impl From<PageError> for Stop {
    fn from(error: PageError) -> Self {
        Self::Damaged(error)
    }
}

impl StoredColumn {
    /// The column's field of a row.
    fn of(self, row: &Row<'_>) -> Result<Field, Stop> {
        match row.field(self.field)? {
            Field::Missing if self.has_default => Err(Stop::ForSqlite),
            Field::Missing => Ok(Field::Null),
            field => Ok(field),
        }
    }
}

/// Which field a column is; `None` where fields are not columns.
fn stored_column(
    connection: &Connection,
    column: Column<'_>,
) -> rusqlite::Result<Option<StoredColumn>> {
    let mut select = connection.prepare(
        "select name, hidden, dflt_value is not null, pk > 0 from pragma_table_xinfo(?1) order by cid",
    )?;
    let mut rows = select.query([column.table])?;
    let mut found = None;
    let mut field = 0;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? != 0 {
            return Ok(None);
        }
        if row.get_ref(0)?.as_str()? == column.column {
            found = Some(StoredColumn {
                field,
                has_default: row.get(2)?,
                is_key: row.get(3)?,
            });
        }
        field += 1;
    }
    Ok(found)
}

/// Whether a column gives integers: one of type `real` gives others than it stores.
fn holds_integers(connection: &Connection, column: Column<'_>) -> rusqlite::Result<bool> {
    let is_integer = |value: ValueRef<'_>| matches!(value, ValueRef::Integer(_));
    Ok(column.first(connection, is_integer)?.unwrap_or(true))
}
