//! Control groups that limit a worker's memory, the page cache that it fills included: a data set
//! then is larger than memory on any machine.
//!
//! Linux has two forms: version 1, with a hierarchy for memory alone (Linux's
//! `Documentation/admin-guide/cgroup-v1/memory.rst`), and version 2, with one for all
//! (`Documentation/admin-guide/cgroup-v2.rst`). Either needs the permission to make a group: root
//! has it, and so has a user whose session systemd delegates.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// Start of the names of all groups of this program.
const PREFIX: &str = "ielade-";

/// How long a group may stay busy after its last process has ended.
const GRACE: Duration = Duration::from_secs(2);

/// Time between two attempts to remove a group.
const PAUSE: Duration = Duration::from_millis(20);

/// Tells groups of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Why memory cannot be limited.
#[derive(Debug, thiserror::Error)]
pub enum MemoryGroupError {
    /// No hierarchy of control groups limits memory here.
    #[error(
        "`memory_limit` needs control groups that limit memory, and there are none here: {0}; \
         leave it out, or run on Linux as root or within `systemd-run --user --scope`"
    )]
    Absent(String),
    /// A group cannot be made or set.
    #[error(
        "`memory_limit` needs a control group, and {} cannot be written: {source}; run as root or \
         within `systemd-run --user --scope`, or leave the limit out",
        path.display()
    )]
    Refused {
        /// Folder or file of the group.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl MemoryGroupError {
    fn refused(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Refused { path, source }
    }
}

/// Version of the control groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

impl Version {
    const fn limit_file(self) -> &'static str {
        match self {
            Self::One => "memory.limit_in_bytes",
            Self::Two => "memory.max",
        }
    }

    /// The limit of what is written to swap, and what to write there so that there is none.
    fn swap(self, bytes: u64) -> (&'static str, u64) {
        match self {
            // Memory and swap together.
            Self::One => ("memory.memsw.limit_in_bytes", bytes),
            Self::Two => ("memory.swap.max", 0),
        }
    }

    /// The file that counts processes ended for want of memory.
    const fn events_file(self) -> &'static str {
        match self {
            Self::One => "memory.oom_control",
            Self::Two => "memory.events",
        }
    }
}

/// Where groups can be made, each with the same limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoryGroups {
    parent: PathBuf,
    version: Version,
    bytes: u64,
}

impl MemoryGroups {
    /// Finds where groups of `bytes` can be made, and tries it.
    ///
    /// # Errors
    /// Where this system has no control groups for memory, or this user may not make any.
    pub fn of(bytes: u64) -> Result<Self, MemoryGroupError> {
        let own = fs::read_to_string("/proc/self/cgroup");
        let mounts = fs::read_to_string("/proc/self/mountinfo");
        let (Ok(own), Ok(mounts)) = (own, mounts) else {
            return Err(MemoryGroupError::Absent(
                "/proc/self/cgroup cannot be read".to_owned(),
            ));
        };
        let (parent, version) = find(&own, &mounts).ok_or_else(|| {
            MemoryGroupError::Absent("no mounted hierarchy has the memory controller".to_owned())
        })?;
        let groups = Self {
            parent,
            version,
            bytes,
        };
        groups.remove_left_over();
        groups.make().map(|_| groups)
    }

    /// Makes a group without processes.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn make(&self) -> Result<MemoryGroup, MemoryGroupError> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", std::process::id());
        let folder = self.parent.join(name);
        fs::create_dir(&folder).map_err(MemoryGroupError::refused(&folder))?;
        let group = MemoryGroup {
            folder,
            version: self.version,
        };
        group.write(self.version.limit_file(), self.bytes)?;
        let (swap, bytes) = self.version.swap(self.bytes);
        // Kernels without swap accounting do not have the file, and then need none.
        if group.folder.join(swap).exists() {
            group.write(swap, bytes)?;
        }
        Ok(group)
    }

    /// Removes the groups of processes that were killed.
    fn remove_left_over(&self) {
        let Ok(entries) = fs::read_dir(&self.parent) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(owner_of);
            if owner.is_some_and(|pid| !Path::new("/proc").join(pid.to_string()).exists()) {
                // A group that is not empty stays, and is no harm.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
}

/// The process that made the group of a name.
fn owner_of(name: &str) -> Option<u32> {
    let (pid, _) = name.strip_prefix(PREFIX)?.split_once('-')?;
    pid.parse().ok()
}

/// A group; dropping it removes it, once its processes have ended.
#[derive(Debug)]
pub struct MemoryGroup {
    folder: PathBuf,
    version: Version,
}

impl MemoryGroup {
    /// Moves a process into the group. What it has in memory already does not count.
    ///
    /// # Errors
    /// Where the process has ended, or the system refuses.
    pub fn add(&self, pid: u32) -> Result<(), MemoryGroupError> {
        self.write("cgroup.procs", u64::from(pid))
    }

    /// True where a process of the group was ended for want of memory.
    pub fn ran_out(&self) -> bool {
        let events = fs::read_to_string(self.folder.join(self.version.events_file()));
        events.is_ok_and(|text| {
            let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
            count.is_some_and(|count| count.trim() != "0")
        })
    }

    fn write(&self, file: &str, value: u64) -> Result<(), MemoryGroupError> {
        let path = self.folder.join(file);
        fs::write(&path, value.to_string()).map_err(MemoryGroupError::refused(&path))
    }
}

impl Drop for MemoryGroup {
    fn drop(&mut self) {
        let deadline = Instant::now() + GRACE;
        // The kernel counts a process a moment longer than its parent does.
        while fs::remove_dir(&self.folder)
            .is_err_and(|error| error.kind() == io::ErrorKind::ResourceBusy)
            && Instant::now() < deadline
        {
            thread::sleep(PAUSE);
        }
    }
}

/// Folder for groups of this process, by `/proc/self/cgroup` and `/proc/self/mountinfo`: version 1
/// where its memory hierarchy is mounted, as the controller then is not in version 2.
fn find(own: &str, mounts: &str) -> Option<(PathBuf, Version)> {
    let mut found = None;
    for mount in mounts.lines().filter_map(Mount::parse) {
        let Some(version) = mount.version() else {
            continue;
        };
        let Some(group) = own_group(own, version) else {
            continue;
        };
        let own_folder = mount.folder_of(group);
        let place = match version {
            Version::One => Some(own_folder),
            // Beside this process's own group: one with processes may not pass controllers on.
            Version::Two => own_folder
                .parent()
                .filter(|parent| passes_memory_on(parent))
                .map(Path::to_owned),
        };
        match (place, version) {
            (Some(folder), Version::One) => return Some((folder, version)),
            (Some(folder), Version::Two) => found = Some((folder, version)),
            (None, _) => {}
        }
    }
    found
}

fn passes_memory_on(folder: &Path) -> bool {
    let controllers = fs::read_to_string(folder.join("cgroup.subtree_control"));
    controllers.is_ok_and(|text| text.split_whitespace().any(|one| one == "memory"))
}

/// The path of this process's group: lines are `number:controllers:path`, of version 2 `0::path`.
fn own_group(own: &str, version: Version) -> Option<&str> {
    own.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let is_asked = match version {
            Version::One => controllers.split(',').any(|one| one == "memory"),
            Version::Two => controllers.is_empty(),
        };
        is_asked.then_some(path)
    })
}

