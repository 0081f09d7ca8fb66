//! Samples on their way to a script and back: files that a usual library wrote are opened and
//! compared with what they were made from.

use crate::{
    source::{Image, MemorySource},
    stores::{expected, output, read},
};
use ielade_codec::Decoder;
use ielade_core::{Encoding, ForeignNames, LayoutId};
use ielade_layout::{ForeignStore, open_any};
use std::{fs, path::Path};

/// Opens a file or folder without a manifest, once to make its index and once by it, and compares
/// all samples with those of a store of this layout. Gives what was guessed.
pub(crate) fn check(path: &Path, source: &MemorySource, layout: &str) -> Vec<String> {
    check_named(path, source, layout, &ForeignNames::default())
}

/// As [`check`], with names of images and labels.
pub(crate) fn check_named(
    path: &Path,
    source: &MemorySource,
    layout: &str,
    names: &ForeignNames,
) -> Vec<String> {
    let layout: LayoutId = layout.parse().unwrap();
    let open =
        || open_any(path, names).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (first, second) = (open(), open());
    compare(&first, path, source, &layout);
    compare(&second, path, source, &layout);
    assert_eq!(first.guesses, second.guesses);
    first.guesses
}

fn compare(opened: &ForeignStore, path: &Path, source: &MemorySource, layout: &LayoutId) {
    let path = path.display();
    let manifest = opened.reader.manifest();
    assert_eq!(manifest.layout.container, layout.container, "{path}");
    assert_eq!(manifest.encoding(), layout.encoding, "{path}");
    assert_eq!(manifest.count as usize, source.keys.len(), "{path}");
    let indices: Vec<u32> = (0..manifest.count).rev().collect();
    let output = output(layout, MemorySource::SIZE);
    let batch = read(opened.reader.as_ref(), &indices, output).unwrap();
    let bytes = output.image_bytes();
    for (place, index) in indices.iter().enumerate() {
        let index = *index as usize;
        let found = &batch.image_bytes()[place * bytes..][..bytes];
        assert!(
            found == expected(source, index, layout),
            "{path}: sample {index} has other pixels"
        );
        let label = source.labels[index].map_or(-1, i64::from);
        assert_eq!(batch.labels()[place], label, "{path}: sample {index}");
    }
}

/// The pixels that a script found in a sample of a store: planes, however they were stored.
pub(crate) fn planes(layout: &LayoutId, bytes: &[u8]) -> Vec<u8> {
    if layout.encoding.element().is_some() {
        return bytes.to_vec();
    }
    let mut decoder = Decoder::default();
    let (pixels, spec) = decoder.decode_any(bytes).unwrap();
    let plane = spec.pixels();
    let at = |place: usize| pixels[place % plane * 3 + place / plane];
    (0..spec.values()).map(at).collect()
}

/// Writes what scripts make files from: every sample's label (`labels`, one a line), JPEG (`00.jpg`
/// and so on), and pixels (`pixels`, interleaved).
pub(crate) fn write_samples(source: &MemorySource, folder: &Path) {
    let mut pixels = Vec::new();
    for (index, image) in source.images.iter().enumerate() {
        let Image::Encoded(Encoding::Jpeg, jpeg) = image else {
            panic!("no JPEG");
        };
        fs::write(folder.join(format!("{index:02}.jpg")), jpeg).unwrap();
        let mut decoder = Decoder::default();
        pixels.extend_from_slice(decoder.decode_any(jpeg).unwrap().0);
    }
    fs::write(folder.join("pixels"), pixels).unwrap();
    let labels: Vec<String> = source
        .labels
        .iter()
        .map(|label| label.map_or(-1, i64::from).to_string())
        .collect();
    fs::write(folder.join("labels"), labels.join("\n")).unwrap();
}
