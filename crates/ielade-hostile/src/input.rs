//! Several files in one run of bytes, as fuzzers give them.
//!
//! Before each file stands a line of its own, `\n\xff\xffNAME\n`. Lengths are told by nothing but
//! the next such line, so that bytes can be put in and taken out anywhere. Bytes that do not start
//! with such a line are one file without a name.

use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const MARK: &[u8] = b"\n\xff\xff";

/// Most files that are made of an input.
const MOST_FILES: usize = 64;

/// Longest name of a file, with its folders.
const LONGEST_NAME: usize = 100;

/// The name under which an input without names is written.
pub const PLAIN_NAME: &str = "input";

/// Writes files one after the other, each behind its name.
///
/// ```
/// use ielade_hostile::input::{files, join};
/// let joined = join([("a/b", &b"one"[..]), ("c", b"two")]);
/// assert_eq!(files(&joined), [("a/b", &b"one"[..]), ("c", b"two")]);
/// assert_eq!(files(b"three"), [("input", &b"three"[..])]);
/// ```
pub fn join<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut joined = Vec::new();
    for (name, content) in files {
        joined.extend_from_slice(MARK);
        joined.extend_from_slice(name.as_bytes());
        joined.push(b'\n');
        joined.extend_from_slice(content);
    }
    joined
}

/// The files of an input. What has no usable name is left out.
pub fn files(input: &[u8]) -> Vec<(&str, &[u8])> {
    if !input.starts_with(MARK) {
        return vec![(PLAIN_NAME, input)];
    }
    let marks: Vec<usize> = memchr::memmem::find_iter(input, MARK).collect();
    let ends = marks.iter().skip(1).copied().chain([input.len()]);
    marks
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| file(input.get(start + MARK.len()..end)?))
        .take(MOST_FILES)
        .collect()
}

/// A name, the end of its line, and the file's content.
fn file(section: &[u8]) -> Option<(&str, &[u8])> {
    let line = memchr::memchr(b'\n', section)?;
    let name = std::str::from_utf8(section.get(..line)?).ok()?;
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_. ".contains(&letter);
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(is_plain);
    let usable = name.len() <= LONGEST_NAME && name.split('/').all(is_part);
    usable.then_some((name, section.get(line + 1..)?))
}

/// An input's files in a folder of their own, which is removed afterwards.
#[derive(Debug)]
pub struct Case {
    folder: TempDir,
    first: Option<PathBuf>,
}

impl Case {
    /// Writes the files of an input.
    ///
    /// # Errors
    /// Where there is no room for a folder.
    pub fn write(input: &[u8]) -> io::Result<Self> {
        let folder = folder_in_memory()?;
        let mut first = None;
        for (name, content) in files(input) {
            let path = folder.path().join(name);
            // A name that is taken, or is another file's folder, is the input's fault.
            let made = path
                .parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::write(&path, content));
            if made.is_ok() {
                first.get_or_insert(path);
            }
        }
        Ok(Self { folder, first })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The first file; the folder where there is none.
    pub fn first(&self) -> &Path {
        self.first.as_deref().unwrap_or(self.folder())
    }
}

/// A new folder, in memory where the system has a place for that.
pub(crate) fn folder_in_memory() -> io::Result<TempDir> {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => TempDir::new_in(memory),
        false => TempDir::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Case, files, join};

    #[test]
    fn names_that_lead_elsewhere_are_left_out() {
        let all = ["../a", "/a", "a//b", "a/./b", "ü", "", "a/b c-1_2.d"];
        let joined = join(all.map(|name| (name, &b"x"[..])));
        assert_eq!(files(&joined), [("a/b c-1_2.d", &b"x"[..])]);
        assert!(files(b"\n\xff\xffname without end").is_empty());
    }

    #[test]
    fn files_are_written_and_removed() {
        let joined = join([("a/b", &b"1"[..]), ("a", b"2"), ("a/b/c", b"3"), ("d", b"")]);
        let case = Case::write(&joined).unwrap();
        assert_eq!(std::fs::read(case.first()).unwrap(), b"1");
        assert!(case.first().ends_with("a/b"));
        let folder = case.folder().to_owned();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        drop(case);
        assert!(!folder.exists());
    }
}
