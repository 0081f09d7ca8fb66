//! A report as a document: headings, paragraphs, tables and figures, free of any file format.
//!
//! [`content`] says what an experiment's document holds, once for all formats and in the language
//! asked for; [`docx`](crate::docx), [`latex`](crate::latex) and [`markdown`](crate::markdown) write
//! it down. Tables and figures are named by keys and get their numbers from the format's own
//! means, so that a reference is never a number that somebody typed.

pub(crate) mod bibliography;
mod content;
mod figures;
mod method;
mod results;
mod setting;

use crate::{chart::Chart, language::Language};
pub(crate) use bibliography::Source;
pub(crate) use content::document;
pub(crate) use results::runs_text;

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) language: Language,
    pub(crate) title: String,
    /// What stands below the title: what was measured, when, by which program.
    pub(crate) subtitle: String,
    pub(crate) blocks: Vec<Block>,
    /// The sources that the text cites, in the order of their numbers.
    pub(crate) sources: Vec<&'static Source>,
}

/// A part of a document that stands on its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Block {
    Heading { level: u8, text: String },
    Paragraph(Vec<Inline>),
    Bullets(Vec<Vec<Inline>>),
    Table(Table),
    Figure(Figure),
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Inline {
    Text(String),
    Strong(String),
    /// The number of a table.
    TableNumber(String),
    /// The number of a figure.
    FigureNumber(String),
    /// A source, as `[1]`.
    Cite(&'static str),
}

/// A table with its caption.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Unique name, of letters, digits and hyphens.
    pub(crate) key: String,
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<String>>,
    /// What a reader needs to know, below the table.
    pub(crate) note: Option<String>,
}

/// Heading of a column, and how its cells stand.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    pub(crate) heading: String,
    pub(crate) align: Align,
}

/// How cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A chart with its caption.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figure {
    /// Unique name, of letters, digits and hyphens.
    pub(crate) key: String,
    pub(crate) caption: String,
    pub(crate) chart: Chart,
}

impl Column {
    pub(crate) fn left(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            align: Align::Left,
        }
    }

    pub(crate) fn right(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            align: Align::Right,
        }
    }
}

impl Block {
    pub(crate) fn heading(level: u8, text: impl Into<String>) -> Self {
        Self::Heading {
            level,
            text: text.into(),
        }
    }

    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Paragraph(vec![Inline::Text(text.into())])
    }
}

impl Document {
    /// The number of a table or figure, from 1, among its kind; for formats without numbers of
    /// their own.
    pub(crate) fn number_of(&self, key: &str) -> usize {
        let tables = self.tables().map(|table| &table.key);
        let figures = self.figures().map(|figure| &figure.key);
        let place =
            |mut keys: Box<dyn Iterator<Item = &String> + '_>| keys.position(|one| one == key);
        let found = place(Box::new(tables)).or_else(|| place(Box::new(figures)));
        found.map_or(0, |place| place + 1)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table),
            _ => None,
        })
    }

    pub(crate) fn figures(&self) -> impl Iterator<Item = &Figure> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }

    /// The number of a source, from 1.
    pub(crate) fn citation(&self, key: &str) -> usize {
        let place = self.sources.iter().position(|source| source.key == key);
        place.map_or(0, |place| place + 1)
    }
}
