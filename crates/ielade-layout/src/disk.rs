//! Room on a disk, and bringing what was written onto it.

use crate::LayoutError;
use std::{fs::File, io::Write, path::Path};

/// Bytes that may still be written on the file system of `path`, or of the nearest folder above
/// it that exists; `None` where the system does not tell.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    path.ancestors()
        .find_map(|folder| {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            rustix::fs::statvfs(folder).ok()
        })
        .map(|status| status.f_bavail.saturating_mul(status.f_frsize))
}

/// Brings the entries of a folder onto the disk: a new or renamed file is durable only then.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LayoutError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(LayoutError::io("sync", folder))
}

/// Brings everything that was written on the file system of `folder` onto the disk: one call
/// instead of one for each of many small files.
pub(crate) fn sync_file_system(folder: &Path) -> Result<(), LayoutError> {
    let handle = File::open(folder).map_err(LayoutError::io("open", folder))?;
    rustix::fs::syncfs(&handle).map_err(LayoutError::errno("sync", folder))
}

/// Replaces a small file so that a reader sees the old content or the new, never a part.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<(), LayoutError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let temporary = path.with_file_name(name);
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(content)?;
        file.sync_all()
    });
    written.map_err(LayoutError::io("write", &temporary))?;
    std::fs::rename(&temporary, path).map_err(LayoutError::io("rename", &temporary))?;
    path.parent().map_or(Ok(()), sync_folder)
}

#[cfg(test)]
mod tests {
    use super::{free_bytes, write_atomically};

    #[test]
    fn room_is_told_for_a_folder_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(&folder.path().join("a/b/c")).unwrap() > 0);
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
