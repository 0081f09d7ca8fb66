//! What the project may depend on: licences that let anyone use it, and a default build that
//! needs a Rust toolchain and a C compiler, nothing else.

use crate::command::output;
use anyhow::{Context, bail};
use serde_json::Value;
use std::process::Command;

/// Crates that the default build must not pull in, and why.
const NOT_BY_DEFAULT: &[(&str, &str)] = &[
    ("cmake", "needs cmake"),
    ("nasm-rs", "needs nasm"),
    ("turbojpeg-sys", "needs cmake and nasm"),
    ("openssl-sys", "needs OpenSSL"),
    ("aws-lc-sys", "needs cmake"),
    ("bindgen", "needs LLVM"),
    ("llvm-sys", "needs LLVM"),
    ("cubecl-llvm", "downloads LLVM"),
    ("pyo3", "needs Python"),
    ("wgpu", "is a graphics stack"),
    ("cudarc", "is a graphics stack"),
    ("hdf5-metno-sys", "needs cmake"),
];

/// Crates that live in one room and nowhere else.
const ONE_ROOM: &[(&str, &str)] = &[("burn", "ielade-train"), ("ureq", "ielade-dataset")];

/// Licences under which a dependency may come; of several joined by OR, one is enough.
const LICENCES: &[&str] = &[
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "IJG",
    "ISC",
    "MIT-0",
    "MPL-2.0",
    "NCSA",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    "0BSD",
];

/// Crates whose licence stands in a file instead of the manifest, as read there.
const LICENCE_IN_FILE: &[(&str, &str)] = &[("cfg_block", "Apache-2.0")];

pub(crate) fn check() -> anyhow::Result<()> {
    default_build_is_light()?;
    rooms_are_kept()?;
    licences_are_permitted("Cargo.toml")?;
    licences_are_permitted("fuzz/Cargo.toml")
}

fn default_build_is_light() -> anyhow::Result<()> {
    let pulled = tree(&["--package", "ielade", "--edges", "normal,build"])?;
    for (name, why) in NOT_BY_DEFAULT {
        if pulled.iter().any(|found| found == name) {
            bail!("the default build pulls in {name}, which {why}; put it behind a feature");
        }
    }
    println!(
        "the default build has {} crates, none of them barred",
        pulled.len()
    );
    Ok(())
}

/// Names of the crates in a dependency tree.
fn tree(args: &[&str]) -> anyhow::Result<Vec<String>> {
    let text = output(
        Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--prefix", "none", "--format", "{p}"])
            .args(args),
    )?;
    let mut names: Vec<String> = text
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// Each of our crates lists its dependencies; those of one room appear in no other.
fn rooms_are_kept() -> anyhow::Result<()> {
    for package in packages()? {
        let name = text(&package, "name");
        if !name.starts_with("ielade") {
            continue;
        }
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        for dependency in dependencies {
            let needs = text(dependency, "name");
            if let Some((_, room)) = ONE_ROOM
                .iter()
                .find(|(one, room)| *one == needs && *room != name)
            {
                bail!("{name} depends on {needs}, which stays inside {room}");
            }
        }
    }
    Ok(())
}

/// Checks everything that any feature of a workspace can pull in, for tests and builds too.
fn licences_are_permitted(workspace: &str) -> anyhow::Result<()> {
    let text = output(Command::new(env!("CARGO")).args([
        "tree",
        "--locked",
        "--workspace",
        "--all-features",
        "--edges",
        "normal,build,dev",
        "--prefix",
        "none",
        "--format",
        "{p}\t{l}",
        "--manifest-path",
        workspace,
    ]))?;
    let mut lines: Vec<&str> = text
        .lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(|line| !line.is_empty())
        .collect();
    lines.sort_unstable();
    lines.dedup();
    for line in &lines {
        let (package, licence) = line.split_once('\t').unwrap_or((line, ""));
        let name = package.split_whitespace().next().unwrap_or_default();
        let known = LICENCE_IN_FILE.iter().find(|(known, _)| *known == name);
        let licence = known.map_or(licence, |(_, licence)| licence);
        if !permitted(&licence.replace('/', " OR ")) {
            bail!(
                "{package} comes under {licence:?}, which is not on the list of permitted licences"
            );
        }
    }
    println!(
        "{workspace}: {} crates come under permitted licences",
        lines.len()
    );
    Ok(())
}

/// Whether an SPDX expression can be met by permitted licences alone. Brackets are only found
/// around alternatives, so `(A OR B) AND C` needs one of A, B and also C.
fn permitted(expression: &str) -> bool {
    expression.split(" AND ").all(|part| {
        part.split(" OR ")
            .any(|licence| LICENCES.contains(&licence.trim_matches(['(', ')', ' '])))
    })
}

/// Everything that could be compiled for this platform, test and build dependencies included.
fn packages() -> anyhow::Result<Vec<Value>> {
    let host = host()?;
    let text = output(Command::new(env!("CARGO")).args([
        "metadata",
        "--locked",
        "--format-version",
        "1",
        "--filter-platform",
        &host,
    ]))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata is no JSON")?;
    let packages = metadata["packages"].as_array().cloned();
    packages.context("cargo metadata names no packages")
}

pub(crate) fn host() -> anyhow::Result<String> {
    let text = output(Command::new("rustc").arg("-vV"))?;
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc does not tell its host")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::permitted;

    #[test]
    fn a_licence_is_permitted_if_some_way_to_meet_it_is() {
        assert!(permitted("MIT OR Apache-2.0"));
        assert!(permitted("(MIT OR GPL-3.0-only) AND IJG"));
        assert!(permitted("Apache-2.0 WITH LLVM-exception"));
        assert!(!permitted("GPL-3.0-only"));
        assert!(!permitted("MIT AND AGPL-3.0-only"));
        assert!(!permitted(""));
    }
}
