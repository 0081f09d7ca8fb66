//! Watches a run from outside: the worker with all its descendants through `/proc/PID` (proc(5)),
//! and the machine meanwhile.
//!
//! Ten times a second, and whenever the worker says something, the probe reads counters that the
//! kernel keeps anyway. About once a second it looks more thoroughly: for new processes, at every
//! thread, at the processors' frequency, and at the proportional set size, for which the kernel
//! walks the page tables of the very process that is being measured. Thorough looks therefore keep
//! a distance of 200 times the processor time that they take, and so cost 0.5 % of one processor at
//! most. What all looks cost is measured and is part of the record
//! ([`ProbeCost`](crate::record::ProbeCost)).
//!
//! What of the store's files is in the page cache only the worker tells
//! ([`EpochReport::residency`](ielade_core::worker_protocol::EpochReport::residency)): asking the
//! kernel (`mincore`, `cachestat`) needs code that could not be checked for memory safety.

pub(crate) mod control_group;
mod cost;
#[cfg(test)]
pub(crate) mod fixtures;
mod gpu;
pub(crate) mod machine;
pub(crate) mod machine_use;
mod process;
mod series;
mod tree;

use crate::record::{DeviceUse, Frequency, MachineUse, ProbeInterval, ProbeSeries, ProbeSummary};
use cost::{Stopwatch, thread_cpu_seconds};
use gpu::Gpus;
use machine::{Machine, MachineSample};
use machine_use::{MachineState, between};
use process::Io;
use series::{MOST_POINTS, Series};
use std::{path::Path, time::Instant};
use tree::Tree;

/// Shortest time between two thorough looks in seconds.
const THOROUGH_SPACING: f64 = 1.0;
/// The same, in processor times of one look.
const THOROUGH_MULTIPLE: f64 = 200.0;

/// Watches one worker.
///
/// ```
/// use ielade_bench::probe::Probe;
/// use std::path::Path;
///
/// let mut probe = Probe::of(std::process::id(), Path::new("."));
/// probe.sample();
/// let seen = probe.summary();
/// assert!(seen.peak_rss_bytes > 0 && seen.cost.seconds > 0.0);
/// ```
#[derive(Debug)]
pub struct Probe {
    started: Instant,
    ticks_per_second: f64,
    tree: Tree,
    machine: Machine,
    gpus: Gpus,
    first: Option<MachineState>,
    last: Option<MachineState>,
    /// Processor seconds of the processes at the first sample.
    cpu_before: Option<f64>,
    highest_load: Option<f64>,
    throttled_before: Option<f64>,
    throttled: Option<f64>,
    frequencies: Vec<f64>,
    next_thorough: f64,
    now: Snapshot,
    border: Snapshot,
    series: Series,
    summary: ProbeSummary,
}

/// Tree and machine at one moment; counters as they stand.
#[derive(Debug, Clone, Default, PartialEq)]
struct Snapshot {
    /// Seconds since the process was started.
    at: f64,
    rss: u64,
    anonymous: u64,
    pss: Option<u64>,
    cpu_user: f64,
    cpu_system: f64,
    minor_faults: u64,
    major_faults: u64,
    io: Io,
    machine: MachineFigures,
    gpu_utilisation: Option<f64>,
    gpu_memory: Option<u64>,
}

/// What a series shows of the machine.
#[derive(Debug, Clone, Default, PartialEq)]
struct MachineFigures {
    busy_seconds: Option<f64>,
    io_wait_seconds: Option<f64>,
    io_stall_seconds: Option<f64>,
    page_cache_bytes: Option<f64>,
    device_reads: Option<f64>,
}

impl Snapshot {
    /// This one with the sizes of an earlier one where they were higher.
    fn keeping_peaks_of(&self, before: &Self) -> Self {
        let utilisations = [self.gpu_utilisation, before.gpu_utilisation];
        let utilisations: Vec<f64> = utilisations.into_iter().flatten().collect();
        Self {
            rss: self.rss.max(before.rss),
            anonymous: self.anonymous.max(before.anonymous),
            pss: self.pss.max(before.pss),
            gpu_memory: self.gpu_memory.max(before.gpu_memory),
            gpu_utilisation: crate::statistics::mean(&utilisations),
            ..self.clone()
        }
    }
}

impl Probe {
    /// A probe of the process `pid` and its descendants, and of the device that holds `store`,
    /// from the first sample on.
    pub fn of(pid: u32, store: &Path) -> Self {
        Self {
            started: Instant::now(),
            ticks_per_second: rustix::param::clock_ticks_per_second() as f64,
            tree: Tree::of(Path::new("/proc"), pid),
            machine: Machine::watching(store, pid),
            gpus: Gpus::of_this_machine(),
            first: None,
            last: None,
            cpu_before: None,
            highest_load: None,
            throttled_before: None,
            throttled: None,
            frequencies: Vec::new(),
            next_thorough: 0.0,
            now: Snapshot::default(),
            border: Snapshot::default(),
            series: Series::of_at_most(MOST_POINTS),
            summary: ProbeSummary::default(),
        }
    }

