//! The project's own chores. `cargo xtask ci` runs every check; `cargo xtask help` lists the rest.

mod command;
mod dependencies;
mod fuzz;
mod python;
mod steps;

use anyhow::bail;
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask ci            every check below, in this order
cargo xtask format        formatting, without changing anything
cargo xtask dependencies  licences, and what the default build must not pull in
cargo xtask lint          clippy over all targets, no warnings
cargo xtask docs          API documentation, no warnings
cargo xtask test          unit, property, doc and end-to-end tests
cargo xtask fuzz          every reader fuzzed: [--seconds N] for each, 60 without; [TARGET]
cargo xtask python        the Python environment that tests use, made where it is not there
cargo xtask demo-time     the main job on the demo set, released build, timed";

/// Inputs for each of some 35 targets: a few seconds. Who changes a reader fuzzes it for longer.
const FUZZ_RUNS: u32 = 5_000;

fn main() -> ExitCode {
    let step = std::env::args().nth(1).unwrap_or_default();
    match run(&step) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {step}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(step: &str) -> anyhow::Result<()> {
    match step {
        "ci" => {
            steps::format()?;
            dependencies::check()?;
            steps::lint()?;
            steps::docs()?;
            steps::test()?;
            fuzz::fuzz(&fuzz::Request {
                effort: fuzz::Effort::Runs(FUZZ_RUNS),
                target: None,
            })
        }
        "format" => steps::format(),
        "dependencies" => dependencies::check(),
        "lint" => steps::lint(),
        "docs" => steps::docs(),
        "test" => steps::test(),
        "fuzz" => {
            let arguments: Vec<String> = std::env::args().skip(2).collect();
            fuzz::fuzz(&fuzz::Request::parse(&arguments)?)
        }
        "python" => {
            python::for_tests();
            Ok(())
        }
        "demo-time" => steps::demo_time(),
        "help" | "--help" => {
            println!("{HELP}");
            Ok(())
        }
        other => bail!("unknown chore {other:?}; there are:\n{HELP}"),
    }
}
