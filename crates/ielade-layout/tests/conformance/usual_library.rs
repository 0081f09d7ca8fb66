//! Stores read by the library that everybody uses for their container, and the other way round.

use crate::{
    source::MemorySource,
    stores::{expected, layouts, make, output, read},
};
use ielade_core::{Element, LayoutId};
use ielade_layout::open_store;
use std::{path::Path, process::Command};

/// A Python with the named module; prints why there is none.
fn python_with(module: &str) -> Option<String> {
    let python = std::env::var("IELADE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", &format!("import {module}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: {python} has no {module}; set IELADE_TEST_PYTHON to one that has");
    }
    found.then_some(python)
}

fn run(python: &str, script: &str, folder: &Path) {
    let output = Command::new(python)
        .args(["-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn numpy_loads_an_npy_store_and_ours_loads_what_numpy_saved() {
    const SCRIPT: &str = "
import numpy as np
images, labels = np.load('store/images.npy', mmap_mode='r'), np.load('store/labels.npy')
assert labels.dtype == np.int64 and labels.shape == (len(images),)
assert images.flags['C_CONTIGUOUS']
open('description', 'w').write(f'{images.dtype.str} {images.shape}')
if images.shape[-1] == 3:
    images = np.moveaxis(images, -1, 1)
if images.dtype.kind == 'V':
    # The upper half of a float32, as ml_dtypes.bfloat16 says it.
    images = (images.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
values = images // 257 if images.dtype == np.uint16 else images
values = values.astype(np.float32 if values.dtype.kind == 'f' else np.uint8)
np.ascontiguousarray(values).tofile('values')
np.save('store/images.npy', np.load('store/images.npy'))
np.save('store/labels.npy', labels)
";
    let Some(python) = python_with("numpy") else {
        return;
    };
    let source = MemorySource::jpeg(11);
    for layout in layouts().iter().filter(|layout| layout.container == "npy") {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(layout, &store, &source);
        run(&python, SCRIPT, folder.path());
        let description = std::fs::read_to_string(folder.path().join("description")).unwrap();
        let known = match layout.encoding.element().unwrap() {
            Element::U8 => "|u1 (11, 9, 12, 3)",
            Element::U16 => "<u2 (11, 9, 12, 3)",
            Element::F16 => "<f2 (11, 3, 9, 12)",
            Element::Bf16 => "|V2 (11, 3, 9, 12)",
            Element::F32 => "<f4 (11, 3, 9, 12)",
        };
        assert_eq!(description, known);
        let values = std::fs::read(folder.path().join("values")).unwrap();
        let all: Vec<u8> = (0..11)
            .flat_map(|index| expected(&source, index, layout))
            .collect();
        assert!(values == all, "{layout}");

        let reader = open_store(&store).unwrap();
        let indices: Vec<u32> = (0..11).collect();
        let output = output(layout, MemorySource::SIZE);
        let batch = read(reader.as_ref(), &indices, output).unwrap();
        assert!(batch.image_bytes() == all, "{layout}");
    }
}

#[test]
fn pillow_reads_a_files_store_in_class_folders() {
    // As torchvision's ImageFolder does: classes are the sorted folders, images the sorted files.
    const SCRIPT: &str = "
import os
from PIL import Image
root, lines, pixels = 'store/images', [], open('pixels', 'wb')
for folder in sorted(entry.name for entry in os.scandir(root) if entry.is_dir()):
    for name in sorted(os.listdir(f'{root}/{folder}')):
        image = Image.open(f'{root}/{folder}/{name}')
        lines.append(f'{folder}/{name} {image.format}')
        pixels.write(image.convert('RGB').tobytes())
open('list', 'w').write('\\n'.join(lines))
";
    let Some(python) = python_with("PIL") else {
        return;
    };
    let source = MemorySource::jpeg(11);
    for name in ["files/jpeg", "files/png"] {
        let layout: LayoutId = name.parse().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(&layout, &store, &source);
        run(&python, SCRIPT, folder.path());
        let list = std::fs::read_to_string(folder.path().join("list")).unwrap();
        assert_eq!(list.lines().count(), 11, "{list}");
        let format = layout.encoding.name().to_uppercase();
        assert!(list.lines().all(|line| line.ends_with(&format)), "{list}");
        let mut rows = csv::Reader::from_path(store.join("files.csv")).unwrap();
        let paths: Vec<String> = rows
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
        // Within a class the files' order is the samples' order.
        let mut by_class = paths.clone();
        by_class.sort_by_key(|path| path.split('/').next().unwrap().to_owned());
        let listed: Vec<&str> = list
            .lines()
            .map(|line| line.rsplit_once(' ').unwrap().0)
            .collect();
        assert_eq!(listed, by_class);
        if layout.encoding == ielade_core::Encoding::Png {
            let pixels = std::fs::read(folder.path().join("pixels")).unwrap();
            let values = MemorySource::SIZE.values();
            for (place, path) in listed.iter().enumerate() {
                let index = paths.iter().position(|known| known == path).unwrap();
                let planes = expected(&source, index, &layout);
                let plane = values / 3;
                let interleaved: Vec<u8> = (0..values)
                    .map(|at| planes[at % 3 * plane + at / 3])
                    .collect();
                assert!(pixels[place * values..][..values] == interleaved, "{path}");
            }
        }
    }
}
