//! The bibliography for BibTeX.

use super::escape::escape;
use crate::document::{Document, Source};

/// The document's sources as a `.bib` file.
pub(crate) fn bibliography(document: &Document) -> String {
    let entries = document.sources.iter().map(|source| entry(source));
    entries.collect::<Vec<_>>().join("\n")
}

fn entry(source: &Source) -> String {
    let container = match source.kind {
        "article" => "journal",
        "techreport" => "institution",
        _ => "howpublished",
    };
    let mut fields = vec![
        ("author", author(source.author)),
        // Braces keep the capitals.
        ("title", format!("{{{}}}", escape(source.title))),
        ("year", source.year.to_owned()),
    ];
    if !source.container.is_empty() {
        fields.push((container, escape(source.container)));
    }
    if !source.url.is_empty() {
        fields.push(("note", format!("\\url{{{}}}", source.url)));
    }
    let fields: Vec<String> = (fields.iter())
        .map(|(name, value)| format!("  {name} = {{{value}}}"))
        .collect();
    format!(
        "@{}{{{},\n{}\n}}\n",
        source.kind,
        source.key,
        fields.join(",\n")
    )
}

/// Names pass with their braces, which keep an organisation's name in one piece.
fn author(names: &str) -> String {
    match names
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    {
        Some(name) => format!("{{{}}}", escape(name)),
        None => escape(names),
    }
}
