//! Which records lie in which file.

use super::{BATCH, DATA_FILE, SHAPE_FILE};
use crate::{LayoutError, options};
use ielade_core::{ImageSpec, LayoutOptions};
use std::{fs::File, io::Read, path::Path};

/// Most bytes of a small text file that are read.
const MAX_TEXT: u64 = 1 << 20;

/// How the records of a store lie in its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordFiles {
    /// Records of every file but the last; `None` where there is one file.
    pub(super) per_file: Option<u32>,
}

impl RecordFiles {
    pub(super) fn of(options: &LayoutOptions) -> Self {
        Self {
            per_file: options::number(options, BATCH),
        }
    }

    /// Names of the files that hold `count` records, and how many each holds.
    pub(super) fn names(self, count: u32) -> impl Iterator<Item = (String, u32)> {
        let per_file = self.per_file.unwrap_or(u32::MAX);
        (0..count.div_ceil(per_file)).map(move |file| {
            let before = file * per_file;
            (self.name(file), per_file.min(count - before))
        })
    }

    /// Name of a file, counted from 0.
    pub(super) fn name(self, file: u32) -> String {
        match self.per_file {
            None => DATA_FILE.to_owned(),
            Some(_) => format!("data_batch_{}.bin", u64::from(file) + 1),
        }
    }

    /// The file that a record lies in, and its number there.
    pub(super) const fn place(self, record: u32) -> (u32, u32) {
        match self.per_file {
            None => (0, record),
            Some(per_file) => (record / per_file, record % per_file),
        }
    }
}

/// What `shape.txt` says of images of this size.
pub(super) fn shape_text(spec: ImageSpec) -> String {
    format!("{} {} {}\n", spec.channels, spec.height, spec.width)
}

/// The size in a folder's `shape.txt`; `None` where there is none.
pub(super) fn read_shape(folder: &Path) -> Result<Option<ImageSpec>, LayoutError> {
    let path = folder.join(SHAPE_FILE);
    let Some(text) = read_text(&path)? else {
        return Ok(None);
    };
    let numbers: Vec<u32> = text
        .split_ascii_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let spec = match numbers[..] {
        [3, height, width] => Some(ImageSpec::rgb(height, width)),
        _ => None,
    };
    let fits = |spec: &ImageSpec| {
        let pixels = u64::from(spec.height) * u64::from(spec.width);
        (1..=ielade_codec::MAX_PIXELS).contains(&pixels)
    };
    spec.filter(fits).map(Some).ok_or_else(|| {
        let reason = "it is not the number 3, a height and a width";
        LayoutError::container(&path, 0, reason)
    })
}

/// A small text file; `None` where there is none.
pub(super) fn read_text(path: &Path) -> Result<Option<String>, LayoutError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LayoutError::io("open", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(MAX_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(LayoutError::io("read", path))?;
    if bytes.len() as u64 > MAX_TEXT {
        let reason = format!("it has more than {MAX_TEXT} bytes");
        return Err(LayoutError::container(path, 0, reason));
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::{RecordFiles, read_shape, shape_text};
    use ielade_core::ImageSpec;

    #[test]
    fn every_record_has_its_file() {
        let one = RecordFiles { per_file: None };
        assert_eq!(
            one.names(7).collect::<Vec<_>>(),
            [("data.bin".to_owned(), 7)]
        );
        assert_eq!(one.place(6), (0, 6));
        let several = RecordFiles { per_file: Some(3) };
        let names: Vec<(String, u32)> = several.names(7).collect();
        let expected = [(1, 3), (2, 3), (3, 1)];
        assert_eq!(
            names,
            expected.map(|(at, records)| (format!("data_batch_{at}.bin"), records))
        );
        assert_eq!(several.place(6), (2, 0));
        assert_eq!(several.names(6).count(), 2);
    }

    #[test]
    fn a_shape_comes_back_and_nonsense_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_shape(folder.path()).unwrap(), None);
        let path = folder.path().join("shape.txt");
        let spec = ImageSpec::rgb(9, 12);
        std::fs::write(&path, shape_text(spec)).unwrap();
        assert_eq!(read_shape(folder.path()).unwrap(), Some(spec));
        for text in [
            "",
            "3 32",
            "1 32 32",
            "3 0 32",
            "3 99999 99999",
            "3 -1 2",
            "3 1 1 1",
        ] {
            std::fs::write(&path, text).unwrap();
            assert!(read_shape(folder.path()).is_err(), "{text}");
        }
        std::fs::write(&path, vec![b' '; 2 << 20]).unwrap();
        assert!(read_shape(folder.path()).is_err());
    }
}
