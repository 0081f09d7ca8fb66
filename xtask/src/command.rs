//! Running programs.

use anyhow::{Context, bail};
use std::{process::Command, time::Instant};

/// Runs a program in view of the person at the terminal.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let start = Instant::now();
    eprintln!("=== {command:?}");
    let status = command
        .status()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    eprintln!("=== took {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a program for what it writes to standard output.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let result = command
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    if !result.status.success() {
        bail!(
            "{command:?} failed: {}",
            String::from_utf8_lossy(&result.stderr)
        );
    }
    String::from_utf8(result.stdout).context("the output is no text")
}
