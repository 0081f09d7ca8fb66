//! The document's text, tables, pictures and fields.

use super::{parts, xml::escape};
use crate::{
    chart::Picture,
    document::{Align, Block, Column, Document, Figure, Inline, Table},
};

use std::fmt::Write;

/// English metric units a point.
const EMU_A_POINT: u32 = 12_700;
/// Twentieths of a point between the margins.
const TEXT_WIDTH: usize = 9070;

pub(super) fn body(document: &Document, pictures: &[Picture]) -> String {
    let mut writer = Body {
        document,
        pictures,
        xml: String::new(),
        bookmarks: 0,
        figures: 0,
        headings: 0,
    };
    writer.styled("Title", &run(&document.title));
    writer.styled("Subtitle", &run(&document.subtitle));
    writer.contents();
    for block in &document.blocks {
        writer.block(block);
    }
    writer.references();
    format!(
        "{}<w:document {}><w:body>{}<w:sectPr><w:footerReference w:type=\"default\" \
         r:id=\"footer\"/><w:pgSz w:w=\"11906\" w:h=\"16838\"/><w:pgMar w:top=\"1418\" \
         w:right=\"1418\" w:bottom=\"1418\" w:left=\"1418\" w:header=\"709\" w:footer=\"709\" \
         w:gutter=\"0\"/></w:sectPr></w:body></w:document>",
        parts::DECLARATION,
        parts::NAMESPACES,
        writer.xml
    )
}

struct Body<'a> {
    document: &'a Document,
    pictures: &'a [Picture],
    xml: String,
    /// Numbers of bookmarks and pictures that are given away.
    bookmarks: u32,
    figures: usize,
    headings: usize,
}

/// Text in a run of its own.
fn run(text: &str) -> String {
    format!(
        "<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>",
        escape(text)
    )
}

fn strong(text: &str) -> String {
    format!(
        "<w:r><w:rPr><w:b/></w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>",
        escape(text)
    )
}

const SEPARATE: &str = "<w:r><w:fldChar w:fldCharType=\"separate\"/></w:r>";
const END: &str = "<w:r><w:fldChar w:fldCharType=\"end\"/></w:r>";

/// The begin of a field with its instruction.
fn begin(instruction: &str) -> String {
    format!(
        "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText \
         xml:space=\"preserve\"> {instruction} </w:instrText></w:r>"
    )
}

/// A field with its result.
fn field(instruction: &str, result: &str) -> String {
    format!("{}{SEPARATE}{}{END}", begin(instruction), run(result))
}

/// The bookmark around the number of a table or figure; Word hides those that begin so.
fn number_bookmark(kind: &str, key: &str) -> String {
    format!("_Ref_{kind}_{}", key.replace('-', "_"))
}

fn heading_bookmark(place: usize) -> String {
    format!("_Toc_{place}")
}

