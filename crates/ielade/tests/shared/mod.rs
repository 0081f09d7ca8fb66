//! Running the command as a user would.

use std::{
    ffi::OsStr,
    path::PathBuf,
    process::{Command, Output},
};

/// The command, in a folder of its own.
pub(crate) struct Ielade {
    folder: tempfile::TempDir,
}

impl Ielade {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A path in that folder.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ielade"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    /// Runs and expects success; gives standard output.
    pub(crate) fn done<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let output = self
            .command(arguments)
            .output()
            .expect("the command starts");
        let (stdout, stderr) = texts(&output);
        assert!(output.status.success(), "{stdout}\n{stderr}");
        stdout
    }
}

/// Standard output and standard error.
pub(crate) fn texts(output: &Output) -> (String, String) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
