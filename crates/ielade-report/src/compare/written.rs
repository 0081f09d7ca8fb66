//! The comparison in words.

use super::{Comparison, Pair, PairVerdict};
use crate::{
    document::{Align, Block, Column, Document, Inline, Table},
    figures::{MISSING, Quantity, Scale},
    language::Language,
};
use ielade_bench::analysis::{ALPHA, Ratio};
use unicode_width::UnicodeWidthStr;

/// The comparison as a document, in English.
pub(super) fn document(comparison: &Comparison) -> Document {
    let [first, second] = &comparison.names;
    let mut blocks = vec![Block::text(answer(comparison))];
    if !comparison.obstacles.is_empty() {
        blocks.push(Block::Bullets(texts(&comparison.obstacles)));
    }
    if !comparison.pairs.is_empty() {
        blocks.push(Block::Table(pairs(comparison)));
    }
    if !comparison.left_out.is_empty() {
        blocks.push(Block::Table(left_out(comparison)));
    }
    if !comparison.differences.is_empty() {
        blocks.push(Block::Table(differences(comparison)));
    }
    if !comparison.cautions.is_empty() {
        blocks.push(Block::text("To be kept in mind:"));
        blocks.push(Block::Bullets(texts(&comparison.cautions)));
    }
    Document {
        language: Language::English,
        title: format!("{second} compared with {first}"),
        subtitle: "Total training times of the same configurations in two experiments.".to_owned(),
        blocks,
        sources: Vec::new(),
    }
}

fn texts(all: &[String]) -> Vec<Vec<Inline>> {
    all.iter()
        .map(|text| vec![Inline::Text(text.clone())])
        .collect()
}

/// What was found, in a sentence or two.
fn answer(comparison: &Comparison) -> String {
    let [first, second] = &comparison.names;
    if !comparison.obstacles.is_empty() {
        return format!("{second} and {first} cannot be compared:");
    }
    if comparison.pairs.is_empty() {
        return format!("{second} and {first} have no configuration that can be compared.");
    }
    let count = |verdict| {
        let pairs = comparison.pairs.iter();
        pairs.filter(|pair| pair.verdict == verdict).count()
    };
    format!(
        "Of {} configurations, {second} is faster than {first} in {}, slower in {}, and in {} they \
         are not told apart. The cause may be anything that differs between the two.",
        comparison.pairs.len(),
        count(PairVerdict::Faster),
        count(PairVerdict::Slower),
        count(PairVerdict::NotToldApart)
    )
}

fn pairs(comparison: &Comparison) -> Table {
    let [first, second] = &comparison.names;
    let means = (comparison.pairs.iter()).flat_map(|pair| pair.times.iter().map(|time| time.mean));
    let scale = Scale::fitting(Quantity::Time, means);
    let columns = vec![
        Column::left("Configuration"),
        Column::right(format!("{first}, {}", scale.symbol)),
        Column::right(format!("{second}, {}", scale.symbol)),
        Column::right("Ratio"),
        Column::right("Ratio of epochs"),
        Column::right("Cliff's delta"),
        Column::right("p (Holm)"),
        Column::left("Verdict"),
    ];
    Table {
        key: "pairs".to_owned(),
        caption: "Total training time of each configuration".to_owned(),
        columns,
        rows: (comparison.pairs.iter())
            .map(|pair| row(pair, scale))
            .collect(),
        note: Some(format!(
            "Means with 95 % intervals. The ratio is {second} divided by {first}. A difference is told \
             where p, corrected for all rows, is at most {ALPHA} and the interval leaves out 1."
        )),
    }
}

fn row(pair: &Pair, scale: Scale) -> Vec<String> {
    let language = Language::English;
    let time = |place: usize| {
        let time = pair.times.get(place);
        time.map_or_else(String::new, |time| {
            language.figure(scale, time.mean, time.interval)
        })
    };
    vec![
        pair.name.clone(),
        time(0),
        time(1),
        ratio(Some(pair.ratio)),
        ratio(pair.epoch_ratio),
        pair.cliffs_delta.map_or_else(
            || MISSING.to_owned(),
            |found| crate::figures::fixed(found.delta, 2),
        ),
        p_value(pair.adjusted_p),
        verdict(pair.verdict).to_owned(),
    ]
}

