//! `arrow`, pyarrow and Hugging Face's `datasets`.

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
        let name = format!("arrow: {name}");
        test(name, python_with(&["numpy", "pyarrow"]), body)
    };
    let mut tests = stores_are_read("arrow", READER);
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
            "arrow: ours_reads_what_datasets_wrote",
            python_with(&["datasets", "PIL"]),
            ours_reads_what_datasets_wrote,
        ),
    ]);
    tests
}

const READER: &str = "
def arrays(chunk):
    values, shape = chunk, [len(chunk)]
    while pa.types.is_fixed_size_list(values.type):
        values, shape = values.flatten(), [*shape, values.type.list_size]
    return values.to_numpy(zero_copy_only=True).reshape(shape)

def raw(table):
    dtype = table.schema.metadata[b'image.dtype'].decode()
    labels = iter(table['label'].to_pylist())
    for chunk in table['image'].chunks:
        for image in arrays(chunk):
            yield next(labels), '', planes(image.view(dtype))

for store in sorted(glob.glob('*/')):
    mapped = pa.memory_map(store + 'train.arrow')
    before = pa.total_allocated_bytes()
    table = pa.ipc.open_file(mapped).read_all()
    assert pa.total_allocated_bytes() == before, 'something was copied'
    table.validate(full=True)
    # What lies behind the magic bytes is a stream.
    stream = pa.py_buffer(open(store + 'train.arrow', 'rb').read())[8:]
    assert pa.ipc.open_stream(stream).read_all() == table
    rows = datasets.load_dataset('arrow', data_files=store + 'train.arrow', split='train')
    assert rows.features['label'].names == ['ant', 'bee', 'cat dog']
    labels = table['label'].to_pylist()
    assert list(rows['label']) == labels == pandas.read_feather(store + 'train.arrow')['label'].tolist()
    if b'image.dtype' in table.schema.metadata:
        stored = np.concatenate([arrays(chunk) for chunk in table['image'].chunks])
        assert np.array_equal(rows.with_format('numpy')['image'][:], stored)
        keep(store, raw(table))
    else:
        keep(store, encoded(store, table, rows))
";

/// Writes files and streams of the same images in every way that there is; the first word of a file's
/// name is what they are.
const WRITER: &str = "
from pyarrow import feather
def write(name, table=plain, kind=pa.ipc.new_file, rows=None, **options):
    ending = 'arrow' if kind == pa.ipc.new_file else 'arrows'
    with kind(f'{name}.{ending}', table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=rows)
u8 = fixed(pixels, 'uint8', [9, 12, 3])
V4 = pa.ipc.MetadataVersion.V4
for kind, rows, compression in itertools.product(
        (pa.ipc.new_file, pa.ipc.new_stream), (None, 1, 4), (None, 'lz4', 'zstd')):
    for name, table in (('jpeg', plain), ('u8', u8), ('jpeg around', around)):
        write(f'{name} {kind.__name__} {rows} {compression}', table, kind, rows, compression=compression)
for kind in pa.ipc.new_file, pa.ipc.new_stream:
    write(f'jpeg version 4 {kind.__name__}', around, kind, metadata_version=V4)
    write(f'jpeg large metadata {kind.__name__}', plain.replace_schema_metadata({'notes': 'x' * 5_000_000}), kind)
    write(f'jpeg deltas {kind.__name__}', pa.concat_tables([around, around.slice(3)]).slice(0, count), kind, 2,
          emit_dictionary_deltas=kind == pa.ipc.new_stream, unify_dictionaries=kind == pa.ipc.new_file)
for compression in 'lz4', 'zstd', 'uncompressed':
    for rows in None, 4:
        feather.write_feather(plain, f'jpeg {compression} {rows}.feather', compression=compression, chunksize=rows)
        feather.write_feather(u8, f'u8 {compression} {rows}.feather', compression=compression, chunksize=rows)
plain.to_pandas().to_feather('jpeg pandas.feather')
def lists(array, *types, shape=None):
    type, values = pa.from_numpy_dtype(array.dtype), array
    for list_type in types:
        type = list_type(type)
    values = array if len(types) == 3 else array.reshape(count, -1)
    table = pa.table({'image': pa.array(list(values) if values.ndim == 2 else values.tolist(), type), 'label': labels})
    return table.replace_schema_metadata({'image.shape': json.dumps(shape)} if shape else None)
