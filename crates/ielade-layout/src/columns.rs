//! What the containers of columns, `parquet` and `arrow`, share: a column of images beside one of
//! labels, named as Hugging Face's `datasets` names them.

pub(crate) mod arrays;
pub(crate) mod choice;
pub(crate) mod compression;
pub(crate) mod fault;
pub(crate) mod features;
pub(crate) mod files;
pub(crate) mod first_images;
pub(crate) mod packed;

/// The column of images.
pub(crate) const IMAGE: &str = "image";
/// The column of labels.
pub(crate) const LABEL: &str = "label";
/// Within a column of encoded images: the image file's content.
pub(crate) const BYTES: &str = "bytes";
/// Within a column of encoded images: the image file's name.
pub(crate) const PATH: &str = "path";
