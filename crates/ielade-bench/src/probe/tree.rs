//! A process with all its descendants, counted without counting anything twice.
//!
//! When a process has waited for a child that ended, the kernel adds what the child used to the
//! *waited* counters of the parent, and to the parent's own bytes read and written. So the whole
//! tree used
//!
//! - what every process used that was ever seen, as it was last seen, and
//! - for each process, what its waited counters hold beyond the children that were seen: children
//!   too short-lived to be seen, and the last moments of the others.
//!
//! This holds whether or not a parent waits for its children, and for those that outlive it.

use super::process::{
    Counters, Io, Memory, Stat, parse_io, parse_memory, parse_pss, parse_stat, parse_switches, read,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The tree as it was last looked at.
#[derive(Debug)]
pub(super) struct Tree {
    proc: PathBuf,
    root: u32,
    members: BTreeMap<u32, Member>,
    /// What processes that have ended used.
    ended: Counters,
    /// Bytes of processes that have ended with nobody of the tree to wait for them.
    ended_io: Io,
    /// The highest sum of bytes so far: between a child's end and its parent's noticing it, its
    /// bytes are nowhere.
    highest_io: Io,
    ended_threads: ThreadCounters,
    counts_io_wait: bool,
}

/// One process of the tree.
#[derive(Debug)]
struct Member {
    stat: Stat,
    memory: Memory,
    io: Option<Io>,
    pss: Option<u64>,
    threads: BTreeMap<u32, ThreadCounters>,
    /// What children used that were seen and have ended.
    ended_children: Counters,
}

/// What the kernel counts for each thread only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ThreadCounters {
    pub(super) voluntary_switches: u64,
    pub(super) involuntary_switches: u64,
    pub(super) io_wait_ticks: u64,
}

impl ThreadCounters {
    const fn plus(self, other: Self) -> Self {
        Self {
            voluntary_switches: self
                .voluntary_switches
                .saturating_add(other.voluntary_switches),
            involuntary_switches: self
                .involuntary_switches
                .saturating_add(other.involuntary_switches),
            io_wait_ticks: self.io_wait_ticks.saturating_add(other.io_wait_ticks),
        }
    }
}

impl Member {
    fn of(stat: Stat) -> Self {
        Self {
            stat,
            memory: Memory::default(),
            io: None,
            pss: None,
            threads: BTreeMap::new(),
            ended_children: Counters::default(),
        }
    }

    /// What it used, with the children that nobody saw.
    const fn used(&self) -> Counters {
        let unseen = self.stat.waited.beyond(self.ended_children);
        self.stat.own.plus(unseen)
    }

    fn threads(&self) -> ThreadCounters {
        let threads = self.threads.values().copied();
        threads.fold(ThreadCounters::default(), ThreadCounters::plus)
    }
}

impl Tree {
    /// The tree below the process `root`, as the process file system at `proc` shows it. Nothing
    /// is read yet.
    pub(super) fn of(proc: &Path, root: u32) -> Self {
        let accounting = read(&proc.join("sys/kernel/task_delayacct"));
        Self {
            proc: proc.to_owned(),
            root,
            members: BTreeMap::new(),
            ended: Counters::default(),
            ended_io: Io::default(),
            highest_io: Io::default(),
            ended_threads: ThreadCounters::default(),
            counts_io_wait: accounting.is_some_and(|text| text.trim() == "1"),
        }
    }

    /// Looks at every known process; true where at least one is alive.
    pub(super) fn look(&mut self) -> bool {
        if self.members.is_empty()
            && let Some(stat) = self.stat_of(self.root)
        {
            self.members.insert(self.root, Member::of(stat));
        }
        let mut ended = BTreeSet::new();
        for (pid, member) in &mut self.members {
            let folder = self.proc.join(pid.to_string());
            let stat = read(&folder.join("stat")).and_then(|text| parse_stat(&text));
            // A later process may have been given the same number.
            match stat.filter(|stat| stat.started == member.stat.started) {
                None => {
                    ended.insert(*pid);
                }
                Some(stat) => {
                    member.stat = stat;
                    member.memory = parse_memory(&read(&folder.join("status")).unwrap_or_default());
                    let io = read(&folder.join("io")).and_then(|text| parse_io(&text));
                    member.io = io.or(member.io);
                }
            }
        }
        self.remove(&ended);
        self.highest_io = self.highest_io.at_least(self.sum_of_io());
        !self.members.is_empty()
    }

    /// Takes processes out of the tree; what they used stays.
    fn remove(&mut self, ended: &BTreeSet<u32>) {
        for pid in ended {
            let Some(member) = self.members.remove(pid) else {
                continue;
            };
            self.ended = self.ended.plus(member.used());
            self.ended_threads = self.ended_threads.plus(member.threads());
            let parent = Some(member.stat.parent).filter(|parent| !ended.contains(parent));
            match parent.and_then(|parent| self.members.get_mut(&parent)) {
                Some(parent) => {
                    let seen = member.stat.own.plus(member.stat.waited);
                    parent.ended_children = parent.ended_children.plus(seen);
                }
                None => self.ended_io = self.ended_io.plus(member.io.unwrap_or_default()),
            }
        }
    }

