//! Where `prepare` and `verify` take samples from.

use crate::SourceError;
use ielade_core::{Sample, Split};

/// One split of a data set: names, labels and images, readable from many threads at once.
pub trait SampleSource: Sync {
    /// Memory that a thread reads into.
    type Buffer: Default + Send;

    /// Name of the data set.
    fn data_set(&self) -> &str;

    /// Which part of the data set.
    fn split(&self) -> Split;

    /// Names of the classes; a label is an index into them.
    fn classes(&self) -> &[String];

    /// Where the data set lies, as the user named it.
    fn origin(&self) -> String;

    /// Number of samples.
    fn len(&self) -> usize;

    /// True without any sample.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Name of a sample: unique and stable.
    fn key(&self, index: usize) -> &str;

    /// Label of a sample, if it has one.
    fn label(&self, index: usize) -> Option<u32>;

    /// Whether [`SampleSource::read`] gives what the data set's authors published, byte for byte,
    /// so that a store's digests of that can be compared with it.
    fn is_as_published(&self) -> bool {
        true
    }

    /// Reads a sample: the bytes as published, or its pixels where the data set publishes these.
    ///
    /// # Errors
    /// Where it cannot be read.
    fn read<'a>(
        &'a self,
        index: usize,
        buffer: &'a mut Self::Buffer,
    ) -> Result<Sample<'a>, SourceError>;
}