def fixed_list(*sizes):
    return [lambda type, size=size: pa.list_(type, size) for size in sizes]
planar = np.ascontiguousarray(np.moveaxis(pixels, -1, 1))
deep = pixels.astype(np.uint16) * 257
for compression in None, 'zstd':
    for name, table in {
        'u8 list': lists(pixels, pa.list_, shape=[9, 12, 3]),
        'u8 large list': lists(pixels, pa.large_list, shape=[9, 12, 3]),
        'u8 fixed list': lists(pixels, *fixed_list(324), shape=[9, 12, 3]),
        'u8 nested': lists(pixels, pa.list_, pa.list_, pa.list_),
        'u8 nested large': lists(pixels, pa.large_list, pa.list_, pa.large_list),
        'u8 nested fixed': lists(pixels, *fixed_list(3, 12, 9)),
        'u8 nested mixed': lists(pixels, *fixed_list(3), pa.list_, *fixed_list(9)),
        'u8 nested planar': lists(planar, *fixed_list(12, 9, 3)),
        'u16 nested': lists(deep, pa.list_, pa.list_, pa.list_),
        'f32 nested': lists(normal, *fixed_list(12, 9, 3)),
        'f32 list': lists(normal, pa.list_, shape=[3, 9, 12]),
        'f16 nested': lists(normal.astype(np.float16), pa.list_, pa.list_, pa.list_),
    }.items():
        write(f'{name} {compression}', table, compression=compression, rows=4)
    for name, array in {'u8': pixels, 'u8 planar': planar, 'u16': deep, 'f32': normal,
                        'f16': normal.astype(np.float16)}.items():
        tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(array)
        write(f'{name} tensor {compression}', pa.table({'image': tensor, 'label': labels}), compression=compression, rows=4)
    for type in pa.binary(), pa.large_binary():
        write(f'jpeg {type} {compression}', pa.table({'image': pa.array(jpegs, type), 'label': labels}), compression=compression)
    for bits, sign in itertools.product((8, 16, 32, 64), ('int', 'uint')):
        table = pa.table({'image': image, 'label': pa.array(missing, f'{sign}{bits}')})
        write(f'jpeg labels {sign}{bits} {compression}', table, compression=compression, rows=3)
required = pa.schema([pa.field('img', pa.binary(), nullable=False), pa.field('label', pa.int8(), nullable=False)])
write('jpeg required', pa.table([jpegs, labels], required))
write('jpeg sliced', pa.concat_tables([plain.slice(0, 3), plain, plain.slice(0, 2)]).slice(3, count).combine_chunks())
for name, table in (('jpeg', plain), ('u8', u8), ('u8 nested', lists(pixels, pa.list_, pa.list_, pa.list_))):
    whole = pa.concat_tables([table.slice(0, 3), table, table.slice(0, 2)]).combine_chunks()
    write(f'{name} sliced', whole.slice(3, count))
    batches = table.to_batches(max_chunksize=4)
    empty = pa.RecordBatch.from_pylist([], schema=table.schema)
    with pa.ipc.new_file(f'{name} empty batches.arrow', table.schema) as writer:
        for batch in [empty, *batches[:2], empty, empty, *batches[2:], empty]:
            writer.write_batch(batch)
for start, views in ((0, 'before'), (1, 'behind')):
    view = pa.table({'view': pa.array([b'x' * at for at in range(count)], pa.binary_view()),
                     'text': pa.array(['y' * at * 3 for at in range(count)], pa.string_view())})
    columns = [*zip(view.column_names, view.columns)]
    columns = columns * (1 - start) + [('image', plain['image']), ('label', plain['label'])] + columns * start
    write(f'jpeg views {views}', pa.table(dict(columns)), rows=4)
listed = pa.table({'view': pa.array([[at] for at in range(count)], pa.list_view(pa.int64())),
                   'runs': pa.array([1] * count).dictionary_encode().dictionary_decode(), 'image': image, 'label': labels})
