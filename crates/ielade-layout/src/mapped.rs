//! Files mapped into memory, and what the page cache holds of a file.
//!
//! This is the one module of the crate with `unsafe`: mapping a file, letting its pages go and
//! asking the kernel about them cannot be had without it. What a caller must know of a mapped file: its bytes are those
//! of the file at the moment they are read. Another process that writes into it changes them, and
//! one that truncates it makes the next access end the process with `SIGBUS`; no check at opening
//! can prevent that. A store is complete before it gets its name and is never written again by
//! this program, so nothing of ours does either.
#![allow(unsafe_code)]

use crate::LayoutError;
use memmap2::{Advice, Mmap};
use std::{
    collections::BTreeMap,
    fs::File,
    os::fd::AsRawFd,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A file mapped for reading.
#[derive(Debug)]
pub struct MappedFile {
    map: Mmap,
}

/// Address and length of every map that lives, in this process.
static LIVE: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

fn live() -> MutexGuard<'static, BTreeMap<usize, usize>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lets go of the pages of all mapped files: the kernel keeps what is mapped in the page cache,
/// whatever it is asked. Reading goes on as before, and brings the pages back one by one.
pub fn release_pages() {
    for (address, length) in live().iter() {
        // SAFETY: the range is that of a map that lives, as it is taken out of the list before it
        // is unmapped, and the list is locked. The map is of a file, shared and only ever read:
        // a page that is let go comes back from the file with the same bytes.
        unsafe {
            libc::madvise(*address as *mut libc::c_void, *length, libc::MADV_DONTNEED);
        }
    }
}

impl Drop for MappedFile {
    fn drop(&mut self) {
        live().remove(&(self.map.as_ptr() as usize));
    }
}

impl MappedFile {
    /// Maps a whole file.
    ///
    /// # Errors
    /// Where the system refuses.
    pub fn open(path: &Path) -> Result<Self, LayoutError> {
        let file = File::open(path).map_err(LayoutError::io("open", path))?;
        // SAFETY: the map is only ever read, and only as bytes, for which every value is valid.
        // That another process changes or cuts the file meanwhile cannot be excluded; the
        // module's documentation says what happens then.
        let map = unsafe { Mmap::map(&file) }.map_err(LayoutError::io("map", path))?;
        if !map.is_empty() {
            live().insert(map.as_ptr() as usize, map.len());
        }
        Ok(Self { map })
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Tells the kernel that the file is read in random order, so that a miss reads one page and
    /// not a stretch around it. For files far larger than memory.
    pub fn advise_random(&self) {
        // Advice may be refused; reading works without.
        let _ = self.map.advise(Advice::Random);
    }

    /// As [`MappedFile::advise_random`], where the file is larger than this machine's memory.
    pub fn advise_random_if_large(&self) {
        if self.map.len() as u64 > physical_memory() {
            self.advise_random();
        }
    }
}

/// Bytes of memory of this machine.
pub(crate) fn physical_memory() -> u64 {
    let info = rustix::system::sysinfo();
    (info.totalram as u64).saturating_mul(u64::from(info.mem_unit))
}

/// Bytes that one prefetch brings: a cache line.
#[cfg(target_arch = "x86_64")]
const CACHE_LINE: usize = 64;

/// Brings bytes into the processor's cache while it does something else. Nothing on processors
/// other than x86-64.
#[inline]
pub fn prefetch(bytes: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // Whole lines first: chunks of varying length would cost the loop a fifth more.
        let (lines, rest) = bytes.as_chunks::<CACHE_LINE>();
        for line in lines {
            // SAFETY: SSE is part of x86-64, and a prefetch never faults, whatever its address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
        }
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(rest.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = bytes;
}

/// How much of a file the page cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Residency {
    /// Bytes in the page cache.
    pub resident_bytes: u64,
    /// Bytes of the file.
    pub total_bytes: u64,
}

impl Residency {
    /// Share of the bytes that is in the page cache, 0..1; 1 for no bytes at all.
    pub fn share(self) -> f64 {
        if self.total_bytes == 0 {
            return 1.0;
        }
        self.resident_bytes as f64 / self.total_bytes as f64
    }
}

impl std::ops::Add for Residency {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            resident_bytes: self.resident_bytes + other.resident_bytes,
            total_bytes: self.total_bytes + other.total_bytes,
        }
    }
}

