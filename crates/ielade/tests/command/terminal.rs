//! What a person sees in a terminal: a transcript taken from a real one.

use crate::{photos::photos, shared::Ielade};
use rustix::{
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use std::{
    fs::File,
    io::Read,
    process::{ExitStatus, Stdio},
};

/// Runs the command on a terminal of so many columns; gives all that it drew.
fn transcript(ielade: &Ielade, arguments: &[&str], columns: u16) -> (ExitStatus, String) {
    let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let path = ptsname(&controller, Vec::new()).unwrap();
    let terminal = File::options()
        .read(true)
        .write(true)
        .open(path.to_str().unwrap())
        .unwrap();
    let size = Winsize {
        ws_row: 40,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&terminal, size).unwrap();
    let mut child = ielade
        .command(arguments)
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .stdout(terminal.try_clone().unwrap())
        .stderr(terminal)
        .spawn()
        .unwrap();
    // Read while it runs, or the terminal's buffer fills; the end comes when no one holds the
    // other side any more, as an error or as the end of a file.
    let mut drawn = Vec::new();
    let _ = File::from(controller).read_to_end(&mut drawn);
    let status = child.wait().unwrap();
    (status, String::from_utf8_lossy(&drawn).into_owned())
}

#[test]
fn a_terminal_shows_progress_with_the_time_left_and_then_the_result() {
    let ielade = Ielade::new();
    let (status, drawn) = transcript(&ielade, &["prepare", "demo", "--layout", "files/png"], 100);
    assert!(status.success(), "{drawn}");
    assert!(drawn.contains("prepare files/png train"), "{drawn}");
    assert!(drawn.contains("left"), "no time left in\n{drawn}");
    assert!(drawn.contains("5000 images of 32×32×3"), "{drawn}");
}

#[test]
fn the_table_fits_the_terminal() {
    let ielade = Ielade::new();
    photos(&ielade.path("photos"), 10, |_| 24);
    let plan = "name = \"x\"\nblocks = 3\nepochs = 1\nmost_repeats = 0\nlayouts = [\"files/jpeg\", \"npy/u8\"]\n\
                [data]\nsource = \"photos\"\n[[consumers]]\nkind = \"none\"\n";
    std::fs::write(ielade.path("plan.toml"), plan).unwrap();
    ielade.done(&["bench", "plan.toml"]);
    let (status, drawn) = transcript(&ielade, &["report", "results/x"], 60);
    assert!(status.success(), "{drawn}");
    for line in drawn.lines().filter(|line| !line.contains("report.html")) {
        assert!(visible(line) <= 60, "{line:?}");
    }
}

/// Characters of a line that take a column: without escape sequences and line ends.
fn visible(line: &str) -> usize {
    let mut count = 0;
    let mut in_escape = false;
    for character in line.chars() {
        match character {
            '\u{1b}' => in_escape = true,
            'm' if in_escape => in_escape = false,
            '\r' => {}
            _ if in_escape => {}
            _ => count += 1,
        }
    }
    count
}
