//! A worker that loads nothing: the smallest program that speaks the worker protocol, and every
//! way to break it.
//!
//! The name of the folder to train from says what it does: `ok` works; see [`Behaviour`] for the
//! rest. A folder that is named by its whole path must be there. The tests of this crate run it in place of a real worker.

use ielade_core::{
    training::{Evaluation, Metrics},
    worker_protocol::{Consumer, Done, EpochReport, Event, Failure, Job, PROTOCOL_VERSION, Ready},
};
use std::{
    fs::{self, File},
    io::{self, BufRead, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
};

/// What the worker does instead of working, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behaviour {
    /// All epochs, then done.
    Ok,
    /// As `Ok`, with 64 MiB of memory and some processor time in between.
    Work,
    /// Panics after the first epoch.
    Crash,
    /// Dies by a signal after the first epoch.
    Abort,
    /// Exits after the first epoch as if all were well.
    Quit,
    /// Waits for ever after `ready`.
    Hang,
    /// As `Hang`, and does not notice the end of its standard input.
    DeafHang,
    /// Writes a progress bar to standard output.
    Rubbish,
    /// Writes bytes that are not text to standard output.
    Binary,
    /// Says `failed`.
    Fail,
    /// Says `done` after the first epoch.
    Early,
    /// Writes another line after `done`.
    Stray,
    /// Exits with code 3 after `done`.
    Code,
    /// Does not exit when its standard input ends.
    Deaf,
    /// Writes 2 MB of log and panics.
    Chatter,
    /// Exits and leaves a child behind that holds its pipes.
    Orphan,
    /// As `Work`, with children that do the work.
    Family,
    /// Works, and its times scatter from block to block.
    Noisy,
    /// Works, and finds half of the store in the cache only.
    Lukewarm,
    /// Takes 64 MiB of memory and then works.
    Greedy,
}

use Behaviour::{
    Abort, Binary, Chatter, Code, Crash, Deaf, DeafHang, Early, Fail, Family, Greedy, Hang,
    Lukewarm, Noisy, Ok as Well, Orphan, Quit, Rubbish, Stray, Work,
};

const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("ok", Well),
    ("work", Work),
    ("crash", Crash),
    ("abort", Abort),
    ("quit", Quit),
    ("hang", Hang),
    ("deaf-hang", DeafHang),
    ("rubbish", Rubbish),
    ("binary", Binary),
    ("fail", Fail),
    ("early", Early),
    ("stray", Stray),
    ("code", Code),
    ("deaf", Deaf),
    ("chatter", Chatter),
    ("orphan", Orphan),
    ("family", Family),
    ("noisy", Noisy),
    ("lukewarm", Lukewarm),
    ("greedy", Greedy),
];

/// The argument that makes this program a child that does nothing.
const LINGER: &str = "linger";
/// The argument that makes this program a child that works and ends.
const CHILD: &str = "child";

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some(LINGER) {
        // The folder's lock shows whether this process lives.
        let folder = std::env::args().nth(2).unwrap_or_default();
        let _alive = show_life(Path::new(&folder))?;
        return wait_for_ever();
    }
    if std::env::args().nth(1).as_deref() == Some(CHILD) {
        std::hint::black_box(work());
        return Ok(());
    }
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line)?;
    let behaviour = behaviour(&job.train_store);
    let _alive = show_life(&job.train_store)?;
    if !matches!(behaviour, DeafHang | Deaf) {
        thread::spawn(move || exit_at_end_of_input(behaviour));
    }
    misbehave_first(behaviour, &job.train_store)?;
    say(&Event::Ready(ready(behaviour)))?;
    if behaviour == Greedy {
        // Written to, so that it is there and not only promised.
        std::hint::black_box(vec![1_u8; 64 << 20]);
    }
    if matches!(behaviour, Hang | DeafHang) {
        wait_for_ever()?;
    }
    for epoch in 0..job.epochs {
        match behaviour {
            Work => drop(std::hint::black_box(work())),
            Family => work_through_a_child()?,
            _ => {}
        }
        say(&Event::Epoch(report(epoch, &job)))?;
        misbehave_between(behaviour, &job.train_store)?;
    }
    let last = Event::Done(done(&job, behaviour));
    if behaviour == Stray {
        // In one piece: after `done` this process may be ended at any moment.
        say_with(&last, "bye\n")?;
    } else {
        say(&last)?;
    }
    wait_for_ever()
}

fn behaviour(store: &Path) -> Behaviour {
    let name = store.file_name().unwrap_or_default().to_string_lossy();
    BEHAVIOURS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(Well, |(_, behaviour)| *behaviour)
}

