//! Reads the pickles of CIFAR-10's Python archive, and nothing more than they need.
//!
//! A pickle is a program for a small stack machine. Python's own reader lets it import any name
//! and call it; this one knows seven names, all of which only describe NumPy arrays and byte
//! strings, and refuses every other. Nothing is executed, no object refers to another except by
//! number, and time and memory are bounded by the file's length.
//!
//! The format: Python's `pickletools` module documents every opcode (protocols 0 to 5). The
//! archive was written with protocol 2 by Python 2; what Python 3 and newer NumPy versions write
//! for the same content is read too.

use std::{borrow::Cow, collections::HashMap, ops::Range};

/// More operations than any archive of this kind has; a batch of 10,000 images has some 60,000.
const MAX_OPERATIONS: usize = 4_000_000;

/// NumPy's own limit is 64; images need two to four.
const MAX_DIMENSIONS: usize = 8;

/// Number of a value within its [`Pickle`].
pub(crate) type Id = usize;

/// Why a pickle cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct PickleError {
    /// Place in the file, in bytes.
    pub offset: usize,
    /// What is wrong there.
    pub reason: String,
}

/// Bytes of a pickle: a part of the file, or made while reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PickledBytes {
    /// They lie in the file as they are.
    InFile(Range<usize>),
    /// They were escaped in the file.
    Owned(Vec<u8>),
}

/// A NumPy array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PickledArray {
    pub(crate) shape: Vec<u64>,
    /// Element type as NumPy names it, for example `u1`.
    pub(crate) element: String,
    /// True where the first index runs fastest.
    pub(crate) column_major: bool,
    /// The elements' bytes.
    pub(crate) data: Id,
}

/// The few names that a pickle may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Import {
    Reconstruct,
    NdArray,
    Dtype,
    FromBuffer,
    CodecsEncode,
    BytesType,
}

impl Import {
    fn find(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Self::Reconstruct
            }
            ("numpy", "ndarray") => Self::NdArray,
            ("numpy", "dtype") => Self::Dtype,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Self::FromBuffer,
            ("_codecs", "encode") => Self::CodecsEncode,
            ("__builtin__" | "builtins", "bytes") => Self::BytesType,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone)]
enum Node {
    None,
    Integer(i64),
    Float,
    Bytes(PickledBytes),
    /// UTF-8, or made while reading.
    Text(PickledBytes),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Import(Import),
    Dtype(String),
    /// An array whose content has not come yet.
    EmptyArray,
    Array(PickledArray),
}

/// A pickle that was read.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    input: &'a [u8],
    nodes: Vec<Node>,
    root: Id,
}

impl<'a> Pickle<'a> {
    /// Reads the pickle that `input` starts with.
    pub(crate) fn read(input: &'a [u8]) -> Result<Self, PickleError> {
        let mut machine = Machine {
            input,
            at: 0,
            operation_at: 0,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            // Escaped text is copied once when read and once when encoded to bytes.
            copy_budget: 4 * input.len(),
        };
        let root = machine.run()?;
        Ok(Self {
            input,
            nodes: machine.nodes,
            root,
        })
    }

    /// The value under `key` of the dictionary that the pickle is.
    pub(crate) fn get(&self, key: &str) -> Option<Id> {
        let Node::Dict(pairs) = &self.nodes[self.root] else {
            return None;
        };
        pairs
            .iter()
            .rev()
            .find(|(name, _)| self.bytes(*name) == Some(key.as_bytes()))
            .map(|(_, value)| *value)
    }

