//! What the document of an experiment holds.

use super::{Block, Document, Inline, bibliography, figures, method, results, setting};
use crate::{
    answer::Answer,
    language::{self, Language, fill},
};
use ielade_bench::{analysis::Analysis, record::Record};

/// The whole document of an experiment.
pub(crate) fn document(analysis: &Analysis, records: &[Record], language: Language) -> Document {
    let words = language.words();
    let experiment = &analysis.experiment;
    let title = fill(words.title, &[("data_set", &experiment.data_set.name)]);
    let subtitle = fill(
        words.subtitle,
        &[
            ("experiment", &experiment.plan.name),
            ("date", date(&experiment.created)),
            ("program", &experiment.program),
        ],
    );
    let mut blocks = answer(analysis, language);
    blocks.extend(results::section(analysis, language));
    blocks.extend(figures::section(analysis, records, language));
    blocks.extend(method::section(analysis, language));
    blocks.extend(setting::section(analysis, language));
    blocks.extend(warnings(analysis, language));
    let sources = sources(analysis, &blocks);
    Document {
        language,
        title,
        subtitle,
        blocks,
        sources,
    }
}

/// The day of a time in RFC 3339.
fn date(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

/// The answers, the one that matters most first.
fn answer(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let mut blocks = vec![Block::heading(1, words.answer)];
    let Some(headline) = Answer::headline(analysis) else {
        blocks.push(Block::text(words.no_configurations));
        return blocks;
    };
    let strong = language::heading(language, &headline);
    let sentence = language::sentence(language, &headline);
    blocks.push(Block::Paragraph(vec![
        Inline::Strong(format!("{strong}. ")),
        Inline::Text(sentence),
    ]));
    let others: Vec<Vec<Inline>> = (analysis.groups.iter())
        .map(|group| Answer::of_group(group, &analysis.baseline))
        .filter(|one| one.consumer != headline.consumer || one.verdict != headline.verdict)
        .map(|one| vec![Inline::Text(language::sentence(language, &one))])
        .collect();
    if !others.is_empty() {
        blocks.push(Block::text(words.other_consumers));
        blocks.push(Block::Bullets(others));
    }
    if let Some(place) = crate::answer::headline_place(analysis) {
        blocks.push(Block::Paragraph(results::where_to_look(place, language)));
    }
    blocks
}

/// What a reader must know, and the runs that do not count.
fn warnings(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let mut blocks = vec![Block::heading(1, words.warnings)];
    if analysis.warnings.is_empty() {
        blocks.push(Block::text(words.no_warnings));
    } else {
        let all = analysis.warnings.iter();
        blocks.push(Block::Bullets(
            all.map(|one| vec![Inline::Text(language::warning(language, one))])
                .collect(),
        ));
    }
    blocks.extend(results::runs_that_do_not_count(analysis, language));
    blocks
}

/// The sources in the order in which the text cites them, then those of all formats.
fn sources(analysis: &Analysis, blocks: &[Block]) -> Vec<&'static bibliography::Source> {
    let cited = blocks.iter().flat_map(|block| match block {
        Block::Paragraph(pieces) => pieces.iter().collect::<Vec<_>>(),
        Block::Bullets(points) => points.iter().flatten().collect(),
        Block::Heading { .. } | Block::Table(_) | Block::Figure(_) => Vec::new(),
    });
    let mut keys: Vec<&'static str> = cited
        .filter_map(|piece| match piece {
            Inline::Cite(key) => Some(*key),
            _ => None,
        })
        .collect();
    keys.extend(bibliography::of_layouts(analysis));
    let mut sources: Vec<&'static bibliography::Source> = Vec::new();
    for source in keys.into_iter().filter_map(bibliography::source) {
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    sources
}
