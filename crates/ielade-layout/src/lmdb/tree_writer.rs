//! An LMDB file from entries whose keys rise: page after page, none twice, and the same bytes for
//! the same entries.
//!
//! A leaf that is full is written and its first key and number go into the branch above it, and so
//! on upwards. Only one page of each level is in memory.

use super::pages::{
    BRANCH, LEAF, MAGIC, META, NO_PAGE, NODE_BIG, NODE_HEAD, OVERFLOW, PAGE_HEAD, TREE_HEAD, TREES,
    VERSION,
};
use std::io::{self, Write};

/// Bytes of a page: those of most machines' memory, as LMDB chooses them.
pub(super) const PAGE_BYTES: usize = 4096;

/// A node above this goes into overflow pages, so that every page holds two: LMDB's rule.
const MAX_NODE: usize = (((PAGE_BYTES - PAGE_HEAD) / 2) & !1) - 2;

/// Longest key that LMDB takes.
const MAX_KEY: usize = 511;

/// Flag of a database whose keys are integers.
const INTEGER_KEYS: u16 = 0x08;

/// Where a value lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ValuePlace {
    pub(super) offset: u64,
    pub(super) len: u32,
}

/// A page on its way: nodes grow from its end, pointers to them from its start.
struct NodePage {
    bytes: Box<[u8; PAGE_BYTES]>,
    flags: u16,
    first_key: Vec<u8>,
    nodes: usize,
    upper: usize,
}

impl NodePage {
    fn new(flags: u16) -> Self {
        Self {
            bytes: Box::new([0; PAGE_BYTES]),
            flags,
            first_key: Vec::new(),
            nodes: 0,
            upper: PAGE_BYTES,
        }
    }

    const fn lower(&self) -> usize {
        PAGE_HEAD + 2 * self.nodes
    }

    /// Adds a node and tells at which byte of the page its content starts; `None` where it is full.
    fn add(&mut self, head: [u8; 6], key: &[u8], content: &[u8]) -> Option<usize> {
        // The first key of a branch is not looked at, and LMDB leaves it out.
        let stored_key = if self.flags == BRANCH && self.nodes == 0 {
            &[]
        } else {
            key
        };
        let bytes = (NODE_HEAD + stored_key.len() + content.len()).next_multiple_of(2);
        let upper = self.upper.checked_sub(bytes)?;
        if self.lower() + 2 > upper {
            return None;
        }
        if self.nodes == 0 {
            self.first_key = key.to_vec();
        }
        let pointer = self.lower();
        put(&mut self.bytes[pointer..], &(upper as u16).to_le_bytes());
        let node = &mut self.bytes[upper..];
        put(node, &head);
        put(&mut node[6..], &(stored_key.len() as u16).to_le_bytes());
        put(&mut node[NODE_HEAD..], stored_key);
        put(&mut node[NODE_HEAD + stored_key.len()..], content);
        self.nodes += 1;
        self.upper = upper;
        Some(upper + NODE_HEAD + stored_key.len())
    }

    /// The finished page, under its number.
    fn finish(&mut self, number: u64) -> &[u8; PAGE_BYTES] {
        let (lower, upper) = (self.lower() as u16, self.upper as u16);
        put(&mut self.bytes[..], &number.to_le_bytes());
        put(&mut self.bytes[10..], &self.flags.to_le_bytes());
        put(&mut self.bytes[12..], &lower.to_le_bytes());
        put(&mut self.bytes[14..], &upper.to_le_bytes());
        &self.bytes
    }
}

fn put(target: &mut [u8], bytes: &[u8]) {
    target[..bytes.len()].copy_from_slice(bytes);
}

/// A branch on its way, with the children that were added last.
///
/// These are kept apart until another one follows, so that no branch is left with one child alone,
/// which LMDB does not allow.
struct Branch {
    page: NodePage,
    last: Vec<Child>,
}

/// Children of a branch that are kept apart.
const KEPT_APART: usize = 2;

/// A page below a branch.
struct Child {
    first_key: Vec<u8>,
    number: u64,
}

