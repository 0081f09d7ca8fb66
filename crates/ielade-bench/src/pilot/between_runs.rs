//! What an experiment takes besides its runs: waiting for a quiet machine, and runs that are
//! repeated since the machine was busy.

use crate::record::RunRecord;

/// What was seen between runs, and of their repetition.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct BetweenRuns {
    /// End of the last run of this session, in seconds since 1970.
    last_end: Option<f64>,
    /// Seconds between two runs, summed up over so many.
    seconds: f64,
    gaps: u32,
    /// First attempts, and how many of them the machine disturbed.
    attempted: u32,
    disturbed: u32,
}

impl BetweenRuns {
    /// What lies between two sessions is nobody's waiting.
    pub(super) fn session_begins(&mut self) {
        self.last_end = None;
    }

    pub(super) fn add(&mut self, run: &RunRecord) {
        if run.attempt == 0 {
            self.attempted += 1;
            self.disturbed += u32::from(run.is_busy());
        }
        let start = seconds_since_1970(&run.started);
        if let (Some(end), Some(start)) = (self.last_end, start) {
            // A clock that was set back tells nothing.
            self.seconds += (start - end).max(0.0);
            self.gaps += 1;
        }
        self.last_end = start.map(|start| start + run.process_seconds);
    }

    /// Runs that an experiment attempts for each that it plans, and seconds before each attempt.
    pub(super) fn per_run(&self, most_repeats: u32) -> (f64, f64) {
        if most_repeats == 0 {
            return (1.0, 0.0);
        }
        let disturbed = f64::from(self.disturbed) / f64::from(self.attempted.max(1));
        // A disturbed run is repeated, and so is a repetition that was disturbed, up to the limit.
        let attempts = (0..=most_repeats.min(100)).map(|times| disturbed.powf(f64::from(times)));
        (attempts.sum(), self.seconds / f64::from(self.gaps.max(1)))
    }
}

/// The moment of an RFC 3339 time in UTC, as `ielade_core::timestamp::rfc3339` writes it.
fn seconds_since_1970(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.split('-').map(|part| part.parse::<u32>().ok());
    let mut time = time.split(':');
    let days = days_since_1970(date.next()??, date.next()??, date.next()??)?;
    let hours: f64 = time.next()?.parse().ok()?;
    let minutes: f64 = time.next()?.parse().ok()?;
    let seconds: f64 = time.next()?.parse().ok()?;
    Some(days * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years are counted from March, so
/// that a leap day is a year's last.
fn days_since_1970(year: u32, month: u32, day: u32) -> Option<f64> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let leap_days = year / 4 - year / 100 + year / 400;
    Some(f64::from(365 * year + leap_days + day_of_year) - 719_468.0)
}

#[cfg(test)]
mod tests {
    use super::{BetweenRuns, seconds_since_1970};
    use ielade_core::timestamp::rfc3339;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};

    proptest! {
        #[test]
        fn a_moment_that_was_written_is_read(milliseconds in 0_u64..250_000_000_000_000) {
            let text = rfc3339(UNIX_EPOCH + Duration::from_millis(milliseconds));
            let read = seconds_since_1970(&text).unwrap();
            prop_assert!((read * 1e3 - milliseconds as f64).abs() < 0.6, "{text}: {read}");
        }

        #[test]
        fn any_other_text_is_no_moment(text in "\\PC{0,30}") {
            let _ = seconds_since_1970(&text);
            prop_assert_eq!(seconds_since_1970(&format!("{text}!")), None);
        }
    }

    #[test]
    fn half_of_the_runs_disturbed_means_half_as_many_again_and_waiting_before_each() {
        let seen = BetweenRuns {
            seconds: 30.0,
            gaps: 10,
            attempted: 8,
            disturbed: 4,
            last_end: None,
        };
        assert_eq!(
            seen.per_run(0),
            (1.0, 0.0),
            "nobody waits, nothing is repeated"
        );
        assert_eq!(seen.per_run(1), (1.5, 3.0));
        assert_eq!(seen.per_run(2), (1.75, 3.0));
        assert_eq!(BetweenRuns::default().per_run(1), (1.0, 0.0));
    }
}
