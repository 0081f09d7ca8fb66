//! Small data sets to run the command on.

use ielade::{codec, core::ImageSpec};
use std::path::Path;

/// A JPEG of one colour with a mark that depends on `number`.
pub(crate) fn jpeg(size: u32, number: u8) -> Vec<u8> {
    let spec = ImageSpec::rgb(size, size);
    let mut pixels = vec![number.wrapping_mul(40); spec.values()];
    pixels[..spec.values() / 2].fill(255 - number);
    let mut bytes = Vec::new();
    codec::encode_jpeg(&pixels, spec, 90, &mut bytes).expect("a JPEG");
    bytes
}

/// A folder of two class folders with `images` images each, named with spaces and endings as they
/// come.
pub(crate) fn photos(folder: &Path, images: u8, size: impl Fn(u8) -> u32) {
    for (class, ending) in [("a cat", "jpg"), ("dog", "JPEG")] {
        let class = folder.join(class);
        std::fs::create_dir_all(&class).expect("a folder");
        for number in 0..images {
            let path = class.join(format!("photo {number}.{ending}"));
            std::fs::write(path, jpeg(size(number), number)).expect("a file");
        }
    }
}
