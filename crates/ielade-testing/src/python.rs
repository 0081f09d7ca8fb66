//! Python with the usual libraries of the containers: theirs is the last word on a file format.

use crate::Missing;
use std::{collections::BTreeSet, ffi::OsString, path::Path, process::Command, sync::LazyLock};

/// The interpreter that `IELADE_TEST_PYTHON` names (`cargo xtask test` does), or `python3`; asked
/// once a process.
static PYTHON: LazyLock<Result<Python, Missing>> = LazyLock::new(|| {
    let program = std::env::var_os("IELADE_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    Python::find(program)
});

/// A Python interpreter.
#[derive(Debug, Clone)]
pub struct Python {
    program: OsString,
    modules: BTreeSet<String>,
}

/// A Python that has these modules, by the names under which they are imported (`PIL`, not
/// `Pillow`).
///
/// # Errors
///
/// Where there is no Python, or one without them.
pub fn python_with(modules: &[&str]) -> Result<Python, Missing> {
    let python = PYTHON.as_ref().map_err(Clone::clone)?;
    python.has(modules)?;
    Ok(python.clone())
}

impl Python {
    fn find(program: OsString) -> Result<Self, Missing> {
        // Looked for, not imported: some packages take seconds, and one that is there but broken
        // should fail its tests.
        let script = "import pkgutil; print(*(m.name for m in pkgutil.iter_modules()), sep='\\n')";
        let output = Command::new(&program).args(["-c", script]).output();
        let name = program.display();
        let output = output.map_err(|error| {
            Missing(format!(
                "{name} does not start ({error}); name a Python in IELADE_TEST_PYTHON"
            ))
        })?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(Missing(format!("{name} does not work: {}", errors.trim())));
        }
        let listing = String::from_utf8_lossy(&output.stdout);
        Ok(Self {
            program,
            modules: listing.lines().map(str::to_owned).collect(),
        })
    }

    fn has(&self, modules: &[&str]) -> Result<(), Missing> {
        let lacking: Vec<&str> = modules
            .iter()
            .copied()
            .filter(|module| !self.modules.contains(*module))
            .collect();
        if lacking.is_empty() {
            return Ok(());
        }
        Err(Missing(format!(
            "{} has no {}; `cargo xtask test` makes an environment that has",
            self.program.display(),
            lacking.join(", ")
        )))
    }

    /// The interpreter, to be started with a script of the caller's.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("HF_HUB_OFFLINE", "1")
            .env("TF_CPP_MIN_LOG_LEVEL", "3");
        command
    }

    /// Runs a script in a folder; gives what it wrote to standard output. The network stays out of
    /// it: libraries that would look for newer data are told not to, and keep their caches in the
    /// folder.
    ///
    /// # Panics
    ///
    /// Where the script ends in an error, with its traceback.
    pub fn run(&self, script: &str, folder: &Path) -> String {
        let output = Command::new(&self.program)
            .args(["-c", script])
            .current_dir(folder)
            .env("HF_HUB_OFFLINE", "1")
            .env("HF_HOME", ".huggingface")
            .env("TF_CPP_MIN_LOG_LEVEL", "3")
            .output()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()));
        let errors = String::from_utf8_lossy(&output.stderr);
        let status = output.status;
        assert!(
            status.success(),
            "the script ended with {status}:\n{errors}"
        );
        String::from_utf8(output.stdout).expect("the script writes UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::Python;

    /// A shell in the place of Python: it takes a script by the same `-c`.
    fn shell(modules: &[&str]) -> Python {
        Python {
            program: "sh".into(),
            modules: modules.iter().copied().map(str::to_owned).collect(),
        }
    }

    #[test]
    fn modules_are_found_by_name_and_the_lacking_ones_are_named() {
        let python = shell(&["numpy", "PIL"]);
        assert_eq!(python.has(&["PIL", "numpy"]), Ok(()));
        let missing = python.has(&["h5py", "numpy", "zarr"]).unwrap_err();
        assert!(missing.0.contains("has no h5py, zarr;"), "{missing}");
    }

    #[test]
    fn an_interpreter_that_is_not_there_or_fails_is_missing() {
        let missing = Python::find("no such python".into()).unwrap_err();
        assert!(
            missing.0.contains("no such python does not start"),
            "{missing}"
        );
        // A shell does not understand the question.
        let missing = Python::find("sh".into()).unwrap_err();
        assert!(missing.0.starts_with("sh does not work: "), "{missing}");
    }

    #[test]
    fn a_script_runs_in_its_folder_and_gives_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let output = shell(&[]).run("echo here > file; echo done", folder.path());
        assert_eq!(output, "done\n");
        assert!(folder.path().join("file").is_file());
    }

    #[test]
    #[should_panic(expected = "out of cheese")]
    fn a_script_that_fails_panics_with_its_errors() {
        let folder = tempfile::tempdir().unwrap();
        shell(&[]).run("echo out of cheese >&2; exit 3", folder.path());
    }
}