impl Branch {
    fn new() -> Self {
        Self {
            page: NodePage::new(BRANCH),
            last: Vec::new(),
        }
    }

    /// Adds a child, unless the page is full.
    fn add(page: &mut NodePage, child: &Child) -> bool {
        // The number's upper part lies where other nodes have their flags.
        let number = child.number.to_le_bytes();
        let head = [0, 1, 2, 3, 4, 5].map(|at: usize| number[at]);
        page.add(head, &child.first_key, &[]).is_some()
    }

    /// Whether all children fit into the page.
    fn is_room_for_last(&self) -> bool {
        let bytes = |child: &Child| 2 + (NODE_HEAD + child.first_key.len()).next_multiple_of(2);
        let needed: usize = self.last.iter().map(bytes).sum();
        self.page.lower() + needed <= self.page.upper
    }
}

/// How many pages of each kind there are.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    branches: u64,
    leaves: u64,
    overflow: u64,
    entries: u64,
}

/// Writes the main database of an LMDB file.
pub(super) struct TreeWriter<W> {
    file: W,
    next_page: u64,
    leaf: NodePage,
    /// The lowest level first.
    branches: Vec<Branch>,
    counts: Counts,
    last_key: Vec<u8>,
    /// Numbers of the entries of the leaf on its way, and where their values start in it.
    pending: Vec<(u64, usize, u32)>,
}

