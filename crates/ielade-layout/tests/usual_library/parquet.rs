//! `parquet`, pyarrow and Hugging Face's `datasets`.

use crate::{
    foreign_files::{check, check_named, write_samples},
    opened::{open, refusal},
    source::MemorySource,
    tables::{COUNT, SAMPLES, check_holes, check_kinds, names_in, stores_are_read},
};
use ielade_core::ForeignNames;
use ielade_testing::{Python, Trial, python_with, test};

pub(crate) fn tests() -> Vec<Trial> {
    let pyarrow = |name: &str, body: fn(&Python)| {
        let name = format!("parquet: {name}");
        test(name, python_with(&["numpy", "pyarrow"]), body)
    };
    let mut tests = stores_are_read("parquet", READER);
    tests.extend([
        pyarrow(
            "ours_reads_what_pyarrow_wrote",
            ours_reads_what_pyarrow_wrote,
        ),
        pyarrow("what_is_not_read_says_so", what_is_not_read_says_so),
        pyarrow(
            "rows_without_an_image_are_bad_and_the_others_good",
            rows_without_an_image_are_bad_and_the_others_good,
        ),
        test(
            "parquet: ours_reads_what_datasets_wrote",
            python_with(&["datasets", "PIL"]),
            ours_reads_what_datasets_wrote,
        ),
    ]);
    tests
}

const READER: &str = "
import pyarrow.parquet as pq

def raw(table):
    shape, dtype = (table.schema.metadata[key].decode() for key in (b'image.shape', b'image.dtype'))
    for image, label in zip(table['image'].to_pylist(), table['label'].to_pylist()):
        yield label, '', planes(np.frombuffer(image, dtype).reshape(json.loads(shape)))

for store in sorted(glob.glob('*/')):
    files = sorted(glob.glob(store + 'train-*.parquet'))
    table = pa.concat_tables([pq.read_table(file, page_checksum_verification=True) for file in files])
    rows = datasets.load_dataset('parquet', data_files=files, split='train')
    assert rows.features['label'].names == ['ant', 'bee', 'cat dog']
    labels = table['label'].to_pylist()
    assert list(rows['label']) == labels
    assert [label for file in files for label in pandas.read_parquet(file)['label']] == labels
    if b'image.shape' in table.schema.metadata:
        assert list(rows['image']) == table['image'].to_pylist()
        keep(store, raw(table))
    else:
        keep(store, encoded(store, table, rows))
    # Single groups and columns, by what the footer tells of each.
    for file in files:
        part = pq.ParquetFile(file)
        groups = [part.read_row_group(at, columns=['label']) for at in range(part.num_row_groups)]
        assert pa.concat_tables(groups).num_rows == part.metadata.num_rows
";

