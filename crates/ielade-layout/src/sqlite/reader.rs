use super::{
    DATA_FILE,
    connection::{self, refused},
    meta,
};
use crate::{
    LayoutError, LayoutReader, StoreFolder,
    error::BadSampleReason,
    stored::{FetchScratch, SampleForm, StoreReader, StoredSamples, labels::Labels},
};
use ielade_core::sample::NO_LABEL;
use rusqlite::{Connection, types::ValueRef};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

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
    let labels = labels(&connection, &path, manifest.count)?;
    let labels = Labels::check(labels, manifest.count, manifest.classes.len(), &path)?;
    let samples = Rows::new(&path, Column::OF_STORES, RowIds::Dense(manifest.count));
    Ok(Box::new(StoreReader::new(store, form, labels, samples)))
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

/// The labels of samples 0 to `count`, which are all that there are. Read by the index on labels,
/// which is a small part of the file.
fn labels(connection: &Connection, path: &Path, count: u32) -> Result<Vec<i64>, LayoutError> {
    /// Stands where no label was found yet.
    const UNKNOWN: i64 = i64::MIN;
    let refused = refused(path);
    let mut labels = Vec::new();
    let mut select = connection
        .prepare("select id, label from samples indexed by samples_label")
        .map_err(&refused)?;
    let mut rows = select.query([]).map_err(&refused)?;
    while let Some(row) = rows.next().map_err(&refused)? {
        let (id, label) = row
            .get(0)
            .and_then(|id| Ok((id, row.get::<_, Option<i64>>(1)?)))
            .map_err(&refused)?;
        let wrong = |id: i64, what: &str| LayoutError::Mismatch {
            path: path.to_owned(),
            reason: format!("sample {id} {what}"),
        };
        let index = u32::try_from(id).ok().filter(|index| *index < count);
        let Some(index) = index.map(|index| index as usize) else {
            return Err(wrong(id, &format!("is there, though there are {count}")));
        };
        // Grows with what is found, and not with what a manifest tells.
        if labels.len() <= index {
            labels.resize(index + 1, UNKNOWN);
        }
        if labels[index] != UNKNOWN {
            return Err(wrong(id, "is there twice"));
        }
        labels[index] = label.unwrap_or(NO_LABEL);
    }
    Ok(labels)
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
}

/// A name as SQL has it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The rows that samples are.
pub(super) enum RowIds {
    /// So many, from 0.
    Dense(u32),
    Each(Vec<i64>),
}

impl RowIds {
    fn get(&self, index: u32) -> Option<i64> {
        match self {
            Self::Dense(count) => (index < *count).then_some(index.into()),
            Self::Each(ids) => ids.get(index as usize).copied(),
        }
    }
}

/// Samples that are values of a column.
pub(super) struct Rows {
    path: PathBuf,
    select: String,
    ids: RowIds,
}

/// What a thread keeps.
#[derive(Default)]
struct ThreadState {
    connection: Option<Connection>,
    image: Vec<u8>,
}

impl Rows {
    pub(super) fn new(path: &Path, images: Column<'_>, ids: RowIds) -> Self {
        let (table, column) = images.quoted();
        Self {
            path: path.to_owned(),
            select: format!("select {column} from {table} where rowid = ?1"),
            ids,
        }
    }

    fn read(&self, id: i64, thread: &mut ThreadState) -> rusqlite::Result<()> {
        let ThreadState { connection, image } = thread;
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(connection::open(&self.path)?),
        };
        image.clear();
        let mut select = connection.prepare_cached(&self.select)?;
        select.query_row([id], |row| {
            match row.get_ref(0)? {
                ValueRef::Blob(bytes) => image.extend_from_slice(bytes),
                other => {
                    let kind = other.data_type();
                    return Err(rusqlite::Error::InvalidColumnType(
                        0,
                        self.select.clone(),
                        kind,
                    ));
                }
            }
            Ok(())
        })
    }
}

impl StoredSamples for Rows {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let id = self.ids.get(index).ok_or(BadSampleReason::Missing)?;
        let thread = scratch.state(ThreadState::default);
        match self.read(id, thread) {
            Ok(()) => Ok(&thread.image),
            Err(rusqlite::Error::QueryReturnedNoRows) => Err(BadSampleReason::Missing),
            Err(error) => Err(BadSampleReason::Damaged {
                offset: 0,
                reason: format!("SQLite says: {error}"),
            }),
        }
    }

    fn path(&self, _index: u32) -> PathBuf {
        self.path.clone()
    }
}
