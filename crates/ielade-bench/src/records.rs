//! The record log: `records.jsonl`, append-only, one JSON object a line.
//!
//! A record is one write and one `fdatasync`: after a crash or a power cut the file holds every
//! record that was reported as written, and at most one torn line behind them.

use crate::{
    record::{Configuration, ExperimentRecord, Record},
    thumbnails::{self, ThumbnailsError},
};
use rustix::fs::{FlockOperation, fdatasync, flock, fsync};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Name of the record log within its folder.
pub const RECORDS_FILE: &str = "records.jsonl";
/// Name of the file that keeps torn lines, within the folder of the log.
pub const TORN_FILE: &str = "records.torn";
/// Name of the file whose lock says that somebody is writing, within the folder of the log.
pub const LOCK_FILE: &str = "records.lock";

/// Longest line that is read: far above any real record, below what would hurt.
const LONGEST_LINE: u64 = 64 << 20;

/// Why records cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The folder holds no record log.
    #[error("{} not found; is {} the folder of an experiment?", .0.join(RECORDS_FILE).display(), .0.display())]
    Missing(PathBuf),
    /// A file cannot be opened, read or made.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, for example `open`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process writes into this folder.
    #[error(
        "{} is locked: another experiment{} writes into {}; wait for it or name another folder",
        lock.display(),
        holder.map_or_else(String::new, |pid| format!(" (process {pid})")),
        folder.display()
    )]
    Locked {
        /// The folder.
        folder: PathBuf,
        /// The lock file.
        lock: PathBuf,
        /// Number of the other process, where it could be read.
        holder: Option<u32>,
    },
    /// A line before the last one is not a record.
    #[error(
        "{}:{line}: not a record: {reason}; the file was changed by hand or by a newer version",
        path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The log is not a file.
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// A record could not be written; the ones before it are valid.
    #[error(
        "cannot write a record to {}: {source}; all earlier records are safe: {hint}",
        path.display()
    )]
    Append {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
        /// What to do.
        hint: &'static str,
    },
}

impl RecordsError {
    fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}

/// The last line of a log, which was not written to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornLine {
    /// The line, from 1.
    pub line: usize,
    /// Its content, as far as it goes.
    pub content: Vec<u8>,
    /// Where it starts, in bytes from the start of the file.
    pub offset: u64,
}

impl std::fmt::Display for TornLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {} of {RECORDS_FILE} was not written to its end ({} bytes) and does not count",
            self.line,
            self.content.len()
        )
    }
}

/// The content of a log.
#[derive(Debug, Default)]
pub struct Records {
    /// All records, in the order in which they were written.
    pub records: Vec<Record>,
    /// What follows behind the last whole record.
    pub torn: Option<TornLine>,
    /// Why the thumbnails beside the log cannot be shown, where they cannot.
    pub no_thumbnails: Option<ThumbnailsError>,
}

/// Reads the records of a folder, and the thumbnails beside them, and changes nothing.
///
/// # Errors
/// Where there is no log, it cannot be read, or a line before the last one is not a record.
pub fn read(folder: &Path) -> Result<Records, RecordsError> {
    let path = folder.join(RECORDS_FILE);
    let file = File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => RecordsError::Missing(folder.to_owned()),
        _ => RecordsError::file("open", &path)(error),
    })?;
    let mut found = read_lines(&file, &path)?;
    fill_in_thumbnails(folder, &mut found);
    Ok(found)
}

fn fill_in_thumbnails(folder: &Path, found: &mut Records) {
    if let Some(Record::Experiment(experiment)) = found.records.first_mut() {
        match thumbnails::read(folder) {
            Ok(thumbnails) => experiment.data_set.thumbnails = thumbnails,
            Err(error) => found.no_thumbnails = Some(error),
        }
    }
}

fn read_lines(file: &File, path: &Path) -> Result<Records, RecordsError> {
    let metadata = file.metadata().map_err(RecordsError::file("read", path))?;
    if !metadata.is_file() {
        return Err(RecordsError::NotAFile(path.to_owned()));
    }
    let mut reader = BufReader::new(file);
    let mut found = Records::default();
    let mut offset = 0;
    for line in 1.. {
        let mut content = Vec::new();
        let length = (&mut reader)
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut content)
            .map_err(RecordsError::file("read", path))?;
        if length == 0 {
            break;
        }
        // What follows a broken line decides whether it is a torn end or damage in the middle.
        let at_end = reader
            .fill_buf()
            .map_err(RecordsError::file("read", path))?
            .is_empty();
        match parse_line(&content) {
            Ok(record) => found.records.push(record),
            Err(_) if at_end => {
                found.torn = Some(TornLine {
                    line,
                    content,
                    offset,
                });
                break;
            }
            Err(reason) => {
                return Err(RecordsError::Line {
                    path: path.to_owned(),
                    line,
                    reason,
                });
            }
        }
        offset += length as u64;
    }
    Ok(found)
}

