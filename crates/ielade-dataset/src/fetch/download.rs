//! Downloads one file, and continues where an earlier attempt broke off.
//!
//! The bytes go to `NAME.part`; beside it `NAME.part.source` remembers where they come from and
//! what the server called that version, so that bytes of two versions are never put together
//! (HTTP semantics: RFC 9110, sections 13.1.5 and 14).

use super::{FetchError, FetchProgress};
use std::{
    fs::{self, File, OpenOptions},
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};
use ureq::{
    Agent,
    http::{HeaderMap, Response, StatusCode, header},
};

/// Progress that makes up for a failed attempt.
const WORTH_ANOTHER_ATTEMPT: u64 = 64 << 10;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// One file to download.
pub(super) struct Download<'a> {
    pub(super) url: &'a str,
    /// Where the bytes go.
    pub(super) part: PathBuf,
    /// Most bytes.
    pub(super) limit: u64,
    /// Attempts without progress before it gives up.
    pub(super) attempts: u32,
    /// Pause before the second attempt; each further one is twice as long.
    pub(super) pause: Duration,
}

/// How an attempt ended.
enum Attempt {
    Complete,
    BrokenOff(String),
}

impl Download<'_> {
    /// Downloads until the file is whole.
    pub(super) fn run(&self, progress: &mut dyn FnMut(FetchProgress)) -> Result<(), FetchError> {
        let agent = agent(self.url);
        let mut transfer = Transfer::begin(self)?;
        let mut failures = 0;
        let mut farthest = transfer.have;
        loop {
            let reason = match transfer.attempt(&agent, progress)? {
                Attempt::Complete => break,
                Attempt::BrokenOff(reason) => reason,
            };
            if transfer.have >= farthest + WORTH_ANOTHER_ATTEMPT {
                failures = 0;
            }
            farthest = farthest.max(transfer.have);
            failures += 1;
            if failures >= self.attempts.max(1) {
                return Err(FetchError::BrokenOff {
                    url: self.url.to_owned(),
                    attempts: failures,
                    reason,
                    bytes: transfer.have,
                    total: transfer.total,
                });
            }
            progress(FetchProgress::Retrying { reason });
            let doublings = failures.min(6) - 1;
            std::thread::sleep(self.pause.saturating_mul(1 << doublings));
        }
        transfer.end()
    }

    fn source_file(&self) -> PathBuf {
        let mut name = self.part.clone().into_os_string();
        name.push(".source");
        name.into()
    }
}

fn agent(url: &str) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("ielade/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_per_read(Some(ANSWER_TIMEOUT));
    let host = url.split("://").nth(1).unwrap_or_default();
    if ["127.", "localhost", "[::1]"]
        .iter()
        .any(|own| host.starts_with(own))
    {
        config = config.proxy(None);
    }
    config.build().into()
}

/// A download under way.
struct Transfer<'a> {
    download: &'a Download<'a>,
    file: File,
    /// Bytes in the file.
    have: u64,
    /// Bytes in all, as the server says.
    total: Option<u64>,
    /// What the server calls this version of the file.
    version: Option<String>,
}

impl<'a> Transfer<'a> {
    fn begin(download: &'a Download<'a>) -> Result<Self, FetchError> {
        let path = &download.part;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(FetchError::io("write", path))?;
        let have = file.metadata().map_err(FetchError::io("read", path))?.len();
        let mut transfer = Self {
            download,
            file,
            have,
            total: None,
            version: None,
        };
        match read_source(&download.source_file()) {
            Some((url, version)) if url == download.url => transfer.version = version,
            _ => transfer.start_over()?,
        }
        Ok(transfer)
    }

    fn end(self) -> Result<(), FetchError> {
        let path = &self.download.part;
        self.file
            .sync_all()
            .map_err(FetchError::io("write", path))?;
        // Nothing is lost where it stays.
        let _ = fs::remove_file(self.download.source_file());
        Ok(())
    }

    fn start_over(&mut self) -> Result<(), FetchError> {
        if self.have > 0 {
            let emptied = self.file.set_len(0);
            emptied.map_err(FetchError::io("write", &self.download.part))?;
        }
        self.have = 0;
        self.version = None;
        Ok(())
    }

    fn attempt(
        &mut self,
        agent: &Agent,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<Attempt, FetchError> {
        let url = self.download.url;
        let mut request = agent.get(url);
        if self.have > 0 {
            request = request.header(header::RANGE, format!("bytes={}-", self.have));
            if let Some(version) = &self.version {
                request = request.header(header::IF_RANGE, version);
            }
        }
        let response = match request.call() {
            Ok(response) => response,
            Err(error) => return self.no_answer(error),
        };
        match response.status() {
            StatusCode::OK => {
                self.start_over()?;
                self.total = length(response.headers());
                self.version = version(response.headers());
                self.write_source()?;
            }
            StatusCode::PARTIAL_CONTENT => match content_range(response.headers()) {
                Some((start, total)) if start == self.have => {
                    self.total = total;
                    progress(FetchProgress::Resuming { bytes: self.have });
                }
                _ => {
                    self.start_over()?;
                    let reason = "the server sent another part than was asked for";
                    return Ok(Attempt::BrokenOff(reason.to_owned()));
                }
            },
            StatusCode::RANGE_NOT_SATISFIABLE => return self.nothing_left(response.headers()),
            status if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) => {
                return Ok(Attempt::BrokenOff(format!("the server answered {status}")));
            }
            status => return Err(refused(url, status)),
        }
        self.receive(response, progress)
    }

