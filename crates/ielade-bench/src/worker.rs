//! Starts a worker, listens to it, watches it and sees to its end.
//!
//! # What a worker can rely on, and must do
//! - It is given one line on standard input: the [`Job`] as JSON. Standard input then stays open
//!   until the worker is no longer needed; **a worker exits as soon as it reads the end of its
//!   standard input**, whatever it is doing. So it never outlives the harness, even where that is
//!   killed with `kill -9`.
//! - It writes [`Event`]s, one a line, to standard output, and nothing else. After `done` or
//!   `failed` it waits for the end of its standard input, so that its processor time and memory
//!   can be read once more, and then exits with code 0 after `done`.
//! - It runs in a process group of its own: Ctrl-C in a terminal reaches the harness alone, which
//!   ends the worker.
//!
//! Whatever else happens (rubbish, a wrong order of events, an early end, silence beyond the
//! timeout) makes the run fail with a message and the end of the worker's log.

mod conversation;
mod messages;

use crate::{
    memory_group::{MemoryGroup, MemoryGroupError, MemoryGroups},
    probe::Probe,
    record::{Outcome, ProbeSeries, ProbeSummary},
};
use conversation::Conversation;
use ielade_core::worker_protocol::{Done, EpochReport, Event, Job, Ready};
use messages::{LogTail, Message};
use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    ffi::OsString,
    io::{self, Write},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

/// Time between two samples of the probe, and the longest time until a stop is noticed.
const TICK: Duration = Duration::from_millis(100);
/// How long a worker may take to exit once its standard input is closed, usually.
const GRACE: Duration = Duration::from_secs(10);
/// The same, where somebody waits at the terminal after Ctrl-C.
const GRACE_INTERRUPTED: Duration = Duration::from_secs(2);
/// How long the pipes of a worker that has ended may stay open in the hands of its children.
const GRACE_PIPES: Duration = Duration::from_secs(1);
/// How long the kernel may take to end a killed process.
const GRACE_KILLED: Duration = Duration::from_mins(1);

/// The longest timeout that counts; a later one could not be told from never.
const LONGEST_RUN: Duration = Duration::from_hours(24 * 365);

/// How a worker is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables that are added to this process's environment.
    pub environment: Vec<(OsString, OsString)>,
}

impl WorkerCommand {
    /// A program without arguments, in this process's environment.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// Why a worker could not be started. What goes wrong later is an [`Ending`].
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The program cannot be run.
    #[error("cannot start the worker {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The job cannot be written as JSON.
    #[error("cannot write the job as JSON: {0}")]
    Job(#[from] serde_json::Error),
    /// The worker's memory cannot be limited.
    #[error(transparent)]
    Memory(#[from] MemoryGroupError),
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All epochs ran and the worker exited well.
    Completed,
    /// The run does not count; the reason.
    Failed(String),
    /// The run was stopped on request, and is as if it had never begun.
    Interrupted,
}

/// What a worker left.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerRun {
    /// How it ended.
    pub ending: Ending,
    /// The end of its standard error, 16 KiB at most.
    pub log: String,
    /// Its first word.
    pub ready: Option<Ready>,
    /// One entry an epoch.
    pub epochs: Vec<EpochReport>,
    /// Its last word.
    pub done: Option<Done>,
    /// What was seen from outside.
    pub probe: ProbeSummary,
    /// The same over time.
    pub series: ProbeSeries,
    /// Seconds from starting the process to its end.
    pub process_seconds: f64,
}

impl WorkerRun {
    /// The ending as it goes into a record; `None` for a run that was stopped on request.
    pub fn outcome(&self) -> Option<Outcome> {
        match &self.ending {
            Ending::Completed => Some(Outcome::Completed),
            Ending::Failed(message) => Some(Outcome::Failed {
                message: message.clone(),
                log: self.log.clone(),
            }),
            Ending::Interrupted => None,
        }
    }
}

/// When a run ends before the worker says so.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// The longest time that a run may take.
    pub timeout: Duration,
    /// How long a worker may take to exit once its standard input is closed.
    pub grace: Duration,
    /// Set to true, it ends the run within a few seconds.
    pub stop: &'a AtomicBool,
    /// Where the group is made that limits the worker's memory; `None` without a limit.
    pub memory: Option<&'a MemoryGroups>,
}

impl<'a> Limits<'a> {
    /// Limits with the usual grace of ten seconds.
    pub const fn new(timeout: Duration, stop: &'a AtomicBool) -> Self {
        Self {
            timeout,
            grace: GRACE,
            stop,
            memory: None,
        }
    }
}

