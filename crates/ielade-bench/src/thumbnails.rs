//! A few small images of the data set beside the records: `thumbnails.json`.
//!
//! They are for a person who reads the report, and no part of the experiment: they stand in a file of
//! their own, so that `records.jsonl` stays readable and the file can be deleted where the images are
//! private. It holds `format_version` (1) and `thumbnails`, each with `class`, `encoding` (`jpeg` or
//! `png`), `width`, `height` and the image file as `base64` (RFC 4648, with padding).

use base64::{Engine, engine::general_purpose::STANDARD};
use ielade_core::{Encoding, Thumbnail};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Name of the file within the folder of the records.
pub const THUMBNAILS_FILE: &str = "thumbnails.json";

/// Version of the file's format.
const FORMAT_VERSION: u32 = 1;

/// Bytes of the largest file that is read.
const LARGEST_FILE: u64 = 1 << 20;

/// Pixels of the longest side that is shown.
const LONGEST_SIDE: u32 = 256;

/// Why thumbnails cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ThumbnailsError {
    /// The file cannot be read, written or deleted.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, for example `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not what was written once.
    #[error("{}: {reason}; delete the file, the report does without it", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl ThumbnailsError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct FileContent {
    format_version: u32,
    thumbnails: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    class: Option<String>,
    encoding: Encoding,
    width: u32,
    height: u32,
    base64: String,
}

/// Writes the thumbnails into a folder, whole or not at all.
///
/// # Errors
/// [`ThumbnailsError::File`], where the folder cannot be written to.
pub fn write(folder: &Path, thumbnails: &[Thumbnail]) -> Result<(), ThumbnailsError> {
    let path = folder.join(THUMBNAILS_FILE);
    let content = FileContent {
        format_version: FORMAT_VERSION,
        thumbnails: thumbnails.iter().map(entry).collect(),
    };
    let part = path.with_extension("json.part");
    serde_json::to_vec(&content)
        .map_err(io::Error::from)
        .and_then(|text| fs::write(&part, text))
        .and_then(|()| fs::rename(&part, &path))
        .map_err(ThumbnailsError::file("write", &path))
}

/// Deletes the thumbnails of a folder, where it has some.
///
/// # Errors
/// [`ThumbnailsError::File`], where they are there and cannot be deleted.
pub fn delete(folder: &Path) -> Result<(), ThumbnailsError> {
    let path = folder.join(THUMBNAILS_FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(ThumbnailsError::file("delete", &path)(error))
        }
        _ => Ok(()),
    }
}

/// The thumbnails of a folder; none where there is no file.
///
/// # Errors
/// Where the file cannot be read, is larger than 1 MiB, or is not what [`write()`] writes.
pub fn read(folder: &Path) -> Result<Vec<Thumbnail>, ThumbnailsError> {
    let path = folder.join(THUMBNAILS_FILE);
    let file = match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file.map_err(ThumbnailsError::file("open", &path))?,
    };
    let mut text = Vec::new();
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut text)
        .map_err(ThumbnailsError::file("read", &path))?;
    parse(&text).map_err(|reason| ThumbnailsError::Content { path, reason })
}

fn parse(text: &[u8]) -> Result<Vec<Thumbnail>, String> {
    if text.len() as u64 > LARGEST_FILE {
        return Err(format!("is larger than {LARGEST_FILE} bytes"));
    }
    let content: FileContent = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if content.format_version != FORMAT_VERSION {
        return Err(format!(
            "is of format {}, this program reads format {FORMAT_VERSION}",
            content.format_version
        ));
    }
    content.thumbnails.into_iter().map(thumbnail).collect()
}

fn entry(thumbnail: &Thumbnail) -> Entry {
    Entry {
        class: thumbnail.class.clone(),
        encoding: thumbnail.encoding,
        width: thumbnail.width,
        height: thumbnail.height,
        base64: STANDARD.encode(&thumbnail.bytes),
    }
}

fn thumbnail(entry: Entry) -> Result<Thumbnail, String> {
    media_type(entry.encoding).ok_or_else(|| format!("holds a {} image", entry.encoding))?;
    let sides = 1..=LONGEST_SIDE;
    if !sides.contains(&entry.width) || !sides.contains(&entry.height) {
        let (width, height) = (entry.width, entry.height);
        return Err(format!("holds an image of {width}×{height} pixels"));
    }
    Ok(Thumbnail {
        bytes: STANDARD
            .decode(&entry.base64)
            .map_err(|error| format!("holds no base64: {error}"))?,
        class: entry.class,
        encoding: entry.encoding,
        width: entry.width,
        height: entry.height,
    })
}

const fn media_type(encoding: Encoding) -> Option<&'static str> {
    match encoding {
        Encoding::Jpeg => Some("image/jpeg"),
        Encoding::Png => Some("image/png"),
        _ => None,
    }
}

/// A thumbnail as an address that holds the whole image (RFC 2397); `None` where it is neither JPEG
/// nor PNG.
///
/// ```
/// use ielade_bench::thumbnails::data_url;
/// use ielade_core::{Encoding, Thumbnail};
///
/// let image = Thumbnail {
///     class: None,
///     encoding: Encoding::Png,
///     width: 1,
///     height: 1,
///     bytes: b"\x89PNG".to_vec(),
/// };
/// assert_eq!(data_url(&image).unwrap(), "data:image/png;base64,iVBORw==");
/// ```
pub fn data_url(thumbnail: &Thumbnail) -> Option<String> {
    let media_type = media_type(thumbnail.encoding)?;
    let base64 = STANDARD.encode(&thumbnail.bytes);
    Some(format!("data:{media_type};base64,{base64}"))
}

#[cfg(test)]
mod tests {
    use super::{THUMBNAILS_FILE, ThumbnailsError, delete, read, write};
    use ielade_core::{Encoding, Thumbnail};
    use std::{fs, os::unix::fs::symlink};

    fn images() -> Vec<Thumbnail> {
        [(Some("cat"), Encoding::Png), (None, Encoding::Jpeg)]
            .map(|(class, encoding)| Thumbnail {
                class: class.map(str::to_owned),
                encoding,
                width: 64,
                height: 48,
                bytes: (0..=255).collect(),
            })
            .to_vec()
    }

    #[test]
    fn what_was_written_is_read_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
        write(folder.path(), &images()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), images());
        let files = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
        delete(folder.path()).unwrap();
        delete(folder.path()).unwrap();
        assert_eq!(read(folder.path()).unwrap(), []);
    }

    #[test]
    fn what_is_no_small_image_is_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), &images()).unwrap();
        let path = folder.path().join(THUMBNAILS_FILE);
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("\"png\"", "\"qoi\""),
            ("\"width\":64", "\"width\":0"),
            ("\"height\":48", "\"height\":4000000000"),
            ("\"base64\":\"", "\"base64\":\"<"),
            ("\"format_version\":1", "\"format_version\":2"),
            ("{", "["),
        ] {
            fs::write(&path, text.replacen(from, to, 1)).unwrap();
            let error = read(folder.path()).unwrap_err();
            assert!(matches!(error, ThumbnailsError::Content { .. }), "{from}");
            assert!(error.to_string().contains(THUMBNAILS_FILE), "{error}");
        }
    }

    #[test]
    fn a_file_without_an_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        symlink("/dev/zero", folder.path().join(THUMBNAILS_FILE)).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("larger than"), "{error}");
    }
}
