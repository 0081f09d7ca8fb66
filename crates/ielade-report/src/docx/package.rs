//! The archive and the parts that every document has.

use super::{body, parts, xml::escape};
use crate::{chart::Picture, document::Document};
use std::io::{self, Cursor, Write};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// All parts in one archive; the same document gives the same bytes.
pub(super) fn package(document: &Document, pictures: &[Picture]) -> io::Result<Vec<u8>> {
    let body = body::body(document, pictures);
    let core = core_properties(document);
    let settings = parts::settings(document.language.locale());
    let styles = parts::styles(document.language.locale());
    let relationships = parts::relationships(pictures.len());
    let texts: [(&str, &str); 9] = [
        ("[Content_Types].xml", parts::CONTENT_TYPES),
        ("_rels/.rels", parts::PACKAGE_RELATIONSHIPS),
        ("docProps/core.xml", &core),
        ("word/document.xml", &body),
        ("word/styles.xml", &styles),
        ("word/numbering.xml", parts::NUMBERING),
        ("word/settings.xml", &settings),
        ("word/footer1.xml", parts::FOOTER),
        ("word/_rels/document.xml.rels", &relationships),
    ];
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in texts {
        archive.start_file(name, packed)?;
        archive.write_all(text.as_bytes())?;
    }
    // Pictures are compressed already.
    let stored = packed.compression_method(CompressionMethod::Stored);
    for (place, picture) in pictures.iter().enumerate() {
        archive.start_file(format!("word/media/image{}.png", place + 1), stored)?;
        archive.write_all(&picture.png)?;
    }
    Ok(archive.finish()?.into_inner())
}

fn core_properties(document: &Document) -> String {
    format!(
        "{}<cp:coreProperties \
         xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\">\
         <dc:title>{}</dc:title><dc:creator>Ielāde</dc:creator><dc:language>{}</dc:language>\
         </cp:coreProperties>",
        parts::DECLARATION,
        escape(&document.title),
        document.language.locale()
    )
}