write('jpeg list views', listed)
runs = pa.RunEndEncodedArray.from_arrays(pa.array([4, count], pa.int32()), pa.array([1, 2]))
write('jpeg runs', pa.table({'runs': runs, 'image': image, 'label': labels}))
unions = {
    'dense': pa.UnionArray.from_dense(pa.array([0] * count, pa.int8()), pa.array(range(count), pa.int32()), [pa.array(range(count))]),
    'sparse': pa.UnionArray.from_sparse(pa.array([0] * count, pa.int8()), [pa.array(range(count))]),
}
for name, union in unions.items():
    write(f'jpeg union {name}', pa.table({'union': union, 'image': image, 'label': labels}))
write('named', pa.table({'a': pa.array(jpegs), 'b': labels, 'image': [b'?'] * count, 'label': [0] * count}))
os.makedirs('parts')
write('parts/train-00001-of-00002', plain.slice(4))
write('parts/train-00000-of-00002', plain.slice(0, 4), compression='zstd')
write('parts/test-00000-of-00001', plain.slice(0, 2))
";

fn ours_reads_what_pyarrow_wrote(python: &Python) {
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{WRITER}"), folder.path());
    for ending in ["arrow", "arrows", "feather"] {
        check_kinds(folder.path(), ending, &source, "arrow");
    }
    let parts = folder.path().join("parts");
    let guesses = check(&parts, &source, "arrow/jpeg").join("; ");
    assert!(
        guesses.contains("parts test, train") && guesses.contains("2 files"),
        "{guesses}"
    );
    let names = ForeignNames {
        images: Some("a".to_owned()),
        labels: Some("b".to_owned()),
    };
    let named = folder.path().join("named.arrow");
    check_named(&named, &source, "arrow/jpeg", &names);
}