/// Runs one job in a fresh worker process and waits for its end. Every event is handed to
/// `on_event` as it comes.
///
/// # Errors
/// Where the worker cannot be started; all that goes wrong later is in [`WorkerRun::ending`].
pub fn run_worker(
    command: &WorkerCommand,
    job: &Job,
    limits: Limits<'_>,
    on_event: &mut dyn FnMut(&Event),
) -> Result<WorkerRun, WorkerError> {
    let mut line = serde_json::to_vec(job)?;
    line.push(b'\n');
    let memory = limits.memory.map(MemoryGroups::make).transpose()?;
    let mut worker = RunningWorker::start(command, job)?;
    worker.confine(memory)?;
    // A worker that died already cannot be written to; its exit status says more about why. The
    // line fits into the pipe, so that nobody waits for a worker that does not read.
    if let Some(stdin) = &mut worker.stdin {
        let _ = stdin.write_all(&line);
    }
    let verdict = worker.listen(limits, on_event);
    Ok(worker.dismiss(verdict, limits.grace))
}

/// Why listening ended.
enum Verdict {
    /// The worker said its last word.
    Over,
    /// The worker closed its standard output or ended without a last word.
    Silent,
    /// The worker broke the rules, or took too long.
    Failed(String),
    /// Somebody asked to stop.
    Interrupted,
}

/// A process with its ears and its watch.
struct RunningWorker {
    started: Instant,
    memory: Option<MemoryGroup>,
    group: Option<Pid>,
    stdin: Option<ChildStdin>,
    messages: Receiver<Message>,
    log: LogTail,
    probe: Probe,
    conversation: Conversation,
    exited: Option<Exit>,
    output_open: bool,
    log_open: bool,
}

/// The process's end.
struct Exit {
    status: io::Result<ExitStatus>,
    at: Instant,
}

impl RunningWorker {
    fn start(command: &WorkerCommand, job: &Job) -> Result<Self, WorkerError> {
        let started = Instant::now();
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .envs(command.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|source| WorkerError::Start {
                program: command.program.clone(),
                source,
            })?;
        let stdin = child.stdin.take();
        let probe = Probe::of(child.id(), &job.train_store);
        let group = group_of(&child);
        let (messages, log) = messages::listen_to(child);
        Ok(Self {
            started,
            memory: None,
            group,
            stdin,
            messages,
            log,
            probe,
            conversation: Conversation::about(job.epochs),
            exited: None,
            output_open: true,
            log_open: true,
        })
    }

    /// Limits the worker's memory, before it is given its job and does anything.
    fn confine(&mut self, memory: Option<MemoryGroup>) -> Result<(), WorkerError> {
        if let (Some(memory), Some(pid)) = (&memory, self.group) {
            memory
                .add(pid.as_raw_nonzero().get().cast_unsigned())
                .inspect_err(|_| self.kill())?;
        }
        self.memory = memory;
        Ok(())
    }

    /// Takes events until the last one, or until something else ends the run.
    fn listen(&mut self, limits: Limits<'_>, on_event: &mut dyn FnMut(&Event)) -> Verdict {
        let deadline = self.started + limits.timeout.min(LONGEST_RUN);
        let mut next_sample = self.started;
        loop {
            if limits.stop.load(Ordering::Relaxed) {
                return Verdict::Interrupted;
            }
            let now = Instant::now();
            if now >= deadline {
                let seconds = limits.timeout.as_secs_f64();
                return Verdict::Failed(format!(
                    "the worker was still running after {seconds} s and was ended; a longer time \
                     is set by `timeout_seconds`"
                ));
            }
            if self.has_ended_for(GRACE_PIPES) {
                return Verdict::Silent;
            }
            if now >= next_sample {
                self.probe.sample();
                next_sample = now + TICK;
            }
            match self.next_message(next_sample.min(deadline)) {
                Some(Message::Line(line)) => {
                    // Before anything else, so that the sample belongs to the event.
                    self.probe.sample();
                    match self.conversation.hear(&line) {
                        Ok(event) => {
                            self.end_interval(&event);
                            on_event(&event);
                        }
                        Err(message) => return Verdict::Failed(message),
                    }
                    if self.conversation.is_over() {
                        return Verdict::Over;
                    }
                }
                Some(Message::Unreadable(message)) => return Verdict::Failed(message),
                _ if !self.output_open => return Verdict::Silent,
                _ => {}
            }
        }
    }

    /// What was seen since the last event belongs to this one.
    fn end_interval(&mut self, event: &Event) {
        match event {
            Event::Ready(ready) => self.probe.border("ready", ready.residency),
            Event::Epoch(epoch) => self.probe.border("epoch", epoch.residency),
            Event::Done(_) => self.probe.border("done", None),
            Event::Failed(_) => self.probe.border("failed", None),
        }
    }

