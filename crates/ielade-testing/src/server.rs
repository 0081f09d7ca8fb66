//! A small HTTP server on the loopback that behaves as badly as a test asks it to.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// What a client asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Start of the range, where one was asked for.
    pub range_start: Option<usize>,
    /// The validator under which the range was asked for (`If-Range`).
    pub if_range: Option<String>,
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Names and values, sent as they are.
    pub headers: Vec<(&'static str, String)>,
    /// What follows the headers.
    pub body: Vec<u8>,
    /// Bytes after which the connection ends; all where `None`.
    pub cut_after: Option<usize>,
}

impl Reply {
    /// A status code and nothing else.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: vec![("Content-Length", "0".to_owned())],
            body: Vec::new(),
            cut_after: None,
        }
    }

    /// The whole file.
    pub fn whole(content: &[u8]) -> Self {
        Self {
            status: 200,
            headers: vec![("Content-Length", content.len().to_string())],
            body: content.to_vec(),
            cut_after: None,
        }
    }

    /// The file, or the part of it that was asked for.
    pub fn of(content: &[u8], request: &Request) -> Self {
        let Some(start) = request.range_start else {
            return Self::whole(content);
        };
        let total = content.len();
        if start >= total {
            let mut reply = Self::status(416);
            reply
                .headers
                .push(("Content-Range", format!("bytes */{total}")));
            return reply;
        }
        let mut reply = Self::whole(&content[start..]);
        reply.status = 206;
        let range = format!("bytes {start}-{}/{total}", total - 1);
        reply.headers.push(("Content-Range", range));
        reply
    }

    /// The same with one header set.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The same, but the connection ends after so many bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.cut_after = Some(bytes);
        self
    }
}

/// A running server; ends when it is dropped.
pub struct TestServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Answers the n-th request (from 0) as `answer` says.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn start(mut answer: impl FnMut(usize, &Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ending = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (requests, ending) = (Arc::clone(&requests), Arc::clone(&ending));
            move || {
                for stream in listener.incoming() {
                    if ending.load(Ordering::SeqCst) {
                        break;
                    }
                    let mut stream = stream.unwrap();
                    let Some(request) = read_request(&stream) else {
                        continue;
                    };
                    let number = {
                        let mut requests = requests.lock().unwrap();
                        requests.push(request.clone());
                        requests.len() - 1
                    };
                    write_reply(&mut stream, &answer(number, &request));
                }
            }
        });
        Self {
            address,
            requests,
            ending,
            thread: Some(thread),
        }
    }

    /// Always the whole file, or the part that was asked for.
    pub fn serving(content: Vec<u8>) -> Self {
        Self::start(move |_, request| Reply::of(&content, request))
    }

    /// Where the file is.
    pub fn url(&self) -> String {
        format!("http://{}/archive", self.address)
    }

    /// What was asked for so far.
    ///
    /// # Panics
    ///
    /// Where `answer` panicked.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::SeqCst);
        // Wakes the loop up.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut request = Request::default();
    let mut lines = BufReader::new(stream).lines();
    lines.next()?.ok()?;
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            return Some(request);
        }
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "range" => {
                let start = value.strip_prefix("bytes=")?.strip_suffix('-')?;
                request.range_start = start.parse().ok();
            }
            "if-range" => request.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    None
}

fn write_reply(stream: &mut TcpStream, reply: &Reply) {
    let mut head = format!("HTTP/1.1 {} Reply\r\nConnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    let length = reply.cut_after.unwrap_or(reply.body.len());
    // A client that has seen enough may hang up.
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(&reply.body[..length.min(reply.body.len())]);
}
