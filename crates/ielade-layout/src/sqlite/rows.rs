//! Images that lie in the mapped pages of a database.

use super::{
    pages::{Database, PageError, PageSize},
    record::Field,
    walk::{PlainTable, SPILLED, WHOLE},
};
use crate::{
    LayoutError,
    error::BadSampleReason,
    mapped::MappedFile,
    stored::{FetchScratch, StoredSamples, mapped::Place},
};
use std::path::{Path, PathBuf};

/// Images at places that a walk found. One that lies on its leaf is a slice of the mapped file; one
/// that goes on in overflow pages is put together.
pub(super) struct MappedRows {
    path: PathBuf,
    map: MappedFile,
    page: PageSize,
    /// Which field of a row is the image.
    field: usize,
    places: Vec<Place>,
}

impl MappedRows {
    /// Images of a table at these places.
    ///
    /// # Errors
    /// Names the first place that is not within the file.
    pub(super) fn new(
        (path, map): (&Path, MappedFile),
        table: &PlainTable,
        places: Vec<Place>,
    ) -> Result<Self, LayoutError> {
        let page = PageSize::of(map.bytes())
            .map_err(|error| LayoutError::container(path, error.offset, error.reason))?;
        let bytes = map.bytes().len() as u64;
        let fits = |place: &Place| match place.file {
            WHOLE => place.offset.checked_add(place.len.into()),
            SPILLED => Some(place.offset),
            _ => None,
        };
        for (index, place) in places.iter().enumerate() {
            if fits(place).is_none_or(|end| end > bytes) {
                let reason = format!("sample {index} is not within the file's {bytes} bytes");
                return Err(LayoutError::container(path, place.offset, reason));
            }
        }
        map.advise_random_if_large();
        Ok(Self {
            path: path.to_owned(),
            map,
            page,
            field: table.image.field,
            places,
        })
    }

    #[inline]
    fn slice(&self, place: &Place) -> Option<&[u8]> {
        let rest = self.map.bytes().get(place.offset as usize..)?;
        rest.get(..place.len as usize)
    }

    /// The image of a row that goes on in overflow pages.
    fn put_together(&self, row: usize, image: &mut Vec<u8>) -> Result<(), PageError> {
        image.clear();
        let row = Database::new(self.map.bytes(), self.page).row(row)?;
        match row.field(self.field)? {
            Field::Blob(bytes) => row.read(&bytes, image),
            _ => Err(super::pages::fault(row.at, "a row without an image")),
        }
    }
}

impl StoredSamples for MappedRows {
    #[inline]
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let place = self
            .places
            .get(index as usize)
            .ok_or(BadSampleReason::Missing)?;
        if place.file == WHOLE {
            return self.slice(place).ok_or(BadSampleReason::Missing);
        }
        let put_together = self.put_together(place.offset as usize, &mut scratch.bytes);
        match put_together {
            Ok(()) => Ok(&scratch.bytes),
            Err(PageError { offset, reason }) => Err(BadSampleReason::Damaged { offset, reason }),
        }
    }

    #[inline]
    fn in_memory(&self, index: u32) -> Option<&[u8]> {
        let place = self.places.get(index as usize)?;
        self.slice(place).filter(|_| place.file == WHOLE)
    }

    fn path(&self, _index: u32) -> PathBuf {
        self.path.clone()
    }
}
