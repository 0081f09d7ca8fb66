//! `cifar-bin`: the binary records of CIFAR-10, loaded in place. A record is one byte of label and
//! the red, green and blue plane of the image, each row by row
//! (<https://www.cs.toronto.edu/~kriz/cifar.html>); here with images of any one size.
//!
//! All records lie in `data.bin`, or, with the option `batch=10000`, in `data_batch_1.bin`,
//! `data_batch_2.bin`, ... of 10,000 each, as the authors have it. NumPy reads them:
//!
//! ```python
//! records = np.fromfile("store/data.bin", np.uint8).reshape(-1, 1 + 3 * 32 * 32)
//! labels, images = records[:, 0], records[:, 1:].reshape(-1, 3, 32, 32)
//! ```
//!
//! Beside them: `batches.meta.txt`, the names of the classes, one a line, as the authors have it;
//! `shape.txt`, channels, height and width, which the format itself does not tell; `labels.bin`,
//! the first byte of every record again, so that opening a store need not read all of it. The
//! format has no checksums; `ielade verify` compares digests.
//!
//! A label is one byte and there is no sign for none: samples without a label and more than 256
//! classes are refused. Files that others made may also have CIFAR-100's two bytes of label,
//! coarse and fine.

mod foreign;
mod reader;
mod records;
mod writer;

use crate::{
    options::{OptionRule, OptionValues},
    registry::{Access, Container, Foreign, LabelsHeld, allows_all},
};
use ielade_core::{Element, Encoding};

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "cifar-bin",
    description: "CIFAR-10's binary records, memory-mapped: a byte of label, then colour planes",
    encodings: &[Encoding::Raw(Element::U8)],
    options: &[OptionRule {
        name: BATCH,
        description: "records a file (data_batch_1.bin, ...), as the authors have 10000; without, \
                      all in data.bin",
        values: OptionValues::Number {
            from: 1,
            to: u32::MAX,
        },
    }],
    variants: &["batch=20"],
    allows: allows_all,
    labels: LabelsHeld::OneByte,
    access: Access {
        memory_mapped: true,
        random: "equal distances",
        parallel: "one mapping a file",
    },
    usual_library: "NumPy",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: Some(Foreign {
        recognises: foreign::recognises,
        open: foreign::open,
    }),
};

const BATCH: &str = "batch";
const DATA_FILE: &str = "data.bin";
const LABELS_FILE: &str = "labels.bin";
const CLASSES_FILE: &str = "batches.meta.txt";
const SHAPE_FILE: &str = "shape.txt";
