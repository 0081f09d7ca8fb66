//! A script that stays and answers, for measuring one program against another in turns.

use crate::Missing;
use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A program that reads a line of standard input and answers with a line of standard output.
#[derive(Debug)]
pub struct Served {
    child: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Served {
    /// Starts it. What it says on standard error is passed on.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(command: &mut Command) -> Result<Self, Missing> {
        let program = command.get_program().to_owned();
        let failed = |what: &str| Missing(format!("{} does not start: {what}", program.display()));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(&error.to_string()))?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no standard input or output"));
        };
        Ok(Self {
            child,
            requests: Some(requests),
            answers: BufReader::new(answers),
        })
    }

    /// The next line that it says.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            let status = self.child.wait()?;
            let reason = format!("it ended without an answer ({status})");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, reason));
        }
        Ok(line.trim_end().to_owned())
    }

    /// Says a line and waits for the answer.
    ///
    /// # Errors
    /// Where it has ended.
    pub fn ask(&mut self, request: &str) -> io::Result<String> {
        if let Some(requests) = &mut self.requests {
            writeln!(requests, "{request}")?;
            requests.flush()?;
        }
        self.answer()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // The end of its input is what tells it to end.
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::Served;
    use std::process::Command;

    #[test]
    fn a_program_answers_until_it_ends() {
        let script = "read first; echo \"<$first>\"; read second; exit 3";
        let mut served = Served::start(Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(served.ask("one two").unwrap(), "<one two>");
        let error = served.ask("x").unwrap_err().to_string();
        assert!(error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Served::start(&mut Command::new("/nowhere/at/all")).unwrap_err();
        assert!(error.0.contains("/nowhere/at/all"), "{error}");
    }
}
