//! Samples that lie uncompressed in mapped files.

use super::{FetchScratch, StoredSamples};
use crate::{
    LayoutError,
    error::BadSampleReason,
    mapped::{MappedFile, physical_memory},
};
use std::path::{Path, PathBuf};

/// Where one sample lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the file.
    pub(crate) file: u32,
    /// Bytes of the sample.
    pub(crate) len: u32,
    /// Its first byte.
    pub(crate) offset: u64,
}

/// Where all samples lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Places {
    /// At equal distances in one file.
    Even {
        /// First byte of the first sample.
        first: u64,
        /// Bytes from one sample to the next.
        stride: u64,
        /// Bytes of a sample.
        len: u64,
        count: u32,
    },
    /// Each at its own place.
    Each(Vec<Place>),
}

/// Samples that are slices of mapped files; which, was found out and checked when the store was
/// opened.
pub(crate) struct MappedSamples {
    files: Vec<(PathBuf, MappedFile)>,
    places: Places,
}

impl MappedSamples {
    /// Samples at these places.
    ///
    /// # Errors
    /// Names the first place that is not within its file.
    pub(crate) fn new(
        files: Vec<(PathBuf, MappedFile)>,
        places: Places,
    ) -> Result<Self, LayoutError> {
        let this = Self { files, places };
        this.check()?;
        let total: u64 = this
            .files
            .iter()
            .map(|(_, map)| map.bytes().len() as u64)
            .sum();
        if total > physical_memory() {
            for (_, map) in &this.files {
                map.advise_random();
            }
        }
        Ok(this)
    }

    fn check(&self) -> Result<(), LayoutError> {
        match &self.places {
            Places::Even {
                first,
                stride,
                len,
                count,
            } => {
                let last = u64::from(count.saturating_sub(1));
                let end = stride
                    .checked_mul(last)
                    .and_then(|offset| offset.checked_add(*first)?.checked_add(*len));
                self.check_end(0, *first, end.filter(|_| *count > 0).or(Some(*first)), 0)
            }
            Places::Each(places) => places.iter().enumerate().try_for_each(|(index, place)| {
                let end = place.offset.checked_add(place.len.into());
                self.check_end(place.file, place.offset, end, index)
            }),
        }
    }

    fn check_end(
        &self,
        file: u32,
        offset: u64,
        end: Option<u64>,
        index: usize,
    ) -> Result<(), LayoutError> {
        let Some((path, map)) = self.files.get(file as usize) else {
            let path = self.files.first().map_or(Path::new(""), |(path, _)| path);
            return Err(LayoutError::container(
                path,
                offset,
                format!(
                    "sample {index} lies in file {file}, of {}",
                    self.files.len()
                ),
            ));
        };
        if end.is_some_and(|end| end <= map.bytes().len() as u64) {
            return Ok(());
        }
        Err(LayoutError::container(
            path,
            offset,
            format!(
                "sample {index} reaches beyond the file's {} bytes; it was cut or changed",
                map.bytes().len()
            ),
        ))
    }

    #[inline]
    fn slice(&self, index: u32) -> Option<&[u8]> {
        let (file, start, len) = match &self.places {
            Places::Even {
                first,
                stride,
                len,
                count,
            } => {
                if index >= *count {
                    return None;
                }
                (0, first + u64::from(index) * stride, *len)
            }
            Places::Each(places) => {
                let place = places.get(index as usize)?;
                (place.file as usize, place.offset, place.len.into())
            }
        };
        let bytes = self.files.get(file)?.1.bytes();
        bytes.get(start as usize..)?.get(..len as usize)
    }
}

impl StoredSamples for MappedSamples {
    #[inline]
    fn fetch<'a>(
        &'a self,
        index: u32,
        _scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        // Checked when the store was opened.
        self.slice(index).ok_or(BadSampleReason::Missing)
    }

    #[inline]
    fn in_memory(&self, index: u32) -> Option<&[u8]> {
        self.slice(index)
    }

    fn path(&self, index: u32) -> PathBuf {
        let file = match &self.places {
            Places::Even { .. } => 0,
            Places::Each(places) => places
                .get(index as usize)
                .map_or(0, |place| place.file as usize),
        };
        self.files
            .get(file)
            .map(|(path, _)| path.clone())
            .unwrap_or_default()
    }

    fn contiguous(&self) -> Option<&[u8]> {
        match &self.places {
            Places::Even {
                first,
                stride,
                len,
                count,
            } if stride == len => {
                let bytes = self.files.first()?.1.bytes();
                let end = first + stride * u64::from(*count);
                bytes.get(*first as usize..end as usize)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MappedSamples, Place, Places};
    use crate::{
        mapped::MappedFile,
        stored::{FetchScratch, StoredSamples},
    };

    fn samples(places: Places) -> Result<MappedSamples, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, (0..100).collect::<Vec<u8>>()).unwrap();
        let map = MappedFile::open(&path).unwrap();
        MappedSamples::new(vec![(path, map)], places).map_err(|error| error.to_string())
    }

    #[test]
    fn even_places_are_found_and_their_end_is_checked() {
        let even = |first, stride, len, count| Places::Even {
            first,
            stride,
            len,
            count,
        };
        let found = samples(even(10, 20, 5, 5)).unwrap();
        let mut scratch = FetchScratch::default();
        assert_eq!(found.fetch(4, &mut scratch).unwrap(), [90, 91, 92, 93, 94]);
        assert!(found.fetch(5, &mut scratch).is_err());
        assert_eq!(found.contiguous(), None);
        let dense = samples(even(60, 8, 8, 5)).unwrap();
        assert_eq!(dense.contiguous().unwrap().len(), 40);
        assert!(samples(even(10, 20, 11, 5)).is_err());
        assert!(samples(even(101, 20, 5, 0)).is_err());
        assert!(samples(even(u64::MAX, u64::MAX, 5, 5)).is_err());
    }

    #[test]
    fn a_place_outside_its_file_is_named() {
        let place = |file, offset, len| Place { file, len, offset };
        let found = samples(Places::Each(vec![place(0, 99, 1), place(0, 3, 2)])).unwrap();
        assert_eq!(found.in_memory(1).unwrap(), [3, 4]);
        for wrong in [place(1, 0, 1), place(0, 100, 1), place(0, u64::MAX, 9)] {
            let error = samples(Places::Each(vec![place(0, 0, 1), wrong]))
                .err()
                .unwrap();
            assert!(error.contains("sample 1"), "{error}");
        }
    }
}
