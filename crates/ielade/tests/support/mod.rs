//! Running the command as a user would, and small data sets to run it on.
#![allow(dead_code, reason = "each test program uses some of it")]

use ielade::{codec, core::ImageSpec};
use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The command, in a folder of its own.
pub(crate) struct Ielade {
    pub(crate) folder: tempfile::TempDir,
}

/// What a command left.
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ielade {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ielade"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Left {
        let output = self
            .command(arguments)
            .output()
            .expect("the command starts");
        Left::of(&output)
    }

    /// Runs and expects success; gives standard output.
    pub(crate) fn done<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let left = self.run(arguments);
        assert_eq!(left.code, Some(0), "{}\n{}", left.stdout, left.stderr);
        left.stdout
    }

    /// Runs and expects failure with exit code 1; gives standard error.
    pub(crate) fn fails<S: AsRef<OsStr>>(&self, arguments: &[S]) -> String {
        let left = self.run(arguments);
        assert_eq!(left.code, Some(1), "{}\n{}", left.stdout, left.stderr);
        assert!(!left.stderr.contains("panicked"), "{}", left.stderr);
        left.stderr
    }
}

impl Left {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A JPEG of one colour with a mark that depends on `number`.
pub(crate) fn jpeg(size: u32, number: u8) -> Vec<u8> {
    let spec = ImageSpec::rgb(size, size);
    let mut pixels = vec![number.wrapping_mul(40); spec.values()];
    pixels[..spec.values() / 2].fill(255 - number);
    let mut bytes = Vec::new();
    codec::encode_jpeg(&pixels, spec, 90, &mut bytes).expect("a JPEG");
    bytes
}

/// A folder of two class folders with `images` images each, named with spaces and endings as they
/// come.
pub(crate) fn photos(folder: &Path, images: u8, size: impl Fn(u8) -> u32) {
    for (class, ending) in [("a cat", "jpg"), ("dog", "JPEG")] {
        let class = folder.join(class);
        std::fs::create_dir_all(&class).expect("a folder");
        for number in 0..images {
            let path = class.join(format!("photo {number}.{ending}"));
            std::fs::write(path, jpeg(size(number), number)).expect("a file");
        }
    }
}