/// Asks the kernel how much of a file the page cache holds: by `cachestat` (Linux 6.5), else by
/// mapping the file and `mincore`. Reads nothing of the file.
///
/// Of a file that the user neither owns nor may write, the kernel says that all of it is resident.
///
/// # Errors
/// Where the file cannot be opened, or the kernel does not tell.
pub fn residency(path: &Path) -> Result<Residency, LayoutError> {
    let file = File::open(path).map_err(LayoutError::io("open", path))?;
    let total_bytes = file
        .metadata()
        .map_err(LayoutError::io("read", path))?
        .len();
    if total_bytes == 0 {
        return Ok(Residency::default());
    }
    let pages = match pages_by_cachestat(&file) {
        Some(pages) => pages,
        None => pages_by_mincore(&file).map_err(LayoutError::io("map", path))?,
    };
    Ok(Residency {
        resident_bytes: (pages * rustix::param::page_size() as u64).min(total_bytes),
        total_bytes,
    })
}

/// Pages of the whole file in the page cache; `None` where the kernel has no `cachestat`, or finds
/// none: on an overlay file system, as in containers, it looks at the wrong file and sees nothing.
#[cfg(target_os = "linux")]
fn pages_by_cachestat(file: &File) -> Option<u64> {
    /// The call's number, the same on every architecture (Linux `unistd.h`).
    const SYS_CACHESTAT: libc::c_long = 451;
    /// `struct cachestat_range` of `linux/mman.h`; a length of zero reaches to the end.
    #[repr(C)]
    struct Range {
        offset: u64,
        length: u64,
    }
    /// `struct cachestat` of `linux/mman.h`.
    #[repr(C)]
    #[derive(Default)]
    struct Pages {
        cached: u64,
        dirty: u64,
        writeback: u64,
        evicted: u64,
        recently_evicted: u64,
    }
    let range = Range {
        offset: 0,
        length: 0,
    };
    let mut pages = Pages::default();
    // SAFETY: the call reads `range` and writes `pages`, both laid out as the kernel's headers
    // say and alive until it returns.
    let status = unsafe {
        libc::syscall(
            SYS_CACHESTAT,
            file.as_raw_fd(),
            &raw const range,
            &raw mut pages,
            0_u32,
        )
    };
    (status == 0 && pages.cached > 0).then_some(pages.cached)
}

#[cfg(not(target_os = "linux"))]
fn pages_by_cachestat(_file: &File) -> Option<u64> {
    None
}

fn pages_by_mincore(file: &File) -> std::io::Result<u64> {
    // SAFETY: the map's bytes are never read, only its pages are asked about.
    let map = unsafe { Mmap::map(file) }?;
    let mut pages = vec![0_u8; map.len().div_ceil(rustix::param::page_size())];
    // SAFETY: the address and length are those of a live map, and the vector has one byte for
    // each of its pages, as mincore(2) asks.
    let status = unsafe {
        libc::mincore(
            map.as_ptr().cast_mut().cast(),
            map.len(),
            pages.as_mut_ptr().cast(),
        )
    };
    if status != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(pages.iter().filter(|page| **page & 1 == 1).count() as u64)
}

#[cfg(test)]
mod tests {
    use super::{
        MappedFile, pages_by_cachestat, pages_by_mincore, prefetch, release_pages, residency,
    };
    use std::fs::File;

    #[test]
    fn a_mapped_file_has_the_files_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content: Vec<u8> = (0..10_000_u32).map(|at| at as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let map = MappedFile::open(&path).unwrap();
        map.advise_random();
        prefetch(&map.bytes()[17..]);
        assert_eq!(map.bytes(), content);
        std::fs::write(&path, b"").unwrap();
        assert_eq!(MappedFile::open(&path).unwrap().bytes(), b"");
    }

    #[test]
    fn pages_that_are_let_go_come_back_with_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let content: Vec<u8> = (0..100_000_u32).map(|at| (at * 7) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let map = MappedFile::open(&path).unwrap();
        assert_eq!(map.bytes(), content);
        release_pages();
        assert_eq!(map.bytes(), content);
        let address = map.bytes().as_ptr() as usize;
        assert_eq!(super::live().get(&address), Some(&content.len()));
        drop(map);
        // Another test may have been given the same address meanwhile, for a file of another length.
        assert_ne!(super::live().get(&address), Some(&content.len()));
    }

    #[test]
    fn a_file_just_written_is_in_the_page_cache_by_either_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, vec![1; 300_000]).unwrap();
        let found = residency(&path).unwrap();
        assert_eq!(found.total_bytes, 300_000);
        assert_eq!(found.resident_bytes, 300_000);
        let file = File::open(&path).unwrap();
        let pages = pages_by_mincore(&file).unwrap();
        assert_eq!(pages, 300_000_u64.div_ceil(4096));
        if let Some(other) = pages_by_cachestat(&file) {
            assert_eq!(other, pages);
        }
    }

    #[test]
    fn an_empty_file_is_wholly_resident() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, b"").unwrap();
        assert!((residency(&path).unwrap().share() - 1.0).abs() < 1e-9);
        assert!(residency(&folder.path().join("none")).is_err());
    }
}
