//! Fetches known data sets from their authors' addresses.
//!
//! The archive is downloaded to `NAME.part` in the target folder, continued there after a broken
//! connection or a kill, checked, unpacked into a hidden folder beside the final one, opened once
//! to see that it is the data set, and only then renamed. So a folder with the final name is
//! whole, and running the same command again is always right.

mod download;
mod error;
mod known_sets;
mod unpack;

pub use error::FetchError;
pub use known_sets::KnownSet;

use crate::{DataSet, OpenOptions};
use download::Download;
use md5::{Digest, Md5};
use std::{
    fmt::Write as _,
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};
use unpack::Unpacking;

/// How a set is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOptions {
    /// Address of a mirror; `None` for the authors' own.
    pub url: Option<String>,
    /// What the archive is checked against.
    pub checksum: Checksum,
    /// Whether the archive stays beside the unpacked folder.
    pub keep_archive: bool,
    /// Attempts without progress before it gives up.
    pub attempts: u32,
    /// Pause before the second attempt; each further one is twice as long.
    pub pause: Duration,
    /// What an archive may take at most.
    pub limits: Limits,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            url: None,
            checksum: Checksum::Published,
            keep_archive: false,
            attempts: 5,
            pause: Duration::from_secs(1),
            limits: Limits::default(),
        }
    }
}

/// What an archive is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checksum {
    /// The checksum that the authors publish, where they publish one.
    Published,
    /// This MD5, in hexadecimal; for a mirror with another archive.
    Md5(String),
    /// Nothing.
    Unchecked,
}

