//! What the whole machine did between two moments.

use super::{
    cost::own_cpu_seconds,
    machine::{CpuTicks, Machine, MachineSample},
};
use crate::record::{DeviceUse, MachineUse, Pressure};
use std::time::Instant;

/// The machine's counters at one moment, and this program's.
#[derive(Debug, Clone)]
pub(crate) struct MachineState {
    pub(crate) at: Instant,
    pub(crate) sample: MachineSample,
    /// Processor seconds of this program so far.
    pub(crate) own_cpu: f64,
}

impl MachineState {
    /// As it is now.
    pub(crate) fn now(machine: &Machine) -> Self {
        Self {
            sample: machine.sample(),
            own_cpu: own_cpu_seconds(),
            at: Instant::now(),
        }
    }
}

/// What the machine did between two moments, of which a worker's processes used so many processor
/// seconds; `None` where the machine does not tell what its processors do.
pub(crate) fn between(
    before: &MachineState,
    after: &MachineState,
    worker_cpu: f64,
) -> Option<MachineUse> {
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let (first, last) = (before.sample.cpu?, after.sample.cpu?);
    let seconds =
        |of: fn(&CpuTicks) -> u64| of(&last).saturating_sub(of(&first)) as f64 / ticks_per_second;
    let (user, system) = (seconds(|cpu| cpu.user), seconds(|cpu| cpu.system));
    let ours = worker_cpu + (after.own_cpu - before.own_cpu);
    Some(MachineUse {
        seconds: after.at.duration_since(before.at).as_secs_f64(),
        processors: last.processors,
        user_seconds: user,
        system_seconds: system,
        io_wait_seconds: seconds(|cpu| cpu.io_wait),
        steal_seconds: seconds(|cpu| cpu.steal),
        foreign_seconds: (user + system - ours).max(0.0),
        pressure: pressure(&before.sample, &after.sample),
        device: device(&before.sample, &after.sample),
        ..MachineUse::default()
    })
}

fn device(first: &MachineSample, last: &MachineSample) -> Option<DeviceUse> {
    let (before, after) = (first.device?, last.device?);
    let busy = after
        .busy_milliseconds
        .saturating_sub(before.busy_milliseconds);
    Some(DeviceUse {
        name: String::new(),
        reads: after.reads.saturating_sub(before.reads),
        read_bytes: after.read_bytes.saturating_sub(before.read_bytes),
        writes: after.writes.saturating_sub(before.writes),
        write_bytes: after.write_bytes.saturating_sub(before.write_bytes),
        busy_seconds: busy as f64 / 1000.0,
    })
}

fn pressure(first: &MachineSample, last: &MachineSample) -> Option<Pressure> {
    let (before, after) = (first.pressure?, last.pressure?);
    Some(Pressure {
        cpu_some_seconds: after.cpu_some_seconds - before.cpu_some_seconds,
        memory_some_seconds: after.memory_some_seconds - before.memory_some_seconds,
        memory_full_seconds: after.memory_full_seconds - before.memory_full_seconds,
        io_some_seconds: after.io_some_seconds - before.io_some_seconds,
        io_full_seconds: after.io_full_seconds - before.io_full_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::{MachineState, between};
    use crate::{
        probe::machine::{CpuTicks, DeviceCounters, MachineSample},
        record::Pressure,
    };
    use std::time::{Duration, Instant};

    fn state(at: Instant, user_seconds: u64, own_cpu: f64) -> MachineState {
        let ticks = rustix::param::clock_ticks_per_second();
        MachineState {
            at,
            own_cpu,
            sample: MachineSample {
                cpu: Some(CpuTicks {
                    user: user_seconds * ticks,
                    steal: user_seconds * ticks / 10,
                    processors: 2,
                    ..CpuTicks::default()
                }),
                pressure: Some(Pressure {
                    io_some_seconds: user_seconds as f64,
                    ..Pressure::default()
                }),
                device: Some(DeviceCounters {
                    reads: user_seconds,
                    ..DeviceCounters::default()
                }),
                ..MachineSample::default()
            },
        }
    }

    #[test]
    fn what_is_neither_the_workers_nor_ours_is_foreign() {
        let now = Instant::now();
        let (before, after) = (
            state(now, 100, 5.0),
            state(now + Duration::from_secs(10), 120, 6.0),
        );
        let seen = between(&before, &after, 16.0).unwrap();
        assert_eq!((seen.seconds, seen.user_seconds), (10.0, 20.0));
        assert_eq!((seen.foreign_seconds, seen.steal_seconds), (3.0, 2.0));
        let pressure = Pressure {
            io_some_seconds: 20.0,
            ..Pressure::default()
        };
        assert_eq!(seen.pressure, Some(pressure));
        assert_eq!(seen.device.unwrap().reads, 20);
        let all_ours = between(&before, &after, 30.0).unwrap();
        assert_eq!(
            Some(all_ours.foreign_seconds),
            Some(0.0),
            "clocks differ by their ticks"
        );
    }

    #[test]
    fn a_machine_that_does_not_tell_has_no_use() {
        let now = Instant::now();
        let silent = MachineState {
            sample: MachineSample::default(),
            ..state(now, 0, 0.0)
        };
        assert_eq!(between(&silent, &state(now, 1, 0.0), 0.0), None);
    }
}