    /// Reads the state of tree and machine now. Processes that have ended, or whose files may not
    /// be read, leave what was seen of them as it was.
    pub fn sample(&mut self) {
        let watch = Stopwatch::start();
        let thorough = self.started.elapsed().as_secs_f64() >= self.next_thorough;
        self.look(thorough);
        watch.stop(&mut self.summary.cost);
    }

    /// A sample with a thorough look, whenever the last one was.
    pub fn sample_thoroughly(&mut self) {
        let watch = Stopwatch::start();
        self.look(true);
        watch.stop(&mut self.summary.cost);
    }

    /// Ends an interval at the last sample, because the worker said this word; `residency` is
    /// what it told of the page cache.
    pub fn border(&mut self, until: &str, residency: Option<f64>) {
        let (now, before) = (&self.now, &self.border);
        let reads = |snapshot: &Snapshot| snapshot.machine.device_reads.map(|reads| reads as u64);
        self.summary.intervals.push(ProbeInterval {
            until: until.to_owned(),
            end_seconds: now.at,
            cpu_user_seconds: now.cpu_user - before.cpu_user,
            cpu_system_seconds: now.cpu_system - before.cpu_system,
            major_faults: now.major_faults.saturating_sub(before.major_faults),
            minor_faults: now.minor_faults.saturating_sub(before.minor_faults),
            read_bytes: now.io.read_bytes.saturating_sub(before.io.read_bytes),
            read_calls: now.io.read_calls.saturating_sub(before.io.read_calls),
            device_reads: reads(now)
                .map(|reads_now| reads_now.saturating_sub(reads(before).unwrap_or(0))),
            rss_bytes: now.rss,
            residency,
        });
        self.border = self.now.clone();
    }

    /// What was seen so far.
    pub fn summary(&self) -> ProbeSummary {
        ProbeSummary {
            machine: self.machine_use(),
            gpu: self.gpus.report(),
            ..self.summary.clone()
        }
    }

    /// The same over time.
    pub fn series(&self) -> ProbeSeries {
        self.series.columns()
    }

    fn look(&mut self, thorough: bool) {
        let alive = self.tree.look();
        if thorough {
            self.look_thoroughly();
        }
        let state = MachineState::now(&self.machine);
        let at = state.at.duration_since(self.started).as_secs_f64();
        let first = self.first.get_or_insert_with(|| state.clone());
        self.highest_load = self.highest_load.max_of(state.sample.load);
        let figures = figures(&state.sample, &first.sample, self.ticks_per_second);
        self.last = Some(state);
        let gpus = self.gpus.sample();
        self.take_in(at, figures, &gpus);
        if alive {
            self.count();
        }
    }

    /// Makes the snapshot of this moment.
    fn take_in(&mut self, at: f64, machine: MachineFigures, gpus: &[gpu::GpuSample]) {
        let (used, memory) = (self.tree.used(), self.tree.memory());
        let utilisations: Vec<f64> = gpus.iter().filter_map(|gpu| gpu.utilisation).collect();
        let gpu_memory = gpus.iter().map(|gpu| gpu.memory_used);
        self.now = Snapshot {
            at,
            rss: memory.rss,
            anonymous: memory.anonymous,
            pss: self.tree.pss(),
            cpu_user: used.user_ticks as f64 / self.ticks_per_second,
            cpu_system: used.system_ticks as f64 / self.ticks_per_second,
            minor_faults: used.minor_faults,
            major_faults: used.major_faults,
            io: self.tree.io(),
            machine,
            gpu_utilisation: crate::statistics::mean(&utilisations),
            gpu_memory: gpu_memory.reduce(u64::saturating_add),
        };
        let cpu = self.now.cpu_user + self.now.cpu_system;
        self.cpu_before.get_or_insert(cpu);
    }

    /// Takes the snapshot of this moment into summary and series.
    fn count(&mut self) {
        let (now, summary) = (&self.now, &mut self.summary);
        self.series.add(now);
        summary.samples += 1;
        let highest = now.rss.max(self.tree.memory().peak_rss);
        summary.peak_rss_bytes = summary.peak_rss_bytes.max(highest);
        summary.peak_anonymous_bytes = summary.peak_anonymous_bytes.max(now.anonymous);
        summary.peak_pss_bytes = summary.peak_pss_bytes.max(now.pss);
        summary.peak_processes = summary.peak_processes.max(self.tree.processes());
        summary.cpu_user_seconds = now.cpu_user;
        summary.cpu_system_seconds = now.cpu_system;
        summary.minor_faults = now.minor_faults;
        summary.major_faults = now.major_faults;
        summary.read_bytes = now.io.read_bytes;
        summary.write_bytes = now.io.write_bytes;
        summary.read_calls = now.io.read_calls;
        if let Some(threads) = self.tree.threads() {
            summary.voluntary_switches = Some(threads.voluntary_switches);
            summary.involuntary_switches = Some(threads.involuntary_switches);
            let seconds = threads.io_wait_ticks as f64 / self.ticks_per_second;
            summary.io_wait_seconds = self.tree.counts_io_wait().then_some(seconds);
        }
    }

