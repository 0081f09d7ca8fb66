//! A split of a data set as a source of samples.

use crate::{SampleSource, SourceError};
use ielade_core::{Sample, Split};
use ielade_dataset::{DataSet, SampleBuffer, SourceKind, SplitSamples};

/// One split of an opened [`DataSet`], for [`prepare`](crate::prepare()) and
/// [`verify`](crate::verify).
#[derive(Debug, Clone, Copy)]
pub struct DataSetSplit<'a> {
    data_set: &'a DataSet,
    split: Split,
    samples: &'a SplitSamples,
}

impl<'a> DataSetSplit<'a> {
    /// The split of that name; `None` where the data set has none.
    ///
    /// ```
    /// use ielade_core::Split;
    /// use ielade_dataset::{DataSet, DemoOptions};
    /// use ielade_layout::{DataSetSplit, SampleSource};
    ///
    /// let demo = DataSet::demo(DemoOptions::default());
    /// let train = DataSetSplit::of(&demo, Split::Train).unwrap();
    /// assert_eq!(train.len(), 2000);
    /// assert!(DataSetSplit::of(&demo, Split::Val).is_none());
    /// ```
    pub fn of(data_set: &'a DataSet, split: Split) -> Option<Self> {
        data_set.split(split).map(|samples| Self {
            data_set,
            split,
            samples,
        })
    }
}

impl SampleSource for DataSetSplit<'_> {
    type Buffer = SampleBuffer;

    fn data_set(&self) -> &str {
        self.data_set.name()
    }

    fn split(&self) -> Split {
        self.split
    }

    fn classes(&self) -> &[String] {
        self.data_set.classes()
    }

    fn origin(&self) -> String {
        self.data_set.source()
    }

    fn len(&self) -> usize {
        self.samples.len()
    }

    fn key(&self, index: usize) -> &str {
        self.samples.key(index)
    }

    fn label(&self, index: usize) -> Option<u32> {
        self.samples.label(index)
    }

    fn is_as_published(&self) -> bool {
        self.data_set.kind() != SourceKind::Store
    }

    fn read<'a>(
        &'a self,
        index: usize,
        buffer: &'a mut SampleBuffer,
    ) -> Result<Sample<'a>, SourceError> {
        Ok(self.samples.read(index, buffer)?)
    }
}
