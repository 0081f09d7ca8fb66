//! What the process says with its exit code.

use std::process::ExitCode;

/// How a command ended. Clap itself exits with 2 for arguments that it does not understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 1: the command failed; the reason is on standard error.
    Failed,
    /// 3: `verify` found differences.
    Differences,
    /// 4: the experiment ended, but some of its runs failed.
    SomeRunsFailed,
    /// 130: stopped by Ctrl-C; what was finished is kept, and the same command continues.
    Interrupted,
}

/// The codes as `--help` shows them.
pub(crate) const HELP: &str = "\
Exit codes:
  0    done
  1    failed; the reason is on standard error
  2    the arguments were not understood
  3    verify: the store differs from its source
  4    bench: the experiment ended, but some of its runs failed
  130  stopped by Ctrl-C; the same command continues";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Differences => 3,
            Exit::SomeRunsFailed => 4,
            Exit::Interrupted => 130,
        })
    }
}
