//! Object headers: the messages that describe a group or dataset.

use super::cursor::{CHECKSUM_BYTES, Cursor, Source};
use crate::columns::fault::Fault;
use std::collections::{BTreeSet, VecDeque};

/// Kinds of messages.
pub(super) const DATASPACE: u16 = 0x01;
pub(super) const LINK_INFO: u16 = 0x02;
pub(super) const DATATYPE: u16 = 0x03;
pub(super) const OLD_FILL_VALUE: u16 = 0x04;
pub(super) const FILL_VALUE: u16 = 0x05;
pub(super) const LINK: u16 = 0x06;
pub(super) const EXTERNAL_FILES: u16 = 0x07;
pub(super) const LAYOUT: u16 = 0x08;
pub(super) const FILTERS: u16 = 0x0b;
pub(super) const ATTRIBUTE: u16 = 0x0c;
const CONTINUATION: u16 = 0x10;
pub(super) const SYMBOL_TABLE: u16 = 0x11;
pub(super) const ATTRIBUTE_INFO: u16 = 0x15;

/// Set in a message's flags where it only points to the message.
const SHARED: u8 = 0x02;

/// Most messages of an object.
const MAX_MESSAGES: usize = 1 << 20;

/// One message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) kind: u16,
    is_shared: bool,
    content: Cursor<'a>,
}

impl<'a> Message<'a> {
    /// What it says; where that is kept with another object, what is said there.
    pub(super) fn content(&self) -> Result<Cursor<'a>, Fault> {
        if self.is_shared {
            return shared(self.content, self.kind);
        }
        Ok(self.content)
    }
}

/// The message of another object that this one points to.
pub(super) fn shared(mut pointer: Cursor<'_>, kind: u16) -> Result<Cursor<'_>, Fault> {
    let here = pointer;
    let version = pointer.version(&[1, 2, 3], "a shared message")?;
    let way = pointer.u8()?;
    if version == 1 {
        pointer.skip(6)?;
    } else if version == 3 && way == 1 {
        return Err(here.fault("messages in the file's own heap of shared messages are not read"));
    }
    let address = pointer.defined_address("a shared message")?;
    let found = messages(pointer.source, address)?;
    let found = found.into_iter().find(|found| found.kind == kind);
    match found {
        // One that points on could point in a circle.
        Some(found) if !found.is_shared => Ok(found.content),
        _ => Err(here.fault(format!(
            "the object at address {address} does not hold the shared message"
        ))),
    }
}

/// All messages of the object whose header is at an address.
pub(super) fn messages(source: Source<'_>, address: u64) -> Result<Vec<Message<'_>>, Fault> {
    let mut cursor = source.from(address)?;
    let signature = cursor.source.piece(address, 4)?.take(4)?;
    let mut header = if signature == b"OHDR" {
        second_form(&mut cursor)?
    } else {
        first_form(&mut cursor)?
    };
    let mut found = Vec::new();
    let mut seen = BTreeSet::from([address]);
    while let Some(block) = header.blocks.pop_front() {
        header.read_block(block, &mut found)?;
        while let Some((address, bytes, at)) = header.continued.pop() {
            if !seen.insert(address) {
                return Err(Fault::new(at, "the object's header continues in a circle"));
            }
            let block = header.continuation(source, address, bytes)?;
            header.blocks.push_back(block);
        }
    }
    Ok(found)
}

/// A header while it is read.
struct Header<'a> {
    /// Whether it is of version 1.
    is_first: bool,
    /// Whether messages tell when they were made.
    is_ordered: bool,
    /// Blocks of messages that are still to be read.
    blocks: VecDeque<Cursor<'a>>,
    /// Address and bytes of further blocks, and where that was read.
    continued: Vec<(u64, u64, u64)>,
}

fn first_form<'a>(cursor: &mut Cursor<'a>) -> Result<Header<'a>, Fault> {
    cursor.version(&[1], "an object's header")?;
    // A reserved byte, number of messages, references to the object.
    cursor.skip(1 + 2 + 4)?;
    let bytes = cursor.u32()?;
    cursor.align(8)?;
    Ok(Header {
        is_first: true,
        is_ordered: false,
        blocks: VecDeque::from([cursor.piece(bytes.into())?]),
        continued: Vec::new(),
    })
}

fn second_form<'a>(cursor: &mut Cursor<'a>) -> Result<Header<'a>, Fault> {
    const TIMES: u8 = 0x20;
    const LIMITS: u8 = 0x10;
    const ORDER: u8 = 0x04;
    let mut whole = *cursor;
    cursor.signature(*b"OHDR", "an object's header")?;
    cursor.version(&[2], "an object's header")?;
    let flags = cursor.u8()?;
    if flags & TIMES != 0 {
        cursor.skip(16)?;
    }
    if flags & LIMITS != 0 {
        cursor.skip(4)?;
    }
    let bytes = cursor.number(1 << (flags & 3))?;
    let prefix = cursor.offset() - whole.offset();
    let guarded = prefix
        .checked_add(bytes)
        .and_then(|bytes| bytes.checked_add(CHECKSUM_BYTES));
    let guarded = guarded.ok_or_else(|| cursor.fault("the header's length overflows"))?;
    let mut block = whole.checked(guarded)?;
    block.skip(prefix)?;
    Ok(Header {
        is_first: false,
        is_ordered: flags & ORDER != 0,
        blocks: VecDeque::from([block]),
        continued: Vec::new(),
    })
}

impl<'a> Header<'a> {
    /// The messages of a block that the header continues in.
    fn continuation(
        &self,
        source: Source<'a>,
        address: u64,
        bytes: u64,
    ) -> Result<Cursor<'a>, Fault> {
        if self.is_first {
            return source.piece(address, bytes);
        }
        let mut block = source.checked(address, bytes)?;
        block.signature(*b"OCHK", "the continuation of an object's header")?;
        Ok(block)
    }

    fn read_block(
        &mut self,
        mut block: Cursor<'a>,
        found: &mut Vec<Message<'a>>,
    ) -> Result<(), Fault> {
        let prefix = match (self.is_first, self.is_ordered) {
            (true, _) => 8,
            (false, true) => 6,
            (false, false) => 4,
        };
        // What is shorter than the start of a message is a gap.
        while block.remaining() >= prefix {
            let here = block.offset();
            let (kind, bytes) = if self.is_first {
                (block.u16()?, block.u16()?)
            } else {
                (block.u8()?.into(), block.u16()?)
            };
            let flags = block.u8()?;
            block.skip(prefix - if self.is_first { 5 } else { 4 })?;
            let mut content = block.piece(bytes.into())?;
            if kind == CONTINUATION {
                let address = content.defined_address("the header's continuation")?;
                self.continued.push((address, content.length()?, here));
                continue;
            }
            if found.len() == MAX_MESSAGES {
                return Err(block.fault("the object has too many messages"));
            }
            found.push(Message {
                kind,
                is_shared: flags & SHARED != 0,
                content,
            });
        }
        Ok(())
    }
}

/// The first message of a kind.
pub(super) fn first<'a>(messages: &[Message<'a>], kind: u16) -> Option<Message<'a>> {
    messages
        .iter()
        .find(|message| message.kind == kind)
        .copied()
}
