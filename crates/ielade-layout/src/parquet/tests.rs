//! Whole files: written as they should be, and as they should not.

mod hostile;
mod hostile_metadata;

use super::{
    CONTAINER,
    metadata::{MAGIC, codec},
    thrift::Kind,
    thrift_writer::ThriftWriter,
};
use crate::{open_any, registry::StorePlan};
use ielade_codec::{PixelPipeline, ThreadContext};
use ielade_core::{
    Element, Encoding, ForeignNames, ImageShape, ImageSpec, Normalisation, OrientationRule,
    OutputSpec, Payload, Sample,
};
use std::{fs, path::Path};

const SIZE: ImageSpec = ImageSpec::rgb(2, 3);

/// As the format numbers them.
const DATA: i32 = 0;
const DICTIONARY: i32 = 2;
const DATA_2: i32 = 3;
const PLAIN: i32 = 0;
const DELTA_LENGTHS: i32 = 6;
const INDICES: i32 = 8;
const INT64: i32 = 2;
const BYTES: i32 = 6;
const OPTIONAL: i32 = 1;

/// Some bytes that stand for a compressed image.
fn image(index: u32) -> Vec<u8> {
    [b"\xff\xd8\xff".as_slice(), &[index as u8; 9]].concat()
}

/// Bytes behind their length.
fn plain(values: &[Vec<u8>]) -> Vec<u8> {
    let value = |value: &Vec<u8>| [&(value.len() as u32).to_le_bytes(), value.as_slice()].concat();
    values.iter().flat_map(value).collect()
}

/// Writes what this container writes; `layout` is as `group=4,zstd/u8`.
fn write(folder: &Path, layout: &str, count: u32) {
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
        expected: count,
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

/// A page: its header as it is told, and what is in it.
#[derive(Clone)]
struct Page {
    kind: i32,
    values: u64,
    encoding: i32,
    unpacked: Option<u64>,
    packed: Option<u64>,
    crc: Option<u32>,
    /// Bytes of definition and of repetition levels, in the second version.
    levels: (u64, u64),
    content: Vec<u8>,
}

impl Page {
    fn of(values: u64, content: Vec<u8>) -> Self {
        Self {
            kind: DATA,
            values,
            encoding: PLAIN,
            unpacked: None,
            packed: None,
            crc: None,
            levels: (0, 0),
            content,
        }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let size = self.content.len() as u64;
        let mut writer = ThriftWriter::default();
        writer.structure(|w| {
            w.i32(1, self.kind);
            w.i64(2, self.unpacked.unwrap_or(size));
            w.i64(3, self.packed.unwrap_or(size));
            if let Some(crc) = self.crc {
                w.i32(4, crc as i32);
            }
            match self.kind {
                DICTIONARY => w.field_structure(7, |w| {
                    w.i64(1, self.values);
                    w.i32(2, self.encoding);
                }),
                DATA_2 => w.field_structure(8, |w| {
                    w.i64(1, self.values);
                    w.i32(4, self.encoding);
                    w.i64(5, self.levels.0);
                    w.i64(6, self.levels.1);
                }),
                _ => w.field_structure(5, |w| {
                    w.i64(1, self.values);
                    w.i32(2, self.encoding);
                    w.i32(3, 3);
                }),
            }
        });
        bytes.extend_from_slice(&writer.finish());
        bytes.extend_from_slice(&self.content);
    }
}

/// A column with one group of rows, and what is told of it.
#[derive(Clone)]
struct Column {
    name: &'static str,
    physical: i32,
    repetition: i32,
    codec: i64,
    values: u64,
    start: Option<u64>,
    bytes: Option<u64>,
    pages: Vec<Page>,
}

/// A file of one group of rows.
#[derive(Clone)]
struct Made {
    rows: u64,
    columns: Vec<Column>,
}

impl Made {
    /// Four images in two pages, and their labels.
    fn good() -> Self {
        let pair = |first| Page::of(2, plain(&[image(first), image(first + 1)]));
        let labels: Vec<u8> = (0..4_i64).flat_map(i64::to_le_bytes).collect();
        let column = |name, physical, pages| Column {
            name,
            physical,
            repetition: 0,
            codec: codec::NONE,
            values: 4,
            start: None,
            bytes: None,
            pages,
        };
        Self {
            rows: 4,
            columns: vec![
                column("image", BYTES, vec![pair(0), pair(2)]),
                column("label", INT64, vec![Page::of(4, labels)]),
            ],
        }
    }

    /// The same, compressed with zstd.
    fn packed() -> Self {
        let mut made = Self::good();
        for column in &mut made.columns {
            column.codec = codec::ZSTD;
            for page in &mut column.pages {
                page.unpacked = Some(page.content.len() as u64);
                page.content = zstd::bulk::compress(&page.content, 1).unwrap();
            }
        }
        made
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let mut places = Vec::new();
        for column in &self.columns {
            let start = bytes.len() as u64;
            for page in &column.pages {
                page.write(&mut bytes);
            }
            places.push((start, bytes.len() as u64 - start));
        }
        let mut writer = ThriftWriter::default();
        writer.structure(|w| {
            w.i32(1, 1);
            w.list(2, Kind::Struct, self.columns.len() + 1);
            w.structure(|w| {
                w.text(4, "schema");
                w.i32(5, self.columns.len() as i32);
            });
            for column in &self.columns {
                w.structure(|w| {
                    w.i32(1, column.physical);
                    w.i32(3, column.repetition);
                    w.text(4, column.name);
                });
            }
            w.i64(3, self.rows);
            w.list(4, Kind::Struct, 1);
            w.structure(|w| self.write_group(w, &places));
        });
        end(bytes, &writer.finish())
    }

    fn write_group(&self, w: &mut ThriftWriter, places: &[(u64, u64)]) {
        w.list(1, Kind::Struct, self.columns.len());
        for (column, (start, bytes)) in self.columns.iter().zip(places) {
            w.structure(|w| {
                w.field_structure(3, |w| {
                    w.i32(1, column.physical);
                    w.i64(4, column.codec as u64);
                    w.i64(5, column.values);
                    w.i64(7, column.bytes.unwrap_or(*bytes));
                    w.i64(9, column.start.unwrap_or(*start));
                });
            });
        }
        w.i64(3, self.rows);
    }
}

/// A file of these bytes before its metadata, which is this.
fn end(mut bytes: Vec<u8>, metadata: &[u8]) -> Vec<u8> {
    bytes.extend_from_slice(metadata);
    bytes.extend_from_slice(&(metadata.len() as u32).to_le_bytes());
    bytes.extend_from_slice(MAGIC);
    bytes
}

/// All stored images of a file and the first thing that is wrong with it.
fn outcome(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.parquet");
    fs::write(&path, bytes).unwrap();
    let opened = open_any(&path, &ForeignNames::default()).map_err(|error| error.to_string())?;
    let output = OutputSpec {
        element: Element::U8,
        image: SIZE,
    };
    let pipeline = PixelPipeline::new(output, &Normalisation::identity(3), OrientationRule::Apply);
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
fn refusal(made: &Made) -> String {
    let error = outcome(&made.bytes()).unwrap_err();
    assert!(
        error.contains("made.parquet, byte ") || error.contains("made.parquet: byte "),
        "{error}"
    );
    error
}
