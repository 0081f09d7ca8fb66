//! Files that were made to do harm, or were damaged.

use super::{
    Column, DATA_2, DELTA_LENGTHS, DICTIONARY, INDICES, Made, OPTIONAL, Page, image, outcome,
    plain, refusal, write,
};
use std::fs;

#[test]
fn files_as_they_are_made_here_are_read() {
    let images: Vec<Vec<u8>> = (0..4).map(image).collect();
    assert_eq!(outcome(&Made::good().bytes()).unwrap(), images);
    assert_eq!(outcome(&Made::packed().bytes()).unwrap(), images);
}

#[test]
fn cut_and_changed_files_end_in_an_error_or_in_other_values_and_never_in_a_panic() {
    for layout in ["group=2/jpeg", "group=2,zstd/jpeg", "snappy/u8", "/u8"] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, 5);
        let whole = fs::read(folder.path().join("train-00000-of-00001.parquet")).unwrap();
        assert_eq!(outcome(&whole).unwrap().len(), 5, "{layout}");
        // Each structure ends at some byte, so all are tried.
        for kept in 0..whole.len() {
            let error = outcome(&whole[..kept]).unwrap_err();
            assert!(error.contains("made.parquet"), "{layout} {kept}: {error}");
        }
        for at in 0..whole.len() {
            for bits in [0x01, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= bits;
                if let Ok(images) = outcome(&changed) {
                    assert!(images.len() <= 5, "{layout} {at}");
                }
            }
        }
    }
}

/// What is wrong with a good file after this change of its images' column.
fn refused(made: fn() -> Made, change: impl FnOnce(&mut Column)) -> String {
    let mut made = made();
    change(&mut made.columns[0]);
    refusal(&made)
}

#[test]
fn columns_that_lead_astray_are_told_by_file_and_byte() {
    type Change = fn(&mut Column);
    let changes: [(Change, &str); 12] = [
        (|c| c.start = Some(1 << 40), "reach beyond"),
        (|c| c.start = Some(i64::MAX as u64), "reach beyond"),
        (|c| c.start = Some(u64::MAX), "does not say where it lies"),
        (|c| c.bytes = Some(1 << 40), "longer than the file"),
        (|c| c.bytes = Some(u64::MAX), "-1 where a count belongs"),
        (|c| c.bytes = Some(20), "reaches beyond its column"),
        (|c| c.start = Some(5), "byte"),
        (|c| c.values = 3, "4 rows but 3 values"),
        (|c| c.values = u64::MAX, "-1 where a count belongs"),
        (|c| c.pages.truncate(1), "ends after 2 of 4 values"),
        (|c| c.pages[1].values = 3, "more than the 4 values"),
        (|c| c.codec = 77, "unknown compression 77"),
    ];
    for (change, expected) in changes {
        for made in [Made::good, Made::packed] {
            let error = refused(made, change);
            assert!(error.contains(expected), "{expected}: {error}");
        }
    }
}

