//! Images that SQLite is asked for, one by one.

use super::{connection, reader::Column};
use crate::{
    error::BadSampleReason,
    stored::{FetchScratch, StoredSamples},
};
use rusqlite::{Connection, types::ValueRef};
use std::path::{Path, PathBuf};

/// Samples that are values of a column, of the rows of these numbers.
pub(super) struct QueriedRows {
    path: PathBuf,
    select: String,
    ids: Vec<i64>,
}

/// What a thread keeps.
#[derive(Default)]
struct ThreadState {
    connection: Option<Connection>,
    image: Vec<u8>,
}

impl QueriedRows {
    pub(super) fn new(path: &Path, images: Column<'_>, ids: Vec<i64>) -> Self {
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

impl StoredSamples for QueriedRows {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let id = self
            .ids
            .get(index as usize)
            .ok_or(BadSampleReason::Missing)?;
        let thread = scratch.state(ThreadState::default);
        match self.read(*id, thread) {
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
