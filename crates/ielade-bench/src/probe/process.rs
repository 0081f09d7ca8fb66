//! One process as `/proc/PID` shows it (proc(5)).
//!
//! Texts are read as they are: a command's name may hold anything, older kernels leave fields
//! out, and a process may end between two files.

use std::{fs, path::Path};

/// What a process has used, or what one kind of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) user_ticks: u64,
    pub(super) system_ticks: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
}

impl Counters {
    /// Both together.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            user_ticks: self.user_ticks.saturating_add(other.user_ticks),
            system_ticks: self.system_ticks.saturating_add(other.system_ticks),
            minor_faults: self.minor_faults.saturating_add(other.minor_faults),
            major_faults: self.major_faults.saturating_add(other.major_faults),
        }
    }

    /// What this is more than the other, 0 at least.
    pub(super) const fn beyond(self, other: Self) -> Self {
        Self {
            user_ticks: self.user_ticks.saturating_sub(other.user_ticks),
            system_ticks: self.system_ticks.saturating_sub(other.system_ticks),
            minor_faults: self.minor_faults.saturating_sub(other.minor_faults),
            major_faults: self.major_faults.saturating_sub(other.major_faults),
        }
    }
}

/// `/proc/PID/stat`, as far as it is used here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) parent: u32,
    pub(super) group: u32,
    /// Of the process itself, all threads.
    pub(super) own: Counters,
    /// Of its descendants that have ended and been waited for.
    pub(super) waited: Counters,
    /// Start in ticks since the machine's: with the number it tells a process from a later one.
    pub(super) started: u64,
    /// Ticks of waiting for a device, of the thread whose `stat` this is; not on old kernels.
    pub(super) io_wait_ticks: Option<u64>,
}

/// Reads `/proc/PID/stat`. The command's name, in brackets, may itself hold spaces, brackets and
/// line ends; the fields are counted from behind its last bracket.
pub(super) fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    // proc(5) counts from 1 and `state`, the first one here, is number 3.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let id = |number: usize| fields.get(number - 3)?.parse::<u32>().ok();
    let counters = |user, system, minor, major| {
        Some(Counters {
            user_ticks: field(user)?,
            system_ticks: field(system)?,
            minor_faults: field(minor)?,
            major_faults: field(major)?,
        })
    };
    Some(Stat {
        parent: id(4)?,
        group: id(5)?,
        own: counters(14, 15, 10, 12)?,
        waited: counters(16, 17, 11, 13)?,
        started: field(22)?,
        io_wait_ticks: field(42),
    })
}

/// Memory of a process in bytes, from `/proc/PID/status`; all 0 for one that has ended and was
/// not waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) rss: u64,
    pub(super) peak_rss: u64,
    pub(super) anonymous: u64,
}

/// Reads the memory of `/proc/PID/status`.
pub(super) fn parse_memory(status: &str) -> Memory {
    let bytes = |key| kibibytes(status, key).unwrap_or(0);
    Memory {
        rss: bytes("VmRSS:"),
        peak_rss: bytes("VmHWM:"),
        anonymous: bytes("RssAnon:"),
    }
}

/// `/proc/PID/io`. A process's figures hold those of descendants that it has waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Io {
    pub(super) read_bytes: u64,
    pub(super) write_bytes: u64,
    pub(super) read_calls: u64,
}

impl Io {
    /// Both together.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            read_bytes: self.read_bytes.saturating_add(other.read_bytes),
            write_bytes: self.write_bytes.saturating_add(other.write_bytes),
            read_calls: self.read_calls.saturating_add(other.read_calls),
        }
    }

    /// The greater of each.
    pub(super) fn at_least(self, other: Self) -> Self {
        Self {
            read_bytes: self.read_bytes.max(other.read_bytes),
            write_bytes: self.write_bytes.max(other.write_bytes),
            read_calls: self.read_calls.max(other.read_calls),
        }
    }
}

/// Reads `/proc/PID/io`; `None` where it may not be read or the kernel does not count.
pub(super) fn parse_io(text: &str) -> Option<Io> {
    Some(Io {
        read_bytes: number(text, "read_bytes:")?,
        write_bytes: number(text, "write_bytes:").unwrap_or(0),
        read_calls: number(text, "syscr:").unwrap_or(0),
    })
}

/// The proportional set size of `/proc/PID/smaps_rollup` in bytes.
pub(super) fn parse_pss(smaps_rollup: &str) -> Option<u64> {
    kibibytes(smaps_rollup, "Pss:")
}

/// How often a thread gave its processor up, and how often it was put off, from its `status`.
pub(super) fn parse_switches(status: &str) -> Option<(u64, u64)> {
    Some((
        number(status, "voluntary_ctxt_switches:")?,
        number(status, "nonvoluntary_ctxt_switches:")?,
    ))
}