/// What an archive may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Bytes that it unpacks to.
    pub unpacked_bytes: u64,
    /// Files in it.
    pub members: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_bytes: 4 << 30,
            unpacked_bytes: 8 << 30,
            members: 1_000_000,
        }
    }
}

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchProgress {
    /// The data set is there; nothing is downloaded.
    AlreadyThere {
        /// Its folder.
        path: PathBuf,
    },
    /// An earlier download is continued.
    Resuming {
        /// Bytes that are there.
        bytes: u64,
    },
    /// Bytes come.
    Downloading {
        /// Bytes that are there.
        done: u64,
        /// Bytes in all, where the server says so.
        total: Option<u64>,
    },
    /// The connection broke off; there is another attempt.
    Retrying {
        /// What happened.
        reason: String,
    },
    /// The archive is compared to its checksum.
    Checking {
        /// Bytes read.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// There is no published checksum; this is what came.
    Unverified {
        /// BLAKE3 of the archive, in hexadecimal.
        blake3: String,
        /// Its size.
        bytes: u64,
    },
    /// Files are unpacked.
    Unpacking {
        /// Files so far.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
}

/// Fetches `set` into a folder of its own within `target`, and returns that folder.
///
/// Where the folder is there already, nothing is downloaded.
///
/// # Errors
/// Where the target cannot be written, the server does not deliver, the checksum is wrong, or the
/// archive is not the data set or not safe. What was downloaded in part stays, and is continued
/// by the next call.
pub fn fetch(
    set: KnownSet,
    target: &Path,
    options: &FetchOptions,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<PathBuf, FetchError> {
    fs::create_dir_all(target).map_err(FetchError::io("create the folder", target))?;
    let _lock = Lock::take(set, target)?;
    let folder = target.join(set.folder());
    if fs::symlink_metadata(&folder).is_ok() {
        return already_there(folder, progress);
    }
    let fetching = Fetching {
        set,
        target,
        options,
        archive: target.join(set.archive()),
    };
    fetching.obtain_archive(progress)?;
    let unpacked = fetching.unpack(&folder, progress);
    unpacked.map_err(|error| fetching.put_aside(error))?;
    if !options.keep_archive {
        let removed = fs::remove_file(&fetching.archive);
        removed.map_err(FetchError::io("remove", &fetching.archive))?;
    }
    Ok(folder)
}

fn already_there(
    folder: PathBuf,
    progress: &mut dyn FnMut(FetchProgress),
) -> Result<PathBuf, FetchError> {
    match DataSet::open(&folder, &OpenOptions::default()) {
        Ok(_) => {
            progress(FetchProgress::AlreadyThere {
                path: folder.clone(),
            });
            Ok(folder)
        }
        Err(error) => Err(FetchError::Occupied {
            path: folder,
            reason: error.to_string(),
        }),
    }
}

struct Fetching<'a> {
    set: KnownSet,
    target: &'a Path,
    options: &'a FetchOptions,
    archive: PathBuf,
}

impl Fetching<'_> {
    /// Downloads and checks the archive, unless it is there from an earlier call.
    fn obtain_archive(&self, progress: &mut dyn FnMut(FetchProgress)) -> Result<(), FetchError> {
        if self.archive.exists() && self.check(&self.archive, progress).is_ok() {
            return Ok(());
        }
        let part = with_ending(&self.archive, ".part");
        Download {
            url: self.options.url.as_deref().unwrap_or(self.set.url()),
            part: part.clone(),
            limit: self.options.limits.archive_bytes,
            attempts: self.options.attempts,
            pause: self.options.pause,
        }
        .run(progress)?;
        self.check(&part, progress)?;
        fs::rename(&part, &self.archive).map_err(FetchError::io("rename", &part))
    }

    /// Compares a file to its checksum; a wrong one is put aside.
    fn check(
        &self,
        file: &Path,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<(), FetchError> {
        let expected = match &self.options.checksum {
            Checksum::Published => self.set.md5().map(str::to_owned),
            Checksum::Md5(expected) => Some(expected.to_ascii_lowercase()),
            Checksum::Unchecked => None,
        };
        let Some(expected) = expected else {
            let mut hasher = blake3::Hasher::new();
            let bytes = read_through(file, progress, &mut |bytes| {
                hasher.update(bytes);
            })?;
            progress(FetchProgress::Unverified {
                blake3: hasher.finalize().to_hex().to_string(),
                bytes,
            });
            return Ok(());
        };
        let mut hasher = Md5::new();
        read_through(file, progress, &mut |bytes| hasher.update(bytes))?;
        let found = hexadecimal(&hasher.finalize());
        if found == expected {
            return Ok(());
        }
        let kept = with_ending(&self.archive, ".bad");
        fs::rename(file, &kept).map_err(FetchError::io("rename", file))?;
        Err(FetchError::Checksum {
            archive: self.archive.clone(),
            expected,
            found,
            kept,
        })
    }

    /// Puts an archive that is good for nothing aside, so that the next call fetches it anew.
    fn put_aside(&self, error: FetchError) -> FetchError {
        if error.blames_archive() {
            // Where it cannot be renamed, it stays and fails again.
            let _ = fs::rename(&self.archive, with_ending(&self.archive, ".bad"));
        }
        error
    }

    /// Unpacks the archive beside `folder` and renames the result.
    fn unpack(
        &self,
        folder: &Path,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<(), FetchError> {
        let name = format!(".{}.unpacking", self.set.folder());
        let unpacking = UnpackingFolder::create(self.target.join(name))?;
        let set = self.set;
        // One level down, so that the folder has its final name when it is opened for a look.
        let inner = unpacking.path.join(set.folder());
        fs::create_dir(&inner).map_err(FetchError::io("create the folder", &inner))?;
        let files = Unpacking {
            archive: &self.archive,
            into: &inner,
            place: &|member| set.place(member),
            limits: self.options.limits,
        }
        .run(progress)?;
        if files == 0 {
            return Err(FetchError::NotTheDataSet {
                archive: self.archive.clone(),
                set: set.name(),
                reason: "none of its files is in it".to_owned(),
            });
        }
        DataSet::open(&inner, &OpenOptions::default())
            .map_err(FetchError::not_the_set(&self.archive, set.name()))?;
        fs::rename(&inner, folder).map_err(FetchError::io("rename", &inner))
    }
}

/// The folder in which an archive is unpacked; removed at the end, whichever end that is.
struct UnpackingFolder {
    path: PathBuf,
}

impl UnpackingFolder {
    /// Creates the folder anew; the rest of a killed call is removed.
    fn create(path: PathBuf) -> Result<Self, FetchError> {
        match fs::remove_dir_all(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(FetchError::io("remove", &path)(error)),
        }
        fs::create_dir(&path).map_err(FetchError::io("create the folder", &path))?;
        Ok(Self { path })
    }
}

impl Drop for UnpackingFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Keeps a second process from fetching the same set to the same place.
struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    fn take(set: KnownSet, target: &Path) -> Result<Self, FetchError> {
        let path = target.join(format!(".{set}.lock"));
        let file = File::create(&path).map_err(FetchError::io("write", &path))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, _file: file }),
            Err(TryLockError::WouldBlock) => Err(FetchError::Busy {
                path: target.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(FetchError::io("lock", &path)(error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Gives a file's bytes to `take`, and returns their number.
fn read_through(
    path: &Path,
    progress: &mut dyn FnMut(FetchProgress),
    take: &mut dyn FnMut(&[u8]),
) -> Result<u64, FetchError> {
    let mut file = File::open(path).map_err(FetchError::io("open", path))?;
    let metadata = file.metadata().map_err(FetchError::io("read", path))?;
    let total = metadata.len();
    let mut buffer = vec![0; 256 << 10];
    let mut done = 0;
    loop {
        let count = file
            .read(&mut buffer)
            .map_err(FetchError::io("read", path))?;
        if count == 0 {
            return Ok(done);
        }
        take(&buffer[..count]);
        done += count as u64;
        progress(FetchProgress::Checking { done, total });
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