/// Locks a file in the store, where there is a store: whoever can lock it, too, knows that this
/// process has ended.
fn show_life(store: &Path) -> io::Result<Option<File>> {
    if !store.is_dir() {
        return Ok(None);
    }
    let file = File::create(store.join("alive"))?;
    file.lock()?;
    fs::write(store.join("locked"), std::process::id().to_string())?;
    Ok(Some(file))
}

/// The harness closes the standard input when the worker is no longer needed, and the system
/// closes it when the harness is killed.
fn exit_at_end_of_input(behaviour: Behaviour) {
    let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
    std::process::exit(if behaviour == Code { 3 } else { 0 });
}

fn wait_for_ever() -> io::Result<()> {
    loop {
        thread::park();
    }
}

fn say(event: &Event) -> io::Result<()> {
    say_with(event, "")
}

/// Says an event and, in the same breath, something that is none.
fn say_with(event: &Event, stray: &str) -> io::Result<()> {
    let mut line = serde_json::to_string(event)?;
    line.push('\n');
    line.push_str(stray);
    let mut output = io::stdout().lock();
    output.write_all(line.as_bytes())?;
    output.flush()
}

fn misbehave_first(behaviour: Behaviour, store: &Path) -> io::Result<()> {
    if store.is_absolute() && !store.is_dir() {
        let message = format!("{}: no such store", store.display());
        say(&Event::Failed(Failure { message }))?;
        wait_for_ever()?;
    }
    match behaviour {
        Rubbish => println!("Loading: 10 %"),
        Binary => io::stdout().lock().write_all(b"\xff\xfe\n")?,
        Fail => {
            let message = "no such store; prepare it first".to_owned();
            say(&Event::Failed(Failure { message }))?;
            wait_for_ever()?;
        }
        _ => {}
    }
    Ok(())
}

fn misbehave_between(behaviour: Behaviour, store: &Path) -> io::Result<()> {
    match behaviour {
        Crash => panic!("the fake worker crashes"),
        Abort => std::process::abort(),
        Quit => std::process::exit(0),
        Early => say(&Event::Done(Done {
            training_seconds: 1.0,
            evaluation_seconds: 0.0,
            order_digest: None,
            evaluation: None,
        })),
        Chatter => {
            let line = "chatter ".repeat(128);
            for _ in 0..2000 {
                eprintln!("{line}");
            }
            panic!("the end of the log");
        }
        Orphan => {
            Command::new(std::env::current_exe()?)
                .arg(LINGER)
                .arg(store)
                .stdin(Stdio::null())
                .spawn()?;
            std::process::exit(0);
        }
        _ => Ok(()),
    }
}

/// Has a child work, and waits for it.
fn work_through_a_child() -> io::Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::null())
        .spawn()?;
    child.wait().map(drop)
}

/// Uses 64 MiB of memory and a little processor time.
fn work() -> u64 {
    let mut values = vec![1_u64; 8 << 20];
    for round in 0..20 {
        for value in &mut values {
            *value = value
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(round);
        }
    }
    values.iter().fold(0, |sum, value| sum ^ value)
}

fn ready(behaviour: Behaviour) -> Ready {
    Ready {
        protocol: PROTOCOL_VERSION,
        worker: "fake 1".to_owned(),
        device: "cpu".to_owned(),
        threads: 1,
        samples: 100,
        setup_seconds: 0.25,
        cache_seconds: 0.0,
        residency: Some(if behaviour == Lukewarm { 0.5 } else { 1.0 }),
        parameters: None,
        order: None,
        guesses: Vec::new(),
    }
}

fn report(epoch: u32, job: &Job) -> EpochReport {
    EpochReport {
        epoch,
        seconds: 1.0,
        first_batch_seconds: 0.25,
        wait_seconds: 0.5,
        steps: 1,
        images: 100,
        cpu_user_seconds: 0.5,
        cpu_system_seconds: 0.25,
        residency: Some(1.0),
        train: None,
        test: job.test_store.as_ref().map(|_| accuracy()),
        evaluation_seconds: 0.0,
        step_losses: Vec::new(),
        bad_samples: Vec::new(),
        ..EpochReport::default()
    }
}

fn done(job: &Job, behaviour: Behaviour) -> Done {
    // Any scatter will do, as long as it is the same each time.
    let scatter = (job.seed * 37 % 11) as f64 / 100.0;
    let evaluates = matches!(job.consumer, Consumer::Model(_)) && job.test_store.is_some();
    Done {
        training_seconds: f64::from(job.epochs) + if behaviour == Noisy { scatter } else { 0.5 },
        evaluation_seconds: 0.0,
        order_digest: Some(format!("order of seed {}", job.seed)),
        evaluation: evaluates.then(|| Evaluation {
            metrics: accuracy(),
            classes: Vec::new(),
            confusion: Vec::new(),
        }),
    }
}

fn accuracy() -> Metrics {
    Metrics {
        loss: 1.0,
        top1: 0.75,
        top5: 1.0,
        images: 100,
    }
}