#[test]
fn pages_that_contradict_themselves_are_told_by_file_and_byte() {
    type Change = fn(&mut Page);
    let changes: [(Change, &str); 11] = [
        (|p| p.packed = Some(1 << 20), "reaches beyond its column"),
        (|p| p.packed = Some(u64::MAX), "-1 where a count belongs"),
        (|p| p.unpacked = Some(u64::MAX), "-1 where a count belongs"),
        (|p| p.unpacked = Some(7), "says that it has 7"),
        (|p| p.unpacked = Some(1 << 32), "a page of 4 GiB"),
        (|p| p.values = u64::MAX, "-1 where a count belongs"),
        (|p| p.encoding = 99, "unknown encoding 99"),
        (|p| p.encoding = INDICES, "byte"),
        (|p| p.crc = Some(7), "CRC is wrong"),
        (|p| p.content[0] = 0xff, "value 0 reaches beyond its page"),
        (
            |p| p.content[..4].fill(0xff),
            "value 0 reaches beyond its page",
        ),
    ];
    for (change, expected) in changes {
        let error = refused(Made::good, |column| change(&mut column.pages[0]));
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let changes: [(Change, &str); 6] = [
        (|p| p.unpacked = Some(7), "where 7 belong"),
        (|p| p.unpacked = Some(1000), "where 1000 belong"),
        (|p| p.crc = Some(7), "CRC is wrong"),
        (|p| p.content.truncate(9), "byte"),
        (|p| p.content.clear(), "byte"),
        (|p| p.content.fill(0), "byte"),
    ];
    for (change, expected) in changes {
        let error = refused(Made::packed, |column| change(&mut column.pages[0]));
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn a_crc_that_is_right_is_no_fault() {
    for made in [Made::good(), Made::packed()] {
        let mut made = made;
        for page in made.columns.iter_mut().flat_map(|column| &mut column.pages) {
            page.crc = Some(crc32fast::hash(&page.content));
        }
        outcome(&made.bytes()).unwrap();
    }
}

#[test]
fn decompression_bombs_are_refused() {
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    // It says that it is small, as large as it is, or larger than anything.
    for (told, expected) in [
        (1000, "where 1000 belong"),
        (i32::MAX as u64, "only up to 268435456 are unpacked at once"),
        (
            u64::from(u32::MAX),
            "only up to 268435456 are unpacked at once",
        ),
        (1 << 32, "a page of 4 GiB"),
    ] {
        let error = refused(Made::packed, |column| {
            column.pages[0].content.clone_from(&bomb);
            column.pages[0].unpacked = Some(told);
        });
        assert!(error.contains(expected), "{error}");
    }
    // Four labels are no 64 MiB, whatever the page says.
    let mut made = Made::packed();
    made.columns[1].pages[0].content = bomb;
    made.columns[1].pages[0].unpacked = Some(64 << 20);
    let error = refusal(&made);
    assert!(error.contains("4 numbers in 67108864 bytes"), "{error}");
}

/// Pages of a dictionary of two images and of four indices into it.
fn dictionary(indices: &[u8]) -> Vec<Page> {
    let mut dictionary = Page::of(2, plain(&[image(0), image(1)]));
    dictionary.kind = DICTIONARY;
    let mut data = Page::of(4, indices.to_vec());
    data.encoding = INDICES;
    vec![dictionary, data]
}

#[test]
fn indices_beyond_the_dictionary_are_refused() {
    // A bit each: 0, 1, 1, 0.
    let mut made = Made::good();
    made.columns[0].pages = dictionary(&[1, 3, 0b0110]);
    let found = outcome(&made.bytes()).unwrap();
    assert_eq!(found, [image(0), image(1), image(1), image(0)]);
    for (indices, expected) in [
        (
            &[2, 3, 0b0000_1101, 0][..],
            "index 3 into a dictionary of 2",
        ),
        (&[8, 8, 2], "index 2 into a dictionary of 2"),
        (&[32, 8, 0xff, 0xff, 0xff, 0xff], "index 4294967295"),
        (&[33, 8, 0, 0, 0, 0, 0], "numbers of 33 bits"),
        (&[1, 6, 0], "the page ends within"),
        (&[1, 0, 0], "a run of nothing"),
        (&[1, 1], "a run of nothing"),
        (
            &[
                1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            ],
            "the page ends within",
        ),
        (&[], "a page without indices"),
    ] {
        let error = refused(Made::good, |column| column.pages = dictionary(indices));
        assert!(error.contains(expected), "{indices:?}: {error}");
    }
    let error = refused(Made::good, |column| {
        column.pages = dictionary(&[1, 8, 0])[1..].to_vec();
    });
    assert!(error.contains("index 0 into a dictionary of 0"), "{error}");
    let error = refused(Made::good, |column| {
        column.pages = dictionary(&[1, 8, 0]);
        column.pages[0].values = 3;
    });
    assert!(
        error.contains("value 2") || error.contains("3 values"),
        "{error}"
    );
}

/// Four images of a column that may lack some, behind levels as they are given.
fn levelled(levels: &[u8], second: bool) -> Made {
    let values = plain(&[image(0), image(1), image(2), image(3)]);
    let mut made = Made::good();
    let mut page = Page::of(4, Vec::new());
    if second {
        page.kind = DATA_2;
        page.levels.0 = levels.len() as u64;
        page.content = [levels, &values].concat();
    } else {
        let length = (levels.len() as u32).to_le_bytes();
        page.content = [&length, levels, &values].concat();
    }
    made.columns[0].repetition = OPTIONAL;
    made.columns[0].pages = vec![page];
    made
}

#[test]
fn levels_that_run_over_are_refused() {
    for second in [false, true] {
        let good = levelled(&[8, 1], second).bytes();
        assert_eq!(outcome(&good).unwrap().len(), 4);
        let hole = outcome(&levelled(&[3, 0b0111], second).bytes()).unwrap();
        assert_eq!(hole, [image(0), image(1), image(2), Vec::new()]);
        // More levels than rows are as many as there are rows.
        let long = levelled(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], second);
        assert_eq!(outcome(&long.bytes()).unwrap().len(), 4);
        for levels in [&[6, 1][..], &[8], &[0, 1], &[], &[0xff; 3], &[8, 2]] {
            let error = refusal(&levelled(levels, second));
            assert!(error.contains("byte "), "{levels:?}: {error}");
        }
    }
    let mut first = levelled(&[8, 1], false);
    first.columns[0].pages[0].content[..4].fill(0xff);
    let error = refusal(&first);
    assert!(
        error.contains("levels that are longer than their page"),
        "{error}"
    );
    let mut second = levelled(&[8, 1], true);
    second.columns[0].pages[0].levels.0 = 1 << 31;
    let error = refusal(&second);
    assert!(
        error.contains("levels that are longer than their page"),
        "{error}"
    );
    second.columns[0].pages[0].levels = (2, 2);
    let error = refusal(&second);
    assert!(error.contains("a row with several values"), "{error}");
}

#[test]
fn lengths_by_differences_that_reach_beyond_the_page_are_refused() {
    let lengths = |lengths: &[u8]| {
        refused(Made::good, |column| {
            column.pages = vec![Page::of(4, [lengths, &[7; 40]].concat())];
            column.pages[0].encoding = DELTA_LENGTHS;
        })
    };
    // Blocks of 128 in four parts, four values; then the first one and the differences.
    for (bytes, expected) in [
        (
            &[0x80, 1, 4, 4, 200, 1, 0, 0, 0, 0, 0][..],
            "100 bytes reaches beyond",
        ),
        (
            &[0x80, 1, 4, 4, 2, 5, 0, 0, 0, 0],
            "-2 bytes reaches beyond",
        ),
        (
            &[0x80, 1, 4, 5, 2, 0, 0, 0, 0, 0],
            "5 numbers where 4 belong",
        ),
        (&[0x80, 1, 0, 4, 2, 0, 0, 0, 0, 0], "in 0 parts"),
        (
            &[0xff, 0xff, 0xff, 0xff, 0x7f, 4, 4, 2, 0],
            "blocks of 34359738367",
        ),
        (&[0x80, 1, 4, 4, 2, 0, 255, 0, 0, 0], "numbers of 255 bits"),
        (
            &[0x80, 1, 4, 4, 2, 0, 64, 64, 64, 64],
            "ends within its numbers",
        ),
    ] {
        let error = lengths(bytes);
        assert!(error.contains(expected), "{bytes:?}: {error}");
    }
}

#[test]
fn more_rows_than_there_can_be_ask_for_no_memory() {
    // A few bytes are enough to say four billion times that an image is the first one.
    for rows in [1 << 31, u64::from(u32::MAX), 1 << 40, i64::MAX as u64] {
        let mut made = Made::good();
        made.rows = rows;
        made.columns[0].values = rows;
        made.columns[1].values = rows;
        made.columns[0].pages = dictionary(&[0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        made.columns[0].pages[1].values = rows;
        let error = refusal(&made);
        assert!(
            error.contains(&format!("{rows} rows in a file of")),
            "{error}"
        );
    }
}

#[test]
fn columns_of_one_name_are_refused() {
    for twice in 0..2 {
        let mut made = Made::good();
        made.columns.push(made.columns[twice].clone());
        let error = outcome(&made.bytes()).unwrap_err();
        let name = made.columns[twice].name;
        assert!(error.contains(&format!("2 columns {name:?}")), "{error}");
        assert!(error.contains("made.parquet"), "{error}");
    }
}
