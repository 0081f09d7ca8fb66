//! The labels of a store, checked once, looked up by position.

use crate::LayoutError;
use ielade_core::sample::NO_LABEL;
use std::path::Path;

/// The label of every sample; an index into the class names, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<i32>);

impl Labels {
    /// From numbers in which -1 stands for none.
    ///
    /// # Errors
    /// For a number that is neither -1 nor below `classes`, and for another number of labels than
    /// `count`; `path` is where they were read.
    pub(crate) fn check(
        numbers: impl IntoIterator<Item = i64>,
        count: u32,
        classes: usize,
        path: &Path,
    ) -> Result<Self, LayoutError> {
        let mut labels = Vec::new();
        for number in numbers {
            let known =
                number == NO_LABEL || u64::try_from(number).is_ok_and(|n| n < classes as u64);
            let fitting = i32::try_from(number).ok().filter(|_| known);
            labels.push(fitting.ok_or_else(|| LayoutError::StoredLabel {
                path: path.to_owned(),
                index: labels.len() as u64,
                label: number,
                classes,
            })?);
            if labels.len() > count as usize {
                break;
            }
        }
        if labels.len() == count as usize {
            return Ok(Self(labels));
        }
        Err(LayoutError::Mismatch {
            path: path.to_owned(),
            reason: format!(
                "it holds {}{} labels for {count} samples",
                if labels.len() > count as usize {
                    "more than "
                } else {
                    ""
                },
                labels.len().min(count as usize)
            ),
        })
    }

    /// The label of a sample, or that it has none; `None` behind the last sample.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<Option<u32>> {
        self.0
            .get(index as usize)
            .map(|label| u32::try_from(*label).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Labels;
    use std::path::Path;

    #[test]
    fn labels_are_counted_and_bounded() {
        let check = |numbers: &[i64], count| {
            Labels::check(numbers.iter().copied(), count, 3, Path::new("labels"))
                .map_err(|error| error.to_string())
        };
        let labels = check(&[2, -1, 0], 3).unwrap();
        assert_eq!(
            [0, 1, 2, 3].map(|index| labels.get(index)),
            [Some(Some(2)), Some(None), Some(Some(0)), None]
        );
        assert!(check(&[0, 3], 2).unwrap_err().contains("label 3"));
        assert!(check(&[-2], 1).unwrap_err().contains("label -2"));
        assert!(check(&[0], 2).unwrap_err().contains("1 labels for 2"));
        assert!(check(&[0, 0], 1).unwrap_err().contains("more than 1"));
    }
}
