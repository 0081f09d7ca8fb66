//! HDF5 files that h5py wrote, opened without a manifest.

use crate::{
    layouts_of,
    opened::{self, Opened},
    source::MemorySource,
    stores::{expected, make},
};
use ielade_core::{ImageSpec, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};
use std::{fs, path::Path};

const COUNT: usize = 35;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "hdf5: ours_loads_what_h5py_wrote",
            python_with(&["h5py"]),
            ours_loads_what_h5py_wrote,
        ),
        test(
            "hdf5: ours_loads_stores_that_h5py_copied",
            python_with(&["h5py"]),
            ours_loads_stores_that_h5py_copied,
        ),
        test(
            "hdf5: ours_undoes_filters_of_hdf5plugin",
            python_with(&["h5py", "hdf5plugin"]),
            ours_undoes_filters_of_hdf5plugin,
        ),
        test(
            "hdf5: what_is_not_read_is_told",
            python_with(&["h5py"]),
            what_is_not_read_is_told,
        ),
    ]
}

fn ours_loads_stores_that_h5py_copied(python: &Python) {
    const SCRIPT: &str = "
import os
import h5py
for name in sorted(os.listdir()):
    for libver in ('earliest', 'latest'):
        with h5py.File(f'{name}/data.h5') as file, h5py.File(f'{name}/{libver}.h5', 'w', libver=libver) as new:
            for key in file:
                file.copy(key, new)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let layouts: Vec<LayoutId> = layouts_of("hdf5").collect();
    let store = |layout: &LayoutId| folder.path().join(layout.directory_name());
    for layout in &layouts {
        make(layout, &store(layout), &source);
    }
    python.run(SCRIPT, folder.path());
    for layout in layouts {
        let open = |name| {
            let path = store(&layout).join(name);
            opened::open(&path, (None, None), MemorySource::SIZE)
                .unwrap_or_else(|error| panic!("{layout} {name}: {error}"))
        };
        let ours = open("data.h5");
        for copy in ["earliest.h5", "latest.h5"] {
            let copied = open(copy);
            assert!(
                copied.pixels == ours.pixels,
                "{layout} {copy}: other pixels"
            );
            assert_eq!(copied.labels, ours.labels, "{layout} {copy}");
            assert_eq!(copied.classes, ["ant", "bee", "cat dog"], "{layout} {copy}");
        }
    }
}

/// Writes a file for each way of writing, all of the same images; the first word of a file's name
/// is what they are.
const WRITERS: &str = "
import glob
import h5py, numpy as np

def pixels(count, height, width):
    at = np.indices((count, height, width, 3)).astype(np.int64)
    return ((at[0] * 7 + at[1] * 5 + at[2] * 3 + at[3] * 11) % 251).astype(np.uint8)

small = pixels(23, 8, 12)
labels = (np.arange(23) % 5).astype(np.int64)

def write(name, data=small, labels=labels, file={}, label_options={}, **options):
    for libver in ('earliest', 'v108', 'v110', 'latest'):
        if file.get('libver', libver) != libver:
            continue
        with h5py.File(f'{name} {libver}.h5', 'w', **{**file, 'libver': libver}) as f:
            f.create_dataset('images', data=data, **options)
            if labels is not None:
                f.create_dataset('labels', data=labels, **label_options)

write('u8 contiguous')
chunks = {'one': (1, 8, 12, 3), 'several': (5, 8, 12, 3), 'all': (23, 8, 12, 3), 'cut': (5, 3, 5, 2),
          'cut through one': (1, 4, 12, 3), 'guessed': True}
growing = {'': None, ' growing': (None, 8, 12, 3), ' growing everywhere': (None, None, None, None),
           ' growing aside': (23, None, 12, 3), ' growing a bit': (40, 8, 20, 3)}
packed = {'': {}, ' gzip': dict(compression='gzip'), ' shuffled': dict(compression='gzip', shuffle=True),
          ' checked': dict(fletcher32=True), ' lzf': dict(compression='lzf', shuffle=True),
          ' all': dict(compression='gzip', compression_opts=9, shuffle=True, fletcher32=True),
          ' only shuffled': dict(shuffle=True)}
for chunk, shape in chunks.items():
    for grows, maxshape in growing.items():
        for packing, options in packed.items():
            write(f'u8 chunks {chunk}{grows}{packing}', chunks=shape, maxshape=maxshape, **options)
write('u8 chunks larger than all', chunks=(40, 9, 20, 3), maxshape=(None, None, None, 3))
for name, data in {'u16': small.astype('u2') * 257, 'f16': small.astype('f2') / 256, 'f32': small.astype('f4') / 256}.items():
    for order in '<>':
        turned = data.astype(data.dtype.newbyteorder(order))
        write(f'{name} contiguous {ord(order)}', turned)
        write(f'{name} chunks {ord(order)}', turned, chunks=(4, 8, 12, 3))
        write(f'{name} packed {ord(order)}', turned, chunks=(4, 8, 12, 3), compression='gzip', shuffle=True, fletcher32=True)
