//! The links of a group: names and where what they name is.

use super::{
    cursor::{Cursor, Source},
    fractal_heap::FractalHeap,
    object_header::{self, LINK, LINK_INFO, Message, SYMBOL_TABLE},
    old_tree::OldTree,
    tree::Tree,
};
use crate::columns::fault::Fault;
use std::collections::BTreeSet;

/// Bytes of a name, at most: several may lie on the same bytes of a heap.
const MAX_NAME_BYTES: usize = 1024;

/// A link to an object of the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) name: String,
    /// Address of the object's header.
    pub(super) address: u64,
    /// Where in the file the link is.
    pub(super) offset: u64,
}

/// The links of a group by its messages; `None` where it is no group.
pub(super) fn of_group(
    source: Source<'_>,
    messages: &[Message<'_>],
) -> Result<Option<Vec<Link>>, Fault> {
    let mut links = Vec::new();
    let mut is_group = false;
    for message in messages {
        match message.kind {
            SYMBOL_TABLE => symbol_table(message.content()?, &mut links)?,
            LINK => links.extend(link(message.content()?)?),
            LINK_INFO => dense(source, message.content()?, &mut links)?,
            _ => continue,
        }
        is_group = true;
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = links.iter().find(|link| !names.insert(&link.name[..])) {
        let reason = format!("two objects of a group are called {:?}", twice.name);
        return Err(Fault::new(twice.offset, reason));
    }
    Ok(is_group.then_some(links))
}

/// The links of a symbol table: a B-tree of nodes, whose names are in a heap.
fn symbol_table(mut cursor: Cursor<'_>, links: &mut Vec<Link>) -> Result<(), Fault> {
    let source = cursor.source;
    let tree = cursor.defined_address("a group's B-tree")?;
    let heap = cursor.defined_address("a group's heap")?;
    let names = local_heap(source, heap)?;
    OldTree::Links.walk(source, tree, &mut |_, address| {
        let mut node = source.from(address)?;
        node.signature(*b"SNOD", "a group's node")?;
        node.version(&[1], "a group's node")?;
        node.skip(1)?;
        for _ in 0..node.u16()? {
            links.extend(entry(&mut node, names)?);
        }
        Ok(())
    })
}

/// The bytes of a local heap.
fn local_heap(source: Source<'_>, address: u64) -> Result<Cursor<'_>, Fault> {
    let mut heap = source.from(address)?;
    heap.signature(*b"HEAP", "a group's heap")?;
    heap.version(&[0], "a group's heap")?;
    heap.skip(3)?;
    let bytes = heap.length()?;
    heap.length()?;
    let content = heap.defined_address("the content of a group's heap")?;
    source.piece(content, bytes)
}

/// An entry of a symbol table; `None` for a link by name.
fn entry(node: &mut Cursor<'_>, names: Cursor<'_>) -> Result<Option<Link>, Fault> {
    const BY_NAME: u32 = 2;
    let here = *node;
    let name_at = node.number(node.source.offset_bytes)?;
    let address = node.address()?;
    let kind = node.u32()?;
    node.skip(4 + 16)?;
    let Some(address) = address.filter(|_| kind != BY_NAME) else {
        return Ok(None);
    };
    let mut name = names;
    name.skip(name_at)?;
    let rest = name.take(name.remaining().min(MAX_NAME_BYTES as u64))?;
    let end = rest.iter().position(|byte| *byte == 0);
    let end = end.ok_or_else(|| {
        here.fault(format!(
            "a name that does not end within {MAX_NAME_BYTES} bytes"
        ))
    })?;
    Ok(Some(Link {
        name: String::from_utf8_lossy(&rest[..end]).into_owned(),
        address,
        offset: here.offset(),
    }))
}

/// A link message; `None` for a link by name or into another file.
fn link(mut cursor: Cursor<'_>) -> Result<Option<Link>, Fault> {
    const HAS_KIND: u8 = 0x08;
    const HAS_ORDER: u8 = 0x04;
    const HAS_CHARACTERS: u8 = 0x10;
    const HARD: u8 = 0;
    let offset = cursor.offset();
    cursor.version(&[1], "a link")?;
    let flags = cursor.u8()?;
    let kind = if flags & HAS_KIND == 0 {
        HARD
    } else {
        cursor.u8()?
    };
    if flags & HAS_ORDER != 0 {
        cursor.skip(8)?;
    }
    if flags & HAS_CHARACTERS != 0 {
        cursor.skip(1)?;
    }
    let bytes = cursor.number(1 << (flags & 3))?;
    if bytes > MAX_NAME_BYTES as u64 {
        return Err(cursor.fault(format!("a name of more than {MAX_NAME_BYTES} bytes")));
    }
    let name = String::from_utf8_lossy(cursor.take(bytes)?).into_owned();
    if kind != HARD {
        return Ok(None);
    }
    Ok(Some(Link {
        name,
        address: cursor.defined_address("a linked object")?,
        offset,
    }))
}

/// Links that are kept in a heap of their own, if there are any.
fn dense(source: Source<'_>, mut info: Cursor<'_>, links: &mut Vec<Link>) -> Result<(), Fault> {
    const HAS_ORDER: u8 = 1;
    info.version(&[0], "a group's links")?;
    if info.u8()? & HAS_ORDER != 0 {
        info.skip(8)?;
    }
    let (Some(heap), Some(names)) = (info.address()?, info.address()?) else {
        return Ok(());
    };
    // A record is the name's hash, and the link's name in the heap.
    for_each_object(source, (heap, names), (5, 4), &mut |object| {
        links.extend(link(object)?);
        Ok(())
    })
}

/// Gives what a heap keeps for the records of a B-tree to `take`; records are of a kind, and name
/// the objects behind so many bytes.
pub(super) fn for_each_object<'a>(
    source: Source<'a>,
    (heap, tree): (u64, u64),
    (kind, skipped): (u8, u64),
    take: &mut dyn FnMut(Cursor<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let address = tree;
    let mut heap = FractalHeap::read(source, heap)?;
    let tree = Tree::read(source, address)?;
    if tree.kind != kind {
        let reason = format!("a B-tree of kind {} where {kind} belongs", tree.kind);
        return Err(source.from(address)?.fault(reason));
    }
    tree.walk(&mut |mut record| {
        record.skip(skipped)?;
        let id = record.piece(heap.id_bytes)?;
        take(heap.object(id)?)
    })
}

/// The links of the group whose header is at an address.
pub(super) fn at(source: Source<'_>, address: u64) -> Result<Option<Vec<Link>>, Fault> {
    of_group(source, &object_header::messages(source, address)?)
}

/// Whether these are the messages of a group.
pub(super) fn is_group(messages: &[Message<'_>]) -> bool {
    let of_group = [SYMBOL_TABLE, LINK, LINK_INFO];
    messages
        .iter()
        .any(|message| of_group.contains(&message.kind))
}
