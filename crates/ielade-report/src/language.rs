//! The languages of the reports that people read, and how each writes numbers.
//!
//! All words stand in one table, `Words`, of which each language fills every field: a word that a
//! language lacks does not compile. Layouts, consumers and messages of the program keep the names
//! that they have in plans and records.

mod answer;
mod chart_words;
mod english;
mod fact_words;
mod image_words;
mod latvian;
mod metrics;
mod page_words;
mod paragraph;
mod plural;
mod statistics;
mod warnings;
mod words;

pub(crate) use answer::{heading, sentence};
pub(crate) use chart_words::{ChartWords, FigureWords};
pub(crate) use fact_words::FactWords;
pub(crate) use metrics::{metric_meaning, metric_name};
pub(crate) use page_words::PageWords;
pub(crate) use paragraph::paragraph;
pub(crate) use statistics::{drift, p_equals, p_value};
pub(crate) use warnings::{disturbances, left_out_reason, nothing_to_find, warning};
pub(crate) use words::{Words, fill};

use crate::{
    answer::{Work, work_of},
    document::runs_text,
    figures::Scale,
};
use ielade_bench::analysis::{ConsumerGroup, Interval};

/// A language that a document can be written in.
///
/// ```
/// use ielade_report::language::Language;
/// let language: Language = "lv".parse().unwrap();
/// assert_eq!(language.number("1,234.5"), "1\u{a0}234,5");
/// assert!("xx".parse::<Language>().unwrap_err().to_string().contains("en, lv"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Latvian.
    Latvian,
}

/// There is no such language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no report in language {0:?}; there are en, lv")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::English, Self::Latvian];

    /// The code of ISO 639-1: `en`, `lv`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Latvian => "lv",
        }
    }

    /// The language and the country whose spelling is kept, as word processors name them.
    pub(crate) const fn locale(self) -> &'static str {
        match self {
            Self::English => "en-GB",
            Self::Latvian => "lv-LV",
        }
    }

    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::Latvian => &latvian::WORDS,
        }
    }

    /// A number that is written the English way (`1,234.5`), as this language writes it.
    pub fn number(self, english: &str) -> String {
        match self {
            Self::English => english.to_owned(),
            Self::Latvian => english
                .chars()
                .map(|character| match character {
                    ',' => '\u{a0}',
                    '.' => ',',
                    other => other,
                })
                .collect(),
        }
    }

    /// The symbol of a unit: all are international but that of images a second.
    pub(crate) fn unit(self, symbol: &'static str) -> &'static str {
        match symbol {
            "img/s" => self.words().images_a_second,
            other => other,
        }
    }

    /// The name of a consumer without what a heading says already: of `fixed 0.5 ms` the length, as
    /// this language writes it; all others as they are.
    pub(crate) fn step(self, consumer: &str) -> String {
        match consumer.strip_prefix("fixed ") {
            Some(length) => self.number(length),
            None => consumer.to_owned(),
        }
    }

    /// What a consumer is called where it stands alone: models keep the names of the plan.
    pub(crate) fn consumer(self, group: &ConsumerGroup) -> String {
        match (self, work_of(group)) {
            (Self::English, _) | (_, Work::Train) => group.consumer.clone(),
            (Self::Latvian, Work::Load) => "tikai ielādētājs".to_owned(),
            (Self::Latvian, Work::Feed) => format!("solis {}", self.step(&group.consumer)),
        }
    }

    /// How many runs a layout of a group has, and how many epochs each.
    pub(crate) fn runs_and_epochs(self, group: &ConsumerGroup) -> String {
        match self {
            Self::English => crate::metric_words::runs_and_epochs(group),
            Self::Latvian => runs_text(group, self),
        }
    }

    /// A value with its interval in a scale, without the unit: `12.3 (12.1–12.5)`.
    pub(crate) fn figure(self, scale: Scale, value: f64, interval: Option<Interval>) -> String {
        let figure = scale.figure(value, interval);
        let text = match figure.range {
            // Counted, not measured: all runs agree to the last digit.
            Some(_) if interval.is_some_and(|range| range.low >= range.high) => figure.value,
            Some(range) => format!("{} ({range})", figure.value),
            None => figure.value,
        };
        self.number(&text)
    }

    /// A value with its unit: `12.3 s`.
    pub(crate) fn quantity(self, scale: Scale, value: f64) -> String {
        let number = self.number(&scale.figure(value, None).value);
        match scale.symbol {
            "" => number,
            symbol => format!("{number}\u{a0}{}", self.unit(symbol)),
        }
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl std::str::FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|one| one.code() == code);
        found.ok_or_else(|| UnknownLanguage(code.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Language;
    use serde_json::Value;

    /// Every text of a table with the path to it.
    fn texts(path: &str, value: &Value, into: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => into.push((path.to_owned(), text.clone())),
            Value::Array(all) => {
                for (place, one) in all.iter().enumerate() {
                    texts(&format!("{path}.{place}"), one, into);
                }
            }
            Value::Object(all) => {
                for (name, one) in all {
                    texts(&format!("{path}.{name}"), one, into);
                }
            }
            _ => {}
        }
    }

    fn of_page(language: Language) -> Vec<(String, String)> {
        let words = language.words();
        let tables = serde_json::json!({
            "page": words.page,
            "facts": words.facts,
            "charts": words.charts,
            "figures": words.figures,
        });
        let mut found = Vec::new();
        texts("", &tables, &mut found);
        found
    }

    /// What is to be filled in, in any order.
    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<&str> = (text.split('{').skip(1))
            .filter_map(|rest| rest.split('}').next())
            .collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn the_page_has_the_same_places_to_fill_in_every_language() {
        let english = of_page(Language::English);
        let latvian = of_page(Language::Latvian);
        assert_eq!(english.len(), latvian.len());
        for ((path, english), (same, latvian)) in english.iter().zip(&latvian) {
            assert_eq!(path, same);
            // English says "one" in words.
            if path.rsplit('.').next() != Some("one") {
                assert_eq!(places(english), places(latvian), "{path}");
            }
        }
    }

    #[test]
    fn no_sentence_of_the_page_was_left_in_english() {
        let latvian = of_page(Language::Latvian);
        for ((path, english), (_, latvian)) in of_page(Language::English).iter().zip(&latvian) {
            let is_sentence = english
                .split(' ')
                .filter(|word| !word.contains('{'))
                .count()
                > 1;
            assert!(!is_sentence || english != latvian, "{path}: {english}");
        }
    }
}
