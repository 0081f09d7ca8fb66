//! Stores of tables, `parquet` and `arrow`, as scripts find them.

use crate::{
    foreign_files::{check, planes},
    layouts_of,
    source::MemorySource,
    stores::{expected, make, output, read},
};
use ielade_core::{Encoding, ForeignNames, LayoutId};
use ielade_layout::open_any;
use ielade_testing::{Python, Trial, python_with, test};
use std::{collections::BTreeMap, fs, path::Path};

pub(crate) const COUNT: usize = 11;

/// What the scripts that read stores start with. `keep` writes down what was found of a store:
/// label, name and planes of each sample.
const START: &str = "
import glob, json, struct
import datasets, ml_dtypes, numpy as np, pandas, pyarrow as pa
datasets.disable_progress_bars()

def planes(array):
    if array.dtype.kind == 'u':
        array = np.moveaxis(array // 257 if array.dtype == np.uint16 else array, -1, 0).astype(np.uint8)
    return np.ascontiguousarray(array if array.dtype == np.uint8 else array.astype(np.float32)).tobytes()

def keep(store, samples):
    with open(store + 'found', 'wb') as found:
        for label, key, values in samples:
            key = key.encode()
            found.write(struct.pack('<qqq', label, len(key), len(values)) + key + values)

def encoded(store, table, rows):
    # Hugging Face's feature decodes images by Pillow, which knows all but JPEG XL.
    assert isinstance(rows.features['image'], datasets.Image), rows.features
    undecoded = rows.cast_column('image', datasets.Image(decode=False))
    for image, row, found in zip(table['image'].to_pylist(), range(len(rows)), undecoded):
        assert found['image'] == image
        is_jxl = store.endswith('jxl/')
        values = image['bytes'] if is_jxl else planes(np.asarray(rows[row]['image']))
        yield found['label'], image['path'], values
";

/// One test for each variant of a container: the script, which goes over all folders, finds in each
/// store what was stored. All encodings at once, since starting Python takes longer than all else.
pub(crate) fn stores_are_read(container: &'static str, script: &'static str) -> Vec<Trial> {
    let mut variants: BTreeMap<String, Vec<LayoutId>> = BTreeMap::new();
    for layout in layouts_of(container) {
        let variant = layout.container_options.to_string();
        variants.entry(variant).or_default().push(layout);
    }
    let tests = variants.into_iter().map(|(variant, layouts)| {
        let name = format!("{container}:{variant}: pyarrow_and_datasets_load_a_store");
        let modules = python_with(&["datasets", "ml_dtypes", "pandas", "PIL", "pyarrow"]);
        test(name, modules, move |python| {
            check_stores(python, &layouts, script);
        })
    });
    tests.collect()
}

fn check_stores(python: &Python, layouts: &[LayoutId], script: &str) {
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let store = |layout: &LayoutId| folder.path().join(layout.directory_name());
    for layout in layouts {
        make(layout, &store(layout), &source);
    }
    python.run(&format!("{START}{script}"), folder.path());
    for layout in layouts {
        check_found(&store(layout).join("found"), &source, layout);
    }
}

fn check_found(path: &Path, source: &MemorySource, layout: &LayoutId) {
    let found = fs::read(path).unwrap();
    let mut rest = found.as_slice();
    for index in 0..COUNT {
        let mut number = || {
            let (first, others) = rest.split_first_chunk().unwrap();
            rest = others;
            i64::from_le_bytes(*first)
        };
        let (label, key, values) = (number(), number() as usize, number() as usize);
        assert_eq!(label, source.labels[index].map_or(-1, i64::from));
        if layout.encoding.is_compressed_image() {
            assert_eq!(&rest[..key], source.keys[index].as_bytes());
        }
        let values = &rest[key..][..values];
        let found = match layout.encoding {
            Encoding::Jxl => planes(layout, values),
            _ => values.to_vec(),
        };
        let expected = expected(source, index, layout);
        assert!(found == expected, "{layout}, sample {index}");
        rest = &rest[key + values.len()..];
    }
    assert!(rest.is_empty(), "{layout}");
}

/// What the scripts that write files start with: the samples, and tables of them.
pub(crate) const SAMPLES: &str = "
import glob, itertools, json, os
import numpy as np, pyarrow as pa
labels = [int(line) for line in open('labels')]
count = len(labels)
jpegs = [open(f'{index:02}.jpg', 'rb').read() for index in range(count)]
pixels = np.fromfile('pixels', np.uint8).reshape(count, 9, 12, 3)
mean, std = np.float64([0.49, 0.48, 1 / 3]), np.float64([0.25, 0.24, 0.26])
normal = np.moveaxis(pixels * np.float32(1 / (255 * std)) + np.float32(-mean / std), -1, 1)
normal = np.ascontiguousarray(normal.astype(np.float32))
# No label, as tables say it.
missing = [None if label < 0 else label for label in labels]
image = pa.array([{'bytes': jpeg, 'path': f'image {at}.jpg'} for at, jpeg in enumerate(jpegs)],
                 pa.struct({'bytes': pa.binary(), 'path': pa.string()}))
plain = pa.table({'image': image, 'label': labels})

def fixed(array, dtype, shape):
    values = pa.array([one.tobytes() for one in array], pa.binary(array[0].nbytes))
    table = pa.table({'image': values, 'label': labels})
    return table.replace_schema_metadata({'image.shape': json.dumps(shape), 'image.dtype': dtype})

# Columns of all kinds before and behind those that are looked for.
around = pa.table({
    'id': [f'{at}' for at in range(count)], 'boxes': [[at, at + 1] * (at % 3) for at in range(count)],
    'map': pa.array([[('a', at)] for at in range(count)], pa.map_(pa.string(), pa.int64())),
    'when': pa.array(range(count), pa.timestamp('ms')), 'price': pa.array(range(count), pa.decimal128(9, 2)),
    'good': [at % 2 == 0 for at in range(count)], 'nothing': pa.nulls(count), 'score': np.linspace(0, 1, count),
    'meta': [{'a': {'b': at, 'c': None}, 'd': [{'e': 'x'}]} for at in range(count)],
    'thumbnail': pa.array(jpegs[::-1], pa.binary()), 'image': image,
    'kind': pa.array(['x', 'y', None] * 3 + ['x'] * 2).dictionary_encode(), 'label': labels,
    'end': pa.array([[b'a', None]] * count)})
";

/// Names of the files with an ending, in order.
pub(crate) fn names_in(folder: &Path, ending: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name.ends_with(&format!(".{ending}")))
        .collect();
    names.sort_unstable();
    assert!(!names.is_empty());
    names
}

