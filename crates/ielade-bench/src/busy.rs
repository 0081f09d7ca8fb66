//! Notices that the machine does other work, before a run and during it.
//!
//! What the worker and this program do themselves never counts: of the processors' time it is
//! taken off, and stalls (PSI), which cannot be told apart, are judged only while no worker runs.
//! The load average is recorded and not judged: for a minute it holds the run before.

mod disturbance;

pub use disturbance::{Disturbance, Resource, UnknownDisturbance};

use crate::{
    probe::{
        machine::Machine,
        machine_use::{MachineState, between},
    },
    record::{MachineUse, ProbeSummary},
};
use std::{
    collections::BTreeMap,
    fmt::Debug,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Whoever decides whether the machine is busy.
pub trait Watch: Debug {
    /// Is asked before a run, and may wait until the machine is quiet, or until `stop` is true.
    /// Gives what is wrong if it is not.
    fn before(&mut self, stop: &AtomicBool) -> Option<String>;

    /// Is asked after a run of a configuration; gives what disturbed it.
    fn after(&mut self, configuration: u32, seen: &ProbeSummary) -> Option<String>;
}

/// Finds every machine quiet.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn before(&mut self, _stop: &AtomicBool) -> Option<String> {
        None
    }

    fn after(&mut self, _configuration: u32, _seen: &ProbeSummary) -> Option<String> {
        None
    }
}

/// From when on a machine is busy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BusyLimits {
    /// Processors that others may use, as a share of all; at least `foreign_processors`.
    pub foreign_share: f64,
    /// Processors that others may use on any machine.
    pub foreign_processors: f64,
    /// Share of the processors' time that a hypervisor may give to others.
    pub steal_share: f64,
    /// Bytes a second that others may move to and from the store's device.
    pub foreign_device_rate: f64,
    /// Share of the time in which tasks may wait for a processor, for memory or for a device
    /// while no worker runs.
    pub stall_share: f64,
    /// Frequency that a run may fall back to, as a share of the highest mean of the same
    /// configuration in this session.
    pub frequency_share: f64,
    /// Runs shorter than this are not judged: the kernel counts in ticks of 10 ms.
    pub shortest_seconds: f64,
}

impl Default for BusyLimits {
    fn default() -> Self {
        Self {
            foreign_share: 0.05,
            foreign_processors: 0.25,
            steal_share: 0.02,
            foreign_device_rate: 16e6,
            stall_share: 0.2,
            frequency_share: 0.85,
            shortest_seconds: 1.0,
        }
    }
}

impl BusyLimits {
    /// What others did while a worker used so many bytes of the device.
    fn foreign(&self, seen: &MachineUse, worker_bytes: u64) -> Vec<Disturbance> {
        let mut noticed = Vec::new();
        let processors = f64::from(seen.processors);
        let used = seen.foreign_seconds / seen.seconds;
        if used > (self.foreign_share * processors).max(self.foreign_processors) {
            noticed.push(Disturbance::Processes {
                used,
                processors: seen.processors,
            });
        }
        let stolen = seen.steal_seconds / seen.seconds;
        if stolen > self.steal_share * processors {
            noticed.push(Disturbance::Steal {
                stolen,
                processors: seen.processors,
            });
        }
        if let Some(device) = &seen.device {
            let bytes = device.read_bytes.saturating_add(device.write_bytes);
            let rate = bytes.saturating_sub(worker_bytes) as f64 / seen.seconds;
            if rate > self.foreign_device_rate {
                noticed.push(Disturbance::Device {
                    megabytes: rate / 1e6,
                });
            }
        }
        noticed
    }

    /// How tasks waited while no worker ran.
    fn stalls(&self, seen: &MachineUse) -> Vec<Disturbance> {
        let Some(pressure) = seen.pressure else {
            return Vec::new();
        };
        let stalls = [
            (Resource::Processor, pressure.cpu_some_seconds),
            (Resource::Memory, pressure.memory_some_seconds),
            (Resource::Device, pressure.io_some_seconds),
        ];
        let noticed = stalls.into_iter().filter_map(|(resource, seconds)| {
            let share = seconds / seen.seconds;
            (share > self.stall_share).then_some(Disturbance::Waiting {
                resource,
                percent: share * 100.0,
            })
        });
        noticed.collect()
    }
}