    /// Looks for new processes, and at what costs more to be read: threads and proportional set
    /// size.
    pub(super) fn look_thoroughly(&mut self) {
        self.find_new();
        let pids: Vec<u32> = self.members.keys().copied().collect();
        for pid in pids {
            let folder = self.proc.join(pid.to_string());
            let threads: BTreeMap<u32, ThreadCounters> = numbers_in(&folder.join("task"))
                .into_iter()
                .filter_map(|thread| Some((thread, self.thread_counters(pid, thread)?)))
                .collect();
            let pss = read(&folder.join("smaps_rollup")).and_then(|text| parse_pss(&text));
            let Some(member) = self.members.get_mut(&pid) else {
                continue;
            };
            // A process that ends just now shows no threads; its last figures are kept.
            if !threads.is_empty() {
                let gone = member
                    .threads
                    .iter()
                    .filter(|(thread, _)| !threads.contains_key(thread));
                for (_, counters) in gone {
                    self.ended_threads = self.ended_threads.plus(*counters);
                }
                member.threads = threads;
            }
            member.pss = pss;
        }
    }

    fn thread_counters(&self, pid: u32, thread: u32) -> Option<ThreadCounters> {
        let folder = self.proc.join(format!("{pid}/task/{thread}"));
        let (voluntary_switches, involuntary_switches) =
            parse_switches(&read(&folder.join("status"))?)?;
        let io_wait_ticks = if self.counts_io_wait {
            let stat = read(&folder.join("stat")).and_then(|text| parse_stat(&text));
            stat.and_then(|stat| stat.io_wait_ticks)
        } else {
            None
        };
        Some(ThreadCounters {
            voluntary_switches,
            involuntary_switches,
            io_wait_ticks: io_wait_ticks.unwrap_or(0),
        })
    }

    /// Takes in processes that are new: children of members, and their children.
    fn find_new(&mut self) {
        let mut parents: Vec<u32> = self.members.keys().copied().collect();
        let Some(first) = parents.first().copied() else {
            return;
        };
        if children_of(&self.proc, first).is_none() {
            return self.find_new_among_all();
        }
        while let Some(parent) = parents.pop() {
            for child in children_of(&self.proc, parent).unwrap_or_default() {
                if self.take_in(child) {
                    parents.push(child);
                }
            }
        }
    }

    /// The same on a kernel without `children` files, by looking at every process of the machine:
    /// those of the root's process group, and children of members.
    fn find_new_among_all(&mut self) {
        let all: Vec<(u32, Stat)> = numbers_in(&self.proc)
            .into_iter()
            .filter(|pid| !self.members.contains_key(pid))
            .filter_map(|pid| Some((pid, self.stat_of(pid)?)))
            .collect();
        loop {
            let before = self.members.len();
            for (pid, stat) in &all {
                if stat.group == self.root || self.members.contains_key(&stat.parent) {
                    self.members
                        .entry(*pid)
                        .or_insert_with(|| Member::of(*stat));
                }
            }
            if self.members.len() == before {
                return;
            }
        }
    }

    fn take_in(&mut self, pid: u32) -> bool {
        if self.members.contains_key(&pid) {
            return false;
        }
        let Some(stat) = self.stat_of(pid) else {
            return false;
        };
        self.members.insert(pid, Member::of(stat));
        true
    }

    fn stat_of(&self, pid: u32) -> Option<Stat> {
        parse_stat(&read(&self.proc.join(format!("{pid}/stat")))?)
    }

    /// Processes that are alive.
    pub(super) fn processes(&self) -> u32 {
        self.members.len() as u32
    }

    /// What the whole tree used so far.
    pub(super) fn used(&self) -> Counters {
        let alive = self.members.values().map(Member::used);
        alive.fold(self.ended, Counters::plus)
    }

    /// What the whole tree read and wrote so far.
    pub(super) const fn io(&self) -> Io {
        self.highest_io
    }

    fn sum_of_io(&self) -> Io {
        let alive = self.members.values().filter_map(|member| member.io);
        alive.fold(self.ended_io, Io::plus)
    }

    /// Memory of all processes that are alive; `peak_rss` is the highest of one of them.
    pub(super) fn memory(&self) -> Memory {
        let members = self.members.values().map(|member| member.memory);
        members.fold(Memory::default(), |sum, one| Memory {
            rss: sum.rss.saturating_add(one.rss),
            anonymous: sum.anonymous.saturating_add(one.anonymous),
            peak_rss: sum.peak_rss.max(one.peak_rss),
        })
    }

    /// Proportional set size of all processes, as it was last looked at; `None` where no process
    /// tells it.
    pub(super) fn pss(&self) -> Option<u64> {
        let sizes = self.members.values().filter_map(|member| member.pss);
        sizes.reduce(u64::saturating_add)
    }

    /// What threads did, as far as they were seen; `None` before the first thorough look.
    pub(super) fn threads(&self) -> Option<ThreadCounters> {
        let alive = self.members.values().map(Member::threads);
        let sum = alive.fold(self.ended_threads, ThreadCounters::plus);
        (sum != ThreadCounters::default()).then_some(sum)
    }

    /// Whether the kernel counts how long threads wait for devices.
    pub(super) const fn counts_io_wait(&self) -> bool {
        self.counts_io_wait
    }
}

/// The entries of a folder that are numbers; a folder of `/proc` holds one a process or thread.
fn numbers_in(folder: &Path) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Children of all threads of a process; `None` where the kernel does not list them
/// (`CONFIG_PROC_CHILDREN`).
fn children_of(proc: &Path, pid: u32) -> Option<Vec<u32>> {
    let tasks = proc.join(format!("{pid}/task"));
    let lists: Vec<String> = numbers_in(&tasks)
        .into_iter()
        .filter_map(|thread| read(&tasks.join(format!("{thread}/children"))))
        .collect();
    if lists.is_empty() {
        return None;
    }
    let children = lists.iter().flat_map(|list| list.split_ascii_whitespace());
    Some(children.filter_map(|child| child.parse().ok()).collect())
}

#[cfg(test)]
mod tests;
