//! `hdf5` as written here, loaded by h5py.

use crate::{
    layouts_of,
    source::{Image, MemorySource},
    stores::{expected, make},
};
use ielade_core::{Element, LayoutId};
use ielade_testing::{Python, Trial, python_with, test};
use std::{collections::BTreeMap, fs, path::Path};

/// Enough that the index of one image a chunk has two levels.
const COUNT: usize = 150;

pub(crate) fn tests() -> Vec<Trial> {
    // All encodings of a variant at once: starting Python takes longer than all else.
    let mut variants: BTreeMap<String, Vec<LayoutId>> = BTreeMap::new();
    for layout in layouts_of("hdf5") {
        let variant = layout.container_options.to_string();
        variants.entry(variant).or_default().push(layout);
    }
    let stores = variants.into_iter().map(|(variant, layouts)| {
        let name = format!("hdf5:{variant}: h5py_loads_a_store");
        test(name, python_with(&["h5py", "numpy"]), move |python| {
            h5py_loads_stores(python, &layouts);
        })
    });
    let changed = test(
        "hdf5: h5py_changes_a_store_and_copies_it".to_owned(),
        python_with(&["h5py", "numpy"]),
        h5py_changes_a_store_and_copies_it,
    );
    stores.chain([changed]).collect()
}

const SCRIPT: &str = "
import os
import h5py, numpy as np
for name in sorted(os.listdir()):
    with h5py.File(f'{name}/data.h5') as file:
        assert sorted(file) == ['class_names', 'images', 'labels']
        images, labels = file['images'], file['labels']
        assert labels.dtype == np.int64 and labels.shape == images.shape[:1]
        labels[:].tofile(f'{name}/labels')
        print(name, images.dtype, images.shape, images.chunks and images.chunks[0], images.compression,
              images.compression_opts, images.shuffle, images.attrs.get('encoding'),
              ' '.join(dimension.label for dimension in images.dims), *file['class_names'].asstr()[:], sep=';')
        if images.ndim == 1:
            assert h5py.check_vlen_dtype(images.dtype) == np.uint8
            assert np.array_equal(images[7], images[:][7])
            for at, image in enumerate(images[:]):
                image.tofile(f'{name}/{at}.image')
            continue
        values = images[:]
        assert np.array_equal(images[7], values[7]) and np.array_equal(images[-1], values[-1])
        assert np.array_equal(images[3:149:7], values[3:149:7])
        if values.dtype == np.uint16:
            values = values // 257
        if values.shape[-1] == 3:
            values = np.moveaxis(values, -1, 1)
        values = values.astype(np.float32 if values.dtype.kind == 'f' else np.uint8)
        np.ascontiguousarray(values).tofile(f'{name}/values')
";

fn h5py_loads_stores(python: &Python, layouts: &[LayoutId]) {
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    for layout in layouts {
        let store = folder.path().join(layout.directory_name());
        make(layout, &store, &source);
    }
    let told = python.run(SCRIPT, folder.path());
    for layout in layouts {
        let line = description(layout);
        assert!(told.lines().any(|told| told == line), "{line}\n{told}");
        check_values(
            &folder.path().join(layout.directory_name()),
            layout,
            &source,
        );
    }
}

/// What the script prints of a store.
fn description(layout: &LayoutId) -> String {
    let (values, dimensions) = match layout.encoding.element() {
        None => ("object;(150,)", "sample"),
        Some(Element::U8) => ("uint8;(150, 9, 12, 3)", "sample height width channel"),
        Some(Element::U16) => ("uint16;(150, 9, 12, 3)", "sample height width channel"),
        Some(Element::F16) => ("float16;(150, 3, 9, 12)", "sample channel height width"),
        Some(Element::Bf16 | Element::F32) => {
            ("float32;(150, 3, 9, 12)", "sample channel height width")
        }
    };
    let options = &layout.container_options;
    let packing = if options.has("deflate") {
        "gzip;4"
    } else {
        "None;None"
    };
    let shuffled = if options.has("shuffle") {
        "True"
    } else {
        "False"
    };
    let encoding = match layout.encoding.is_compressed_image() {
        true => layout.encoding.name(),
        false => "None",
    };
    format!(
        "{};{values};{};{packing};{shuffled};{encoding};{dimensions};ant;bee;cat dog",
        layout.directory_name(),
        options.value("chunk").unwrap_or("None"),
    )
}

