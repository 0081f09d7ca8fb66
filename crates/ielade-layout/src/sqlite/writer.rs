use super::{
    DATA_FILE,
    connection::refused,
    meta,
    reader::{self, Column, LABELS_OF_STORES},
    walk::PlainTable,
};
use crate::{
    LayoutError, LayoutWriter, digest,
    index::{INDEX_FILE, SampleIndex},
    mapped::MappedFile,
    payload::ExpectedPayload,
    registry::StorePlan,
};
use ielade_core::{Sample, manifest::DataFile};
use rusqlite::{Connection, params};
use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Bytes of a page, at least and at most; SQLite has none larger.
const PAGE_BYTES: [i64; 2] = [8 << 10, 64 << 10];

/// Bytes of a page that are no rows, and about those of a row that are not its image.
const PAGE_HEAD: i64 = 8;
const ROW_HEAD: i64 = 64;

/// Samples below which pages of the greatest size would be empty for the most part.
const FEW_SAMPLES: u32 = 1000;

/// KiB of pages that are held in memory.
const CACHE_KIB: i32 = 16 << 10;

const SCHEMA: &str = "
create table meta (key text primary key not null, value text not null) without rowid;
create table classes (id integer primary key, name text not null);
create table samples (
    id integer primary key,
    key text not null,
    label integer references classes (id),
    image blob not null
);
";

const INSERT: &str = "insert into samples (id, key, label, image) values (?1, ?2, ?3, ?4)";

/// Where the file's head counts its changes: how often it was changed, and for which of these
/// changes its size is valid.
const CHANGES: [u64; 2] = [24, 92];

/// Opens a folder to write `data.sqlite`.
pub(super) fn create(plan: &StorePlan<'_>) -> Result<Box<dyn LayoutWriter>, LayoutError> {
    let path = plan.folder.join(DATA_FILE);
    let expected = ExpectedPayload::of(plan, super::CONTAINER.name)?;
    let connection = if plan.written == 0 {
        begin(&path, plan).map_err(refused(&path))?
    } else {
        go_on(&path, plan.written)?
    };
    Ok(Box::new(SqliteWriter {
        folder: plan.folder.to_owned(),
        path,
        connection,
        expected,
        written: plan.written,
    }))
}

/// Makes an empty database; leaves a transaction open.
fn begin(path: &Path, plan: &StorePlan<'_>) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", page_bytes(plan))?;
    configure(&connection)?;
    connection.execute_batch("begin")?;
    connection.execute_batch(SCHEMA)?;
    describe(&connection, plan)?;
    Ok(connection)
}

/// The smallest pages that hold whole rows and have room to spare for no more than an eighth of
/// themselves: what goes on in overflow pages has to be put together when it is read. Of compressed
/// images nobody knows the size yet.
fn page_bytes(plan: &StorePlan<'_>) -> i64 {
    let [least, most] = PAGE_BYTES;
    let row = match (plan.encoding.element(), plan.shape.fixed()) {
        (Some(element), Some(spec)) => (spec.values() * element.size()) as i64 + ROW_HEAD,
        _ if plan.expected < FEW_SAMPLES => return least,
        _ => return most,
    };
    let mut page = least;
    while page < most && (page - PAGE_HEAD) / row * row * 8 < page * 7 {
        page *= 2;
    }
    page
}

/// Fills the tables `meta` and `classes`.
fn describe(connection: &Connection, plan: &StorePlan<'_>) -> rusqlite::Result<()> {
    let mut insert = connection.prepare("insert into meta values (?1, ?2)")?;
    for (key, value) in meta::rows(plan.encoding, plan.shape) {
        insert.execute([key, value])?;
    }
    let mut insert = connection.prepare("insert into classes values (?1, ?2)")?;
    for (id, name) in plan.classes.iter().enumerate() {
        insert.execute(params![id as i64, name])?;
    }
    Ok(())
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    // Nobody else may read or write the file of an unfinished store.
    connection.pragma_update(None, "locking_mode", "exclusive")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)
}

/// Opens a database that was broken off; leaves a transaction open.
fn go_on(path: &Path, written: u32) -> Result<Connection, LayoutError> {
    if !path.is_file() {
        return Err(LayoutError::MissingFile {
            path: path.to_owned(),
        });
    }
    let refused = refused(path);
    let connection = Connection::open(path).map_err(&refused)?;
    configure(&connection).map_err(&refused)?;
    // What a killed process had not completed is taken back here.
    let found: (i64, Option<i64>) = connection
        .query_row("select count(*), max(id) from samples", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .map_err(&refused)?;
    // Rows too many could be deleted, but the file would not be that of an unbroken run.
    if found != (written.into(), Some(i64::from(written) - 1)) {
        return Err(LayoutError::Mismatch {
            path: path.to_owned(),
            reason: format!("it has {} samples where {written} belong", found.0),
        });
    }
    connection.execute_batch("begin").map_err(&refused)?;
    Ok(connection)
}

struct SqliteWriter {
    folder: PathBuf,
    path: PathBuf,
    connection: Connection,
    expected: ExpectedPayload,
    written: u32,
}

impl LayoutWriter for SqliteWriter {
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError> {
        self.expected.label(sample)?;
        let bytes = self.expected.bytes(sample)?;
        let row = params![self.written, sample.key, sample.label, bytes];
        self.connection
            .prepare_cached(INSERT)
            .and_then(|mut insert| insert.execute(row))
            .map_err(|error| self.failed(error))?;
        self.written += 1;
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<(), LayoutError> {
        self.connection
            .execute_batch("commit; begin")
            .map_err(|error| self.failed(error))
    }

    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError> {
        self.connection
            .execute_batch("commit")
            .map_err(|error| self.failed(error))?;
        let Self {
            folder,
            path,
            connection,
            ..
        } = *self;
        let table = PlainTable::find(&connection, Column::OF_STORES, Some(LABELS_OF_STORES))
            .map_err(refused(&path))?;
        connection
            .close()
            .map_err(|(_, error)| refused(&path)(error))?;
        forget_changes(&path).map_err(LayoutError::io("write", &path))?;
        let map = MappedFile::open(&path)?;
        let (data, index) = rayon::join(
            || digest::data_bytes(DATA_FILE, map.bytes()),
            || index(&path, &map, table.as_ref()),
        );
        index?.write_into_store(&folder, &[path])?;
        Ok(vec![data, digest::data_file(&folder, INDEX_FILE)?])
    }
}

/// Where the images lie, so that opening a store reads none of them.
fn index(
    path: &Path,
    map: &MappedFile,
    table: Option<&PlainTable>,
) -> Result<SampleIndex, LayoutError> {
    let Some(table) = table else {
        let reason = "SQLite made another table than it was told to";
        return Err(LayoutError::container(path, 0, reason));
    };
    reader::index(table, path, map)
}

impl SqliteWriter {
    /// SQLite's own error, or the system's where the disk is full.
    fn failed(&self, error: rusqlite::Error) -> LayoutError {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => {
                LayoutError::io("write", &self.path)(std::io::ErrorKind::StorageFull.into())
            }
            _ => refused(&self.path)(error),
        }
    }
}

/// Sets the numbers of changes to 1, so that they do not tell how often the run was broken off.
fn forget_changes(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    for at in CHANGES {
        file.write_all_at(&1_u32.to_be_bytes(), at)?;
    }
    file.sync_data()
}
