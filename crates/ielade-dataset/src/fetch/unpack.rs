//! Unpacks `.zip` and `.tar.gz` archives that nobody vouches for.
//!
//! Only plain files are written, only beneath the given folder, and only up to given limits;
//! whatever else an archive asks for ends the unpacking.

use super::{FetchError, FetchProgress, Limits};
use crate::error::readable_start;
use flate2::read::MultiGzDecoder;
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};
use tar::EntryType;

/// One archive to unpack.
pub(super) struct Unpacking<'a> {
    pub(super) archive: &'a Path,
    /// A new, empty folder.
    pub(super) into: &'a Path,
    /// Where a member belongs in that folder; `None` for one that is left out.
    pub(super) place: &'a dyn Fn(&Path) -> Option<PathBuf>,
    pub(super) limits: Limits,
}

/// What was written.
#[derive(Default)]
struct Written {
    files: u64,
    bytes: u64,
}

impl Unpacking<'_> {
    /// Unpacks all members that have a place, and returns their number.
    pub(super) fn run(&self, progress: &mut dyn FnMut(FetchProgress)) -> Result<u64, FetchError> {
        let mut file = File::open(self.archive).map_err(FetchError::io("open", self.archive))?;
        let mut start = [0; 16];
        let read = read_start(&mut file, &mut start);
        let length = read.map_err(FetchError::io("read", self.archive))?;
        match &start[..length] {
            [0x1f, 0x8b, ..] => self.tar_gz(file, progress),
            [b'P', b'K', ..] => self.zip(file, progress),
            other => Err(FetchError::NotAnArchive {
                archive: self.archive.to_owned(),
                start: if other.is_empty() {
                    "nothing".to_owned()
                } else {
                    readable_start(other)
                },
            }),
        }
    }

    fn zip(&self, file: File, progress: &mut dyn FnMut(FetchProgress)) -> Result<u64, FetchError> {
        let corrupt = |error: zip::result::ZipError| FetchError::corrupt(self.archive, &error);
        let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(corrupt)?;
        self.check_count(archive.len() as u64)?;
        let mut written = Written::default();
        for number in 0..archive.len() {
            let mut member = archive.by_index(number).map_err(corrupt)?;
            let name = self.safe_path(member.name_raw())?;
            if member.is_dir() {
                continue;
            }
            let Some(place) = (self.place)(&name) else {
                continue;
            };
            if member.is_symlink() || !member.is_file() {
                return Err(self.refuse(&name, "is a link or a device"));
            }
            self.write(&mut member, &name, &place, &mut written)?;
            report(&written, progress);
        }
        Ok(written.files)
    }

    fn tar_gz(
        &self,
        file: File,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<u64, FetchError> {
        let corrupt = |error: io::Error| FetchError::corrupt(self.archive, &error);
        let inflated = Bounded {
            inner: MultiGzDecoder::new(BufReader::new(file)),
            left: self.limits.unpacked_bytes,
        };
        let mut archive = tar::Archive::new(inflated);
        let mut written = Written::default();
        // Raw: the tar crate would read long names into memory, however long they are.
        let members = archive.entries().map_err(corrupt)?.raw(true);
        for (number, member) in members.enumerate() {
            self.check_count(number as u64 + 1)?;
            let mut member = member.map_err(|error| self.judge(&error))?;
            let kind = member.header().entry_type();
            if matches!(
                kind,
                EntryType::Directory | EntryType::XHeader | EntryType::XGlobalHeader
            ) {
                continue;
            }
            let name = self.safe_path(&member.path_bytes())?;
            let Some(place) = (self.place)(&name) else {
                continue;
            };
            if !matches!(kind, EntryType::Regular | EntryType::Continuous) {
                return Err(self.refuse(&name, "is a link, a device or an unusual extension"));
            }
            let announced = member.size();
            let before = written.bytes;
            self.write(&mut member, &name, &place, &mut written)?;
            if written.bytes - before != announced {
                return Err(FetchError::corrupt(self.archive, &"it ends in the middle"));
            }
            report(&written, progress);
        }
        Ok(written.files)
    }

    fn write(
        &self,
        member: &mut dyn Read,
        name: &Path,
        place: &Path,
        written: &mut Written,
    ) -> Result<(), FetchError> {
        let path = self.into.join(place);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(FetchError::io("create the folder", folder))?;
        }
        let file = File::create_new(&path).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => self.refuse(name, "is there twice"),
            _ => FetchError::io("write", &path)(error),
        })?;
        let mut file = BufWriter::with_capacity(64 << 10, file);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = member
                .read(&mut buffer)
                .map_err(|error| self.judge(&error))?;
            if count == 0 {
                break;
            }
            written.bytes += count as u64;
            if written.bytes > self.limits.unpacked_bytes {
                return Err(self.too_large());
            }
            file.write_all(&buffer[..count])
                .map_err(FetchError::io("write", &path))?;
        }
        written.files += 1;
        file.flush().map_err(FetchError::io("write", &path))
    }

    fn judge(&self, error: &io::Error) -> FetchError {
        if error.kind() == io::ErrorKind::FileTooLarge {
            self.too_large()
        } else {
            FetchError::corrupt(self.archive, &error)
        }
    }

    fn too_large(&self) -> FetchError {
        FetchError::UnpacksTooLarge {
            archive: self.archive.to_owned(),
            limit: self.limits.unpacked_bytes,
            what: "bytes",
        }
    }

    fn check_count(&self, count: u64) -> Result<(), FetchError> {
        if count <= self.limits.members {
            return Ok(());
        }
        Err(FetchError::UnpacksTooLarge {
            archive: self.archive.to_owned(),
            limit: self.limits.members,
            what: "files",
        })
    }

    fn safe_path(&self, name: &[u8]) -> Result<PathBuf, FetchError> {
        safe_path(name).map_err(|reason| self.refuse(Path::new(OsStr::from_bytes(name)), reason))
    }

    fn refuse(&self, member: &Path, reason: &'static str) -> FetchError {
        FetchError::Unsafe {
            archive: self.archive.to_owned(),
            member: member.display().to_string(),
            reason,
        }
    }
}

