//! `files`: one image file a sample, in class folders, as torchvision's `ImageFolder` reads them.
//!
//! `images/CLASS/NAME.jpg`; samples without a label lie in `images/_unlabelled`. Published bytes
//! are kept as they are, and so are the names of the files, unless two samples of a class have
//! the same. `files.csv` (`path,bytes,label`, one row a sample, in the store's order) says which
//! file is which sample, so that opening a store lists no folder and reading a sample asks for no
//! size.
//!
//! A class without a sample has no folder, so `ImageFolder` numbers the classes behind it anew. Of
//! the endings it knows `.jpg`, `.png`, `.webp` and `.bmp`; the others must be named to it.

mod names;
mod reader;
mod writer;

use crate::registry::{Access, Container, LabelsHeld, allows_all};
use ielade_core::Encoding;

/// The registry's line for this container.
pub(crate) const CONTAINER: Container = Container {
    name: "files",
    description: "one image file a sample, in class folders (torchvision's ImageFolder)",
    encodings: &Encoding::IMAGES,
    options: &[],
    variants: &[],
    allows: allows_all,
    labels: LabelsHeld::AnyOrNone,
    access: Access {
        memory_mapped: false,
        random: "one file a sample",
        parallel: "one file a sample",
    },
    usual_library: "Pillow, torchvision",
    continues: true,
    open: reader::open,
    create: writer::create,
    foreign: None,
};

const IMAGES_FOLDER: &str = "images";
const TABLE_FILE: &str = "files.csv";
const TABLE_COLUMNS: [&str; 3] = ["path", "bytes", "label"];
const UNLABELLED_FOLDER: &str = "_unlabelled";
