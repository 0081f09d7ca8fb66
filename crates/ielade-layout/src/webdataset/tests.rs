//! Archives that others wrote, in every form that is allowed and in many that are not.

use super::header::{BLOCK, END, HeaderWriter};
use crate::{
    ForeignStore, LayoutError,
    npy::{NpyHeader, NpyType},
    open_any,
};
use ielade_codec::ThreadContext;
use ielade_core::ForeignNames;
use std::{fs, path::PathBuf};

/// What starts as a JPEG does.
const IMAGE: &[u8] = b"\xff\xd8\xff an image";

fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let header = HeaderWriter::new().header(name.as_bytes(), content.len() as u64);
    let mut bytes = [&header[..], content].concat();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, content) in members {
        bytes.extend(member(name, content));
    }
    bytes.extend(END);
    bytes
}

fn array(kind: NpyType, shape: &[u64], bytes: usize) -> Vec<u8> {
    [NpyHeader::encode(kind, shape), vec![7; bytes]].concat()
}

/// Names and contents.
type Members<'a> = &'a [(&'a str, &'a [u8])];

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("a.tar")
    }

    fn open(&self, content: &[u8], names: &ForeignNames) -> Result<ForeignStore, LayoutError> {
        fs::write(self.path(), content).unwrap();
        // The same size within the clock's step would be taken for the same file.
        let _ = fs::remove_file(self.path().with_file_name("a.tar.ielade-index"));
        open_any(&self.path(), names)
    }

    fn opened(&self, members: &[(&str, &[u8])]) -> ForeignStore {
        self.open(&archive(members), &ForeignNames::default())
            .unwrap()
    }

    fn refused(&self, content: &[u8]) -> String {
        let error = self.open(content, &ForeignNames::default()).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("a.tar"), "{error}");
        error
    }
}

fn labels(store: &ForeignStore) -> Vec<Option<u32>> {
    let mut context = ThreadContext::default();
    (0..store.reader.manifest().count)
        .map(|index| store.reader.sample(index, &mut context).unwrap().label)
        .collect()
}