/// Watches this machine.
///
/// ```
/// use ielade_bench::{
///     busy::{BusyLimits, MachineWatch, Watch},
///     record::{MachineUse, ProbeSummary},
/// };
/// use std::{path::Path, time::Duration};
///
/// let mut watch =
///     MachineWatch::of_this_machine(Path::new("."), BusyLimits::default(), Duration::ZERO);
/// let machine = MachineUse {
///     seconds: 10.0,
///     processors: 8,
///     foreign_seconds: 20.0,
///     ..MachineUse::default()
/// };
/// let seen = ProbeSummary {
///     machine: Some(machine),
///     ..ProbeSummary::default()
/// };
/// assert_eq!(
///     watch.after(0, &seen).unwrap(),
///     "other processes used 2.0 of 8 processors"
/// );
/// ```
#[derive(Debug)]
pub struct MachineWatch {
    limits: BusyLimits,
    machine: Machine,
    /// How long the machine is looked at beforehand.
    window: Duration,
    /// How long is waited for a quiet machine.
    patience: Duration,
    /// Whether the machine is looked at before the next run: before the first one, and after one
    /// that was disturbed. Otherwise the run just before has shown that all is quiet.
    looks_before: bool,
    /// Highest mean frequency of each configuration in this session, in MHz.
    fastest: BTreeMap<u32, f64>,
}

impl MachineWatch {
    /// A watch of this machine and of the device that holds `stores`. Before the first run, and
    /// after one that was disturbed, it looks for half a second, and waits `patience` for a quiet
    /// machine.
    pub fn of_this_machine(stores: &Path, limits: BusyLimits, patience: Duration) -> Self {
        Self {
            limits,
            machine: Machine::watching(stores, std::process::id()),
            window: Duration::from_millis(500),
            patience,
            looks_before: true,
            fastest: BTreeMap::new(),
        }
    }

    /// What is wrong while no worker runs.
    fn look(&self) -> Option<String> {
        let before = MachineState::now(&self.machine);
        thread::sleep(self.window);
        let seen = between(&before, &MachineState::now(&self.machine), 0.0)?;
        let mut noticed = self.limits.foreign(&seen, 0);
        noticed.extend(self.limits.stalls(&seen));
        in_words(&noticed)
    }

    /// Whether the processors ran slower than they have run for the same configuration; only
    /// where the worker kept one busy, as idle ones are slowed down on purpose.
    fn slowed_down(&mut self, configuration: u32, seen: &ProbeSummary) -> Option<Disturbance> {
        let machine = seen.machine.as_ref()?;
        let worker = seen.cpu_user_seconds + seen.cpu_system_seconds;
        let mean = machine.frequency?.mean_mhz;
        if worker < 0.5 * machine.seconds {
            return None;
        }
        let fastest = self.fastest.entry(configuration).or_insert(mean);
        *fastest = fastest.max(mean);
        (mean < self.limits.frequency_share * *fastest).then_some(Disturbance::Frequency {
            now: mean,
            before: *fastest,
        })
    }
}

impl Watch for MachineWatch {
    fn before(&mut self, stop: &AtomicBool) -> Option<String> {
        if !self.looks_before {
            return None;
        }
        let deadline = Instant::now() + self.patience;
        loop {
            let noticed = self.look()?;
            if Instant::now() >= deadline || stop.load(Ordering::Relaxed) {
                return Some(format!("before the run {noticed}"));
            }
        }
    }

    fn after(&mut self, configuration: u32, seen: &ProbeSummary) -> Option<String> {
        let machine = seen.machine.as_ref()?;
        if machine.seconds < self.limits.shortest_seconds {
            return None;
        }
        let bytes = seen.read_bytes.saturating_add(seen.write_bytes);
        let mut noticed = self.limits.foreign(machine, bytes);
        noticed.extend(self.slowed_down(configuration, seen));
        self.looks_before = !noticed.is_empty();
        in_words(&noticed)
    }
}