fn ours_reads_what_pyarrow_wrote(python: &Python) {
    const SCRIPT: &str = "
import pyarrow.parquet as pq
def write(name, table=plain, **options):
    pq.write_table(table, name + '.parquet', **options)
u8 = fixed(pixels, 'uint8', [9, 12, 3])
small = dict(data_page_size=1, write_batch_size=1, row_group_size=4, write_page_checksum=True, write_page_index=True)
for compression, version, dictionary in itertools.product(
        ('none', 'snappy', 'gzip', 'zstd', 'lz4'), ('1.0', '2.0'), (True, False)):
    options = dict(compression=compression, data_page_version=version, use_dictionary=dictionary)
    name = f'{compression} {version} {dictionary}'
    for kind, table in (('jpeg', plain), ('u8', u8)):
        write(f'{kind} {name}', table, **options)
        write(f'{kind} {name} in small pages', table, **options, **small)
        # The dictionary is given up when it has a few images.
        write(f'{kind} {name} of a small dictionary', table, **options, dictionary_pagesize_limit=700, write_batch_size=2)
write('u8 planar', fixed(np.ascontiguousarray(np.moveaxis(pixels, -1, 1)), 'uint8', [3, 9, 12]))
write('u16 16 bits', fixed(pixels.astype(np.uint16) * 257, 'uint16', [9, 12, 3]))
write('f32 32 bits', fixed(normal, 'float32', [3, 9, 12]))
write('f16 16 bits', fixed(normal.astype(np.float16), 'float16', [3, 9, 12]))
write('f32 last', fixed(np.ascontiguousarray(np.moveaxis(normal, 1, -1)), 'float32', [9, 12, 3]), compression='none')
for name, type in (('binary', pa.binary()), ('large', pa.large_binary()), ('view', pa.binary_view())):
    write(f'jpeg {name}', pa.table({'image': pa.array(jpegs, type), 'label': labels}))
    required = pa.schema([pa.field('img', type, nullable=False), pa.field('label', pa.int64(), nullable=False)])
    write(f'jpeg required {name}', pa.table([jpegs, labels], required), use_dictionary=False)
for outer, inner in itertools.product((True, False), repeat=2):
    type = pa.struct([pa.field('bytes', pa.binary(), nullable=inner), pa.field('path', pa.string(), nullable=inner)])
    schema = pa.schema([pa.field('image', type, nullable=outer), ('label', pa.int64())])
    for version in '1.0', '2.0':
        write(f'jpeg nullable {outer} {inner} {version}', pa.table([image.to_pylist(), labels], schema), data_page_version=version)
for bits, sign in itertools.product((8, 16, 32, 64), ('int', 'uint')):
    column = pa.array(missing, f'{sign}{bits}')
    for dictionary, version in itertools.product((True, False), ('1.0', '2.0')):
        write(f'jpeg labels {sign}{bits} {dictionary} {version}', pa.table({'image': image, 'label': column}),
              use_dictionary=dictionary, data_page_version=version)
    if sign == 'int':
        write(f'jpeg labels {sign}{bits} negative', pa.table({'image': image, 'label': pa.array(labels, f'int{bits}')}))
write('jpeg labels of a dictionary', pa.table({'image': image, 'label': pa.array(missing).dictionary_encode()}))
for encoding in 'DELTA_BINARY_PACKED', 'BYTE_STREAM_SPLIT':
    for bits in 32, 64:
        column = pa.array(missing, f'int{bits}')
        write(f'jpeg labels {encoding} {bits}', pa.table({'image': image, 'label': column}), use_dictionary=False,
              column_encoding={'label': encoding})
for compression in 'none', 'zstd':
    write(f'jpeg lengths first {compression}', use_dictionary=False, compression=compression,
          column_encoding={'image.bytes': 'DELTA_LENGTH_BYTE_ARRAY', 'image.path': 'DELTA_BYTE_ARRAY'})
    write(f'jpeg one group each {compression}', row_group_size=1, compression=compression)
    write(f'jpeg several {compression}', compression={'image.bytes': compression, 'image.path': 'snappy', 'label': 'gzip'})
for name, options in {
    'without statistics': dict(write_statistics=False), 'without a schema': dict(store_schema=False),
    'spark': dict(flavor='spark'), '1.0': dict(version='1.0'), '2.4': dict(version='2.4'),
    'chunked by content': dict(use_content_defined_chunking=True),
}.items():
    write(f'jpeg {name}', **options)
write('jpeg large metadata', plain.replace_schema_metadata({'notes': 'x' * 5_000_000}))
write('jpeg around', around)
write('jpeg around split', around, row_group_size=5, data_page_version='2.0')
write('jpeg sliced', pa.concat_tables([plain.slice(0, 3), plain, plain.slice(0, 2)]).slice(3, count))
write('named', pa.table({'a': pa.array(jpegs), 'b': labels, 'image': [b'?'] * count, 'label': [0] * count}))
os.makedirs('parts')
write('parts/train-00001-of-00002', plain.slice(4))
write('parts/train-00000-of-00002', plain.slice(0, 4), compression='none')
write('parts/test-00000-of-00001', plain.slice(0, 2))
open('parts/README.md', 'w').write('---')
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    let path = |name: &str| folder.path().join(name);
    check_kinds(folder.path(), "parquet", &source, "parquet");
    let guesses = check(&path("parts"), &source, "parquet/jpeg").join("; ");
    assert!(
        guesses.contains("parts test, train") && guesses.contains("2 files"),
        "{guesses}"
    );
    let names = ForeignNames {
        images: Some("a".to_owned()),
        labels: Some("b".to_owned()),
    };
    check_named(&path("named.parquet"), &source, "parquet/jpeg", &names);
}

