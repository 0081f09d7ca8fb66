//! The parts read back by a decoder that knows just enough.

use super::{
    Bytes, ChunkPlace, ChunkTree, Collection, Datatype, Extent, Filter, Group, Message, UNDEFINED,
    object_header, reference, superblock,
};
use ielade_core::Element;
use proptest::prelude::*;

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap())
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// First byte of the tree in the files of these tests.
const START: u64 = 1000;

/// A chunk's samples and other lengths, and the bytes of a value.
const LENGTHS: [u32; 5] = [7, 2, 4, 3, 2];

fn place(chunk: u64) -> ChunkPlace {
    ChunkPlace {
        address: (1 << 40) | (chunk * 3),
        bytes: (chunk % 1000) as u32 + 1,
    }
}

fn tree_of(chunks: u64) -> (Vec<u8>, u64) {
    let tree = ChunkTree {
        lengths: &LENGTHS,
        chunks,
        start: START,
    };
    let (mut bytes, mut at) = (Vec::new(), 0..chunks);
    let root = tree
        .write(
            || at.next().map(place).ok_or("asked for too many"),
            |node| {
                bytes.extend_from_slice(node);
                Ok(())
            },
        )
        .unwrap();
    assert_eq!(at.next(), None);
    (bytes, root)
}

/// The chunks below a node, in order, and the node's keys at both ends; checks what the library
/// relies on.
fn walk(bytes: &[u8], address: u64, level: u8, found: &mut Vec<ChunkPlace>) -> (u64, u64) {
    let node = &bytes[(address - START) as usize..];
    assert_eq!(&node[..6], &[b'T', b'R', b'E', b'E', 1, level]);
    let children = usize::from(u16_at(node, 6));
    assert!((1..=64).contains(&children));
    let key = |number: usize| 24 + number * (8 + 8 * LENGTHS.len() + 8);
    for child in 0..children {
        let at = key(child);
        let start = u64_at(node, at + 8);
        assert_eq!(node[at + 4..at + 8], [0; 4]);
        assert!(node[at + 16..at + 48].iter().all(|byte| *byte == 0));
        let lies_at = u64_at(node, at + 48);
        if level == 0 {
            assert_eq!(start, found.len() as u64 * u64::from(LENGTHS[0]));
            found.push(ChunkPlace {
                address: lies_at,
                bytes: u32_at(node, at),
            });
        } else {
            let first = found.len();
            let (from, to) = walk(bytes, lies_at, level - 1, found);
            assert_eq!((start, u32_at(node, at)), (from, found[first].bytes));
            assert_eq!(to, u64_at(node, key(child + 1) + 8));
        }
    }
    (u64_at(node, key(0) + 8), u64_at(node, key(children) + 8))
}

fn level_of(bytes: &[u8], root: u64) -> u8 {
    bytes[(root - START) as usize + 5]
}

fn check_tree(chunks: u64) {
    let (bytes, root) = tree_of(chunks);
    let mut found = Vec::new();
    let ends = walk(&bytes, root, level_of(&bytes, root), &mut found);
    assert_eq!(ends, (0, chunks * u64::from(LENGTHS[0])));
    assert!(found.into_iter().eq((0..chunks).map(place)));
    assert_eq!(bytes.len() % (24 + 64 * 8 + 65 * 48), 0);
}

#[test]
fn a_tree_leads_to_every_chunk_whatever_its_height() {
    for (chunks, level) in [(1, 0), (64, 0), (65, 1), (4096, 1), (4097, 2)] {
        let (bytes, root) = tree_of(chunks);
        assert_eq!(level_of(&bytes, root), level, "{chunks}");
        check_tree(chunks);
    }
    assert_eq!(tree_of(0), (Vec::new(), UNDEFINED));
}

