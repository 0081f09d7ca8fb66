//! The checks that are commands of cargo.

use crate::{command::run, python};
use anyhow::bail;
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// The promise of the README: the main job on the demo set, after the build, on two cores.
const DEMO_LIMIT: Duration = Duration::from_mins(5);

pub(crate) fn format() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])
}

pub(crate) fn lint() -> anyhow::Result<()> {
    cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ])
}

pub(crate) fn docs() -> anyhow::Result<()> {
    run(Command::new(env!("CARGO"))
        .args(["doc", "--workspace", "--no-deps", "--locked"])
        .env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn test() -> anyhow::Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args(["test", "--workspace", "--locked"]);
    if let Some(python) = python::for_tests() {
        command.env(python::VARIABLE, python);
    }
    run(&mut command)
}

pub(crate) fn demo_time() -> anyhow::Result<()> {
    cargo(&["build", "--release", "--package", "ielade", "--locked"])?;
    let place = std::env::temp_dir().join(format!("ielade-demo-{}", std::process::id()));
    let start = Instant::now();
    let done = run(Command::new(Path::new("target/release/ielade"))
        .arg("bench")
        .arg("--stores")
        .arg(place.join("stores"))
        .arg("--out")
        .arg(place.join("results")));
    let took = start.elapsed();
    std::fs::remove_dir_all(&place).ok();
    done?;
    println!("the main job took {:.0} s", took.as_secs_f64());
    if took > DEMO_LIMIT {
        bail!("the README promises {} s", DEMO_LIMIT.as_secs());
    }
    Ok(())
}

fn cargo(args: &[&str]) -> anyhow::Result<()> {
    run(Command::new(env!("CARGO")).args(args))
}
