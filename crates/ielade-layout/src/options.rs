//! The options of containers: how a container is written where it can be written in several ways.

use crate::LayoutError;
use ielade_core::LayoutOptions;

/// One option of a container.
#[derive(Debug, Clone, Copy)]
pub struct OptionRule {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a few words.
    pub description: &'static str,
    /// What it may be set to.
    pub values: OptionValues,
}

/// What an option may be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionValues {
    /// Nothing: it is given or not.
    None,
    /// A whole number.
    Number {
        /// The least.
        from: u32,
        /// The greatest.
        to: u32,
    },
    /// One of these words.
    Words(&'static [&'static str]),
}

impl OptionValues {
    fn allow(self, value: Option<&str>) -> bool {
        match (self, value) {
            (Self::None, None) => true,
            (Self::Number { from, to }, Some(value)) => value.parse().is_ok_and(|number: u32| {
                (from..=to).contains(&number) && value == number.to_string()
            }),
            (Self::Words(words), Some(value)) => words.contains(&value),
            _ => false,
        }
    }
}

impl std::fmt::Display for OptionRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.values {
            OptionValues::None => f.write_str(self.name),
            OptionValues::Number { from, to } => write!(f, "{}={from}..{to}", self.name),
            OptionValues::Words(words) => write!(f, "{}={}", self.name, words.join("|")),
        }
    }
}

/// Fails for the first option that `rules` do not allow; `what` has them.
pub(crate) fn check(
    what: &str,
    options: &LayoutOptions,
    rules: &[OptionRule],
) -> Result<(), LayoutError> {
    let fault = |reason: String| LayoutError::Option {
        what: what.to_owned(),
        reason,
    };
    for (name, value) in options.iter() {
        let Some(rule) = rules.iter().find(|rule| rule.name == name) else {
            let known: Vec<String> = rules.iter().map(ToString::to_string).collect();
            return Err(fault(if known.is_empty() {
                format!("it has no options, so no {name:?}")
            } else {
                format!("there is no option {name:?}; known: {}", known.join(", "))
            }));
        };
        if !rule.values.allow(value) {
            return Err(fault(format!(
                "option {name:?} is given as {:?} but is to be {rule}",
                value.unwrap_or_default()
            )));
        }
    }
    Ok(())
}

/// The value of a number that [`check`] has allowed.
pub(crate) fn number(options: &LayoutOptions, name: &str) -> Option<u32> {
    options.value(name)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{OptionRule, OptionValues, check, number};

    const RULES: &[OptionRule] = &[
        OptionRule {
            name: "chunk",
            description: "images a chunk",
            values: OptionValues::Number { from: 1, to: 9 },
        },
        OptionRule {
            name: "deflate",
            description: "compressed",
            values: OptionValues::None,
        },
        OptionRule {
            name: "order",
            description: "axes",
            values: OptionValues::Words(&["nchw", "nhwc"]),
        },
    ];

    #[test]
    fn only_known_options_with_allowed_values_pass() {
        for text in ["chunk=9", "chunk=1,deflate", "order=nchw"] {
            check("h", &text.parse().unwrap(), RULES).unwrap();
        }
        assert_eq!(number(&"chunk=7".parse().unwrap(), "chunk"), Some(7));
        for (text, expected) in [
            ("chunk=10", "chunk=1..9"),
            ("chunk=01", "chunk=1..9"),
            ("chunk", "chunk=1..9"),
            ("deflate=3", "is to be deflate"),
            ("order=chw", "order=nchw|nhwc"),
            ("chunks=2", "known: chunk=1..9, deflate, order=nchw|nhwc"),
        ] {
            let error = check("h", &text.parse().unwrap(), RULES).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let error = check("npy", &"a".parse().unwrap(), &[]).unwrap_err();
        assert!(error.to_string().contains("no options"), "{error}");
    }
}