    /// Members of a list or tuple.
    pub(crate) fn members(&self, id: Id) -> Option<&[Id]> {
        match &self.nodes[id] {
            Node::List(members) | Node::Tuple(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, id: Id) -> Option<i64> {
        match self.nodes[id] {
            Node::Integer(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, id: Id) -> Option<Cow<'_, str>> {
        self.bytes(id).map(String::from_utf8_lossy)
    }

    pub(crate) fn array(&self, id: Id) -> Option<&PickledArray> {
        match &self.nodes[id] {
            Node::Array(array) => Some(array),
            _ => None,
        }
    }

    /// A byte string, or text.
    pub(crate) fn pickled_bytes(&self, id: Id) -> Option<&PickledBytes> {
        match &self.nodes[id] {
            Node::Bytes(bytes) | Node::Text(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The bytes themselves, wherever they lie.
    pub(crate) fn resolve<'s>(&'s self, bytes: &'s PickledBytes) -> &'s [u8] {
        resolve(self.input, bytes)
    }

    /// Content of a byte string or text: Python 2 made no difference.
    fn bytes(&self, id: Id) -> Option<&[u8]> {
        self.pickled_bytes(id)
            .map(|bytes| resolve(self.input, bytes))
    }
}

fn resolve<'s>(input: &'s [u8], bytes: &'s PickledBytes) -> &'s [u8] {
    match bytes {
        PickledBytes::InFile(range) => &input[range.clone()],
        PickledBytes::Owned(bytes) => bytes,
    }
}

struct Machine<'a> {
    input: &'a [u8],
    at: usize,
    operation_at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    copy_budget: usize,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Id, PickleError> {
        for _ in 0..MAX_OPERATIONS {
            self.operation_at = self.at;
            let opcode = self.take(1)?[0];
            if opcode == b'.' {
                return self.pop();
            }
            self.step(opcode)?;
        }
        Err(self.error("more operations than an image batch can need"))
    }

    fn step(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Integer(1)),
            0x89 => self.push(Node::Integer(0)),
            b'I' | b'J' | b'K' | b'M' | b'L' | 0x8a => self.number(opcode),
            b'F' => {
                self.line()?;
                self.push(Node::Float)
            }
            b'G' => {
                self.take(8)?;
                self.push(Node::Float)
            }
            b'S' | b'V' => self.escaped(opcode),
            b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 => {
                let range = self.counted(opcode)?;
                self.push(Node::Bytes(PickledBytes::InFile(range)))
            }
            b'X' | 0x8c | 0x8d => {
                let range = self.counted(opcode)?;
                self.push(Node::Text(PickledBytes::InFile(range)))
            }
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b']' | b')' | b'}' | b'l' | b't' | b'd' | 0x85..=0x87 => self.container(opcode),
            b'a' | b'e' | b's' | b'u' => self.extend(opcode),
            b'0' | b'1' | b'2' => self.shuffle_stack(opcode),
            b'p' | b'q' | b'r' | b'g' | b'h' | b'j' | 0x94 => self.memory(opcode),
            b'c' | 0x93 => self.import(opcode),
            b'R' => self.reduce(),
            b'b' => self.build(),
            0x80 => self.protocol(),
            0x95 => self.take(8).map(|_| ()),
            other => Err(self.error(&format!(
                "operation {other:#04x} has no place in an image batch"
            ))),
        }
    }

    fn protocol(&mut self) -> Result<(), PickleError> {
        let version = self.take(1)?[0];
        if version > 5 {
            return Err(self.error(&format!("pickle protocol {version} is not known")));
        }
        Ok(())
    }

    fn number(&mut self, opcode: u8) -> Result<(), PickleError> {
        let value = match opcode {
            b'J' => i64::from(i32::from_le_bytes(self.array()?)),
            b'K' => i64::from(self.take(1)?[0]),
            b'M' => i64::from(u16::from_le_bytes(self.array()?)),
            0x8a => {
                let length = usize::from(self.take(1)?[0]);
                self.long(length)?
            }
            _ => {
                let range = self.line()?;
                std::str::from_utf8(&self.input[range])
                    .ok()
                    .and_then(|text| text.trim_end_matches('L').parse().ok())
                    .ok_or_else(|| self.error("not a whole number of 64 bits"))?
            }
        };
        self.push(Node::Integer(value))
    }

    fn long(&mut self, length: usize) -> Result<i64, PickleError> {
        if length > 8 {
            return Err(self.error("a whole number of more than 64 bits"));
        }
        let bytes = self.take(length)?;
        let negative = bytes.last().is_some_and(|byte| *byte >= 0x80);
        let mut value = [if negative { 0xff } else { 0 }; 8];
        value[..length].copy_from_slice(bytes);
        Ok(i64::from_le_bytes(value))
    }

    /// A string of protocol 0: `S'...'` with Python's escapes, `V...` with `\u` and four digits.
    fn escaped(&mut self, opcode: u8) -> Result<(), PickleError> {
        let range = self.line()?;
        self.charge(range.len())?;
        let line = &self.input[range];
        let node = if opcode == b'S' {
            unquote(line).map(|bytes| Node::Bytes(PickledBytes::Owned(bytes)))
        } else {
            raw_unicode(line).map(|text| Node::Text(PickledBytes::Owned(text.into_bytes())))
        };
        let node = node.ok_or_else(|| self.error("a malformed string"))?;
        self.push(node)
    }

    /// The place of a string whose length stands before it.
    fn counted(&mut self, opcode: u8) -> Result<Range<usize>, PickleError> {
        let length = match opcode {
            b'U' | b'C' | 0x8c => u64::from(self.take(1)?[0]),
            b'T' | b'B' | b'X' => u64::from(u32::from_le_bytes(self.array()?)),
            _ => u64::from_le_bytes(self.array()?),
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let start = self.at;
        self.take(length)?;
        Ok(start..self.at)
    }

    fn container(&mut self, opcode: u8) -> Result<(), PickleError> {
        let members = match opcode {
            b'l' | b't' | b'd' => self.pop_to_mark()?,
            0x85..=0x87 => self.pop_many(usize::from(opcode - 0x84))?,
            _ => Vec::new(),
        };
        let node = match opcode {
            b']' | b'l' => Node::List(members),
            b'}' | b'd' => Node::Dict(self.pairs(&members)?),
            _ => Node::Tuple(members),
        };
        self.push(node)
    }

    fn extend(&mut self, opcode: u8) -> Result<(), PickleError> {
        let members = match opcode {
            b'a' => self.pop_many(1)?,
            b's' => self.pop_many(2)?,
            _ => self.pop_to_mark()?,
        };
        let pairs = if matches!(opcode, b's' | b'u') {
            Some(self.pairs(&members)?)
        } else {
            None
        };
        let target = self.top()?;
        match (&mut self.nodes[target], pairs) {
            (Node::List(list), None) => list.extend(members),
            (Node::Dict(dict), Some(pairs)) => dict.extend(pairs),
            _ => return Err(self.error("added to something that is no list or dictionary")),
        }
        Ok(())
    }

    fn shuffle_stack(&mut self, opcode: u8) -> Result<(), PickleError> {
        match opcode {
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_to_mark()?;
            }
            _ => {
                let top = self.top()?;
                self.stack.push(top);
            }
        }
        Ok(())
    }

    fn memory(&mut self, opcode: u8) -> Result<(), PickleError> {
        let place = match opcode {
            b'q' | b'h' => u64::from(self.take(1)?[0]),
            b'r' | b'j' => u64::from(u32::from_le_bytes(self.array()?)),
            0x94 => self.memo.len() as u64,
            _ => {
                let range = self.line()?;
                std::str::from_utf8(&self.input[range])
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| self.error("a malformed memo number"))?
            }
        };
        if matches!(opcode, b'g' | b'h' | b'j') {
            let id = self.memo.get(&place).copied();
            let id = id.ok_or_else(|| self.error("a memo number that was never given"))?;
            self.stack.push(id);
        } else {
            let top = self.top()?;
            self.memo.insert(place, top);
        }
        Ok(())
    }

    fn import(&mut self, opcode: u8) -> Result<(), PickleError> {
        let (module, name) = if opcode == b'c' {
            let module = self.line()?;
            let name = self.line()?;
            (self.owned_text(module), self.owned_text(name))
        } else {
            let name = self.pop()?;
            let module = self.pop()?;
            (self.short_text(module)?, self.short_text(name)?)
        };
        let import = Import::find(&module, &name).ok_or_else(|| {
            self.error(&format!(
                "the file asks for {module}.{name}, which no image batch needs; it may be harmful"
            ))
        })?;
        self.push(Node::Import(import))
    }

    /// Calls one of the known names.
    fn reduce(&mut self) -> Result<(), PickleError> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        let (Node::Import(import), Node::Tuple(arguments)) =
            (&self.nodes[callee], &self.nodes[arguments])
        else {
            return Err(self.error("a call of something that cannot be called"));
        };
        // No call has more than four arguments; a longer tuple is not worth copying.
        let (import, arguments) = (
            *import,
            arguments.iter().copied().take(5).collect::<Vec<_>>(),
        );
        let node = match import {
            Import::Reconstruct => Node::EmptyArray,
            Import::Dtype => {
                let name = self.argument(&arguments, 0)?;
                Node::Dtype(self.short_text(name)?)
            }
            Import::CodecsEncode => {
                let text = self.argument(&arguments, 0)?;
                Node::Bytes(PickledBytes::Owned(self.latin1(text)?))
            }
            Import::BytesType if arguments.is_empty() => {
                Node::Bytes(PickledBytes::Owned(Vec::new()))
            }
            Import::FromBuffer => self.array_from_buffer(&arguments)?,
            Import::NdArray | Import::BytesType => {
                return Err(self.error("a call that no image batch needs"));
            }
        };
        self.push(node)
    }

    /// `_frombuffer(bytes, dtype, shape, order)`, as NumPy writes with protocol 5.
    fn array_from_buffer(&self, arguments: &[Id]) -> Result<Node, PickleError> {
        let order = self.short_text(self.argument(arguments, 3)?)?;
        self.make_array(
            self.argument(arguments, 2)?,
            self.argument(arguments, 1)?,
            order == "F",
            self.argument(arguments, 0)?,
        )
    }

    /// Gives an array its content: (version, shape, dtype, column-major, bytes). A dtype's state
    /// (byte order and the like) says nothing about single bytes.
    fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let target = self.top()?;
        match &self.nodes[target] {
            Node::Dtype(_) => Ok(()),
            Node::EmptyArray => {
                let Node::Tuple(state) = &self.nodes[state] else {
                    return Err(self.error("an array without content"));
                };
                let column_major = matches!(
                    self.nodes[self.argument(state, 3)?],
                    Node::Integer(value) if value != 0
                );
                let array = self.make_array(
                    self.argument(state, 1)?,
                    self.argument(state, 2)?,
                    column_major,
                    self.argument(state, 4)?,
                )?;
                self.nodes[target] = array;
                Ok(())
            }
            _ => Err(self.error("content for something that takes none")),
        }
    }

