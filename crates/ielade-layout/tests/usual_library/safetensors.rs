//! `safetensors` and its usual library.

use crate::{
    for_each, layouts_of,
    opened::open,
    source::{Image, MemorySource},
    stores::{expected, make},
};
use ielade_core::{Element, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    let mut tests = for_each(
        layouts_of("safetensors").collect(),
        "the_usual_library_loads_a_store_and_ours_loads_what_it_saved",
        &["numpy", "safetensors"],
        the_usual_library_loads_a_store_and_ours_loads_what_it_saved,
    );
    tests.push(test(
        "safetensors of others: tensors_of_any_name_and_order_are_read",
        python_with(&["numpy", "safetensors"]),
        tensors_of_any_name_and_order_are_read,
    ));
    tests
}

fn the_usual_library_loads_a_store_and_ours_loads_what_it_saved(
    python: &Python,
    layout: &LayoutId,
) {
    // `deserialize` checks the whole header, and knows bf16 where NumPy does not.
    const SCRIPT: &str = "
import json, numpy as np, safetensors
from safetensors.numpy import load_file, save_file
path = 'store/data.safetensors'
tensors = dict(safetensors.deserialize(open(path, 'rb').read()))
images, labels = tensors['images'], tensors['labels']
print(images['dtype'], images['shape'], labels['dtype'], np.frombuffer(labels['data'], np.int64).tolist())
with safetensors.safe_open(path, 'numpy') as file:
    print(sorted(file.keys()), json.loads(file.metadata()['classes']))
dtype = dict(U8=np.uint8, U16=np.uint16, F16=np.float16, BF16=np.uint16, F32=np.float32)[images['dtype']]
values = np.frombuffer(images['data'], dtype).reshape(images['shape'])
if images['dtype'] == 'BF16':
    values = (values.astype(np.uint32) << 16).view(np.float32)
else:
    tensors = load_file(path)
    assert (tensors['images'] == values).all()
    save_file(tensors, 'again.safetensors')
if values.shape[-1] == 3:
    values = np.moveaxis(values, -1, 1)
values = values // 257 if values.dtype == np.uint16 else values
values = values.astype(np.float32 if values.dtype.kind == 'f' else np.uint8)
np.ascontiguousarray(values).tofile('values')
";
    let raw = MemorySource::of(COUNT, |index| Image::raw(index, MemorySource::SIZE));
    for source in [MemorySource::jpeg(COUNT), raw] {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(layout, &store, &source);
        let element = layout.encoding.element().unwrap();
        let (kind, shape) = match element {
            Element::U8 => ("U8", "[11, 9, 12, 3]"),
            Element::U16 => ("U16", "[11, 9, 12, 3]"),
            Element::F16 => ("F16", "[11, 3, 9, 12]"),
            Element::Bf16 => ("BF16", "[11, 3, 9, 12]"),
            Element::F32 => ("F32", "[11, 3, 9, 12]"),
        };
        let said = python.run(SCRIPT, folder.path());
        let labels = "[0, 1, 2, 0, 1, 2, -1, 1, 2, 0, 1]";
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            [
                format!("{kind} {shape} I64 {labels}"),
                "['images', 'labels'] ['ant', 'bee', 'cat dog']".to_owned()
            ]
        );
        let values = std::fs::read(folder.path().join("values")).unwrap();
        let all: Vec<u8> = (0..COUNT)
            .flat_map(|index| expected(&source, index, layout))
            .collect();
        assert!(values == all, "other pixels");

        let found: Vec<i64> = source
            .labels
            .iter()
            .map(|label| label.map_or(-1, i64::from))
            .collect();
        let names = (None, None);
        let ours = folder.path().join("moved.safetensors");
        std::fs::copy(store.join("data.safetensors"), &ours).unwrap();
        let opened = open(&ours, names, MemorySource::SIZE).unwrap();
        assert_eq!(opened.classes, source.classes);
        assert_eq!(opened.labels, found);
        if element != Element::Bf16 {
            let theirs = folder.path().join("again.safetensors");
            let opened = open(&theirs, names, MemorySource::SIZE).unwrap();
            assert_eq!(opened.labels, found);
            assert_eq!(opened.classes, ["0", "1", "2"]);
        }
    }
}

fn tensors_of_any_name_and_order_are_read(python: &Python) {
    const SCRIPT: &str = "
import numpy as np
from safetensors.numpy import save_file
images = (np.arange(7 * 3 * 5 * 4) * 7919 % 251).astype(np.uint8).reshape(7, 3, 5, 4)
images.tofile('planes')
target = (np.arange(7) % 3).astype(np.int16)
save_file(dict(pictures=images, target=target, weights=np.zeros((7, 9), np.float64)), 'some.safetensors')
";
    let folder = tempfile::tempdir().unwrap();
    python.run(SCRIPT, folder.path());
    let planes = std::fs::read(folder.path().join("planes")).unwrap();
    for name in ["some.safetensors", "renamed"] {
        let path = folder.path().join(name);
        std::fs::rename(folder.path().join("some.safetensors"), &path).unwrap();
        for images in [None, Some("pictures")] {
            let opened = open(&path, (images, None), MemorySource::SIZE).unwrap();
            assert!(opened.pixels == planes);
            assert_eq!(opened.labels, [0, 1, 2, 0, 1, 2, 0], "{}", opened.guesses);
        }
    }
}
