//! A Python environment with the containers' usual libraries, for the tests that run scripts with
//! them.

use crate::command::output;
use anyhow::Context;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf, absolute},
    process::Command,
    time::Instant,
};

/// Names the interpreter for tests; where it is set already, that one is used.
pub(crate) const VARIABLE: &str = "IELADE_TEST_PYTHON";

/// What every usual-library test but TensorFlow's needs.
const PACKAGES: &str = "requirements.txt";

/// In a list of its own, so that where it cannot be had, the others can.
const TENSORFLOW: &str = "requirements-tensorflow.txt";

/// The interpreter that tests are to use, in an environment that is made where it is not there
/// yet. Where none can be made (no Python, no network), says so; the tests then make do with what
/// `python3` has, and those that miss something are ignored.
pub(crate) fn for_tests() -> Option<OsString> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        eprintln!("=== Python for tests: {} ({VARIABLE})", given.display());
        return Some(given);
    }
    let start = Instant::now();
    let environment = match Environment::open() {
        Ok(environment) => environment,
        Err(error) => {
            eprintln!("=== NO PYTHON ENVIRONMENT FOR TESTS: {error:#}");
            eprintln!("=== tests that need more than python3 has will be ignored");
            return None;
        }
    };
    if let Err(error) = environment.install(TENSORFLOW, &["--constraint", PACKAGES]) {
        eprintln!("=== NO TENSORFLOW FOR TESTS, those that need it will be ignored: {error:#}");
    }
    let (python, took) = (environment.python(), start.elapsed());
    eprintln!(
        "=== Python for tests: {} ({:.0} s)",
        python.display(),
        took.as_secs_f64()
    );
    Some(python.into())
}

/// A virtual environment, kept from one run of the tests to the next.
struct Environment {
    folder: PathBuf,
    /// What the Python that it is made with says of its version.
    version: String,
}

impl Environment {
    /// The environment with [`PACKAGES`], made anew where they or Python have changed.
    fn open() -> anyhow::Result<Self> {
        let environment = Self {
            folder: absolute(target_folder())?.join("python"),
            version: output(Command::new("python3").arg("--version"))?,
        };
        if !environment.has(PACKAGES)? {
            output(
                Command::new("python3")
                    .args(["-m", "venv", "--clear"])
                    .arg(&environment.folder),
            )?;
            environment.install(PACKAGES, &[])?;
        }
        Ok(environment)
    }

    fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Installs what a list names, unless that has been done.
    fn install(&self, list: &str, options: &[&str]) -> anyhow::Result<()> {
        if self.has(list)? {
            return Ok(());
        }
        eprintln!("=== installing {list} for tests, once");
        output(
            Command::new(self.python())
                .args(["-m", "pip", "install", "--quiet", "--no-input"])
                .args(["--disable-pip-version-check", "--retries", "2"])
                // As built by their authors; Python compiles modules as they are imported.
                .args(["--only-binary", ":all:", "--no-compile"])
                .args(["--requirement", list])
                .args(options)
                .current_dir(lists_folder()),
        )?;
        self.note(list)
    }

    /// Notes that everything in a list is installed, which a broken-off installation never does.
    fn note(&self, list: &str) -> anyhow::Result<()> {
        let path = self.note_path(list);
        fs::write(&path, self.made_of(list)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Whether everything in a list, as it is now, is installed.
    fn has(&self, list: &str) -> anyhow::Result<bool> {
        let made_of = self.made_of(list)?;
        Ok(fs::read_to_string(self.note_path(list)).is_ok_and(|noted| noted == made_of))
    }

    fn note_path(&self, list: &str) -> PathBuf {
        self.folder.join(format!("installed-{list}"))
    }

    fn made_of(&self, list: &str) -> anyhow::Result<String> {
        let path = lists_folder().join(list);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(format!("{}{text}", self.version))
    }
}

fn workspace() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

fn lists_folder() -> PathBuf {
    workspace().join("crates/ielade-layout/tests")
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::{Environment, PACKAGES, TENSORFLOW};

    #[test]
    fn a_list_counts_as_installed_once_noted_and_for_the_same_python() {
        let folder = tempfile::tempdir().unwrap();
        let environment = |version: &str| Environment {
            folder: folder.path().to_owned(),
            version: version.to_owned(),
        };
        let made = environment("Python 3.12.1\n");
        assert!(!made.has(PACKAGES).unwrap());
        made.note(PACKAGES).unwrap();
        assert!(made.has(PACKAGES).unwrap());
        assert!(!made.has(TENSORFLOW).unwrap());
        assert!(!environment("Python 3.13.0\n").has(PACKAGES).unwrap());
    }
}