impl<W: Write> TreeWriter<W> {
    /// Goes on in `file` behind the two pages of the head, which [`TreeWriter::finish`] gives.
    pub(super) fn new(file: W) -> Self {
        Self {
            file,
            next_page: 2,
            leaf: NodePage::new(LEAF),
            branches: Vec::new(),
            counts: Counts::default(),
            last_key: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// Adds an entry. `placed` is told where values lie, by the number of their entry (from 0), as
    /// soon as that is known.
    pub(super) fn add(
        &mut self,
        key: &[u8],
        value: &[u8],
        placed: &mut impl FnMut(u64, ValuePlace),
    ) -> io::Result<()> {
        let invalid = |reason: &str| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
        if key.is_empty() || key.len() > MAX_KEY {
            return invalid("a key is empty or too long for LMDB");
        }
        if self.counts.entries > 0 && key <= self.last_key.as_slice() {
            return invalid("keys do not rise");
        }
        let Ok(len) = u32::try_from(value.len()) else {
            return invalid("a value of 4 GiB or more is too large for LMDB");
        };
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        let entry = self.counts.entries;
        self.counts.entries += 1;
        let [a, b, c, d] = len.to_le_bytes();
        if NODE_HEAD + key.len() + value.len() > MAX_NODE {
            let number = self.write_overflow(value)?;
            let offset = number * PAGE_BYTES as u64 + PAGE_HEAD as u64;
            placed(entry, ValuePlace { offset, len });
            let [low, high] = NODE_BIG.to_le_bytes();
            self.add_to_leaf([a, b, c, d, low, high], key, &number.to_le_bytes(), placed)?;
        } else {
            let place = self.add_to_leaf([a, b, c, d, 0, 0], key, value, placed)?;
            self.pending.push((entry, place, len));
        }
        Ok(())
    }

    fn add_to_leaf(
        &mut self,
        head: [u8; 6],
        key: &[u8],
        content: &[u8],
        placed: &mut impl FnMut(u64, ValuePlace),
    ) -> io::Result<usize> {
        if let Some(place) = self.leaf.add(head, key, content) {
            return Ok(place);
        }
        self.write_leaf(placed)?;
        let full = || io::Error::new(io::ErrorKind::InvalidInput, "a node is larger than a page");
        self.leaf.add(head, key, content).ok_or_else(full)
    }

    fn write_leaf(&mut self, placed: &mut impl FnMut(u64, ValuePlace)) -> io::Result<()> {
        let mut leaf = std::mem::replace(&mut self.leaf, NodePage::new(LEAF));
        let number = self.take_number();
        self.file.write_all(leaf.finish(number))?;
        self.counts.leaves += 1;
        for (entry, place, len) in self.pending.drain(..) {
            let offset = number * PAGE_BYTES as u64 + place as u64;
            placed(entry, ValuePlace { offset, len });
        }
        let first_key = leaf.first_key;
        self.add_to_branch(0, Child { first_key, number })
    }

    /// Adds a child to the branch of a level, counted from the leaves.
    fn add_to_branch(&mut self, level: usize, child: Child) -> io::Result<()> {
        if level == self.branches.len() {
            self.branches.push(Branch::new());
        }
        let branch = &mut self.branches[level];
        branch.last.push(child);
        if branch.last.len() <= KEPT_APART {
            return Ok(());
        }
        let settled = branch.last.remove(0);
        if Branch::add(&mut branch.page, &settled) {
            return Ok(());
        }
        let mut next = NodePage::new(BRANCH);
        Branch::add(&mut next, &settled);
        let full = std::mem::replace(&mut branch.page, next);
        self.write_branch(level, full)
    }

    fn write_branch(&mut self, level: usize, mut page: NodePage) -> io::Result<()> {
        let number = self.take_number();
        self.file.write_all(page.finish(number))?;
        self.counts.branches += 1;
        let first_key = page.first_key;
        self.add_to_branch(level + 1, Child { first_key, number })
    }

    /// Writes a value into overflow pages.
    fn write_overflow(&mut self, value: &[u8]) -> io::Result<u64> {
        let pages = (PAGE_HEAD + value.len()).div_ceil(PAGE_BYTES);
        let number = self.next_page;
        self.next_page += pages as u64;
        self.counts.overflow += pages as u64;
        let mut head = [0; PAGE_HEAD];
        put(&mut head, &number.to_le_bytes());
        put(&mut head[10..], &OVERFLOW.to_le_bytes());
        put(&mut head[12..], &(pages as u32).to_le_bytes());
        self.file.write_all(&head)?;
        self.file.write_all(value)?;
        let rest = pages * PAGE_BYTES - PAGE_HEAD - value.len();
        self.file.write_all(&[0; PAGE_BYTES][..rest])?;
        Ok(number)
    }

    const fn take_number(&mut self) -> u64 {
        self.next_page += 1;
        self.next_page - 1
    }

    /// Writes what is left and gives back the file, and the two pages that belong at its start.
    pub(super) fn finish(
        mut self,
        placed: &mut impl FnMut(u64, ValuePlace),
    ) -> io::Result<(W, Vec<u8>)> {
        if self.leaf.nodes > 0 {
            self.write_leaf(placed)?;
        }
        let root = self.finish_branches()?;
        self.file.flush()?;
        let head = self.head(root);
        Ok((self.file, head))
    }

    /// Writes what is left of every level, and gives the page on top and the number of levels.
    fn finish_branches(&mut self) -> io::Result<(u64, u16)> {
        let mut level = 0;
        while let Some(branch) = self.branches.get_mut(level) {
            let mut branch = std::mem::replace(branch, Branch::new());
            if let ([only], 0) = (&branch.last[..], branch.page.nodes) {
                return Ok((only.number, level as u16 + 1));
            }
            if !branch.is_room_for_last() {
                let full = std::mem::replace(&mut branch.page, NodePage::new(BRANCH));
                self.write_branch(level, full)?;
            }
            for child in &branch.last {
                Branch::add(&mut branch.page, child);
            }
            self.write_branch(level, branch.page)?;
            level += 1;
        }
        Ok((NO_PAGE, 0))
    }

    /// Both versions of the file's head: the empty file, and the one with everything in it.
    fn head(&self, (root, depth): (u64, u16)) -> Vec<u8> {
        let mapping = self.next_page * PAGE_BYTES as u64;
        let mut bytes = vec![0; 2 * PAGE_BYTES];
        let (empty, full) = bytes.split_at_mut(PAGE_BYTES);
        put_head(empty, 0, mapping, 1);
        put_tree(
            &mut empty[TREES + TREE_HEAD..],
            (NO_PAGE, 0),
            Counts::default(),
        );
        put_head(full, 1, mapping, self.next_page - 1);
        put_tree(&mut full[TREES + TREE_HEAD..], (root, depth), self.counts);
        bytes
    }
}

/// A head page but for its main database; its number is also that of its transaction.
fn put_head(page: &mut [u8], number: u64, mapping: u64, last_page: u64) {
    put(page, &number.to_le_bytes());
    put(&mut page[10..], &META.to_le_bytes());
    put(&mut page[PAGE_HEAD..], &MAGIC.to_le_bytes());
    put(&mut page[PAGE_HEAD + 4..], &VERSION.to_le_bytes());
    put(&mut page[PAGE_HEAD + 16..], &mapping.to_le_bytes());
    // The tree of free pages: empty, its keys are integers, and it tells the size of pages.
    put(&mut page[TREES..], &(PAGE_BYTES as u32).to_le_bytes());
    put(&mut page[TREES + 4..], &INTEGER_KEYS.to_le_bytes());
    put(&mut page[TREES + 40..], &NO_PAGE.to_le_bytes());
    let end = TREES + 2 * TREE_HEAD;
    put(&mut page[end..], &last_page.to_le_bytes());
    put(&mut page[end + 8..], &number.to_le_bytes());
}

/// The head of a database.
fn put_tree(head: &mut [u8], (root, depth): (u64, u16), counts: Counts) {
    put(&mut head[6..], &depth.to_le_bytes());
    let numbers = [
        counts.branches,
        counts.leaves,
        counts.overflow,
        counts.entries,
        root,
    ];
    for (at, number) in numbers.into_iter().enumerate() {
        put(&mut head[8 + 8 * at..], &number.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE_BYTES, TreeWriter, ValuePlace};
    use crate::lmdb::pages::{Environment, PageError, Value};
    use proptest::prelude::*;

    type Entry = (Vec<u8>, Vec<u8>);

    /// A file with these entries, and where the writer says that values lie.
    fn file(entries: &[Entry]) -> (Vec<u8>, Vec<ValuePlace>) {
        let mut places = vec![None; entries.len()];
        let mut placed = |entry: u64, place| places[entry as usize] = Some(place);
        let mut writer = TreeWriter::new(vec![0; 2 * PAGE_BYTES]);
        for (key, value) in entries {
            writer.add(key, value, &mut placed).unwrap();
        }
        let (mut bytes, head) = writer.finish(&mut placed).unwrap();
        bytes[..head.len()].copy_from_slice(&head);
        (bytes, places.into_iter().map(Option::unwrap).collect())
    }

    fn entries(file: &[u8]) -> Result<Vec<(Entry, usize)>, PageError> {
        let environment = Environment::parse(file)?;
        let mut found = Vec::new();
        environment.walk::<PageError>(environment.main, |key, value| {
            if let Value::Bytes(range) = value {
                found.push(((key.to_vec(), file[range.clone()].to_vec()), range.start));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// So many entries with values of sizes that repeat.
    fn made(count: u32, sizes: &[usize]) -> Vec<Entry> {
        (0..count)
            .map(|at| {
                let size = sizes[at as usize % sizes.len()];
                (format!("{at:08}").into_bytes(), vec![at as u8; size])
            })
            .collect()
    }

    fn check(written: &[Entry]) {
        let (file, places) = file(written);
        assert_eq!(file.len() % PAGE_BYTES, 0);
        let found = entries(&file).unwrap();
        assert_eq!(found.len(), written.len());
        for ((entry, place), (expected, at)) in found.iter().zip(written.iter().zip(&places)) {
            assert!(entry == expected);
            assert_eq!((*place as u64, entry.1.len() as u32), (at.offset, at.len));
        }
    }

    #[test]
    fn trees_of_every_depth_come_back() {
        for count in [0, 1, 2, 100, 3_000, 60_000] {
            check(&made(count, &[1, 0, 40]));
        }
        // Two values a leaf, and long keys, give deep trees soon.
        let long: Vec<Entry> = (0..4_000)
            .map(|at| (format!("{at:0500}").into_bytes(), vec![7; 1500]))
            .collect();
        for count in 1..60 {
            check(&long[..count]);
        }
        check(&long);
    }

    #[test]
    fn keys_that_do_not_rise_are_refused() {
        let mut writer = TreeWriter::new(Vec::new());
        let mut add = |key: &[u8]| writer.add(key, b"", &mut |_, _| {});
        add(b"b").unwrap();
        for key in [&b"b"[..], b"a", b"", &[b'c'; 512]] {
            assert!(add(key).is_err());
        }
        add(b"bb").unwrap();
    }

    #[test]
    fn a_cut_file_is_refused_wherever_it_is_cut() {
        let (file, _) = file(&made(300, &[10, 5_000, 100]));
        for cut in (0..file.len()).step_by(509) {
            assert!(entries(&file[..cut]).is_err(), "{cut}");
        }
    }

    /// Every byte of the heads, branches and leaves changed once, by a few amounts: an error or
    /// other entries, never a panic and never an endless walk.
    #[test]
    fn no_changed_byte_makes_the_reader_panic_or_leave_the_file() {
        let (file, _) = file(&made(60, &[10, 3_000, 100]));
        for at in (0..file.len()).filter(|at| at % PAGE_BYTES < 64 || at % 61 == 0) {
            for change in [1, 0x80, 0xFF] {
                let mut changed = file.clone();
                changed[at] ^= change;
                let _ = entries(&changed);
            }
        }
    }

    /// The place of the root's number in the newer head.
    const ROOT: usize = PAGE_BYTES + super::TREES + super::TREE_HEAD + 40;

    /// What is wrong, bytes to put in, and what the error says.
    type Case<'a> = (&'a str, &'a [(usize, u8)], &'a str);

    #[test]
    fn files_that_lie_are_refused_with_their_reason() {
        let (good, _) = file(&made(300, &[10, 3_000, 100]));
        let root = good[ROOT] as usize * PAGE_BYTES;
        let leaf = {
            let pointer = usize::from(good[root + 17]) << 8 | usize::from(good[root + 16]);
            usize::from(good[root + pointer]) * PAGE_BYTES
        };
        let version = PAGE_BYTES + super::PAGE_HEAD + 4;
        let cases: [Case<'_>; 12] = [
            ("magic", &[(16, 0)], "not an LMDB file"),
            ("version", &[(20, 2)], "data version 2"),
            ("page size", &[(super::TREES, 1)], "pages of"),
            ("second head", &[(version, 9)], "no head"),
            ("root outside", &[(ROOT + 3, 9)], "the file was cut"),
            ("root is a head", &[(ROOT, 1)], "a page of kind 0x8"),
            (
                "cycle",
                &[(root + 16, good[root + 18]), (root + 17, good[root + 19])],
                "twice",
            ),
            ("number", &[(leaf, 0)], "has another number"),
            ("lower", &[(leaf + 12, 3)], "free space"),
            ("upper", &[(leaf + 15, 0xFF)], "free space"),
            ("pointer", &[(leaf + 17, 0xFF)], "outside its page"),
            ("entries", &[(ROOT - 8, 7)], "entries are counted"),
        ];
        for (what, changes, reason) in cases {
            let mut file = good.clone();
            for (at, byte) in changes {
                file[*at] = *byte;
            }
            let error = entries(&file).unwrap_err().to_string();
            assert!(error.contains(reason), "{what}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_entries_come_back(
            sizes in prop::collection::vec(0_usize..6_000, 1..40),
            keys in prop::collection::btree_set(prop::collection::vec(any::<u8>(), 1..300), 0..200),
        ) {
            let entries: Vec<Entry> = keys
                .into_iter()
                .enumerate()
                .map(|(at, key)| (key, vec![at as u8; sizes[at % sizes.len()]]))
                .collect();
            check(&entries);
        }
    }
}
