//! Samples in compressed pages of any number of samples of any size.

use crate::{
    error::BadSampleReason,
    stored::{FetchScratch, StoredSamples},
};
use std::{ops::Range, path::PathBuf};

/// Bytes of unpacked pages that a thread keeps, at most; at least one page is kept.
const KEPT_BYTES: usize = 32 << 20;

/// Pages that a thread keeps, at most: beyond that, looking for one costs more than unpacking.
const KEPT_PAGES: usize = 64;

/// In the place of a value's number: a sample that has no image.
pub(crate) const NO_VALUE: u32 = u32::MAX;

/// Where a sample is found: the number of a page, and of a value within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) page: u32,
    pub(crate) value: u32,
}

/// An unpacked page.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    pub(crate) bytes: Vec<u8>,
    /// Where each value lies; an empty one where there is none.
    pub(crate) values: Vec<Range<u32>>,
}

/// Unpacks pages.
pub(crate) trait Pages: Send + Sync {
    /// Unpacks a page into `room`, which is empty.
    fn unpack(&self, page: u32, room: &mut Unpacked) -> Result<(), BadSampleReason>;

    /// The file that a page lies in, for messages.
    fn path(&self, page: u32) -> PathBuf;
}

/// Samples in pages. Each thread unpacks for itself and keeps what it unpacked last.
pub(crate) struct PackedSamples<P> {
    pages: P,
    slots: Vec<Slot>,
    samples_per_page: u32,
}

/// Pages that a thread unpacked, the most recently used last.
#[derive(Default)]
struct Kept {
    pages: Vec<(u32, Unpacked)>,
    bytes: usize,
}

impl<P: Pages> PackedSamples<P> {
    /// Samples at these places, in pages of so many samples on average.
    pub(crate) fn new(pages: P, slots: Vec<Slot>, samples_per_page: u32) -> Self {
        Self {
            pages,
            slots,
            samples_per_page: samples_per_page.max(1),
        }
    }

    fn page<'a>(&self, page: u32, kept: &'a mut Kept) -> Result<&'a Unpacked, BadSampleReason> {
        match kept.pages.iter().rposition(|(known, _)| *known == page) {
            Some(at) if at + 1 == kept.pages.len() => {}
            Some(at) => kept.pages[at..].rotate_left(1),
            None => self.unpack(page, kept)?,
        }
        let last = kept.pages.last().map(|(_, unpacked)| unpacked);
        last.ok_or(BadSampleReason::Missing)
    }

    fn unpack(&self, page: u32, kept: &mut Kept) -> Result<(), BadSampleReason> {
        let mut room = Unpacked::default();
        while kept.bytes > KEPT_BYTES || kept.pages.len() >= KEPT_PAGES {
            room = kept.pages.remove(0).1;
            kept.bytes -= room.bytes.len();
        }
        room.bytes.clear();
        room.values.clear();
        self.pages.unpack(page, &mut room)?;
        kept.bytes += room.bytes.len();
        kept.pages.push((page, room));
        // The page itself stays, however large it is.
        while kept.bytes > KEPT_BYTES && kept.pages.len() > 1 {
            kept.bytes -= kept.pages.remove(0).1.bytes.len();
        }
        Ok(())
    }
}

impl<P: Pages> StoredSamples for PackedSamples<P> {
    fn fetch<'a>(
        &'a self,
        index: u32,
        scratch: &'a mut FetchScratch,
    ) -> Result<&'a [u8], BadSampleReason> {
        let slot = self.slots.get(index as usize);
        let slot = slot.ok_or(BadSampleReason::Missing)?;
        if slot.value == NO_VALUE {
            return Ok(&[]);
        }
        let page = self.page(slot.page, scratch.state(Kept::default))?;
        let range = page.values.get(slot.value as usize);
        range
            .and_then(|range| page.bytes.get(range.start as usize..range.end as usize))
            .ok_or(BadSampleReason::Missing)
    }

    fn path(&self, index: u32) -> PathBuf {
        let slot = self.slots.get(index as usize);
        slot.map_or_else(PathBuf::new, |slot| self.pages.path(slot.page))
    }

    fn samples_per_chunk(&self) -> u32 {
        self.samples_per_page
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT_BYTES, PackedSamples, Pages, Slot, Unpacked};
    use crate::{
        error::BadSampleReason,
        stored::{FetchScratch, StoredSamples},
    };
    use std::{
        path::PathBuf,
        sync::atomic::{AtomicU32, Ordering},
    };

    /// Page `n` holds two values: `n` and `n, n`; a page is `size` bytes large.
    #[derive(Default)]
    struct Counting {
        unpacked: AtomicU32,
        size: usize,
    }

    impl Pages for Counting {
        fn unpack(&self, page: u32, room: &mut Unpacked) -> Result<(), BadSampleReason> {
            assert!(room.bytes.is_empty() && room.values.is_empty());
            if page == 9 {
                return Err(BadSampleReason::Missing);
            }
            self.unpacked.fetch_add(1, Ordering::Relaxed);
            room.bytes.resize(self.size.max(3), page as u8);
            room.values.extend([0..1, 1..3]);
            Ok(())
        }

        fn path(&self, page: u32) -> PathBuf {
            PathBuf::from(page.to_string())
        }
    }

    fn samples(size: usize) -> PackedSamples<Counting> {
        let slots = (0..20).map(|at| Slot {
            page: at / 2,
            value: at % 2,
        });
        let pages = Counting {
            size,
            ..Counting::default()
        };
        PackedSamples::new(pages, slots.collect(), 2)
    }

    #[test]
    fn every_value_is_found_and_a_page_in_use_is_unpacked_once() {
        let samples = samples(3);
        let mut scratch = FetchScratch::default();
        for index in [5, 0, 4, 1, 5] {
            let page = (index / 2) as u8;
            let expected = vec![page; index as usize % 2 + 1];
            assert_eq!(samples.fetch(index, &mut scratch).unwrap(), expected);
        }
        assert_eq!(samples.pages.unpacked.load(Ordering::Relaxed), 2);
        assert!(samples.fetch(18, &mut scratch).is_err());
        assert!(samples.fetch(20, &mut scratch).is_err());
        assert_eq!(samples.fetch(1, &mut scratch).unwrap(), [0, 0]);
        assert_eq!(samples.path(7), PathBuf::from("3"));
    }

    #[test]
    fn what_a_thread_keeps_is_bounded_by_bytes() {
        // Two pages fit, and a page larger than the bound is kept alone.
        for (size, expected) in [(KEPT_BYTES / 2, 3), (KEPT_BYTES + 1, 4)] {
            let samples = samples(size);
            let mut scratch = FetchScratch::default();
            for index in [0, 2, 0, 4, 4] {
                samples.fetch(index, &mut scratch).unwrap();
            }
            let unpacked = samples.pages.unpacked.load(Ordering::Relaxed);
            assert_eq!(unpacked, expected);
        }
    }
}
