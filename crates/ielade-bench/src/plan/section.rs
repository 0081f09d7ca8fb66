//! Tables and values of a TOML file that remember their line, so that every message names it.

use super::PlanError;
use ielade_core::Shuffle;
use std::{fmt::Display, path::Path, str::FromStr};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The file that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// Where the text came from.
    pub(super) path: &'a Path,
    /// The text.
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// An error about the text at a byte offset.
    pub(super) fn error_at(&self, offset: usize, message: impl Into<String>) -> PlanError {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        PlanError::Text {
            path: self.path.to_owned(),
            line: before.split(|byte| *byte == b'\n').count(),
            message: message.into(),
        }
    }
}

/// A table whose keys are all known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section<'a> {
    source: Source<'a>,
    title: &'static str,
    table: &'a DeTable<'a>,
    offset: usize,
}

impl<'a> Section<'a> {
    /// The table `table` that starts at `offset`; `title` is its name in messages.
    pub(super) const fn new(
        source: Source<'a>,
        title: &'static str,
        table: &'a DeTable<'a>,
        offset: usize,
    ) -> Self {
        Self {
            source,
            title,
            table,
            offset,
        }
    }

    /// Refuses the first key, in the order of the file, that is not one of `known`.
    pub(super) fn only(self, known: &[&str]) -> Result<Self, PlanError> {
        let unknown = self
            .table
            .keys()
            .filter(|key| !known.contains(&key.get_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        unknown.map_or(Ok(self), |key| {
            let given = key.get_ref().as_ref();
            let message = format!(
                "unknown key `{given}` in {}; {}",
                self.title,
                hint(given, known)
            );
            Err(self.source.error_at(key.span().start, message))
        })
    }

    /// The value of a key, where there is one.
    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        let (_, value) = self.table.get_key_value(key)?;
        Some(Value {
            source: self.source,
            key,
            content: value,
        })
    }

    /// The value of a key that must be there.
    pub(super) fn require(&self, key: &'static str) -> Result<Value<'a>, PlanError> {
        self.get(key).ok_or_else(|| {
            self.source.error_at(
                self.offset,
                format!("key `{key}` is missing in {}", self.title),
            )
        })
    }

    /// Where the value of `key` starts, or the table where it is not given.
    pub(super) fn offset_of(&self, key: &str) -> usize {
        self.table
            .get(key)
            .map_or(self.offset, |value| value.span().start)
    }
}

/// A value with the key that it stands under.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a> {
    source: Source<'a>,
    key: &'static str,
    content: &'a Spanned<DeValue<'a>>,
}

impl<'a> Value<'a> {
    /// Where the value starts.
    pub(super) fn offset(&self) -> usize {
        self.content.span().start
    }

    /// An error about this value.
    pub(super) fn error(&self, message: impl Display) -> PlanError {
        self.source
            .error_at(self.offset(), format!("`{}`: {message}", self.key))
    }

    fn expected(&self, what: &str) -> PlanError {
        let given = self.content.get_ref().type_str();
        self.error(format!("expected {what}, found {given}"))
    }

    /// A string.
    pub(super) fn text(&self) -> Result<&'a str, PlanError> {
        self.content
            .get_ref()
            .as_str()
            .ok_or_else(|| self.expected("a string"))
    }

    /// A whole number that fits into `T`.
    pub(super) fn integer<T: TryFrom<i128>>(&self) -> Result<T, PlanError> {
        let integer = self
            .content
            .get_ref()
            .as_integer()
            .ok_or_else(|| self.expected("a whole number"))?;
        i128::from_str_radix(integer.as_str(), integer.radix())
            .ok()
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.error(format!("{integer} is out of range")))
    }

    /// A number, with or without a fraction.
    pub(super) fn number(&self) -> Result<f64, PlanError> {
        match self.content.get_ref() {
            DeValue::Float(float) => float
                .as_str()
                .parse()
                .map_err(|_| self.error(format!("{float} is not a number"))),
            DeValue::Integer(_) => self.integer::<i64>().map(|integer| integer as f64),
            _ => Err(self.expected("a number")),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self) -> Result<bool, PlanError> {
        self.content
            .get_ref()
            .as_bool()
            .ok_or_else(|| self.expected("true or false"))
    }

    /// A shuffle by its name, or `true` for global and `false` for none.
    pub(super) fn shuffle(&self) -> Result<Shuffle, PlanError> {
        match self.content.get_ref() {
            DeValue::Boolean(true) => Ok(Shuffle::Global),
            DeValue::Boolean(false) => Ok(Shuffle::None),
            DeValue::String(_) => self.parse(),
            _ => Err(self.expected("a shuffle (\"global\", \"none\" or \"chunks:16\")")),
        }
    }

    /// True for an array.
    pub(super) fn is_array(&self) -> bool {
        self.content.get_ref().is_array()
    }

    /// The elements of an array.
    pub(super) fn elements(&self) -> Result<Vec<Self>, PlanError> {
        let array = self
            .content
            .get_ref()
            .as_array()
            .ok_or_else(|| self.expected("an array"))?;
        Ok(array
            .iter()
            .map(|content| Self { content, ..*self })
            .collect())
    }

    /// Height and width.
    pub(super) fn size(&self) -> Result<(u32, u32), PlanError> {
        match self.elements()?.as_slice() {
            [height, width] => Ok((height.integer()?, width.integer()?)),
            _ => Err(self.error("expected [height, width]")),
        }
    }

    /// A table; `title` is its name in messages.
    pub(super) fn section(&self, title: &'static str) -> Result<Section<'a>, PlanError> {
        let table = self
            .content
            .get_ref()
            .as_table()
            .ok_or_else(|| self.expected("a table"))?;
        Ok(Section::new(self.source, title, table, self.offset()))
    }

    /// One of a few named values.
    pub(super) fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Result<T, PlanError> {
        let given = self.text()?;
        let found = known.iter().find(|(name, _)| *name == given);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.error(format!("unknown value {given:?}; {}", hint(given, &names)))
        })
    }

    /// A value that is written as a string of its own form.
    pub(super) fn parse<T>(&self) -> Result<T, PlanError>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text()?.parse().map_err(|error| self.error(error))
    }
}

/// The nearest right name, or all of them where none is near.
pub(super) fn hint(given: &str, known: &[&str]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, name)) if distance <= (name.chars().count() / 3).max(1) => {
            format!("did you mean `{name}`?")
        }
        _ => format!("known: {}", known.join(", ")),
    }
}
