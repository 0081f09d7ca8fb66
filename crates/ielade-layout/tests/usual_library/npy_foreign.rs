//! Arrays that NumPy saved in all its ways, opened without a manifest.

use crate::opened::{open, refusal};
use ielade_core::ImageSpec;
use ielade_testing::{Python, Trial, python_with, test};
use std::{fs, path::Path};

const SIZE: ImageSpec = ImageSpec::rgb(5, 4);

pub(crate) fn tests() -> Vec<Trial> {
    let numpy = |name: &str, body: fn(&Python)| {
        let name = format!("npy of others: {name}");
        test(name, python_with(&["numpy"]), body)
    };
    vec![
        numpy("every_order_and_type_is_read", every_order_and_type_is_read),
        numpy("labels_are_found_beside", labels_are_found_beside),
        numpy("archives_are_read", archives_are_read),
        numpy("what_is_not_read_says_so", what_is_not_read_says_so),
    ]
}

/// Images and labels; `planes` is what has to be delivered.
const DATA: &str = "
import numpy as np
n, h, w = 7, 5, 4
images = (np.arange(n * h * w * 3) * 7919 % 251).astype(np.uint8).reshape(n, h, w, 3)
labels = np.arange(n) * 5 % 3
planes = np.ascontiguousarray(np.moveaxis(images, -1, 1))
planes.tofile('planes')
";

