//! The machine and its software, as far as they can be read without privileges.
//!
//! Everything here is best effort: what a system does not tell is left out.

use crate::{probe::control_group, record::Environment};
use rustix::fs::{major, minor};
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

impl Environment {
    /// Reads the machine's state now; `stores` is a folder of the file system whose options
    /// matter, or one that is yet to be made in it.
    pub fn read(stores: &Path) -> Self {
        let control_group = control_group::limits(Path::new("/"));
        Self {
            kernel: kernel(),
            cpu: cpu_model(&text("/proc/cpuinfo")).unwrap_or_else(|| "unknown".to_owned()),
            cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
            governor: read_word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            memory_bytes: memory_total(&text("/proc/meminfo")).unwrap_or(0),
            memory_limit_bytes: control_group.as_ref().and_then(|group| group.memory_bytes),
            control_group: control_group.map(Box::new),
            file_system: existing_ancestor(stores)
                .and_then(|path| file_system_of(&path, &text("/proc/self/mountinfo"))),
            read_ahead_bytes: read_ahead(Path::new("/"), stores),
            gpu: gpu_name(Path::new("/proc/driver/nvidia/gpus")),
            load: load_average(),
        }
    }
}

/// Load average of one minute: processes that run or wait for a processor or a device.
pub fn load_average() -> Option<f64> {
    text("/proc/loadavg")
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// A file of the kernel as text; empty where it cannot be read.
fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn read_word(path: &str) -> Option<String> {
    let word = text(path).trim().to_owned();
    (!word.is_empty()).then_some(word)
}

fn kernel() -> String {
    let name = rustix::system::uname();
    [name.sysname(), name.release(), name.machine()]
        .map(|part| part.to_string_lossy().into_owned())
        .join(" ")
}

/// The first `model name` (x86) or `Model` and `Hardware` (some ARM boards).
fn cpu_model(cpuinfo: &str) -> Option<String> {
    ["model name", "Model", "Hardware", "cpu model"]
        .into_iter()
        .find_map(|key| value_of(cpuinfo, key))
        .map(str::to_owned)
}

/// The value behind `key` and a colon.
fn value_of<'a>(lines: &'a str, key: &str) -> Option<&'a str> {
    lines.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then_some(value.trim())
    })
}

fn memory_total(meminfo: &str) -> Option<u64> {
    let kibibytes = value_of(meminfo, "MemTotal")?.strip_suffix("kB")?;
    kibibytes.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The path itself or the nearest folder above it that exists, without links.
fn existing_ancestor(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute
        .ancestors()
        .find_map(|ancestor| ancestor.canonicalize().ok())
}

/// `type device options` of the mount that holds `path`. The format is that of
/// `/proc/self/mountinfo`, proc(5): fields, ` - `, then type, device and superblock options.
fn file_system_of(path: &Path, mountinfo: &str) -> Option<String> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, system) = line.split_once(" - ")?;
            let mut mount = mount.split(' ').skip(4);
            let point = unescaped(mount.next()?);
            let options = mount.next()?;
            let mut system = system.split(' ');
            let (kind, device) = (system.next()?, system.next()?);
            let description = format!("{kind} {device} {options}");
            path.starts_with(&point)
                .then(|| (point.components().count(), description))
        })
        // Of two mounts on one point the later one hides the other; `max_by_key` keeps the last.
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, description)| description)
}

