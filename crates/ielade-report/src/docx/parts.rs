//! The parts that do not depend on what a document says: styles, lists, settings, relations.

use std::fmt::Write;

pub(super) const DECLARATION: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

pub(super) const CONTENT_TYPES: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">",
    "<Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>",
    "<Default Extension=\"xml\" ContentType=\"application/xml\"/>",
    "<Default Extension=\"png\" ContentType=\"image/png\"/>",
    "<Override PartName=\"/word/document.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/>",
    "<Override PartName=\"/word/styles.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml\"/>",
    "<Override PartName=\"/word/numbering.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.numbering+xml\"/>",
    "<Override PartName=\"/word/settings.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml\"/>",
    "<Override PartName=\"/word/footer1.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml\"/>",
    "<Override PartName=\"/docProps/core.xml\" ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>",
    "</Types>"
);

pub(super) const PACKAGE_RELATIONSHIPS: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">",
    "<Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/>",
    "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>",
    "</Relationships>"
);

/// Namespaces of the parts with text.
pub(super) const NAMESPACES: &str = concat!(
    "xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" ",
    "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" ",
    "xmlns:wp=\"http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing\" ",
    "xmlns:a=\"http://schemas.openxmlformats.org/drawingml/2006/main\" ",
    "xmlns:pic=\"http://schemas.openxmlformats.org/drawingml/2006/picture\""
);

/// The page number in the middle.
pub(super) const FOOTER: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<w:ftr xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr>",
    "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText xml:space=\"preserve\"> PAGE </w:instrText></w:r>",
    "<w:r><w:fldChar w:fldCharType=\"separate\"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType=\"end\"/></w:r>",
    "</w:p></w:ftr>"
);

/// One list with bullets.
pub(super) const NUMBERING: &str = concat!(
    "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
    "<w:numbering xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">",
    "<w:abstractNum w:abstractNumId=\"0\"><w:multiLevelType w:val=\"singleLevel\"/><w:lvl w:ilvl=\"0\"><w:start w:val=\"1\"/>",
    "<w:numFmt w:val=\"bullet\"/><w:lvlText w:val=\"•\"/><w:lvlJc w:val=\"left\"/><w:pPr><w:ind w:left=\"360\" w:hanging=\"260\"/></w:pPr></w:lvl></w:abstractNum>",
    "<w:num w:numId=\"1\"><w:abstractNumId w:val=\"0\"/></w:num></w:numbering>"
);

/// Fields are updated when the document is opened.
pub(super) fn settings(locale: &str) -> String {
    format!(
        "{DECLARATION}<w:settings \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:updateFields w:val=\"true\"/><w:defaultTabStop w:val=\"720\"/>\
         <w:compat><w:compatSetting w:name=\"compatibilityMode\" \
         w:uri=\"http://schemas.microsoft.com/office/word\" w:val=\"15\"/></w:compat>\
         <w:themeFontLang w:val=\"{locale}\"/></w:settings>"
    )
}

pub(super) fn relationships(pictures: usize) -> String {
    const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut all = format!(
        "{DECLARATION}<Relationships \
         xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">"
    );
    for (id, target) in [
        ("styles", "styles.xml"),
        ("numbering", "numbering.xml"),
        ("settings", "settings.xml"),
        ("footer", "footer1.xml"),
    ] {
        let _ = write!(
            all,
            "<Relationship Id=\"{id}\" Type=\"{TYPE}/{id}\" Target=\"{target}\"/>"
        );
    }
    for number in 1..=pictures {
        let _ = write!(
            all,
            "<Relationship Id=\"image{number}\" Type=\"{TYPE}/image\" \
             Target=\"media/image{number}.png\"/>"
        );
    }
    all + "</Relationships>"
}

/// A paragraph style: name, what it builds on, properties of paragraph and letters.
fn style(id: &str, name: &str, paragraph: &str, letters: &str) -> String {
    format!(
        "<w:style w:type=\"paragraph\" w:styleId=\"{id}\"><w:name w:val=\"{name}\"/>\
         <w:basedOn w:val=\"Normal\"/><w:next w:val=\"Normal\"/><w:qFormat/>\
         <w:pPr>{paragraph}</w:pPr><w:rPr>{letters}</w:rPr></w:style>"
    )
}

/// The styles, named as word processors know them.
pub(super) fn styles(locale: &str) -> String {
    let heading = |id, name, level: u8, size: u8| {
        style(
            id,
            name,
            &format!(
                "<w:keepNext/><w:keepLines/><w:spacing w:before=\"320\" w:after=\"120\"/>\
                 <w:outlineLvl w:val=\"{level}\"/>"
            ),
            &format!("<w:b/><w:sz w:val=\"{size}\"/>"),
        )
    };
    let contents = |id, name, indent: u16| {
        style(
            id,
            name,
            &format!(
                "<w:tabs><w:tab w:val=\"right\" w:leader=\"dot\" w:pos=\"9070\"/></w:tabs>\
                 <w:spacing w:after=\"60\"/><w:ind w:left=\"{indent}\"/>"
            ),
            "",
        )
    };
    let named = [
        style(
            "Title",
            "Title",
            "<w:spacing w:before=\"240\" w:after=\"120\"/>",
            "<w:b/><w:sz w:val=\"40\"/>",
        ),
        style(
            "Subtitle",
            "Subtitle",
            "<w:spacing w:after=\"360\"/>",
            "<w:color w:val=\"555555\"/>",
        ),
        heading("Heading1", "heading 1", 0, 32),
        heading("Heading2", "heading 2", 1, 26),
        style(
            "Caption",
            "caption",
            "<w:keepNext/><w:spacing w:before=\"200\" w:after=\"80\"/>",
            "<w:i/><w:sz w:val=\"20\"/>",
        ),
        style(
            "FigureCaption",
            "Figure Caption",
            "<w:spacing w:before=\"40\" w:after=\"240\"/>",
            "<w:i/><w:sz w:val=\"20\"/>",
        ),
        style(
            "TableText",
            "Table Text",
            "<w:spacing w:before=\"20\" w:after=\"20\"/>",
            "<w:sz w:val=\"16\"/>",
        ),
        style(
            "TableNote",
            "Table Note",
            "<w:spacing w:before=\"60\" w:after=\"240\"/>",
            "<w:sz w:val=\"17\"/>",
        ),
        style(
            "TOCHeading",
            "TOC Heading",
            "<w:spacing w:before=\"240\" w:after=\"120\"/>",
            "<w:b/><w:sz w:val=\"32\"/>",
        ),
        contents("TOC1", "toc 1", 0),
        contents("TOC2", "toc 2", 260),
        style(
            "Bibliography",
            "Bibliography",
            "<w:spacing w:after=\"80\"/><w:ind w:left=\"480\" w:hanging=\"480\"/>",
            "",
        ),
    ];
    format!(
        "{DECLARATION}<w:styles \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii=\"Calibri\" w:hAnsi=\"Calibri\" \
         w:cs=\"Calibri\" w:eastAsia=\"Calibri\"/><w:sz w:val=\"22\"/><w:lang w:val=\"{locale}\"/>\
         </w:rPr></w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after=\"140\" w:line=\"264\" \
         w:lineRule=\"auto\"/></w:pPr></w:pPrDefault></w:docDefaults>\
         <w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">\
         <w:name w:val=\"Normal\"/><w:qFormat/></w:style>{}</w:styles>",
        named.concat()
    )
}
