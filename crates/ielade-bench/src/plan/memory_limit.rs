//! Memory that a worker may use: `512MiB`.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Units, the larger ones first.
const UNITS: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// The least that is accepted: below, no worker can even start.
const LEAST: u64 = 16 << 20;

/// Memory that a worker may use, in bytes; the page cache that it fills counts.
///
/// ```
/// use ielade_bench::plan::MemoryLimit;
/// let limit: MemoryLimit = "512MiB".parse().unwrap();
/// assert_eq!((limit.bytes(), limit.to_string()), (512 << 20, "512MiB".to_owned()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemoryLimit(u64);

/// Why a text is no memory limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemoryLimitError {
    /// It is not a number with a unit.
    #[error("{0:?} is not a size; write for example \"512MiB\" or \"2GiB\"")]
    Form(String),
    /// It is too small for any worker.
    #[error("{0} is too little for a worker to start; at least 16MiB")]
    TooLittle(String),
}

impl MemoryLimit {
    /// The limit in bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for MemoryLimit {
    type Err = MemoryLimitError;

    fn from_str(text: &str) -> Result<Self, MemoryLimitError> {
        let form = || MemoryLimitError::Form(text.to_owned());
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))
            .ok_or_else(form)?;
        let number: u64 = number.trim_end().parse().map_err(|_| form())?;
        let bytes = number.checked_mul(unit).ok_or_else(form)?;
        if bytes < LEAST {
            return Err(MemoryLimitError::TooLittle(text.to_owned()));
        }
        Ok(Self(bytes))
    }
}

impl std::fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = UNITS.iter().find(|(_, unit)| self.0.is_multiple_of(*unit));
        // A byte divides everything.
        let (name, unit) = whole.unwrap_or(&("B", 1));
        write!(f, "{}{name}", self.0 / unit)
    }
}

impl TryFrom<String> for MemoryLimit {
    type Error = MemoryLimitError;

    fn try_from(text: String) -> Result<Self, MemoryLimitError> {
        text.parse()
    }
}

impl From<MemoryLimit> for String {
    fn from(limit: MemoryLimit) -> Self {
        limit.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{LEAST, MemoryLimit};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_limit_is_read_as_it_is_written(bytes in LEAST..) {
            let limit = MemoryLimit(bytes);
            prop_assert_eq!(limit.to_string().parse(), Ok(limit));
        }
    }

    #[test]
    fn what_is_no_size_is_refused_with_an_example() {
        for text in [
            "",
            "512",
            "MiB",
            "-1MiB",
            "1.5GiB",
            "512 mb",
            "99999999999GiB",
        ] {
            let error = text.parse::<MemoryLimit>().unwrap_err().to_string();
            assert!(error.contains("for example \"512MiB\""), "{error}");
        }
        let error = "1MiB".parse::<MemoryLimit>().unwrap_err().to_string();
        assert!(error.contains("too little"), "{error}");
    }
}
