//! `lmdb` and its usual library.

use crate::{
    for_each, layouts_of,
    opened::{open, refusal},
    source::{Image, MemorySource},
    stores::{expected, make},
};
use ielade_core::{Encoding, LayoutId, Payload};
use ielade_testing::{Python, Trial, python_with, test};
use std::{fs, path::Path};

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = for_each(
        layouts_of("lmdb").collect(),
        "the_usual_library_reads_a_store_and_may_change_it",
        &["lmdb"],
        the_usual_library_reads_a_store_and_may_change_it,
    );
    let lmdb = |name: &str, body: fn(&Python)| {
        let name = format!("lmdb of others: {name}");
        test(name, python_with(&["lmdb"]), body)
    };
    tests.push(lmdb("a_large_tree_is_sound", a_large_tree_is_sound));
    tests.push(lmdb("keys_of_any_kind_are_read", keys_of_any_kind_are_read));
    tests.push(lmdb("what_is_not_read_says_so", what_is_not_read_says_so));
    tests.push(lmdb(
        "a_damaged_file_is_an_error",
        a_damaged_file_is_an_error,
    ));
    tests
}

/// The bytes that a store of this layout holds of a sample.
fn stored(source: &MemorySource, index: usize, layout: &LayoutId) -> Option<Vec<u8>> {
    match (layout.encoding, source.images[index].payload()) {
        (Encoding::Jpeg, Payload::Encoded { bytes, .. }) => Some(bytes.to_vec()),
        _ => None,
    }
}

fn the_usual_library_reads_a_store_and_may_change_it(python: &Python, layout: &LayoutId) {
    const SCRIPT: &str = "
import json, lmdb, os, shutil
assert not os.path.exists('store/lock.mdb')
environment = lmdb.open('store', readonly=True, lock=False)
with environment.begin() as transaction:
    entries = list(transaction.cursor())
    count = int(transaction.get(b'num-samples'))
    keys = [b'image-%09d' % i for i in range(1, count + 1)]
    labels = [int(transaction.get(b'label-%09d' % i)) for i in range(1, count + 1)]
    assert len(entries) == 2 * count + 2 == transaction.stat()['entries']
    meta = json.loads(transaction.get(b'__meta__'))
    print(labels, meta['encoding'], meta['shape'], meta['classes'])
    for i, key in enumerate(keys):
        open(f'image{i}', 'wb').write(transaction.get(key))
environment.close()
assert not os.path.exists('store/lock.mdb')
# What is legal to read may still not be legal to change: pages split, merge and are freed.
shutil.copytree('store', 'changed')
environment = lmdb.open('changed', map_size=1 << 26)
for step in range(40):
    with environment.begin(write=True) as transaction:
        transaction.put(b'another-%03d' % (step * 7 % 40), bytes(step * 100))
        transaction.put(b'image-%09d-' % (step % count + 1), b'x' * 600)
with environment.begin(write=True) as transaction:
    for step in range(40):
        assert transaction.get(b'another-%03d' % (step * 7 % 40)) == bytes(step * 100)
    for step in range(40):
        assert transaction.delete(b'another-%03d' % step)
        transaction.delete(b'image-%09d-' % (step + 1))
with environment.begin() as transaction:
    assert list(transaction.cursor()) == entries
environment.close()
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("store");
    make(layout, &store, &source);
    let said = python.run(SCRIPT, folder.path());
    let shape = match layout.encoding.element() {
        None => "None",
        Some(_) => "[9, 12, 3]",
    };
    let labels = "[0, 1, 2, 0, 1, 2, -1, 1, 2, 0, 1]";
    assert_eq!(
        said,
        format!(
            "{labels} {} {shape} ['ant', 'bee', 'cat dog']\n",
            layout.encoding
        )
    );
    for index in 0..COUNT {
        let found = fs::read(folder.path().join(format!("image{index}"))).unwrap();
        if let Some(bytes) = stored(&source, index, layout) {
            assert!(found == bytes, "sample {index}");
        }
        assert!(!found.is_empty());
    }
    let all: Vec<u8> = (0..COUNT)
        .flat_map(|index| expected(&source, index, layout))
        .collect();
    fs::remove_file(store.join("manifest.json")).unwrap();
    for path in [
        &store,
        &store.join("data.mdb"),
        &folder.path().join("changed/data.mdb"),
    ] {
        // Twice: the second time by the index that the first one left.
        for _ in 0..2 {
            let opened = open(path, (None, None), MemorySource::SIZE).unwrap();
            assert!(opened.pixels == all, "{}", path.display());
            assert_eq!(opened.labels[5..8], [2, -1, 1]);
            assert_eq!(opened.classes, source.classes);
        }
    }
}

