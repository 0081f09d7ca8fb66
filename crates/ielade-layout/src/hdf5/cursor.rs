//! Pieces of a file and the numbers in them, each checked to lie within it.

use super::checksum::lookup3;
use crate::columns::fault::Fault;

/// Bytes of a checksum.
pub(super) const CHECKSUM_BYTES: u64 = 4;

/// A file's bytes, and what its superblock says of how to read them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// The whole file.
    pub(super) bytes: &'a [u8],
    /// Where in the file address 0 is.
    pub(super) base: u64,
    /// Bytes of an address.
    pub(super) offset_bytes: usize,
    /// Bytes of a length.
    pub(super) length_bytes: usize,
}

impl<'a> Source<'a> {
    /// Where in the file an address is.
    pub(super) fn offset(&self, address: u64) -> Result<u64, Fault> {
        self.base
            .checked_add(address)
            .filter(|offset| *offset <= self.bytes.len() as u64)
            .ok_or_else(|| {
                let reason = format!(
                    "address {address} lies outside of the file, which has {} bytes",
                    self.bytes.len()
                );
                Fault::new(self.base.saturating_add(address), reason)
            })
    }

    /// Everything from an address on.
    pub(super) fn from(&self, address: u64) -> Result<Cursor<'a>, Fault> {
        let start = self.offset(address)?;
        Ok(Cursor {
            source: *self,
            start,
            bytes: &self.bytes[start as usize..],
            at: 0,
        })
    }

    /// So many bytes at an address.
    pub(super) fn piece(&self, address: u64, bytes: u64) -> Result<Cursor<'a>, Fault> {
        self.from(address)?.piece(bytes)
    }

    /// So many bytes at an address, of which the last four are a checksum of the others: those
    /// others.
    pub(super) fn checked(&self, address: u64, bytes: u64) -> Result<Cursor<'a>, Fault> {
        self.from(address)?.checked(bytes)
    }
}

/// A place in a piece of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) source: Source<'a>,
    /// Where in the file the piece starts.
    start: u64,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Where in the file it is.
    pub(super) const fn offset(&self) -> u64 {
        self.start + self.at as u64
    }

    /// Bytes up to the end of the piece.
    pub(super) const fn remaining(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// Something wrong here.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.offset(), reason)
    }

    pub(super) fn take(&mut self, bytes: u64) -> Result<&'a [u8], Fault> {
        if bytes > self.remaining() {
            let reason = format!(
                "{bytes} bytes are to be here, but the piece of the file ends after {}",
                self.remaining()
            );
            return Err(self.fault(reason));
        }
        let end = self.at + bytes as usize;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), Fault> {
        self.take(bytes).map(drop)
    }

    /// The next so many bytes as a piece of their own.
    pub(super) fn piece(&mut self, bytes: u64) -> Result<Self, Fault> {
        let start = self.offset();
        Ok(Self {
            source: self.source,
            start,
            bytes: self.take(bytes)?,
            at: 0,
        })
    }

    /// As [`Source::checked`].
    pub(super) fn checked(&mut self, bytes: u64) -> Result<Self, Fault> {
        let mut piece = self.piece(bytes)?;
        let Some(guarded) = bytes.checked_sub(CHECKSUM_BYTES) else {
            return Err(piece.fault("it is too short for a checksum"));
        };
        let content = piece.piece(guarded)?;
        let found = lookup3(content.bytes);
        let stored = piece.u32()?;
        if found == stored {
            return Ok(content);
        }
        Err(content.fault(format!(
            "the checksum of these {guarded} bytes is {found:08x} where {stored:08x} is recorded"
        )))
    }

    /// Little-endian, of at most 8 bytes.
    pub(super) fn number(&mut self, bytes: usize) -> Result<u64, Fault> {
        let taken = self.take(bytes as u64)?;
        let mut wide = [0; 8];
        match wide.get_mut(..bytes) {
            Some(room) => room.copy_from_slice(taken),
            None => return Err(self.fault(format!("a number of {bytes} bytes"))),
        }
        Ok(u64::from_le_bytes(wide))
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        Ok(self.number(1)? as u8)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        Ok(self.number(2)? as u16)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(self.number(4)? as u32)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.number(8)
    }

    /// An address; `None` for the undefined one, all of whose bits are set.
    pub(super) fn address(&mut self) -> Result<Option<u64>, Fault> {
        let bytes = self.source.offset_bytes;
        let address = self.number(bytes)?;
        let undefined = u64::MAX >> (64 - 8 * bytes as u32);
        Ok(Some(address).filter(|address| *address != undefined))
    }

    /// An address that must be defined; of `what`.
    pub(super) fn defined_address(&mut self, what: &str) -> Result<u64, Fault> {
        let here = *self;
        let address = self.address()?;
        address.ok_or_else(|| here.fault(format!("the address of {what} is not defined")))
    }

    pub(super) fn length(&mut self) -> Result<u64, Fault> {
        self.number(self.source.length_bytes)
    }

    /// Fails unless the next bytes are the signature of `what`.
    pub(super) fn signature(&mut self, signature: [u8; 4], what: &str) -> Result<(), Fault> {
        let here = *self;
        if self.take(4)? == signature {
            return Ok(());
        }
        let name = String::from_utf8_lossy(&signature);
        Err(here.fault(format!(
            "{what} is to be here, but it does not start with {name}"
        )))
    }

    /// Fails unless the next byte is one of these versions of `what`.
    pub(super) fn version(&mut self, known: &[u8], what: &str) -> Result<u8, Fault> {
        let here = *self;
        let found = self.u8()?;
        if known.contains(&found) {
            return Ok(found);
        }
        Err(here.fault(format!("version {found} of {what} is not known")))
    }

    /// Moves on to a multiple of `unit` bytes from the start of the piece.
    pub(super) fn align(&mut self, unit: usize) -> Result<(), Fault> {
        let padding = self.at.next_multiple_of(unit) - self.at;
        self.skip(padding as u64)
    }
}

/// Bytes of the file that may still be walked through. A file whose parts lie on each other, or
/// lead in a circle, would otherwise never end, or become more in memory than it is on disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    left: u64,
    what: &'static str,
}

impl Budget {
    /// As many bytes as the file has, for parts that are `what`.
    pub(super) const fn new(source: &Source<'_>, what: &'static str) -> Self {
        Self {
            left: source.bytes.len() as u64,
            what,
        }
    }

    /// Counts a part of so many bytes at an offset.
    pub(super) fn spend(&mut self, bytes: u64, offset: u64) -> Result<(), Fault> {
        match self.left.checked_sub(bytes.max(1)) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::new(
                offset,
                format!(
                    "{} have more bytes than the file: they lie on each other, or lead in a circle",
                    self.what
                ),
            )),
        }
    }
}
