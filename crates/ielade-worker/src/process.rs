//! The worker as a process: job in, events out, and an end with its harness.

use crate::{Observer, WorkerError, run_job};
use ielade_core::worker_protocol::{Event, Failure, Job};
use std::{
    io::{BufRead, BufReader, Read, Write},
    process::ExitCode,
    sync::atomic::{AtomicU8, Ordering},
};

/// Exit code of a worker whose job failed; `failed` is its last event.
pub const EXIT_FAILED: u8 = 1;

/// Exit code of a worker that was given no job it can read.
pub const EXIT_NO_JOB: u8 = 2;

/// Exit code of a worker whose harness went away in the middle of the job.
const EXIT_ABANDONED: u8 = 3;

/// Longest job that is read, in bytes.
const LONGEST_JOB: u64 = 1 << 20;

/// What the process would exit with now.
static EXIT: AtomicU8 = AtomicU8::new(EXIT_ABANDONED);

/// Runs the job that comes as the first line on standard input, and writes its events to
/// standard output.
///
/// The process lives until its standard input is closed: after `done` so that the harness can
/// read its final figures from outside, before it so that no worker outlives a harness that was
/// killed.
pub fn serve() -> ExitCode {
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    if let Err(error) = input.by_ref().take(LONGEST_JOB).read_line(&mut line) {
        return refuse(&WorkerError::NoJob(error.to_string()));
    }
    let job: Job = match serde_json::from_str(&line) {
        Ok(job) => job,
        Err(error) => return refuse(&WorkerError::NoJob(error.to_string())),
    };
    let watcher = std::thread::spawn(move || {
        // Nothing is expected; what matters is the end.
        let _ = std::io::copy(&mut input, &mut std::io::sink());
        std::process::exit(EXIT.load(Ordering::SeqCst).into());
    });
    if let Err(error) = run_job(&job, &mut EventLines) {
        // Where even this cannot be said, the exit code says it.
        let _ = EventLines.event(failed(&error));
        EXIT.store(EXIT_FAILED, Ordering::SeqCst);
    }
    let _ = watcher.join();
    ExitCode::from(EXIT.load(Ordering::SeqCst))
}

fn failed(error: &WorkerError) -> Event {
    Event::Failed(Failure {
        message: error.to_string(),
    })
}

fn refuse(error: &WorkerError) -> ExitCode {
    let _ = EventLines.event(failed(error));
    ExitCode::from(EXIT_NO_JOB)
}

/// Writes each event as one line to standard output.
struct EventLines;

impl Observer for EventLines {
    fn event(&mut self, event: Event) -> Result<(), WorkerError> {
        // Before it is said: the harness may close standard input as soon as it has heard it.
        match &event {
            Event::Done(_) => EXIT.store(0, Ordering::SeqCst),
            Event::Failed(_) => EXIT.store(EXIT_FAILED, Ordering::SeqCst),
            Event::Ready(_) | Event::Epoch(_) => {}
        }
        let mut line = serde_json::to_string(&event).map_err(std::io::Error::from)?;
        line.push('\n');
        let mut output = std::io::stdout().lock();
        output.write_all(line.as_bytes())?;
        output.flush()?;
        Ok(())
    }
}
