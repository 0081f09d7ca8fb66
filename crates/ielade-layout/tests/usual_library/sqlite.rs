//! `sqlite` and Python's own library for it.

use crate::{
    for_each, layouts_of,
    opened::{open, refusal},
    source::{Image, MemorySource},
    stores::{expected, make},
};
use ielade_core::{LayoutId, Payload};
use ielade_testing::{Python, Trial, python_with, test};
use std::{fs, path::Path};

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = for_each(
        layouts_of("sqlite").collect(),
        "the_usual_library_reads_a_store",
        &["sqlite3"],
        the_usual_library_reads_a_store,
    );
    let sqlite = |name: &str, body: fn(&Python)| {
        let name = format!("sqlite of others: {name}");
        test(name, python_with(&["sqlite3"]), body)
    };
    tests.push(sqlite(
        "tables_of_any_kind_are_read",
        tables_of_any_kind_are_read,
    ));
    tests.push(sqlite("what_is_not_read_says_so", what_is_not_read_says_so));
    tests.push(sqlite(
        "a_damaged_file_is_an_error",
        a_damaged_file_is_an_error,
    ));
    tests
}

fn the_usual_library_reads_a_store(python: &Python, layout: &LayoutId) {
    const SCRIPT: &str = "
import sqlite3
database = sqlite3.connect('file:store/data.sqlite?immutable=1', uri=True)
query = lambda text: database.execute(text).fetchall()
assert query('pragma integrity_check') == [('ok',)]
assert query('pragma foreign_key_check') == []
print([label for label, in query('select label from samples order by id')])
print([name for name, in query('select name from classes order by id')])
print(dict(query('select * from meta')))
print(query('select key from samples where id = 3'), query('select count(*) from samples where label = 2'))
for id, image in query('select id, image from samples'):
    open(f'image{id}', 'wb').write(image)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(layout, &store, &source);
    let said = python.run(SCRIPT, folder.path());
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "[0, 1, 2, 0, 1, 2, None, 1, 2, 0, 1]");
    assert_eq!(lines[1], "['ant', 'bee', 'cat dog']");
    assert!(lines[2].contains(&format!("'encoding': '{}'", layout.encoding)));
    assert_eq!(
        lines[2].contains("'height': '9'"),
        layout.encoding.element().is_some()
    );
    assert_eq!(lines[3], format!("[('{}',)] [(3,)]", source.keys[3]));
    for index in 0..COUNT {
        let found = fs::read(folder.path().join(format!("image{index}"))).unwrap();
        match (layout.encoding.element(), source.images[index].payload()) {
            (None, Payload::Encoded { encoding, bytes }) if encoding == layout.encoding => {
                assert!(found == bytes, "sample {index}");
            }
            (Some(element), _) => {
                assert_eq!(found.len(), MemorySource::SIZE.values() * element.size());
            }
            _ => {}
        }
    }
    let all: Vec<u8> = (0..COUNT)
        .flat_map(|index| expected(&source, index, layout))
        .collect();
    let opened = open(&store.join("data.sqlite"), (None, None), MemorySource::SIZE).unwrap();
    assert!(opened.pixels == all, "other pixels without a manifest");
    assert_eq!(opened.labels[5..8], [2, -1, 1]);
    assert_eq!(opened.classes, source.classes);
}

/// Images as files, for a script to put somewhere.
fn images(folder: &Path) -> MemorySource {
    let source = MemorySource::of(COUNT, |index| Image::png(index, MemorySource::SIZE));
    for (index, image) in source.images.iter().enumerate() {
        if let Payload::Encoded { bytes, .. } = image.payload() {
            fs::write(folder.join(format!("{index:02}.png")), bytes).unwrap();
        }
    }
    source
}

