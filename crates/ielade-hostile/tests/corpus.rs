//! Replays the fuzzer's corpus, for whoever has no C++ compiler: what once ended in a panic or in
//! too much memory must not do so again.
//!
//! `IELADE_WRITE_SEEDS=1 cargo test -p ielade-hostile --test corpus` writes the seeds anew.

mod bounds;

use bounds::within_bounds;
use ielade_hostile::{Target, seeds, targets};
use std::{fs, path::PathBuf};

fn corpus_of(target: &Target) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../fuzz/corpus").join(target.name())
}

/// The kept inputs of a target, by name.
fn kept(target: &Target) -> Vec<(String, Vec<u8>)> {
    let Ok(folder) = fs::read_dir(corpus_of(target)) else {
        return Vec::new();
    };
    let mut inputs: Vec<(String, Vec<u8>)> = folder
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(path).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_kept_input_ends_in_an_answer_or_an_error_within_bounds() {
    let write = std::env::var_os("IELADE_WRITE_SEEDS").is_some();
    let mut without = Vec::new();
    for target in targets() {
        if write {
            fs::create_dir_all(corpus_of(&target)).unwrap();
            for (name, seed) in seeds::of(&target) {
                fs::write(corpus_of(&target).join(format!("seed-{name}")), seed).unwrap();
            }
        }
        let inputs = kept(&target);
        if inputs.is_empty() {
            without.push(target.name().to_owned());
        }
        for (name, input) in inputs {
            let context = format!("{}/{name}", target.name());
            let ended = within_bounds(&context, || target.run(&input));
            assert!(
                ended.is_ok() || !name.starts_with("seed-"),
                "{context}: {ended:?}"
            );
        }
    }
    assert!(without.is_empty(), "no corpus for {without:?}");
}

#[test]
fn every_seed_of_our_own_writers_is_read_in_full() {
    for target in targets() {
        for (name, seed) in seeds::of(&target) {
            let ended = target.run(&target.mend(&seed));
            assert_eq!(ended, Ok(()), "{}/{name}", target.name());
        }
    }
}
