//! What is wrong with the bytes of a file, found by those who know the bytes and not the file.

use crate::{LayoutError, error::BadSampleReason};
use std::path::Path;

/// Something wrong at a byte of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where in the file.
    pub(crate) offset: u64,
    /// What is wrong there.
    pub(crate) reason: String,
}

impl Fault {
    pub(crate) fn new(offset: u64, reason: impl Into<String>) -> Self {
        Self {
            offset,
            reason: reason.into(),
        }
    }

    /// The same fault, where the bytes that were looked at start at `start` of the file.
    pub(crate) fn behind(mut self, start: u64) -> Self {
        self.offset = self.offset.saturating_add(start);
        self
    }

    /// The fault of a file.
    pub(crate) fn of(self, path: &Path) -> LayoutError {
        LayoutError::container(path, self.offset, self.reason)
    }
}

impl From<Fault> for BadSampleReason {
    fn from(fault: Fault) -> Self {
        Self::Damaged {
            offset: fault.offset,
            reason: fault.reason,
        }
    }
}

/// Part of a file's bytes.
pub(crate) fn part(bytes: &[u8], offset: u64, length: u64) -> Result<&[u8], Fault> {
    let end = offset.checked_add(length);
    end.filter(|end| *end <= bytes.len() as u64)
        .map(|end| &bytes[offset as usize..end as usize])
        .ok_or_else(|| {
            let found = bytes.len();
            Fault::new(
                offset,
                format!("{length} bytes from here on reach beyond the {found} that there are"),
            )
        })
}
