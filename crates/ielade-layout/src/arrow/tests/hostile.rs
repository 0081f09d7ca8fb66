//! Files that were made to do harm, or were damaged.

use super::{
    BINARY, FIXED_LIST, INT, LIST, MAGIC, Made, Node, RECORD_BATCH, SCHEMA, STRUCT, encode, field,
    image, int, labels, message, outcome, packed, refusal, write,
};
use std::fs;

#[test]
fn files_as_they_are_made_here_are_read() {
    let images: Vec<Vec<u8>> = (0..4).map(image).collect();
    for made in [Made::good(), Made::packed()] {
        assert_eq!(outcome(&made.stream()).unwrap(), images);
        let file = made.file(|at, metadata, body| vec![(at, metadata, body)]);
        assert_eq!(outcome(&file).unwrap(), images);
    }
}

#[test]
fn cut_and_changed_files_end_in_an_error_or_in_other_values_and_never_in_a_panic() {
    for layout in ["batch=2/jpeg", "/u8"] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, 3);
        let whole = fs::read(folder.path().join("train.arrow")).unwrap();
        assert_eq!(outcome(&whole).unwrap().len(), 3, "{layout}");
        // Each structure ends at some byte, so all are tried.
        for kept in 0..whole.len() {
            let error = outcome(&whole[..kept]).unwrap_err();
            assert!(error.contains("made.arrow"), "{layout} {kept}: {error}");
        }
        changed(&whole, 3);
    }
    changed(&Made::packed().stream(), 4);
}

/// Every byte in turn is another one: never a panic, never more images.
fn changed(whole: &[u8], count: usize) {
    for at in 0..whole.len() {
        for bits in [0x01, 0xff] {
            let mut changed = whole.to_vec();
            changed[at] ^= bits;
            if let Ok(images) = outcome(&changed) {
                assert!(images.len() <= count, "byte {at}: {}", images.len());
            }
        }
    }
}

#[test]
fn a_cut_stream_is_told_by_file_and_byte() {
    let whole = Made::good().stream();
    for kept in 0..whole.len() {
        let error = outcome(&whole[..kept]).unwrap_err();
        assert!(error.contains("made.arrow"), "{kept}: {error}");
    }
}

