//! `cifar-bin` and NumPy, with which everybody reads it.

use crate::{
    for_each, layouts_of,
    opened::{open, refusal},
    source::{Image, MemorySource},
    stores::{expected, held, make},
};
use ielade_core::{ImageSpec, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};
use std::fs;

const COUNT: usize = 45;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = for_each(
        layouts_of("cifar-bin").collect(),
        "numpy_loads_a_store",
        &["numpy"],
        numpy_loads_a_store,
    );
    let numpy = |name: &str, body: fn(&Python)| {
        let name = format!("cifar-bin of others: {name}");
        test(name, python_with(&["numpy"]), body)
    };
    tests.push(numpy(
        "the_authors_folder_is_read",
        the_authors_folder_is_read,
    ));
    tests.push(numpy(
        "two_labels_are_told_apart",
        two_labels_are_told_apart,
    ));
    tests
}

fn numpy_loads_a_store(python: &Python, layout: &LayoutId) {
    const SCRIPT: &str = "
import glob, numpy as np
shape = np.loadtxt('store/shape.txt', dtype=int)
files = sorted(glob.glob('store/data*.bin'))
records = np.concatenate([np.fromfile(file, np.uint8).reshape(-1, 1 + shape.prod()) for file in files])
assert (np.fromfile('store/labels.bin', np.uint8) == records[:, 0]).all()
records[:, 1:].tofile('values')
names = open('store/batches.meta.txt').read().splitlines()
print([file[6:] for file in files], records[:7, 0].tolist(), names)
";
    let raw = MemorySource::of(COUNT, |index| Image::raw(index, MemorySource::SIZE));
    for source in [MemorySource::jpeg(COUNT), raw] {
        let source = held(&source, layout);
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(layout, &store, &source);
        let files = match layout.container_options.value("batch") {
            None => "['data.bin']",
            _ => "['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_3.bin']",
        };
        let said = python.run(SCRIPT, folder.path());
        let rest = "[0, 1, 2, 0, 1, 2, 0] ['ant', 'bee', 'cat dog']";
        assert_eq!(said, format!("{files} {rest}\n"));
        let values = fs::read(folder.path().join("values")).unwrap();
        let all: Vec<u8> = (0..COUNT)
            .flat_map(|index| expected(&source, index, layout))
            .collect();
        assert!(values == all, "other pixels");

        fs::remove_file(store.join("manifest.json")).unwrap();
        let opened = open(&store, (None, None), MemorySource::SIZE).unwrap();
        assert!(opened.pixels == all, "other pixels without a manifest");
        assert_eq!(opened.classes, source.classes);
    }
}

const SIZE: ImageSpec = ImageSpec::rgb(32, 32);

fn the_authors_folder_is_read(python: &Python) {
    const SCRIPT: &str = "
import numpy as np, os
os.mkdir('cifar')
planes = (np.arange(9 * 3072) * 7919 % 251).astype(np.uint8).reshape(9, 3072)
planes.tofile('planes')
records = np.concatenate([np.arange(9)[:, None].astype(np.uint8), planes], 1)
records[:4].tofile('cifar/data_batch_1.bin')
records[4:].tofile('cifar/data_batch_2.bin')
records[:2].tofile('cifar/test_batch.bin')
open('cifar/batches.meta.txt', 'w').write('\\n'.join('abcdefghij') + '\\n\\n')
open('cifar/readme.html', 'w').write('<a>')
";
    let folder = tempfile::tempdir().unwrap();
    python.run(SCRIPT, folder.path());
    let planes = fs::read(folder.path().join("planes")).unwrap();
    let cifar = folder.path().join("cifar");
    let opened = open(&cifar, (None, None), SIZE).unwrap();
    assert!(opened.pixels == planes);
    assert_eq!(opened.labels, (0..9).collect::<Vec<_>>());
    assert_eq!(opened.classes.concat(), "abcdefghij");
    assert!(
        opened
            .guesses
            .contains("data_batch_1.bin, data_batch_2.bin")
    );
    for (path, images) in [
        (cifar.join("test_batch.bin"), None),
        (cifar.clone(), Some("test_batch.bin")),
    ] {
        let opened = open(&path, (images, None), SIZE).unwrap();
        assert!(opened.pixels == planes[..2 * 3072]);
        assert_eq!(opened.classes.len(), 10);
    }
    // A cut record is no record.
    let cut = fs::read(cifar.join("data_batch_2.bin")).unwrap();
    fs::write(cifar.join("data_batch_2.bin"), &cut[1..]).unwrap();
    let error = refusal(&cifar, (Some("data_batch_2.bin"), None));
    assert!(error.contains("no container recognises it"), "{error}");
}

fn two_labels_are_told_apart(python: &Python) {
    const SCRIPT: &str = "
import numpy as np, os
os.mkdir('cifar')
planes = (np.arange(6 * 3072) * 7919 % 251).astype(np.uint8).reshape(6, 3072)
planes.tofile('planes')
labels = np.array([[1, 10], [2, 20], [0, 30], [1, 99], [0, 0], [2, 5]], np.uint8)
np.concatenate([labels, planes], 1).tofile('cifar/train.bin')
open('cifar/fine_label_names.txt', 'w').write('\\n'.join(f'fine {i}' for i in range(100)) + '\\n')
open('cifar/coarse_label_names.txt', 'w').write('\\n'.join(f'coarse {i}' for i in range(20)) + '\\n')
";
    let folder = tempfile::tempdir().unwrap();
    python.run(SCRIPT, folder.path());
    let planes = fs::read(folder.path().join("planes")).unwrap();
    let cifar = folder.path().join("cifar");
    for (name, labels, class) in [
        (None, [10, 20, 30, 99, 0, 5], "fine 7"),
        (Some("fine"), [10, 20, 30, 99, 0, 5], "fine 7"),
        (Some("coarse"), [1, 2, 0, 1, 0, 2], "coarse 7"),
    ] {
        let opened = open(&cifar, (None, name), SIZE).unwrap();
        assert!(opened.pixels == planes);
        assert_eq!(opened.labels, labels);
        assert_eq!(opened.classes[7], class);
    }
    let error = refusal(&cifar, (None, Some("medium")));
    assert!(error.contains("coarse and fine"), "{error}");
}