    fn make_array(
        &self,
        shape: Id,
        dtype: Id,
        column_major: bool,
        data: Id,
    ) -> Result<Node, PickleError> {
        let (Node::Tuple(shape), Node::Dtype(element), Node::Bytes(_)) =
            (&self.nodes[shape], &self.nodes[dtype], &self.nodes[data])
        else {
            return Err(self.error("a malformed array"));
        };
        if shape.len() > MAX_DIMENSIONS {
            return Err(self.error("a malformed array shape"));
        }
        let shape = shape
            .iter()
            .map(|size| match self.nodes[*size] {
                Node::Integer(size) => u64::try_from(size).ok(),
                _ => None,
            })
            .collect::<Option<Vec<u64>>>()
            .ok_or_else(|| self.error("a malformed array shape"))?;
        Ok(Node::Array(PickledArray {
            shape,
            element: element.clone(),
            column_major,
            data,
        }))
    }

    /// Text whose characters stand for bytes, as Python 3 writes bytes with protocols 0 to 2.
    fn latin1(&mut self, text: Id) -> Result<Vec<u8>, PickleError> {
        let length = match &self.nodes[text] {
            Node::Text(text) => resolve(self.input, text).len(),
            _ => return Err(self.error("bytes made from something that is no text")),
        };
        self.charge(length)?;
        let bytes = match &self.nodes[text] {
            Node::Text(text) => std::str::from_utf8(resolve(self.input, text)).ok(),
            _ => None,
        };
        bytes
            .and_then(|text| text.chars().map(|c| u8::try_from(c).ok()).collect())
            .ok_or_else(|| self.error("text that stands for no bytes"))
    }