#[test]
fn buffers_that_lead_astray_are_told_by_file_and_byte() {
    type Change = fn(&mut Made);
    let changes: [(Change, &str); 14] = [
        (
            |m| m.buffers = vec![(0, 0), (0, i64::MAX)],
            "beyond its batch",
        ),
        (
            |m| m.buffers = vec![(0, 0), (i64::MAX, 20)],
            "beyond its batch",
        ),
        (|m| m.buffers = vec![(0, 0), (-1, 20)], "beyond its batch"),
        (|m| m.buffers = vec![(0, 0), (0, -1)], "beyond its batch"),
        (
            |m| m.buffers = vec![(0, 0), (0, 20), (20, 1 << 40)],
            "beyond its batch",
        ),
        (|m| m.parts.truncate(2), "a batch of 2 buffers"),
        (|m| m.parts.truncate(4), "a batch of 4 buffers"),
        (|m| m.body = Some(1 << 40), "reach beyond"),
        (|m| m.body = Some(i64::MAX), "reach beyond"),
        (|m| m.body = Some(-1), "-1 where a count belongs"),
        (|m| m.body = Some(7), "no message starts here"),
        (|m| m.rows = -1, "-1 where a count belongs"),
        (|m| m.rows = 5, "too short for 5 numbers"),
        (|m| m.compression = Some(9), "unknown compression 9"),
    ];
    for (change, expected) in changes {
        let mut made = Made::good();
        change(&mut made);
        let error = refusal(&made.stream());
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn offsets_that_lead_astray_are_told_by_file_and_byte() {
    let with = |offsets: [u32; 5]| {
        let mut made = Made::good();
        made.parts[1] = offsets.into_iter().flat_map(u32::to_le_bytes).collect();
        refusal(&made.stream())
    };
    for (offsets, row) in [
        ([0, 12, 24, 36, 49], 3),
        ([0, 12, 24, 36, u32::MAX], 3),
        ([0, 12, 11, 36, 48], 1),
        ([u32::MAX, 12, 24, 36, 48], 0),
        ([0, u32::MAX, 24, 36, 48], 0),
    ] {
        let error = with(offsets);
        assert!(error.contains(&format!("row {row} lies from")), "{error}");
    }
    let mut made = Made::good();
    made.parts[1].truncate(16);
    let error = refusal(&made.stream());
    assert!(error.contains("4 offsets for 4 rows"), "{error}");
    let mut made = Made::good();
    made.rows = 20;
    made.parts[3] = vec![0xff; 2];
    made.parts[4] = vec![0; 160];
    let error = refusal(&made.stream());
    assert!(
        error.contains("a validity of 2 bytes for 20 rows"),
        "{error}"
    );
}

#[test]
fn decompression_bombs_are_refused() {
    let bomb = |told| packed(&vec![0; 64 << 20], told);
    for (told, expected) in [
        (48, "where 48 belong"),
        (i64::MAX, "at most 268435456 belong"),
        (1 << 32, "at most 268435456 belong"),
        (-2, "at most 268435456 belong"),
    ] {
        let mut made = Made::packed();
        made.parts[2] = bomb(told);
        let error = refusal(&made.stream());
        assert!(error.contains(expected), "{error}");
    }
    // Four labels and five offsets are no 64 MiB, whatever the buffer says.
    for part in [1, 4] {
        let mut made = Made::packed();
        made.parts[part] = bomb(64 << 20);
        let error = refusal(&made.stream());
        assert!(
            error.contains("unpacks to 67108864 bytes where at most 10"),
            "{error}"
        );
    }
    for (part, expected) in [
        (vec![1; 7], "without its length"),
        (48_i64.to_le_bytes().to_vec(), "incomplete frame"),
        (vec![0xff; 8], "48 bytes of images in a buffer of 0"),
    ] {
        let mut made = Made::packed();
        made.parts[2] = part;
        let error = refusal(&made.stream());
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn more_rows_than_there_can_be_ask_for_no_memory() {
    for rows in [1 << 31, i64::from(u32::MAX), 1 << 40, i64::MAX] {
        for made in [Made::good(), Made::packed()] {
            let error = refusal(&Made { rows, ..made }.stream());
            assert!(error.contains(&format!("{rows} rows in")), "{error}");
        }
    }
}

/// Raw images of these fields and buffers beside four labels.
fn raw(images: Node, buffers: Vec<Vec<u8>>) -> Made {
    let mut made = Made::good();
    let numbers = made.parts.split_off(3);
    made.fields[0] = images;
    made.parts = [buffers, numbers].concat();
    made
}

#[test]
fn lists_that_count_wrong_are_told_by_file_and_byte() {
    let bytes = || field("item", INT, int(8, false), Vec::new());
    let fixed = |size| {
        let table = Node::table().i32(0, size);
        field("image", FIXED_LIST, table, vec![bytes()])
    };
    let values = |count: usize| vec![Vec::new(), Vec::new(), vec![7; count]];
    // Four by four pixels of three channels.
    assert_eq!(
        outcome(&raw(fixed(48), values(192)).stream())
            .unwrap()
            .len(),
        4
    );
    let error = refusal(&raw(fixed(48), values(191)).stream());
    assert!(
        error.contains("192 bytes of images in a buffer of 191"),
        "{error}"
    );
    let error = refusal(&raw(fixed(i32::MAX), values(192)).stream());
    assert!(
        error.contains("bytes of images in a buffer of 192"),
        "{error}"
    );
    for size in [0, -1, i32::MIN] {
        let error = outcome(&raw(fixed(size), values(192)).stream()).unwrap_err();
        assert!(
            error.contains("made.arrow") && error.contains("shape"),
            "{error}"
        );
    }
    let listed = |offsets: [u32; 5]| {
        let images = field("image", LIST, Node::table(), vec![bytes()]);
        let offsets = offsets.into_iter().flat_map(u32::to_le_bytes).collect();
        raw(images, vec![Vec::new(), offsets, Vec::new(), vec![7; 192]])
    };
    let good = listed([0, 48, 96, 144, 192]);
    assert_eq!(outcome(&good.stream()).unwrap().len(), 4);
    for offsets in [
        [0, 48, 96, 144, 191],
        [1, 49, 97, 145, 193],
        [0, u32::MAX, 0, u32::MAX, 0],
        [192, 144, 96, 48, 0],
    ] {
        let error = refusal(&listed(offsets).stream());
        assert!(error.contains("lists of several lengths"), "{error}");
    }
}

#[test]
fn columns_of_one_name_are_refused() {
    for twice in 0..2 {
        let mut made = Made::good();
        made.fields.push(made.fields[twice].clone());
        let parts = made.parts[[0..3, 3..5][twice].clone()].to_vec();
        made.parts.extend(parts);
        let error = outcome(&made.stream()).unwrap_err();
        let name = ["image", "label"][twice];
        assert!(error.contains(&format!("2 columns {name:?}")), "{error}");
        assert!(error.contains("made.arrow"), "{error}");
    }
}

#[test]
fn schemas_without_end_ask_for_no_memory() {
    let schema = |fields: Vec<Node>| refusal(&message(SCHEMA, Node::table().tables(1, fields), 0));
    let group = |name: &str, children| field(name, STRUCT, Node::table(), children);
    let deep = (0..40).fold(labels(), |below, _| group("group", vec![below]));
    let error = schema(vec![deep]);
    assert!(error.contains("deeper ones"), "{error}");
    // A megabyte's name, told once, would be needed for each of the columns below it.
    let long = "x".repeat(1 << 20);
    let error = schema(vec![group(&long, vec![labels(); 100])]);
    assert!(error.contains("bytes of text"), "{error}");
    let error = schema(vec![field("image", 99, Node::table(), Vec::new())]);
    assert!(error.contains("unknown type 99"), "{error}");
    let error = schema(vec![Node::table().text(0, "image").u8(2, BINARY)]);
    assert!(error.contains("a field without a type"), "{error}");
    let big = Node::table().i16(0, 1).tables(1, vec![labels()]);
    let error = refusal(&message(SCHEMA, big, 0));
    assert!(error.contains("big-endian"), "{error}");
}

/// Structures of two fields each, which are one and the same: a few bytes that tell of two billion
/// fields. Offsets lead forward only, so there are no circles.
#[test]
fn fields_that_double_with_every_level_are_refused() {
    const LEVELS: usize = 31;
    let mut bytes = vec![0; 64 + 64 * LEVELS];
    let mut short = |at: usize, values: &[u16]| {
        for (place, value) in values.iter().enumerate() {
            bytes[at + 2 * place..][..2].copy_from_slice(&value.to_le_bytes());
        }
    };
    // Where their fields lie: of the message, of the schema, and of each field, which has kind,
    // type and children.
    short(4, &[10, 12, 4, 6, 8]);
    short(28, &[8, 8, 0, 4]);
    for level in 0..LEVELS {
        short(64 + 64 * level, &[16, 16, 0, 0, 4, 8, 0, 12]);
    }
    short(20, &[4, u16::from(SCHEMA)]);
    let mut long = |at: usize, value: u32| {
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
    };
    for (at, value) in [
        (0, 16),
        (16, 12),
        (24, 16),
        (40, 12),
        (44, 4),
        (48, 1),
        (52, 28),
    ] {
        long(at, value);
    }
    for level in 0..LEVELS {
        let start = 64 + 64 * level;
        let children = if level + 1 < LEVELS { 2 } else { 0 };
        let fields = [
            (16, 16),
            (20, STRUCT.into()),
            (24, 24),
            (28, 4),
            (32, children),
        ];
        for (at, value) in fields.into_iter().chain([(36, 44), (40, 40), (48, 48)]) {
            long(start + at, value);
        }
    }
    let length = (bytes.len() as u32).to_le_bytes();
    let error = refusal(&[[0xff; 4].as_slice(), &length, &bytes].concat());
    assert!(error.contains("more fields"), "{error}");
}

#[test]
fn ends_that_lead_astray_are_told_by_file_and_byte() {
    type Blocks = fn(i64, i32, i64) -> Vec<(i64, i32, i64)>;
    let blocks: [(Blocks, &str); 9] = [
        (|_, m, b| vec![(1 << 40, m, b)], "reach beyond"),
        (|_, m, b| vec![(-1, m, b)], "reach beyond"),
        (|at, m, b| vec![(at + 8, m, b)], "no message starts here"),
        (|at, _, b| vec![(at, 0, b)], "longer than the 0 bytes told"),
        (|at, _, b| vec![(at, -1, b)], "reach beyond"),
        (|at, m, _| vec![(at, m, 1 << 40)], "reach beyond"),
        (|at, m, _| vec![(at, m, -1)], "reach beyond"),
        (
            |at, m, b| vec![(at, m, b), (at, m, b)],
            "a batch within another",
        ),
        (|_, m, b| vec![(8, m, b)], "byte"),
    ];
    for (blocks, expected) in blocks {
        let error = refusal(&Made::good().file(blocks));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let good = Made::good().file(|at, metadata, body| vec![(at, metadata, body)]);
    for (length, expected) in [
        (u32::MAX, "has no room"),
        (good.len() as u32 - 10, "has no room"),
        (0, "byte"),
        (4, "byte"),
    ] {
        let mut bytes = good.clone();
        let at = bytes.len() - 10;
        bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
        let error = refusal(&bytes);
        assert!(error.contains(expected), "{error}");
    }
    let footer = encode(&Node::table().i16(0, 4));
    let length = (footer.len() as u32).to_le_bytes();
    let bytes = [MAGIC.as_slice(), &[0; 2], &footer, &length, MAGIC].concat();
    let error = refusal(&bytes);
    assert!(error.contains("a footer without a schema"), "{error}");
}

#[test]
fn messages_that_are_none_are_told_by_file_and_byte() {
    let schema = message(SCHEMA, Made::good().schema(), 0);
    for (next, expected) in [
        (
            &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
            "reach beyond",
        ),
        (&[0, 0, 0, 0, 16, 0, 0, 0], "no message starts here"),
        (&[0xff; 6], "reach beyond"),
        (
            &[0xff, 0xff, 0xff, 0xff, 4, 0, 0, 0, 0xff, 0xff, 0xff, 0xff],
            "leads out",
        ),
    ] {
        let error = refusal(&[schema.as_slice(), next].concat());
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let empty = message(RECORD_BATCH, Node::table(), 0);
    let error = outcome(&[schema, empty].concat()).unwrap_err();
    assert!(error.contains("made.arrow"), "{error}");
    let first = message(RECORD_BATCH, Node::table(), 0);
    let error = outcome(&first).unwrap_err();
    assert!(error.contains("does not start with its schema"), "{error}");
}
