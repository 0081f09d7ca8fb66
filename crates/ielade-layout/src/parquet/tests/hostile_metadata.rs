//! Metadata that was made to do harm, or was damaged.

use super::{BYTES, Kind, MAGIC, Made, ThriftWriter, end, outcome};

/// What is wrong with metadata that is written so.
fn metadata(fields: impl FnOnce(&mut ThriftWriter)) -> String {
    let mut writer = ThriftWriter::default();
    writer.structure(fields);
    let error = outcome(&end(MAGIC.to_vec(), &writer.finish())).unwrap_err();
    assert!(error.contains("made.parquet, byte "), "{error}");
    error
}

/// An element of a schema: a group of so many, or a column of bytes without any.
fn element(w: &mut ThriftWriter, name: &str, children: Option<i32>) {
    w.structure(|w| {
        if children.is_none() {
            w.i32(1, BYTES);
        }
        w.text(4, name);
        if let Some(children) = children {
            w.i32(5, children);
        }
    });
}

#[test]
fn metadata_that_counts_wrong_is_told_by_file_and_byte() {
    let error = metadata(|w| w.i32(1, 1));
    assert!(error.contains("no schema"), "{error}");
    for (children, expected) in [
        (-1, "-1 where a count belongs"),
        (0, "more elements than its groups count"),
        (2, "lacks 1 elements"),
        (i32::MAX, "lacks 2147483646 elements"),
    ] {
        let error = metadata(|w| {
            w.list(2, Kind::Struct, 2);
            element(w, "schema", Some(children));
            element(w, "image", None);
        });
        assert!(error.contains(expected), "{error}");
    }
    let error = metadata(|w| w.list(2, Kind::Struct, u32::MAX as usize));
    assert!(error.contains("4294967295 items where"), "{error}");
    let error = metadata(|w| {
        w.list(2, Kind::Struct, 1);
        element(w, "schema", Some(0));
        w.list(4, Kind::Struct, 1);
        w.structure(|w| {
            w.list(1, Kind::Struct, 1);
            w.structure(|w| w.field_structure(3, |w| w.i64(4, 0)));
            w.i64(3, 4);
        });
    });
    assert!(error.contains("does not say where it lies"), "{error}");
    for (field, expected) in [(1, "lies in another file"), (8, "encrypted")] {
        let error = metadata(|w| {
            w.list(4, Kind::Struct, 1);
            w.structure(|w| {
                w.list(1, Kind::Struct, 1);
                w.structure(|w| w.text(field, "elsewhere"));
            });
        });
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn metadata_without_end_asks_for_no_memory() {
    let deep = metadata(|w| {
        w.list(2, Kind::Struct, 40);
        for _ in 0..39 {
            element(w, "group", Some(1));
        }
        element(w, "image", None);
    });
    assert!(deep.contains("deeper than 32 groups"), "{deep}");
    // A megabyte's name, told once, would be needed for each of the columns below it.
    let long = metadata(|w| {
        w.list(2, Kind::Struct, 1002);
        element(w, "schema", Some(1));
        element(w, &"x".repeat(1 << 20), Some(1000));
        for _ in 0..1000 {
            element(w, "y", None);
        }
    });
    assert!(long.contains("names of its columns"), "{long}");
    // An element that says nothing takes one byte.
    let many = metadata(|w| {
        w.list(2, Kind::Struct, 200_000);
        for _ in 0..200_000 {
            w.structure(|_| {});
        }
    });
    assert!(many.contains("more than 100000 elements"), "{many}");
    let many = metadata(|w| {
        w.list(5, Kind::Struct, 200_000);
        for _ in 0..200_000 {
            w.structure(|_| {});
        }
    });
    assert!(many.contains("more than 100000 entries"), "{many}");
    let nested = metadata(|w| {
        w.list(99, Kind::List, 1);
        // A list of one list, again and again.
        for _ in 0..1000 {
            w.i32_item(-13);
        }
    });
    assert!(nested.contains("in one another"), "{nested}");
}

#[test]
fn ends_that_are_none_are_told_by_file_and_byte() {
    type Change = fn(&mut Vec<u8>);
    let good = Made::good().bytes();
    let changes: [(Change, &str); 7] = [
        (|b| b.truncate(7), "no Parquet file"),
        (|b| b[0] = b'p', "no container recognises it"),
        (|b| b.push(0), "ends with PAR1"),
        (|b| put(b, 8, u32::MAX), "has no room"),
        (
            |b| {
                let length = b.len() as u32;
                put(b, 8, length);
            },
            "has no room",
        ),
        (|b| put(b, 8, 0), "ends within a value"),
        (|b| put(b, 4, u32::from_le_bytes(*b"PARE")), "encrypted"),
    ];
    for (change, expected) in changes {
        let mut bytes = good.clone();
        change(&mut bytes);
        let error = outcome(&bytes).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(error.contains("made.parquet"), "{error}");
    }
}

/// Sets four bytes, so many before the end.
fn put(bytes: &mut [u8], before_end: usize, value: u32) {
    let at = bytes.len() - before_end;
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}