write('f32 planar', np.ascontiguousarray(np.moveaxis(small.astype('f4') / 256, -1, 1)))
write('u8 planar', np.ascontiguousarray(np.moveaxis(small, -1, 1)), chunks=(1, 3, 8, 12))
write('u8 ordered', file=dict(track_order=True))
write('u8 userblock', file=dict(userblock_size=512))
write('u8 long userblock', file=dict(userblock_size=65536), chunks=(4, 8, 12, 3))
write('u8 paged', file=dict(fs_strategy='page', fs_page_size=4096))
for kind in ('u1', 'i1', '<i2', '>i2', '<u4', '>i4', '<u8', '>i8'):
    write('u8 labels ' + kind.replace('<', 'l').replace('>', 'b'), labels=labels.astype(kind))
write('u8 labels column', labels=labels.reshape(-1, 1), label_options=dict(chunks=(4, 1)))
write('u8 labels packed', label_options=dict(chunks=(3,), compression='gzip', maxshape=(None,)))
write('alone', labels=None)

# Many chunks: trees of several levels, pages of arrays.
many = pixels(23, 4, 4)
count = 23 * 200
for grows, maxshape in {'': None, ' growing': (None, 4, 4, 3), ' growing twice': (None, 4, None, 3)}.items():
    for packing, options in {'': {}, ' gzip': dict(compression='gzip')}.items():
        for chunk in (1, 2):
            write(f'many chunks {chunk}{grows}{packing}', np.tile(many, (200, 1, 1, 1)),
                  np.tile(labels, 200), chunks=(chunk, 4, 4, 3), maxshape=maxshape, **options)

# Chunks that were never written are of the fill value; so are values of no chunk at all.
for libver in ('earliest', 'latest'):
    for name, options in {'': dict(chunks=(4, 8, 12, 3)), ' gzip': dict(chunks=(4, 8, 12, 3), compression='gzip'),
                          ' cut': dict(chunks=(4, 8, 6, 3)), ' growing': dict(chunks=(4, 8, 12, 3), maxshape=(None, 8, 12, 3))}.items():
        with h5py.File(f'holes{name} {libver}.h5', 'w', libver=libver) as f:
            images = f.create_dataset('images', shape=small.shape, dtype='u1', fillvalue=9, **options)
            images[:4], images[8:] = small[:4], small[8:]
            f['labels'] = labels
    with h5py.File(f'nothing {libver}.h5', 'w', libver=libver) as f:
        f.create_dataset('images', shape=small.shape, dtype='u1', fillvalue=7)
        f['labels'] = labels
    # A dataset that was grown, and one that was made smaller.
    with h5py.File(f'u8 grown {libver}.h5', 'w', libver=libver) as f:
        images = f.create_dataset('images', data=small[:7], chunks=(3, 8, 12, 3), maxshape=(None, 8, 12, 3))
        for at in range(8, 24):
            images.resize(at, axis=0)
            images[at - 1] = small[at - 1]
        f['labels'] = labels
    with h5py.File(f'u8 shrunk {libver}.h5', 'w', libver=libver) as f:
        images = f.create_dataset('images', data=np.concatenate([small, small]), chunks=(3, 8, 12, 3), maxshape=(None, 8, 12, 3))
        images.resize(23, axis=0)
        f['labels'] = labels
    # In groups, beside what is not read; links back up.
    with h5py.File(f'u8 nested {libver}.h5', 'w', libver=libver) as f:
        group = f.create_group('data/train', track_order=libver == 'latest')
        group['x'], group['y'] = small, labels
        f['data/test/x'], f['data/test/y'] = small[:5], labels[:5]
        group['again'] = f['data']
        group['soft'] = h5py.SoftLink('/data/test/x')
        group['outside'] = h5py.ExternalLink('other.h5', '/x')
        f['data/complex'] = np.zeros(3, 'c8')
        f['data/table'] = np.zeros(3, [('a', 'i4'), ('b', 'S5')])
        f['data/type'] = np.dtype('f8')
        f['data/single'] = 5
        f['data/nothing'] = h5py.Empty('f4')
        for at in range(300):
            f[f'data/many/{at}'] = at
        for at in range(20):
            group.attrs[f'a{at}'] = 'text' * 50
    # A type that is kept as an object of its own, and values that are arrays.
    with h5py.File(f'u8 types {libver}.h5', 'w', libver=libver) as f:
        f['type'] = np.dtype('u1')
        f.create_dataset('images', data=small, dtype=f['type'])
        f['labels'] = labels
    with h5py.File(f'u8 arrays {libver}.h5', 'w', libver=libver) as f:
        kind = h5py.h5t.array_create(h5py.h5t.NATIVE_UINT8, (8, 12, 3))
        space = h5py.h5s.create_simple((23,))
        dataset = h5py.h5d.create(f.id, b'images', kind, space)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, small, kind)
        f['labels'] = labels
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    with h5py.File(f'compact {libver}.h5', 'w', libver=libver) as f:
        dataset = h5py.h5d.create(f.id, b'images', h5py.h5t.STD_U8LE, h5py.h5s.create_simple(small.shape), dcpl=plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, small)
        dataset = h5py.h5d.create(f.id, b'labels', h5py.h5t.STD_I64LE, h5py.h5s.create_simple((23,)), dcpl=plist)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, labels)
    # Values early: chunks without filters that cannot grow need no index.
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((4, 8, 12, 3))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    with h5py.File(f'u8 early {libver}.h5', 'w', libver=libver) as f:
        for name, most in {'images': small.shape, 'more': (100, 8, 16, 3)}.items():
            dataset = h5py.h5d.create(f.id, name.encode(), h5py.h5t.STD_U8LE, h5py.h5s.create_simple(small.shape, most), dcpl=plist)
            dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, small)
        f['labels'] = labels
    # Names of classes in each place where they may be.
    names = ['ant', 'bee', 'cat dog', 'dove', 'été']
    for place in ('attribute', 'fixed', 'group', 'dataset', 'fixed dataset'):
        with h5py.File(f'classes {place} {libver}.h5', 'w', libver=libver) as f:
            f['images'], f['labels'] = small, labels
            if place == 'attribute':
                f['labels'].attrs['classes'] = names
            elif place == 'fixed':
                f['labels'].attrs['class_names'] = np.array([name.encode() for name in names])
            elif place == 'group':
                for at in range(30):
                    f.attrs[f'a{at}'] = 'text'
                f.attrs['label_names'] = names
            elif place == 'dataset':
                f['class_names'] = names
            else:
                f['names'] = np.array([name.encode() for name in names])

