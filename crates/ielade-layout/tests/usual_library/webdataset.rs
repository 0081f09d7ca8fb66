//! `webdataset` and the library of that name; tar files by Python's own `tarfile`.

use crate::{
    foreign_files::{check, check_named, planes, write_samples},
    layouts_of,
    source::MemorySource,
    stores::{expected, make},
};
use ielade_core::{ForeignNames, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};
use std::fs;

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "webdataset: webdataset_reads_every_store",
            python_with(&["webdataset"]),
            webdataset_reads_every_store,
        ),
        test(
            "webdataset: ours_reads_what_webdataset_and_tarfile_wrote",
            python_with(&["webdataset"]),
            ours_reads_what_webdataset_and_tarfile_wrote,
        ),
    ]
}

fn webdataset_reads_every_store(python: &Python) {
    // Also by `tarfile`, which is less forgiving: two blocks of zeros end every shard.
    const SCRIPT: &str = "
import glob, io, tarfile
import numpy as np, webdataset
for store in sorted(glob.glob('*/')):
    shards = sorted(glob.glob(store + '*.tar'))
    names = []
    for shard in shards:
        with tarfile.open(shard, errorlevel=2) as archive:
            names += [(member.mtime, member.mode) for member in archive]
    assert set(names) == {(0, 0o644)}
    with open(store + 'found', 'wb') as found:
        for sample in webdataset.WebDataset(shards, shardshuffle=False, empty_check=False):
            number = int(sample['__key__'])
            label = int(sample['cls'])
            (name, value), = [(k, v) for k, v in sample.items() if not k.startswith('__') and k != 'cls']
            if name == 'npy':
                array = np.load(io.BytesIO(value))
                if array.dtype.kind == 'V':
                    # The upper half of a float32, as ml_dtypes.bfloat16 says it.
                    array = (array.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
                if array.dtype.kind == 'u':
                    array = np.moveaxis(array, -1, 0)
                    array = (array // 257 if array.dtype == np.uint16 else array).astype(np.uint8)
                else:
                    array = array.astype(np.float32)
                value = np.ascontiguousarray(array).tobytes()
            found.write(np.int64([number, label, len(value)]).tobytes() + value)
    if store.startswith('webdataset-u8'):
        data = webdataset.WebDataset(shards, shardshuffle=False, empty_check=False)
        for image, label in data.decode().to_tuple('npy', 'cls'):
            assert image.shape == (9, 12, 3) and image.dtype == np.uint8 and isinstance(label, int)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let layouts: Vec<LayoutId> = layouts_of("webdataset").collect();
    for layout in &layouts {
        make(
            layout,
            &folder.path().join(layout.directory_name()),
            &source,
        );
    }
    python.run(SCRIPT, folder.path());
    for layout in &layouts {
        let found = fs::read(folder.path().join(layout.directory_name()).join("found")).unwrap();
        let mut rest = found.as_slice();
        for index in 0..COUNT {
            let mut number = || {
                let (first, others) = rest.split_first_chunk().unwrap();
                rest = others;
                i64::from_le_bytes(*first)
            };
            let (key, label, bytes) = (number(), number(), number() as usize);
            assert_eq!(key, index as i64);
            assert_eq!(label, source.labels[index].map_or(-1, i64::from));
            let found = planes(layout, &rest[..bytes]);
            assert!(
                found == expected(&source, index, layout),
                "{layout}, sample {index}"
            );
            rest = &rest[bytes..];
        }
        assert!(rest.is_empty(), "{layout}");
    }
}

fn ours_reads_what_webdataset_and_tarfile_wrote(python: &Python) {
    const SCRIPT: &str = "
import io, json, os, tarfile
import numpy as np, webdataset
labels = [int(line) for line in open('labels')]
jpegs = [open(f'{index:02}.jpg', 'rb').read() for index in range(len(labels))]
pixels = np.fromfile('pixels', np.uint8).reshape(len(labels), 9, 12, 3)
def shards(folder, sample, maxcount=4, ending='tar', **options):
    os.makedirs(folder)
    with webdataset.ShardWriter(f'{folder}/train-%06d.{ending}', maxcount=maxcount, verbose=0, **options) as writer:
        for index, label in enumerate(labels):
            writer.write({'__key__': f'a.b/{index:04}', **sample(index, label)})
shards('encoded', lambda index, label: {'jpg': jpegs[index], 'cls': label})
shards('arrays', lambda index, label: {'npy': pixels[index], 'cls': label})
shards('json', lambda index, label: {'JPG': jpegs[index], 'json': {'label': label, 'caption': 'x'}})
shards('zipped', lambda index, label: {'jpg': jpegs[index], 'cls': label}, ending='tar.gz', compress=True)
shards('named', lambda index, label: {'in.jpg': jpegs[index], 'jpg': b'?', 'cls': 0, 'json': {'deep': label}})
shards('caption', lambda index, label: {'jpg': jpegs[index], 'txt': 'a photograph', 'cls': label})
mean, std = np.float64([0.49, 0.48, 1 / 3]), np.float64([0.25, 0.24, 0.26])
normal = pixels * np.float32(1 / (255 * std)) + np.float32(-mean / std)
planar = np.ascontiguousarray(np.moveaxis(normal, -1, 1))
shards('floats', lambda index, label: {'npy': normal[index], 'cls': label})
shards('planar', lambda index, label: {'npy': planar[index], 'cls': label})
def archive(path, mode, format, name):
    with tarfile.open(path, mode, format=format) as archive:
        archive.addfile(tarfile.TarInfo('__meta__.json'))
        archive.addfile(tarfile.TarInfo('README'))
        folder = tarfile.TarInfo('folder')
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for index, label in enumerate(labels):
            for suffix, value in (('txt', str(label).encode() + b'\\n'), ('jpeg', jpegs[index])):
                member = tarfile.TarInfo(f'{name}{index:02}.{suffix}')
                member.size = len(value)
                archive.addfile(member, io.BytesIO(value))
long = 'folder' * 40 + '/é'
archive('gnu.tar', 'w', tarfile.GNU_FORMAT, long)
archive('pax.tar', 'w', tarfile.PAX_FORMAT, long)
archive('ustar.tar', 'w', tarfile.USTAR_FORMAT, 'folder/' * 20)
archive('whole.tgz', 'w:gz', tarfile.PAX_FORMAT, 'x')
archive('other-name', 'w', tarfile.GNU_FORMAT, 'x')
archive('left-out.tar', 'w', tarfile.GNU_FORMAT, 'x')
with tarfile.open('left-out.tar', 'a') as archive:
    archive.addfile(tarfile.TarInfo('LICENSE.md'))
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    write_samples(&source, folder.path());
    python.run(SCRIPT, folder.path());
    let path = |name: &str| folder.path().join(name);
    let jpeg = "webdataset/jpeg";
    for name in [
        "encoded",
        "json",
        "zipped",
        "caption",
        "gnu.tar",
        "pax.tar",
        "ustar.tar",
        "whole.tgz",
        "other-name",
    ] {
        check(&path(name), &source, jpeg);
    }
    check(&path("arrays"), &source, "webdataset/u8");
    check(&path("floats"), &source, "webdataset/f32");
    check(&path("planar"), &source, "webdataset/f32");
    let guesses = check(&path("left-out.tar"), &source, jpeg).join("; ");
    assert!(guesses.contains("LICENSE with md"), "{guesses}");
    let names = |labels: &str| ForeignNames {
        images: Some("in.jpg".to_owned()),
        labels: Some(labels.to_owned()),
    };
    check_named(&path("named"), &source, jpeg, &names("json.deep"));
    let error = ielade_layout::open_any(&path("named"), &names("label")).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("there are cls, in.jpg, jpg, json"),
        "{error}"
    );
}
