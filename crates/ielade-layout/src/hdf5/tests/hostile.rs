//! Files that were made to do harm, or were damaged.

use super::{FILES, LAYOUTS, path_of, read, write};
use crate::open_any;
use ielade_core::ForeignNames;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// What finding everything in a file and reading all of it ends in.
fn outcome(path: &Path) -> Result<(), String> {
    let opened = open_any(path, &ForeignNames::default());
    opened.map_err(|error| error.to_string())?;
    read(path).map(drop)
}

/// Every file there is, as bytes.
fn files() -> Vec<(String, Vec<u8>)> {
    let of_h5py = FILES.map(|name| (name.to_owned(), fs::read(path_of(name)).unwrap()));
    let ours = LAYOUTS.map(|layout| {
        let folder = tempfile::tempdir().unwrap();
        let content = fs::read(write(folder.path(), layout)).unwrap();
        (layout.to_owned(), content)
    });
    of_h5py.into_iter().chain(ours).collect()
}

/// A file with some bytes in place of others.
struct Changed {
    folder: tempfile::TempDir,
    content: Vec<u8>,
}

impl Changed {
    fn new(content: Vec<u8>) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            content,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("f.h5")
    }

    /// What reading ends in with these bytes at a place.
    fn outcome(&self, at: usize, bytes: &[u8]) -> Result<(), String> {
        let mut content = self.content.clone();
        content[at..at + bytes.len()].copy_from_slice(bytes);
        fs::write(self.path(), content).unwrap();
        outcome(&self.path())
    }

    /// Where the n-th of some bytes are.
    fn find(&self, bytes: &[u8], number: usize) -> usize {
        let windows = self.content.windows(bytes.len());
        let mut found = windows.enumerate().filter(|(_, window)| *window == bytes);
        found.nth(number).unwrap().0
    }
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    for (name, content) in files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f.h5");
        for kept in (0..content.len()).step_by(content.len() / 100 + 1) {
            fs::write(&path, &content[..kept]).unwrap();
            let error = outcome(&path).unwrap_err();
            assert!(error.contains("f.h5"), "{name} {kept}: {error}");
        }
    }
}

#[test]
fn a_changed_byte_ends_in_an_error_or_in_other_values_and_never_in_a_panic() {
    for (_, content) in files() {
        let changed = Changed::new(content);
        let content = &changed.content;
        for at in (0..content.len()).step_by(content.len() / 300 + 1) {
            for bits in [0x01, 0xff] {
                let _ = changed.outcome(at, &[content[at] ^ bits]);
            }
        }
    }
}

#[test]
fn numbers_of_all_bits_end_in_an_error_or_in_other_values_and_never_in_a_panic() {
    for (_, content) in files() {
        let changed = Changed::new(content);
        let end = changed.content.len() - 8;
        for at in (0..end).step_by(changed.content.len() / 150 + 1) {
            for number in [u64::MAX, u64::MAX - 8, 1 << 63, 1 << 32, 0] {
                let _ = changed.outcome(at, &number.to_le_bytes());
            }
        }
    }
}

#[test]
fn wrong_checksums_are_told_by_file_and_byte() {
    // The dense file has a heap of attributes too, whose block comes first.
    for (name, signature, number) in [
        ("fixed_array", b"OHDR", 0),
        ("fixed_array", b"FAHD", 0),
        ("fixed_array", b"FADB", 0),
        ("extensible_array", b"EAHD", 0),
        ("extensible_array", b"EAIB", 0),
        ("tree", b"BTHD", 0),
        ("tree", b"BTLF", 0),
        ("dense", b"FRHP", 0),
        ("dense", b"FHDB", 1),
    ] {
        let changed = Changed::new(fs::read(path_of(name)).unwrap());
        // Behind the signature, the version, and what is told before the numbers that count.
        let at = changed.find(signature, number) + 12;
        let signature = String::from_utf8_lossy(signature);
        let error = changed.outcome(at, &[changed.content[at] ^ 0x10]);
        let error = error.err().unwrap_or_else(|| panic!("{name} {signature}"));
        assert!(
            error.contains("f.h5, byte ") && error.contains("checksum"),
            "{name} {signature}: {error}"
        );
    }
}

/// Where the first node of chunks is in a file of [`chunk_tree`].
fn chunk_tree() -> (Changed, usize) {
    let changed = Changed::new(fs::read(path_of("old_tree")).unwrap());
    // Nodes of links are of kind 0, of chunks of kind 1.
    let at = changed.find(b"TREE\x01", 0);
    (changed, at)
}

#[test]
fn a_tree_of_chunks_that_leads_astray_is_told() {
    /// Bytes of a node's start, of a key, and of an address.
    const HEAD: usize = 24;
    const KEY: usize = 48;
    let (changed, node) = chunk_tree();
    let first = node + HEAD;
    let address = |at: usize| (at as u64).to_le_bytes();
    for (at, bytes, expected) in [
        // A child outside of the file; one that is the node itself, on its own level and above.
        (first + KEY, &address(1 << 40)[..], "outside of the file"),
        (first + KEY, &[0xff; 8], "not defined"),
        (node + 5, &[1], "TREE"),
        // Sizes and places of chunks.
        (first, &[0xff; 4], "bytes are to be here"),
        (first + 8, &address(1)[..], "no multiple of 2"),
        (first + 8, &address(2)[..], "in the file twice"),
        (node + 4, &[0], "a B-tree of kind 0"),
        (node + 6, &[0xff, 0xff], "more bytes than the file"),
    ] {
        let error = changed.outcome(at, bytes).unwrap_err();
        assert!(error.contains("f.h5, byte "), "{error}");
        assert!(error.contains(expected), "{expected}: {error}");
    }
    // A node of level 1 whose first child is itself.
    let mut content = changed.content.clone();
    content[node + 5] = 1;
    content[node + 6] = 1;
    content[first + KEY..][..8].copy_from_slice(&address(node));
    let circle = Changed::new(content);
    let error = circle.outcome(0, &[0x89]).unwrap_err();
    assert!(error.contains("at the wrong level"), "{error}");
}