files = [np.frombuffer(open(name, 'rb').read(), np.uint8) for name in sorted(glob.glob('*.jpg'))]
vlen = h5py.vlen_dtype(np.uint8)
for libver in ('earliest', 'latest'):
    for name, options in {'contiguous': {}, 'chunks': dict(chunks=(4,)), 'growing': dict(chunks=(4,), maxshape=(None,)),
                          'packed': dict(chunks=(4,), compression='gzip', shuffle=True), 'signed': dict(dtype=h5py.vlen_dtype(np.int8))}.items():
        with h5py.File(f'jpeg {name} {libver}.h5', 'w', libver=libver) as f:
            images = f.create_dataset('images', **{**dict(shape=23, dtype=vlen), **options})
            for at, file in enumerate(files):
                images[at] = file
            f['labels'] = labels
";

/// The value of a channel, as the script makes it.
fn value(image: usize, y: usize, x: usize, channel: usize) -> u8 {
    ((image * 7 + y * 5 + x * 3 + channel * 11) % 251) as u8
}

/// Images as they are delivered: planes.
fn planes(size: ImageSpec, hole: &std::ops::Range<usize>, filled: u8) -> Vec<u8> {
    let (height, width) = (size.height as usize, size.width as usize);
    let mut planes = Vec::new();
    for image in 0..23 {
        for channel in 0..3 {
            for y in 0..height {
                for x in 0..width {
                    let is_filled = hole.contains(&image);
                    planes.push(if is_filled {
                        filled
                    } else {
                        value(image, y, x, channel)
                    });
                }
            }
        }
    }
    planes
}

/// What a file with this name is to hold.
fn wanted(kind: &str, jpegs: &MemorySource) -> Vec<u8> {
    let size = ImageSpec::rgb(8, 12);
    match kind {
        "jpeg" => {
            let layout: LayoutId = "files/jpeg".parse().unwrap();
            (0..23)
                .flat_map(|index| expected(jpegs, index, &layout))
                .collect()
        }
        "many" => planes(ImageSpec::rgb(4, 4), &(0..0), 0).repeat(200),
        "f16" | "f32" => planes(size, &(0..0), 0)
            .iter()
            .flat_map(|value| (f32::from(*value) / 256.0).to_le_bytes())
            .collect(),
        "holes" => planes(size, &(4..8), 9),
        "nothing" => planes(size, &(0..23), 7),
        _ => planes(size, &(0..0), 0),
    }
}

