//! The document for Word and `LibreOffice`: `WordprocessingML` (ECMA-376), with real fields.
//!
//! Figures and tables get their numbers from `SEQ` fields, references to them are `REF` fields to
//! bookmarks around these numbers, and the pages in the table of contents are `PAGEREF` fields. Each
//! field but these also holds its result, so that a program that does not update fields shows the
//! right text; the document asks the others to update them when it is opened.
//!
//! The few parts that a document needs are written here; no library that was found writes bookmarked
//! complex fields.

mod body;
mod package;
mod parts;
mod xml;

use crate::{chart, document::Document};
use std::io;

/// The document as a `.docx` file.
///
/// # Errors
/// Where a picture or the archive cannot be made.
pub(crate) fn docx(document: &Document) -> io::Result<Vec<u8>> {
    let pictures = document
        .figures()
        .map(|figure| chart::png(&figure.chart, document.language))
        .collect::<io::Result<Vec<_>>>()?;
    package::package(document, &pictures)
}
