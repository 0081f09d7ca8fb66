//! The pages of an LMDB file, read. Trusts nothing in them.
//!
//! A file is made of pages of one size. Pages 0 and 1 are two versions of the file's head, of which
//! the one with the greater transaction counts; it has the root of the main database. A database
//! is a tree of branch and leaf pages, which hold nodes: a node of a branch leads to a page, one of
//! a leaf has a key and its value, which lies behind the key, or in overflow pages of its own if it
//! is large, or is itself the head of a tree: a named database.

use std::ops::Range;

pub(super) const MAGIC: u32 = 0xBEEF_C0DE;
pub(super) const VERSION: u32 = 1;

/// Bytes of a page's head: number (8), unused (2), flags (2), and either the bounds of the free
/// space between pointers and nodes (2 + 2) or the number of overflow pages (4).
pub(super) const PAGE_HEAD: usize = 16;

pub(super) const BRANCH: u16 = 0x01;
pub(super) const LEAF: u16 = 0x02;
pub(super) const OVERFLOW: u16 = 0x04;
pub(super) const META: u16 = 0x08;

/// Bytes of a node's head: size of the value or number of a page (4), flags (2), size of the
/// key (2).
pub(super) const NODE_HEAD: usize = 8;

/// The value lies in overflow pages.
pub(super) const NODE_BIG: u16 = 0x01;
/// The value is the head of another tree.
const NODE_TREE: u16 = 0x02;
/// The values are several of one key.
const NODE_DUPLICATES: u16 = 0x04;

/// Bytes of a database's head: unused (4), flags (2), depth (2), numbers of branch, leaf and
/// overflow pages, number of entries, root (8 each).
pub(super) const TREE_HEAD: usize = 48;

/// Keys are compared byte by byte unless one of these is set: reversed, integers.
const OTHER_ORDER: u16 = 0x02 | 0x08;

/// The root of an empty database.
pub(super) const NO_PAGE: u64 = u64::MAX;

/// Where the heads of the two trees start in a page of the file's head: behind magic, version,
/// address and size of the mapping. The first tree is that of the free pages.
pub(super) const TREES: usize = PAGE_HEAD + 24;

/// Pages that a search passes at most; LMDB's own bound.
const MAX_DEPTH: usize = 32;

/// Why a file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (byte {offset})")]
pub(super) struct PageError {
    pub(super) offset: u64,
    pub(super) reason: String,
}

fn fault(offset: usize, reason: impl Into<String>) -> PageError {
    PageError {
        offset: offset as u64,
        reason: reason.into(),
    }
}

/// A database: the head of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tree {
    root: u64,
    entries: u64,
    flags: u16,
    /// Where the head is.
    at: usize,
}

/// What a key leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// These bytes of the file.
    Bytes(Range<usize>),
    /// A database of its own.
    Tree(Tree),
}

/// An LMDB file whose head was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Environment<'a> {
    file: &'a [u8],
    page_bytes: usize,
    pub(super) main: Tree,
}

/// Fixed-size numbers at places of a file.
struct Numbers<'a>(&'a [u8]);

impl Numbers<'_> {
    fn bytes<const SIZE: usize>(&self, at: usize) -> Result<[u8; SIZE], PageError> {
        let rest = self.0.get(at..).and_then(|rest| rest.first_chunk());
        rest.copied()
            .ok_or_else(|| fault(at, "the file ends here; it was cut"))
    }

    fn u16(&self, at: usize) -> Result<u16, PageError> {
        self.bytes(at).map(u16::from_le_bytes)
    }

    fn u32(&self, at: usize) -> Result<u32, PageError> {
        self.bytes(at).map(u32::from_le_bytes)
    }

    fn u64(&self, at: usize) -> Result<u64, PageError> {
        self.bytes(at).map(u64::from_le_bytes)
    }

    fn tree(&self, at: usize) -> Result<Tree, PageError> {
        Ok(Tree {
            flags: self.u16(at + 4)?,
            entries: self.u64(at + 32)?,
            root: self.u64(at + 40)?,
            at,
        })
    }
}

/// Whether the first bytes of a file are those of an LMDB file, of whatever kind.
pub(super) fn is_lmdb(head: &[u8]) -> bool {
    let magic = |at: usize| head.get(at..at + 4);
    [12, PAGE_HEAD].into_iter().any(|at| {
        [MAGIC.to_le_bytes(), MAGIC.to_be_bytes()]
            .iter()
            .any(|expected| magic(at) == Some(expected))
    })
}

impl<'a> Environment<'a> {
    /// Reads the head of a file.
    pub(super) fn parse(file: &'a [u8]) -> Result<Self, PageError> {
        let page_bytes = page_bytes(file)?;
        let first = head(file, 0)?;
        let second = head(file, page_bytes)?;
        let (_, main) = if second.0 > first.0 { second } else { first };
        Ok(Self {
            file,
            page_bytes,
            main,
        })
    }

