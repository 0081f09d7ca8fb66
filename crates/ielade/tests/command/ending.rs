//! How a command ended, well or not.

use crate::shared::{Ielade, texts};
use std::{ffi::OsStr, process::Output};

/// What a command left.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Left {
    pub(crate) fn of(output: &Output) -> Self {
        let (stdout, stderr) = texts(output);
        Self {
            code: output.status.code(),
            stdout,
            stderr,
        }
    }
}

impl Ielade {
    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Left {
        Left::of(
            &self
                .command(arguments)
                .output()
                .expect("the command starts"),
        )
    }

    /// Runs and expects failure with exit code 1; gives standard error.
    pub(crate) fn fails<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let left = self.run(arguments);
        assert_eq!(left.code, Some(1), "{}\n{}", left.stdout, left.stderr);
        assert!(!left.stderr.contains("panicked"), "{}", left.stderr);
        left.stderr
    }
}
