//! The seam through which `prepare` writes: samples into one store.

use crate::LayoutError;
use ielade_core::{Sample, manifest::DataFile};

/// Writes samples into one store, in order.
pub trait LayoutWriter: Send {
    /// Appends a sample whose payload already has the store's encoding.
    ///
    /// # Errors
    /// Where the payload has another encoding or size than the store, or the disk refuses.
    fn push(&mut self, sample: &Sample<'_>) -> Result<(), LayoutError>;

    /// Brings everything pushed so far onto the disk, so that writing can continue from here
    /// after a kill.
    ///
    /// # Errors
    /// Where the disk refuses.
    fn checkpoint(&mut self) -> Result<(), LayoutError>;

    /// Completes the container's files and lists them with their digests.
    ///
    /// # Errors
    /// Where the disk refuses.
    fn finish(self: Box<Self>) -> Result<Vec<DataFile>, LayoutError>;
}
