//! Whole files and streams: written as they should be, and as they should not.

mod hostile;

use super::{
    CONTAINER,
    file::{CONTINUATION, MAGIC},
    flatbuffer_writer::{Node, encode},
};
use crate::{open_any, registry::StorePlan};
use ielade_codec::{PixelPipeline, ThreadContext};
use ielade_core::{
    Element, Encoding, ForeignNames, ImageShape, ImageSpec, Normalisation, OrientationRule,
    OutputSpec, Payload, Sample,
};
use std::{fs, path::Path};

const SIZE: ImageSpec = ImageSpec::rgb(2, 3);

/// Numbers of the types, and of what a message holds.
const INT: u8 = 2;
const BINARY: u8 = 4;
const LIST: u8 = 12;
const STRUCT: u8 = 13;
const FIXED_LIST: u8 = 16;
const SCHEMA: u8 = 1;
const RECORD_BATCH: u8 = 3;

/// Some bytes that stand for a compressed image.
fn image(index: u32) -> Vec<u8> {
    [b"\xff\xd8\xff".as_slice(), &[index as u8; 9]].concat()
}

/// Writes what this container writes; `layout` is as `batch=4/u8`.
fn write(folder: &Path, layout: &str, count: u32) {
    write_expecting(folder, layout, (count, count));
}

/// As [`write`], with the number of samples that were expected, and that of those that come.
fn write_expecting(folder: &Path, layout: &str, (expected, count): (u32, u32)) {
    let (options, encoding) = layout.rsplit_once('/').unwrap();
    let options = match options {
        "" => ielade_core::LayoutOptions::default(),
        options => options.parse().unwrap(),
    };
    let encoding: Encoding = encoding.parse().unwrap();
    let classes = ["ant", "bee", "cat"].map(str::to_owned);
    let mut writer = (CONTAINER.create)(&StorePlan {
        folder,
        encoding,
        options: &options,
        shape: match encoding.is_compressed_image() {
            true => ImageShape::Varies,
            false => ImageShape::Fixed(SIZE),
        },
        split: ielade_core::Split::Train,
        classes: &classes,
        expected,
        written: 0,
    })
    .unwrap();
    for index in 0..count {
        let (image, values) = (image(index), vec![index as u8; SIZE.values()]);
        let payload = match encoding.is_compressed_image() {
            true => Payload::Encoded {
                encoding,
                bytes: &image,
            },
            false => Payload::PixelsU8 {
                spec: SIZE,
                values: &values,
            },
        };
        let sample = Sample {
            key: "k",
            label: (index % 4 != 3).then_some(index % 3),
            payload,
        };
        writer.push(&sample).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn fewer_samples_than_expected_give_the_bytes_of_those_that_came() {
    for layout in ["batch=4/u8", "batch=4/jpeg"] {
        let files = [(7, 7), (8, 7), (100, 7)].map(|numbers| {
            let folder = tempfile::tempdir().unwrap();
            write_expecting(folder.path(), layout, numbers);
            let path = folder.path().join("train.arrow");
            let names = ForeignNames::default();
            let opened = open_any(&path, &names).unwrap();
            assert_eq!(opened.reader.manifest().count, 7);
            fs::read(path).unwrap()
        });
        // The room for offsets is that of those that were expected.
        if layout.ends_with("u8") {
            assert!(files.iter().all(|file| *file == files[0]), "{layout}");
        }
    }
}

/// A field of a type with fields below it.
fn field(name: &str, kind: u8, table: Node, children: Vec<Node>) -> Node {
    let field = Node::table().text(0, name).u8(1, 1).u8(2, kind);
    field.node(3, table).tables(5, children)
}

fn int(bits: i32, signed: bool) -> Node {
    Node::table().i32(0, bits).u8(1, signed.into())
}

/// A column of 64-bit numbers.
fn labels() -> Node {
    field("label", INT, int(64, true), Vec::new())
}

/// A message behind its length.
fn message(kind: u8, header: Node, body: i64) -> Vec<u8> {
    let message = Node::table().i16(0, 4).u8(1, kind);
    let message = encode(&message.node(2, header).i64(3, body));
    let length = (message.len() as u32).to_le_bytes();
    [&CONTINUATION, length.as_slice(), &message].concat()
}

/// A stream of one batch of rows.
#[derive(Clone)]
struct Made {
    fields: Vec<Node>,
    rows: i64,
    /// What is told of the first buffers, place and length; of the others what is so.
    buffers: Vec<(i64, i64)>,
    compression: Option<u8>,
    body: Option<i64>,
    parts: Vec<Vec<u8>>,
}

impl Made {
    /// Four images, and their labels.
    fn good() -> Self {
        let images: Vec<u8> = (0..4).flat_map(image).collect();
        let ends = (0..5_u32).flat_map(|at| (at * 12).to_le_bytes()).collect();
        let numbers = (0..4_i64).flat_map(i64::to_le_bytes).collect();
        Self {
            fields: vec![field("image", BINARY, Node::table(), Vec::new()), labels()],
            rows: 4,
            buffers: Vec::new(),
            compression: None,
            body: None,
            // Of each column the validity first.
            parts: vec![Vec::new(), ends, images, Vec::new(), numbers],
        }
    }

    /// The same, compressed with zstd.
    fn packed() -> Self {
        let mut made = Self::good();
        made.compression = Some(1);
        for part in made.parts.iter_mut().filter(|part| !part.is_empty()) {
            *part = packed(part, part.len() as i64);
        }
        made
    }

    fn schema(&self) -> Node {
        Node::table().tables(1, self.fields.clone())
    }

    fn body_bytes(&self) -> Vec<u8> {
        self.parts.concat()
    }

    fn batch(&self) -> Vec<u8> {
        let pair = |(first, second): (i64, i64)| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&first.to_le_bytes());
            bytes[8..].copy_from_slice(&second.to_le_bytes());
            bytes
        };
        let (mut buffers, mut at) = (Vec::new(), 0);
        for (number, part) in self.parts.iter().enumerate() {
            let length = part.len() as i64;
            let told = self.buffers.get(number).copied();
            buffers.push(pair(told.unwrap_or((at, length))));
            at += length;
        }
        let mut batch = Node::table().i64(0, self.rows).structs(2, &buffers);
        if let Some(code) = self.compression {
            batch = batch.node(3, Node::table().u8(0, code));
        }
        let body = self.body.unwrap_or(self.body_bytes().len() as i64);
        message(RECORD_BATCH, batch, body)
    }

    fn stream(&self) -> Vec<u8> {
        let schema = message(SCHEMA, self.schema(), 0);
        [schema, self.batch(), self.body_bytes()].concat()
    }

    /// As a file, whose end lists these blocks: place, bytes of the message, bytes of the body.
    fn file(&self, blocks: impl FnOnce(i64, i32, i64) -> Vec<(i64, i32, i64)>) -> Vec<u8> {
        let mut bytes = [
            MAGIC.as_slice(),
            &[0; 2],
            &message(SCHEMA, self.schema(), 0),
        ]
        .concat();
        let (start, batch, body) = (bytes.len(), self.batch(), self.body_bytes());
        let blocks = blocks(start as i64, batch.len() as i32, body.len() as i64);
        bytes.extend([batch, body].concat());
        let block = |(offset, metadata, body): (i64, i32, i64)| {
            let mut bytes = [0; 24];
            bytes[..8].copy_from_slice(&offset.to_le_bytes());
            bytes[8..12].copy_from_slice(&metadata.to_le_bytes());
            bytes[16..].copy_from_slice(&body.to_le_bytes());
            bytes
        };
        let blocks: Vec<[u8; 24]> = blocks.into_iter().map(block).collect();
        let footer = Node::table().i16(0, 4).node(1, self.schema());
        let footer = encode(&footer.structs(3, &blocks));
        bytes.extend_from_slice(&footer);
        bytes.extend_from_slice(&(footer.len() as u32).to_le_bytes());
        [bytes.as_slice(), MAGIC].concat()
    }
}

