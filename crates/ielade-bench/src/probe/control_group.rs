//! The control groups that a process is in, version 2 or 1, and the limits that they set
//! (`Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/` of the kernel).

use super::process::{number, read};
use crate::record::ControlGroup;
use std::path::{Path, PathBuf};

/// Version 1 writes "no limit" as the largest multiple of a page.
const UNLIMITED: u64 = 1 << 62;

/// A group, in the hierarchy of one controller.
struct Group {
    /// Where the hierarchy is mounted.
    base: PathBuf,
    /// The group's folder within it.
    path: PathBuf,
    version: u8,
}

impl Group {
    /// The folders of the group and of all groups around it, the innermost first. In a container
    /// the group's own path may not exist; the mount point then is the group.
    fn folders(&self) -> impl Iterator<Item = PathBuf> {
        self.path.ancestors().map(|part| self.base.join(part))
    }

    /// The smallest of what `limit` finds in the group and those around it.
    fn tightest<T: PartialOrd>(&self, limit: impl Fn(&Path) -> Option<T>) -> Option<T> {
        let found = self.folders().filter_map(|folder| limit(&folder));
        found.reduce(|one, other| if other < one { other } else { one })
    }

    /// What `find` gives first, from the group outwards.
    fn innermost<T>(&self, find: impl Fn(&Path) -> Option<T>) -> Option<T> {
        self.folders().find_map(|folder| find(&folder))
    }
}

/// The group of one controller, from the text of `/proc/PID/cgroup` (`hierarchy:controllers:path`
/// in each line). Version 1 comes first: where both are mounted, a controller is in one only.
fn group_of(root: &Path, groups: &str, controller: &str) -> Option<Group> {
    let lines = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        Some((controllers, PathBuf::from(path.trim_start_matches('/'))))
    });
    let mut unified = None;
    for (controllers, path) in lines {
        if controllers.is_empty() {
            unified = Some(Group {
                base: root.join("sys/fs/cgroup"),
                path,
                version: 2,
            });
        } else if controllers.split(',').any(|one| one == controller) {
            return Some(Group {
                base: mount_of_version_1(root, controllers, controller),
                path,
                version: 1,
            });
        }
    }
    unified
}

/// Hierarchies of version 1 are mounted under all their controllers' names or under one.
fn mount_of_version_1(root: &Path, controllers: &str, controller: &str) -> PathBuf {
    let base = root.join("sys/fs/cgroup");
    let together = base.join(controllers);
    if together.is_dir() {
        together
    } else {
        base.join(controller)
    }
}

fn groups_of(root: &Path, process: &str) -> Option<String> {
    read(&root.join("proc").join(process).join("cgroup"))
}

/// The tightest limits of the groups that this process is in; `None` where there are none.
pub(crate) fn limits(root: &Path) -> Option<ControlGroup> {
    let groups = groups_of(root, "self")?;
    let memory = group_of(root, &groups, "memory");
    let found = ControlGroup {
        memory_bytes: memory.as_ref().and_then(memory_limit),
        memory_high_bytes: memory
            .as_ref()
            .and_then(|group| group.tightest(|folder| limit(&folder.join("memory.high")))),
        swap_bytes: memory
            .as_ref()
            .and_then(|group| group.tightest(|folder| limit(&folder.join("memory.swap.max")))),
        processors: group_of(root, &groups, "cpu").and_then(|group| processor_limit(&group)),
        processor_set: group_of(root, &groups, "cpuset").and_then(|group| processor_set(&group)),
    };
    (found != ControlGroup::default()).then_some(found)
}

fn memory_limit(group: &Group) -> Option<u64> {
    let file = match group.version {
        2 => "memory.max",
        _ => "memory.limit_in_bytes",
    };
    group.tightest(|folder| limit(&folder.join(file)))
}

/// A limit in bytes; `max` and what is beyond every memory are none.
fn limit(path: &Path) -> Option<u64> {
    let limit: u64 = read(path)?.trim().parse().ok()?;
    (limit < UNLIMITED).then_some(limit)
}

/// Processors that the group's threads may use at once on average.
fn processor_limit(group: &Group) -> Option<f64> {
    group.tightest(|folder| {
        let (quota, period) = if group.version == 2 {
            let text = read(&folder.join("cpu.max"))?;
            let (quota, period) = text.trim().split_once(' ')?;
            (quota.to_owned(), period.to_owned())
        } else {
            (
                read(&folder.join("cpu.cfs_quota_us"))?,
                read(&folder.join("cpu.cfs_period_us"))?,
            )
        };
        // Without a limit the quota is `max` (version 2) or -1 (version 1).
        let quota: u64 = quota.trim().parse().ok()?;
        let period: u64 = period.trim().parse().ok()?;
        (period > 0).then(|| quota as f64 / period as f64)
    })
}