/// A mount point with its octal escapes (`\040` for a space) undone.
fn unescaped(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail
            .get(..3)
            .filter(|_| *first == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    PathBuf::from(String::from_utf8_lossy(&bytes).into_owned())
}

/// Name and `stat` file of the block device that holds `path`, where it is one: by the number that
/// the file system gives, or else, as for btrfs, by the name that it was mounted by.
pub(crate) fn device_of(root: &Path, path: &Path) -> Option<(String, PathBuf)> {
    let path = existing_ancestor(path)?;
    let number = fs::metadata(&path).ok()?.dev();
    let by_number = root.join(format!("sys/dev/block/{}:{}", major(number), minor(number)));
    let by_name = || {
        let mount = file_system_of(&path, &text(root.join("proc/self/mountinfo")))?;
        let device = Path::new(mount.split(' ').nth(1)?).canonicalize().ok()?;
        Some(root.join("sys/class/block").join(device.file_name()?))
    };
    let folder = by_number.canonicalize().ok().or_else(by_name)?;
    let stat = folder.join("stat");
    let name = folder.file_name()?.to_string_lossy().into_owned();
    stat.is_file().then_some((name, stat))
}

/// Bytes that the kernel reads ahead from the device that holds `path`. A partition has no queue of
/// its own: its disk's counts, one folder above.
fn read_ahead(root: &Path, path: &Path) -> Option<u64> {
    let (_, stat) = device_of(root, path)?;
    let folders = stat.ancestors().skip(1).take(2);
    let kibibytes = folders
        .map(|folder| text(folder.join("queue/read_ahead_kb")))
        .find(|number| !number.is_empty())?;
    kibibytes.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Models of all NVIDIA cards, as the kernel driver names them.
fn gpu_name(cards: &Path) -> Option<String> {
    let mut names: Vec<String> = fs::read_dir(cards)
        .ok()?
        .filter_map(|card| {
            let information = text(card.ok()?.path().join("information"));
            value_of(&information, "Model").map(str::to_owned)
        })
        .collect();
    names.sort();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::{cpu_model, device_of, file_system_of, gpu_name, memory_total, read_ahead};
    use crate::{probe::fixtures::root_with, record::Environment};
    use rustix::fs::{major, minor};
    use std::{fs, os::unix::fs::MetadataExt, path::Path};

    const MOUNTS: &str = "\
        22 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro\n\
        30 22 0:25 / /data rw,noatime shared:7 - xfs /dev/sdb1 rw\n\
        31 22 0:26 / /my\\040data rw - tmpfs none rw,size=10%\n";

    #[test]
    fn the_deepest_mount_around_a_path_is_its_file_system() {
        let of = |path: &str| file_system_of(Path::new(path), MOUNTS).unwrap();
        assert_eq!(of("/home/a"), "ext4 /dev/nvme0n1p2 rw,relatime");
        assert_eq!(of("/data/stores"), "xfs /dev/sdb1 rw,noatime");
        assert_eq!(of("/database"), "ext4 /dev/nvme0n1p2 rw,relatime");
        assert_eq!(of("/my data/x"), "tmpfs none rw");
    }

    #[test]
    fn a_mountinfo_that_makes_no_sense_names_no_file_system() {
        for text in ["", "x", " - ", "1 2 3 4 - ext4", "1 2 3 / \\9 rw - a b"] {
            assert_eq!(file_system_of(Path::new("/"), text), None, "{text:?}");
        }
    }

    #[test]
    fn processor_and_memory_are_named() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC 7763\nprocessor\t: 1\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("AMD EPYC 7763"));
        assert_eq!(memory_total("MemTotal:  2048 kB\n"), Some(2_097_152));
        assert_eq!(memory_total("MemTotal:  many\n"), None);
    }

    #[test]
    fn the_device_of_a_path_is_found_by_its_number() {
        let store = tempfile::tempdir().unwrap();
        let number = fs::metadata(store.path()).unwrap().dev();
        let number = format!("{}:{}", major(number), minor(number));
        let root = root_with(&[
            ("sys/devices/sda1/stat", "1 2 3\n"),
            ("sys/dev/block/x", ""),
        ]);
        let device = root.path().join("sys/devices/sda1");
        let link = root.path().join("sys/dev/block").join(number);
        std::os::unix::fs::symlink(&device, link).unwrap();
        let not_yet = store.path().join("a/b");
        let (name, stat) = device_of(root.path(), &not_yet).unwrap();
        assert_eq!((name.as_str(), stat), ("sda1", device.join("stat")));
    }

    #[test]
    fn what_a_partition_reads_ahead_is_what_its_disk_does() {
        let store = tempfile::tempdir().unwrap();
        let number = fs::metadata(store.path()).unwrap().dev();
        let number = format!("{}:{}", major(number), minor(number));
        let root = root_with(&[
            ("sys/devices/sda/sda1/stat", "1 2 3\n"),
            ("sys/devices/sda/queue/read_ahead_kb", "128\n"),
            ("sys/dev/block/x", ""),
        ]);
        let device = root.path().join("sys/devices/sda/sda1");
        let link = root.path().join("sys/dev/block").join(number);
        std::os::unix::fs::symlink(&device, link).unwrap();
        assert_eq!(read_ahead(root.path(), store.path()), Some(131_072));
        let queue = root.path().join("sys/devices/sda/queue/read_ahead_kb");
        fs::write(queue, "many\n").unwrap();
        assert_eq!(read_ahead(root.path(), store.path()), None);
    }

    #[test]
    fn a_path_that_is_on_no_device_has_none() {
        let root = root_with(&[("proc/self/mountinfo", MOUNTS)]);
        assert_eq!(device_of(root.path(), Path::new("/")), None);
        let root = root_with(&[]);
        assert_eq!(device_of(root.path(), Path::new("/")), None);
    }

    #[test]
    fn graphics_cards_are_named_where_there_are_some() {
        let root = root_with(&[(
            "0000:01:00.0/information",
            "Model: \t\t NVIDIA L4\nIRQ: 5\n",
        )]);
        assert_eq!(gpu_name(root.path()).as_deref(), Some("NVIDIA L4"));
        assert_eq!(gpu_name(&root.path().join("none")), None);
    }

    #[test]
    fn this_machine_has_processors_memory_and_a_kernel() {
        let here = Environment::read(Path::new("a folder that is yet to be made"));
        assert!(here.cpus >= 1 && here.memory_bytes > 0);
        assert!(here.kernel.contains(std::env::consts::ARCH), "{here:?}");
        assert!(here.file_system.is_some() && here.load.is_some());
    }
}