fn expected(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

fn labels() -> Vec<i64> {
    (0..7).map(|at| at * 5 % 3).collect()
}

fn every_order_and_type_is_read(python: &Python) {
    const SCRIPT: &str = "
def save(name, array, labels=labels):
    np.save(name, array)
    np.save(f'{name}_labels', labels)
save('plain', images)
save('fortran', np.asfortranarray(images), labels.astype('>i2'))
save('planar', planes, labels.astype(np.uint8))
save('planar_fortran', np.asfortranarray(planes), labels.reshape(-1, 1))
save('u16', images * np.uint16(257), labels.astype(np.int8))
save('u16_big', (images * np.uint16(257)).astype('>u2'), labels.astype('>u8'))
save('u16_big_fortran', np.asfortranarray((images * np.uint16(257)).astype('>u2')))
with open('version_2.npy', 'wb') as file:
    np.lib.format.write_array(file, images, version=(2, 0))
with open('version_3.npy', 'wb') as file:
    np.lib.format.write_array(file, images, version=(3, 0))
floats = planes.astype(np.float32) / 255
floats.tofile('planes_f32')
halves = floats.astype(np.float16)
halves.astype(np.float32).tofile('planes_f16')
save('f32', floats)
save('f32_big', floats.astype('>f4'), labels.astype('>u4'))
save('f32_last', np.moveaxis(floats, 1, -1).copy())
save('f32_fortran', np.asfortranarray(floats.astype('>f4')))
save('f16', halves)
save('f16_big', halves.astype('>f2'))
grey = images[..., 0].copy()
np.ascontiguousarray(np.repeat(grey[:, None], 3, 1)).tofile('planes_grey')
save('grey', grey)
save('grey_last', grey[..., None])
save('grey_first', grey[:, None])
save('grey_fortran', np.asfortranarray(grey))
";
    let folder = tempfile::tempdir().unwrap();
    python.run(&format!("{DATA}{SCRIPT}"), folder.path());
    for (planes, names) in [
        (
            "planes",
            &[
                "plain",
                "fortran",
                "planar",
                "planar_fortran",
                "u16",
                "u16_big",
                "u16_big_fortran",
                "version_2",
                "version_3",
            ][..],
        ),
        ("planes_f32", &["f32", "f32_big", "f32_last", "f32_fortran"]),
        ("planes_f16", &["f16", "f16_big"]),
        (
            "planes_grey",
            &["grey", "grey_last", "grey_first", "grey_fortran"],
        ),
    ] {
        for name in names {
            let path = folder.path().join(format!("{name}.npy"));
            let opened = open(&path, (None, None), SIZE).unwrap();
            assert!(opened.pixels == expected(folder.path(), planes), "{name}");
            if name.starts_with("version") {
                assert_eq!(opened.labels, [-1; 7]);
                assert!(opened.guesses.contains("no labels"), "{}", opened.guesses);
            } else {
                assert_eq!(opened.labels, labels(), "{name}");
            }
        }
    }
}

fn labels_are_found_beside(python: &Python) {
    const SCRIPT: &str = "
import os
for folder, image_name, label_name in [
    ('a', 'images', 'labels'), ('b', 'X_train', 'y_train'), ('c', 'train_images', 'train_labels'),
    ('d', 'x', 'y'), ('e', 'faces', 'faces_y'), ('f', 'faces', 'targets'), ('g', 'X-val', 'y-val'),
]:
    os.mkdir(folder)
    np.save(f'{folder}/{image_name}', images)
    np.save(f'{folder}/{label_name}', labels)
    # Beside it, and not meant.
    np.save(f'{folder}/label', np.arange(3))
    open(f'{folder}/{image_name}_label.npy', 'w').write('nonsense')
    print(f'{folder}/{image_name}.npy')
";
    let folder = tempfile::tempdir().unwrap();
    let paths = python.run(&format!("{DATA}{SCRIPT}"), folder.path());
    for path in paths.lines() {
        let opened = open(&folder.path().join(path), (None, None), SIZE).unwrap();
        assert_eq!(opened.labels, labels(), "{path}: {}", opened.guesses);
    }
    let images = folder.path().join("f/faces.npy");
    let elsewhere = folder.path().join("b/y_train.npy");
    for name in ["targets.npy", elsewhere.to_str().unwrap()] {
        let opened = open(&images, (None, Some(name)), SIZE).unwrap();
        assert_eq!(opened.labels, labels());
    }
    let error = refusal(&images, (None, Some("label.npy")));
    assert!(error.contains("is not 7 integers"), "{error}");
    let error = refusal(&images, (None, Some("nothing.npy")));
    assert!(error.contains("nothing.npy"), "{error}");
}

fn archives_are_read(python: &Python) {
    const SCRIPT: &str = "
np.savez('mnist', x_train=images, y_train=labels.astype(np.int32), x_test=images[:3], y_test=labels[:3],
         names=np.array(['ant', 'bee', 'cat']))
np.savez('unnamed', np.asfortranarray(images), labels)
";
    let folder = tempfile::tempdir().unwrap();
    python.run(&format!("{DATA}{SCRIPT}"), folder.path());
    let planes = expected(folder.path(), "planes");
    for name in ["mnist.npz", "unnamed.npz"] {
        let path = folder.path().join(name);
        let opened = open(&path, (None, None), SIZE).unwrap();
        assert!(opened.pixels == planes, "{name}");
        assert_eq!(opened.labels, labels(), "{name}: {}", opened.guesses);
    }
    let path = folder.path().join("mnist.npz");
    let opened = open(&path, (Some("x_test"), None), SIZE).unwrap();
    assert!(opened.pixels == planes[..planes.len() / 7 * 3]);
    assert_eq!(opened.labels, labels()[..3]);
    let error = refusal(&path, (Some("x_val"), None));
    assert!(
        error.contains("x_train.npy") && error.contains("y_test.npy"),
        "{error}"
    );
    let content = fs::read(&path).unwrap();
    for cut in (0..content.len()).step_by(37) {
        fs::write(&path, &content[..cut]).unwrap();
        let error = refusal(&path, (None, None));
        assert!(error.contains("mnist.npz"), "{error}");
    }
}

fn what_is_not_read_says_so(python: &Python) {
    const SCRIPT: &str = "
np.save('doubles', images / 255)
np.save('objects', np.array([images, None], dtype=object))
np.save('four_channels', np.zeros((7, 5, 4, 4), np.uint8))
np.save('flat', images.reshape(7, -1))
np.savez_compressed('packed', images=images, labels=labels)
";
    let folder = tempfile::tempdir().unwrap();
    python.run(&format!("{DATA}{SCRIPT}"), folder.path());
    for (name, reason) in [
        ("doubles.npy", "astype('<f4')"),
        ("objects.npy", "\"|O\" is not one of"),
        ("four_channels.npy", "is not of the shape"),
        ("flat.npy", "is not of the shape"),
        ("packed.npz", "np.savez in place of np.savez_compressed"),
    ] {
        let error = refusal(&folder.path().join(name), (None, None));
        assert!(error.contains(reason) && error.contains(name), "{error}");
    }
}
