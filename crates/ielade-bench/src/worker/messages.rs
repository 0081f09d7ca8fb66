//! All that a worker process says, by any channel, as one stream of messages.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read},
    process::{Child, ChildStderr, ChildStdout, ExitStatus},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

/// Longest line that a worker may write: an epoch with the loss of a million steps fits.
const LONGEST_LINE: u64 = 32 << 20;
/// Messages that may wait to be heard.
const WAITING_MESSAGES: usize = 64;
/// Bytes of the log that are kept, from its end.
const LOG_BYTES: usize = 16 << 10;

/// One thing that a worker did.
#[derive(Debug)]
pub(super) enum Message {
    /// It wrote a line to standard output.
    Line(String),
    /// It wrote something that is not a line of text; the objection.
    Unreadable(String),
    /// It closed its standard output.
    OutputEnd,
    /// It closed its standard error.
    LogEnd,
    /// It ended.
    Exited(io::Result<ExitStatus>),
}

/// The end of what a worker wrote to standard error, filled while it runs.
#[derive(Debug, Clone, Default)]
pub(super) struct LogTail(Arc<Mutex<VecDeque<u8>>>);

impl LogTail {
    fn push(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(LOG_BYTES);
        kept.drain(..surplus);
    }

    /// The log so far; what is not text in it is marked.
    pub(super) fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).trim_end().to_owned()
    }
}

/// Starts three listeners, to standard output, standard error and the process's end. They end
/// with the process, or when nobody listens to them.
pub(super) fn listen_to(mut child: Child) -> (Receiver<Message>, LogTail) {
    let (sender, receiver) = sync_channel(WAITING_MESSAGES);
    let log = LogTail::default();
    if let Some(stdout) = child.stdout.take() {
        let sender = sender.clone();
        thread::spawn(move || pass_lines_on(stdout, &sender));
    }
    if let Some(stderr) = child.stderr.take() {
        let sender = sender.clone();
        let log = log.clone();
        thread::spawn(move || keep_log(stderr, &log, &sender));
    }
    // Nobody listens any more where sending fails; the same holds for all of them.
    thread::spawn(move || sender.send(Message::Exited(child.wait())));
    (receiver, log)
}

fn pass_lines_on(stdout: ChildStdout, sender: &SyncSender<Message>) {
    let mut reader = BufReader::new(stdout);
    while let Some(message) = next_line(&mut reader) {
        let last = matches!(message, Message::Unreadable(_));
        if sender.send(message).is_err() {
            return;
        }
        if last {
            // The pipe stays open, so that the worker is ended for what it wrote and not for a
            // closed pipe; what else it writes is of no interest.
            let _ = io::copy(&mut reader, &mut io::sink());
        }
    }
    let _ = sender.send(Message::OutputEnd);
}

/// The next line of a worker; `None` at the end. A last line without its end is left out: the
/// worker died while it wrote, and how it died says more.
fn next_line(reader: &mut impl BufRead) -> Option<Message> {
    let mut bytes = Vec::new();
    let read = reader.take(LONGEST_LINE).read_until(b'\n', &mut bytes);
    match (read, bytes.pop()) {
        (Ok(_), Some(b'\n')) => {
            Some(String::from_utf8(bytes).map_or_else(|error| not_text(&error), Message::Line))
        }
        (Ok(length), Some(_)) if length as u64 == LONGEST_LINE => Some(Message::Unreadable(
            format!("the worker wrote a line of more than {LONGEST_LINE} bytes"),
        )),
        _ => None,
    }
}

fn not_text(error: &std::string::FromUtf8Error) -> Message {
    let line = String::from_utf8_lossy(error.as_bytes()).into_owned();
    Message::Unreadable(format!(
        "the worker wrote a line that is not UTF-8: {}",
        super::conversation::shortened(&line)
    ))
}

fn keep_log(mut stderr: ChildStderr, log: &LogTail, sender: &SyncSender<Message>) {
    let mut buffer = [0; 4096];
    loop {
        match stderr.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => log.push(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = sender.send(Message::LogEnd);
}

#[cfg(test)]
mod tests {
    use super::{LOG_BYTES, LogTail, Message, next_line};

    #[test]
    fn a_log_keeps_its_end_only() {
        let log = LogTail::default();
        log.push(b"first words\n");
        for _ in 0..100 {
            log.push(&[b'x'; 1000]);
        }
        log.push(b"last words\n");
        let text = log.text();
        assert!(text.len() <= LOG_BYTES && text.ends_with("xlast words"));
        assert!(!text.contains("first"));
    }

    #[test]
    fn whole_lines_are_passed_on_and_a_torn_one_is_not() {
        let mut reader: &[u8] = b"one\n\xff\ntorn";
        assert!(matches!(next_line(&mut reader), Some(Message::Line(line)) if line == "one"));
        assert!(matches!(
            next_line(&mut reader),
            Some(Message::Unreadable(_))
        ));
        assert!(next_line(&mut reader).is_none());
    }

    #[test]
    fn a_line_without_end_is_refused_before_memory_is() {
        let mut endless = std::io::BufReader::new(std::io::repeat(b'x'));
        let message = next_line(&mut endless).unwrap();
        assert!(matches!(message, Message::Unreadable(text) if text.contains("more than")));
    }
}