#[test]
fn files_are_grouped_by_folder_and_name_and_labels_found() {
    let folder = Folder::new();
    let store = folder.opened(&[
        ("__meta__.json", b"not even json"),
        ("README", b""),
        ("a/1.cls", b"2\n"),
        ("a/1.jpg", IMAGE),
        ("b/1.JPG", IMAGE),
        ("b/1.cls", b" 0"),
        ("b/2.jpeg", IMAGE),
    ]);
    assert_eq!(labels(&store), [Some(2), Some(0), None]);
    let store = folder.opened(&[
        ("1.jpg", IMAGE),
        ("1.json", br#"{"cls": 3, "caption": "x"}"#),
        ("2.json", br#"{"cls": null}"#),
        ("2.png", b"\x89PNG\r\n\x1a\n"),
    ]);
    assert_eq!(labels(&store)[0], Some(3));
    let guesses = store.guesses.join("; ");
    assert!(guesses.contains("labels: json.cls"), "{guesses}");
    assert!(guesses.contains("1 are something else"), "{guesses}");
    let store = folder.opened(&[("1.jpg", IMAGE), ("1.txt", b"a caption")]);
    assert_eq!(labels(&store), [None]);
    let store = folder.opened(&[("1.jpg", IMAGE), ("1.txt", b"4"), ("LICENSE.md", b"...")]);
    assert_eq!(labels(&store), [Some(4)]);
    let guesses = store.guesses.join("; ");
    assert!(
        guesses.contains("1 groups of files without an image"),
        "{guesses}"
    );
}

#[test]
fn arrays_are_read_in_place() {
    let folder = Folder::new();
    for (kind, shape, encoding, expected) in [
        (NpyType::U8, &[4, 5, 3][..], "u8", "4×5×3"),
        (NpyType::U8, &[4, 5], "u8", "4×5×3"),
        (NpyType::F16, &[3, 4, 5], "f16", "4×5×3"),
        (NpyType::Bf16, &[4, 5, 3], "bf16", "4×5×3"),
    ] {
        let bytes = shape.iter().product::<u64>() as usize * kind.size();
        let image = array(kind, shape, bytes);
        let store = folder.opened(&[("1.npy", &image), ("2.npy", &image), ("2.cls", b"1")]);
        let manifest = store.reader.manifest();
        assert_eq!(manifest.encoding().to_string(), encoding);
        assert_eq!(manifest.shape.to_string(), expected);
        assert_eq!(manifest.count, 2);
        let mut context = ThreadContext::default();
        let sample = store.reader.sample(1, &mut context).unwrap();
        assert!(sample.payload.bytes().iter().all(|byte| *byte == 7));
    }
}

#[test]
fn archives_that_are_no_data_set_are_refused_by_name() {
    let folder = Folder::new();
    let pixels = array(NpyType::U8, &[2, 2, 3], 12);
    let other = array(NpyType::U8, &[4, 1, 3], 12);
    let many: Vec<String> = (0..4097).map(|at| format!("1.s{at}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let long_json = [&b"{\"a\": \""[..], &vec![b'x'; 2 << 20], b"\"}"].concat();
    let deep_json = vec![b'['; 100_000];
    let cases: &[(Members<'_>, &str)] = &[
        (
            &[("1.jpg", IMAGE), ("1.jpg", IMAGE)],
            "\"1.jpg\" is there twice",
        ),
        (
            &[("1.jpg", IMAGE), ("1.JPG", IMAGE)],
            "\"1.JPG\" is there twice",
        ),
        (
            &[("1.jpg", IMAGE), ("2.jpg", IMAGE), ("1.cls", b"1")],
            "\"1\" is there twice, with other files in between",
        ),
        (
            &[("1.jpg", IMAGE), ("1.cls", b"cat")],
            "the label \"cat\" is not a whole number",
        ),
        (
            &[("1.jpg", IMAGE), ("1.cls", b"1.5")],
            "\"1.5\" is not a whole number",
        ),
        (
            &[("1.jpg", IMAGE), ("1.cls", b"99999999999")],
            "too great to be a class",
        ),
        (&[("1.jpg", IMAGE), ("1.json", b"{")], "\"1.json\": EOF"),
        (&[("1.jpg", IMAGE), ("1.json", &long_json)], "longer than"),
        (&[("1.jpg", IMAGE), ("1.json", &deep_json)], "recursion"),
        (
            &[
                ("1.jpg", IMAGE),
                ("1.json", b"{\"label\": 1}"),
                ("2.jpg", IMAGE),
                ("2.json", b"{\"label\": \"x\"}"),
            ],
            "\"label\" is not a whole number",
        ),
        (&[("1.jpg", b"not an image")], "\"1.jpg\": it is neither"),
        (&[("1.gif", b"GIF89a")], "images in gif"),
        (
            &[("1.npy", &pixels), ("2.npy", &other)],
            "\"2.npy\" is an array of another size",
        ),
        (
            &[("1.npy", &pixels), ("2.jpg", IMAGE)],
            "\"2.jpg\" is an array of another",
        ),
        (
            &[("1.npy", &pixels[..pixels.len() - 1])],
            "in a member of 139 bytes",
        ),
        (
            &[("1.npy", &pixels[..60])],
            "the file ends within the header",
        ),
        (
            &[("1.md", b"text")],
            "it holds no image; there is 1 with md",
        ),
        (&[("README", b"text")], "no file that is named KEY.SUFFIX"),
        (&[], "no file that is named KEY.SUFFIX"),
        (&many, "more than 4096 files"),
    ];
    for (members, expected) in cases {
        let error = folder.refused(&archive(members));
        assert!(error.contains(expected), "{error}");
    }
    let image = array(NpyType::I64, &[1, 1, 3], 24);
    let error = folder.refused(&archive(&[("1.npy", &image)]));
    assert!(error.contains("arrays of <i8 are not read"), "{error}");
    let image = array(NpyType::U8, &[u64::MAX, u64::MAX, 3], 12);
    let error = folder.refused(&archive(&[("1.npy", &image)]));
    assert!(error.contains("in a member of"), "{error}");
}

#[test]
fn names_that_are_not_there_are_refused_with_those_that_are() {
    let folder = Folder::new();
    let content = archive(&[("1.jpg", IMAGE), ("1.cls", b"1")]);
    let names = |images: Option<&str>, labels: Option<&str>| ForeignNames {
        images: images.map(str::to_owned),
        labels: labels.map(str::to_owned),
    };
    let refused = |names: &ForeignNames| folder.open(&content, names).unwrap_err().to_string();
    let error = refused(&names(None, Some("json.label")));
    assert!(error.contains("there are jpg, cls"), "{error}");
    let error = refused(&names(Some("png"), None));
    assert!(error.contains("there is 1 with jpg, cls"), "{error}");
    assert!(
        folder
            .open(&content, &names(Some("jpg"), Some("cls")))
            .is_ok()
    );
}

#[test]
fn an_archive_cut_anywhere_is_refused() {
    let folder = Folder::new();
    let whole = archive(&[("1.jpg", IMAGE), ("1.cls", b"1"), ("2.jpg", IMAGE)]);
    // Around every boundary, and within every block. One block of zeros is an end too.
    for kept in (0..whole.len() - BLOCK).filter(|at| [0, 1, 200, 511].contains(&(at % BLOCK))) {
        folder.refused(&whole[..kept]);
    }
}

#[test]
fn no_changed_byte_makes_the_reader_panic() {
    let folder = Folder::new();
    let pixels = array(NpyType::U8, &[2, 2, 3], 12);
    let whole = archive(&[("1.npy", &pixels), ("1.cls", b"1"), ("2.npy", &pixels)]);
    let mut read = 0;
    // Seven has nothing in common with the size of a block: all of its bytes have their turn.
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x31;
        if let Ok(store) = folder.open(&changed, &ForeignNames::default()) {
            read += labels(&store).len();
        }
    }
    assert!(read > 0);
}
