//! A browser without a window: the last word on whether a page works.

use crate::Missing;
use std::{
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
    sync::LazyLock,
};

/// The browser that `IELADE_TEST_BROWSER` names, or the first usual name of Chromium that starts;
/// asked once a process.
static BROWSER: LazyLock<Result<Browser, Missing>> = LazyLock::new(|| {
    let usual = ["chromium", "chromium-browser", "google-chrome"];
    std::env::var_os("IELADE_TEST_BROWSER").map_or_else(
        || Browser::first_of(usual.map(OsString::from)),
        |named| Browser::first_of([named]),
    )
});

/// Chromium.
#[derive(Debug, Clone)]
pub struct Browser {
    program: OsString,
}

/// A page after its scripts have run.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The document as HTML.
    pub document: String,
    /// What was written to the console, one message a line.
    pub console: Vec<String>,
}

/// The browser.
///
/// # Errors
///
/// Where there is none.
pub fn browser() -> Result<Browser, Missing> {
    BROWSER.clone()
}

impl Browser {
    fn first_of(names: impl IntoIterator<Item = OsString>) -> Result<Self, Missing> {
        let starts = |program: &OsString| {
            let mut version = Command::new(program);
            version.arg("--version");
            version.stdout(Stdio::null()).stderr(Stdio::null());
            version.status().is_ok_and(|status| status.success())
        };
        let mut names = names.into_iter();
        names
            .find(starts)
            .map(|program| Self { program })
            .ok_or_else(|| {
                Missing(
                    "no Chromium starts; install one, or name it in IELADE_TEST_BROWSER".to_owned(),
                )
            })
    }

    /// Opens a file, with `fragment` behind the `#` of its address, and gives it some seconds of
    /// virtual time, which pass at once where nothing is to be done. It can reach no other
    /// machine. The profile is kept in `folder`, one visit at a time.
    ///
    /// # Panics
    ///
    /// Where the browser does not start or ends badly.
    pub fn visit(&self, file: &Path, fragment: &str, folder: &Path) -> Visit {
        let profile = folder.join("profile");
        let output = Command::new(&self.program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND",
                "--enable-logging=stderr",
                "--window-size=1200,900",
                "--virtual-time-budget=10000",
                "--dump-dom",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}#{fragment}", file.display()))
            .output()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", self.program.display()));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "the browser ended with {}:\n{errors}",
            output.status
        );
        let console = errors.lines().filter(|line| line.contains(":CONSOLE"));
        Visit {
            document: String::from_utf8_lossy(&output.stdout).into_owned(),
            console: console.map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Browser;

    #[test]
    fn a_browser_that_is_not_there_is_missing() {
        let missing = Browser::first_of(["no such browser".into()]).unwrap_err();
        assert!(missing.0.contains("IELADE_TEST_BROWSER"), "{missing}");
    }

    #[test]
    fn the_first_program_that_starts_is_taken() {
        let found = Browser::first_of(["no such browser".into(), "true".into()]).unwrap();
        assert_eq!(found.program, "true");
    }
}