/// Checks all files that are named by what they hold: `jpeg and more.parquet`.
pub(crate) fn check_kinds(folder: &Path, ending: &str, source: &MemorySource, container: &str) {
    for name in names_in(folder, ending) {
        if let Some((kind, _)) = name.split_once(' ') {
            check(&folder.join(&name), source, &format!("{container}/{kind}"));
        }
    }
}

/// Opens a file in which some rows have no image: those are bad samples, the others good.
pub(crate) fn check_holes(path: &Path, source: &MemorySource, holes: &[usize]) {
    let opened = open_any(path, &ForeignNames::default());
    let opened = opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let manifest = opened.reader.manifest();
    let output = output(&manifest.layout, MemorySource::SIZE);
    for index in 0..COUNT {
        let found = read(opened.reader.as_ref(), &[index as u32], output);
        let sample = format!("{}, sample {index}", path.display());
        if holes.contains(&index) {
            let error = found.err().map(|error| error.to_string());
            let error = error.unwrap_or_else(|| panic!("{sample} is read"));
            let said = ["the file is empty", "0 bytes where"].map(|said| error.contains(said));
            let name = path.file_name().unwrap().to_str().unwrap();
            assert!(
                said.contains(&true) && error.contains(name),
                "{sample}: {error}"
            );
            continue;
        }
        let batch = found.unwrap_or_else(|error| panic!("{sample}: {error}"));
        let expected = expected(source, index, &manifest.layout);
        assert!(batch.image_bytes() == expected, "{sample}");
        let label = source.labels[index].map_or(-1, i64::from);
        assert_eq!(batch.labels(), [label], "{sample}");
    }
}
