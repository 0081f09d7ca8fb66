//! Labels on their way: kept in a file of their own while the images are written, for containers
//! in which all labels lie together.

use crate::{LayoutError, spool::Spool};
use std::path::Path;

const LABEL_BYTES: usize = size_of::<i64>();

/// The labels of the samples written so far: 8 bytes each, little-endian, -1 for none.
pub(crate) struct LabelSpool(Spool<LABEL_BYTES>);

impl LabelSpool {
    /// Keeps the first `written` labels of a store that was broken off; 0 starts anew.
    ///
    /// # Errors
    /// Where these are not there, or the disk refuses.
    pub(crate) fn open(folder: &Path, written: u32) -> Result<Self, LayoutError> {
        let path = Spool::<LABEL_BYTES>::path_in(folder, "labels");
        Spool::open(path, written).map(Self)
    }

    pub(crate) fn push(&mut self, label: i64) -> Result<(), LayoutError> {
        self.0.push(label.to_le_bytes())
    }

    pub(crate) fn sync(&mut self) -> Result<(), LayoutError> {
        self.0.sync()
    }

    /// Gives every label to `visit`, in order.
    pub(crate) fn read(
        &mut self,
        mut visit: impl FnMut(i64) -> Result<(), LayoutError>,
    ) -> Result<(), LayoutError> {
        self.0
            .records()?
            .try_for_each(|label| visit(i64::from_le_bytes(label?)))
    }

    /// Removes the file: its labels lie where they belong.
    pub(crate) fn remove(self) -> Result<(), LayoutError> {
        self.0.remove()
    }
}

#[cfg(test)]
mod tests {
    use super::LabelSpool;

    #[test]
    fn labels_come_back_as_they_were_given() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = LabelSpool::open(folder.path(), 0).unwrap();
        let mut found = Vec::new();
        for label in [3, -1, i64::MAX] {
            spool.push(label).unwrap();
        }
        spool
            .read(|label| {
                found.push(label);
                Ok(())
            })
            .unwrap();
        assert_eq!(found, [3, -1, i64::MAX]);
        spool.remove().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