fn check_file(path: &Path, jpegs: &MemorySource) -> Opened {
    let name = path.file_name().unwrap().to_str().unwrap();
    let kind = name.split([' ', '.']).next().unwrap();
    let opened = opened::open(path, (None, None), MemorySource::SIZE);
    let opened = opened.unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        opened.pixels == wanted(kind, jpegs),
        "{name}: other pixels; {}",
        opened.guesses
    );
    let has_labels = kind != "alone";
    let labels = (0..opened.labels.len() as i64).map(|index| index % 23 % 5);
    let labels = labels.map(|label| if has_labels { label } else { -1 });
    assert!(
        opened.labels.iter().copied().eq(labels),
        "{name}: other labels"
    );
    if kind == "classes" {
        let names = ["ant", "bee", "cat dog", "dove", "été"];
        assert_eq!(opened.classes, names, "{name}");
    }
    opened
}

fn ours_loads_what_h5py_wrote(python: &Python) {
    let folder = tempfile::tempdir().unwrap();
    let jpegs = MemorySource::jpeg(23);
    for (index, image) in jpegs.images.iter().enumerate() {
        let path = folder.path().join(format!("{index:02}.jpg"));
        fs::write(path, image.payload().bytes()).unwrap();
    }
    python.run(WRITERS, folder.path());
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "h5") {
            let opened = check_file(&path, &jpegs);
            seen += 1;
            if path.to_str().unwrap().contains("nested") {
                assert!(
                    opened.guesses.contains("data/train/x"),
                    "{}",
                    opened.guesses
                );
            }
        }
    }
    assert!(seen > 900, "{seen}");
}

fn ours_undoes_filters_of_hdf5plugin(python: &Python) {
    const SCRIPT: &str = "
import h5py, hdf5plugin, numpy as np
at = np.indices((23, 8, 12, 3)).astype(np.int64)
small = ((at[0] * 7 + at[1] * 5 + at[2] * 3 + at[3] * 11) % 251).astype(np.uint8)
filters = {'zstd': hdf5plugin.Zstd()}
for cname in ('blosclz', 'lz4', 'lz4hc', 'zlib', 'zstd'):
    for shuffle in (hdf5plugin.Blosc.NOSHUFFLE, hdf5plugin.Blosc.SHUFFLE, hdf5plugin.Blosc.BITSHUFFLE):
        filters[f'blosc {cname} {shuffle}'] = hdf5plugin.Blosc(cname=cname, shuffle=shuffle)
for name, options in filters.items():
    for libver in ('earliest', 'latest'):
        with h5py.File(f'u8 {name} {libver}.h5', 'w', libver=libver) as f:
            f.create_dataset('images', data=small, chunks=(9, 8, 12, 3), **options)
            f['labels'] = np.arange(23) % 5
with h5py.File('lz4.other', 'w') as f:
    f.create_dataset('images', data=small, chunks=(9, 8, 12, 3), **hdf5plugin.LZ4())
";
    let folder = tempfile::tempdir().unwrap();
    python.run(SCRIPT, folder.path());
    let jpegs = MemorySource::jpeg(1);
    let mut seen = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "h5") {
            check_file(&path, &jpegs);
            seen += 1;
        }
    }
    assert_eq!(seen, 32);
    let refused = opened::refusal(&folder.path().join("lz4.other"), (None, None));
    assert!(refused.contains("filter 32004 (lz4)"), "{refused}");
}

fn what_is_not_read_is_told(python: &Python) {
    const SCRIPT: &str = "
import h5py, numpy as np
small = np.zeros((5, 8, 12, 3), np.uint8)
with h5py.File('a.h5', 'w') as f:
    f.create_dataset('double', data=small.astype('f8'))
    f.create_dataset('offset', data=small.astype('i4'), chunks=(5, 8, 12, 3), scaleoffset=4)
    f.create_dataset('outside', shape=small.shape, dtype='u1', external=[('other.raw', 0, small.size)])
    layout = h5py.VirtualLayout(shape=(5, 8, 12, 3), dtype='u1')
    layout[:] = h5py.VirtualSource('other.h5', 'x', shape=(5, 8, 12, 3))
    f.create_virtual_dataset('virtual', layout)
    f['numbers'] = np.arange(7)
    f['text'] = ['a', 'b']
    f['single'] = 5
";
    let folder = tempfile::tempdir().unwrap();
    python.run(SCRIPT, folder.path());
    let path = folder.path().join("a.h5");
    for (name, expected) in [
        ("double", "write it again as float32"),
        ("offset", "filter 6 (scaleoffset)"),
        ("outside", "lie in other files"),
        ("virtual", "a virtual dataset"),
        ("numbers", "not one of the types"),
        ("text", "not one of the types"),
        ("nothing", "there is no array \"nothing\""),
    ] {
        let refused = opened::refusal(&path, (Some(name), None));
        assert!(refused.contains(expected), "{name}: {refused}");
    }
}