impl Body<'_> {
    fn styled(&mut self, style: &str, content: &str) {
        let _ = write!(
            self.xml,
            "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{content}</w:p>"
        );
    }

    fn bookmarked(&mut self, name: &str, content: &str) -> String {
        self.bookmarks += 1;
        let id = self.bookmarks;
        format!(
            "<w:bookmarkStart w:id=\"{id}\" w:name=\"{name}\"/>{content}<w:bookmarkEnd \
             w:id=\"{id}\"/>"
        )
    }

    /// The headings in the order of the text, the references last.
    fn headings(&self) -> Vec<(u8, String)> {
        let blocks = self.document.blocks.iter();
        let mut headings: Vec<(u8, String)> = blocks
            .filter_map(|block| match block {
                Block::Heading { level, text } => Some((*level, text.clone())),
                _ => None,
            })
            .collect();
        let references = self.document.language.words().references.to_owned();
        headings.push((1, references));
        headings
    }

    /// The table of contents: an entry a heading, its page as a `PAGEREF` field of its own.
    ///
    /// Which page it is, only a program that lays the document out knows. Within a `TOC` field
    /// `LibreOffice` keeps what is written there until somebody updates the index; a `PAGEREF` that
    /// stands alone it works out while it opens the document, and Word does where fields are
    /// updated on opening. So the entries stand alone, and hold no number that might be wrong. None
    /// is marked as dirty: of such a field `LibreOffice` keeps what is written.
    fn contents(&mut self) {
        let words = self.document.language.words();
        self.styled("TOCHeading", &run(words.contents));
        for (place, (level, text)) in self.headings().iter().enumerate() {
            let bookmark = heading_bookmark(place);
            let page = begin(&format!("PAGEREF {bookmark} \\h"));
            let entry = format!(
                "<w:hyperlink w:anchor=\"{bookmark}\" w:history=\"1\">{}<w:r><w:tab/></w:r>{page}\
                 {SEPARATE}{END}</w:hyperlink>",
                run(text)
            );
            self.styled(&format!("TOC{level}"), &entry);
        }
        self.xml += "<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>";
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, text } => self.heading(*level, text),
            Block::Paragraph(pieces) => {
                let content = self.inlines(pieces);
                self.styled("Normal", &content);
            }
            Block::Bullets(points) => {
                for pieces in points {
                    let content = self.inlines(pieces);
                    let _ = write!(
                        self.xml,
                        "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/>\
                         </w:numPr></w:pPr>{content}</w:p>"
                    );
                }
            }
            Block::Table(table) => self.table(table),
            Block::Figure(figure) => self.figure(figure),
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let bookmark = heading_bookmark(self.headings);
        self.headings += 1;
        let content = self.bookmarked(&bookmark, &run(text));
        self.styled(&format!("Heading{level}"), &content);
    }

    fn inlines(&self, pieces: &[Inline]) -> String {
        pieces.iter().map(|piece| self.inline(piece)).collect()
    }

    fn inline(&self, piece: &Inline) -> String {
        let reference = |kind: &str, key: &str| {
            let bookmark = number_bookmark(kind, key);
            let number = self.document.number_of(key).to_string();
            field(&format!("REF {bookmark} \\h"), &number)
        };
        match piece {
            Inline::Text(text) => run(text),
            Inline::Strong(text) => strong(text),
            Inline::TableNumber(key) => reference("Table", key),
            Inline::FigureNumber(key) => reference("Figure", key),
            Inline::Cite(key) => {
                let number = self.document.citation(key).to_string();
                format!(
                    "{}{}{}",
                    run("["),
                    field(&format!("REF _Ref_Source_{key} \\h"), &number),
                    run("]")
                )
            }
        }
    }

    /// `Table 3. …`, with the number as a field in a bookmark.
    fn caption(&mut self, kind: &str, key: &str, text: &str) -> String {
        let words = self.document.language.words();
        let [before, behind] = match kind {
            "Table" => words.table_caption,
            _ => words.figure_caption,
        };
        let number = self.document.number_of(key).to_string();
        let sequence = field(&format!("SEQ {kind} \\* ARABIC"), &number);
        let number = self.bookmarked(&number_bookmark(kind, key), &sequence);
        let before = if before.is_empty() {
            String::new()
        } else {
            run(before)
        };
        format!("{before}{number}{}", run(&format!("{behind}{text}")))
    }

    fn figure(&mut self, figure: &Figure) {
        if let Some(picture) = self.pictures.get(self.figures) {
            self.figures += 1;
            let drawing = drawing(self.figures, picture, &figure.caption);
            let _ = write!(
                self.xml,
                "<w:p><w:pPr><w:keepNext/><w:spacing w:before=\"160\" w:after=\"40\"/></w:pPr>\
                 <w:r>{drawing}</w:r></w:p>"
            );
        }
        let caption = self.caption("Figure", &figure.key, &figure.caption);
        self.styled("FigureCaption", &caption);
    }

    fn table(&mut self, table: &Table) {
        let caption = self.caption("Table", &table.key, &table.caption);
        self.styled("Caption", &caption);
        let widths = widths(table);
        self.xml += "<w:tbl><w:tblPr><w:tblW w:w=\"5000\" w:type=\"pct\"/><w:tblBorders>\
                     <w:top w:val=\"single\" w:sz=\"10\"/><w:bottom w:val=\"single\" w:sz=\"10\"/>\
                     </w:tblBorders><w:tblLayout w:type=\"fixed\"/><w:tblCellMar><w:left w:w=\"60\" \
                     w:type=\"dxa\"/><w:right w:w=\"60\" w:type=\"dxa\"/></w:tblCellMar></w:tblPr>\
                     <w:tblGrid>";
        for width in &widths {
            let _ = write!(self.xml, "<w:gridCol w:w=\"{width}\"/>");
        }
        self.xml += "</w:tblGrid>";
        let headings: Vec<&str> = (table.columns.iter())
            .map(|column| column.heading.as_str())
            .collect();
        self.row(&table.columns, &widths, &headings, Row::Heading);
        for cells in &table.rows {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            self.row(&table.columns, &widths, &cells, Row::Body);
        }
        self.xml += "</w:tbl>";
        // Two tables must not touch, and a note is what keeps them apart.
        self.styled(
            "TableNote",
            &table.note.as_deref().map_or_else(String::new, run),
        );
    }

    fn row(&mut self, columns: &[Column], widths: &[usize], cells: &[&str], row: Row) {
        let (properties, borders) = match row {
            Row::Heading => (
                "<w:cantSplit/><w:tblHeader/>",
                "<w:tcBorders><w:bottom w:val=\"single\" w:sz=\"6\"/></w:tcBorders>",
            ),
            Row::Body => ("<w:cantSplit/>", ""),
        };
        let _ = write!(self.xml, "<w:tr><w:trPr>{properties}</w:trPr>");
        for ((column, width), text) in columns.iter().zip(widths).zip(cells) {
            let side = match column.align {
                Align::Left => "left",
                Align::Right => "right",
            };
            let text = match row {
                Row::Heading => strong(text),
                Row::Body => run(text),
            };
            let _ = write!(
                self.xml,
                "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>{borders}</w:tcPr><w:p>\
                 <w:pPr><w:pStyle w:val=\"TableText\"/><w:jc w:val=\"{side}\"/></w:pPr>{text}\
                 </w:p></w:tc>"
            );
        }
        self.xml += "</w:tr>";
    }

    fn references(&mut self) {
        let title = self.document.language.words().references;
        self.heading(1, title);
        for (place, source) in self.document.sources.iter().enumerate() {
            let number = run(&(place + 1).to_string());
            let number = self.bookmarked(&format!("_Ref_Source_{}", source.key), &number);
            let content = format!(
                "{}{number}{}<w:r><w:tab/></w:r>{}",
                run("["),
                run("]"),
                run(&source.sentence())
            );
            self.styled("Bibliography", &content);
        }
    }
}

