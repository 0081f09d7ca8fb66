//! Fuzzing the readers: builds `fuzz/` with coverage, which the stable compiler gives too, and
//! lets libFuzzer run each target for a while from the corpus that is kept.

use crate::{
    command::{output, run},
    dependencies::host,
};
use anyhow::{Context, bail};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Names the target to the fuzzing program.
const VARIABLE: &str = "IELADE_FUZZ_TARGET";

/// What `cargo fuzz build --sanitizer none` passes to the compiler.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Memory of one fuzzing process, in MiB, beyond which it is a finding. The corpus and libFuzzer's
/// own tables are in it; what a case may take is bounded by the program's allocator.
const MOST_MEMORY: u32 = 1024;

/// Time that one input may take, in seconds, on a busy machine.
const MOST_SECONDS: u32 = 10;

/// Bytes of the longest input.
const MOST_BYTES: u32 = 64_000;

/// How much a target is fuzzed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// For so long, each time with other inputs: to find something.
    Time(Duration),
    /// So many inputs, the same each time: to see that everything works and that what was found
    /// once stays mended. What is found by chance must not fail a change that has nothing to do
    /// with it.
    Runs(u32),
}

/// What is to be fuzzed, and how much.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// For each target.
    pub(crate) effort: Effort,
    /// All without one.
    pub(crate) target: Option<String>,
}

impl Request {
    /// Reads `[--seconds N] [TARGET]`.
    pub(crate) fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut request = Self {
            effort: Effort::Time(Duration::from_mins(1)),
            target: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "--seconds" {
                let seconds = rest.next().context("--seconds needs a number")?;
                let seconds = seconds.parse().context("--seconds needs a whole number")?;
                request.effort = Effort::Time(Duration::from_secs(seconds));
            } else if argument.starts_with('-') || request.target.is_some() {
                bail!("{argument:?} is not understood; cargo xtask fuzz [--seconds N] [TARGET]");
            } else {
                request.target = Some(argument.clone());
            }
        }
        Ok(request)
    }
}

/// Builds the fuzzer and runs it. Without a C++ compiler it is left out, and this is said.
pub(crate) fn fuzz(request: &Request) -> anyhow::Result<()> {
    if !has_cpp_compiler() {
        eprintln!("=== fuzzing is skipped: libFuzzer needs a C++ compiler, and none was found");
        return Ok(());
    }
    let program = build()?;
    let mut targets = targets(&program)?;
    if let Some(wanted) = &request.target {
        targets.retain(|target| target == wanted);
        if targets.is_empty() {
            bail!("there is no target {wanted:?}");
        }
    }
    let failed = run_all(&program, &targets, request.effort);
    for target in &failed {
        eprintln!(
            "=== {target}: see target/fuzz/logs/{target}.log; the input is in target/fuzz/findings. \
             Mend the reader, and keep the input in fuzz/corpus/{target}"
        );
    }
    if !failed.is_empty() {
        bail!("{} of {} targets failed", failed.len(), targets.len());
    }
    let effort = match request.effort {
        Effort::Time(time) => format!("{} s", time.as_secs()),
        Effort::Runs(runs) => format!("{runs} inputs"),
    };
    println!("{} targets, {effort} each: nothing found", targets.len());
    Ok(())
}

fn has_cpp_compiler() -> bool {
    let named = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    output(Command::new(named).arg("--version")).is_ok()
}

fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

fn build() -> anyhow::Result<PathBuf> {
    let place = root().join("target/fuzz");
    let host = host()?;
    // With a target named, build scripts and macros are built without coverage.
    run(Command::new(env!("CARGO"))
        .args(["build", "--locked", "--target", &host, "--manifest-path"])
        .arg(root().join("fuzz/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &place)
        .env("RUSTFLAGS", FLAGS))?;
    Ok(place.join(host).join("debug/reader"))
}

/// The names of all targets.
fn targets(program: &Path) -> anyhow::Result<Vec<String>> {
    let names = output(Command::new(program).env(VARIABLE, "list"))?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// Runs the targets on all processors; gives those that failed.
fn run_all(program: &Path, targets: &[String], effort: Effort) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = run_one(program, target, effort) {
                        eprintln!("=== {target}: {error:#}");
                        let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                        failed.push(target.clone());
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// An empty folder's path.
fn fresh(folder: &Path) -> anyhow::Result<PathBuf> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot empty {}", folder.display()))
        }
        _ => Ok(folder.to_owned()),
    }
}

fn run_one(program: &Path, target: &str, effort: Effort) -> anyhow::Result<()> {
    let place = root().join("target/fuzz");
    // What is found on the way is kept for the next run, but not among the committed inputs.
    let grown = match effort {
        Effort::Time(_) => place.join("corpus").join(target),
        Effort::Runs(_) => fresh(&place.join("corpus-of-checks").join(target))?,
    };
    let findings = place.join("findings");
    let logs = place.join("logs");
    for folder in [&grown, &findings, &logs] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = logs.join(format!("{target}.log"));
    let written =
        std::fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(program);
    match effort {
        Effort::Time(time) => {
            command.arg(format!("-max_total_time={}", time.as_secs().max(1)));
        }
        Effort::Runs(runs) => {
            command.args(["-seed=1".to_owned(), format!("-runs={runs}")]);
        }
    }
    command
        .arg(format!("-timeout={MOST_SECONDS}"))
        .arg(format!("-rss_limit_mb={MOST_MEMORY}"))
        .arg(format!("-max_len={MOST_BYTES}"))
        .arg(format!("-artifact_prefix={}/{target}-", findings.display()))
        .arg(&grown)
        .args(kept(target))
        .env(VARIABLE, target)
        // Indexes are kept beside the files; a cache folder of the user's is left alone.
        .env("XDG_CACHE_HOME", place.join("cache"))
        .stdout(written.try_clone().context("cannot write the log")?)
        .stderr(written);
    let status = command.status().context("cannot start the fuzzer")?;
    if !status.success() {
        bail!("ended with {status}; {}", last_words(&log));
    }
    Ok(())
}

/// The folders of inputs that a target starts from.
fn kept(target: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join("fuzz/corpus").join(target)];
    if target.starts_with("image-") {
        folders.push(root().join("crates/ielade-codec/tests/fixtures"));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// What the panic or libFuzzer said.
fn last_words(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let is_reason = |line: &&str| line.contains("panicked at") || line.contains("ERROR:");
    let at = text.lines().position(|line| is_reason(&line));
    let lines = text.lines().skip(at.unwrap_or(0)).take(3);
    lines.collect::<Vec<_>>().join(" / ")
}

#[cfg(test)]
mod tests {
    use super::{Effort, Request};
    use std::time::Duration;

    #[test]
    fn time_and_target_are_read_and_nothing_else() {
        let parse = |text: &str| {
            let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            Request::parse(&words).ok()
        };
        let request = |seconds, target: Option<&str>| {
            Some(Request {
                effort: Effort::Time(Duration::from_secs(seconds)),
                target: target.map(str::to_owned),
            })
        };
        assert_eq!(parse(""), request(60, None));
        assert_eq!(parse("--seconds 3"), request(3, None));
        assert_eq!(parse("open-npy --seconds 3"), request(3, Some("open-npy")));
        assert_eq!(parse("--seconds"), None);
        assert_eq!(parse("--seconds x"), None);
        assert_eq!(parse("--second 3"), None);
        assert_eq!(parse("a b"), None);
    }
}