    fn argument(&self, arguments: &[Id], place: usize) -> Result<Id, PickleError> {
        let argument = arguments.get(place).copied();
        argument.ok_or_else(|| self.error("a call with too few arguments"))
    }

    fn pairs(&self, members: &[Id]) -> Result<Vec<(Id, Id)>, PickleError> {
        if members.len() % 2 == 1 {
            return Err(self.error("a dictionary key without a value"));
        }
        Ok(members
            .chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect())
    }

    fn short_text(&self, id: Id) -> Result<String, PickleError> {
        match &self.nodes[id] {
            Node::Bytes(bytes) | Node::Text(bytes) => {
                let bytes = resolve(self.input, bytes);
                Ok(String::from_utf8_lossy(&bytes[..bytes.len().min(100)]).into_owned())
            }
            _ => Err(self.error("a name that is no text")),
        }
    }

    fn owned_text(&self, range: Range<usize>) -> String {
        let end = range.end.min(range.start + 100);
        String::from_utf8_lossy(&self.input[range.start..end]).into_owned()
    }

    fn charge(&mut self, bytes: usize) -> Result<(), PickleError> {
        match self.copy_budget.checked_sub(bytes) {
            Some(left) => {
                self.copy_budget = left;
                Ok(())
            }
            None => Err(self.error("more data than the file can hold")),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "ends the arms of `step`")]
    fn push(&mut self, node: Node) -> Result<(), PickleError> {
        self.nodes.push(node);
        self.stack.push(self.nodes.len() - 1);
        Ok(())
    }

