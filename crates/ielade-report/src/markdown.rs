//! The document as Markdown: the answer, the tables and the warnings, for a README, an issue or a
//! wiki. Tables are those of GitHub's dialect; charts stay with the formats that can hold them.

use crate::{
    document::{Align, Block, Document, Inline, Table},
    figures::MISSING,
};

/// The document as Markdown.
pub(crate) fn markdown(document: &Document) -> String {
    let mut parts = vec![
        format!("# {}", plain(&document.title)),
        plain(&document.subtitle),
    ];
    let mut blocks = document.blocks.iter().peekable();
    while let Some(block) = blocks.next() {
        if is_empty_section(block, blocks.peek().copied()) {
            continue;
        }
        parts.extend(written(document, block));
    }
    if !document.sources.is_empty() {
        parts.push(format!("## {}", document.language.words().references));
        parts.push(sources(document));
    }
    parts.join("\n\n") + "\n"
}

/// True for the heading of a section that only holds a figure.
fn is_empty_section(block: &Block, next: Option<&Block>) -> bool {
    matches!(block, Block::Heading { .. }) && matches!(next, Some(Block::Figure(_)))
}

fn written(document: &Document, block: &Block) -> Option<String> {
    match block {
        Block::Heading { level, text } => Some(format!(
            "{} {}",
            "#".repeat(usize::from(*level) + 1),
            plain(text)
        )),
        Block::Paragraph(pieces) => paragraph(document, pieces),
        Block::Bullets(points) => {
            let points = points
                .iter()
                .filter_map(|pieces| paragraph(document, pieces));
            let points: Vec<String> = points.map(|point| format!("- {point}")).collect();
            Some(points.join("\n"))
        }
        Block::Table(table) => Some(self::table(document, table)),
        Block::Figure(_) => None,
    }
}

/// The text; nothing where it does no more than lead to a figure, of which there are none here.
fn paragraph(document: &Document, pieces: &[Inline]) -> Option<String> {
    let leads_to_figure = |piece: &Inline| matches!(piece, Inline::FigureNumber(_));
    if pieces.iter().any(leads_to_figure) {
        return None;
    }
    let text: String = pieces.iter().map(|piece| inline(document, piece)).collect();
    Some(text)
}

fn inline(document: &Document, piece: &Inline) -> String {
    match piece {
        Inline::Text(text) => plain(text),
        Inline::Strong(text) => {
            let trimmed = text.trim_end();
            let space = &text[trimmed.len()..];
            format!("**{}**{space}", plain(trimmed))
        }
        Inline::TableNumber(key) | Inline::FigureNumber(key) => document.number_of(key).to_string(),
        Inline::Cite(key) => format!("\\[{}\\]", document.citation(key)),
    }
}

fn table(document: &Document, table: &Table) -> String {
    let [before, behind] = document.language.words().table_caption;
    let number = document.number_of(&table.key);
    let caption = format!("**{before}{number}{behind}**{}", plain(&table.caption));
    // A space between a mark and what it marks would undo it.
    let caption = caption.replace(" **", "** ");
    let grid = grid(table);
    match &table.note {
        Some(note) => format!("{caption}\n\n{grid}\n\n{}", plain(note)),
        None => format!("{caption}\n\n{grid}"),
    }
}

/// The table's lines, without its caption.
pub(crate) fn grid(table: &Table) -> String {
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let headings = table.columns.iter().map(|column| cell(&column.heading));
    let rules = table.columns.iter().map(|column| match column.align {
        Align::Left => "---".to_owned(),
        Align::Right => "---:".to_owned(),
    });
    let mut lines = vec![line(headings.collect()), line(rules.collect())];
    lines.extend((table.rows.iter()).map(|row| line(row.iter().map(|text| cell(text)).collect())));
    lines.join("\n")
}

fn cell(text: &str) -> String {
    if text.is_empty() {
        return MISSING.to_owned();
    }
    plain(text)
}

fn sources(document: &Document) -> String {
    let lines = document
        .sources
        .iter()
        .enumerate()
        .map(|(place, source)| format!("{}. {}", place + 1, plain(&source.sentence())));
    lines.collect::<Vec<_>>().join("\n")
}

/// Text that Markdown takes as it is: characters that would start an element are escaped, and
/// lines are joined.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' => {
                plain.push('\\');
                plain.push(character);
            }
            control if control.is_control() => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_in_a_text_becomes_markup() {
        assert_eq!(plain("a|b <i> *x*\n# no"), "a\\|b \\<i\\> \\*x\\* \\# no");
    }
}