/// Processors that the group may use, `0-3,8`.
fn processor_set(group: &Group) -> Option<String> {
    let files: &[&str] = match group.version {
        2 => &["cpuset.cpus.effective"],
        _ => &["cpuset.effective_cpus", "cpuset.cpus"],
    };
    group.innermost(|folder| {
        let texts = files.iter().filter_map(|file| read(&folder.join(file)));
        texts
            .map(|text| text.trim().to_owned())
            .find(|text| !text.is_empty())
    })
}

/// Where the processor statistics of a process's group are, if anywhere.
pub(super) fn statistics_of(root: &Path, pid: u32) -> Option<PathBuf> {
    let groups = groups_of(root, &pid.to_string())?;
    let group = group_of(root, &groups, "cpu")?;
    group.innermost(|folder| {
        let path = folder.join("cpu.stat");
        parse_throttled(&read(&path)?)?;
        Some(path)
    })
}

/// Seconds for which the processor limit held threads up, in `cpu.stat`: microseconds in version
/// 2, nanoseconds in version 1; `None` where no limit is possible.
pub(super) fn parse_throttled(text: &str) -> Option<f64> {
    let micros = number(text, "throttled_usec ").map(|micros| micros as f64 / 1e6);
    micros.or_else(|| number(text, "throttled_time ").map(|nanos| nanos as f64 / 1e9))
}

#[cfg(test)]
mod tests {
    use super::{limits, parse_throttled, statistics_of};
    use crate::{probe::fixtures::root_with, record::ControlGroup};

    fn memory(bytes: u64) -> ControlGroup {
        ControlGroup {
            memory_bytes: Some(bytes),
            ..ControlGroup::default()
        }
    }

    #[test]
    fn the_tightest_limit_of_the_groups_around_counts() {
        let root = root_with(&[
            ("proc/self/cgroup", "0::/user/session\n"),
            ("sys/fs/cgroup/user/session/memory.max", "max\n"),
            ("sys/fs/cgroup/user/memory.max", "4096\n"),
            ("sys/fs/cgroup/memory.max", "8192\n"),
        ]);
        assert_eq!(limits(root.path()), Some(memory(4096)));
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
        assert_eq!(limits(root.path()), Some(memory(1_048_576)));
    }

    #[test]
    fn processors_are_limited_by_quota_and_by_set() {
        let version_2 = root_with(&[
            ("proc/self/cgroup", "0::/a/b\n"),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "max 100000\n"),
            ("sys/fs/cgroup/a/b/cpuset.cpus.effective", "0-1,4\n"),
        ]);
        let version_1 = root_with(&[
            (
                "proc/self/cgroup",
                "3:cpuset:/a\n2:cpu,cpuacct:/a\n1:name=systemd:/\n0::/\n",
            ),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpuset/a/cpuset.cpus", "0-1,4\n"),
        ]);
        for root in [version_2, version_1] {
            let expected = ControlGroup {
                processors: Some(1.5),
                processor_set: Some("0-1,4".to_owned()),
                ..ControlGroup::default()
            };
            assert_eq!(limits(root.path()), Some(expected));
        }
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
        assert_eq!(limits(root.path()), None);
        assert_eq!(limits(&root.path().join("nothing")), None);
    }

    #[test]
    fn texts_that_make_no_sense_set_no_limit() {
        for (groups, quota) in [
            ("", "1 1"),
            ("x", "1 1"),
            ("0:", "1 1"),
            ("0::/../..", "1"),
            ("0::/", "1 0"),
            ("0::/", "-5 x"),
            ("0::/", ""),
        ] {
            let root = root_with(&[
                ("proc/self/cgroup", groups),
                ("sys/fs/cgroup/cpu.max", quota),
            ]);
            assert_eq!(limits(root.path()), None, "{groups:?} {quota:?}");
        }
    }

    #[test]
    fn being_held_up_is_read_in_both_versions() {
        assert_eq!(
            parse_throttled("nr_throttled 3\nthrottled_usec 2500000\n"),
            Some(2.5)
        );
        assert_eq!(
            parse_throttled("nr_throttled 3\nthrottled_time 2500000000\n"),
            Some(2.5)
        );
        assert_eq!(parse_throttled("usage_usec 5\n"), None);
        let root = root_with(&[
            ("proc/7/cgroup", "0::/a\n"),
            ("sys/fs/cgroup/a/cpu.stat", "usage_usec 5\n"),
            ("sys/fs/cgroup/cpu.stat", "throttled_usec 5\n"),
        ]);
        let found = statistics_of(root.path(), 7).unwrap();
        assert_eq!(found, root.path().join("sys/fs/cgroup/cpu.stat"));
        assert_eq!(statistics_of(root.path(), 8), None);
    }
}