fn parse_line(content: &[u8]) -> Result<Record, String> {
    let text = content.strip_suffix(b"\n").ok_or("the line does not end")?;
    let mut record = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    if let Record::Experiment(experiment) = &mut record {
        fill_in_cache(experiment);
    }
    Ok(record)
}

/// Records of earlier versions name the state of the page cache in the plan alone.
fn fill_in_cache(experiment: &mut ExperimentRecord) {
    if let [only] = experiment.plan.cache[..] {
        let of_store = |one: &&mut Configuration| one.origin.is_store();
        for configuration in experiment.configurations.iter_mut().filter(of_store) {
            configuration.cache = only;
        }
    }
}

/// A record log that is open for writing; while it is, nobody else can open it so.
#[derive(Debug)]
pub struct RecordLog {
    file: File,
    path: PathBuf,
    // Closing the file gives the lock back, also when the process is killed.
    _lock: File,
}

impl RecordLog {
    /// Opens the log of a folder, and makes both where they are missing. A torn last line is
    /// moved to [`TORN_FILE`] and cut off; it is named in the result.
    ///
    /// # Errors
    /// Where the folder cannot be made or written to, another process writes into it, or the log
    /// cannot be understood.
    pub fn open(folder: &Path) -> Result<(Self, Records), RecordsError> {
        fs::create_dir_all(folder).map_err(RecordsError::file("make the folder", folder))?;
        let lock = lock(folder)?;
        let path = folder.join(RECORDS_FILE);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)
            .map_err(RecordsError::file("open", &path))?;
        let found = read_lines(&file, &path)?;
        if let Some(torn) = &found.torn {
            keep_torn_line(folder, torn)?;
            file.set_len(torn.offset)
                .and_then(|()| Ok(fdatasync(&file)?))
                .map_err(RecordsError::file("cut the torn line off", &path))?;
        }
        // The new name itself must survive a power cut, too.
        File::open(folder)
            .and_then(|folder| Ok(fsync(folder)?))
            .map_err(RecordsError::file("sync the folder", folder))?;
        let log = Self {
            file,
            path,
            _lock: lock,
        };
        Ok((log, found))
    }

    /// Writes one record; when this returns, it is on the disk.
    ///
    /// # Errors
    /// Where the disk is full or broken. Nothing of the record is left in the file then, and all
    /// earlier records are valid.
    pub fn append(&mut self, record: &Record) -> Result<(), RecordsError> {
        let failed = |source: io::Error| RecordsError::Append {
            path: self.path.clone(),
            hint: append_hint(&source),
            source,
        };
        let mut line = serde_json::to_vec(record).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let before = self.file.metadata().map_err(failed)?.len();
        append_durably(&self.file, &line).map_err(|error| {
            // Best effort: where this fails as well, the next opening cuts the torn line off.
            let _ = self.file.set_len(before);
            failed(error)
        })
    }
}

/// Writes a line in one go and waits until it is on the disk.
fn append_durably(mut file: &File, line: &[u8]) -> io::Result<()> {
    let written = file.write(line)?;
    if written < line.len() {
        // The kernel took a part: the disk is full, or a signal came. Writing the rest tells.
        file.write_all(&line[written..])?;
    }
    Ok(fdatasync(file)?)
}

fn append_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk and run the same command again"
        }
        _ => "see to the disk and run the same command again",
    }
}

/// Takes the folder's lock and leaves this process's number in it.
fn lock(folder: &Path) -> Result<File, RecordsError> {
    let path = folder.join(LOCK_FILE);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(RecordsError::file("open", &path))?;
    match lock_soon(&file) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            return Err(RecordsError::Locked {
                folder: folder.to_owned(),
                holder: holder(&file),
                lock: path,
            });
        }
        Err(error) => return Err(RecordsError::file("lock", &path)(error.into())),
    }
    // The number helps a person to find the process; the lock holds without it.
    let _ = file
        .set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()));
    Ok(file)
}