    /// The next message, or `None` at `until`.
    fn next_message(&mut self, until: Instant) -> Option<Message> {
        let wait = until.saturating_duration_since(Instant::now());
        match self.messages.recv_timeout(wait) {
            Ok(Message::Exited(status)) => {
                let at = Instant::now();
                self.exited = Some(Exit { status, at });
                None
            }
            Ok(Message::OutputEnd) => {
                self.output_open = false;
                None
            }
            Ok(Message::LogEnd) => {
                self.log_open = false;
                None
            }
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            // All listeners have ended, after each has said so.
            Err(RecvTimeoutError::Disconnected) => {
                self.output_open = false;
                self.log_open = false;
                None
            }
        }
    }

    fn has_ended_for(&self, time: Duration) -> bool {
        self.exited
            .as_ref()
            .is_some_and(|exit| exit.at.elapsed() > time)
    }

    /// Lets the worker go, or ends it, and gathers what it left.
    fn dismiss(mut self, verdict: Verdict, grace: Duration) -> WorkerRun {
        self.probe.sample_thoroughly();
        self.stdin = None;
        let grace = match verdict {
            Verdict::Over | Verdict::Silent => grace,
            Verdict::Interrupted => grace.min(GRACE_INTERRUPTED),
            Verdict::Failed(_) => Duration::ZERO,
        };
        let stray = self.wait_for_exit(grace);
        let left = self.exited.is_some();
        if !left {
            self.kill();
            self.wait_for_exit(GRACE_KILLED);
        }
        self.wait_for_pipes(GRACE_PIPES);
        let ended = self
            .exited
            .as_ref()
            .map_or_else(Instant::now, |exit| exit.at);
        let process_seconds = ended.duration_since(self.started).as_secs_f64();
        let ending = match verdict {
            Verdict::Interrupted => Ending::Interrupted,
            Verdict::Failed(message) => Ending::Failed(message),
            Verdict::Silent => Ending::Failed(format!(
                "the worker ended before it was done: {}{}",
                self.describe_exit(left),
                self.describe_memory()
            )),
            Verdict::Over => self.last_word(stray, left),
        };
        WorkerRun {
            ending,
            log: self.log.text(),
            probe: self.probe.summary(),
            series: self.probe.series(),
            process_seconds,
            ready: self.conversation.ready,
            epochs: self.conversation.epochs,
            done: self.conversation.done,
        }
    }

    /// How a run ended whose worker said `done` or `failed`.
    fn last_word(&mut self, stray: Option<String>, left: bool) -> Ending {
        if let Some(failure) = self.conversation.failure.take() {
            return Ending::Failed(failure.message);
        }
        if let Some(message) = stray {
            return Ending::Failed(message);
        }
        let well =
            matches!(&self.exited, Some(Exit { status: Ok(status), .. }) if status.success());
        if left && well {
            Ending::Completed
        } else {
            let exit = self.describe_exit(left);
            Ending::Failed(format!(
                "the worker said `done` and then did not end well: {exit}"
            ))
        }
    }

    /// Waits until the process has ended, `grace` at most. Gives an objection to the first line
    /// that it still wrote.
    fn wait_for_exit(&mut self, grace: Duration) -> Option<String> {
        let deadline = Instant::now() + grace;
        let mut stray = None;
        while self.exited.is_none() && Instant::now() < deadline {
            if let Some(message) = self.next_message(deadline) {
                stray.get_or_insert_with(|| describe_stray(&message));
            }
        }
        stray
    }

    /// Waits until the pipes are closed; whoever still holds them then is ended.
    fn wait_for_pipes(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        while (self.output_open || self.log_open) && Instant::now() < deadline {
            self.next_message(deadline);
        }
        if self.output_open || self.log_open {
            self.kill();
        }
    }

    /// Kills the worker and all that it started in its group.
    fn kill(&self) {
        if let Some(group) = self.group {
            // The only possible failure is that nobody is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// What the limit of its memory has to do with the end of the process.
    fn describe_memory(&self) -> &'static str {
        match &self.memory {
            Some(memory) if memory.ran_out() => {
                ", for want of memory: `memory_limit` is too low for this layout and consumer"
            }
            _ => "",
        }
    }

    /// The end of the process in words; `left` is whether it went by itself.
    fn describe_exit(&self, left: bool) -> String {
        match &self.exited {
            None => "it could not even be killed".to_owned(),
            Some(_) if !left => {
                "it did not exit when its standard input was closed, and was killed".to_owned()
            }
            Some(Exit {
                status: Ok(status), ..
            }) => describe_status(*status),
            Some(Exit {
                status: Err(error), ..
            }) => format!("its exit status is unknown: {error}"),
        }
    }
}

fn group_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

fn describe_stray(message: &Message) -> String {
    let line = match message {
        Message::Line(line) => line.as_str(),
        Message::Unreadable(message) => message.as_str(),
        Message::OutputEnd | Message::LogEnd | Message::Exited(_) => "",
    };
    format!(
        "the worker wrote after its last event: {}",
        conversation::shortened(line)
    )
}

fn describe_status(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(9)) => {
            "it was killed by signal 9, as the system does when memory runs out".to_owned()
        }
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}
