//! The whole machine's counters: processors, stalls, the store's device, page cache.

use super::{
    control_group,
    process::{kibibytes, read},
};
use crate::{environment::device_of, record::Pressure};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Processors whose frequency is read, at most: on some machines each reading interrupts the
/// processor that it asks about.
const FREQUENCIES: usize = 16;
/// The unit of `/sys/block/*/stat`, whatever the device's own.
const SECTOR: u64 = 512;

/// Where a machine's counters are read.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    root: PathBuf,
    device: Option<Device>,
    throttling: Option<PathBuf>,
}

/// The block device that holds a store.
#[derive(Debug, Clone)]
struct Device {
    name: String,
    stat: PathBuf,
}

/// All counters at one moment; what a system does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MachineSample {
    pub(crate) cpu: Option<CpuTicks>,
    pub(crate) pressure: Option<Pressure>,
    pub(crate) device: Option<DeviceCounters>,
    pub(crate) page_cache_bytes: Option<u64>,
    pub(crate) load: Option<f64>,
}

/// Ticks of all processors since the machine's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct CpuTicks {
    /// User mode, low priority and guests included.
    pub(crate) user: u64,
    /// Kernel, interrupts included.
    pub(crate) system: u64,
    /// Idle while something waited for a device.
    pub(crate) io_wait: u64,
    /// Taken by a hypervisor.
    pub(crate) steal: u64,
    /// Processors that are listed.
    pub(crate) processors: u32,
}

/// Operations of a device since the machine's start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DeviceCounters {
    pub(crate) reads: u64,
    pub(crate) read_bytes: u64,
    pub(crate) writes: u64,
    pub(crate) write_bytes: u64,
    pub(crate) busy_milliseconds: u64,
}

impl Machine {
    /// This machine, with the device that holds `store` and the control group of process `pid`.
    pub(crate) fn watching(store: &Path, pid: u32) -> Self {
        let root = Path::new("/");
        Self {
            root: root.to_owned(),
            device: device_of(root, store).map(|(name, stat)| Device { name, stat }),
            throttling: control_group::statistics_of(root, pid),
        }
    }

    /// Name of the store's device.
    pub(crate) fn device_name(&self) -> Option<&str> {
        self.device.as_ref().map(|device| device.name.as_str())
    }

    /// The counters now.
    pub(crate) fn sample(&self) -> MachineSample {
        let text = |path: &str| read(&self.root.join(path));
        let device = self.device.as_ref();
        MachineSample {
            cpu: text("proc/stat").and_then(|text| parse_cpu(&text)),
            pressure: self.pressure(),
            device: device
                .and_then(|device| read(&device.stat))
                .and_then(|text| parse_device(&text)),
            page_cache_bytes: text("proc/meminfo").and_then(|text| kibibytes(&text, "Cached:")),
            load: text("proc/loadavg").and_then(|text| parse_load(&text)),
        }
    }

    fn pressure(&self) -> Option<Pressure> {
        let stalls = |resource: &str| read(&self.root.join("proc/pressure").join(resource));
        let cpu = stalls("cpu")?;
        let memory = stalls("memory").unwrap_or_default();
        let io = stalls("io").unwrap_or_default();
        Some(Pressure {
            cpu_some_seconds: parse_stall(&cpu, "some")?,
            memory_some_seconds: parse_stall(&memory, "some").unwrap_or(0.0),
            memory_full_seconds: parse_stall(&memory, "full").unwrap_or(0.0),
            io_some_seconds: parse_stall(&io, "some").unwrap_or(0.0),
            io_full_seconds: parse_stall(&io, "full").unwrap_or(0.0),
        })
    }

    /// Mean frequency of the processors in MHz.
    pub(crate) fn frequency_mhz(&self) -> Option<f64> {
        let folder = self.root.join("sys/devices/system/cpu");
        let scaled: Vec<f64> = processor_folders(&folder)
            .iter()
            .take(FREQUENCIES)
            .filter_map(|folder| read(&folder.join("cpufreq/scaling_cur_freq")))
            .filter_map(|kilohertz| kilohertz.trim().parse::<f64>().ok())
            .map(|kilohertz| kilohertz / 1000.0)
            .collect();
        crate::statistics::mean(&scaled).or_else(|| {
            let cpuinfo = read(&self.root.join("proc/cpuinfo"))?;
            let frequencies: Vec<f64> = parse_frequencies(&cpuinfo).take(FREQUENCIES).collect();
            crate::statistics::mean(&frequencies)
        })
    }

