//! The command `ielade`: a thin shell over the libraries.

mod arguments;
mod commands;
mod exit;
mod interrupt;
mod progress;

use arguments::{Arguments, Command};
use clap::Parser;
use exit::Exit;
use std::process::ExitCode;

/// Tensors of some megabytes come and go with every training step. The system's allocator gives
/// such memory back and takes it anew each time, at the price of a page fault for every 4 KiB.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A worker speaks its own protocol, errors included.
    if matches!(arguments.command, Command::Worker) {
        return ielade::worker::serve();
    }
    match run(arguments.command) {
        Ok(exit) => exit.into(),
        Err(error) => {
            eprintln!("error: {error:#}");
            Exit::Failed.into()
        }
    }
}

fn run(command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Fetch(options) => commands::fetch::run(&options),
        Command::Inspect(options) => commands::inspect::run(&options),
        Command::Layouts => Ok(commands::layouts::run()),
        Command::Prepare(options) => commands::prepare::run(&options),
        Command::Verify(options) => commands::verify::run(&options),
        Command::Load(options) => commands::load::run(&options),
        Command::Train(options) => commands::train::run(&options),
        Command::Bench(options) => commands::bench::run(&options),
        Command::Report(options) => commands::report::run(&options),
        Command::Compare(options) => commands::compare::run(&options),
        Command::Completions(options) => Ok(commands::completions::run(&options)),
        Command::Worker => unreachable!("workers are served before anything else"),
    }
}