#[test]
fn nodes_of_a_level_are_linked_and_the_last_key_is_behind_all() {
    let (bytes, _) = tree_of(130);
    let size = (24 + 64 * 8 + 65 * 48) as u64;
    let links: Vec<[u64; 2]> = (0..3)
        .map(|node| (node * size) as usize)
        .map(|at| [u64_at(&bytes, at + 8), u64_at(&bytes, at + 16)])
        .collect();
    let expected = [
        [UNDEFINED, START + size],
        [START, START + 2 * size],
        [START + size, UNDEFINED],
    ];
    assert_eq!(links, expected);
    // Two children; as the library makes the last key, one chunk on in each dimension.
    let last = 2 * size as usize + 24 + 2 * 56;
    let key: Vec<u64> = (0..6).map(|at| u64_at(&bytes, last + 8 * at)).collect();
    assert_eq!(key, [0, 130 * 7, 2, 4, 3, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn trees_of_any_size_are_sound(chunks in 1..20_000_u64) {
        check_tree(chunks);
    }

    /// Objects are found by their number, and a collection goes on where it was left.
    #[test]
    fn collections_hold_what_was_put_in(
        values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..900), 1..40),
    ) {
        let (mut file, mut references) = (Vec::new(), Vec::new());
        let mut collection = Collection::default();
        for value in &values {
            collection = Collection::of_content(collection.content()).unwrap();
            let object = collection.push(value);
            references.push((file.len(), object));
            if collection.is_full() {
                collection.end(|part| { file.extend_from_slice(part); Ok::<_, ()>(()) }).unwrap();
            }
        }
        collection.end(|part| { file.extend_from_slice(part); Ok::<_, ()>(()) }).unwrap();
        for (value, (start, object)) in values.iter().zip(references) {
            prop_assert_eq!(&object_of(&file[start..], object), value);
        }
    }
}

/// An object of the collection at the start of `bytes`, which is sound to its end.
fn object_of(bytes: &[u8], number: u16) -> Vec<u8> {
    assert_eq!(&bytes[..8], b"GCOL\x01\0\0\0");
    let size = u64_at(bytes, 8) as usize;
    assert!(size >= 4096 && size.is_multiple_of(8));
    let (mut at, mut found) = (16, None);
    // Less than an object's head is free without saying so.
    while at + 16 <= size {
        let length = u64_at(bytes, at + 8) as usize;
        match u16_at(bytes, at) {
            0 => at += length,
            object => {
                if object == number {
                    found = Some(bytes[at + 16..at + 16 + length].to_vec());
                }
                at += 16 + length.next_multiple_of(8);
            }
        }
    }
    assert!(at == size || at + 8 == size);
    found.unwrap()
}

#[test]
fn what_is_no_content_of_a_collection_is_refused() {
    let mut collection = Collection::default();
    collection.push(b"value");
    let content = collection.content().to_vec();
    assert_eq!(Collection::of_content(&content), Some(collection));
    for cut in 1..content.len() {
        assert_eq!(Collection::of_content(&content[..cut]), None, "{cut}");
    }
    let mut large = content;
    large[8..16].fill(0xff);
    assert_eq!(Collection::of_content(&large), None);
}

#[test]
fn a_reference_is_length_address_and_number() {
    let bytes = reference(5, 0x1_0000_0000, 3);
    let parts = (u32_at(&bytes, 0), u64_at(&bytes, 4), u32_at(&bytes, 12));
    assert_eq!(parts, (5, 1 << 32, 3));
}