/// Tries for a second: of a harness that was killed just as it started a worker, the copy that was
/// to become the worker holds the lock for another moment.
fn lock_soon(file: &File) -> rustix::io::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(1);
    loop {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut text = String::new();
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn keep_torn_line(folder: &Path, torn: &TornLine) -> Result<(), RecordsError> {
    let path = folder.join(TORN_FILE);
    let mut line = torn.content.clone();
    if line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|file| append_durably(&file, &line))
        .map_err(RecordsError::file("write", &path))
}

#[cfg(test)]
impl RecordLog {
    /// The log with a device that is always full in place of its file.
    pub(crate) fn on_a_full_disk(folder: &Path) -> Self {
        Self {
            file: OpenOptions::new().append(true).open("/dev/full").unwrap(),
            path: folder.join(RECORDS_FILE),
            _lock: lock(folder).unwrap(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RECORDS_FILE, RecordLog, RecordsError, TORN_FILE, read};
    use crate::record::{Environment, Record, SessionRecord};
    use std::{fs, io::Write, path::Path};

    fn session(runs_before: u32) -> Record {
        Record::Session(Box::new(SessionRecord {
            at: "2026-01-31T23:59:59.123Z".to_owned(),
            runs_before,
            environment: Environment::default(),
        }))
    }

    fn folder_with(records: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, found) = RecordLog::open(folder.path()).unwrap();
        assert!(found.records.is_empty() && found.torn.is_none());
        for number in 0..records {
            log.append(&session(number)).unwrap();
        }
        folder
    }

    fn add_bytes(folder: &Path, bytes: &[u8]) {
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(folder.join(RECORDS_FILE))
            .unwrap();
        file.write_all(bytes).unwrap();
    }

    #[test]
    fn records_come_back_in_their_order() {
        let folder = folder_with(3);
        let found = read(folder.path()).unwrap();
        let numbers: Vec<u32> = found
            .records
            .iter()
            .map(|record| match record {
                Record::Session(session) => session.runs_before,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(numbers, [0, 1, 2]);
    }

    #[test]
    fn a_torn_last_line_is_set_aside_and_the_log_goes_on() {
        let whole = serde_json::to_vec(&session(7)).unwrap();
        // Half a record, a record without its line end, and rubbish with one.
        for torn in [&whole[..20], &whole[..], b"\0\0\0\n"] {
            let folder = folder_with(2);
            add_bytes(folder.path(), torn);
            let before = read(folder.path()).unwrap();
            assert_eq!(before.records.len(), 2);
            assert_eq!(before.torn.as_ref().unwrap().line, 3);
            let again = read(folder.path()).unwrap();
            assert_eq!(again.torn, before.torn, "reading changes nothing");

            let (mut log, found) = RecordLog::open(folder.path()).unwrap();
            assert_eq!((found.records, found.torn), (before.records, before.torn));
            log.append(&session(2)).unwrap();
            let after = read(folder.path()).unwrap();
            assert_eq!((after.records.len(), after.torn), (3, None));
            let kept = fs::read(folder.path().join(TORN_FILE)).unwrap();
            assert!(kept.starts_with(torn));
        }
    }

    #[test]
    fn a_broken_line_in_the_middle_is_refused_by_its_number() {
        let folder = folder_with(1);
        add_bytes(folder.path(), b"{\"record\":\"other\"}\n");
        add_bytes(folder.path(), b"{\"record\":\"other\"}\n");
        for result in [
            read(folder.path()).map(|_| ()),
            RecordLog::open(folder.path()).map(|_| ()),
        ] {
            let error = result.unwrap_err();
            assert!(
                matches!(error, RecordsError::Line { line: 2, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn two_writers_cannot_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = RecordLog::open(folder.path()).unwrap();
        let error = RecordLog::open(folder.path()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(&folder.path().display().to_string())
                && message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
        drop(log);
        RecordLog::open(folder.path()).unwrap();
    }

    #[test]
    fn a_full_disk_is_named_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = RecordLog::on_a_full_disk(folder.path())
            .append(&session(0))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(RECORDS_FILE) && error.contains("make room"),
            "{error}"
        );
    }

    #[test]
    fn a_log_that_is_not_a_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.path().join(RECORDS_FILE)).unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(matches!(error, RecordsError::NotAFile(_)), "{error}");
    }

    #[test]
    fn a_folder_without_records_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = read(folder.path()).unwrap_err();
        assert!(error.to_string().contains("folder of an experiment"));
    }
}