/// A line of `/proc/self/mountinfo` (proc(5)).
#[derive(Debug)]
struct Mount<'a> {
    root: &'a str,
    at: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (front, back) = line.split_once(" - ")?;
        let mut front = front.split(' ').skip(3);
        let mut back = back.split(' ');
        Some(Self {
            root: front.next()?,
            at: front.next()?,
            kind: back.next()?,
            options: back.nth(1)?,
        })
    }

    fn version(&self) -> Option<Version> {
        let limits_memory = || self.options.split(',').any(|one| one == "memory");
        match self.kind {
            "cgroup" => limits_memory().then_some(Version::One),
            "cgroup2" => Some(Version::Two),
            _ => None,
        }
    }

    /// Where a group lies: the mount may show a part of the hierarchy only.
    fn folder_of(&self, group: &str) -> PathBuf {
        let below = Path::new(group)
            .strip_prefix(self.root)
            .unwrap_or(Path::new(""));
        Path::new(self.at).join(below)
    }
}

#[cfg(test)]
mod tests {
    use super::{MemoryGroupError, MemoryGroups, Mount, Version, find, own_group, owner_of};
    use std::path::Path;

    const OWN: &str = "5:memory,hugetlb:/job/7\n4:cpu:/\n0::/user/app.scope\n";

    #[test]
    fn version_one_is_taken_where_it_has_the_memory() {
        let mounts = "30 20 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      31 20 0:27 / /sys/fs/cgroup/cpu rw,nosuid shared:9 - cgroup cgroup rw,cpu\n\
                      32 20 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory,hugetlb\n";
        let found = find(OWN, mounts).unwrap();
        assert_eq!(found.0, Path::new("/sys/fs/cgroup/memory/job/7"));
        assert_eq!(found.1, Version::One);
        assert_eq!(find(OWN, "1 2 3:4 / / rw - ext4 /dev/vda rw"), None);
        assert_eq!(find("", mounts), None);
    }

    #[test]
    fn version_two_is_taken_where_the_folder_above_passes_memory_on() {
        let folder = tempfile::tempdir().unwrap();
        let user = folder.path().join("user");
        std::fs::create_dir(&user).unwrap();
        let mounts = format!(
            "30 20 0:26 / {} rw shared:1 - cgroup2 cgroup2 rw\n",
            folder.path().display()
        );
        assert_eq!(find(OWN, &mounts), None);
        std::fs::write(user.join("cgroup.subtree_control"), "cpu memory pids\n").unwrap();
        assert_eq!(find(OWN, &mounts), Some((user, Version::Two)));
    }

    #[test]
    fn a_mount_of_a_part_of_the_hierarchy_shows_the_rest_of_the_path() {
        let line = "30 20 0:26 /job /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory";
        let mount = Mount::parse(line).unwrap();
        assert_eq!(mount.version(), Some(Version::One));
        let group = own_group(OWN, Version::One).unwrap();
        assert_eq!(mount.folder_of(group), Path::new("/sys/fs/cgroup/memory/7"));
        assert!(Mount::parse("rubbish").is_none());
    }

    #[test]
    fn names_tell_whose_groups_they_are() {
        assert_eq!(owner_of("ielade-77-3"), Some(77));
        assert_eq!(owner_of("ielade-x-3"), None);
        assert_eq!(owner_of("system.slice"), None);
    }

    #[test]
    fn a_group_is_made_with_its_limit_and_removed_or_refused_with_a_hint() {
        match MemoryGroups::of(64 << 20) {
            Ok(groups) => {
                let group = groups.make().unwrap();
                let limit = std::fs::read_to_string(group.folder.join(group.version.limit_file()));
                assert_eq!(limit.unwrap().trim(), (64 << 20).to_string());
                assert!(!group.ran_out());
                let folder = group.folder.clone();
                drop(group);
                assert!(!folder.exists());
            }
            Err(error) => {
                let refused = matches!(error, MemoryGroupError::Refused { .. });
                assert!(refused || matches!(error, MemoryGroupError::Absent(_)));
                assert!(error.to_string().contains("systemd-run"), "{error}");
            }
        }
    }
}
