//! Reading the files of `tests/fixtures`.

use ielade_core::ImageSpec;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// The bytes of a fixture.
pub(crate) fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all fixtures with this ending, without it, in order.
pub(crate) fn names(ending: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the folder of fixtures")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_suffix(ending)?.to_owned()))
        .collect();
    names.sort();
    assert!(!names.is_empty(), "no fixtures that end in {ending}");
    names
}

/// The pixels of `name.ppm`, a binary portable pixmap.
pub(crate) fn pixels(name: &str) -> (ImageSpec, Vec<u8>) {
    let bytes = bytes(&format!("{name}.ppm"));
    let mut lines = bytes.splitn(4, |byte| *byte == b'\n');
    assert_eq!(lines.next(), Some(&b"P6"[..]), "{name}");
    let size = String::from_utf8_lossy(lines.next().expect("a size")).into_owned();
    let (width, height) = size.split_once(' ').expect("two numbers");
    let spec = ImageSpec::rgb(height.parse().unwrap(), width.parse().unwrap());
    assert_eq!(lines.next(), Some(&b"255"[..]), "{name}");
    let pixels = lines.next().expect("pixels").to_vec();
    assert_eq!(pixels.len(), spec.values(), "{name}");
    (spec, pixels)
}

/// How far two pictures of one size are apart, in levels: on average and at most.
pub(crate) fn difference(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let levels = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = levels().map(u64::from).sum();
    (sum as f64 / a.len() as f64, levels().max().unwrap_or(0))
}
