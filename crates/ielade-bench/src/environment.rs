//! The machine and its software, as far as they can be read without privileges.
//!
//! Everything here is best effort: what a system does not tell is left out.

use crate::record::Environment;
use std::{
    fs,
    path::{Path, PathBuf},
};

impl Environment {
    /// Reads the machine's state now; `stores` is a folder of the file system whose options
    /// matter, or one that is yet to be made in it.
    pub fn read(stores: &Path) -> Self {
        Self {
            kernel: kernel(),
            cpu: cpu_model(&text("/proc/cpuinfo")).unwrap_or_else(|| "unknown".to_owned()),
            cpus: std::thread::available_parallelism().map_or(1, |cpus| cpus.get() as u32),
            governor: read_word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            memory_bytes: memory_total(&text("/proc/meminfo")).unwrap_or(0),
            memory_limit_bytes: memory_limit(Path::new("/")),
            file_system: existing_ancestor(stores)
                .and_then(|path| file_system_of(&path, &text("/proc/self/mountinfo"))),
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

/// The tightest memory limit of the control groups that this process is in, version 2 or 1.
fn memory_limit(root: &Path) -> Option<u64> {
    let groups = text(root.join("proc/self/cgroup"));
    groups
        .lines()
        .filter_map(|line| limit_files(root, line))
        .flat_map(|(base, group, file)| limits_up_to(&base, &group, file))
        .min()
}

/// Mount point, group and limit file for a line of `/proc/self/cgroup`
/// (`hierarchy:controllers:path`).
fn limit_files(root: &Path, line: &str) -> Option<(PathBuf, PathBuf, &'static str)> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let group = PathBuf::from(path.trim_start_matches('/'));
    if controllers.is_empty() {
        return Some((root.join("sys/fs/cgroup"), group, "memory.max"));
    }
    controllers
        .split(',')
        .any(|controller| controller == "memory")
        .then(|| {
            let base = root.join("sys/fs/cgroup/memory");
            (base, group, "memory.limit_in_bytes")
        })
}

/// The limits of a group and of all groups around it. In a container the group's own path may not
/// exist; the mount point then is the group.
fn limits_up_to(base: &Path, group: &Path, file: &'static str) -> Vec<u64> {
    /// Version 1 writes "no limit" as the largest multiple of a page.
    const UNLIMITED: u64 = 1 << 62;
    let limit = |path: PathBuf| text(path).trim().parse().ok();
    group
        .ancestors()
        .filter_map(|part| limit(base.join(part).join(file)))
        .filter(|limit| *limit < UNLIMITED)
        .collect()
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
    use super::{cpu_model, file_system_of, gpu_name, memory_limit, memory_total};
    use crate::record::Environment;
    use std::{fs, path::Path};

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

    fn root_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        root
    }

    #[test]
    fn the_tightest_limit_of_the_groups_around_counts() {
        let root = root_with(&[
            ("proc/self/cgroup", "0::/user/session\n"),
            ("sys/fs/cgroup/user/session/memory.max", "max\n"),
            ("sys/fs/cgroup/user/memory.max", "4096\n"),
            ("sys/fs/cgroup/memory.max", "8192\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(4096));
    }

    #[test]
    fn a_limit_of_version_1_is_read_inside_a_container() {
        let root = root_with(&[
            (
                "proc/self/cgroup",
                "5:cpu,cpuacct:/a\n4:memory:/docker/abc\n",
            ),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n"),
        ]);
        assert_eq!(memory_limit(root.path()), Some(1_048_576));
    }

    #[test]
    fn no_limit_is_none() {
        let root = root_with(&[
            ("proc/self/cgroup", "4:memory:/\n"),
            (
                "sys/fs/cgroup/memory/memory.limit_in_bytes",
                "9223372036854771712\n",
            ),
        ]);
        assert_eq!(memory_limit(root.path()), None);
        assert_eq!(memory_limit(&root.path().join("nothing")), None);
    }

    #[test]
    fn processor_and_memory_are_named() {
        let cpuinfo = "processor\t: 0\nmodel name\t: AMD EPYC 7763\nprocessor\t: 1\n";
        assert_eq!(cpu_model(cpuinfo).as_deref(), Some("AMD EPYC 7763"));
        assert_eq!(memory_total("MemTotal:  2048 kB\n"), Some(2_097_152));
        assert_eq!(memory_total("MemTotal:  many\n"), None);
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
