//! What is written of a store beside the values: headers of pages, schema, places of columns.

use super::{thrift::Kind, thrift_writer::ThriftWriter};
use crate::{
    LayoutError,
    columns::{BYTES, IMAGE, LABEL, PATH, arrays, features},
    registry::StorePlan,
    store::one_size,
    stored::array::image_shape,
};
use ielade_core::{Element, ImageSpec};
use serde_json::json;

/// As the format numbers them.
const INT64: i32 = 2;
const BYTE_ARRAY: i32 = 6;
const FIXED_LEN_BYTE_ARRAY: i32 = 7;
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
const PLAIN: i32 = 0;
const RLE: i32 = 3;
const UTF8: i32 = 0;
const DATA_PAGE: i32 = 0;

/// Who wrote a file; without a version, so that the same samples give the same bytes.
const CREATED_BY: &str = "ielade";

/// The columns of a store.
#[derive(Debug, Clone)]
pub(super) struct Schema {
    /// Element and size of raw images; `None` of encoded ones.
    array: Option<(Element, ImageSpec)>,
    /// The file's own metadata.
    entries: Vec<(&'static str, String)>,
}

/// Where the values of a column lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ColumnChunk {
    pub(super) start: u64,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
}

/// A complete group of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) rows: u32,
    pub(super) codec: i64,
    /// One a column.
    pub(super) chunks: Vec<ColumnChunk>,
}

impl Schema {
    /// The columns of what is to be stored.
    pub(super) fn of(plan: &StorePlan<'_>, container: &'static str) -> Result<Self, LayoutError> {
        let raw = json!({"_type": "Value", "dtype": "binary"});
        let features = features::text(plan.encoding, plan.classes, &raw);
        let mut entries = vec![(features::KEY, features)];
        let mut array = None;
        if let Some(element) = plan.encoding.element() {
            let spec = one_size(plan.shape, plan.folder, container)?;
            let shape = arrays::shape_text(image_shape(element, spec));
            entries.push((arrays::SHAPE_KEY, shape));
            entries.push((arrays::DTYPE_KEY, arrays::dtype(element).to_owned()));
            array = Some((element, spec));
        }
        Ok(Self { array, entries })
    }

    /// Whether each image is preceded by its length, and accompanied by its name.
    pub(super) const fn has_lengths(&self) -> bool {
        self.array.is_none()
    }

    /// The columns: path, type, and how many bits of the type's enumeration there are.
    fn columns(&self) -> Vec<(Vec<&'static str>, i32)> {
        if self.has_lengths() {
            vec![
                (vec![IMAGE, BYTES], BYTE_ARRAY),
                (vec![IMAGE, PATH], BYTE_ARRAY),
                (vec![LABEL], INT64),
            ]
        } else {
            vec![(vec![IMAGE], FIXED_LEN_BYTE_ARRAY), (vec![LABEL], INT64)]
        }
    }

    fn write(&self, w: &mut ThriftWriter, id: i16) {
        let group = |w: &mut ThriftWriter, name: &str, repetition: Option<i32>| {
            w.structure(|w| {
                if let Some(repetition) = repetition {
                    w.i32(3, repetition);
                }
                w.text(4, name);
                w.i32(5, 2);
            });
        };
        let leaf = |w: &mut ThriftWriter, name: &str, kind: i32, repetition: i32| {
            w.structure(|w| {
                w.i32(1, kind);
                w.i32(3, repetition);
                w.text(4, name);
            });
        };
        let Some((element, spec)) = self.array else {
            w.list(id, Kind::Struct, 5);
            group(w, "schema", None);
            group(w, IMAGE, Some(OPTIONAL));
            leaf(w, BYTES, BYTE_ARRAY, OPTIONAL);
            w.structure(|w| {
                w.i32(1, BYTE_ARRAY);
                w.i32(3, OPTIONAL);
                w.text(4, PATH);
                w.i32(6, UTF8);
                // A union of which the first, `STRING`, has no fields of its own.
                w.field_structure(10, |w| w.field_structure(1, |_| {}));
            });
            leaf(w, LABEL, INT64, OPTIONAL);
            return;
        };
        w.list(id, Kind::Struct, 3);
        group(w, "schema", None);
        w.structure(|w| {
            w.i32(1, FIXED_LEN_BYTE_ARRAY);
            w.i32(2, (spec.values() * element.size()) as i32);
            w.i32(3, REQUIRED);
            w.text(4, IMAGE);
        });
        // As `datasets` has all its columns; it takes no notice of class names otherwise.
        leaf(w, LABEL, INT64, OPTIONAL);
    }
}

/// The end of a file, without its length.
pub(super) fn encode(schema: &Schema, rows: u32, groups: &[Group]) -> Vec<u8> {
    let mut writer = ThriftWriter::default();
    writer.structure(|w| {
        w.i32(1, 1);
        schema.write(w, 2);
        w.i64(3, rows.into());
        w.list(4, Kind::Struct, groups.len());
        for group in groups {
            w.structure(|w| write_group(w, schema, group));
        }
        w.list(5, Kind::Struct, schema.entries.len());
        for (key, value) in &schema.entries {
            w.structure(|w| {
                w.text(1, key);
                w.text(2, value);
            });
        }
        w.text(6, CREATED_BY);
    });
    writer.finish()
}

fn write_group(w: &mut ThriftWriter, schema: &Schema, group: &Group) {
    let total = |bytes: fn(&ColumnChunk) -> u64| group.chunks.iter().map(bytes).sum();
    w.list(1, Kind::Struct, group.chunks.len());
    for ((path, kind), chunk) in schema.columns().iter().zip(&group.chunks) {
        w.structure(|w| {
            w.i64(2, chunk.start);
            w.field_structure(3, |w| {
                w.i32(1, *kind);
                w.list(2, Kind::I32, 2);
                w.i32_item(PLAIN);
                w.i32_item(RLE);
                w.list(3, Kind::Binary, path.len());
                for name in path {
                    w.text_item(name);
                }
                w.i32(4, group.codec as i32);
                w.i64(5, group.rows.into());
                w.i64(6, chunk.unpacked);
                w.i64(7, chunk.packed);
                w.i64(9, chunk.start);
            });
        });
    }
    w.i64(2, total(|chunk| chunk.unpacked));
    w.i64(3, group.rows.into());
    w.i64(5, group.chunks.first().map_or(0, |chunk| chunk.start));
    w.i64(6, total(|chunk| chunk.packed));
}

/// The header of a page of the first version; the sizes are those behind it.
pub(super) fn page_header(rows: u32, unpacked: u64, packed: u64) -> Vec<u8> {
    let mut writer = ThriftWriter::default();
    writer.structure(|w| {
        w.i32(1, DATA_PAGE);
        w.i32(2, unpacked as i32);
        w.i32(3, packed as i32);
        w.field_structure(5, |w| {
            w.i32(1, rows as i32);
            w.i32(2, PLAIN);
            w.i32(3, RLE);
            w.i32(4, RLE);
        });
    });
    writer.finish()
}