fn tables_of_any_kind_are_read(python: &Python) {
    const SCRIPT: &str = "
import sqlite3
images = [open(f'{i:02}.png', 'rb').read() for i in range(11)]
def make(name, page, *schema):
    database = sqlite3.connect(name)
    database.execute(f'pragma page_size = {page}')
    for line in schema:
        database.execute(line)
    return database
with make('plain', 512, 'create table t (data blob, y integer)') as d:
    d.executemany('insert into t values (?, ?)', [(image, i % 3) for i, image in enumerate(images)])
# Rows in another order than their numbers, gaps, odd names, columns that mean something else.
with make('odd', 65536, 'create table notes (text)', 'create table \"my \"\"table\" (size int, \"the image\", class int, no integer primary key)') as d:
    for i, image in reversed(list(enumerate(images))):
        d.execute('insert into \"my \"\"table\" values (?, ?, ?, ?)', (len(image), image, i % 3, i * 1000 - 5))
    d.execute('insert into notes values (\"x\")')
    d.execute('insert into \"my \"\"table\" values (0, null, 2, 7777)')
with make('two', 4096, 'create table small (thumb blob, label int)', 'create table large (picture blob, label int, kind int)') as d:
    d.executemany('insert into small values (?, 0)', [(image,) for image in images[:2]])
    d.executemany('insert into large values (?, 7, ?)', [(image, i % 3) for i, image in enumerate(images)])
d = make('wal', 4096, 'pragma journal_mode = wal', 'create table t (image blob, label integer)')
d.executemany('insert into t values (?, ?)', [(image, i % 3) for i, image in enumerate(images)])
d.commit()
d.close()
# Images that go on in overflow pages, behind rows that were deleted, in pages that were moved.
for page in 512, 1024, 4096:
    for vacuum in 'none', 'full', 'incremental':
        name = f'{vacuum}{page}'
        d = make(name, page, f'pragma auto_vacuum = {vacuum}', 'create table t (image blob, label integer, more text)')
        for i, image in enumerate(images):
            d.execute('insert into t values (?, 0, ?)', (bytes(5000), 'x' * 3000))
            d.execute('insert into t values (?, ?, ?)', (image, i % 3, 'y' * 777 * (i % 3)))
        d.execute('delete from t where length(more) = 3000')
        d.commit()
        if vacuum == 'incremental':
            d.execute('pragma incremental_vacuum(9)').fetchall()
        else:
            d.execute('vacuum')
        d.close()
# Rows that SQLite has to be asked for.
with make('generated', 4096, 'create table t (image blob, next as (label + 1), label integer)') as d:
    d.executemany('insert into t values (?, ?)', [(image, i % 3) for i, image in enumerate(images)])
";
    let folder = tempfile::tempdir().unwrap();
    let source = images(folder.path());
    python.run(SCRIPT, folder.path());
    let layout: LayoutId = "sqlite/png".parse().unwrap();
    let all: Vec<u8> = (0..COUNT)
        .flat_map(|index| expected(&source, index, &layout))
        .collect();
    let labels: Vec<i64> = (0..COUNT as i64).map(|index| index % 3).collect();
    for (name, names) in [
        ("plain", (None, None)),
        ("plain", (Some("t.data"), Some("y"))),
        ("odd", (None, None)),
        ("odd", (Some("the image"), Some("class"))),
        ("two", (Some("large.picture"), Some("kind"))),
        ("two", (Some("picture"), Some("large.kind"))),
        ("wal", (None, None)),
        ("none512", (None, None)),
        ("none1024", (None, None)),
        ("none4096", (None, None)),
        ("full512", (None, None)),
        ("full1024", (None, None)),
        ("full4096", (None, None)),
        ("incremental512", (None, None)),
        ("incremental1024", (None, None)),
        ("incremental4096", (None, None)),
        ("generated", (None, None)),
    ] {
        let opened = open(&folder.path().join(name), names, MemorySource::SIZE).unwrap();
        assert!(opened.pixels == all, "{name} {names:?}: {}", opened.guesses);
        assert_eq!(
            opened.labels, labels,
            "{name} {names:?}: {}",
            opened.guesses
        );
    }
}

fn what_is_not_read_says_so(python: &Python) {
    const SCRIPT: &str = "
import os, shutil, sqlite3
image = open('00.png', 'rb').read()
def make(name, *lines):
    with sqlite3.connect(name) as database:
        for line in lines:
            database.execute(*line)
    return database
make('text', ('create table t (a text, b int)',), ('insert into t values (\"x\", 1)',))
make('rowless', ('create table t (name text primary key, image blob) without rowid',), ('insert into t values (\"a\", ?)', (image,)))
make('words', ('create table t (image blob, label text)',), ('insert into t values (?, \"zebra\")', (image,)))
d = make('open', ('pragma journal_mode = wal',), ('create table t (image blob)',), ('insert into t values (?)', (image,)))
shutil.copy('open', 'copied'); shutil.copy('open-wal', 'copied-wal')
";
    let folder = tempfile::tempdir().unwrap();
    images(folder.path());
    python.run(SCRIPT, folder.path());
    for (name, names, reason) in [
        ("text", (None, None), "there are t.a, t.b"),
        ("text", (Some("t.c"), None), "no column \"t.c\""),
        ("text", (Some("t.a"), None), "do not start like images"),
        ("rowless", (None, None), "no such column: rowid"),
        ("words", (None, Some("label")), "the label of row 1 is Text"),
        ("copied", (None, None), "pragma wal_checkpoint"),
    ] {
        let error = refusal(&folder.path().join(name), names);
        assert!(error.contains(reason) && error.contains(name), "{error}");
    }
}

fn a_damaged_file_is_an_error(python: &Python) {
    const SCRIPT: &str = "
import sqlite3
image = open('00.png', 'rb').read()
with sqlite3.connect('made') as d:
    d.execute('pragma page_size = 512')
    d.execute('create table t (image blob, label integer)')
    d.executemany('insert into t values (?, ?)', [(image, i % 3) for i in range(60)])
";
    let folder = tempfile::tempdir().unwrap();
    images(folder.path());
    python.run(SCRIPT, folder.path());
    let path = folder.path().join("made");
    let whole = fs::read(&path).unwrap();
    let names = (None, None);
    let open_all = || open(&path, names, MemorySource::SIZE).map(|opened| opened.labels.len());
    assert_eq!(open_all().unwrap(), 60);
    for cut in (0..whole.len()).step_by(1009) {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = refusal(&path, names);
        assert!(error.contains("made"), "{error}");
    }
    for at in (0..whole.len()).filter(|at| at % 512 < 24 && at % 5 == 0) {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        fs::write(&path, &changed).unwrap();
        if let Ok(found) = open_all() {
            assert!(found <= 60, "byte {at}: {found}");
        }
    }
}