fn what_is_not_read_says_so(python: &Python) {
    const SCRIPT: &str = "
def write(name, table=plain, **options):
    with pa.ipc.new_file(name + '.arrow', table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
def column(values, type=None):
    return pa.table({'image': pa.array(values, type), 'label': labels})
flat = [one.ravel() for one in pixels]
write('legacy', use_legacy_format=True, metadata_version=pa.ipc.MetadataVersion.V4)
write('view', column(jpegs, pa.binary_view()))
write('dictionary', pa.table({'image': pa.array(jpegs).dictionary_encode(), 'label': labels}))
write('text', column(['x'] * count))
write('wide', column(flat, pa.list_(pa.int64())))
write('double', column(flat, pa.list_(pa.float64())))
# No square of bytes, nor one of three channels.
write('shapeless', column([one[:297] for one in flat], pa.list_(pa.uint8())))
write('several lengths', column(flat[1:] + [flat[0][:-1]], pa.list_(pa.uint8())))
write('turned', pa.table({'image': pa.ExtensionArray.from_storage(
    pa.fixed_shape_tensor(pa.uint8(), [3, 9, 12], permutation=[1, 2, 0]), pa.array(flat, pa.list_(pa.uint8(), 324))), 'label': labels}))
write('empty', plain.slice(0, 0))
write('paths only', pa.table({'image': [{'bytes': None, 'path': 'a.jpg'}] * count, 'label': labels},
      pa.schema([('image', image.type), ('label', pa.int64())])))
write('great labels', pa.table({'image': image, 'label': [2 ** 40] * count}))
os.makedirs('differing')
write('differing/a-1')
write('differing/a-2', plain.select(['label', 'image']))
open('feather.feather', 'wb').write(b'FEA1' + bytes(60) + b'FEA1')
for name, values in (('text', ['x'] * count), ('float', [0.5] * count),
                     ('dictionary', pa.array(['x'] * count).dictionary_encode())):
    write(f'labels of {name}', pa.table({'image': image, 'label': values}))
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    let shape = "make them arrow.fixed_shape_tensor";
    for (name, expected) in [
        ("legacy.arrow", "before Arrow 0.15"),
        ("view.arrow", "views of bytes; cast them to binary"),
        ("dictionary.arrow", "array.dictionary_decode()"),
        ("text.arrow", "\"image\" holds text"),
        (
            "wide.arrow",
            "lists of something else than numbers of images",
        ),
        (
            "double.arrow",
            "lists of something else than numbers of images",
        ),
        ("shapeless.arrow", shape),
        ("several lengths.arrow", "lists of several lengths"),
        ("turned.arrow", shape),
        ("empty.arrow", "none of 0 samples"),
        ("paths only.arrow", "only paths"),
        ("great labels.arrow", "label 1099511627776 is too great"),
        ("feather.feather", "pyarrow.feather.write_feather"),
    ] {
        let error = refusal(&folder.path().join(name), (None, None));
        assert!(error.contains(expected), "{name}: {error}");
        assert!(error.contains(name), "{name}: {error}");
    }
    let error = refusal(&folder.path().join("differing"), (None, None));
    assert!(
        error.contains("a-2.arrow") && error.contains("not those of"),
        "{error}"
    );
    for (name, what) in [
        ("text", "text"),
        ("float", "floating-point numbers"),
        ("dictionary", "dictionary-encoded values"),
    ] {
        let path = folder.path().join(format!("labels of {name}.arrow"));
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
values = image.to_pylist()
values[3], values[7] = None, {'bytes': None, 'path': 'x'}
bytes = [None if at in (3, 7) else one.tobytes() for at, one in enumerate(pixels)]
flat = [None if at in (3, 7) else one.ravel() for at, one in enumerate(pixels)]
shape = {'image.shape': '[9, 12, 3]'}
for name, column in {'jpeg': pa.array(values, image.type), 'u8': pa.array(bytes, pa.binary(324)),
                     'u8 list': pa.array(flat, pa.list_(pa.uint8(), 324))}.items():
    table = pa.table({'image': column, 'label': labels}).replace_schema_metadata(shape)
    for compression, rows in itertools.product((None, 'zstd', 'lz4'), (None, 2)):
        options = pa.ipc.IpcWriteOptions(compression=compression)
        with pa.ipc.new_file(f'{name} {compression} {rows}.arrow', table.schema, options=options) as writer:
            writer.write_table(table, max_chunksize=rows)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    for file in names_in(folder.path(), "arrow") {
        check_holes(&folder.path().join(file), &source, &[3, 7]);
    }
}

fn ours_reads_what_datasets_wrote(python: &Python) {
    const SCRIPT: &str = "
import datasets, PIL.Image, shutil
datasets.disable_progress_bars()
names = ['ant', 'bee', 'cat dog']
features = datasets.Features({'image': datasets.Image(), 'label': datasets.ClassLabel(names=names)})
def rows(images, features=features):
    return datasets.Dataset.from_dict({'image': images, 'label': labels}, features=features)
written = rows(image.to_pylist())
written.save_to_disk('jpeg saved')
written.save_to_disk('jpeg shards', num_shards=3)
rows([f'{at:02}.jpg' for at in range(count)]).save_to_disk('jpeg of files')
rows([PIL.Image.fromarray(one) for one in pixels]).save_to_disk('png saved')
datasets.DatasetDict(train=written, test=written.select(range(2))).save_to_disk('splits')
# In another order, which is kept as indices until it is saved.
order = list(range(count))[::-1]
written.select(order).save_to_disk('backwards')
datasets.load_from_disk('backwards').select(order).save_to_disk('jpeg selected')
# What datasets keeps of a file that it has loaded.
written.to_parquet('file.parquet')
loaded = datasets.load_dataset('parquet', data_files='file.parquet', split='train')
shutil.copy(loaded.cache_files[0]['filename'], 'jpeg cached.arrow')
for name, dtype, array in (('u8', 'uint8', pixels), ('f32', 'float32', normal)):
    nested = datasets.Features({'image': datasets.Array3D(array.shape[1:], dtype), 'label': datasets.ClassLabel(names=names)})
    rows(list(array), nested).save_to_disk(f'{name} nested')
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(&format!("{SAMPLES}{SCRIPT}"), folder.path());
    let path = |name: &str| folder.path().join(name);
    for (name, layout) in [
        ("jpeg saved", "arrow/jpeg"),
        ("jpeg shards", "arrow/jpeg"),
        ("jpeg of files", "arrow/jpeg"),
        ("jpeg selected", "arrow/jpeg"),
        ("jpeg cached.arrow", "arrow/jpeg"),
        ("splits/train", "arrow/jpeg"),
        ("png saved", "arrow/png"),
        ("u8 nested", "arrow/u8"),
        ("f32 nested", "arrow/f32"),
    ] {
        check(&path(name), &source, layout);
        let opened = open(&path(name), (None, None), MemorySource::SIZE).unwrap();
        assert_eq!(opened.classes, source.classes, "{name}");
    }
    let error = refusal(&path("splits"), (None, None));
    assert!(error.contains("splits"), "{error}");
}