    /// Values below the last mark belong to what is being built around it.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, PickleError> {
        match self.stack.last() {
            Some(id) if self.stack.len() > self.floor() => Ok(*id),
            _ => Err(self.error("a value is missing")),
        }
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Id>, PickleError> {
        if self.stack.len() < self.floor() + count {
            return Err(self.error("a value is missing"));
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| self.error("a mark is missing"))?;
        Ok(self.stack.split_off(mark))
    }

    /// The rest of the line, without its end.
    fn line(&mut self) -> Result<Range<usize>, PickleError> {
        let start = self.at;
        let length = self.input[start..].iter().position(|byte| *byte == b'\n');
        let length = length.ok_or_else(|| self.cut_off())?;
        self.at = start + length + 1;
        Ok(start..start + length)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PickleError> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.input.get(self.at..end)) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => Err(self.cut_off()),
        }
    }

    fn cut_off(&self) -> PickleError {
        PickleError {
            offset: self.input.len(),
            reason: "the file ends in the middle".to_owned(),
        }
    }

    fn error(&self, reason: &str) -> PickleError {
        PickleError {
            offset: self.operation_at,
            reason: reason.to_owned(),
        }
    }
}

/// Python's quoted string with its escapes, as `repr` writes byte strings.
fn unquote(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii_end();
    let [quote @ (b'\'' | b'"'), inner @ .., last] = line else {
        return None;
    };
    if quote != last {
        return None;
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        bytes.push(match rest.next()? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => hexadecimal(rest.next()?)? << 4 | hexadecimal(rest.next()?)?,
            same @ (b'\\' | b'\'' | b'"') => same,
            _ => return None,
        });
    }
    Some(bytes)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Python's raw-unicode-escape: Latin-1, with `\u` and four hexadecimal digits for the rest.