    /// Seconds in which the control group's threads were held up by its processor limit.
    pub(crate) fn throttled_seconds(&self) -> Option<f64> {
        let text = read(self.throttling.as_deref()?)?;
        control_group::parse_throttled(&text)
    }
}

/// Folders of processors, `cpu0` and so on.
fn processor_folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries
        .filter(|entry| {
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("cpu"));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        })
        .map(|entry| entry.path())
        .collect();
    folders.sort();
    folders
}

/// The first line of `/proc/stat` and the number of processors; old kernels give fewer columns.
fn parse_cpu(text: &str) -> Option<CpuTicks> {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let columns: Vec<u64> = all
        .split_ascii_whitespace()
        .map_while(|column| column.parse().ok())
        .collect();
    let column = |index: usize| columns.get(index).copied().unwrap_or(0);
    if columns.len() < 4 {
        return None;
    }
    let numbered = |line: &&str| {
        let name = line
            .strip_prefix("cpu")
            .and_then(|line| line.chars().next());
        name.is_some_and(|digit| digit.is_ascii_digit())
    };
    Some(CpuTicks {
        user: column(0).saturating_add(column(1)),
        system: column(2)
            .saturating_add(column(5))
            .saturating_add(column(6)),
        io_wait: column(4),
        steal: column(7),
        processors: text.lines().filter(numbered).count() as u32,
    })
}

/// Seconds of stall of one kind in a file of `/proc/pressure`.
fn parse_stall(text: &str, kind: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(kind))?;
    let total = line
        .split_ascii_whitespace()
        .find_map(|field| field.strip_prefix("total="))?;
    Some(total.parse::<u64>().ok()? as f64 / 1e6)
}

/// `stat` of a block device, `Documentation/block/stat.rst` of the kernel.
fn parse_device(text: &str) -> Option<DeviceCounters> {
    let columns: Vec<u64> = text
        .split_ascii_whitespace()
        .map_while(|column| column.parse().ok())
        .collect();
    let column = |index: usize| columns.get(index).copied();
    Some(DeviceCounters {
        reads: column(0)?,
        read_bytes: column(2)?.saturating_mul(SECTOR),
        writes: column(4)?,
        write_bytes: column(6)?.saturating_mul(SECTOR),
        busy_milliseconds: column(9)?,
    })
}