#[test]
fn headers_and_groups_that_lead_in_a_circle_come_to_an_end() {
    let changed = Changed::new(fs::read(path_of("old_tree")).unwrap());
    // The root group's header starts at byte 96 in a file of this version; its first message is
    // made a continuation of the header by the header's own messages.
    let header = 96;
    assert_eq!(changed.content[header], 1);
    let mut circle = changed.content.clone();
    let message = header + 16;
    circle[message..message + 4].copy_from_slice(&[0x10, 0, 16, 0]);
    circle[message + 8..message + 16].copy_from_slice(&(message as u64).to_le_bytes());
    circle[message + 16..message + 24].copy_from_slice(&24_u64.to_le_bytes());
    let circle = Changed::new(circle);
    let error = circle.outcome(0, &[0x89]).unwrap_err();
    assert!(error.contains("in a circle"), "{error}");
    // A dataset's link leads to the group that it is in: the group is looked into once.
    let node = changed.find(b"SNOD", 0);
    let error = changed
        .outcome(node + 16, &(header as u64).to_le_bytes())
        .unwrap_err();
    assert!(error.contains("f.h5"), "{error}");
}

#[test]
fn two_objects_of_one_name_are_refused() {
    let changed = Changed::new(fs::read(path_of("old_tree")).unwrap());
    let node = changed.find(b"SNOD", 0);
    let first: Vec<u8> = changed.content[node + 8..node + 16].to_vec();
    let error = changed.outcome(node + 8 + 40, &first).unwrap_err();
    assert!(
        error.contains("two objects of a group are called \"images\""),
        "{error}"
    );
    assert!(error.contains("f.h5, byte "), "{error}");
}

#[test]
fn damaged_chunks_are_told_by_file_and_byte() {
    let (changed, node) = chunk_tree();
    let chunk = node + 24 + 48;
    let address: [u8; 8] = changed.content[chunk..chunk + 8].try_into().unwrap();
    let at = u64::from_le_bytes(address) as usize + 9;
    let error = changed.outcome(at, &[changed.content[at] ^ 1]).unwrap_err();
    assert!(error.contains("fletcher32: its checksum"), "{error}");
    assert!(error.contains(&format!("byte {}", at - 9)), "{error}");
}

#[test]
fn a_reference_that_leads_out_of_the_heap_is_told_by_sample() {
    let changed = Changed::new(fs::read(path_of("heap")).unwrap());
    let heap = changed.find(b"GCOL", 0);
    // Five bytes in the first object of the collection.
    let reference = [
        &5_u32.to_le_bytes()[..],
        &(heap as u64).to_le_bytes(),
        &[1, 0, 0, 0],
    ]
    .concat();
    let at = changed.find(&reference, 0);
    for (place, bytes, expected) in [
        (at, &[0xff, 0xff, 0xff, 0x7f][..], "of an object that has"),
        (at + 4, &[0xff; 8], "at no address"),
        (
            at + 4,
            &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0],
            "outside of the file",
        ),
        (
            at + 4,
            &[8, 0, 0, 0, 0, 0, 0, 0],
            "does not start with GCOL",
        ),
        (at + 12, &[0xff; 4], "has no object"),
        (heap + 8, &[0xff; 8], "more bytes than the file"),
        (heap + 16 + 8, &[0xff; 8], "bytes are to be here"),
        (heap + 4, &[9], "version 9 of the global heap"),
    ] {
        let error = changed.outcome(place, bytes).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains("f.h5, byte "), "{error}");
    }
}

#[test]
fn absurd_shapes_ask_for_no_memory_and_no_time() {
    // The dataspace of the images, as version 1 writes it: rank, flags, and lengths.
    let changed = Changed::new(fs::read(path_of("old_tree")).unwrap());
    let lengths: Vec<u8> = [9_u64, 2, 3, 3].map(u64::to_le_bytes).concat();
    let at = changed.find(&lengths, 0);
    for (place, length) in [
        (at, u64::MAX),
        (at, u64::from(u32::MAX)),
        (at + 8, 1 << 40),
        (at + 16, 1 << 62),
        (at + 24, u64::MAX),
    ] {
        assert!(
            changed.outcome(place, &length.to_le_bytes()).is_err(),
            "{length}"
        );
    }
    // Chunks as the layout tells of them.
    let chunk: Vec<u8> = [2_u32, 2, 3, 3, 1].map(u32::to_le_bytes).concat();
    let at = changed.find(&chunk, 0);
    for (place, length) in [
        (at, 0),
        (at, u32::MAX),
        (at + 4, u32::MAX),
        (at + 16, 0),
        (at + 16, 9),
    ] {
        assert!(
            changed.outcome(place, &length.to_le_bytes()).is_err(),
            "{length}"
        );
    }
}