    /// What is looked at about once a second.
    fn look_thoroughly(&mut self) {
        let (begun, cpu) = (Instant::now(), thread_cpu_seconds());
        self.tree.look_thoroughly();
        // Of processes that are new.
        self.tree.look();
        self.frequencies.extend(self.machine.frequency_mhz());
        self.throttled = self.machine.throttled_seconds();
        self.throttled_before = self.throttled_before.or(self.throttled);
        let cost = &mut self.summary.cost;
        cost.thorough_samples += 1;
        cost.thorough_seconds += begun.elapsed().as_secs_f64();
        let distance = THOROUGH_SPACING.max((thread_cpu_seconds() - cpu) * THOROUGH_MULTIPLE);
        self.next_thorough = self.started.elapsed().as_secs_f64() + distance;
    }

    /// What the whole machine did between the first sample and the last.
    fn machine_use(&self) -> Option<MachineUse> {
        let worker = self.now.cpu_user + self.now.cpu_system - self.cpu_before?;
        let seen = between(self.first.as_ref()?, self.last.as_ref()?, worker)?;
        let throttled = self.throttled.zip(self.throttled_before);
        Some(MachineUse {
            device: seen.device.map(|device| DeviceUse {
                name: self.machine.device_name().unwrap_or_default().to_owned(),
                ..device
            }),
            frequency: self.frequency(),
            throttled_seconds: throttled.map(|(after, before)| after - before),
            highest_load: self.highest_load,
            ..seen
        })
    }

    fn frequency(&self) -> Option<Frequency> {
        let lowest = self.frequencies.iter().copied().reduce(f64::min)?;
        Some(Frequency {
            mean_mhz: crate::statistics::mean(&self.frequencies)?,
            lowest_mhz: lowest,
        })
    }
}

/// The higher of two figures of which either may be missing.
trait MaxOf {
    fn max_of(self, other: Self) -> Self;
}

impl MaxOf for Option<f64> {
    fn max_of(self, other: Self) -> Self {
        match (self, other) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        }
    }
}

fn figures(now: &MachineSample, first: &MachineSample, ticks_per_second: f64) -> MachineFigures {
    let seconds = |ticks: u64| ticks as f64 / ticks_per_second;
    let busy = |cpu: machine::CpuTicks| cpu.user.saturating_add(cpu.system);
    let device_reads = now.device.zip(first.device);
    MachineFigures {
        busy_seconds: now.cpu.map(|cpu| seconds(busy(cpu))),
        io_wait_seconds: now.cpu.map(|cpu| seconds(cpu.io_wait)),
        io_stall_seconds: now.pressure.map(|pressure| pressure.io_some_seconds),
        page_cache_bytes: now.page_cache_bytes.map(|bytes| bytes as f64),
        device_reads: device_reads.map(|(now, first)| now.reads.saturating_sub(first.reads) as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::Probe;
    use std::path::Path;

    #[test]
    fn this_process_and_this_machine_are_seen() {
        let mut probe = Probe::of(std::process::id(), Path::new("."));
        probe.sample();
        probe.border("ready", Some(0.5));
        probe.sample_thoroughly();
        let summary = probe.summary();
        assert_eq!((summary.samples, summary.cost.thorough_samples), (2, 2));
        assert!(summary.peak_rss_bytes > summary.peak_anonymous_bytes);
        assert!(summary.peak_anonymous_bytes > 0 && summary.minor_faults > 0);
        assert!(summary.peak_pss_bytes.unwrap() > 0);
        assert!(summary.voluntary_switches.is_some());
        assert_eq!(summary.intervals[0].until, "ready");
        assert_eq!(summary.intervals[0].residency, Some(0.5));
        let machine = summary.machine.unwrap();
        assert!(machine.processors > 0 && machine.seconds > 0.0);
    }

    #[test]
    fn what_watching_costs_is_measured() {
        let mut probe = Probe::of(std::process::id(), Path::new("."));
        probe.sample();
        let cost = probe.summary().cost;
        assert!(cost.seconds > 0.0 && cost.longest_seconds >= cost.seconds);
        assert!(cost.thorough_seconds > 0.0 && cost.thorough_seconds < cost.seconds);
        probe.sample();
        assert!(probe.summary().cost.seconds > cost.seconds);
    }

    #[test]
    fn a_process_that_is_not_there_leaves_no_sample() {
        // Process numbers end far below this one on every system.
        let mut probe = Probe::of(u32::MAX, Path::new("."));
        probe.sample();
        assert_eq!(probe.summary().samples, 0);
        assert!(probe.series().seconds.is_empty());
    }
}
