//! What a data set's images are like, as facts for the page and the documents.

use crate::{
    figures::{bytes, count, percent},
    language::{Language, fill},
};
use ielade_core::composition::{ClassCount, Composition, Spread};
use std::collections::BTreeMap;

/// Names and values; what is not known is left out.
pub(crate) fn facts(found: &Composition, language: Language) -> Vec<(&'static str, String)> {
    let words = language.image_words();
    let number = |value: u64| language.number(&count(value));
    let size = |value: u64| language.number(&bytes(value));
    let spread = |spread: Option<Spread>, text: &dyn Fn(u64) -> String| {
        spread.map(|one| spread_text(one, text, language))
    };
    let turned = (found.turned > 0).then(|| share(found.turned, found, language));
    [
        (words.width, spread(found.width, &number)),
        (words.height, spread(found.height, &number)),
        (words.bytes, spread(found.bytes, &size)),
        (words.formats, shares(&found.formats, found, language)),
        (
            words.colour_modes,
            shares(&found.colour_modes, found, language),
        ),
        (words.turned, turned),
        (words.of_a_class, classes(&found.classes, language)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// How much was looked at, in a sentence or two.
pub(crate) fn looked_at(found: &Composition, language: Language) -> String {
    let words = language.image_words();
    let number = |value: u64| language.number(&count(value));
    let template = if found.looked_at == found.images {
        words.looked_at_all
    } else {
        words.looked_at
    };
    let first = fill(
        template,
        &[
            ("looked_at", &number(found.looked_at)),
            ("images", &number(found.images)),
        ],
    );
    if found.unreadable == 0 {
        return first;
    }
    let unreadable = [("unreadable", number(found.unreadable))];
    let values = unreadable
        .each_ref()
        .map(|(name, text)| (*name, text.as_str()));
    format!("{first} {}", fill(words.unreadable, &values))
}

fn spread_text(spread: Spread, text: &dyn Fn(u64) -> String, language: Language) -> String {
    if spread.min == spread.max {
        return text(spread.min);
    }
    let range = format!("{}–{}", text(spread.min), text(spread.max));
    let median = text(spread.median.round() as u64);
    fill(
        language.image_words().spread,
        &[("range", &range), ("median", &median)],
    )
}

/// `jpeg 98.0 %, png 2.0 %`, the commonest first; one alone needs no share.
fn shares(
    counts: &BTreeMap<String, u64>,
    found: &Composition,
    language: Language,
) -> Option<String> {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    if let [(only, _)] = counts.as_slice() {
        return Some((*only).clone());
    }
    let texts: Vec<String> = counts
        .into_iter()
        .map(|(name, count)| format!("{name} {}", share(*count, found, language)))
        .collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// A share of the images that could be read.
pub(crate) fn share(part: u64, found: &Composition, language: Language) -> String {
    let whole = found.looked_at.saturating_sub(found.unreadable).max(1);
    language.number(&percent(part as f64 / whole as f64))
}

/// From the smallest class to the largest.
fn classes(classes: &[ClassCount], language: Language) -> Option<String> {
    let range = |of: fn(&ClassCount) -> u64| {
        let (min, max) = (classes.iter().map(of).min()?, classes.iter().map(of).max()?);
        let number = |value: u64| language.number(&count(value));
        Some(if min == max {
            number(min)
        } else {
            format!("{}–{}", number(min), number(max))
        })
    };
    let (train, test) = (range(|class| class.train)?, range(|class| class.test)?);
    Some(fill(
        language.image_words().train_and_test,
        &[("train", &train), ("test", &test)],
    ))
}

#[cfg(test)]
mod tests {
    use super::{facts, looked_at};
    use crate::language::Language;
    use ielade_core::composition::{ClassCount, Composition, Spread};

    fn composition() -> Composition {
        let spread = |min, max| {
            Some(Spread {
                min,
                median: 320.0,
                max,
            })
        };
        let class = |train| ClassCount { train, test: 137 };
        Composition {
            images: 50_000,
            looked_at: 2000,
            unreadable: 1,
            width: spread(110, 3456),
            height: spread(320, 320),
            formats: [("png".to_owned(), 500), ("jpeg".to_owned(), 1499)].into(),
            colour_modes: [("rgb".to_owned(), 1999)].into(),
            classes: vec![class(549), class(552)],
            ..Composition::default()
        }
    }

    #[test]
    fn what_is_known_is_told_and_what_is_not_is_left_out() {
        let facts = facts(&composition(), Language::English);
        assert_eq!(
            facts,
            [
                ("Width, pixels", "110–3,456, median 320".to_owned()),
                ("Height, pixels", "320".to_owned()),
                ("Formats", "jpeg 75.0 %, png 25.0 %".to_owned()),
                ("Colour modes", "rgb".to_owned()),
                (
                    "Images of a class",
                    "549–552 to train on, 137 to test on".to_owned()
                ),
            ]
        );
        assert!(super::facts(&Composition::default(), Language::English).is_empty());
    }

    #[test]
    fn how_much_was_looked_at_is_told_in_both_languages() {
        let found = composition();
        let english = looked_at(&found, Language::English);
        assert!(english.contains("2,000 of 50,000"), "{english}");
        assert!(
            english.ends_with("1 of them could not be read."),
            "{english}"
        );
        let latvian = looked_at(&found, Language::Latvian);
        assert!(latvian.contains("2\u{a0}000 no 50\u{a0}000"), "{latvian}");
    }
}