fn what_is_not_read_says_so(python: &Python) {
    const SCRIPT: &str = "
import pyarrow.parquet as pq
def write(name, table=plain, **options):
    pq.write_table(table, name + '.parquet', **options)
def column(values, type=None):
    return pa.table({'image': pa.array(values, type), 'label': labels})
flat = [one.ravel().tolist() for one in pixels]
write('brotli', compression='brotli')
write('list', column(flat, pa.list_(pa.uint8())))
write('fixed list', column(flat, pa.list_(pa.uint8(), 324)))
write('nested', column(pixels.tolist(), pa.list_(pa.list_(pa.list_(pa.uint8())))))
tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(pixels)
write('tensor', pa.table({'image': tensor, 'label': labels}))
write('several', column([[jpeg] for jpeg in jpegs], pa.list_(pa.binary())))
write('text', column(['x'] * count))
write('prefixes', column(jpegs, pa.binary()), use_dictionary=False, column_encoding={'image': 'DELTA_BYTE_ARRAY'})
fixed_image = fixed(pixels, 'uint8', [9, 12, 3])
write('split', fixed_image, use_dictionary=False, column_encoding={'image': 'BYTE_STREAM_SPLIT'})
# No square of bytes, nor one of three channels.
write('shapeless', fixed(pixels[:, :, :11], 'uint8', [9, 11, 3]).replace_schema_metadata())
write('misshaped', fixed_image.replace_schema_metadata({'image.shape': '[9, 13, 3]', 'image.dtype': 'uint8'}))
write('empty', plain.slice(0, 0))
write('paths only', pa.table({'image': [{'bytes': None, 'path': 'a.jpg'}] * count, 'label': labels},
      pa.schema([('image', image.type), ('label', pa.int64())])))
write('great labels', pa.table({'image': image, 'label': [2 ** 40] * count}))
write('negative labels', pa.table({'image': image, 'label': [-5] * count}))
os.makedirs('differing')
write('differing/a-1')
write('differing/a-2', plain.select(['label', 'image']))
for name, values in (('text', ['x'] * count), ('float', [0.5] * count), ('truth', [True] * count)):
    write(f'labels of {name}', pa.table({'image': image, 'label': values}))
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    let lists = "write images as bytes";
    for (name, expected) in [
        (
            "brotli",
            "compressed with Brotli, which is not read; write it with zstd",
        ),
        ("list", lists),
        ("fixed list", lists),
        ("nested", lists),
        ("tensor", lists),
        ("several", "lists"),
        ("text", "\"image\" holds text"),
        (
            "prefixes",
            "DELTA_BYTE_ARRAY, which is not read; write it with PLAIN",
        ),
        (
            "split",
            "BYTE_STREAM_SPLIT, which is not read; write it with PLAIN",
        ),
        ("shapeless", "give it the metadata \"image.shape\""),
        ("misshaped", "give it the metadata \"image.shape\""),
        ("empty", "none of 0 samples"),
        ("paths only", "only paths"),
        ("great labels", "label 1099511627776 is too great"),
        ("negative labels", "-5"),
    ] {
        let path = folder.path().join(format!("{name}.parquet"));
        let error = refusal(&path, (None, None));
        assert!(error.contains(expected), "{name}: {error}");
        assert!(
            error.contains(&format!("{name}.parquet")),
            "{name}: {error}"
        );
    }
    let error = refusal(&folder.path().join("differing"), (None, None));
    assert!(
        error.contains("a-2.parquet") && error.contains("not those of"),
        "{error}"
    );
    for (name, what) in [
        ("text", "text"),
        ("float", "floating-point numbers"),
        ("truth", "truth values"),
    ] {
        let path = folder.path().join(format!("labels of {name}.parquet"));
        let said = format!("column \"label\" holds {what}");
        let error = refusal(&path, (None, Some("label")));
        assert!(error.contains(&said), "{error}");
        let opened = open(&path, (None, None), MemorySource::SIZE).unwrap();
        assert_eq!(opened.labels, [-1; COUNT]);
        assert!(opened.guesses.contains(&said), "{}", opened.guesses);
    }
}

