//! Names of class folders and image files.

use super::UNLABELLED_FOLDER;
use crate::LayoutError;
use ielade_core::Encoding;
use std::collections::HashSet;

/// Bytes that a file name may have on every usual file system.
const MAX_NAME_BYTES: usize = 255;

/// A folder name for each class: the class's own name where it can be one, else with the
/// offending letters replaced; made unique by a number.
pub(super) fn class_folders(classes: &[String]) -> Vec<String> {
    let mut taken = HashSet::from([UNLABELLED_FOLDER.to_owned()]);
    classes
        .iter()
        .map(|class| {
            let mut plain: String = class
                .chars()
                .map(|letter| {
                    if matches!(letter, '/' | '\0') {
                        '_'
                    } else {
                        letter
                    }
                })
                .collect();
            while plain.len() > MAX_NAME_BYTES - 12 {
                plain.pop();
            }
            if matches!(plain.as_str(), "" | "." | "..") {
                plain = format!("_{plain}");
            }
            let mut name = plain.clone();
            let mut number = 2;
            while !taken.insert(name.clone()) {
                name = format!("{plain}-{number}");
                number += 1;
            }
            name
        })
        .collect()
}

/// Gives every sample a file name that is unique within its class.
#[derive(Debug, Default)]
pub(super) struct FileNames {
    /// Digests instead of names: a data set may have millions.
    taken: HashSet<[u8; 16]>,
}

impl FileNames {
    /// The name of a sample's file: the last part of its key, with an ending that fits the
    /// encoding; `name-2.jpg` where `name.jpg` is taken.
    pub(super) fn unique(
        &mut self,
        folder: u32,
        key: &str,
        encoding: Encoding,
    ) -> Result<String, LayoutError> {
        let (stem, ending) = name_of(key, encoding)?;
        let mut name = format!("{stem}.{ending}");
        let mut number = 2;
        while !self.take(folder, &name) {
            name = format!("{stem}-{number}.{ending}");
            number += 1;
        }
        if name.len() > MAX_NAME_BYTES {
            return Err(hostile(key, "it is longer than 255 bytes"));
        }
        Ok(name)
    }

    /// True where the name was still free.
    pub(super) fn take(&mut self, folder: u32, name: &str) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&folder.to_le_bytes());
        hasher.update(name.as_bytes());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        self.taken.insert(digest)
    }
}

fn hostile(key: &str, reason: &'static str) -> LayoutError {
    LayoutError::HostileKey {
        key: key.to_owned(),
        reason,
    }
}

/// Stem and ending of a sample's file name.
fn name_of(key: &str, encoding: Encoding) -> Result<(&str, &str), LayoutError> {
    if key.contains('\0') {
        return Err(hostile(key, "it holds a NUL byte"));
    }
    if key.starts_with('/') {
        return Err(hostile(key, "it is an absolute path"));
    }
    if key.split('/').any(|part| matches!(part, "." | "..")) {
        return Err(hostile(key, "a part of it is . or .."));
    }
    let base = key.rsplit('/').next().unwrap_or_default();
    if base.is_empty() {
        return Err(hostile(key, "its last part is empty"));
    }
    let Some((stem, ending)) = base.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()) else {
        return Ok((base, encoding.file_extension()));
    };
    let is_of = |encoding: &Encoding| {
        let mut endings = endings(*encoding).iter();
        endings.any(|usual| ending.eq_ignore_ascii_case(usual))
    };
    if is_of(&encoding) {
        return Ok((stem, ending));
    }
    // What is published as a JPEG in spite of its name keeps the name and gets a true ending.
    let is_encoded_anew = encoding != Encoding::Jpeg && Encoding::IMAGES.iter().any(is_of);
    let name = if is_encoded_anew { stem } else { base };
    Ok((name, encoding.file_extension()))
}

/// The usual endings of image files.
const fn endings(encoding: Encoding) -> &'static [&'static str] {
    match encoding {
        Encoding::Jpeg => &["jpg", "jpeg"],
        Encoding::Png => &["png"],
        Encoding::Jp2 => &["jp2", "j2k", "j2c", "jpc", "jpf", "jpx"],
        Encoding::Webp => &["webp"],
        Encoding::Qoi => &["qoi"],
        Encoding::Jxl => &["jxl"],
        Encoding::Bmp => &["bmp", "dib"],
        Encoding::Raw(_) => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::{FileNames, class_folders};
    use ielade_core::Encoding::{Jp2, Jpeg, Png, Webp};

    #[test]
    fn published_names_are_kept_and_endings_fit_the_encoding() {
        let mut names = FileNames::default();
        for (key, encoding, expected) in [
            ("train/n01/images/n01_3.JPEG", Jpeg, "n01_3.JPEG"),
            ("with space é.jpg", Jpeg, "with space é.jpg"),
            ("a/b.jpg", Png, "b.png"),
            ("a/b.bmp", Webp, "b.webp"),
            ("a/b.J2K", Jp2, "b.J2K"),
            ("data_batch_1/00017", Png, "00017.png"),
            ("mistaken.png", Jpeg, "mistaken.png.jpg"),
            ("v1.5", Jpeg, "v1.5.jpg"),
            (".hidden", Png, ".hidden.png"),
        ] {
            assert_eq!(names.unique(0, key, encoding).unwrap(), expected);
        }
    }

    #[test]
    fn equal_names_are_told_apart_within_a_class_only() {
        let mut names = FileNames::default();
        let mut next = |folder| names.unique(folder, "x/1.jpg", Jpeg).unwrap();
        assert_eq!(next(0), "1.jpg");
        assert_eq!(next(1), "1.jpg");
        assert_eq!(next(0), "1-2.jpg");
        assert_eq!(next(0), "1-3.jpg");
    }

    #[test]
    fn keys_that_lead_elsewhere_are_refused() {
        let long = "x".repeat(300);
        for key in [
            "../x.jpg",
            "a/../../x",
            "/etc/x",
            "a\0b",
            "",
            "a/",
            "a/..",
            &long,
        ] {
            let error = FileNames::default().unique(0, key, Jpeg).unwrap_err();
            assert!(error.to_string().contains("cannot become a file name"));
        }
    }

    #[test]
    fn every_class_gets_a_folder_of_its_own() {
        let classes = ["cat", "n/a", "n_a", "..", "", "_unlabelled", "cat"].map(str::to_owned);
        assert_eq!(
            class_folders(&classes),
            ["cat", "n_a", "n_a-2", "_..", "_", "_unlabelled-2", "cat-2"]
        );
    }
}
