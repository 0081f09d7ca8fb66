//! Object headers (version 1): all that is said about a dataset or group.

use super::{ALIGNMENT, Bytes, Message};

/// The header of an object with these messages, in one piece.
pub(in crate::hdf5) fn object_header(messages: &[Message]) -> Vec<u8> {
    let mut all = Bytes::default();
    for message in messages {
        let padded = message.body.len().next_multiple_of(ALIGNMENT);
        all.u16(message.kind).u16(padded as u16);
        all.u8(message.flags).zeros(3).put(&message.body).align();
    }
    let mut header = Bytes::default();
    header.u8(1).u8(0).u16(messages.len() as u16);
    // One link leads here.
    header.u32(1).u32(all.len() as u32).u32(0);
    header.put(all.as_slice());
    header.take()
}