fn rows_without_an_image_are_bad_and_the_others_good(python: &Python) {
    const SCRIPT: &str = "
import pyarrow.parquet as pq
values = image.to_pylist()
values[3], values[7] = None, {'bytes': None, 'path': 'x'}
holes = pa.table({'image': pa.array(values, image.type), 'label': labels})
u8 = fixed(pixels, 'uint8', [9, 12, 3])
bytes = u8['image'].to_pylist()
bytes[3] = bytes[7] = None
raw = u8.set_column(0, 'image', pa.array(bytes, u8['image'].type))
for name, table in (('jpeg', holes), ('u8', raw)):
    for compression, version, dictionary in itertools.product(('none', 'zstd'), ('1.0', '2.0'), (True, False)):
        pq.write_table(table, f'{name} {compression} {version} {dictionary}.parquet', compression=compression,
                       data_page_version=version, use_dictionary=dictionary)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    for file in names_in(folder.path(), "parquet") {
        check_holes(&folder.path().join(file), &source, &[3, 7]);
    }
}

fn ours_reads_what_datasets_wrote(python: &Python) {
    const SCRIPT: &str = "
import datasets, PIL.Image
datasets.disable_progress_bars()
names = ['ant', 'bee', 'cat dog']
features = datasets.Features({'image': datasets.Image(), 'label': datasets.ClassLabel(names=names)})
def rows(images):
    return datasets.Dataset.from_dict({'image': images, 'label': labels}, features=features)
written = rows(image.to_pylist())
written.to_parquet('jpeg.parquet')
written.to_parquet('jpeg batches.parquet', batch_size=4)
for at in range(3):
    written.shard(3, at, contiguous=True).to_parquet(f'jpeg shards/train-{at:05}-of-00003.parquet')
written.select(range(2)).to_parquet('jpeg shards/validation-00000-of-00001.parquet')
rows([PIL.Image.fromarray(one) for one in pixels]).to_parquet('png.parquet')
rows([f'{at:02}.jpg' for at in range(count)]).to_parquet('jpeg of files.parquet')
other = written.rename_columns({'image': 'picture', 'label': 'kind'}).add_column('label_of_something', [7] * count)
other.to_parquet('jpeg renamed.parquet')
array = datasets.Features({'image': datasets.Array3D((9, 12, 3), 'uint8'), 'label': datasets.ClassLabel(names=names)})
datasets.Dataset.from_dict({'image': list(pixels), 'label': labels}, features=array).to_parquet('array.parquet')
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    let path = |name: &str| folder.path().join(name);
    for (name, layout) in [
        ("jpeg.parquet", "parquet/jpeg"),
        ("jpeg batches.parquet", "parquet/jpeg"),
        ("jpeg shards", "parquet/jpeg"),
        ("png.parquet", "parquet/png"),
        ("jpeg renamed.parquet", "parquet/jpeg"),
    ] {
        check(&path(name), &source, layout);
        let opened = open(&path(name), (None, None), MemorySource::SIZE).unwrap();
        assert_eq!(opened.classes, source.classes, "{name}");
    }
    let error = refusal(&path("jpeg of files.parquet"), (None, None));
    assert!(error.contains("only paths of images"), "{error}");
    let error = refusal(&path("array.parquet"), (None, None));
    assert!(error.contains("write images as bytes"), "{error}");
}