fn report(written: &Written, progress: &mut dyn FnMut(FetchProgress)) {
    progress(FetchProgress::Unpacking {
        files: written.files,
        bytes: written.bytes,
    });
}

fn read_start(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let mut taken = Vec::new();
    Read::by_ref(file)
        .take(start.len() as u64)
        .read_to_end(&mut taken)?;
    start[..taken.len()].copy_from_slice(&taken);
    file.rewind()?;
    Ok(taken.len())
}

/// A member's name as a path that stays within its folder.
fn safe_path(name: &[u8]) -> Result<PathBuf, &'static str> {
    if name.is_empty() {
        return Err("has no name");
    }
    if name.contains(&0) {
        return Err("has a zero byte in its name");
    }
    if name.contains(&b'\\') {
        return Err("has a backslash in its name");
    }
    if name[0] == b'/' || name.get(1) == Some(&b':') {
        return Err("has an absolute path");
    }
    let mut path = PathBuf::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => return Err("leads out of the folder"),
            part => path.push(OsStr::from_bytes(part)),
        }
    }
    Ok(path)
}

/// Ends in an error where more is read than may be, skipped members included.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => {
                self.left = left;
                Ok(count)
            }
            None => Err(io::ErrorKind::FileTooLarge.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::safe_path;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/..",
            "C:/x",
            "a\\..\\x",
            "",
            "a\0b",
        ] {
            assert!(safe_path(name.as_bytes()).is_err(), "{name:?}");
        }
        assert_eq!(safe_path(b"./a//b c.jpg").unwrap(), Path::new("a/b c.jpg"));
        assert_eq!(safe_path(b"a..b/...").unwrap(), Path::new("a..b/..."));
    }

    proptest! {
        #[test]
        fn what_is_accepted_stays_within(name in proptest::collection::vec(
            proptest::sample::select(vec![b'/', b'.', b'a', b'\\', b':', 0, 0xff]), 0..12
        )) {
            if let Ok(path) = safe_path(&name) {
                let all_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
                prop_assert!(all_plain, "{:?}", path);
            }
        }
    }
}