fn ratio(ratio: Option<Ratio>) -> String {
    let scale = Scale::fitting(Quantity::Ratio, [1.0]);
    ratio.map_or_else(
        || MISSING.to_owned(),
        |found| Language::English.figure(scale, found.ratio, found.interval),
    )
}

fn p_value(p: f64) -> String {
    if p < 0.0001 {
        "< 0.0001".to_owned()
    } else {
        format!("{p:.4}")
    }
}

const fn verdict(verdict: PairVerdict) -> &'static str {
    match verdict {
        PairVerdict::Faster => "faster",
        PairVerdict::Slower => "slower",
        PairVerdict::NotToldApart => "not told apart",
    }
}

fn left_out(comparison: &Comparison) -> Table {
    let rows = comparison.left_out.iter();
    Table {
        key: "left-out".to_owned(),
        caption: "What cannot be compared".to_owned(),
        columns: vec![Column::left("Configuration"), Column::left("Reason")],
        rows: rows
            .map(|(name, reason)| vec![name.clone(), reason.clone()])
            .collect(),
        note: None,
    }
}

fn differences(comparison: &Comparison) -> Table {
    let [first, second] = &comparison.names;
    let rows = comparison.differences.iter();
    Table {
        key: "differences".to_owned(),
        caption: "What differs between the two".to_owned(),
        columns: vec![
            Column::left("What"),
            Column::left(first.clone()),
            Column::left(second.clone()),
        ],
        rows: rows
            .map(|one| {
                let [a, b] = one.values.clone();
                vec![one.what.to_owned(), a, b]
            })
            .collect(),
        note: None,
    }
}

/// The comparison for a terminal: paragraphs and tables, without markup.
pub(super) fn text(comparison: &Comparison) -> String {
    let document = document(comparison);
    let mut parts = vec![document.title.clone()];
    for block in &document.blocks {
        match block {
            Block::Heading { text, .. } => parts.push(clean(text)),
            Block::Paragraph(pieces) => parts.push(plain(pieces)),
            Block::Bullets(points) => {
                let points = points.iter().map(|point| format!("- {}", plain(point)));
                parts.push(points.collect::<Vec<_>>().join("\n"));
            }
            Block::Table(table) => parts.push(aligned(table)),
            Block::Figure(_) => {}
        }
    }
    parts.join("\n\n") + "\n"
}

fn plain(pieces: &[Inline]) -> String {
    let texts = pieces.iter().map(|piece| match piece {
        Inline::Text(text) | Inline::Strong(text) => clean(text),
        Inline::TableNumber(_) | Inline::FigureNumber(_) | Inline::Cite(_) => String::new(),
    });
    texts.collect()
}

/// Text from records without anything that steers a terminal.
fn clean(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().map(shown).collect()
}

/// A table with its columns below each other.
fn aligned(table: &Table) -> String {
    let headings = table.columns.iter().map(|column| clean(&column.heading));
    let mut rows = vec![headings.collect::<Vec<_>>()];
    let cells = table.rows.iter();
    rows.extend(cells.map(|row| row.iter().map(|cell| clean(cell)).collect()));
    let widths: Vec<usize> = (0..table.columns.len())
        .map(|place| {
            let cells = rows.iter().filter_map(|row| row.get(place));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut lines = vec![table.caption.clone()];
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).zip(&table.columns);
        let cells = cells.map(|((cell, width), column)| {
            let space = " ".repeat(width.saturating_sub(cell.width()));
            match column.align {
                Align::Left => format!("{cell}{space}"),
                Align::Right => format!("{space}{cell}"),
            }
        });
        let line = cells.collect::<Vec<_>>().join("  ");
        lines.push(line.trim_end().to_owned());
        if number == 0 {
            lines.push("─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len().max(1) - 1)));
        }
    }
    if let Some(note) = &table.note {
        lines.push(clean(note));
    }
    lines.join("\n")
}
