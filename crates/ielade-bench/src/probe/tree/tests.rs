use super::{Tree, children_of};
use crate::probe::process::{Counters, Io};
use std::{
    fs,
    io::{Read, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A process file system that a test writes.
struct Proc(tempfile::TempDir);

/// One process of it: number, parent, start, and ticks of its own and of waited-for children.
#[derive(Clone, Copy)]
struct Fake {
    pid: u32,
    parent: u32,
    group: u32,
    started: u64,
    own: u64,
    waited: u64,
    read: u64,
}

/// A process in a group of its own that starts with nothing used.
const fn fake(pid: u32, parent: u32) -> Fake {
    Fake {
        pid,
        parent,
        group: pid,
        started: 7,
        own: 0,
        waited: 0,
        read: 0,
    }
}

impl Proc {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn show(&self, one: Fake) {
        let Fake {
            pid,
            parent,
            group,
            started,
            own,
            waited,
            read,
        } = one;
        let stat = format!(
            "{pid} (x) S {parent} {group} 1 0 -1 0 0 0 0 0 {own} 0 {waited} 0 20 0 1 0 {started}"
        );
        self.write(&format!("{pid}/stat"), &stat);
        self.write(
            &format!("{pid}/status"),
            "VmHWM: 3 kB\nVmRSS: 2 kB\nRssAnon: 1 kB\n",
        );
        self.write(&format!("{pid}/io"), &format!("read_bytes: {read}\n"));
        self.write(&format!("{pid}/smaps_rollup"), "Pss: 1 kB\n");
        self.switches(pid, pid, 5);
    }

    fn switches(&self, pid: u32, thread: u32, count: u64) {
        let status = format!("voluntary_ctxt_switches: {count}\nnonvoluntary_ctxt_switches: 1\n");
        self.write(&format!("{pid}/task/{thread}/status"), &status);
    }

    fn children(&self, pid: u32, children: &str) {
        self.write(&format!("{pid}/task/{pid}/children"), children);
    }

    fn end(&self, pid: u32) {
        fs::remove_dir_all(self.path().join(pid.to_string())).unwrap();
    }
}

/// The tree below process 10, looked at once.
fn tree(proc: &Proc) -> Tree {
    let mut tree = Tree::of(proc.path(), 10);
    look(&mut tree);
    tree
}

fn look(tree: &mut Tree) {
    tree.look();
    tree.look_thoroughly();
    tree.look();
}

fn user(tree: &Tree) -> u64 {
    tree.used().user_ticks
}

/// A parent with a child that has used 30 ticks and read 300 bytes so far.
fn parent_and_child() -> (Proc, Fake, Fake) {
    let proc = Proc::new();
    let parent = Fake {
        own: 100,
        read: 1000,
        ..fake(10, 1)
    };
    let child = Fake {
        own: 30,
        read: 300,
        ..fake(11, 10)
    };
    proc.show(parent);
    proc.show(child);
    proc.children(10, "11 ");
    proc.children(11, "");
    (proc, parent, child)
}

#[test]
fn children_and_their_children_are_found_and_strangers_are_not() {
    let (proc, ..) = parent_and_child();
    proc.show(fake(12, 11));
    proc.show(fake(99, 1));
    proc.children(11, "12");
    proc.children(12, "");
    let tree = tree(&proc);
    assert_eq!(tree.processes(), 3);
    assert_eq!(tree.memory().rss, 3 * 2048);
    assert_eq!(tree.memory().peak_rss, 3072, "peaks are not simultaneous");
    assert_eq!(tree.pss(), Some(3 * 1024));
}

#[test]
fn a_kernel_that_lists_no_children_is_searched_by_parent_and_group() {
    let proc = Proc::new();
    // The youngest first, so that one pass would not do.
    proc.show(fake(7, 8));
    proc.show(fake(8, 10));
    proc.show(fake(10, 1));
    let orphan = Fake {
        group: 10,
        ..fake(12, 1)
    };
    proc.show(orphan);
    proc.show(fake(99, 1));
    assert_eq!(tree(&proc).processes(), 4);
}

#[test]
fn a_child_that_was_waited_for_counts_once() {
    let (proc, parent, child) = parent_and_child();
    let mut tree = tree(&proc);
    assert_eq!((user(&tree), tree.io().read_bytes), (130, 1300));
    // It used 15 more ticks and 50 more bytes after it was last seen.
    proc.end(child.pid);
    proc.show(Fake {
        waited: 45,
        read: 1350,
        ..parent
    });
    look(&mut tree);
    assert_eq!((user(&tree), tree.io().read_bytes), (145, 1350));
    assert_eq!(tree.processes(), 1);
}

#[test]
fn a_child_that_nobody_waits_for_still_counts() {
    let (proc, _, child) = parent_and_child();
    let mut tree = tree(&proc);
    proc.end(child.pid);
    look(&mut tree);
    assert_eq!((user(&tree), tree.io().read_bytes), (130, 1300));
}

#[test]
fn children_that_nobody_saw_count_through_their_parent() {
    let (proc, parent, _) = parent_and_child();
    proc.show(Fake {
        waited: 500,
        ..parent
    });
    assert_eq!(user(&tree(&proc)), 100 + 500 + 30);
}

#[test]
fn a_child_that_outlives_its_parent_goes_on_counting() {
    let (proc, parent, child) = parent_and_child();
    let mut tree = tree(&proc);
    proc.end(parent.pid);
    proc.show(Fake {
        parent: 1,
        own: 80,
        read: 800,
        ..child
    });
    look(&mut tree);
    assert_eq!((user(&tree), tree.io().read_bytes), (180, 1800));
    proc.end(child.pid);
    look(&mut tree);
    assert_eq!((user(&tree), tree.io().read_bytes), (180, 1800));
    assert_eq!(tree.processes(), 0);
}

#[test]
fn a_whole_tree_that_is_killed_keeps_what_it_used() {
    let (proc, parent, child) = parent_and_child();
    let mut tree = tree(&proc);
    proc.end(parent.pid);
    proc.end(child.pid);
    assert!(!tree.look());
    assert_eq!((user(&tree), tree.io().read_bytes), (130, 1300));
}

#[test]
fn a_grandchild_reaches_the_sum_once_through_all_its_ancestors() {
    let (proc, parent, child) = parent_and_child();
    let grandchild = Fake {
        own: 7,
        ..fake(12, 11)
    };
    proc.show(grandchild);
    proc.children(11, "12");
    proc.children(12, "");
    let mut tree = tree(&proc);
    assert_eq!(user(&tree), 137);
    proc.end(grandchild.pid);
    proc.show(Fake { waited: 7, ..child });
    look(&mut tree);
    assert_eq!(user(&tree), 137);
    proc.end(child.pid);
    proc.show(Fake {
        waited: 37,
        ..parent
    });
    look(&mut tree);
    assert_eq!(user(&tree), 137);
}

#[test]
fn a_number_that_is_given_again_is_another_process() {
    let (proc, _, child) = parent_and_child();
    let mut tree = tree(&proc);
    proc.end(child.pid);
    proc.children(10, "");
    proc.show(Fake {
        started: 9000,
        own: 5000,
        ..fake(11, 1)
    });
    look(&mut tree);
    assert_eq!((user(&tree), tree.processes()), (130, 1));
}

#[test]
fn switches_of_a_thread_that_has_ended_stay() {
    let proc = Proc::new();
    proc.show(fake(10, 1));
    proc.switches(10, 20, 100);
    let mut tree = tree(&proc);
    fs::remove_dir_all(proc.path().join("10/task/20")).unwrap();
    proc.switches(10, 10, 6);
    look(&mut tree);
    let threads = tree.threads().unwrap();
    assert_eq!(
        (threads.voluntary_switches, threads.involuntary_switches),
        (106, 2)
    );
}

#[test]
fn waiting_for_devices_is_summed_over_threads_where_the_kernel_counts_it() {
    let proc = Proc::new();
    proc.show(fake(10, 1));
    let thread = format!("10 (x) S 1 10{} 4", " 0".repeat(36));
    proc.write("10/task/10/stat", &thread);
    assert!(!tree(&proc).counts_io_wait());
    proc.write("sys/kernel/task_delayacct", "1\n");
    let tree = tree(&proc);
    assert!(tree.counts_io_wait());
    assert_eq!(tree.threads().unwrap().io_wait_ticks, 4);
}

#[test]
fn files_that_may_not_be_read_leave_their_figures_out() {
    let proc = Proc::new();
    proc.show(fake(10, 1));
    for file in ["io", "status", "smaps_rollup"] {
        fs::remove_file(proc.path().join("10").join(file)).unwrap();
    }
    fs::remove_dir_all(proc.path().join("10/task")).unwrap();
    let tree = tree(&proc);
    assert_eq!(tree.io(), Io::default());
    assert_eq!((tree.pss(), tree.threads()), (None, None));
    assert_eq!(tree.processes(), 1);
}

#[test]
fn a_process_that_was_never_there_leaves_nothing() {
    let tree = tree(&Proc::new());
    assert_eq!((tree.processes(), tree.used()), (0, Counters::default()));
    assert_eq!(children_of(Path::new("/nowhere"), 1), None);
}

/// A shell that runs a script, and waits for a line on its standard input where that asks for one.
struct Shell(Child);

impl Shell {
    fn run(script: &str) -> Self {
        let child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Waits until it says a line.
    fn hear(&mut self) {
        let mut byte = [0];
        let stdout = self.0.stdout.as_mut().unwrap();
        while byte != *b"\n" {
            stdout.read_exact(&mut byte).unwrap();
        }
    }

    fn say(&mut self) {
        self.0.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }
}

#[test]
fn real_children_are_seen_while_they_live_and_counted_after() {
    // The inner shell computes, tells, and waits to be let go; then the outer one tells.
    let mut shell = Shell::run(
        "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo; read x'; echo; read x",
    );
    let mut tree = Tree::of(Path::new("/proc"), shell.0.id());
    shell.hear();
    look(&mut tree);
    assert_eq!(tree.processes(), 2);
    let alive = tree.used();
    assert!(alive.user_ticks > 0, "{alive:?}");
    shell.say();
    shell.hear();
    look(&mut tree);
    assert_eq!(tree.processes(), 1);
    let after = tree.used();
    assert!(after.user_ticks >= alive.user_ticks);
    assert!(
        after.user_ticks <= alive.user_ticks + 5,
        "counted twice: {alive:?} and then {after:?}"
    );
    shell.say();
    shell.0.wait().unwrap();
}