    fn no_answer(&self, error: ureq::Error) -> Result<Attempt, FetchError> {
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => {
                Err(FetchError::Address {
                    url: self.download.url.to_owned(),
                    reason: error.to_string(),
                })
            }
            other => Ok(Attempt::BrokenOff(other.to_string())),
        }
    }

    /// Nothing lies behind the bytes that are here: they are all, or too many.
    fn nothing_left(&mut self, headers: &HeaderMap) -> Result<Attempt, FetchError> {
        let range = text(headers, header::CONTENT_RANGE);
        let total = range.and_then(|range| range.strip_prefix("bytes */")?.parse().ok());
        if total == Some(self.have) {
            self.total = total;
            return Ok(Attempt::Complete);
        }
        self.start_over()?;
        let reason = "what was here did not fit to what the server has";
        Ok(Attempt::BrokenOff(reason.to_owned()))
    }

    fn receive(
        &mut self,
        response: Response<ureq::Body>,
        progress: &mut dyn FnMut(FetchProgress),
    ) -> Result<Attempt, FetchError> {
        let path = &self.download.part;
        self.file
            .seek(SeekFrom::Start(self.have))
            .map_err(FetchError::io("write", path))?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 64 << 10];
        loop {
            progress(FetchProgress::Downloading {
                done: self.have,
                total: self.total,
            });
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) => return Ok(Attempt::BrokenOff(error.to_string())),
            };
            if self.have + count as u64 > self.download.limit {
                return Err(FetchError::DownloadTooLarge {
                    url: self.download.url.to_owned(),
                    limit: self.download.limit,
                });
            }
            self.file
                .write_all(&buffer[..count])
                .map_err(FetchError::io("write", path))?;
            self.have += count as u64;
        }
        self.judge_length()
    }

    fn judge_length(&mut self) -> Result<Attempt, FetchError> {
        match self.total {
            Some(total) if self.have < total => Ok(Attempt::BrokenOff(format!(
                "it ended after {} of {total} bytes",
                self.have
            ))),
            Some(total) if self.have > total => {
                self.start_over()?;
                let reason = format!("it sent more than the {total} bytes that it announced");
                Ok(Attempt::BrokenOff(reason))
            }
            _ => Ok(Attempt::Complete),
        }
    }

    fn write_source(&self) -> Result<(), FetchError> {
        let path = self.download.source_file();
        let version = self.version.as_deref().unwrap_or_default();
        fs::write(&path, format!("{}\n{version}\n", self.download.url))
            .map_err(FetchError::io("write", &path))
    }
}

fn refused(url: &str, status: StatusCode) -> FetchError {
    FetchError::Status {
        url: url.to_owned(),
        status: status.as_u16(),
        hint: match status.as_u16() {
            404 | 410 => "the file has moved: name a mirror as the address",
            401 | 403 => "the server does not give it to everyone: name a mirror as the address",
            _ => "try again later, or name a mirror as the address",
        },
    }
}

/// Address and version of the bytes in a part file.
fn read_source(path: &Path) -> Option<(String, Option<String>)> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let url = lines.next()?.to_owned();
    let version = lines.next().filter(|version| !version.is_empty());
    Some((url, version.map(str::to_owned)))
}

/// What names a version of the file beyond doubt: a strong entity tag, or the time of its last
/// change.
fn version(headers: &HeaderMap) -> Option<String> {
    let tag = text(headers, header::ETAG).filter(|tag| tag.starts_with('"'));
    tag.or_else(|| text(headers, header::LAST_MODIFIED))
        .map(str::to_owned)
}

fn length(headers: &HeaderMap) -> Option<u64> {
    text(headers, header::CONTENT_LENGTH)?.parse().ok()
}

/// Start and total of `bytes START-END/TOTAL`, where the total may be `*`.
fn content_range(headers: &HeaderMap) -> Option<(u64, Option<u64>)> {
    let range = text(headers, header::CONTENT_RANGE)?.strip_prefix("bytes ")?;
    let (span, total) = range.split_once('/')?;
    let (start, end) = span.split_once('-')?;
    let start: u64 = start.parse().ok()?;
    let end: u64 = end.parse().ok()?;
    let total = if total == "*" {
        None
    } else {
        Some(total.parse().ok()?)
    };
    (start <= end && total.is_none_or(|total| end < total)).then_some((start, total))
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
