//! Tests that are ignored where what they need is missing.

use libtest_mimic::{Arguments, Failed, Trial};
use std::{fmt, process::ExitCode};

/// Something that a test needs is not there; says what, and how to get it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A test that is given what it needs; ignored, with the reason on standard error, where that is
/// missing. Made to run nevertheless (`--include-ignored`), it fails for that reason.
pub fn test<T: Send + 'static>(
    name: impl Into<String>,
    needed: Result<T, Missing>,
    body: impl FnOnce(&T) + Send + 'static,
) -> Trial {
    let name = name.into();
    if let Err(missing) = &needed {
        eprintln!("{name} is ignored: {missing}");
    }
    let is_ignored = needed.is_err();
    Trial::test(name, move || {
        body(&needed.map_err(|missing| Failed::from(missing.0))?);
        Ok(())
    })
    .with_ignored_flag(is_ignored)
}

/// Runs the tests of a target as the command line asks, like Rust's own test harness.
pub fn run(tests: Vec<Trial>) -> ExitCode {
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

#[cfg(test)]
mod tests {
    use super::{Missing, test};
    use libtest_mimic::{Arguments, Conclusion, Trial};

    /// Runs one test, without a word on this test's own output.
    fn conclusion(test: Trial, include_ignored: bool) -> Conclusion {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log").display().to_string();
        let arguments = Arguments {
            include_ignored,
            logfile: Some(log),
            ..Arguments::default()
        };
        libtest_mimic::run(&arguments, vec![test])
    }

    fn missing() -> Result<(), Missing> {
        Err(Missing("there is no such thing".to_owned()))
    }

    #[test]
    fn a_test_is_given_what_it_needs() {
        let given = conclusion(test("given", Ok(3), |three| assert_eq!(*three, 3)), false);
        assert_eq!((given.num_passed, given.num_ignored), (1, 0));
    }

    #[test]
    fn without_what_it_needs_a_test_is_ignored_and_never_passes() {
        let ignored = conclusion(test("without", missing(), |()| ()), false);
        assert_eq!((ignored.num_passed, ignored.num_ignored), (0, 1));
        let made_to_run = conclusion(test("made to run", missing(), |()| ()), true);
        assert_eq!((made_to_run.num_passed, made_to_run.num_failed), (0, 1));
    }
}
