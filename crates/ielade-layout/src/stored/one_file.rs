//! Samples or chunks that are a file each: open, read, close, and nothing else.

use crate::error::BadSampleReason;
use rustix::fs::{Mode, OFlags};
use std::{
    ffi::CStr,
    io,
    os::fd::{BorrowedFd, OwnedFd},
};

/// A file above this size is asked for its size before memory is made for it, so that a wrong
/// record cannot make a reader ask for any amount.
const TRUSTED_BYTES: u32 = 1 << 20;

/// Room for the first file whose size is not known.
const FIRST_ROOM: usize = 64 << 10;

/// Reads a whole file of a known size. One byte more is asked for, so that a file that grew is
/// noticed. `buffer` grows to the largest file and stays there.
pub(crate) fn read_file<'a>(
    folder: BorrowedFd<'_>,
    path: &CStr,
    bytes: u32,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], BadSampleReason> {
    let handle = open(folder, path)?;
    let expected = bytes as usize;
    if bytes > TRUSTED_BYTES {
        check_size(&handle, bytes)?;
    }
    if buffer.len() <= expected {
        buffer.resize(expected + 1, 0);
    }
    let mut found = 0;
    while found <= expected {
        match rustix::io::read(&handle, &mut buffer[found..=expected]) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        // A read that stops short of the extra byte has met the end of the file.
        if found == expected {
            break;
        }
    }
    if found != expected {
        check_size(&handle, bytes)?;
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(&buffer[..expected])
}

/// Reads a whole file whose size is not known; one of more than `most` bytes is refused.
pub(crate) fn read_file_of_any_size<'a>(
    folder: BorrowedFd<'_>,
    path: &CStr,
    most: u64,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], BadSampleReason> {
    let handle = open(folder, path)?;
    if buffer.is_empty() {
        buffer.resize(FIRST_ROOM, 0);
    }
    let mut found = 0;
    loop {
        if found == buffer.len() {
            let size = size_of(&handle)?.max(found as u64);
            if size > most {
                return Err(BadSampleReason::Damaged {
                    offset: 0,
                    reason: format!("the file has {size} bytes; at most {most} are read"),
                });
            }
            // The end shows only where there is room behind it.
            buffer.resize(size as usize + 1, 0);
        }
        match rustix::io::read(&handle, &mut buffer[found..]) {
            Ok(0) => return Ok(&buffer[..found]),
            Ok(more) => found += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
}

/// Opens a file and tells its size.
pub(crate) fn open_file(
    folder: BorrowedFd<'_>,
    path: &CStr,
) -> Result<(OwnedFd, u64), BadSampleReason> {
    let handle = open(folder, path)?;
    let size = size_of(&handle)?;
    Ok((handle, size))
}

/// Reads `bytes` bytes of an open file, which are known to be there, from `offset` on.
pub(crate) fn read_opened<'a>(
    handle: &OwnedFd,
    offset: u64,
    bytes: usize,
    buffer: &'a mut Vec<u8>,
) -> Result<&'a [u8], BadSampleReason> {
    if buffer.len() < bytes {
        buffer.resize(bytes, 0);
    }
    let mut found = 0;
    while found < bytes {
        match rustix::io::pread(handle, &mut buffer[found..bytes], offset + found as u64) {
            Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            Ok(more) => found += more,
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
    }
    Ok(&buffer[..bytes])
}

fn open(folder: BorrowedFd<'_>, path: &CStr) -> Result<OwnedFd, BadSampleReason> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    Ok(rustix::fs::openat(folder, path, flags, Mode::empty()).map_err(io::Error::from)?)
}

fn size_of(handle: &OwnedFd) -> Result<u64, BadSampleReason> {
    let status = rustix::fs::fstat(handle).map_err(io::Error::from)?;
    Ok(status.st_size as u64)
}

/// Fails unless the open file has the size that was recorded.
fn check_size(handle: &OwnedFd, expected: u32) -> Result<(), BadSampleReason> {
    let found = size_of(handle)?;
    if found == u64::from(expected) {
        return Ok(());
    }
    Err(BadSampleReason::FileSize {
        expected: expected.into(),
        found,
    })
}

#[cfg(test)]
mod tests {
    use super::{FIRST_ROOM, open_file, read_file, read_file_of_any_size, read_opened};
    use std::{fs::File, os::fd::AsFd};

    #[test]
    fn a_file_is_read_whole_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let handle = File::open(folder.path()).unwrap();
        let mut buffer = Vec::new();
        for size in [0, 1, FIRST_ROOM - 1, FIRST_ROOM, 3 * FIRST_ROOM, 5] {
            let content: Vec<u8> = (0..size).map(|at| at as u8).collect();
            std::fs::write(folder.path().join("f"), &content).unwrap();
            let found = read_file_of_any_size(handle.as_fd(), c"f", 1 << 20, &mut buffer);
            assert_eq!(found.unwrap(), content);
            let found = read_file(handle.as_fd(), c"f", size as u32, &mut buffer);
            assert_eq!(found.unwrap(), content);
        }
    }

    #[test]
    fn a_part_of_an_open_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let handle = File::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("f"), b"0123456789").unwrap();
        let mut buffer = Vec::new();
        let (file, size) = open_file(handle.as_fd(), c"f").unwrap();
        assert_eq!(size, 10);
        assert_eq!(read_opened(&file, 3, 4, &mut buffer).unwrap(), b"3456");
        assert!(read_opened(&file, 8, 4, &mut buffer).is_err());
    }

    #[test]
    fn a_file_of_another_size_and_one_beyond_the_bound_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let handle = File::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("f"), vec![0; 2 * FIRST_ROOM]).unwrap();
        let mut buffer = Vec::new();
        let error = read_file_of_any_size(handle.as_fd(), c"f", 99_999, &mut buffer);
        assert!(error.unwrap_err().to_string().contains("at most 99999"));
        for expected in [0, 5, 3 << 20] {
            let error = read_file(handle.as_fd(), c"f", expected, &mut buffer).unwrap_err();
            let expected = format!("131072 bytes where {expected} were");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
}
