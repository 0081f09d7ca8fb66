//! Connections to a database that nobody writes.

use crate::LayoutError;
use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};
use std::path::Path;

/// Bytes that SQLite maps at most; its own bound is the same.
const MAX_MAPPED: i64 = 0x7FFF_0000;

/// Bytes of the largest value: that of the largest image, as f32.
const MAX_VALUE: i32 = 1 << 30;

/// Opens a database for reading, without locks: it must not be written meanwhile.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri(path), flags)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE)?;
    // A schema is part of the file, and so of whoever made it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "mmap_size", MAX_MAPPED)?;
    Ok(connection)
}

/// The path as SQLite wants it, with what would mean something else written by number
/// (<https://www.sqlite.org/uri.html>).
fn uri(path: &Path) -> String {
    use std::fmt::Write;
    let mut uri = "file:".to_owned();
    // Two slashes at the start would name a machine.
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                uri.push(char::from(*byte));
            }
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    let uri = uri.replacen("file://", "file:/%2F", 1);
    format!("{uri}?immutable=1")
}

/// Turns what SQLite says into an error of the file.
pub(super) fn refused(path: &Path) -> impl Fn(rusqlite::Error) -> LayoutError + '_ {
    move |error| LayoutError::container(path, 0, format!("SQLite says: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{open, uri};
    use std::path::Path;

    #[test]
    fn paths_with_signs_of_their_own_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b?c#d%20é&e=f");
        let written = rusqlite::Connection::open(&path).unwrap();
        written.execute_batch("create table t(a)").unwrap();
        drop(written);
        let tables: i64 = open(&path)
            .unwrap()
            .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 1);
        assert_eq!(uri(Path::new("//a")), "file:/%2Fa?immutable=1");
        assert!(open(Path::new("/no/such/file")).is_err());
    }
}
