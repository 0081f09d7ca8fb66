//! How it was measured and judged, in the document's own words.

use super::{Block, Inline};
use crate::language::{self, Language, fill};
use ielade_bench::analysis::{Analysis, Test};

/// The chapter on the method.
pub(super) fn section(analysis: &Analysis, language: Language) -> Vec<Block> {
    let words = language.words();
    let plan = &analysis.experiment.plan;
    let number = |value: f64| language.number(&value.to_string());
    let values: [(&str, &str); 6] = [
        ("blocks", &analysis.complete_blocks.to_string()),
        ("planned", &plan.blocks.to_string()),
        ("comparisons", &analysis.family.comparisons.to_string()),
        ("alpha", &number(analysis.family.alpha)),
        (
            "band",
            &number((analysis.family.band * 1000.0).round() / 10.0),
        ),
        ("test", test_name(analysis.family.test, language)),
    ];
    let mut blocks = vec![Block::heading(1, words.method)];
    blocks.extend(
        words
            .method_paragraphs
            .iter()
            .map(|template| Block::Paragraph(cited(&fill(template, &values)))),
    );
    if let Some(trap) = &analysis.family.trap {
        let told = language::nothing_to_find(language, trap);
        blocks.push(Block::text(format!("{told}.")));
    }
    blocks
}

const fn test_name(test: Test, language: Language) -> &'static str {
    let words = language.words();
    match test {
        Test::SignFlip => words.sign_flip,
        Test::PairedT => words.paired_t,
        Test::BlockModel => words.block_model,
        Test::Unpaired => words.unpaired,
    }
}

/// A text in which `[@key]` cites a source.
fn cited(text: &str) -> Vec<Inline> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[@") {
        let Some((key, behind)) = after.split_once(']') else {
            break;
        };
        pieces.push(Inline::Text(before.to_owned()));
        let source = super::bibliography::source(key);
        pieces.extend(source.map(|source| Inline::Cite(source.key)));
        rest = behind;
    }
    pieces.push(Inline::Text(rest.to_owned()));
    pieces
}

#[cfg(test)]
mod tests {
    use super::{cited, section};
    use crate::{document::Inline, language::Language};

    #[test]
    fn citations_are_taken_out_of_the_text() {
        assert_eq!(
            cited("By Holm [@holm]."),
            [
                Inline::Text("By Holm ".to_owned()),
                Inline::Cite("holm"),
                Inline::Text(".".to_owned())
            ]
        );
    }

    #[test]
    fn every_source_that_the_words_cite_is_known() {
        let _ = section;
        for language in Language::ALL {
            for text in language.words().method_paragraphs {
                let cites = cited(text);
                let found = cites.iter().filter(|one| matches!(one, Inline::Cite(_)));
                assert_eq!(found.count(), text.matches("[@").count(), "{text}");
            }
        }
    }
}