fn a_large_tree_is_sound(python: &Python) {
    const SCRIPT: &str = "
import lmdb
environment = lmdb.open('store', map_size=1 << 28)
stat = environment.stat()
assert stat['depth'] == 3 and stat['branch_pages'] > 2, stat
count = stat['entries'] // 2 - 1
with environment.begin() as transaction:
    keys = [key for key, _ in transaction.cursor()]
    assert keys == sorted(keys) and len(keys) == stat['entries']
    for i in range(1, count + 1, 7):
        assert transaction.get(b'image-%09d' % i)[:2] == b'\\xff\\xd8'
    cursor = transaction.cursor()
    assert cursor.set_range(b'label-') and cursor.key() == b'label-000000001'
    assert cursor.last() and cursor.key() == b'num-samples'
with environment.begin(write=True) as transaction:
    for i in range(1, count + 1, 3):
        assert transaction.delete(b'image-%09d' % i)
        assert transaction.put(b'label-%09d' % i, b'0' * 700)
with environment.begin() as transaction:
    assert sum(1 for _ in transaction.cursor()) == stat['entries'] - len(range(1, count + 1, 3))
";
    let folder = tempfile::tempdir().unwrap();
    let layout = "lmdb/jpeg".parse().unwrap();
    make(
        &layout,
        &folder.path().join("store"),
        &MemorySource::jpeg(2_500),
    );
    python.run(SCRIPT, folder.path());
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

fn keys_of_any_kind_are_read(python: &Python) {
    const SCRIPT: &str = "
import lmdb, struct
images = [open(f'{i:02}.png', 'rb').read() for i in range(11)]
def write(name, **options):
    return lmdb.open(name, map_size=1 << 26, max_dbs=4, **options)
with write('text').begin(write=True) as t:
    for i, image in enumerate(images):
        t.put(b'image-%09d' % (i + 1), image)
        t.put(b'label-%09d' % (i + 1), b'%d' % (i % 3))
    t.put(b'num-samples', b'11')
with write('one_file', subdir=False).begin(write=True) as t:
    for i, image in enumerate(images):
        t.put(b'%08d' % i, image)
        t.put(b'%08d_label' % i, struct.pack('<i', i % 3))
    t.put(b'__len__', b'11')
environment = write('databases')
data, labels = environment.open_db(b'data'), environment.open_db(b'labels')
with environment.begin(write=True) as t:
    for i, image in enumerate(images):
        t.put(b'%08d' % i, image, db=data)
        t.put(b'%08d' % i, struct.pack('<q', i % 3), db=labels)
environment = write('integers')
data = environment.open_db(b'pictures', integerkey=True)
with environment.begin(write=True) as t:
    for i, image in enumerate(images):
        t.put(struct.pack('=I', i), image, db=data)
        t.put(b'kind/%04d' % i, b'%d' % (i % 3))
# Pages that were freed and used again.
environment = write('changed')
for turn in range(5):
    with environment.begin(write=True) as t:
        for i, image in enumerate(images):
            t.put(b'%02d.png' % i, images[(i + turn + 1) % 11] * (turn + 1) if turn < 4 else image)
            t.put(b'%02d.cls' % i, b'%d' % (i % 3))
            t.put(b'old/%d/%d' % (turn, i), b'x' * 1000)
            t.delete(b'old/%d/%d' % (turn - 1, i))
";
    let folder = tempfile::tempdir().unwrap();
    let source = images(folder.path());
    python.run(SCRIPT, folder.path());
    let layout: LayoutId = "lmdb/png".parse().unwrap();
    let all: Vec<u8> = (0..COUNT)
        .flat_map(|index| expected(&source, index, &layout))
        .collect();
    let labels: Vec<i64> = (0..COUNT as i64).map(|index| index % 3).collect();
    for (name, names) in [
        ("text", (None, None)),
        ("text", (Some("image-"), Some("label-"))),
        ("one_file", (None, None)),
        ("one_file", (None, Some("_label"))),
        ("databases", (None, None)),
        ("databases", (Some("data"), Some("labels"))),
        ("integers", (None, Some("kind/"))),
        ("changed", (None, None)),
        ("changed", (None, Some(".cls"))),
    ] {
        let opened = open(&folder.path().join(name), names, MemorySource::SIZE).unwrap();
        assert!(opened.pixels == all, "{name} {names:?}: {}", opened.guesses);
        assert_eq!(opened.labels, labels, "{name} {names:?}");
    }
}

fn what_is_not_read_says_so(python: &Python) {
    const SCRIPT: &str = "
import lmdb, pickle
image = open('00.png', 'rb').read()
with lmdb.open('pickled').begin(write=True) as t:
    t.put(b'0', pickle.dumps((image, 1)))
environment = lmdb.open('duplicates', max_dbs=2)
several = environment.open_db(b'several', dupsort=True)
with environment.begin(write=True) as t:
    t.put(b'a', image)
    t.put(b'0', b'1', db=several)
    t.put(b'0', b'2', db=several)
with lmdb.open('words').begin(write=True) as t:
    t.put(b'image-1', image)
    t.put(b'label-1', b'zebra')
";
    let folder = tempfile::tempdir().unwrap();
    images(folder.path());
    python.run(SCRIPT, folder.path());
    let error = refusal(&folder.path().join("pickled"), (None, None));
    assert!(error.contains("pickled values"), "{error}");
    let duplicates = folder.path().join("duplicates");
    let error = refusal(&duplicates, (Some("several"), None));
    assert!(error.contains("MDB_DUPSORT"), "{error}");
    let error = refusal(&duplicates, (None, Some("nothing")));
    assert!(error.contains("0 values for 1 images"), "{error}");
    let words = folder.path().join("words");
    let opened = open(&words, (None, None), MemorySource::SIZE).unwrap();
    assert_eq!(opened.labels, [-1]);
    assert!(
        opened.guesses.contains("are no numbers"),
        "{}",
        opened.guesses
    );
}

fn a_damaged_file_is_an_error(python: &Python) {
    const SCRIPT: &str = "
import lmdb
image = open('00.png', 'rb').read()
environment = lmdb.open('made', max_dbs=2)
data = environment.open_db(b'data')
with environment.begin(write=True) as t:
    for i in range(60):
        t.put(b'%08d' % i, image * (1 + 2 * (i % 3)), db=data)
";
    let folder = tempfile::tempdir().unwrap();
    images(folder.path());
    python.run(SCRIPT, folder.path());
    let path = folder.path().join("made/data.mdb");
    let whole = fs::read(&path).unwrap();
    // With names, so that no index is kept.
    let names = (Some("data"), None);
    let open_all = || open(&path, names, MemorySource::SIZE).map(|opened| opened.labels.len());
    assert_eq!(open_all().unwrap(), 60);
    for cut in (0..whole.len()).step_by(1009) {
        fs::write(&path, &whole[..cut]).unwrap();
        let error = refusal(&path, names);
        assert!(error.contains("data.mdb"), "{error}");
    }
    // Every page's head and pointers, a byte at a time: never a panic, never more images.
    for at in (0..whole.len()).filter(|at| at % 4096 < 48 && at % 3 == 0) {
        let mut changed = whole.clone();
        changed[at] ^= 0x41;
        fs::write(&path, &changed).unwrap();
        if let Ok(found) = open_all() {
            assert!(found <= 60, "byte {at}: {found}");
        }
    }
}
