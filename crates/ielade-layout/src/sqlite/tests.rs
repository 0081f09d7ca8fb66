//! What is found by walking a file's pages, against what SQLite finds in it, and what becomes of
//! damaged pages.

use super::{connection, reader::Column, rows::MappedRows, walk::PlainTable};
use crate::{
    mapped::MappedFile,
    stored::{FetchScratch, StoredSamples},
};
use ielade_core::sample::NO_LABEL;
use proptest::prelude::*;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

const IMAGES: Column<'static> = Column {
    table: "t",
    column: "image",
};

/// Number, label and image of a row.
type Row = (i64, i64, Vec<u8>);

/// What SQLite finds.
fn by_sqlite(path: &Path) -> Vec<Row> {
    let connection = connection::open(path).unwrap();
    let mut select = connection
        .prepare("select rowid, label, image from t where image is not null order by rowid")
        .unwrap();
    let rows = select.query_map([], |row| {
        let label: Option<i64> = row.get(1)?;
        Ok((row.get(0)?, label.unwrap_or(NO_LABEL), row.get(2)?))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// What the walk finds; `None` where it leaves the table to SQLite.
fn by_walk(path: &Path) -> Result<Option<Vec<Row>>, String> {
    let connection = connection::open(path).map_err(|error| error.to_string())?;
    let table = PlainTable::find(&connection, IMAGES, Some("label"));
    let Some(table) = table.map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let map = MappedFile::open(path).unwrap();
    let rows = table.rows(path, map.bytes());
    let Some((ids, index)) = rows.map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let samples = MappedRows::new((path, map), &table, index.places).unwrap();
    let mut scratch = FetchScratch::default();
    let image = |index| {
        let fetched = samples.fetch(index, &mut scratch);
        fetched
            .map(<[u8]>::to_vec)
            .map_err(|error| error.to_string())
    };
    let images: Result<Vec<_>, String> = (0..ids.len() as u32).map(image).collect();
    let labelled = ids.into_iter().zip(index.labels).zip(images?);
    Ok(Some(
        labelled
            .map(|((id, label), image)| (id, label, image))
            .collect(),
    ))
}

/// A database of these lines of SQL.
fn made(folder: &Path, lines: &[&str]) -> (PathBuf, Connection) {
    let path = folder.join("made");
    let _ = std::fs::remove_file(&path);
    let database = Connection::open(&path).unwrap();
    database
        .execute_batch("pragma synchronous = off; pragma journal_mode = memory")
        .unwrap();
    for line in lines {
        database.execute_batch(line).unwrap();
    }
    (path, database)
}

/// Bytes of an image, no two alike.
fn image(number: i64, len: usize) -> Vec<u8> {
    (0..len as i64)
        .map(|at| (at * 31 + at / 251 + number) as u8)
        .collect()
}

/// How a database is made.
#[derive(Debug, Clone)]
struct Making {
    page: u32,
    auto_vacuum: u8,
    columns: &'static str,
    /// Number, label and length of the image.
    rows: Vec<(i64, Option<i64>, Option<usize>)>,
    /// Every so manieth row is deleted again.
    deleted: i64,
    vacuum: bool,
}

fn makings() -> impl Strategy<Value = Making> {
    let columns = prop::sample::select(vec![
        "image blob, label integer",
        "label integer, image blob",
        "id integer primary key, image, label",
        "key text default 'a key', label int, image blob not null default x'00', more text",
    ]);
    let label = prop_oneof![
        Just(None),
        (-1_i64..3).prop_map(Some),
        any::<i64>().prop_map(Some)
    ];
    let length = prop_oneof![4 => (0_usize..3000).prop_map(Some), 1 => (0_usize..200_000).prop_map(Some), 1 => Just(None)];
    let id = prop_oneof![-50_i64..400, any::<i64>()];
    (
        (9_u32..=16).prop_map(|bits| 1 << bits),
        0_u8..3,
        columns,
        prop::collection::vec((id, label, length), 0..80),
        2_i64..6,
        any::<bool>(),
    )
        .prop_map(
            |(page, auto_vacuum, columns, rows, deleted, vacuum)| Making {
                page,
                auto_vacuum,
                columns,
                rows,
                deleted,
                vacuum,
            },
        )
}

impl Making {
    fn make(&self, folder: &Path) -> PathBuf {
        let head = format!(
            "pragma page_size = {}; pragma auto_vacuum = {}; create table t ({});",
            self.page, self.auto_vacuum, self.columns
        );
        let (path, database) = made(folder, &[&head, "begin"]);
        for (id, label, length) in &self.rows {
            let bytes = length.map(|length| image(*id, length));
            // Rows of a number that is there, or without an image where there must be one, are left out.
            database
                .execute(
                    "insert or ignore into t (rowid, label, image) values (?, ?, ?)",
                    params![id, label, bytes],
                )
                .unwrap();
        }
        let delete = format!("commit; delete from t where rowid % {} = 0", self.deleted);
        database.execute_batch(&delete).unwrap();
        if self.vacuum {
            database.execute_batch("vacuum").unwrap();
        }
        path
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_walk_finds_what_sqlite_finds(making in makings()) {
        let folder = tempfile::tempdir().unwrap();
        let path = making.make(folder.path());
        prop_assert_eq!(by_walk(&path).unwrap().unwrap(), by_sqlite(&path));
    }
}

#[test]
fn rows_older_than_a_column_are_read_as_sqlite_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let lines = [
        "create table t (image blob)",
        "insert into t values (x'0102'), (null), (x'03')",
        "alter table t add column label integer",
        "insert into t values (x'04', 7)",
    ];
    let (path, _) = made(folder.path(), &lines);
    let found = by_walk(&path).unwrap().unwrap();
    assert_eq!(found, by_sqlite(&path));
    assert_eq!(found[0], (1, NO_LABEL, vec![1, 2]));
    let mut lines = lines;
    lines[2] = "alter table t add column label integer default 5";
    let (path, _) = made(folder.path(), &lines);
    assert_eq!(by_walk(&path), Ok(None));
}

#[test]
fn what_does_not_lie_in_rows_as_it_is_asked_for_is_left_to_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    for lines in [
        [
            "create table t (image blob primary key, label int) without rowid",
            "insert into t values (x'01', 1)",
        ],
        [
            "create table t (image blob, label int, a as (label + 1))",
            "insert into t values (x'01', 1)",
        ],
        [
            "create table t (a as (1) stored, image blob, label int)",
            "insert into t values (x'01', 1)",
        ],
        [
            "create table t (image blob, label real)",
            "insert into t values (x'01', 1)",
        ],
        [
            "create table t (image blob, label text)",
            "insert into t values (x'01', 'one')",
        ],
        [
            "create table t (image blob, label int)",
            "insert into t values (x'01', 1), (x'02', 'two')",
        ],
        [
            "create table t (image blob, label int)",
            "insert into t values (x'01', 1), ('text', 2)",
        ],
        [
            "create table t (image blob, label integer primary key)",
            "insert into t values (x'01', 1)",
        ],
        [
            "create table a (b blob, label int)",
            "insert into a values (x'01', 1); create view t as select b as image, label from a",
        ],
    ] {
        let (path, _) = made(folder.path(), &lines);
        assert_eq!(by_walk(&path), Ok(None), "{lines:?}");
    }
}

#[test]
fn names_and_values_of_odd_kinds_are_found() {
    let folder = tempfile::tempdir().unwrap();
    // So many columns that the kinds of a row's fields do not lie on its leaf.
    let many: Vec<String> = (0..600)
        .map(|column| format!("c{column} default 'some text'"))
        .collect();
    let create = format!("create table t ({}, label int, image blob)", many.join(","));
    let lines = [
        "pragma page_size = 512",
        &create,
        "insert into t (image, label) values (x'01', 3)",
    ];
    let (path, _) = made(folder.path(), &lines);
    assert_eq!(by_walk(&path), Ok(None));
    assert_eq!(by_sqlite(&path), [(1, 3, vec![1])]);
}

/// A table of three levels, with rows on leaves and rows that go on in overflow pages.
fn deep(folder: &Path) -> (PathBuf, Vec<u8>) {
    let lines = ["pragma page_size = 512; create table t (label int, image blob); begin"];
    let (path, database) = made(folder, &lines);
    for id in 0..600 {
        let bytes = image(id, if id % 50 == 0 { 2000 } else { 150 });
        let row = params![id, id % 7, bytes];
        database
            .execute("insert into t (rowid, label, image) values (?, ?, ?)", row)
            .unwrap();
    }
    database.execute_batch("commit").unwrap();
    drop(database);
    let file = std::fs::read(&path).unwrap();
    (path, file)
}

/// Walks a changed file.
fn changed(
    path: &Path,
    file: &[u8],
    changes: &[(usize, &[u8])],
) -> Result<Option<Vec<Row>>, String> {
    let mut other = file.to_vec();
    for (at, bytes) in changes {
        other[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    std::fs::write(path, other).unwrap();
    by_walk(path)
}

/// First bytes of the pages of a kind, behind the first page.
fn pages(file: &[u8], kind: u8) -> Vec<usize> {
    (512..file.len())
        .step_by(512)
        .filter(|at| file[*at] == kind)
        .collect()
}

#[test]
fn damaged_pages_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = deep(folder.path());
    assert_eq!(by_walk(&path).unwrap().unwrap(), by_sqlite(&path));
    // The root stays where it was first: in the second page.
    let root = 512;
    assert!(file[root] == 5 && pages(&file, 5).len() > 3);
    let leaf = pages(&file, 13)[1];
    let cell = leaf + usize::from(u16::from_be_bytes([file[leaf + 8], file[leaf + 9]]));
    let pointers = [file[leaf + 8], file[leaf + 9]];
    for (at, bytes, expected) in [
        (root + 8, &[0, 0, 0, 2][..], "a cycle"),
        (root + 8, &[0, 0, 0, 0], "page 0 is asked for"),
        (root + 8, &[255; 4], "page 4294967295 is asked for"),
        (root + 8, &[0, 0, 0, 1], "kind 0x53"),
        (leaf, &[10], "kind 0x0a"),
        (leaf + 3, &[255, 255], "65535 cells"),
        (leaf + 8, &[0, 0], "outside its page"),
        (leaf + 8, &[2, 0], "outside its page"),
        (leaf + 10, &pointers, "after a greater one"),
        (cell, &[255; 9], "a row of 18446744073709551615 bytes"),
        (cell, &[0xfe, 0x7f], "longer than the file"),
        (cell + 2, &[0], "comes after a greater one"),
    ] {
        let error = changed(&path, &file, &[(at, bytes)]).expect_err(expected);
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains("made"), "{error}");
    }
    // A cell in the last byte of its page, where its length has one more.
    let changes = [(leaf + 8, &[1, 255][..]), (leaf + 511, &[0x80])];
    let error = changed(&path, &file, &changes).unwrap_err();
    assert!(error.contains("leaves its page"), "{error}");
}

#[test]
fn damaged_overflow_pages_are_told_when_their_image_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = deep(folder.path());
    let content = image(300, 2000);
    // An overflow page that is neither the first nor the last of its row.
    let inner = (512..file.len()).step_by(512).find(|at| {
        let next = u32::from_be_bytes(file[*at..at + 4].try_into().unwrap());
        next > 0
            && content
                .windows(508)
                .any(|bytes| *bytes == file[at + 4..at + 512])
    });
    let inner = inner.unwrap();
    let itself = (inner as u32 / 512 + 1).to_be_bytes();
    for (next, expected) in [
        ([0; 4], "page 0 is asked for"),
        ([255; 4], "page 4294967295 is asked for"),
        (itself, "more overflow pages than the row has"),
    ] {
        let error = changed(&path, &file, &[(inner, &next)]).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn rows_that_share_overflow_pages_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lines = ["pragma page_size = 512; create table t (image blob, label int)"];
    let (path, database) = made(folder.path(), &lines);
    let bytes = image(1, 2000);
    for label in [400, 500] {
        database
            .execute("insert into t values (?, ?)", params![bytes, label])
            .unwrap();
    }
    drop(database);
    let file = std::fs::read(&path).unwrap();
    let leaf = 512;
    let end = |pointer: usize| {
        // The row's first part ends before the other row, or at the end of the page.
        let at = u16::from_be_bytes([file[leaf + pointer], file[leaf + pointer + 1]]);
        leaf + usize::from(at)
    };
    let (first, second) = (end(8), end(10));
    // Rows are put from the page's end on.
    assert!(second < first);
    let number = file[first - 4..first].to_vec();
    let of_first = leaf + 512 - 4;
    let error = changed(&path, &file, &[(of_first, &number)]).unwrap_err();
    assert!(error.contains("reached twice"), "{error}");
}

#[test]
fn no_changed_byte_of_a_page_makes_a_walk_panic_or_find_rows_without_end() {
    let folder = tempfile::tempdir().unwrap();
    let (path, file) = deep(folder.path());
    let file = &file[..file.len()];
    let heads = [pages(file, 5), pages(file, 13)].concat();
    for (number, page) in heads.iter().enumerate().step_by(13) {
        for at in (0..40).step_by(3) {
            for value in [0, 0x7f, 0x80, 0xff] {
                let at = page + (at + number) % 512;
                if let Ok(Some(rows)) = changed(&path, file, &[(at, &[value])]) {
                    let bytes: usize = rows.iter().map(|row| row.2.len()).sum();
                    assert!(bytes <= file.len(), "byte {at}");
                }
            }
        }
    }
}