/// A compressed buffer that tells this length.
fn packed(bytes: &[u8], told: i64) -> Vec<u8> {
    let packed = zstd::bulk::compress(bytes, 1).unwrap();
    [told.to_le_bytes().as_slice(), &packed].concat()
}

/// All stored images of a file, or the first thing that is wrong with it.
fn outcome(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.arrow");
    fs::write(&path, bytes).unwrap();
    let opened = open_any(&path, &ForeignNames::default()).map_err(|error| error.to_string())?;
    let output = OutputSpec {
        element: Element::U8,
        image: SIZE,
    };
    let normalisation = Normalisation::identity(3);
    let pipeline = PixelPipeline::new(output, &normalisation, OrientationRule::Apply);
    let mut context = ThreadContext::new(&pipeline);
    (0..opened.reader.manifest().count)
        .map(|index| {
            let sample = opened.reader.sample(index, &mut context);
            let sample = sample.map_err(|error| error.to_string())?;
            Ok(sample.payload.bytes().to_vec())
        })
        .collect()
}

/// What is wrong with a file; it must be told with the file's name and the place in it.
fn refusal(bytes: &[u8]) -> String {
    let error = outcome(bytes).unwrap_err();
    let said = ["made.arrow, byte ", "made.arrow: byte "];
    assert!(said.iter().any(|said| error.contains(said)), "{error}");
    error
}