    /// Calls `visit` with every key of a database and what it leads to, in the order of the keys.
    ///
    /// Every page is visited once, so that no cycle holds it; keys rise, so that none is there
    /// twice.
    pub(super) fn walk<E: From<PageError>>(
        &self,
        tree: Tree,
        mut visit: impl FnMut(&'a [u8], Value) -> Result<(), E>,
    ) -> Result<(), E> {
        let numbers = Numbers(self.file);
        let mut seen = vec![0_u64; (self.file.len() / self.page_bytes).div_ceil(64)];
        let mut path: Vec<(Page, u16)> = Vec::new();
        let mut next = (tree.root != NO_PAGE).then_some(tree.root);
        let mut last_key: Option<&[u8]> = None;
        let mut entries = 0;
        loop {
            if let Some(number) = next.take() {
                let page = self.page(number, tree.at)?;
                let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
                let seen = seen.get_mut(word).filter(|word| **word & bit == 0);
                match seen {
                    Some(word) => *word |= bit,
                    None => Err(fault(page.at, "a page is reached twice: a cycle"))?,
                }
                if path.len() == MAX_DEPTH {
                    Err(fault(page.at, "the tree is too deep"))?;
                }
                path.push((page, 0));
            }
            let Some((page, place)) = path.last_mut() else {
                break;
            };
            if *place == page.nodes {
                path.pop();
                continue;
            }
            let node = page.node(&numbers, *place)?;
            *place += 1;
            if page.is_branch {
                next = Some(node.page_number());
                continue;
            }
            let key = &self.file[node.key.clone()];
            if tree.flags & OTHER_ORDER == 0 && last_key.is_some_and(|last| last >= key) {
                Err(fault(
                    node.at,
                    "a key is not greater than the one before it",
                ))?;
            }
            last_key = Some(key);
            entries += 1;
            visit(key, self.value(&numbers, &node)?)?;
        }
        if entries != tree.entries {
            let reason = format!(
                "{} entries are counted but {entries} are there",
                tree.entries
            );
            Err(fault(tree.at, reason))?;
        }
        Ok(())
    }

    /// The page of a number; `from` is where the number is.
    fn page(&self, number: u64, from: usize) -> Result<Page, PageError> {
        let numbers = Numbers(self.file);
        let at = self.page_start(number, from)?;
        if numbers.u64(at)? != number {
            return Err(fault(at, format!("page {number} has another number")));
        }
        let kind = numbers.u16(at + 10)? & (BRANCH | LEAF | OVERFLOW | META | 0x20 | 0x40);
        let is_branch = match kind {
            BRANCH => true,
            LEAF => false,
            other => {
                let reason = format!("a page of kind {other:#x} where a branch or leaf belongs");
                return Err(fault(at + 10, reason));
            }
        };
        let (lower, upper) = (
            numbers.u16(at + 12)? as usize,
            numbers.u16(at + 14)? as usize,
        );
        if lower < PAGE_HEAD || lower > upper || upper > self.page_bytes || lower % 2 == 1 {
            let reason = format!("a page with free space from {lower} to {upper}");
            return Err(fault(at + 12, reason));
        }
        Ok(Page {
            at,
            is_branch,
            nodes: ((lower - PAGE_HEAD) / 2) as u16,
            upper,
            end: at + self.page_bytes,
        })
    }

    /// Where a page starts; all of it lies within the file.
    fn page_start(&self, number: u64, from: usize) -> Result<usize, PageError> {
        let pages = (self.file.len() / self.page_bytes) as u64;
        if number < pages {
            return Ok(number as usize * self.page_bytes);
        }
        let reason = format!("page {number} is asked for, of {pages}; the file was cut");
        Err(fault(from, reason))
    }

    fn value(&self, numbers: &Numbers<'_>, node: &Node) -> Result<Value, PageError> {
        let bytes = node.number as usize;
        if node.flags & NODE_BIG != 0 {
            return self.overflow(numbers, node, bytes).map(Value::Bytes);
        }
        let end = node.key.end.checked_add(bytes);
        let Some(end) = end.filter(|end| *end <= node.limit) else {
            return Err(fault(
                node.at,
                format!("a value of {bytes} bytes leaves its page"),
            ));
        };
        if node.flags & NODE_DUPLICATES != 0 {
            let reason =
                "the database has several values of one key (MDB_DUPSORT), which is not read";
            return Err(fault(node.at, reason));
        }
        if node.flags & NODE_TREE != 0 {
            if bytes != TREE_HEAD {
                return Err(fault(
                    node.at,
                    format!("a database's head of {bytes} bytes"),
                ));
            }
            return numbers.tree(node.key.end).map(Value::Tree);
        }
        Ok(Value::Bytes(node.key.end..end))
    }

    /// A large value.
    fn overflow(
        &self,
        numbers: &Numbers<'_>,
        node: &Node,
        bytes: usize,
    ) -> Result<Range<usize>, PageError> {
        if node.key.end + 8 > node.limit {
            return Err(fault(node.at, "the number of a page leaves its page"));
        }
        let number = numbers.u64(node.key.end)?;
        let at = self.page_start(number, node.key.end)?;
        let kind = numbers.u16(at + 10)?;
        if numbers.u64(at)? != number || kind & OVERFLOW == 0 {
            return Err(fault(at, format!("page {number} is no overflow page")));
        }
        let pages = u64::from(numbers.u32(at + 12)?);
        let room = (pages as usize).saturating_mul(self.page_bytes);
        if pages == 0 || PAGE_HEAD + bytes > room {
            let reason = format!("a value of {bytes} bytes in {pages} overflow pages");
            return Err(fault(at + 12, reason));
        }
        self.page_start(number + pages - 1, at + 12)?;
        Ok(at + PAGE_HEAD..at + PAGE_HEAD + bytes)
    }
}

/// The size of a file's pages, which its first page tells.
fn page_bytes(file: &[u8]) -> Result<usize, PageError> {
    let numbers = Numbers(file);
    if numbers.u32(PAGE_HEAD)? != MAGIC {
        let reason = match () {
            () if numbers.u32(12)? == MAGIC => {
                "an LMDB file of a 32-bit machine, which is not read"
            }
            () if numbers.u32(PAGE_HEAD)? == MAGIC.swap_bytes() => {
                "an LMDB file of a big-endian machine, which is not read"
            }
            () => "not an LMDB file",
        };
        return Err(fault(PAGE_HEAD, reason));
    }
    let version = numbers.u32(PAGE_HEAD + 4)?;
    if version != VERSION {
        let reason = format!("LMDB data version {version}; only {VERSION} (LMDB 0.9) is read");
        return Err(fault(PAGE_HEAD + 4, reason));
    }
    // The tree of free pages has the page size in the place that other trees don't use.
    let bytes = numbers.u32(TREES)?;
    if (512..=32_768).contains(&bytes) && bytes.is_power_of_two() {
        return Ok(bytes as usize);
    }
    Err(fault(TREES, format!("pages of {bytes} bytes")))
}

/// Transaction and main database of one version of the file's head.
fn head(file: &[u8], at: usize) -> Result<(u64, Tree), PageError> {
    let numbers = Numbers(file);
    let magic = (
        numbers.u32(at + PAGE_HEAD)?,
        numbers.u32(at + PAGE_HEAD + 4)?,
    );
    if magic != (MAGIC, VERSION) || numbers.u16(at + 10)? & META == 0 {
        return Err(fault(at, "no head of an LMDB file is here"));
    }
    let transaction = numbers.u64(at + TREES + 2 * TREE_HEAD + 8)?;
    Ok((transaction, numbers.tree(at + TREES + TREE_HEAD)?))
}

/// A branch or leaf.
#[derive(Debug, Clone, Copy)]
struct Page {
    at: usize,
    is_branch: bool,
    nodes: u16,
    /// Where the nodes start within the page.
    upper: usize,
    end: usize,
}

/// A node of a page.
struct Node {
    at: usize,
    /// Size of the value, or the lower part of the number of a page.
    number: u32,
    flags: u16,
    key: Range<usize>,
    /// Where the page ends.
    limit: usize,
}

impl Page {
    fn node(&self, numbers: &Numbers<'_>, place: u16) -> Result<Node, PageError> {
        let pointer = self.at + PAGE_HEAD + 2 * place as usize;
        let within = numbers.u16(pointer)? as usize;
        let at = self.at + within;
        if within < self.upper || at + NODE_HEAD > self.end {
            return Err(fault(
                pointer,
                format!("a node at {within}, outside its page"),
            ));
        }
        let key = at + NODE_HEAD..at + NODE_HEAD + numbers.u16(at + 6)? as usize;
        if key.end > self.end {
            return Err(fault(at + 6, "a key leaves its page"));
        }
        Ok(Node {
            at,
            number: numbers.u32(at)?,
            flags: numbers.u16(at + 4)?,
            key,
            limit: self.end,
        })
    }
}

impl Node {
    /// The page that a branch's node leads to; the flags are the upper part of its number.
    const fn page_number(&self) -> u64 {
        self.number as u64 | (self.flags as u64) << 32
    }
}