/// Labels and images as h5py found them are those of the source.
fn check_values(store: &Path, layout: &LayoutId, source: &MemorySource) {
    let labels: Vec<u8> = (0..COUNT)
        .map(|index| source.labels[index].map_or(-1, i64::from))
        .flat_map(i64::to_le_bytes)
        .collect();
    assert!(
        fs::read(store.join("labels")).unwrap() == labels,
        "{layout}"
    );
    if !layout.encoding.is_compressed_image() {
        let values: Vec<u8> = (0..COUNT)
            .flat_map(|index| expected(source, index, layout))
            .collect();
        assert!(
            fs::read(store.join("values")).unwrap() == values,
            "{layout}"
        );
        return;
    }
    for (index, image) in source.images.iter().enumerate() {
        let found = fs::read(store.join(format!("{index}.image"))).unwrap();
        match image {
            Image::Encoded(encoding, bytes) if *encoding == layout.encoding => {
                assert!(*bytes == found, "{layout} {index}");
            }
            _ => {
                let reader = ielade_layout::open_store(store).unwrap();
                let manifest = reader.manifest();
                let output = crate::stores::output(layout, MemorySource::SIZE);
                let pipeline = ielade_codec::PixelPipeline::new(
                    output,
                    &manifest.normalisation,
                    manifest.orientation,
                );
                let mut context = ielade_codec::ThreadContext::new(&pipeline);
                let ours = reader.sample(index as u32, &mut context).unwrap();
                assert!(ours.payload.bytes() == found, "{layout} {index}");
            }
        }
    }
}

/// The library does not only read what is there, it finds room behind it and edits its trees.
fn h5py_changes_a_store_and_copies_it(python: &Python) {
    const SCRIPT: &str = "
import h5py, numpy as np
for name in ('one', 'packed', 'encoded'):
    with h5py.File(f'{name}/data.h5', 'r+') as file:
        images = file['images']
        before = images[:]
        file['class_names'].attrs['language'] = 'en'
        file.create_group('more').create_dataset('noise', data=np.arange(1000), chunks=(10,), compression='gzip')
        for at in range(20):
            file[f'entry {at}'] = at
        if name == 'encoded':
            images[5] = np.arange(9000).astype(np.uint8)
        else:
            images.resize(400, axis=0)
            images[150:] = 7
    with h5py.File(f'{name}/data.h5') as file, h5py.File('copy.h5', 'w', libver='latest') as copy:
        file.copy(file['images'], copy, name)
        for images in (file['images'], copy[name]):
            if name == 'encoded':
                assert len(images[5]) == 9000
                assert all(np.array_equal(images[at], before[at]) for at in range(150) if at != 5)
            else:
                assert np.array_equal(images[:150], before) and (images[150:] == 7).all()
        assert file['labels'].shape == (150,) and file['entry 19'][()] == 19
    print(name)
";
    let source = MemorySource::jpeg(COUNT);
    let folder = tempfile::tempdir().unwrap();
    let layouts = [
        ("one", "hdf5:chunk=1/u8"),
        ("packed", "hdf5:chunk=16,shuffle,deflate/f32"),
        ("encoded", "hdf5/jpeg"),
    ];
    for (name, layout) in layouts {
        make(&layout.parse().unwrap(), &folder.path().join(name), &source);
    }
    assert_eq!(python.run(SCRIPT, folder.path()), "one\npacked\nencoded\n");
}