#[derive(Clone, Copy)]
enum Row {
    Heading,
    Body,
}

/// Widths of the columns, as long as their texts are: figures may break before their interval,
/// names may not.
fn widths(table: &Table) -> Vec<usize> {
    let letters = |text: &str| text.chars().count();
    let longest_word = |text: &str| text.split(' ').map(letters).max().unwrap_or(0);
    let longest = table.columns.iter().enumerate().map(|(place, column)| {
        let cells = table.rows.iter().filter_map(|row| row.get(place));
        let cells = cells.map(|text| match column.align {
            Align::Left => letters(text),
            Align::Right => longest_word(text),
        });
        let cells = cells.max().unwrap_or(0).min(50);
        cells.max(longest_word(&column.heading)) + 2
    });
    let longest: Vec<usize> = longest.collect();
    let all: usize = longest.iter().sum::<usize>().max(1);
    longest.iter().map(|one| one * TEXT_WIDTH / all).collect()
}

/// A picture in the line.
fn drawing(number: usize, picture: &Picture, description: &str) -> String {
    let (width, height) = picture.size;
    let (width, height) = (width * EMU_A_POINT, height * EMU_A_POINT);
    let description = escape(description);
    format!(
        "<w:drawing><wp:inline distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">\
         <wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:docPr id=\"{number}\" \
         name=\"image{number}\" descr=\"{description}\"/><a:graphic><a:graphicData \
         uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr>\
         <pic:cNvPr id=\"{number}\" name=\"image{number}.png\"/><pic:cNvPicPr/></pic:nvPicPr>\
         <pic:blipFill><a:blip r:embed=\"image{number}\"/><a:stretch><a:fillRect/></a:stretch>\
         </pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" \
         cy=\"{height}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr>\
         </pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
}
