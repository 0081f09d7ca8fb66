//! The dataspace message: a dataset's dimensions.

use super::cursor::Cursor;
use crate::columns::fault::Fault;

/// Most dimensions that the format knows.
const MAX_RANK: u8 = 32;

/// A dataset's dimensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dataspace {
    /// Length of each, the slowest first; none of a single value.
    pub(super) shape: Vec<u64>,
    /// What each may grow to; `u64::MAX` for any length.
    pub(super) most: Vec<u64>,
}

impl Dataspace {
    pub(super) fn parse(mut cursor: Cursor<'_>) -> Result<Self, Fault> {
        const HAS_MOST: u8 = 1;
        const NULL: u8 = 2;
        let version = cursor.version(&[1, 2], "a dataspace")?;
        let rank = cursor.u8()?;
        let flags = cursor.u8()?;
        if rank > MAX_RANK {
            return Err(cursor.fault(format!("{rank} dimensions, more than {MAX_RANK}")));
        }
        if version == 1 {
            cursor.skip(5)?;
        } else if cursor.u8()? == NULL {
            // Without values, not even one.
            return Ok(Self {
                shape: vec![0],
                most: vec![0],
            });
        }
        let mut lengths =
            || -> Result<Vec<u64>, Fault> { (0..rank).map(|_| cursor.length()).collect() };
        let shape = lengths()?;
        let most = if flags & HAS_MOST == 0 {
            shape.clone()
        } else {
            // All bits set, of whatever length, mean any.
            let unlimited = u64::MAX >> (64 - 8 * cursor.source.length_bytes as u32);
            let most = (0..rank).map(|_| cursor.length());
            let most =
                most.map(|most| most.map(|most| if most == unlimited { u64::MAX } else { most }));
            most.collect::<Result<_, _>>()?
        };
        Ok(Self { shape, most })
    }

    /// Number of values; `None` for more than can be counted.
    pub(super) fn values(&self) -> Option<u64> {
        let mut lengths = self.shape.iter();
        lengths.try_fold(1_u64, |product, length| product.checked_mul(*length))
    }
}