/// The load average of one minute in `/proc/loadavg`.
fn parse_load(text: &str) -> Option<f64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// Frequencies in MHz in `/proc/cpuinfo`; only x86 tells them there.
fn parse_frequencies(cpuinfo: &str) -> impl Iterator<Item = f64> {
    cpuinfo.lines().filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "cpu MHz").then(|| value.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::{
        CpuTicks, Device, DeviceCounters, Machine, MachineSample, parse_cpu, parse_device,
        parse_frequencies, parse_load, parse_stall, processor_folders,
    };
    use crate::{probe::fixtures::root_with, record::Pressure};
    use proptest::prelude::*;
    use std::path::Path;

    const STAT: &str = "\
cpu  100 10 30 4000 50 3 4 6 90 9
cpu0 50 5 15 2000 25 1 2 3 45 4
cpu1 50 5 15 2000 25 2 2 3 45 5
intr 308293 0 0
ctxt 1
";

    #[test]
    fn guests_are_not_counted_beside_the_user_time_that_holds_them() {
        let cpu = CpuTicks {
            user: 110,
            system: 37,
            io_wait: 50,
            steal: 6,
            processors: 2,
        };
        assert_eq!(parse_cpu(STAT), Some(cpu));
    }

    #[test]
    fn a_kernel_before_2_6_has_four_columns_and_less_is_no_line() {
        let cpu = parse_cpu("cpu  1 2 3 4\ncpu0 1 2 3 4\n").unwrap();
        assert_eq!((cpu.user, cpu.system, cpu.steal), (3, 3, 0));
        for text in ["", "cpu  1 2 3\n", "cpu  a\n", "cpufreq 1 2 3 4\n"] {
            assert_eq!(parse_cpu(text), None, "{text:?}");
        }
    }

    #[test]
    fn stalls_are_totals_and_not_averages() {
        let text = "some avg10=9.52 avg60=32.92 avg300=19.76 total=2500000\n\
                    full avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n";
        assert_eq!(parse_stall(text, "some"), Some(2.5));
        assert_eq!(parse_stall(text, "full"), Some(1.0));
        // Before 5.13 there is no `full` for processors; where PSI is off, reading fails.
        assert_eq!(parse_stall("some avg10=0 total=1\n", "full"), None);
        assert_eq!(parse_stall("some avg10=0 total=x\n", "some"), None);
    }

    #[test]
    fn a_device_is_read_with_and_without_the_newer_columns() {
        let old = "15158 6544 2942258 13624 5795 159246 6547120 21927 0 6288 35995\n";
        let counters = DeviceCounters {
            reads: 15158,
            read_bytes: 2_942_258 * 512,
            writes: 5795,
            write_bytes: 6_547_120 * 512,
            busy_milliseconds: 6288,
        };
        assert_eq!(parse_device(old), Some(counters));
        let new = format!("{} 4297 2 636952 420 113 22", old.trim());
        assert_eq!(parse_device(&new), Some(counters));
        assert_eq!(parse_device("1 2 3"), None);
    }

    #[test]
    fn the_frequency_comes_from_cpufreq_or_from_cpuinfo() {
        let root = root_with(&[
            (
                "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
                "1000000\n",
            ),
            (
                "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq",
                "3000000\n",
            ),
            ("sys/devices/system/cpu/cpufreq/boost", "1\n"),
            ("proc/cpuinfo", "cpu MHz\t\t: 5000.0\n"),
        ]);
        let folder = root.path().join("sys/devices/system/cpu");
        assert_eq!(processor_folders(&folder).len(), 2);
        assert_eq!(machine(root.path()).frequency_mhz(), Some(2000.0));
        let root = root_with(&[("proc/cpuinfo", "cpu MHz\t\t: 2500.5\ncpu MHz : x\n")]);
        assert_eq!(machine(root.path()).frequency_mhz(), Some(2500.5));
        let root = root_with(&[("proc/cpuinfo", "BogoMIPS : 50.0\n")]);
        assert_eq!(machine(root.path()).frequency_mhz(), None);
    }

    fn machine(root: &Path) -> Machine {
        Machine {
            root: root.to_owned(),
            device: Some(Device {
                name: "sda".to_owned(),
                stat: root.join("sys/block/sda/stat"),
            }),
            throttling: Some(root.join("cpu.stat")),
        }
    }

    #[test]
    fn a_machine_that_tells_nothing_has_no_figures() {
        let root = root_with(&[]);
        let machine = machine(root.path());
        assert_eq!(machine.sample(), MachineSample::default());
        assert_eq!(machine.frequency_mhz(), None);
        assert_eq!(machine.throttled_seconds(), None);
    }

    #[test]
    fn a_machine_that_tells_all_has_every_figure() {
        let stall = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1000000\n";
        let root = root_with(&[
            ("proc/stat", STAT),
            ("proc/meminfo", "MemTotal: 9 kB\nCached: 4 kB\n"),
            ("proc/loadavg", "3.27 1.94 0.82 4/128 11224\n"),
            ("proc/pressure/cpu", stall),
            ("proc/pressure/io", stall),
            ("sys/block/sda/stat", "1 0 2 0 3 0 4 0 0 5 0\n"),
            ("cpu.stat", "throttled_usec 2000000\n"),
        ]);
        let machine = machine(root.path());
        let sample = machine.sample();
        assert_eq!(sample.cpu.unwrap().processors, 2);
        assert_eq!(sample.page_cache_bytes, Some(4096));
        assert_eq!(sample.load, Some(3.27));
        assert_eq!(sample.device.unwrap().write_bytes, 4 * 512);
        let pressure = Pressure {
            cpu_some_seconds: 1.0,
            io_some_seconds: 1.0,
            ..Pressure::default()
        };
        assert_eq!(sample.pressure, Some(pressure));
        assert_eq!(machine.throttled_seconds(), Some(2.0));
    }

    #[test]
    fn this_machine_has_processors() {
        let machine = Machine::watching(Path::new("/"), std::process::id());
        let sample = machine.sample();
        assert!(sample.cpu.unwrap().processors > 0);
        assert!(sample.load.is_some() && sample.page_cache_bytes.is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in "[a-z0-9 .=:\n\t-]{0,200}") {
            let _ = (parse_cpu(&text), parse_device(&text), parse_load(&text));
            let _ = (parse_stall(&text, "some"), parse_frequencies(&text).count());
            let _ = parse_cpu(&format!("cpu {text}"));
        }
    }
}
