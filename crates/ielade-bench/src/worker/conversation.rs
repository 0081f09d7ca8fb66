//! What a worker may say, and in which order: `ready`, every epoch, `done`; or `failed` at any
//! point before that.

use ielade_core::worker_protocol::{Done, EpochReport, Event, Failure, PROTOCOL_VERSION, Ready};

/// What a worker has said so far.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    epochs_wanted: u32,
    /// Its first word.
    pub(super) ready: Option<Ready>,
    /// One entry an epoch.
    pub(super) epochs: Vec<EpochReport>,
    /// Its last word, where all went well.
    pub(super) done: Option<Done>,
    /// Its last word, where the job could not go on.
    pub(super) failure: Option<Failure>,
}

impl Conversation {
    /// A conversation about a job of so many epochs.
    pub(super) fn about(epochs_wanted: u32) -> Self {
        Self {
            epochs_wanted,
            ..Self::default()
        }
    }

    /// True once the worker has said its last word.
    pub(super) const fn is_over(&self) -> bool {
        self.done.is_some() || self.failure.is_some()
    }

    /// Takes a line in, or objects to it.
    pub(super) fn hear(&mut self, line: &str) -> Result<Event, String> {
        let event: Event = serde_json::from_str(line).map_err(|error| {
            format!(
                "the worker wrote something that is not an event ({error}): {}",
                shortened(line)
            )
        })?;
        self.take_in(event.clone())?;
        Ok(event)
    }

    fn take_in(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Failed(failure) => self.failure = Some(failure),
            Event::Ready(_) if self.ready.is_some() => return Err(out_of_turn("ready", "again")),
            Event::Ready(ready) => {
                check_version(ready.protocol)?;
                self.ready = Some(ready);
            }
            Event::Epoch(_) | Event::Done(_) if self.ready.is_none() => {
                return Err(out_of_turn("an epoch or `done`", "before `ready`"));
            }
            Event::Epoch(report) => {
                self.check_epoch(&report)?;
                self.epochs.push(report);
            }
            Event::Done(done) => {
                self.check_done(&done)?;
                self.done = Some(done);
            }
        }
        Ok(())
    }

    fn check_epoch(&self, report: &EpochReport) -> Result<(), String> {
        let expected = self.epochs.len();
        if report.epoch as usize != expected || expected >= self.epochs_wanted as usize {
            return Err(format!(
                "the worker reported epoch {} where {} was due (of {} epochs, counted from 0)",
                report.epoch,
                if expected < self.epochs_wanted as usize {
                    format!("epoch {expected}")
                } else {
                    "`done`".to_owned()
                },
                self.epochs_wanted
            ));
        }
        let seconds = [
            report.seconds,
            report.first_batch_seconds,
            report.wait_seconds,
            report.cpu_user_seconds,
            report.cpu_system_seconds,
            report.evaluation_seconds,
        ];
        check_seconds(&seconds)
    }

    fn check_done(&self, done: &Done) -> Result<(), String> {
        if self.epochs.len() != self.epochs_wanted as usize {
            return Err(format!(
                "the worker said `done` after {} of {} epochs",
                self.epochs.len(),
                self.epochs_wanted
            ));
        }
        check_seconds(&[done.training_seconds, done.evaluation_seconds])
    }
}

fn check_version(protocol: u32) -> Result<(), String> {
    if protocol == PROTOCOL_VERSION {
        return Ok(());
    }
    Err(format!(
        "the worker speaks version {protocol} of the protocol, this program version \
         {PROTOCOL_VERSION}; use both from the same release"
    ))
}

fn check_seconds(seconds: &[f64]) -> Result<(), String> {
    seconds
        .iter()
        .find(|seconds| !(seconds.is_finite() && **seconds >= 0.0))
        .map_or(Ok(()), |seconds| {
            Err(format!("the worker reported a time of {seconds} s"))
        })
}

fn out_of_turn(what: &str, when: &str) -> String {
    format!("the worker said {what} {when}")
}

/// The start of a line, for messages.
pub(super) fn shortened(line: &str) -> String {
    const LONGEST: usize = 200;
    let start: String = line.chars().take(LONGEST).collect();
    let dots = if start.len() < line.len() { "…" } else { "" };
    format!("{start:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::{Conversation, shortened};

    const READY: &str = r#"{"event":"ready","protocol":1,"worker":"w","device":"cpu","threads":1,"samples":1,"setup_seconds":0,"cache_seconds":0}"#;
    const DONE: &str = r#"{"event":"done","training_seconds":1,"evaluation_seconds":0}"#;
    const FAILED: &str = r#"{"event":"failed","message":"no store"}"#;

    fn epoch(number: u32) -> String {
        format!(
            r#"{{"event":"epoch","epoch":{number},"seconds":1,"first_batch_seconds":0.1,"wait_seconds":0.2,"steps":1,"images":1,"cpu_user_seconds":0,"cpu_system_seconds":0}}"#
        )
    }

    /// The objection to the last of these lines, in a job of two epochs.
    fn objection(lines: &[&str]) -> Option<String> {
        let mut conversation = Conversation::about(2);
        let (last, before) = lines.split_last().unwrap();
        for line in before {
            conversation.hear(line).unwrap();
        }
        conversation.hear(last).err()
    }

    #[test]
    fn ready_epochs_and_done_make_a_whole_run() {
        let mut conversation = Conversation::about(2);
        for line in [READY, &epoch(0), &epoch(1)] {
            conversation.hear(line).unwrap();
            assert!(!conversation.is_over());
        }
        conversation.hear(DONE).unwrap();
        assert!(conversation.is_over() && conversation.epochs.len() == 2);
    }

    #[test]
    fn a_worker_may_fail_at_any_point() {
        assert_eq!(objection(&[FAILED]), None);
        assert_eq!(objection(&[READY, &epoch(0), FAILED]), None);
    }

    #[test]
    fn events_out_of_turn_are_refused() {
        let cases: [(&[&str], &str); 7] = [
            (&[&epoch(0)], "before `ready`"),
            (&[DONE], "before `ready`"),
            (&[READY, READY], "again"),
            (&[READY, &epoch(1)], "where epoch 0 was due"),
            (&[READY, &epoch(0), &epoch(0)], "where epoch 1 was due"),
            (&[READY, &epoch(0), &epoch(1), &epoch(2)], "`done` was due"),
            (&[READY, &epoch(0), DONE], "after 1 of 2 epochs"),
        ];
        for (lines, expected) in cases {
            let objection = objection(lines).unwrap();
            assert!(objection.contains(expected), "{objection}");
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused() {
        let backwards = epoch(0).replace(r#""seconds":1"#, r#""seconds":-1"#);
        assert!(objection(&[READY, &backwards]).unwrap().contains("-1 s"));
        let newer = READY.replace(r#""protocol":1"#, r#""protocol":2"#);
        assert!(objection(&[&newer]).unwrap().contains("version 2"));
        for rubbish in ["", "hello", "{}", "[1]", r#"{"event":"dance"}"#] {
            let objection = objection(&[rubbish]).unwrap();
            assert!(objection.contains("not an event"), "{objection}");
        }
    }

    #[test]
    fn a_long_line_is_shown_by_its_start() {
        assert_eq!(shortened("short"), "\"short\"");
        assert!(shortened(&"ä".repeat(10_000)).len() < 500);
    }
}
