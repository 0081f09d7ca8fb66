//! `files` and Pillow, which torchvision's `ImageFolder` reads with.

use crate::{
    for_each, layouts_of,
    source::{Image, MemorySource},
    stores::{expected, make},
};
use ielade_core::{Encoding, LayoutId};
use ielade_testing::{Python, Trial};
use std::path::Path;

const COUNT: usize = 11;

pub(crate) fn tests() -> Vec<Trial> {
    let layouts = layouts_of("files")
        .filter(|layout| name_in_pillow(layout.encoding).is_some())
        .collect();
    for_each(
        layouts,
        "pillow_reads_a_store_in_class_folders",
        &["PIL"],
        pillow_reads_a_store_in_class_folders,
    )
}

/// Pillow's name of a format, if it reads it.
fn name_in_pillow(encoding: Encoding) -> Option<&'static str> {
    match encoding {
        Encoding::Jpeg => Some("JPEG"),
        Encoding::Png => Some("PNG"),
        Encoding::Jp2 => Some("JPEG2000"),
        Encoding::Webp => Some("WEBP"),
        Encoding::Qoi => Some("QOI"),
        Encoding::Bmp => Some("BMP"),
        Encoding::Jxl | Encoding::Raw(_) => None,
    }
}

fn pillow_reads_a_store_in_class_folders(python: &Python, layout: &LayoutId) {
    // As torchvision's ImageFolder does: classes are the sorted folders, images the sorted files.
    const SCRIPT: &str = "
import os
from PIL import Image
root, pixels = 'store/images', open('pixels', 'wb')
for folder in sorted(entry.name for entry in os.scandir(root) if entry.is_dir()):
    for name in sorted(os.listdir(f'{root}/{folder}')):
        image = Image.open(f'{root}/{folder}/{name}')
        print(f'{folder}/{name} {image.format}')
        pixels.write(image.convert('RGB').tobytes())
";
    let png = MemorySource::of(COUNT, |index| Image::png(index, MemorySource::SIZE));
    let jpegs = [MemorySource::jpeg(COUNT), MemorySource::varied(COUNT)];
    // JPEG files are as published; its decoders differ by a few levels.
    let is_jpeg = layout.encoding == Encoding::Jpeg;
    for source in jpegs.into_iter().chain((!is_jpeg).then_some(png)) {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store");
        make(layout, &store, &source);
        let listing = python.run(SCRIPT, folder.path());
        let listed: Vec<(&str, &str)> = listing
            .lines()
            .map(|line| line.rsplit_once(' ').unwrap())
            .collect();
        let format = name_in_pillow(layout.encoding).unwrap();
        assert!(
            listed.iter().all(|(_, found)| *found == format),
            "{listing}"
        );
        let paths = paths_by_sample(&store);
        // Within a class the files' order is the samples' order.
        let mut by_class: Vec<usize> = (0..COUNT).collect();
        by_class.sort_by_key(|index| paths[*index].split('/').next().unwrap());
        let found: Vec<&str> = listed.iter().map(|(path, _)| *path).collect();
        let right: Vec<&str> = by_class
            .iter()
            .map(|index| paths[*index].as_str())
            .collect();
        assert_eq!(found, right);
        if !is_jpeg {
            let all: Vec<u8> = by_class
                .iter()
                .flat_map(|index| interleaved(&expected(&source, *index, layout)))
                .collect();
            let pixels = std::fs::read(folder.path().join("pixels")).unwrap();
            assert!(pixels == all, "other pixels");
        }
    }
}

/// Where each sample's file is, below `images`.
fn paths_by_sample(store: &Path) -> Vec<String> {
    let mut rows = csv::Reader::from_path(store.join("files.csv")).unwrap();
    rows.records()
        .map(|row| row.unwrap()[0].to_owned())
        .collect()
}

/// Pixels with their channels together, from planes.
fn interleaved(planes: &[u8]) -> Vec<u8> {
    let plane = planes.len() / 3;
    (0..planes.len())
        .map(|at| planes[at % 3 * plane + at / 3])
        .collect()
}