#[test]
fn types_are_those_that_the_library_writes() {
    // As `h5py.h5t.py_create(...).encode()` gives them.
    let integer = |size: u8, sign: u8| [0x10, sign, 0, 0, size, 0, 0, 0, 0, 0, 8 * size, 0];
    assert_eq!(Datatype::of_element(Element::U8).encoded(), integer(1, 0));
    assert_eq!(Datatype::of_element(Element::U16).encoded(), integer(2, 0));
    assert_eq!(Datatype::label().encoded(), integer(8, 8));
    let floats: [(Element, [u8; 20]); 3] = [
        (
            Element::F16,
            [
                0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0,
            ],
        ),
        (
            Element::Bf16,
            [
                0x11, 0x20, 15, 0, 2, 0, 0, 0, 0, 0, 16, 0, 7, 8, 0, 7, 127, 0, 0, 0,
            ],
        ),
        (
            Element::F32,
            [
                0x11, 0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
            ],
        ),
    ];
    for (element, encoded) in floats {
        assert_eq!(Datatype::of_element(element).encoded(), encoded);
    }
    let variable = Datatype::variable_bytes();
    assert_eq!(variable.encoded()[..8], [0x19, 0, 0, 0, 16, 0, 0, 0]);
    assert_eq!(variable.encoded()[8..], integer(1, 0));
    assert_eq!(variable.size(), 16);
    let text = Datatype::variable_text();
    assert_eq!(text.encoded()[..8], [0x19, 1, 1, 0, 16, 0, 0, 0]);
    assert_eq!(Datatype::text(7).encoded(), [0x13, 0x11, 0, 0, 7, 0, 0, 0]);
}

#[test]
fn a_header_counts_its_messages_and_their_bytes() {
    let filters = [Filter::Shuffle(2), Filter::Deflate(4)];
    let extent = Extent::Growing(&[5, 3]);
    let messages = [
        Message::dataspace(extent),
        Message::fill_value(extent),
        Message::chunked(77, &[2, 3, 2]),
        Message::filters(&filters),
        Message::attribute("encoding", &Datatype::text(3), Extent::Fixed(&[]), b"png"),
    ];
    let header = object_header(&messages);
    assert_eq!(
        (header[0], u16_at(&header, 2), u32_at(&header, 4)),
        (1, 5, 1)
    );
    assert_eq!(u32_at(&header, 8) as usize, header.len() - 16);
    let (mut at, mut kinds) = (16, Vec::new());
    while at < header.len() {
        kinds.push(u16_at(&header, at));
        let bytes = usize::from(u16_at(&header, at + 2));
        assert_eq!(bytes % 8, 0);
        at += 8 + bytes;
    }
    assert_eq!(at, header.len());
    assert_eq!(kinds, [1, 5, 8, 11, 12]);
}

#[test]
fn a_group_leads_to_its_objects_in_the_order_of_their_names() {
    let group = Group::encode(800, &[("labels", 8), ("images", 16), ("class_names", 24)]);
    let at = |address: u64| &group.bytes[(address - 800) as usize..];
    let (tree, heap) = (at(group.tree), at(group.heap));
    assert_eq!(&tree[..8], b"TREE\0\0\x01\0");
    assert_eq!((&heap[..4], u64_at(heap, 16)), (&b"HEAP"[..], 1));
    let names = at(u64_at(heap, 24));
    let symbols = at(u64_at(tree, 32));
    assert_eq!(&symbols[..6], b"SNOD\x01\0");
    let found: Vec<(String, u64)> = (0..usize::from(u16_at(symbols, 6)))
        .map(|entry| 8 + entry * 40)
        .map(|entry| {
            let name = &names[u64_at(symbols, entry) as usize..];
            let end = name.iter().position(|byte| *byte == 0).unwrap();
            let name = String::from_utf8(name[..end].to_vec()).unwrap();
            (name, u64_at(symbols, entry + 8))
        })
        .collect();
    let expected = [("class_names", 24), ("images", 16), ("labels", 8)];
    assert!(
        found
            .iter()
            .map(|(name, at)| (name.as_str(), *at))
            .eq(expected)
    );
    // The key behind the only child is the greatest name.
    assert_eq!(&names[u64_at(tree, 40) as usize..][..7], b"labels\0");

    let header = at(group.header);
    assert_eq!(u64_at(header, 24), group.tree);
    assert_eq!(u64_at(header, 32), group.heap);
    let block = superblock(&group, 5000);
    assert_eq!(block.len(), 96);
    assert_eq!(
        (u64_at(&block, 40), u64_at(&block, 64)),
        (5000, group.header)
    );
}

#[test]
fn bytes_are_padded_to_where_a_part_can_start() {
    let mut bytes = Bytes::default();
    bytes.u8(1).align().u16(2).align().align();
    assert_eq!(bytes.len(), 16);
}
