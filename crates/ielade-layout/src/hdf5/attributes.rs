//! The attributes of a group or dataset, as far as they are text.

use super::{
    cursor::{Cursor, Source},
    dataspace::Dataspace,
    datatype::{Datatype, Kind},
    global_heap::GlobalHeap,
    links::for_each_object,
    object_header::{ATTRIBUTE, ATTRIBUTE_INFO, DATASPACE, DATATYPE, Message, shared},
};
use crate::columns::fault::Fault;

/// Texts of an attribute or dataset, at most.
const MAX_TEXTS: u64 = 1 << 20;

/// Bytes of them all, at most: many may be one and the same in the file.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// An attribute that is text: one, or a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextAttribute {
    pub(super) name: String,
    pub(super) texts: Vec<String>,
}

/// The attributes among an object's messages that are text. Those that cannot be read are left
/// out: none of them is needed.
pub(super) fn texts_of(source: Source<'_>, messages: &[Message<'_>]) -> Vec<TextAttribute> {
    let mut found = Vec::new();
    for message in messages {
        let Ok(content) = message.content() else {
            continue;
        };
        match message.kind {
            ATTRIBUTE => found.extend(attribute(content).ok().flatten()),
            ATTRIBUTE_INFO => {
                let _ = dense(source, content, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Attributes that are kept in a heap of their own, if there are any.
fn dense(
    source: Source<'_>,
    mut info: Cursor<'_>,
    found: &mut Vec<TextAttribute>,
) -> Result<(), Fault> {
    const HAS_ORDER: u8 = 1;
    info.version(&[0], "an object's attributes")?;
    if info.u8()? & HAS_ORDER != 0 {
        info.skip(2)?;
    }
    let (Some(heap), Some(names)) = (info.address()?, info.address()?) else {
        return Ok(());
    };
    // A record starts with the attribute's name in the heap.
    for_each_object(source, (heap, names), (8, 0), &mut |object| {
        found.extend(attribute(object).ok().flatten());
        Ok(())
    })
}

/// An attribute message; `None` where it is no text.
fn attribute(mut cursor: Cursor<'_>) -> Result<Option<TextAttribute>, Fault> {
    const SHARED_TYPE: u8 = 1;
    const SHARED_SPACE: u8 = 2;
    let version = cursor.version(&[1, 2, 3], "an attribute")?;
    let flags = cursor.u8()?;
    let flags = if version == 1 { 0 } else { flags };
    let sizes = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(u64::from);
    if version == 3 {
        cursor.skip(1)?;
    }
    // In version 1 each part is filled up.
    let stored = |bytes: u64| {
        if version == 1 {
            bytes.next_multiple_of(8)
        } else {
            bytes
        }
    };
    let name = cursor.take(stored(sizes[0]))?;
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    let mut part = |bytes: u64, is_shared: bool, kind| {
        let content = cursor.piece(stored(bytes))?;
        if is_shared {
            shared(content, kind)
        } else {
            Ok(content)
        }
    };
    let datatype = part(sizes[1], flags & SHARED_TYPE != 0, DATATYPE)?;
    let space = part(sizes[2], flags & SHARED_SPACE != 0, DATASPACE)?;
    let datatype = Datatype::parse(datatype)?;
    let count = Dataspace::parse(space)?.values().unwrap_or(u64::MAX);
    let texts = texts(&datatype, count, cursor)?;
    Ok(texts.map(|texts| TextAttribute { name, texts }))
}

/// The texts of so many values; `None` where they are no text.
fn texts(
    datatype: &Datatype,
    count: u64,
    mut values: Cursor<'_>,
) -> Result<Option<Vec<String>>, Fault> {
    if !is_text(datatype) {
        return Ok(None);
    }
    if count > MAX_TEXTS {
        return Err(values.fault(format!("{count} texts, more than {MAX_TEXTS}")));
    }
    let mut texts = Texts::new(values.source);
    (0..count)
        .map(|_| texts.read(datatype, values.piece(datatype.size.into())?))
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Whether values are text.
pub(super) fn is_text(datatype: &Datatype) -> bool {
    matches!(datatype.kind, Kind::Text | Kind::VariableText) && datatype.shape.is_empty()
}

/// Reads texts.
pub(super) struct Texts<'a> {
    source: Source<'a>,
    heap: GlobalHeap<'a>,
    /// Bytes that were read, all together.
    bytes: usize,
}

impl<'a> Texts<'a> {
    pub(super) fn new(source: Source<'a>) -> Self {
        Self {
            source,
            heap: GlobalHeap::new(source),
            bytes: 0,
        }
    }

    /// The text of one value.
    pub(super) fn read(
        &mut self,
        datatype: &Datatype,
        mut value: Cursor<'_>,
    ) -> Result<String, Fault> {
        let here = value;
        let bytes = if datatype.kind == Kind::VariableText {
            let piece = self.heap.find(value)?;
            let rest = self.source.bytes.get(piece.offset as usize..);
            rest.and_then(|rest| rest.get(..piece.bytes as usize))
                .unwrap_or_default()
        } else {
            value.take(value.remaining())?
        };
        // Filled up with NUL, or with spaces.
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        self.bytes += text.len();
        if self.bytes > MAX_TEXT_BYTES {
            return Err(here.fault(format!("texts of more than {MAX_TEXT_BYTES} bytes")));
        }
        Ok(String::from_utf8_lossy(text).trim_end().to_owned())
    }
}
