//! Words that follow a number.

use super::Language;
use crate::figures::count;
use serde::Serialize;

/// A text for each form that a language has, with the number at `{n}`. They are named as Unicode
/// names them (CLDR, *Language Plural Rules*), as browsers do too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Plural {
    /// Latvian: 0, 10 to 20, 30, 40; other languages have no such form, and repeat `other`.
    pub(crate) zero: &'static str,
    /// 1; Latvian also 21, 31, 101.
    pub(crate) one: &'static str,
    /// All others.
    pub(crate) other: &'static str,
}

impl Plural {
    /// The text with the number.
    pub(crate) fn of(&self, language: Language, number: usize) -> String {
        let number_text = language.number(&count(number as u64));
        super::fill(self.form(language, number), &[("n", &number_text)])
    }

    const fn form(&self, language: Language, number: usize) -> &'static str {
        match language {
            Language::English if number == 1 => self.one,
            Language::English => self.other,
            Language::Latvian => self.latvian(number),
        }
    }

    const fn latvian(&self, number: usize) -> &'static str {
        match (number % 10, number % 100) {
            (_, 11..=19) | (0, _) => self.zero,
            (1, _) => self.one,
            _ => self.other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Plural;
    use crate::Language;

    const RUNS: Plural = Plural {
        zero: "{n} palaidumu",
        one: "{n} palaidums",
        other: "{n} palaidumi",
    };

    #[test]
    fn latvian_has_three_forms() {
        let told = [0, 1, 2, 10, 11, 21, 111, 1_022].map(|n| RUNS.of(Language::Latvian, n));
        assert_eq!(
            told,
            [
                "0 palaidumu",
                "1 palaidums",
                "2 palaidumi",
                "10 palaidumu",
                "11 palaidumu",
                "21 palaidums",
                "111 palaidumu",
                "1\u{a0}022 palaidumi"
            ]
        );
    }

    #[test]
    fn english_has_two() {
        let told = [0, 1, 21].map(|n| RUNS.of(Language::English, n));
        assert_eq!(told, ["0 palaidumi", "1 palaidums", "21 palaidumi"]);
    }
}