/// The number behind a key at the start of a line.
pub(super) fn number(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// A number of kB as bytes.
pub(super) fn kibibytes(text: &str, key: &str) -> Option<u64> {
    number(text, key)?.checked_mul(1024)
}

/// A file of the kernel; `None` where it is not there or may not be read. What is not UTF-8 in it
/// (a command's name) is replaced.
pub(super) fn read(path: &Path) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

#[cfg(test)]
mod tests {
    use super::{
        Counters, Io, Memory, Stat, kibibytes, number, parse_io, parse_memory, parse_pss,
        parse_stat, parse_switches,
    };
    use proptest::prelude::*;

    /// Fields 3 to 22 of a kernel of today, as far as they matter.
    const FIELDS: &str = "R 12 77 1 0 -1 4194304 100 20 9 3 1400 1500 140 150 20 0 4 0 52758";

    fn stat() -> Stat {
        Stat {
            parent: 12,
            group: 77,
            own: Counters {
                user_ticks: 1400,
                system_ticks: 1500,
                minor_faults: 100,
                major_faults: 9,
            },
            waited: Counters {
                user_ticks: 140,
                system_ticks: 150,
                minor_faults: 20,
                major_faults: 3,
            },
            started: 52758,
            io_wait_ticks: None,
        }
    }

    #[test]
    fn a_hostile_command_name_does_not_shift_the_fields() {
        for name in [
            "sh",
            "a) R 1 2 3 (b",
            "a b\nVmRSS: 1 kB\n",
            ")",
            "\u{fffd}))",
        ] {
            let text = format!("77 ({name}) {FIELDS}\n");
            assert_eq!(parse_stat(&text), Some(stat()), "{name:?}");
        }
    }

    #[test]
    fn the_wait_for_devices_is_read_where_a_kernel_tells_it() {
        let text = format!("77 (sh) {FIELDS}{} 5 0 0", " 0".repeat(19));
        let expected = Stat {
            io_wait_ticks: Some(5),
            ..stat()
        };
        assert_eq!(parse_stat(&text), Some(expected));
    }

    #[test]
    fn a_stat_that_is_too_short_or_no_stat_is_no_process() {
        for text in ["", "77", "77 (sh)", "77 (sh) R 1 2 3", "77 (sh) R x 77 1"] {
            assert_eq!(parse_stat(text), None, "{text:?}");
        }
    }

    #[test]
    fn memory_is_given_in_bytes_and_a_zombie_has_none() {
        let status =
            "Name:\tVmRSS:\nVmPeak:\t  10 kB\nVmHWM:\t   3 kB\nVmRSS:\t 2 kB\nRssAnon:\t 1 kB\n";
        let memory = Memory {
            rss: 2048,
            peak_rss: 3072,
            anonymous: 1024,
        };
        assert_eq!(parse_memory(status), memory);
        assert_eq!(
            parse_memory("Name:\tsh\nState:\tZ (zombie)\n"),
            Memory::default()
        );
        assert_eq!(kibibytes("VmRSS:\t x kB\n", "VmRSS:"), None);
        assert_eq!(
            kibibytes("VmRSS:\t18446744073709551615 kB\n", "VmRSS:"),
            None
        );
    }

    #[test]
    fn an_io_file_without_bytes_is_not_taken_for_nothing_read() {
        let text = "rchar: 5\nsyscr: 3\nread_bytes: 7\nwrite_bytes: 2\n";
        let io = Io {
            read_bytes: 7,
            write_bytes: 2,
            read_calls: 3,
        };
        assert_eq!(parse_io(text), Some(io));
        assert_eq!(parse_io("rchar: 5\n"), None);
        assert_eq!(number(text, "read_bytes:"), Some(7));
    }

    #[test]
    fn the_share_of_a_process_is_not_the_share_of_its_parts() {
        let rollup =
            "5584b687e000-7fff ---p 0 0:0 0 [rollup]\nRss: 9 kB\nPss: 4 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(parse_pss(rollup), Some(4096));
        assert_eq!(parse_pss("Rss: 9 kB\nPss_Anon: 1 kB\n"), None);
    }

    #[test]
    fn both_kinds_of_context_switches_are_needed() {
        let status = "voluntary_ctxt_switches:\t8\nnonvoluntary_ctxt_switches:\t2\n";
        assert_eq!(parse_switches(status), Some((8, 2)));
        assert_eq!(parse_switches("voluntary_ctxt_switches:\t8\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in ".{0,200}", fields in "[0-9a-z ()-]{0,200}") {
            for text in [&text, &fields, &format!("1 (x) {fields}")] {
                let _ = (parse_stat(text), parse_memory(text), parse_io(text));
                let _ = (parse_pss(text), parse_switches(text));
            }
        }
    }
}
