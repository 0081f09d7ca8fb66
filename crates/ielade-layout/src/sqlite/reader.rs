use super::{
    DATA_FILE,
    connection::{self, refused},
    meta,
    rows::MappedRows,
    walk::PlainTable,
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    index::{INDEX_FILE, SampleIndex},
    mapped::MappedFile,
    stored::{SampleForm, StoreReader, labels::Labels},
};
use rusqlite::{Connection, OptionalExtension, types::ValueRef};
use std::{collections::BTreeMap, path::Path};

/// The column of a store's labels.
pub(super) const LABELS_OF_STORES: &str = "label";

/// Most rows of a table that names or describes something.
const MAX_ROWS: usize = 1 << 20;

/// Opens `data.sqlite` of a store.
pub(super) fn open(store: StoreFolder) -> Result<Box<dyn LayoutReader>, LayoutError> {
    let form = SampleForm::of_store(&store, super::CONTAINER.name)?;
    let path = store.path(DATA_FILE);
    let refused = refused(&path);
    let connection = connection::open(&path).map_err(&refused)?;
    let manifest = store.manifest();
    let mismatch = |reason: &str| LayoutError::Mismatch {
        path: path.clone(),
        reason: reason.to_owned(),
    };
    let rows = meta_rows(&connection).map_err(&refused)?;
    if rows != meta::rows(manifest.encoding(), manifest.shape) {
        return Err(mismatch("the table meta tells of other images"));
    }
    if class_names(&connection).map_err(&refused)? != manifest.classes {
        return Err(mismatch("the table classes has other names"));
    }
    let table = PlainTable::find(&connection, Column::OF_STORES, Some(LABELS_OF_STORES));
    let Some(table) = table.map_err(&refused)? else {
        return Err(mismatch("the table samples is not one of a store"));
    };
    let map = MappedFile::open(&path)?;
    let is_indexed = manifest.files.iter().any(|file| file.path == INDEX_FILE);
    let index = match is_indexed {
        true => SampleIndex::read_of_store(store.folder(), std::slice::from_ref(&path))?,
        // Those of the first versions have none.
        false => index(&table, &path, &map)?,
    };
    let count = index.places.len();
    if count != manifest.count as usize {
        let reason = format!("it holds {count} samples where {} belong", manifest.count);
        return Err(mismatch(&reason));
    }
    let labels = Labels::check(index.labels, manifest.count, manifest.classes.len(), &path)?;
    let samples = MappedRows::new((&path, map), &table, index.places)?;
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
}

/// Where the images of a store lie, and their labels.
///
/// # Errors
/// Where the rows are not numbered from 0, or not all of them are as a store's.
pub(super) fn index(
    table: &PlainTable,
    path: &Path,
    map: &MappedFile,
) -> Result<SampleIndex, LayoutError> {
    let rows = table.rows(path, map.bytes())?;
    let dense = rows.filter(|(ids, _)| ids.iter().copied().eq(0..ids.len() as i64));
    let index = dense.map(|(_, index)| index);
    index.ok_or_else(|| LayoutError::Mismatch {
        path: path.to_owned(),
        reason: "the rows of the table samples are not those of a store".to_owned(),
    })
}

/// The table `meta`; empty where there is none.
pub(super) fn meta_rows(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    if !connection.table_exists(None, "meta")? {
        return Ok(BTreeMap::new());
    }
    let mut select = connection.prepare("select key, value from meta")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.take(MAX_ROWS).collect()
}

/// The table `classes`, by its `id` from 0 on; empty where there is none.
pub(super) fn class_names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    if !connection.table_exists(None, "classes")? {
        return Ok(Vec::new());
    }
    let mut select = connection.prepare("select id, name from classes order by id")?;
    let mut rows = select.query([])?;
    let mut names = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(0)? != names.len() as i64 || names.len() == MAX_ROWS {
            break;
        }
        names.push(row.get(1)?);
    }
    Ok(names)
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column<'a> {
    pub(super) table: &'a str,
    pub(super) column: &'a str,
}

impl Column<'_> {
    pub(super) const OF_STORES: Column<'static> = Column {
        table: "samples",
        column: "image",
    };

    /// The two names as SQL has them.
    pub(super) fn quoted(&self) -> (String, String) {
        (quoted(self.table), quoted(self.column))
    }

    /// A value that tells what the column holds.
    pub(super) fn first<T>(
        &self,
        connection: &Connection,
        read: impl FnOnce(ValueRef<'_>) -> T,
    ) -> rusqlite::Result<Option<T>> {
        let (table, column) = self.quoted();
        let sql = format!("select {column} from {table} where {column} is not null limit 1");
        connection
            .prepare(&sql)?
            .query_row([], |row| Ok(read(row.get_ref(0)?)))
            .optional()
    }
}

/// A name as SQL has it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