fn in_words(noticed: &[Disturbance]) -> Option<String> {
    let words: Vec<String> = noticed.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::{BusyLimits, MachineWatch, Unwatched, Watch};
    use crate::record::{DeviceUse, Frequency, MachineUse, Pressure, ProbeSummary};
    use std::{path::Path, sync::atomic::AtomicBool, time::Duration};

    /// A quiet run of ten seconds on four processors, of which the worker used two.
    fn quiet() -> MachineUse {
        MachineUse {
            seconds: 10.0,
            processors: 4,
            user_seconds: 20.5,
            foreign_seconds: 0.5,
            ..MachineUse::default()
        }
    }

    fn run(machine: MachineUse) -> ProbeSummary {
        ProbeSummary {
            cpu_user_seconds: 20.0,
            read_bytes: 1_000_000_000,
            machine: Some(machine),
            ..ProbeSummary::default()
        }
    }

    fn watch() -> MachineWatch {
        let limits = BusyLimits::default();
        MachineWatch::of_this_machine(Path::new("."), limits, Duration::ZERO)
    }

    fn noticed(machine: MachineUse) -> Option<String> {
        watch().after(0, &run(machine))
    }

    #[test]
    fn a_worker_that_uses_the_machine_does_not_make_it_busy() {
        assert_eq!(noticed(quiet()), None);
        let stalled = MachineUse {
            pressure: Some(Pressure {
                cpu_some_seconds: 9.0,
                io_some_seconds: 9.0,
                ..Pressure::default()
            }),
            ..quiet()
        };
        assert_eq!(noticed(stalled), None, "stalls may be its own");
        assert_eq!(watch().after(0, &ProbeSummary::default()), None);
    }

    #[test]
    fn other_processes_make_it_busy_from_a_quarter_of_a_processor_on() {
        let busy = |foreign, processors| {
            noticed(MachineUse {
                foreign_seconds: foreign,
                processors,
                ..quiet()
            })
        };
        assert_eq!(busy(2.4, 1), None);
        assert_eq!(
            busy(2.6, 4).unwrap(),
            "other processes used 0.3 of 4 processors"
        );
        assert_eq!(busy(6.3, 128), None, "0.6 of 128");
        assert!(busy(65.0, 128).is_some());
    }

    #[test]
    fn a_hypervisor_that_takes_processors_away_is_noticed() {
        let stolen = MachineUse {
            steal_seconds: 2.0,
            ..quiet()
        };
        assert!(noticed(stolen).unwrap().contains("gave 0.2 of 4"));
    }

    #[test]
    fn only_what_others_move_to_the_device_counts() {
        let moved = |read_bytes| {
            noticed(MachineUse {
                device: Some(DeviceUse {
                    read_bytes,
                    ..DeviceUse::default()
                }),
                ..quiet()
            })
        };
        assert_eq!(moved(1_100_000_000), None);
        assert!(moved(2_000_000_000).unwrap().contains("moved 100 MB/s"));
    }

    #[test]
    fn processors_that_slow_down_are_noticed_against_the_same_configuration() {
        let mut watch = watch();
        let mut at = |configuration, mean_mhz| {
            let machine = MachineUse {
                frequency: Some(Frequency {
                    mean_mhz,
                    lowest_mhz: 1.0,
                }),
                ..quiet()
            };
            watch.after(configuration, &run(machine))
        };
        assert_eq!(at(0, 4000.0), None);
        assert_eq!(at(0, 3500.0), None);
        assert_eq!(at(1, 2000.0), None, "another configuration");
        assert_eq!(
            at(0, 3000.0).unwrap(),
            "the processors ran at 3000 MHz and had run at 4000 MHz"
        );
    }

    #[test]
    fn a_run_that_is_too_short_to_tell_is_not_judged() {
        let short = MachineUse {
            seconds: 0.5,
            foreign_seconds: 2.0,
            ..quiet()
        };
        assert_eq!(noticed(short), None);
    }

    #[test]
    fn stalls_count_while_no_worker_runs() {
        let stalled = MachineUse {
            pressure: Some(Pressure {
                io_some_seconds: 5.0,
                cpu_some_seconds: 1.0,
                ..Pressure::default()
            }),
            ..quiet()
        };
        assert_eq!(
            super::in_words(&BusyLimits::default().stalls(&stalled)).unwrap(),
            "tasks waited for a device 50 % of the time"
        );
    }

    #[test]
    fn a_busy_machine_is_waited_for_no_longer_than_patience_and_named() {
        let everything = BusyLimits {
            foreign_share: -1.0,
            foreign_processors: -1.0,
            ..BusyLimits::default()
        };
        let mut watch = MachineWatch::of_this_machine(Path::new("."), everything, Duration::ZERO);
        watch.window = Duration::ZERO;
        let stop = AtomicBool::new(false);
        let noticed = watch.before(&stop).unwrap();
        assert!(
            noticed.starts_with("before the run other processes used"),
            "{noticed}"
        );
        watch.patience = Duration::from_hours(1);
        assert!(
            watch.before(&AtomicBool::new(true)).is_some(),
            "a stop ends the wait"
        );
    }

    #[test]
    fn after_a_quiet_run_nobody_looks_again_and_after_a_disturbed_one_somebody_does() {
        let mut watch = watch();
        assert!(watch.looks_before);
        watch.after(0, &run(quiet()));
        assert!(!watch.looks_before);
        assert_eq!(watch.before(&AtomicBool::new(false)), None);
        watch.after(
            0,
            &run(MachineUse {
                foreign_seconds: 9.0,
                ..quiet()
            }),
        );
        assert!(watch.looks_before);
    }

    #[test]
    fn who_does_not_watch_notices_nothing() {
        let mut busy = quiet();
        busy.foreign_seconds = 40.0;
        assert_eq!(Unwatched.after(0, &run(busy)), None);
        assert_eq!(Unwatched.before(&AtomicBool::new(false)), None);
    }
}
