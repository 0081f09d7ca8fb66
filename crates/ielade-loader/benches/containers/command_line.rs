//! What the benchmark is asked to do.

use ielade_testing::contest::Failure;
use std::{path::PathBuf, time::Duration};

/// What the benchmark is asked to do.
pub(crate) struct Arguments {
    /// The data set's folder; the demo set without one.
    pub(crate) source: Option<PathBuf>,
    /// Where stores are kept.
    pub(crate) stores: PathBuf,
    /// How long to measure, about.
    pub(crate) time: Duration,
    /// What a layout's name is to contain.
    pub(crate) only: String,
    /// Whether the usual libraries are measured.
    pub(crate) libraries: bool,
}

impl Arguments {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut this = Self {
            source: None,
            stores: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("stores"),
            time: Duration::from_mins(3),
            only: String::new(),
            libraries: false,
        };
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} wants a value"));
            match word.as_str() {
                // What cargo itself says to every benchmark.
                "--bench" => {}
                "--libraries" => this.libraries = true,
                "--stores" => this.stores = value()?.into(),
                "--minutes" => this.time = Duration::from_secs_f64(value()?.parse::<f64>()? * 60.0),
                "--only" => this.only = value()?,
                flag if flag.starts_with("--") => {
                    return Err(format!("no such flag: {flag}").into());
                }
                source => this.source = Some(source.into()),
            }
        }
        Ok(this)
    }
}