fn raw_unicode(line: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let [first, tail @ ..] = rest {
        if *first == b'\\' && tail.first() == Some(&b'u') {
            let code = std::str::from_utf8(tail.get(1..5)?).ok()?;
            text.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
            rest = &tail[5..];
        } else {
            text.push(char::from(*first));
            rest = tail;
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{Pickle, PickledBytes};
    use proptest::prelude::*;

    fn refusal(pickle: &[u8]) -> String {
        Pickle::read(pickle).unwrap_err().to_string()
    }

    #[test]
    fn a_name_that_could_run_something_is_refused() {
        let reason = refusal(b"cos\nsystem\n(S'echo hello'\ntR.");
        assert!(reason.contains("os.system"), "{reason}");
        assert!(reason.ends_with("at byte 0"), "{reason}");
        let reason = refusal(b"\x80\x04\x8c\x02os\x8c\x06system\x93.");
        assert!(reason.contains("os.system"), "{reason}");
    }

    #[test]
    fn numbers_of_every_width_are_read() {
        let pickle = b"(dU\x01aJ\xfe\xff\xff\xffsU\x01bM\x01\x02sU\x01cI-7\nsU\x01d\x8a\x02\x00\xffsU\x01eL9L\ns.";
        let pickle = Pickle::read(pickle).unwrap();
        let number = |key| pickle.integer(pickle.get(key).unwrap()).unwrap();
        assert_eq!(
            ["a", "b", "c", "d", "e"].map(number),
            [-2, 513, -7, -256, 9]
        );
    }

    #[test]
    fn escapes_of_protocol_0_are_read() {
        let pickle = Pickle::read(b"(S'a'\nS'\\x00\\n\\'\"\\\\'\nS'b'\nV\xe9\\u20ac\nd.").unwrap();
        let bytes = pickle.pickled_bytes(pickle.get("a").unwrap()).unwrap();
        assert_eq!(bytes, &PickledBytes::Owned(b"\0\n'\"\\".to_vec()));
        assert_eq!(pickle.text(pickle.get("b").unwrap()).unwrap(), "é€");
    }

    #[test]
    fn a_pickle_that_ends_early_says_so() {
        assert_eq!(
            refusal(b"\x80\x02}q\x01(U\x0bbatch"),
            "the file ends in the middle at byte 13"
        );
        assert!(refusal(b"").contains("ends in the middle"));
    }

    #[test]
    fn bytes_are_not_multiplied_without_bound() {
        // Encodes the same long text again and again: 100,000 characters for a few bytes each.
        let mut pickle = b"X\xa0\x86\x01\x00".to_vec();
        pickle.extend(vec![b'x'; 100_000]);
        pickle.extend(b"q\x000c_codecs\nencode\nq\x010");
        for _ in 0..1000 {
            pickle.extend(b"h\x01h\x00\x85R0");
        }
        pickle.extend(b"N.");
        assert!(refusal(&pickle).contains("more data than the file can hold"));
    }

    #[test]
    fn a_list_that_holds_itself_does_no_harm() {
        let pickle = Pickle::read(b"(dS'a'\n(lp0\ng0\nas.").unwrap();
        let list = pickle.get("a").unwrap();
        assert_eq!(pickle.members(list), Some(&[list][..]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Pickle::read(&bytes);
        }

        #[test]
        fn any_sequence_of_operations_is_read_or_refused(
            operations in proptest::collection::vec(proptest::sample::select(vec![
                &b"("[..], b"t", b"l", b"d", b"K\x01", b"U\x01a", b"}", b"]", b")", b"\x85",
                b"\x86", b"\x87", b"s", b"u", b"a", b"e", b"0", b"1", b"2", b"q\x00", b"h\x00",
                b"cnumpy\ndtype\n", b"cnumpy.core.multiarray\n_reconstruct\n", b"R", b"b",
                b"c_codecs\nencode\n", b"X\x01\x00\x00\x00b", b"N", b"\x89", b"\x94", b".",
            ]), 0..60)
        ) {
            let _ = Pickle::read(&operations.concat());
        }
    }
}
