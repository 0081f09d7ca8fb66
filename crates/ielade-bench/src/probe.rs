//! Watches a worker from outside, through `/proc/PID` (proc(5)).
//!
//! Processor seconds, faults, bytes and the highest resident set are counters that the kernel
//! keeps, so that the last sample holds the whole run; only the highest anonymous memory depends
//! on how often samples are taken. Only files that cost the kernel a few microseconds are read:
//! `smaps_rollup` would walk the page tables of the very process that is being measured.

use crate::record::ProbeSummary;
use std::{fs, path::PathBuf};

/// Watches one process.
#[derive(Debug)]
pub struct Probe {
    folder: PathBuf,
    ticks_per_second: f64,
    summary: ProbeSummary,
}

impl Probe {
    /// A probe of the process `pid`; nothing is read yet.
    pub fn of(pid: u32) -> Self {
        Self {
            folder: PathBuf::from(format!("/proc/{pid}")),
            ticks_per_second: rustix::param::clock_ticks_per_second() as f64,
            summary: ProbeSummary::default(),
        }
    }

    /// Reads the process's state now. A process that has ended, or whose files may not be read,
    /// leaves the summary as it was.
    pub fn sample(&mut self) {
        let Some(stat) = self.read("stat").as_deref().and_then(parse_stat) else {
            return;
        };
        let summary = &mut self.summary;
        summary.samples += 1;
        summary.cpu_user_seconds = stat.user_ticks as f64 / self.ticks_per_second;
        summary.cpu_system_seconds = stat.system_ticks as f64 / self.ticks_per_second;
        summary.major_faults = stat.major_faults;
        let status = self.read("status").unwrap_or_default();
        let io = self.read("io").unwrap_or_default();
        let summary = &mut self.summary;
        if let Some(peak) = kibibytes(&status, "VmHWM:") {
            summary.peak_rss_bytes = summary.peak_rss_bytes.max(peak);
        }
        if let Some(anonymous) = kibibytes(&status, "RssAnon:") {
            summary.peak_anonymous_bytes = summary.peak_anonymous_bytes.max(anonymous);
        }
        if let Some(bytes) = number(&io, "read_bytes:") {
            summary.read_bytes = bytes;
        }
    }

    /// What was seen so far.
    pub const fn summary(&self) -> &ProbeSummary {
        &self.summary
    }

    fn read(&self, file: &str) -> Option<String> {
        let bytes = fs::read(self.folder.join(file)).ok()?;
        // The command's name in `stat` is whatever the process calls itself.
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// The counters of `/proc/PID/stat` that are used here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    major_faults: u64,
    user_ticks: u64,
    system_ticks: u64,
}

/// Reads `/proc/PID/stat`. The command's name, in brackets, may itself hold spaces and brackets;
/// the fields are counted from behind its last one.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // proc(5) counts from 1 and `state`, the first one here, is number 3.
    let field = |number: usize| fields.get(number - 3)?.parse().ok();
    Some(Stat {
        major_faults: field(12)?,
        user_ticks: field(14)?,
        system_ticks: field(15)?,
    })
}

fn number(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

fn kibibytes(text: &str, key: &str) -> Option<u64> {
    number(text, key)?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::{Probe, Stat, kibibytes, number, parse_stat};

    #[test]
    fn a_command_with_brackets_does_not_shift_the_fields() {
        let text = "77 (a) b (c) R 1 2 3 4 5 6 70 80 9 100 1400 1500 16 17\n";
        let stat = Stat {
            major_faults: 9,
            user_ticks: 1400,
            system_ticks: 1500,
        };
        assert_eq!(parse_stat(text), Some(stat));
        assert_eq!(parse_stat("77 (a) R 1 2"), None);
        assert_eq!(parse_stat(""), None);
    }

    #[test]
    fn sizes_are_given_in_bytes() {
        let status = "VmPeak:\t  10 kB\nVmHWM:\t   2 kB\nRssAnon:\t x kB\n";
        assert_eq!(kibibytes(status, "VmHWM:"), Some(2048));
        assert_eq!(kibibytes(status, "RssAnon:"), None);
        assert_eq!(number("rchar: 5\nread_bytes: 7\n", "read_bytes:"), Some(7));
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let mut probe = Probe::of(std::process::id());
        probe.sample();
        probe.sample();
        let summary = probe.summary();
        assert_eq!(summary.samples, 2);
        assert!(summary.peak_rss_bytes > summary.peak_anonymous_bytes);
        assert!(summary.peak_anonymous_bytes > 0);
    }

    #[test]
    fn a_process_that_is_not_there_leaves_no_sample() {
        // Process numbers end far below this one on every system.
        let mut probe = Probe::of(u32::MAX);
        probe.sample();
        assert_eq!(probe.summary().samples, 0);
    }
}
